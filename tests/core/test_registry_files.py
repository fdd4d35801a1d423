"""What a registry's directory may be and become: new, foreign, damaged, newer, read-only, locked, or on a full disk."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lineal.errors import (
    AlreadyExists,
    Damaged,
    ExitCode,
    ForeignRegistry,
    Locked,
    MachineError,
    NewerRegistry,
    NoRegistry,
    ReadOnlyRegistry,
)
from lineal.registry import create_registry, open_registry
from lineal.storage.db import APPLICATION_ID, SCHEMA_VERSION
from lineal.storage.migrations import copy_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Script, Weights

    from lineal.registry import Registry

AS_NOBODY = """
import os, sys
from lineal.registry import open_registry
from lineal import errors  # while the standard library may be read
from lineal.training import code, environment, recording  # while the standard library may be read
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
"""


def test_a_new_registry_is_empty_and_says_what_it_is(tmp_path: Path) -> None:
    with create_registry(tmp_path / "deep" / "registry") as registry:
        assert registry.models() == []
        assert registry.events() == []
        assert not registry.read_only
        assert len(registry.uid) == 36
        database = registry._context.db.connection
        wanted = {
            "application_id": APPLICATION_ID,
            "user_version": SCHEMA_VERSION,
            "journal_mode": "delete",
            "synchronous": 3,
            "foreign_keys": 1,
            "trusted_schema": 0,
            "recursive_triggers": 1,
            "cache_spill": 0,
        }
        found = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
        assert found == wanted
    assert sorted(path.name for path in (tmp_path / "deep" / "registry").iterdir()) == [
        "objects",
        "registry.db",
        "registry.lock",
        "releases",
    ]


def test_creating_a_registry_where_one_is_leaves_it_alone(root: Path) -> None:
    with open_registry(root) as registry:
        uid = registry.uid
    with pytest.raises(AlreadyExists) as caught:
        create_registry(root)
    assert caught.value.exit_code is ExitCode.CONFLICT
    with open_registry(root) as registry:
        assert registry.uid == uid


def test_creating_a_registry_below_a_file_is_the_machines_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError) as caught:
        create_registry(tmp_path / "file" / "registry")
    assert caught.value.exit_code is ExitCode.MACHINE


def test_a_missing_registry_is_told_with_the_one_that_lies_below(tmp_path: Path) -> None:
    with pytest.raises(NoRegistry) as caught:
        open_registry(tmp_path)
    assert caught.value.exit_code is ExitCode.NOT_FOUND
    assert "lineal init" in str(caught.value.hint)
    create_registry(tmp_path / ".lineal").close()
    with pytest.raises(NoRegistry) as caught:
        open_registry(tmp_path)
    assert str(tmp_path / ".lineal") in str(caught.value.hint)


@pytest.mark.parametrize("odd", ["a space", "a#fragment", "a?query=1", "100%25", "übung", "it's"])
def test_a_registry_may_lie_in_a_folder_of_any_name(odd: str, fresh: Path, tmp_path: Path) -> None:
    shutil.copytree(fresh, tmp_path / odd)
    with open_registry(tmp_path / odd) as registry:
        registry.start_run("e").finish()
        assert len(registry.runs()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [odd]


def test_a_newer_registry_is_refused_and_not_touched(root: Path, sql: Callable[..., object]) -> None:
    sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = (root / "registry.db").read_bytes()
    with pytest.raises(NewerRegistry) as caught:
        open_registry(root)
    assert caught.value.exit_code is ExitCode.DAMAGED
    assert str(SCHEMA_VERSION + 1) in str(caught.value)
    assert (root / "registry.db").read_bytes() == before


def test_another_programs_database_is_foreign(root: Path) -> None:
    (root / "registry.db").unlink()
    with closing(sqlite3.connect(root / "registry.db")) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ForeignRegistry, match="another program"):
        open_registry(root)


@pytest.mark.parametrize(("content", "why"), [(b"", "empty"), (b"no database " * 400, "not an SQLite database")])
def test_what_is_no_database_is_foreign(content: bytes, why: str, root: Path) -> None:
    (root / "registry.db").write_bytes(content)
    with pytest.raises(ForeignRegistry, match=why) as caught:
        open_registry(root)
    assert caught.value.exit_code is ExitCode.DAMAGED
    assert (root / "registry.db").read_bytes() == content


def test_a_folder_in_the_databases_place_is_a_clear_error(root: Path) -> None:
    (root / "registry.db").unlink()
    (root / "registry.db").mkdir()
    with pytest.raises(MachineError):
        open_registry(root)


@pytest.mark.parametrize("harm", ["overwritten", "cut"])
def test_a_damaged_database_is_told_as_damaged(harm: str, root: Path) -> None:
    with open_registry(root) as registry:
        registry.start_run("e").finish()
    content = (root / "registry.db").read_bytes()
    kept = content[:4096]
    (root / "registry.db").write_bytes(kept + (b"\xa5" * (len(content) - 4096) if harm == "overwritten" else b""))
    with pytest.raises(Damaged) as caught, open_registry(root) as registry:
        registry.runs()
    assert caught.value.exit_code is ExitCode.DAMAGED


def test_a_missing_table_is_told_as_damage(root: Path, sql: Callable[..., object]) -> None:
    sql("DROP TABLE experiments")
    with open_registry(root) as registry, pytest.raises(Damaged, match="experiments"):
        registry.runs()


def _registry_for_all(folder: Path, fresh: Path, *, mode: int) -> Path:
    root = folder / "registry"
    shutil.copytree(fresh, root)
    with open_registry(root) as registry:
        registry.start_run("e", name="known").finish()
    (root / "registry.db").chmod(0o444 if mode == 0o555 else 0o644)
    root.chmod(mode)
    return root


def test_who_may_not_write_reads_and_is_told_why_not_more(shared_folder: Path, fresh: Path, script: Script) -> None:
    root = _registry_for_all(shared_folder, fresh, mode=0o555)
    reader = script(
        AS_NOBODY
        + """
