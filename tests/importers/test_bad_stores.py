"""Stores that are missing, locked, half migrated, of another kind, or hostile."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Damaged, ExitCode, LinealError, Locked, NoSource, NotReadable, SourceChanged
from lineal.importers import reading
from lineal.importers.mapping import fitting
from lineal.rules.naming import check_dataset_name, check_model_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.importers.stores import Store, added, lost

    from lineal.registry import Registry
else:
    from stores import added, lost


@pytest.mark.parametrize("name", ["nothing-here", "nothing/here.db"])
def test_a_store_that_is_missing_is_not_found(registry: Registry, tmp_path: Path, name: str) -> None:
    with pytest.raises(NoSource):
        registry.import_mlflow(tmp_path / name)
    with pytest.raises(NoSource):
        registry.import_trackio(tmp_path / name)


def test_folders_and_files_that_are_no_stores_are_refused(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello" * 20)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE runs (a)")
    (tmp_path / "folder").mkdir()
    for name, why in (("text.db", "no SQLite"), ("other.db", "none of MLflow's"), ("folder", "no store of MLflow")):
        with pytest.raises(Damaged, match=why) as caught:
            registry.import_mlflow(tmp_path / name)
        assert caught.value.exit_code is ExitCode.DAMAGED
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LinealError):
        registry.import_mlflow(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE alembic_version SET version_num = 'ffffffffffff'", "ffffffffffff is unknown; those of MLflow 2.0 to"),
        ("UPDATE alembic_version SET version_num = '451aebb31d03'", "451aebb31d03 is unknown; those of MLflow 2.0 to"),
        ("DELETE FROM alembic_version", "stopped half way"),
        ("INSERT INTO alembic_version VALUES ('400f98739977')", "stopped half way"),
        ("CREATE TABLE _alembic_tmp_runs (a)", "unfinished table _alembic_tmp_runs"),
    ],
)
def test_an_unknown_or_half_migrated_schema_is_refused_before_anything_is_brought(
    registry: Registry, mlflow3: Store, statement: str, why: str
) -> None:
    mlflow3.sql(statement)
    with pytest.raises(Damaged, match=why):
        registry.import_mlflow(mlflow3.path)
    assert not registry.events()


def test_a_locked_store_is_waited_for_and_then_said_to_be_locked(
    registry: Registry, mlflow3: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.2)
    with closing(sqlite3.connect(mlflow3.path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Locked, match="by the program that writes it") as caught:
            registry.import_mlflow(mlflow3.path)
        assert caught.value.exit_code is ExitCode.CONFLICT


def test_a_torn_database_is_damaged(registry: Registry, mlflow3: Store) -> None:
    content = bytearray(mlflow3.path.read_bytes())
    content[4096 * 3 :] = os.urandom(len(content) - 4096 * 3)
    mlflow3.path.write_bytes(content)
    with pytest.raises(Damaged):
        registry.import_mlflow(mlflow3.path)


def test_reading_leaves_the_store_and_its_folder_as_they_were(
    registry: Registry, mlflow3: Store, mlflow2: Store
) -> None:
    before = mlflow3.files(), mlflow2.files()
    registry.import_mlflow(mlflow3.path, files=False)
    registry.import_mlflow(mlflow2.path)
    assert (mlflow3.files(), mlflow2.files()) == before


def test_a_store_that_its_program_has_open_is_read_with_what_it_wrote_last(registry: Registry, mlflow3: Store) -> None:
    with closing(sqlite3.connect(mlflow3.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE runs SET name = 'renamed' WHERE name = 'trial 0'")
        connection.execute("UPDATE tags SET value = 'renamed' WHERE key = 'mlflow.runName' AND value = 'trial 0'")
        registry.import_mlflow(mlflow3.path, files=False)
    assert "renamed" in [run.name for run in registry.runs()]


def test_a_still_store_that_changes_while_it_is_read_is_given_up(registry: Registry, trackio: Store) -> None:
    def write(done: int, _: int) -> None:
        if done == 0:
            trackio.path.touch()

    reader = reading.SqliteFile(trackio.path)
    os.utime(trackio.path, ns=(1, 1))
    with pytest.raises(SourceChanged):
        reader.check()
    reader.close()
    registry.import_trackio(trackio.path, progress=write)


def test_a_move_takes_the_files_and_only_when_they_are_here(registry: Registry, mlflow3: Store) -> None:
    registry.import_mlflow(mlflow3.path, move=True)
    assert not [path for path in (mlflow3.folder / "artifacts").rglob("*") if path.is_file()]
    assert not registry.verify().findings


def test_files_are_left_when_nobody_wants_them(registry: Registry, mlflow3: Store) -> None:
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert "file" not in added(made)
    assert registry.version("tumour-classifier:1").digest is None
    assert added(registry.import_mlflow(mlflow3.path)) == {"file": 168}


def test_addresses_that_name_no_run_and_no_model_are_not_followed(registry: Registry, mlflow3: Store) -> None:
    shutil.rmtree(mlflow3.folder / "artifacts")
    addresses = ["/etc", "/srv/../../etc", "file:///etc/passwd", "s3://bucket/model", "../../secret", "/"]
    for number, address in enumerate(addresses, 1):
        statement = "UPDATE model_versions SET source = ?, storage_location = NULL, current_stage = 'None' "
        mlflow3.sql(statement + "WHERE name = 'tumour-classifier' AND version = ?", address, number)
    made = registry.import_mlflow(mlflow3.path)
    for number, address in enumerate(addresses, 1):
        assert registry.version(f"tumour-classifier:{number}").digest is None
        assert any(f"tumour-classifier {number}" in text and address in text for text in lost(made))
    assert "file" not in added(made)


def test_a_missing_or_unreadable_file_costs_one_version_its_files(registry: Registry, mlflow3: Store) -> None:
    folders = sorted((mlflow3.folder / "artifacts" / "models").iterdir())
    shutil.rmtree(folders[0])
    (folders[1] / "artifacts" / "model.safetensors").write_bytes(b"\xff" * 40)
    made = registry.import_mlflow(mlflow3.path)
    assert added(made)["version"] == 24
    assert added(made)["file"] == 22 * 7
    assert len(lost(made)) == 2 + 2  # and the two second versions in production


def test_names_and_values_that_no_registry_keeps_are_mapped_or_told(registry: Registry, mlflow3: Store) -> None:
    ((run,),) = mlflow3.sql("SELECT run_uuid FROM runs WHERE name = 'trial 0' LIMIT 1")
    mlflow3.sql("INSERT INTO params VALUES (' spaced\x07', '1', ?)", run)
    mlflow3.sql("INSERT INTO params VALUES ('zero', ?, ?)", "a\0b", run)
    mlflow3.sql("UPDATE experiments SET name = 'bell\x07' WHERE name = 'digits'")
    mlflow3.sql("UPDATE registered_models SET name = 'data' WHERE name = 'κρασί'")
    for table in ("model_versions", "registered_model_tags", "model_version_tags"):
        mlflow3.sql(f"UPDATE {table} SET name = 'data' WHERE name = 'κρασί'")  # noqa: S608  a table of the line above
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert "data-model" in [model.name for model in registry.models()]
    assert "bell" in [experiment.name for experiment in registry.experiments()]
    params = registry.run_detail(run).params
    assert [name for name in params if name.startswith("spaced~")]
    assert "zero" not in params
    assert any("zero" in text for text in lost(made))
    assert added(registry.import_mlflow(mlflow3.path, files=False)) == {}


def test_a_parent_that_is_gone_or_a_circle_of_parents_stops_nobody(registry: Registry, mlflow3: Store) -> None:
    (one,), (other,), (third,) = mlflow3.sql("SELECT run_uuid FROM runs WHERE name = 'trial 0'")
    statement = "UPDATE tags SET value = ? WHERE key = 'mlflow.parentRunId' AND run_uuid = ?"
    mlflow3.sql(statement, other, one)
    mlflow3.sql(statement, one, other)
    mlflow3.sql(statement, "f" * 32, third)
    made = registry.import_mlflow(mlflow3.path, files=False)
    assert registry.run_count() == 32
    assert {registry.run_detail(run).parent for run in (one, other)} >= {None}
    assert any("f" * 32 in text for text in lost(made))


def test_the_tables_of_mlflow_2_do(registry: Registry, mlflow3: Store) -> None:
    for table in ("logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models", "workspaces"):
        mlflow3.sql(f"DROP TABLE {table}")
    with closing(sqlite3.connect(mlflow3.path)) as connection, connection:
        for table in ("experiments", "registered_models", "model_versions", "registered_model_aliases",
                      "registered_model_tags", "model_version_tags"):  # fmt: skip
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "workspace"]
            names = ", ".join(f'"{column}"' for column in columns)
            connection.execute(f"CREATE TABLE older AS SELECT {names} FROM {table}")  # noqa: S608  as above
            connection.execute(f"DROP TABLE {table}")
            connection.execute(f"ALTER TABLE older RENAME TO {table}")
        connection.execute("UPDATE alembic_version SET version_num = '0584bdc529eb'")
    made = registry.import_mlflow(mlflow3.path)
    assert (added(made)["version"], added(made)["run"], added(made)["file"]) == (12, 32, 12 * 7)
    assert registry.live("tumour-classifier@champion").version.label == "2"


def test_what_lies_in_another_workspace_has_its_name(registry: Registry, mlflow3: Store) -> None:
    tables = (
        "registered_models",
        "model_versions",
        "registered_model_aliases",
        "registered_model_tags",
        "model_version_tags",
    )
    for table in tables:
        mlflow3.sql(f"UPDATE {table} SET workspace = 'risk' WHERE name = 'digit reader'")  # noqa: S608  a table of the line above
    registry.import_mlflow(mlflow3.path, files=False)
    assert registry.version_count("risk.digit reader") == 3
    assert registry.live("risk.digit reader@champion").version.label == "2"


@pytest.mark.parametrize(
    "name", ["a/b", "data", "RUN", " x ", "\x00", "", "-.-", "a" * 500, "\u202eevil", "'", "κρασί:1@x", "\ud800"]
)
def test_every_name_has_a_nearest_one_that_fits(name: str) -> None:
    for check in (check_model_name, check_dataset_name):
        found, why = fitting(check, name)
        assert check(found) == found
        assert (why is None) is (found == name)


def test_memory_stays_bounded_by_pages_not_by_the_history_of_a_run(registry: Registry, mlflow3: Store) -> None:
    ((run,),) = mlflow3.sql("SELECT run_uuid FROM runs WHERE name = 'trial 1' LIMIT 1")
    with closing(sqlite3.connect(mlflow3.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO metrics VALUES ('long', ?, ?, ?, ?, 0)",
            [(step / 7, step, run, step) for step in range(60_000)],
        )
    registry.import_mlflow(mlflow3.path, files=False)
    (series,) = [each for each in registry.run_detail(run).metrics if each.name == "long"]
    assert (series.count, series.last_step, series.last) == (60_000, 59_999, 59_999 / 7)
    points = registry.points(run, "long")
    digest = hashlib.sha256(repr([(point.step, point.value) for point in points]).encode()).hexdigest()
    assert digest == hashlib.sha256(repr([(step, step / 7) for step in range(60_000)]).encode()).hexdigest()


def test_a_store_that_may_not_be_read_says_so(
    registry: Registry,
    mlflow3: Store,
    shared_folder: Path,
    unprivileged: Callable[[], AbstractContextManager[None]],
) -> None:
    closed = Path(shutil.copy(mlflow3.path, shared_folder / "mlflow.db"))
    closed.chmod(0)
    with unprivileged(), pytest.raises(NotReadable):
        registry.import_mlflow(closed)
