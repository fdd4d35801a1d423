"""Registering versions: labels, parents, files, what a run hands over, and that what fails leaves nothing."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import pytest

from lineal.errors import (
    AlreadyExists,
    BadFormat,
    BadName,
    BadValue,
    Conflict,
    ExitCode,
    LinealError,
    NoSource,
    NotFound,
    NotReadable,
    Refused,
    SourceChanged,
)
from lineal.records.models import Relation
from lineal.versioning import artifacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Calendar, Weights

    from lineal.records.base import Scalar
    from lineal.registry import Registry


def _everything(registry: Registry) -> tuple[object, ...]:
    """What a registration that fails must leave as it was."""
    with registry._context.read() as connection:
        tables = ("models", "versions", "version_parents", "artifacts", "objects", "stages", "names", "events", "tags")
        counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608
    files = sorted(str(path) for path in (registry.root / "objects").rglob("*") if path.is_file())
    return counts, [path for path in files if "/." not in path]


def _labels(registry: Registry, model: str = "m") -> list[str]:
    return [version.label for version in reversed(registry.versions(model))]


def test_a_version_keeps_what_it_was_registered_with(registry: Registry, weights: Weights) -> None:
    version = registry.register(
        "m",
        weights(1.0),
        label="2.0.0",
        params={"lr": 0.1, "layers": 3, "none": None},
        metrics={"auc": 0.9, "nan": math.nan},
        owner="ada",
        purpose="weekly",
        notes="größer\n🙂",
        tags={"team": "risk"},
        signature={"inputs": ["age"], "outputs": ["p"]},
    )
    detail = registry.detail(version.ref)
    assert detail.version == registry.version("m:2.0.0") == registry.version("m:#1") == version
    assert (version.seq, version.owner, version.purpose, version.notes) == (1, "ada", "weekly", "größer\n🙂")
    assert detail.params == {"lr": 0.1, "layers": 3, "none": None}
    assert detail.metrics["auc"].value == 0.9
    assert math.isnan(detail.metrics["nan"].value)
    assert detail.tags == {"team": "risk"}
    assert detail.signature == {"inputs": ["age"], "outputs": ["p"]}
    assert registry.model("m").primary_metric == "auc"
    assert version.primary == 0.9
    assert registry.model("m").stages == (("staging", None), ("production", None))


@pytest.mark.parametrize(
    ("changed", "label", "reason"),
    [
        ({"signature": {"in": "b"}}, "2.0.0", "major: other inputs or outputs than 1.0.0"),
        ({"width": 3}, "1.1.0", "minor: other architecture than 1.0.0"),
        ({"data": "b"}, "1.1.0", "minor: other training data than 1.0.0"),
        ({}, "1.0.1", "patch: same signature, architecture and training data as 1.0.0"),
        ({"bump": "major"}, "2.0.0", "major: asked for"),
        ({"label": "7.0.0"}, "7.0.0", "asked for"),
        ({"test": "b"}, "1.0.1", "patch: same signature, architecture and training data as 1.0.0"),
    ],
)
def test_the_label_is_worked_out_from_the_parent_and_says_why(
    changed: dict[str, object], label: str, reason: str, registry: Registry, weights: Weights, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"{name}\n1\n")
        registry.add_dataset("d", tmp_path / f"{name}.csv", label=name)

    def register(fields: dict[str, object], parent: str | None) -> str:
        asked: dict[str, str] = {name: str(fields[name]) for name in ("bump", "label") if name in fields}
        return registry.register(
            "m",
            weights(0.0, width=int(str(fields.get("width", 2)))),
            parent=parent,
            signature={"in": "b" if "signature" in fields else "a"},
            datasets=[f"data:d:{fields.get('data', 'a')}", f"data:d:{fields.get('test', 'a')}=test"],
            label=asked.get("label"),
            bump=asked.get("bump"),
        ).ref

    first = register({}, None)
    assert registry.detail(first).label_reason == "first version"
    found = registry.detail(register(changed, first))
    assert (found.version.label, found.label_reason) == (label, reason)


def test_labels_follow_the_models_scheme(registry: Registry, calendar: Calendar) -> None:
    run = registry.start_run("churn", name="brisk-fox-7")
    calendar.at = 1_767_225_600_000_000 + 3_599_000_000
    run.finish()
    for scheme, expected in {
        "sequence": ["1", "2"],
        "timestamp": ["20260101T010000Z", "20260101T010000Z-2"],
        "experiment": ["churn-brisk-fox-7", "churn-brisk-fox-7-2"],
        "semver": ["1.0.0", "1.0.1"],
    }.items():
        for _ in expected:
            registry.register(scheme, scheme=scheme, run=run)
        assert _labels(registry, scheme) == expected
        assert registry.model(scheme).scheme == scheme
    with pytest.raises(BadValue, match="chosen by hand"):
        registry.register("manual", scheme="manual")
    assert registry.register("manual", scheme="manual", label="anything").label == "anything"
    with pytest.raises(BadValue, match="no run is given"):
        registry.register("experiment")
    with pytest.raises(Conflict, match="sequence already"):
        registry.register("sequence", scheme="semver")
    with pytest.raises(BadValue, match="known are"):
        registry.register("new", scheme="roman")
    assert [model.name for model in registry.models()] == ["experiment", "manual", "semver", "sequence", "timestamp"]


@pytest.mark.parametrize("label", ["1.0.0", "é1", "e\u03011"])
def test_a_label_that_exists_is_told_and_nothing_is_written(label: str, registry: Registry, weights: Weights) -> None:
    scheme = "semver" if label == "1.0.0" else "manual"
    registry.register("m", weights(), scheme=scheme, label="1.0.0" if scheme == "semver" else "é1")
    before = _everything(registry)
    with pytest.raises(AlreadyExists) as caught:
        registry.register("m", weights(5.0), label=label, tags={"new name": "x"})
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert _everything(registry) == before


HOSTILE = (
    "",
    " ",
    "a\x1b[2Jb",
    "a\nb",
    "a\0b",
    "../../etc",
    "a/b",
    "..",
    "a:b",
    "a@b",
    "x" * 10_000,
    "\ud800",
    "\u202eevil",
    "data",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_of_a_model_is_refused(name: str, registry: Registry, weights: Weights) -> None:
    before = _everything(registry)
    with pytest.raises(BadName) as caught:
        registry.register(name, weights())
    assert caught.value.exit_code is ExitCode.USAGE
    assert len(str(caught.value)) < 400
    assert _everything(registry) == before


@pytest.mark.parametrize("label", [*HOSTILE[:-1], "a b", "~1", "v1"])
def test_a_hostile_label_is_refused(label: str, registry: Registry, weights: Weights) -> None:
    registry.register("m", weights())
    before = _everything(registry)
    for model in ("m", "new"):
        with pytest.raises(BadName) as caught:
            registry.register(model, weights(1.0), label=label)
        assert caught.value.exit_code is ExitCode.USAGE
    assert _everything(registry) == before


@pytest.mark.parametrize("name", ["模型", "новая модель", "[bold red]m", "🙂", "a.b-c_d+e"])
def test_names_of_other_scripts_and_markup_are_only_names(name: str, registry: Registry, weights: Weights) -> None:
    version = registry.register(name, weights(), notes=name, tags={name: name}, params={name: name})
    assert registry.version(f'"{name}":1.0.0') == version
    assert registry.model(name).name == name
    assert registry.detail(version).tags == {name: name}
    registry.promote(version.ref, "production")
    assert registry.live(f"{name}@production").version.ref == version.ref


def test_parents_may_be_of_other_models_and_have_relations(registry: Registry) -> None:
    registry.register("teacher")
    registry.register("m")
    version = registry.register("m", parents=["m:1.0.0", "teacher:#1=distill"])
    assert [(parent.ref, parent.relation) for parent in version.parents] == [
        ("m:1.0.0", Relation.RETRAIN),
        ("teacher:1.0.0", Relation.DISTILL),
    ]
    registry.promote("m:1.0.1", "production")
    assert registry.register("m", parent="m@production=finetune").parents[0].ref == "m:1.0.1"


@pytest.mark.parametrize(
    ("parent", "error"),
    [
        ("m:9.9.9", NotFound),
        ("m:1.0.1", NotFound),  # the version itself, which is not there yet: no cycle can be
        ("nobody:1.0.0", NotFound),
        ("m@production", LinealError),
        ("m", LinealError),
        ("m:1.0.0=cousin", BadValue),
    ],
)
def test_a_parent_that_cannot_be_is_told_and_nothing_is_written(
    parent: str, error: type[LinealError], registry: Registry, weights: Weights
) -> None:
    registry.register("m")
    before = _everything(registry)
    with pytest.raises(error):
        registry.register("m", weights(), parent=parent)
    with pytest.raises(error):
        registry.register("new", weights(), parent=parent)
    assert _everything(registry) == before
    with pytest.raises(BadValue, match="twice"):
        registry.register("m", parents=["m:1.0.0", "m:#1=prune"])


def test_files_folders_and_several_paths_become_one_artifact(
    registry: Registry, weights: Weights, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "config.json").write_text("{}")
    (folder / "a.txt").write_text("a")
    one = registry.detail(registry.register("m", weights())).artifact
    whole = registry.detail(registry.register("m", folder)).artifact
    several = registry.detail(registry.register("m", folder, weights())).artifact
    assert one is not None
    assert whole is not None
    assert several is not None
    assert [file.path for file in one.files] == ["model.safetensors"]
    assert [file.path for file in whole.files] == ["a.txt", "sub/config.json"]
    assert [file.path for file in several.files] == ["bundle/a.txt", "bundle/sub/config.json", "model.safetensors"]
    assert several.size == sum(file.size for file in several.files)
    assert len({one.digest, whole.digest, several.digest}) == 3
    for file in several.files:
        assert registry.identify(file.digest)
    assert registry.identify(folder)[0].ref == "m:1.1.0"
    with pytest.raises(BadValue, match="this path"):
        registry.register("m", folder, folder)


def test_the_same_files_are_the_same_artifact(registry: Registry, weights: Weights) -> None:
    first = registry.register("m", weights())
    second = registry.register("m", weights())
    assert first.digest == second.digest
    assert first.uid != second.uid
    assert [each.ref for each in registry.identify(str(first.digest))] == [first.ref, second.ref]


def test_tensors_are_read_with_a_digest_each(registry: Registry, weights: Weights) -> None:
    first = registry.detail(registry.register("m", weights(1.0))).architecture
    second = registry.detail(registry.register("m", weights(2.0))).architecture
    third = registry.detail(registry.register("m", weights(1.0, width=3))).architecture
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.parameters, first.tensors[0].shape, first.tensors[0].dtype) == (2, (2,), "F32")
    assert first.digest == second.digest != third.digest
    assert first.tensors[0].digest is not None
    assert first.tensors[0].digest != second.tensors[0].digest


def test_moving_takes_the_files_away_once_they_are_registered(registry: Registry, weights: Weights) -> None:
    path = weights()
    with pytest.raises(BadName):
        registry.register("m", path, label="no semver", move=True)
    assert path.exists()
    version = registry.register("m", path, move=True)
    assert not path.exists()
    assert registry.detail(version).artifact is not None


def test_files_that_cannot_be_taken_leave_nothing(
    registry: Registry, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 100)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "odd\nname").write_text("x")
    before = _everything(registry)
    expected: list[tuple[str, type[LinealError], ExitCode]] = [
        ("missing", NoSource, ExitCode.NOT_FOUND),
        ("dangling", NoSource, ExitCode.NOT_FOUND),
        ("x" * 10_000, LinealError, ExitCode.MACHINE),
        ("with\0zero", BadName, ExitCode.USAGE),
        ("empty", BadValue, ExitCode.USAGE),
        ("broken.safetensors", BadFormat, ExitCode.DAMAGED),
        ("pipe", NotReadable, ExitCode.MACHINE),
        ("odd\nname", BadName, ExitCode.USAGE),
    ]
    for name, error, code in expected:
        with pytest.raises(error) as caught:
            registry.register("m", tmp_path / name)
        assert caught.value.exit_code is code, name
    with pytest.raises(Refused, match="registry"):
        registry.register("m", registry.root / "registry.db")
    with pytest.raises(Refused, match="registry"):
        registry.identify(registry.root / "registry.db")
    copy = os.copy_file_range

    def copy_and_change(reader: int, writer: int, count: int) -> int:
        copied = copy(reader, writer, count)
        os.utime(weights(2.0))
        return copied

    monkeypatch.setattr(os, "copy_file_range", copy_and_change)
    with pytest.raises(SourceChanged):
        registry.register("m", weights())
    assert _everything(registry) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"params": {"p": [object()]}},
        {"params": {"p": 1 << 20_000}},
        {"metrics": {"auc": "high"}},
        {"metrics": {"auc": None}},
        {"metrics": {"": 1}},
        {"tags": {"t": 3}},
        {"owner": "x" * 100_001},
        {"purpose": "\ud800"},
        {"notes": "a\0"},
        {"datasets": ["data:nothing"]},
        {"datasets": ["m:1.0.0"]},
        {"run": "run:ffff"},
        {"measured_on": "data:nothing", "metrics": {"auc": 1}},
        {"bump": "huge"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_field_that_cannot_be_kept_leaves_nothing(
    fields: dict[str, dict[str, Scalar]], registry: Registry, weights: Weights
) -> None:
    before = _everything(registry)
    register: Callable[..., object] = registry.register
    with pytest.raises(LinealError) as caught:
        register("m", weights(), **fields)
    assert caught.value.exit_code in {ExitCode.USAGE, ExitCode.NOT_FOUND}
    assert _everything(registry) == before


def test_a_version_takes_over_what_its_run_knows(registry: Registry, weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a\n1\n")
    with registry.start_run("e", params={"lr": 0.1, "layers": 2}, seed=3) as run:
        data = run.use_dataset("d", tmp_path / "d.csv")
        run.log_metric("auc", 0.5)
        run.log_metric("auc", 0.7)
        run.log_metric("loss", 0.3, dataset=data)
        version = run.register("m", weights(), params={"layers": 3}, metrics={"loss": 0.2})
    detail = registry.detail(version)
    assert version.run == run.id
    assert detail.params == {"lr": 0.1, "layers": 3}
    assert {name: (each.value, each.dataset) for name, each in detail.metrics.items()} == {
        "auc": (0.7, None),
        "loss": (0.2, None),
    }
    assert [(each.name, each.label, each.role) for each in detail.datasets] == [("d", "1", "train")]
    assert (detail.seed, detail.experiment) == (3, "e")
    assert detail.environment is not None
    second = registry.detail(registry.register("m", run=run.ref))
    assert second.metrics["loss"].dataset == data.ref


def test_the_primary_metric_is_the_first_of_a_known_direction_until_it_is_set(registry: Registry) -> None:
    registry.register("m", metrics={"wobble": 1})
    assert registry.model("m").primary_metric is None
    registry.register("m", metrics={"wobble": 2, "auc": 0.5, "loss": 0.1})
    assert registry.model("m").primary_metric == "auc"
    registry.set("m", {"primary_metric": "loss"})
    assert registry.version("m:1.0.1").primary == 0.1
    assert registry.version("m:1.0.0").primary is None
    with pytest.raises(NotFound) as caught:
        registry.set("m", {"primary_metric": "los"})
    assert caught.value.nearest == ("loss",)


def test_a_later_evaluation_stands_beside_what_was_registered(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a\n1\n")
    registry.add_dataset("d", tmp_path / "d.csv")
    registry.register("m", metrics={"auc": 0.9})
    registry.evaluate("m:1.0.0", {"auc": 0.1, "f1": 0.5}, measured_on="data:d")
    registry.evaluate("m:1.0.0", {"f1": math.nan})
    metrics = registry.detail("m:1.0.0").metrics
    assert (metrics["auc"].value, metrics["auc"].later) == (0.9, False)
    assert metrics["f1"].later
    assert math.isnan(metrics["f1"].value)
    before = registry.events()
    wrong: dict[str, dict[str, float]] = {"m:1.0.0": {"f1": "x"}, "m:2.0.0": {"f1": 1}}  # type: ignore[dict-item]
    for ref, values in wrong.items():
        with pytest.raises(LinealError):
            registry.evaluate(ref, values)
    assert registry.events() == before


def test_what_may_change_of_a_version_is_set_and_taken_away(registry: Registry) -> None:
    registry.register("m", owner="ada")
    assert registry.set("m:1.0.0", {"owner": "", "purpose": "weekly", "tag.team": "risk"}) == "m:1.0.0"
    version = registry.version("m:1.0.0")
    assert (version.owner, version.purpose) == (None, "weekly")
    before = registry.events()
    for fields in ({"purpose": "x", "label": "2.0.0"}, {"purpose": "x", "ownr": "y"}, {"purpose": "x", "tag.": "y"}):
        with pytest.raises(BadValue):
            registry.set("m:1.0.0", fields)
    assert registry.version("m:1.0.0").purpose == "weekly"
    assert registry.events() == before
    registry.set("m:1.0.0", {"tag.team": None})
    assert registry.detail("m:1.0.0").tags == {}


def test_an_artifact_needs_no_order_of_its_paths(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    forth = artifacts.gather([tmp_path / "a", tmp_path / "b"])
    assert artifacts.gather([tmp_path / "b", tmp_path / "a"]) == forth
