"""What lies in MLflow's file store is here afterwards, compared by walking its folders."""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING

import pytest

from lineal.records.models import VersionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.importers.stores import Store, lost

    from lineal.records.imports import Imported
    from lineal.registry import Registry

    Brought = tuple[Registry, Imported, Store]
else:
    from stores import lost


def _runs(store: Store) -> list[Path]:
    return [path.parent for path in store.path.glob("*/*/meta.yaml") if re.fullmatch("[0-9a-f]{32}", path.parent.name)]


def _field(path: Path, name: str) -> str:
    (found,) = re.findall(rf"^{name}: '?(.*?)'?$", path.read_text(), re.MULTILINE)
    return str(found)


def test_every_run_is_here_with_params_tags_and_times(brought2: Brought) -> None:
    registry, _, store = brought2
    runs = _runs(store)
    assert registry.run_count() == len(runs) == 22
    for folder in runs:
        detail = registry.run_detail(folder.name)
        assert {name: str(value) for name, value in detail.params.items()} == {
            path.name: path.read_text() for path in (folder / "params").glob("*")
        }
        tags = {path.name: path.read_text() for path in (folder / "tags").glob("*")}
        assert detail.tags | tags == detail.tags
        assert detail.parent == tags.get("mlflow.parentRunId")
        assert detail.run.started_at == int(_field(folder / "meta.yaml", "start_time")) * 1_000
        assert detail.run.experiment == _field(folder.parent / "meta.yaml", "name")


def test_every_point_of_every_metric_is_here(brought2: Brought) -> None:
    registry, _, store = brought2
    there, here = [], []
    for folder in _runs(store):
        for path in (folder / "metrics").glob("*"):
            for line in path.read_text().splitlines():
                at, value, step = line.split()
                there.append((folder.name, path.name, int(step), int(at) * 1_000, repr(float(value))))
        for series in registry.run_detail(folder.name).metrics:
            here += [
                (folder.name, series.name, point.step, point.at, repr(point.value))
                for point in registry.points(folder.name, series.name)
            ]
    assert sorted(here) == sorted(there)
    assert {"nan", "inf"} <= {value for *_, value in there}
    assert len(there) == 593


def test_versions_files_and_aliases_are_here(brought2: Brought) -> None:
    registry, made, store = brought2
    for path in store.path.glob("models/*/version-*/meta.yaml"):
        number = int(path.parent.name.removeprefix("version-"))
        detail = registry.detail(f"{path.parent.parent.name}:#{number}")
        assert detail.version.notes == _field(path, "description")
        assert detail.version.run == _field(path, "run_id")
        is_deleted = _field(path, "current_stage") == "Deleted_Internal"
        assert (detail.version.status is VersionStatus.RETIRED) is is_deleted
        folder = store.folder / "artifacts" / _field(path, "run_id") / "artifacts" / "model"
        assert detail.artifact is not None
        assert [(file.path, file.digest) for file in detail.artifact.files] == [
            (each.name, "sha256:" + hashlib.sha256(each.read_bytes()).hexdigest()) for each in sorted(folder.iterdir())
        ]
    for path in store.path.glob("models/*/aliases/*"):
        assert registry.live(f"{path.parent.parent.name}@{path.name}").version.label == path.read_text()
    assert {count.kind: count.found for count in made.counts}["version"] == 14  # 7 registered, 7 only logged


def test_data_is_used_by_the_runs_that_read_it(brought2: Brought) -> None:
    registry, _, store = brought2
    used = {folder.name for folder in _runs(store) if (folder / "inputs").is_dir()}
    assert {each.run.id for each in registry.run_details(registry.runs()) if each.inputs} == used
    assert [data.versions for data in registry.datasets()] == [1, 1, 1]


def test_a_store_in_which_something_is_missing_or_torn_gives_the_rest(registry: Registry, mlflow2: Store) -> None:
    first, second, third, *_ = sorted(_runs(mlflow2), key=lambda path: path.name)
    (first / "meta.yaml").write_text("run_id: [unclosed")
    (second / "metrics" / "torn").write_text("1795424132000 0.5 0\n1795424132001 0.2")
    with (second / "metrics" / "torn").open("ab") as file:
        file.write(b"5 1\nnonsense\n\xff\xfe\n1795424132002 nan\n")
    (third / "params" / "broken").write_bytes(b"\xff\xfe")
    made = registry.import_mlflow(mlflow2.path)
    assert registry.run_count() == 21
    values = [point.value for point in registry.points(second.name, "torn")]
    assert (values[0], math.isnan(values[1]), values[2]) == (0.5, True, 0.25)
    told = " ".join(lost(made))
    assert first.name in told
    assert "2 lines" in told
    assert "broken" in told


def test_a_metric_with_slashes_in_its_name_lies_in_folders(registry: Registry, mlflow2: Store) -> None:
    run = min(_runs(mlflow2))
    (run / "metrics" / "val" / "top").mkdir(parents=True)
    (run / "metrics" / "val" / "top" / "5").write_text("1795424132000 0.5 0\n1795424132000 0.5 0\n")
    registry.import_mlflow(mlflow2.path)
    assert [point.value for point in registry.points(run.name, "val/top/5")] == [0.5, 0.5]
    registry.import_mlflow(mlflow2.path)
    assert len(registry.points(run.name, "val/top/5")) == 2


@pytest.mark.parametrize(
    "content", ["!!python/object/apply:os.system ['touch /tmp/never']", "&a [*a, *a]", "- 1\n- 2", ""]
)
def test_yaml_that_would_do_something_is_only_text_that_does_not_fit(
    registry: Registry, mlflow2: Store, content: str
) -> None:
    run = min(_runs(mlflow2))
    (run / "meta.yaml").write_text(content)
    made = registry.import_mlflow(mlflow2.path)
    assert registry.run_count() == 21
    assert any(run.name in text for text in lost(made))


def test_links_are_not_followed_out_of_the_store(registry: Registry, mlflow2: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of somebody")
    run = min(_runs(mlflow2))
    (run / "params" / "stolen").symlink_to(secret)
    model = next(mlflow2.folder.glob("artifacts/*/artifacts/model"))
    (model / "stolen").symlink_to(secret)
    made = registry.import_mlflow(mlflow2.path)
    assert "stolen" not in registry.run_detail(run.name).params
    assert any("leads out of its folder" in text for text in lost(made))
    assert not registry.context.objects.path(
        "sha256:" + hashlib.sha256(secret.read_bytes()).hexdigest()  # type: ignore[arg-type]
    ).exists()