with open_registry(sys.argv[1]) as registry:
    print(registry.runs()[0].name, registry.read_only)
    try:
        registry.start_run("e")
    except errors.ReadOnlyRegistry as error:
        print(int(error.exit_code), error)
""",
        root,
    )
    told, complaints = reader.communicate(timeout=20)
    assert not complaints
    assert told.splitlines()[0] == "known True"
    assert told.splitlines()[1].startswith("8 ")
    assert "may not write" in told
    assert sorted(path.name for path in root.iterdir()) == ["objects", "registry.db", "registry.lock", "releases"]


def test_a_folder_that_may_not_be_entered_is_no_missing_registry(
    shared_folder: Path, fresh: Path, script: Script
) -> None:
    root = _registry_for_all(shared_folder, fresh, mode=0o700)
    reader = script(
        AS_NOBODY
        + """
try:
    open_registry(sys.argv[1])
except errors.LinealError as error:
    print(type(error).__name__, error)
""",
        root,
    )
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    told, complaints = reader.communicate(timeout=20)
    assert not complaints
    assert told.startswith("MachineError")
    assert "Permission denied" in told


def test_opened_for_reading_nothing_is_changed(root: Path) -> None:
    with open_registry(root, read_only=True) as registry:
        assert registry.read_only
        assert registry.runs() == []
        with pytest.raises(ReadOnlyRegistry) as caught:
            registry.start_run("e")
        assert caught.value.exit_code is ExitCode.MACHINE


KILLED_WRITER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1] + "/registry.db", isolation_level=None)
connection.execute("PRAGMA cache_size = 5")
connection.execute("BEGIN IMMEDIATE")
for name in range(2000):
    connection.execute("INSERT INTO names (name) VALUES (?)", ("left behind " * 20 + str(name),))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writers_journal_stops_a_reader_until_a_writer_has_come(
    shared_folder: Path, fresh: Path, script: Script
) -> None:
    root = _registry_for_all(shared_folder, fresh, mode=0o755)
    assert script(KILLED_WRITER, root).wait(20) == -signal.SIGKILL
    assert (root / "registry.db-journal").stat().st_size > 0
    ask = (
        AS_NOBODY
        + """
try:
    with open_registry(sys.argv[1]) as registry:
        print(registry.runs()[0].name)
except errors.LinealError as error:
    print(int(error.exit_code), error, "|", error.hint)
