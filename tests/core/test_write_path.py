"""What the write path promises: append-only histories, an event for each change, and writers who never hurt others."""

# ruff: noqa: S608  the names of tables and columns are written in this file

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Conflict, Locked
from lineal.registry import open_registry
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Script, Weights

    from lineal.registry import Registry

APPEND_ONLY = (
    "events",
    "transitions",
    "evaluations",
    "artifact_files",
    "version_params",
    "version_metrics",
    "version_parents",
    "version_datasets",
)
FIXED = {
    "versions": (
        "uid model_id seq label label_reason run_n artifact_id architecture_id signature created_at created_by claim"
    ),
    "dataset_versions": "dataset_id seq label digest uri rows bytes columns run_n created_at created_by",
}


@pytest.fixture
def full(registry: Registry, weights: Weights, tmp_path: Path) -> Registry:
    """A registry with a row in every table that must not change."""
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    with registry.start_run("e", params={"lr": 0.1}) as run:
        run.use_dataset("customers", tmp_path / "train.csv")
        run.log_metric("auc", 0.9)
        run.register("m", weights())
    registry.register("m", weights(1.0), parent="m:1.0.0")
    registry.evaluate("m:1.0.0", {"auc": 0.8})
    registry.promote("m:1.0.0", "production")
    registry.promote("m:1.0.1", "production")
    return registry


def _as_the_library_does(root: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(root / "registry.db", isolation_level=None)
    connection.execute("PRAGMA recursive_triggers = ON")
    return connection


def _as_any_program_does(root: Path) -> sqlite3.Connection:
    return sqlite3.connect(root / "registry.db", isolation_level=None)


@pytest.mark.parametrize("connect", [_as_the_library_does, _as_any_program_does])
@pytest.mark.parametrize("table", [*APPEND_ONLY, *FIXED])
def test_what_is_kept_for_ever_is_neither_replaced_nor_removed(
    table: str, connect: Callable[[Path], sqlite3.Connection], full: Registry
) -> None:
    with closing(connect(full.root)) as connection:
        before = connection.execute(f"SELECT * FROM {table}").fetchall()
        assert before
        names = ", ".join(row[0] for row in connection.execute(f"SELECT name FROM pragma_table_info('{table}')"))
        again = f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}"
        for statement in (f"DELETE FROM {table}", again):
            with pytest.raises(sqlite3.IntegrityError, match=r"append-only|for ever"):
                connection.execute(statement)
        if table in APPEND_ONLY:
            column = connection.execute(f"SELECT name FROM pragma_table_info('{table}') LIMIT 1").fetchone()[0]
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(f"UPDATE {table} SET {column} = {column}")
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == before


@pytest.mark.parametrize(
    ("table", "column"), [(table, each) for table, names in FIXED.items() for each in names.split()]
)
def test_what_identifies_a_version_is_fixed(table: str, column: str, full: Registry) -> None:
    with (
        closing(_as_any_program_does(full.root)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="fixed for ever"),
    ):
        connection.execute(f"UPDATE {table} SET {column} = {column}")


def test_a_digest_must_be_one(full: Registry) -> None:
    with closing(_as_any_program_does(full.root)) as connection:
        for wrong in ("", "sha256:12", "sha256:" + "G" * 64, "sha1:" + "0" * 66, "sha256:" + "A" * 64):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute("INSERT INTO objects (digest, size, created_at) VALUES (?, 1, 1)", (wrong,))


def test_a_change_without_an_event_is_undone(full: Registry) -> None:
    before = full.model("m")
    with (
        pytest.raises(AssertionError, match="without an event"),
        full._context.change(Permission.DESCRIBE, "m") as change,
    ):
        change.connection.execute("UPDATE models SET owner = 'nobody'")
    assert full.model("m") == before


def test_a_change_that_raises_is_undone_with_its_events(full: Registry) -> None:
    before = full.events()

    def change_and_fail() -> None:
        with full._context.change(Permission.DESCRIBE, "m") as change:
            change.connection.execute("UPDATE models SET owner = 'nobody'")
            change.record("described", "m")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert full.events() == before
    assert full.model("m").owner is None


def test_a_change_within_a_change_is_refused(registry: Registry) -> None:
    with registry._context.db.write("outer"), pytest.raises(Conflict, match="under way"):
        registry.start_run("e")


