"""What lies in a project of Trackio is here afterwards, compared by SQL of the test's own."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

from lineal.errors import BadValue, Damaged

if TYPE_CHECKING:
    from tests.importers.stores import Store, added, lost

    from lineal.registry import Registry
else:
    from stores import added, lost


def test_runs_points_and_nested_settings_are_here(registry: Registry, trackio: Store) -> None:
    made = registry.import_trackio(trackio.path)
    there = [
        (run, name, step, float(value))
        for run, step, text in trackio.sql("SELECT run_id, step, metrics FROM metrics")
        for name, value in json.loads(text).items()
    ]
    here = [
        (detail.run.id, series.name, point.step, point.value)
        for detail in registry.run_details(registry.runs("digits"))
        for series in detail.metrics
        for point in registry.points(detail.run, series.name)
    ]
    assert sorted(here) == sorted(there)
    assert added(made) == {"experiment": 1, "run": 6, "param": 30, "metric point": 270}
    for run, text in trackio.sql("SELECT run_id, config FROM configs"):
        params = registry.run_detail(run).params
        config = json.loads(text)
        assert (params["hidden"], params["lr"]) == (config["hidden"], config["lr"])
        assert params["augment.shift"] is config["augment"]["shift"]
        assert json.loads(str(params["layers"])) == config["layers"]


def test_a_second_import_adds_what_was_logged_since(registry: Registry, trackio: Store) -> None:
    registry.import_trackio(trackio.path)
    assert added(registry.import_trackio(trackio.folder)) == {}
    ((run, name),) = trackio.sql("SELECT run_id, run_name FROM configs LIMIT 1")
    trackio.sql(
        "INSERT INTO metrics (run_id, run_name, timestamp, step, metrics) VALUES (?, ?, '2026-11-24T00:00:00+00:00', "
        "15, ?)",
        run,
        name,
        '{"val/loss": "NaN", "val/accuracy": "Infinity", "image": {"_type": "trackio.image"}}',
    )
    made = registry.import_trackio(trackio.path)
    assert added(made) == {"metric point": 2}
    assert math.isnan(registry.points(run, "val/loss")[-1].value)
    assert registry.points(run, "val/accuracy")[-1].value == math.inf
    assert lost(made) == [f"metric image of run {run}: its values are no numbers"]


def test_a_store_that_nobody_has_open_is_read_without_a_trace(registry: Registry, trackio: Store) -> None:
    before = trackio.files()
    registry.import_trackio(trackio.path)
    assert trackio.files() == before


def test_a_folder_with_several_projects_asks_which(registry: Registry, trackio: Store) -> None:
    (trackio.folder / "other.db").write_bytes(trackio.path.read_bytes())
    with pytest.raises(BadValue, match=r"digits\.db, other\.db"):
        registry.import_trackio(trackio.folder)


def test_a_store_of_a_later_trackio_is_refused(registry: Registry, trackio: Store) -> None:
    trackio.sql("PRAGMA user_version = 99")
    with pytest.raises(Damaged, match="99; those up to 2"):
        registry.import_trackio(trackio.path)


def test_a_store_of_mlflow_is_none_of_trackio(registry: Registry, mlflow3: Store) -> None:
    with pytest.raises(Damaged, match="none of Trackio's"):
        registry.import_trackio(mlflow3.path)
