"""Importing again brings what is new, whatever happened there and here in the meantime."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lineal.records.runs import RunStatus
from lineal.records.stages import Action
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.importers.stores import Store, added, lost

    from lineal.registry import Registry
else:
    from stores import added, lost

MODEL = "tumour-classifier"


def _alias(store: Store, alias: str, number: int) -> None:
    store.sql("UPDATE registered_model_aliases SET version = ? WHERE name = ? AND alias = ?", number, MODEL, alias)


def test_nothing_is_brought_twice(registry: Registry, mlflow3: Store) -> None:
    registry.import_mlflow(mlflow3.path)
    events = len(registry.events())
    assert added(registry.import_mlflow(mlflow3.path)) == {}
    assert len(registry.events()) == events


def test_a_store_is_known_again_where_it_was_moved_to(registry: Registry, mlflow3: Store, tmp_path: Path) -> None:
    first = registry.import_mlflow(mlflow3.path, files=False)
    moved = shutil.move(mlflow3.folder, tmp_path / "moved")
    again = registry.import_mlflow(moved, files=False)
    assert again.store.uid == first.store.uid
    assert added(again) == {}


def test_two_registries_give_a_version_the_same_uid(
    registry: Registry, mlflow3: Store, fresh: Path, tmp_path: Path
) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    with open_registry(shutil.copytree(fresh, tmp_path / "other")) as other:
        other.import_mlflow(mlflow3.path, files=False)
        assert [version.uid for version in other.versions(MODEL)] == [
            version.uid for version in registry.versions(MODEL)
        ]


def test_a_run_that_was_running_is_brought_up_to_date(registry: Registry, mlflow3: Store) -> None:
    ((run, end),) = mlflow3.sql("SELECT run_uuid, end_time FROM runs WHERE name = 'trial 3' LIMIT 1")
    points = mlflow3.sql("SELECT * FROM metrics WHERE run_uuid = ? AND step > 4", run)
    mlflow3.sql("UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE run_uuid = ?", run)
    mlflow3.sql("DELETE FROM metrics WHERE run_uuid = ? AND step > 4", run)
    registry.import_mlflow(mlflow3.path, files=False)
    assert registry.run(run).status is RunStatus.RUNNING
    assert added(registry.import_mlflow(mlflow3.path, files=False)) == {}
    for point in points:
        mlflow3.sql("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", *point)
    mlflow3.sql("UPDATE runs SET status = 'FINISHED', end_time = ? WHERE run_uuid = ?", end, run)
    mlflow3.sql("INSERT INTO params VALUES ('late', '1', ?)", run)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert added(made) == {"metric point": len(points)}
    assert (registry.run(run).status, registry.run(run).ended_at) == (RunStatus.FINISHED, end * 1_000)
    assert registry.run_detail(run).params["late"] == 1
    count = sum(series.count for series in registry.run_detail(run).metrics)
    assert mlflow3.sql("SELECT count(*) FROM metrics WHERE run_uuid = ?", run) == [(count,)]


def test_a_new_version_and_a_moved_alias_follow(registry: Registry, mlflow3: Store) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    mlflow3.sql(
        "INSERT INTO model_versions SELECT name, 7, creation_time + 1, last_updated_time, 'new', user_id, 'None', "
        "source, run_id, status, status_message, run_link, storage_location, workspace FROM model_versions "
        "WHERE name = ? AND version = 6",
        MODEL,
    )
    _alias(mlflow3, "champion", 7)
    assert added(registry.import_mlflow(mlflow3.path, files=False)) == {"version": 1}
    assert registry.live(f"{MODEL}@champion").version.label == "7"
    assert [each.action for each in registry.history(MODEL, "champion")] == [Action.IMPORT, Action.IMPORT]
    assert registry.rollback(f"{MODEL}@champion").to_label == "2"


def test_an_alias_that_is_gone_there_leaves_nothing_live(registry: Registry, mlflow3: Store) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    mlflow3.sql("DELETE FROM registered_model_aliases WHERE alias = 'champion'")
    registry.import_mlflow(mlflow3.path, files=False)
    assert dict(registry.model(MODEL).stages)["champion"] is None


def test_a_stage_that_was_moved_here_stays_and_is_told(registry: Registry, mlflow3: Store) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    registry.promote(f"{MODEL}:4", "champion", reason="better")
    _alias(mlflow3, "champion", 5)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert registry.live(f"{MODEL}@champion").version.label == "4"
    assert f"stage {MODEL}@champion: it is at 5 there; the last transition here was a promote, so it stays" in lost(
        made
    )


def test_an_import_runs_no_release(registry: Registry, mlflow3: Store, tmp_path: Path) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    registry.bind_stage(f"{MODEL}@champion", release=str(tmp_path / "srv"))
    _alias(mlflow3, "champion", 5)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert registry.live(f"{MODEL}@champion").version.label == "2"
    assert any("bound to a directory" in text for text in lost(made))


def test_an_import_goes_past_no_gates(registry: Registry, mlflow3: Store) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    registry.set_gates(f"{MODEL}@champion", approvals=1)
    _alias(mlflow3, "champion", 5)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert registry.live(f"{MODEL}@champion").version.label == "2"
    assert any("it has gates" in text for text in lost(made))


def test_a_version_that_is_bad_here_does_not_become_live(registry: Registry, mlflow3: Store) -> None:
    from lineal.records.models import VersionStatus

    registry.import_mlflow(mlflow3.path, files=False)
    registry.mark(f"{MODEL}:5", VersionStatus.BAD)
    _alias(mlflow3, "champion", 5)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert registry.live(f"{MODEL}@champion").version.label == "2"
    assert any("5 is bad here" in text for text in lost(made))


def test_files_that_were_missing_may_still_arrive_once(registry: Registry, mlflow3: Store, tmp_path: Path) -> None:
    hidden = shutil.move(mlflow3.folder / "artifacts", tmp_path / "hidden" / "deep")
    made = registry.import_mlflow(mlflow3.path)
    assert registry.version(f"{MODEL}:1").digest is None
    assert sum("/srv/mlflow/artifacts" in text for text in lost(made)) == 24
    made = registry.import_mlflow(mlflow3.path, artifacts=hidden)
    assert added(made) == {"file": 168}
    detail = registry.detail(f"{MODEL}:1")
    assert detail.artifact is not None
    assert detail.architecture is not None
    assert detail.signature is not None
    assert not registry.verify().findings
    with pytest.raises(Exception, match="fixed for ever"), registry.context.db.write("a test") as connection:
        connection.execute("UPDATE versions SET artifact_id = NULL WHERE label = '1'")


def test_a_number_that_was_given_here_meanwhile_gets_a_label_of_its_own(
    registry: Registry, mlflow3: Store, tmp_path: Path
) -> None:
    registry.import_mlflow(mlflow3.path, files=False)
    file = tmp_path / "own.txt"
    file.write_text("mine")
    assert registry.register(MODEL, file).label == "7"
    mlflow3.sql(
        "INSERT INTO model_versions SELECT name, 7, creation_time, last_updated_time, 'theirs', user_id, 'None', "
        "source, run_id, status, status_message, run_link, storage_location, workspace FROM model_versions "
        "WHERE name = ? AND version = 6",
        MODEL,
    )
    registry.import_mlflow(mlflow3.path, files=False)
    assert registry.version(f"{MODEL}:7").notes is None
    theirs = registry.version(f"{MODEL}:7-mlflow")
    assert (theirs.seq, theirs.notes) == (8, "theirs")


def test_models_of_another_origin_are_left_alone(registry: Registry, mlflow3: Store, tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("mine")
    registry.register(MODEL, file)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert [version.label for version in registry.versions(MODEL)] == ["1.0.0"]
    assert registry.version_count(f"{MODEL}-mlflow") == 6
    assert any(each.name == MODEL and f"{MODEL}-mlflow" in each.problem for each in made.remarks)


class _Enough(Exception):
    pass


@pytest.mark.parametrize("after", [1, 20, 45, 56])
def test_an_import_that_was_stopped_goes_on(
    registry: Registry, mlflow3: Store, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.importers.mlflow_tables.PAGE", 7)
    monkeypatch.setattr("lineal.importers.runs.TOGETHER", 50)

    def stop(done: int, _: int) -> None:
        if done >= after:
            raise _Enough

    with pytest.raises(_Enough):
        registry.import_mlflow(mlflow3.path, progress=stop)
    registry.import_mlflow(mlflow3.path)
    assert registry.run_count() == 32
    details = registry.run_details(registry.runs())
    assert sum(series.count for detail in details for series in detail.metrics) == 1_020
    assert sum(len(registry.versions(model.name)) for model in registry.models(include_retired=True)) == 24
    assert added(registry.import_mlflow(mlflow3.path)) == {}
    assert not registry.verify().findings


def test_an_import_that_was_killed_goes_on(registry: Registry, mlflow3: Store) -> None:
    code = (
        "import sys, time\n"
        "from lineal.registry import open_registry\n"
        "def tell(done, total):\n"
        "    if done > 40: print('there', flush=True); time.sleep(60)\n"
        "open_registry(sys.argv[1]).import_mlflow(sys.argv[2], progress=tell)\n"
    )
    command = [sys.executable, "-c", code, str(registry.root), str(mlflow3.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        os.kill(process.pid, signal.SIGKILL)
    began = time.monotonic()
    registry.import_mlflow(mlflow3.path)
    assert time.monotonic() - began < 30
    assert sum(len(registry.versions(model.name)) for model in registry.models(include_retired=True)) == 24
    assert not registry.verify().findings