"""
    )
    if os.getuid() == 0:
        told, complaints = script(ask, root).communicate(timeout=20)
        assert not complaints
        assert told.startswith("8 ")
        assert "a writer was killed" in told
        assert "| ask someone who may write" in told
    with open_registry(root) as registry:
        assert registry.runs()[0].name == "known"
        assert registry.verify_events().broken_at is None
    with closing(sqlite3.connect(root / "registry.db")) as plain:
        assert plain.execute("SELECT count(*) FROM names").fetchone()[0] == 0
    told, complaints = script(ask, root).communicate(timeout=20)
    assert (told, complaints) == ("known\n", "")


def test_who_may_write_recovers_even_when_only_reading(root: Path, script: Script) -> None:
    assert script(KILLED_WRITER, root).wait(20) == -signal.SIGKILL
    with open_registry(root, read_only=True) as registry:
        assert registry.runs() == []


def test_a_file_size_limit_fails_a_change_and_leaves_the_registry_whole(root: Path, script: Script) -> None:
    process = script(
        """
import os, resource, sys
from lineal import errors
from lineal.registry import open_registry
with open_registry(sys.argv[1]) as registry:
    size = os.path.getsize(sys.argv[1] + "/registry.db")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
    try:
        for _ in range(200):
            registry.start_run("e", tags={"note": "x" * 4000}).finish()
    except errors.LinealError as error:
        print(int(error.exit_code), len(registry.runs()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    registry.start_run("afterwards").finish()
""",
        root,
    )
    told, complaints = process.communicate(timeout=30)
    assert not complaints
    code, runs = told.split()
    assert code == "8"
    with open_registry(root) as registry:
        assert len(registry.runs()) == int(runs) + 1
        assert registry.verify_events().broken_at is None
        assert registry._context.db.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_full_disk_fails_a_change_and_leaves_the_registry_whole(
    shared_folder: Path, fresh: Path, weights: Weights
) -> None:
    disk = shared_folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk cannot be mounted here")
    try:
        root = disk / "registry"
        shutil.copytree(fresh, root)
        with open_registry(root) as registry:
            registry.register("m", weights())
            filler = disk / "filler"
            filler.write_bytes(b"x" * shutil.disk_usage(disk).free)
            with pytest.raises(MachineError, match=r"full|space"):
                registry.register("m", weights(1.0, width=100_000))
            with pytest.raises(MachineError, match="full") as caught:
                registry.set("m", {"notes": "x" * 50_000})
            assert caught.value.exit_code is ExitCode.MACHINE
            assert [version.label for version in registry.versions("m")] == ["1.0.0"]
            assert registry.model("m").notes is None
            assert list((root / "objects" / "tmp").iterdir()) == []
            filler.unlink()
            registry.set("m", {"notes": "x" * 50_000})
            assert registry.verify_events().broken_at is None
    finally:
        subprocess.run(["umount", str(disk)], check=True)


HOLDER = """
import sys
from lineal.registry import open_registry
with open_registry(sys.argv[1]) as registry:
    with registry._context.db.write("ada (register churn)"):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_a_lock_that_is_not_let_go_is_told_with_its_holder(
    root: Path, registry: Registry, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.storage.db.BUSY_SECONDS", 0.2)
    holder = script(HOLDER, root)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert registry.runs() == []  # a reader does not wait
    with pytest.raises(Locked, match=r"by ada \(register churn\); waited 0.2 s") as caught:
        registry.start_run("e")
    assert caught.value.exit_code is ExitCode.CONFLICT
    holder.kill()
    holder.wait()
    registry.start_run("e").finish()
    assert len(registry.runs()) == 1


def test_a_copy_is_a_registry_of_its_own(registry: Registry, tmp_path: Path) -> None:
    registry.start_run("e", name="known").finish()
    target = tmp_path / "copy"
    target.mkdir()
    (target / "registry.db.partial").write_text("of a copy that was killed")
    copy_database(registry._context.db.connection, target / "registry.db")
    with open_registry(target) as copy:
        assert copy.uid == registry.uid
        assert copy.runs()[0].name == "known"
        assert copy.verify_events() == registry.verify_events()
    assert not (target / "registry.db.partial").exists()
