"""Bringing an older registry up to date gives what a new one is, after a backup, however many try at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database as UtilsDatabase

from lineal.errors import NewerRegistry, ReadOnlyRegistry
from lineal.registry import open_registry
from lineal.storage import migrations
from lineal.storage.db import APPLICATION_ID, SCHEMA_VERSION
from lineal.storage.migrations import upgrade

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Script

STEPS = [step.name for step in migrations.steps._migrations]


def _schema(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()


def _older(root: Path, number: int) -> Path:
    """A registry as lineal made it when it knew only the first `number` steps."""
    root.mkdir()
    with closing(sqlite3.connect(root / "registry.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {number}")
        migrations.steps.apply(UtilsDatabase(connection, execute_plugins=False), stop_before=STEPS[number])
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE name = 'registry'").fetchall():
            connection.execute(f"INSERT INTO {table} VALUES (1, 'its own', 1)")  # noqa: S608
    return root


def test_there_is_a_step_for_each_schema_version() -> None:
    assert len(STEPS) == SCHEMA_VERSION


@pytest.mark.parametrize("number", range(SCHEMA_VERSION))
def test_an_older_registry_becomes_as_a_new_one(number: int, tmp_path: Path, fresh: Path) -> None:
    root = _older(tmp_path / "old", number)
    before = _schema(root / "registry.db")
    open_registry(root).close()
    assert _schema(root / "registry.db") == _schema(fresh / "registry.db")
    with closing(sqlite3.connect(root / "registry.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    backup = root / f"registry-before-schema-{SCHEMA_VERSION}.db"
    assert _schema(backup) == before
    assert not list(root.glob("*.partial"))


def test_a_registry_that_is_up_to_date_is_left_alone(root: Path) -> None:
    before = (root / "registry.db").read_bytes()
    assert upgrade(root) is None
    assert (root / "registry.db").read_bytes() == before
    assert not list(root.glob("registry-before-*"))


def test_a_step_that_fails_leaves_the_registry_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = _older(tmp_path / "old", 0)
    before = _schema(root / "registry.db")
    monkeypatch.setattr("lineal.schema.TABLES", "CREATE TABLE half (x);\nCREATE TABLE half (x);\n")
    with pytest.raises(Exception, match="half"):
        upgrade(root)
    assert _schema(root / "registry.db") == before
    with closing(sqlite3.connect(root / "registry.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_opening_for_reading_upgrades_nothing(tmp_path: Path) -> None:
    root = _older(tmp_path / "old", 0)
    before = (root / "registry.db").read_bytes()
    with pytest.raises(ReadOnlyRegistry, match="needs an upgrade"):
        open_registry(root, read_only=True)
    assert (root / "registry.db").read_bytes() == before
    assert [path.name for path in root.iterdir()] == ["registry.db"]


def test_a_newer_registry_is_not_upgraded(root: Path) -> None:
    with closing(sqlite3.connect(root / "registry.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerRegistry):
        upgrade(root)


AT_ONCE = """
import sys
sys.modules["pandas"] = None  # sqlite-utils imports it where it is, which takes half a second
from pathlib import Path
from lineal.errors import AlreadyExists
from lineal.registry import create_registry, open_registry
import lineal.storage.migrations
print("ready", flush=True)
sys.stdin.readline()
if sys.argv[2] == "create":
    try:
        create_registry(Path(sys.argv[1])).close()
        print("made")
    except AlreadyExists:
        print("found")
with open_registry(sys.argv[1]) as registry:
    registry.start_run("e").finish()
"""


@pytest.mark.parametrize("what", ["create", "upgrade"])
def test_four_processes_that_make_or_upgrade_a_registry_at_once_make_one(
    what: str, tmp_path: Path, fresh: Path, script: Script
) -> None:
    root = tmp_path / "registry"
    if what == "upgrade":
        _older(root, 0)
    processes = [script(AT_ONCE, root, what) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=30) for process in processes]
    assert [complaints for _, complaints in answers] == [""] * 4
    told = sorted(answer.strip() for answer, _ in answers)
    assert told == (["found", "found", "found", "made"] if what == "create" else [""] * 4)
    assert _schema(root / "registry.db") == _schema(fresh / "registry.db")
    with open_registry(root) as registry:
        assert len(registry.runs()) == 4
        assert registry.verify_events().broken_at is None
