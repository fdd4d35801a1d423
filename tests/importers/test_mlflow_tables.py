"""What lies in MLflow's SQLite store is here afterwards, compared by SQL of the test's own."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lineal.records.models import Scheme, VersionStatus
from lineal.records.runs import RunStatus
from lineal.records.stages import Action, Outcome

if TYPE_CHECKING:
    from tests.importers.stores import Store, lost

    from lineal.records.imports import Imported
    from lineal.registry import Registry

    Brought = tuple[Registry, Imported, Store]
else:
    from stores import lost

INFINITY = 1.7976931348623157e308


def _as_written(value: object) -> str:
    return str(value)


def test_every_run_keeps_its_id_name_times_status_and_user(brought: Brought) -> None:
    registry, _, store = brought
    there = store.sql(
        "SELECT r.run_uuid, r.name, e.name, r.status, r.start_time, r.end_time, r.user_id FROM runs r "
        "JOIN experiments e USING (experiment_id)"
    )
    here = [
        (run.id, run.name, run.experiment, run.status.upper(), run.started_at, run.ended_at, run.actor)
        for run in registry.runs()
    ]
    assert sorted(here) == sorted((*row[:4], row[4] * 1_000, row[5] * 1_000, row[6]) for row in there)


def test_every_param_comes_out_as_the_text_it_was(brought: Brought) -> None:
    registry, _, store = brought
    here = {
        (detail.run.id, name, _as_written(value))
        for detail in registry.run_details(registry.runs())
        for name, value in detail.params.items()
    }
    there = store.sql("SELECT run_uuid, key, value FROM params")
    assert here == set(there)
    assert len(there) == 124
    numbers = registry.run_detail(registry.runs(limit=1)[0].id).params
    assert not any(isinstance(value, str) and value.isdigit() for value in numbers.values())


def test_every_metric_point_is_here_with_nan_and_infinity(brought: Brought) -> None:
    registry, _, store = brought
    here = []
    for detail in registry.run_details(registry.runs()):
        for series in detail.metrics:
            here += [
                (detail.run.id, series.name, point.step, point.at, repr(point.value))
                for point in registry.points(detail.run, series.name)
            ]
    there = [
        (run, key, step, at * 1_000, repr(math.nan if is_nan else math.inf if value == INFINITY else value))
        for run, key, step, at, value, is_nan in store.sql(
            "SELECT run_uuid, key, step, timestamp, value, is_nan FROM metrics"
        )
    ]
    assert sorted(here) == sorted(there)
    assert len(there) == 1_020
    assert {"nan", "inf"} <= {value for *_, value in there}


def test_the_last_value_of_each_metric_is_mlflows_latest(brought: Brought) -> None:
    registry, _, store = brought
    for run, key, value, is_nan, step in store.sql("SELECT run_uuid, key, value, is_nan, step FROM latest_metrics"):
        series = {each.name: each for each in registry.run_detail(run).metrics}[key]
        assert math.isnan(series.last) if is_nan else series.last == value
        assert series.last_step == step


def test_tags_come_along_and_nested_runs_know_their_parents(brought: Brought) -> None:
    registry, _, store = brought
    here = {
        (detail.run.id, name, value)
        for detail in registry.run_details(registry.runs())
        for name, value in detail.tags.items()
    }
    assert set(store.sql("SELECT run_uuid, key, value FROM tags")) <= here
    for run, parent in store.sql("SELECT run_uuid, value FROM tags WHERE key = 'mlflow.parentRunId'"):
        assert registry.run_detail(run).parent == parent


def test_a_deleted_run_says_so(brought: Brought) -> None:
    registry, _, store = brought
    ((run,),) = store.sql("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'deleted'")
    assert registry.run_detail(run).tags["mlflow.lifecycle_stage"] == "deleted"
    assert sum("mlflow.lifecycle_stage" in each.tags for each in registry.run_details(registry.runs())) == 1


def test_a_failed_run_has_failed(brought: Brought) -> None:
    registry, _, _ = brought
    assert [run.name for run in registry.runs() if run.status is RunStatus.FAILED] == ["diverged [bold]red[/]"]


def test_data_is_known_by_a_digest_of_what_mlflow_tells_of_it(brought: Brought) -> None:
    registry, _, store = brought
    there = store.sql("SELECT name, digest, dataset_profile FROM datasets ORDER BY name")
    found = [registry.dataset_versions(data.name)[0] for data in registry.datasets()]
    assert [(each.dataset, each.label) for each in found] == [
        (name.replace("/", "-"), digest) for name, digest, _ in there
    ]
    assert [each.rows for each in found] == [426, 1347, 133]
    assert [len(each.columns or ()) for each in found] == [30, 64, 13]
    inputs = {
        (detail.run.id, data.name, data.role)
        for detail in registry.run_details(registry.runs())
        for data in detail.inputs
    }
    used = store.sql(
        "SELECT i.destination_id, d.name, t.value FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
        "JOIN input_tags t USING (input_uuid) WHERE i.source_type = 'DATASET'"
    )
    assert inputs == {(run, name.replace("/", "-"), role) for run, name, role in used}
    assert len(used) == 24


def test_registered_versions_keep_numbers_descriptions_tags_and_times(brought: Brought) -> None:
    registry, _, store = brought
    there = store.sql("SELECT name, version, creation_time, description FROM model_versions")
    here = [
        (version.model, version.seq, version.created_at // 1_000, version.notes)
        for name in ("tumour-classifier", "digit reader", "κρασί")
        for version in registry.versions(name)
    ]
    assert sorted(here, key=str) == sorted(there, key=str)
    for name, number, key, value in store.sql("SELECT name, version, key, value FROM model_version_tags"):
        detail = registry.detail(f"{name}:{number}")
        assert detail.version.label == str(number)
        assert detail.tags[key] == value
    for name, description in store.sql("SELECT name, description FROM registered_models"):
        model = registry.model(name)
        assert (model.notes, model.scheme) == (description, Scheme.SEQUENCE)


def test_a_version_takes_over_what_its_run_recorded(brought: Brought) -> None:
    registry, _, store = brought
    for name, number, run in store.sql("SELECT name, version, run_id FROM model_versions WHERE run_id NOT LIKE 'RED%'"):
        detail = registry.detail(f"{name}:{number}")
        assert detail.version.run == run
        there = dict(store.sql("SELECT key, value FROM latest_metrics WHERE run_uuid = ?", run))
        assert {key: metric.value for key, metric in detail.metrics.items()} == there
        assert {(key, str(value)) for key, value in detail.params.items()} == set(
            store.sql("SELECT key, value FROM params WHERE run_uuid = ?", run)
        )
        assert [data.role for data in detail.datasets] == ["train"]


def test_what_is_left_of_a_deleted_version_is_retired_here(brought: Brought) -> None:
    registry, _, store = brought
    detail = registry.detail("tumour-classifier:3")
    assert detail.version.status is VersionStatus.RETIRED
    assert detail.retirement is not None
    assert detail.retirement.reason == "deleted in mlflow"
    ((logged, run),) = store.sql(
        "SELECT l.model_id, l.source_run_id FROM model_versions v JOIN logged_models l "
        "ON l.artifact_location = v.storage_location WHERE v.current_stage = 'Deleted_Internal'"
    )
    assert detail.version.run == run  # MLflow erased it from the version, but not from the model that was logged
    assert detail.artifact is not None
    assert detail.artifact.files[0].digest == _digest(store, f"artifacts/models/{logged}/artifacts/MLmodel")


def _digest(store: Store, path: str) -> str:
    return "sha256:" + hashlib.sha256((store.folder / path).read_bytes()).hexdigest()


def test_the_bytes_of_every_logged_model_are_here(brought: Brought) -> None:
    registry, _, store = brought
    there = {
        tuple(sorted((path.name, _digest(store, str(path.relative_to(store.folder)))) for path in folder.iterdir()))
        for folder in (store.folder / "artifacts" / "models").glob("*/artifacts")
    }
    versions = [version for model in registry.models(include_retired=True) for version in registry.versions(model.name)]
    here = {
        tuple((file.path, file.digest) for file in detail.artifact.files)
        for detail in registry.details(versions)
        if detail.artifact is not None
    }
    assert here == there
    assert len(versions) == 24


def test_models_that_were_never_registered_are_versions_by_experiment_and_run(brought: Brought) -> None:
    registry, _, _ = brought
    model = registry.model("digits model")
    assert (model.scheme, model.versions) == (Scheme.EXPERIMENT, 3)
    detail = registry.detail("digits model:digits-trial-1")
    assert detail.version.run is not None
    assert detail.tags["mlflow.model_id"].startswith("m-")
    assert detail.signature == {
        "inputs": [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 64]}}],
        "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}],
    }


def test_aliases_and_stages_have_one_transition_each(brought: Brought) -> None:
    registry, _, store = brought
    for name, alias, number in store.sql("SELECT name, alias, version FROM registered_model_aliases"):
        (transition,) = registry.history(name, alias)
        assert (transition.action, transition.outcome) == (Action.IMPORT, Outcome.UNCHECKED)
        assert transition.to_label == str(number)
    assert dict(registry.model("tumour-classifier").stages) == {
        "staging": "6",
        "production": "2",
        "champion": "2",
        "challenger": "6",
    }
    assert registry.model("tumour-classifier").stages[-1][0] == "production"


def test_of_two_versions_in_one_stage_the_one_changed_last_is_live_and_the_other_is_told(brought: Brought) -> None:
    registry, made, store = brought
    for name in ("tumour-classifier", "digit reader"):
        numbers = [
            number
            for (number,) in store.sql(
                "SELECT version FROM model_versions WHERE name = ? AND current_stage = 'Production' "
                "ORDER BY last_updated_time DESC",
                name,
            )
        ]
        assert registry.live(f"{name}@production").version.seq == numbers[0]
        assert any(f"{name}@production" in text and f"version {numbers[1]} is there too" in text for text in lost(made))


def test_a_name_that_is_refused_is_mapped_and_told(brought: Brought) -> None:
    registry, made, _ = brought
    assert "κρασί-wine [2026]" in [data.name for data in registry.datasets()]
    assert "κρασί/wine [2026]" in [experiment.name for experiment in registry.experiments()]
    assert any(each.name == "κρασί/wine [2026]" and not each.is_lost for each in made.remarks)


def test_the_registry_is_whole_afterwards_and_the_log_tells_of_every_version(brought: Brought) -> None:
    registry, made, _ = brought
    assert not registry.verify().findings
    events = registry.events()
    assert sum(event.action == "version_registered" for event in events) == 24
    runs = [event.data["runs"] for event in events if event.action == "runs_imported"]
    assert sum(len(ids) for ids in runs if isinstance(ids, list)) == 32
    assert events[0].action == "imported"
    counts = {count.kind: (count.found, count.added) for count in made.counts}
    assert counts["run"] == (32, 32)
    assert counts["metric point"] == (1_020, 1_020)
    assert counts["version"] == (24, 24)


def test_times_are_those_of_the_store(brought: Brought) -> None:
    registry, _, _ = brought
    made = datetime.fromtimestamp(registry.version("tumour-classifier:1").created_at / 1e6, UTC)
    assert made.strftime("%Y-%m-%d %H:%M") == "2026-11-23 08:53"


@pytest.mark.parametrize("text", ["0.003", "1e-05", "16", "-7", "True", "None", "adam", "007", "1.50", "", "0x10"])
def test_params_are_typed_only_where_the_text_comes_back(text: str) -> None:
    from lineal.importers.mapping import value

    assert str(value(text)) == text
    assert isinstance(value("16"), int)
    assert isinstance(value("007"), str)