def test_every_change_appends_its_event(registry: Registry, weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a\n1\n")
    run = registry.start_run("e")
    changes: dict[str, Callable[[], object]] = {
        "params_logged": lambda: run.log_param("lr", 1),
        "tags_set": lambda: run.set_tag("team", "risk"),
        "dataset_version_added dataset_read": lambda: run.use_dataset("d", tmp_path / "d.csv"),
        "run_finished": run.finish,
        "model_created version_registered": lambda: registry.register("m", weights()),
        "version_registered": lambda: registry.register("m", weights(1)),
        "evaluated": lambda: registry.evaluate("m:1.0.0", {"auc": 1}),
        "described": lambda: registry.set("m", {"owner": "ada", "purpose": "x"}),
        "stage_added": lambda: registry.add_stage("m", "canary"),
        "stage_removed": lambda: registry.remove_stage("m@canary"),
        "promoted": lambda: registry.promote("m:1.0.0", "production"),
        "promoted again": lambda: registry.promote("m:1.0.1", "production"),
        "rolled_back marked_bad": lambda: registry.rollback("m@production", bad=True),
        "marked_active": lambda: registry.mark("m:1.0.1", "active"),
        "undone": lambda: registry.undo("m@production"),
        "cleared": lambda: registry.clear("m@production"),
    }
    for expected, change in changes.items():
        before = len(registry.events())
        change()
        new = registry.events()[: len(registry.events()) - before]
        assert [event.action for event in reversed(new)] == expected.removesuffix(" again").split()
    for nothing in (
        lambda: registry.mark("m:1.0.0", "active"),
        lambda: registry.add_dataset("d", tmp_path / "d.csv"),
        lambda: registry.set("m", {}),
        run.finish,
    ):
        before = len(registry.events())
        nothing()
        assert len(registry.events()) == before
    assert registry.verify_events().checked == len(registry.events())


STOPPED_READER = """
import os, signal, sys
from contextlib import nullcontext
from lineal.registry import open_registry
with open_registry(sys.argv[1], read_only=True) as registry:
    newest = registry.versions_page("m", limit=1)
    with registry._context.read() if sys.argv[2] == "inside" else nullcontext():
        registry.versions_page("m", limit=1)
        os.kill(os.getpid(), signal.SIGSTOP)
    print(registry.versions_page("m", before=newest[0].seq, limit=1)[0].label)
"""


def _stopped_reader(script: Script, root: Path, where: str) -> int:
    process = script(STOPPED_READER, root, where)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return process.pid


def test_a_reader_stopped_between_two_pages_does_not_block_a_writer(full: Registry, script: Script) -> None:
    pid = _stopped_reader(script, full.root, "between")
    began = time.monotonic()
    full.set("m", {"owner": "ada"})
    assert time.monotonic() - began < 2
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_reader_stopped_within_a_page_would_block_a_writer(
    full: Registry, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.storage.db.BUSY_SECONDS", 0.1)
    pid = _stopped_reader(script, full.root, "inside")
    with open_registry(full.root) as impatient, pytest.raises(Locked):
        impatient.set("m", {"owner": "ada"})
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    full.set("m", {"owner": "ada"})
    assert full.model("m").owner == "ada"


WRITER = """
import sys
from pathlib import Path
from lineal.errors import OutOfDate
from lineal.registry import open_registry
root, number = Path(sys.argv[1]), int(sys.argv[2])
with open_registry(root) as registry:
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(2):
        with registry.start_run("e", params={"process": number, "turn": turn}) as run:
            for step in range(25):
                run.log_metric("loss", number, step=step)
                run.log_metric("auc", step)
            file = root.parent / f"{number}-{turn}.bin"
            file.write_bytes(b"%d %d" % (number, turn))
            version = run.register("m", file, tags={"process": str(number)})
        while True:
            try:
                registry.promote(version.ref, "staging")
                break
            except OutOfDate:
                continue
"""


def test_eight_processes_that_write_at_once_lose_nothing(root: Path, script: Script) -> None:
    writers = [script(WRITER, root, number) for number in range(8)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate(timeout=60) == ("", "")
    with open_registry(root) as registry:
        runs = registry.run_details(registry.runs())
        assert len(runs) == 16
        assert sorted((run.params["process"], run.params["turn"]) for run in runs) == [
            (number, turn) for number in range(8) for turn in range(2)
        ]
        for run in runs:
            assert run.run.status == "finished"
            assert {series.name: series.count for series in run.metrics} == {"loss": 25, "auc": 25}
            assert [point.step for point in registry.points(run.run, "loss")] == list(range(25))
            assert [point.value for point in registry.points(run.run, "auc")] == list(range(25))
        versions = registry.versions("m")
        assert [version.seq for version in versions] == list(range(16, 0, -1))
        assert len({version.label for version in versions}) == len({version.uid for version in versions}) == 16
        assert len({version.digest for version in versions}) == len({version.run for version in versions}) == 16
        history = registry.history("m", "staging")
        assert [transition.seq for transition in history] == list(range(16, 0, -1))
        assert {transition.to_version for transition in history} == {version.id for version in versions}
        for newer, older in pairwise(history):
            assert newer.from_version == older.to_version
            assert newer.predecessor == newer.replaced == older.id
        assert registry.live("m@staging").version.id == history[0].to_version
        actions = [event.action for event in registry.events()]
        for action in ("run_started", "run_finished", "version_registered", "promoted"):
            assert actions.count(action) == 16
        assert actions.count("model_created") == 1
        assert registry.verify_events().broken_at is None


def test_threads_that_share_a_registry_lose_nothing(registry: Registry) -> None:
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for _ in range(5):
                registry.start_run("e", params={"thread": number}).finish()
                registry.runs()
        except BaseException as error:  # noqa: BLE001  told below, by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(registry.runs()) == 30
    assert registry.verify_events().broken_at is None


FORKED_BESIDE_A_CHANGE = """
import os, sys, threading, time
from lineal.machine import locks
from lineal.storage import db
from lineal.registry import open_registry

class Slow(set):
    def discard(self, descriptor):
        super().discard(descriptor)
        time.sleep(0.05)

db.BUSY_SECONDS = 2.0
locks._held = Slow()  # so that the fork comes while the writer lets its lock go
registry = open_registry(sys.argv[1])
registry.start_run("before").finish()
writing = threading.Event()

def write():
    with registry._context.change("log", "exp:e") as change:
        change.connection.execute("INSERT INTO names (name) VALUES ('of the parent')")
        writing.set()
        time.sleep(0.1)
        change.record("tags_set", "exp:e")

writer = threading.Thread(target=write)
writer.start()
writing.wait()
child = os.fork()
if child == 0:
    time.sleep(0.2)
    registry.start_run("child").finish()
    os._exit(0)
writer.join()
registry.start_run("parent").finish()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_forked_while_another_thread_writes_can_write_too(root: Path, script: Script) -> None:
    process = script(FORKED_BESIDE_A_CHANGE, root)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0
    with open_registry(root) as registry, registry._context.read() as connection:
        assert {run.experiment for run in registry.runs()} == {"before", "child", "parent"}
        assert connection.execute("SELECT count(*) FROM names WHERE name = 'of the parent'").fetchone() == (1,)
    assert registry.verify_events().broken_at is None


FORKED_WITHIN_A_CHANGE = """
import os, sys
from lineal.registry import open_registry
registry = open_registry(sys.argv[1])
with registry._context.change("log", "exp:e") as change:
    change.connection.execute("INSERT INTO names (name) VALUES ('of the parent')")
    if os.fork() == 0:
        print("child", flush=True)
        sys.stdin.readline()
        del change
        registry.close()
        print("done", flush=True)
        os._exit(0)
    os.kill(os.getpid(), 9)
"""


def test_a_child_of_a_killed_writer_keeps_neither_its_lock_nor_its_transaction(root: Path, script: Script) -> None:
    process = script(FORKED_WITHIN_A_CHANGE, root)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "child\n"
    assert process.wait(10) == -signal.SIGKILL
    began = time.monotonic()
    with open_registry(root) as registry:  # while the child still lives
        registry.start_run("other").finish()
        assert time.monotonic() - began < 5
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"
        registry.start_run("another").finish()
        assert {run.experiment for run in registry.runs()} == {"other", "another"}
        with registry._context.read() as connection:
            assert connection.execute("SELECT count(*) FROM names").fetchone() == (0,)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
