"""What keeps each promise, and how to take it out: with a guard out, the trials of its fault must find something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import MachineError
from lineal.machine import commands
from lineal.machine.locks import exclusive
from lineal.queries import agreement, stages
from lineal.retirement import endings
from lineal.staging import layout, pipelines, transitions
from lineal.storage import db, objects
from lineal.upkeep import verification
from lineal.write_path import audit, waking

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lineal.records.auditing import RawEvent
    from lineal.records.base import Digest
    from lineal.records.endings import Hold
    from lineal.records.models import Version
    from lineal.records.releases import Order
    from lineal.records.stages import Transition


@dataclass(frozen=True, slots=True)
class Guard:
    """Something that keeps a promise."""

    row: int
    """Of the faults that it guards against."""
    what: str
    take_out: Callable[[], None]


def _without_transaction() -> None:
    @contextmanager
    def write(self: db.Database, holder: str) -> Iterator[sqlite3.Connection]:
        with exclusive(self.lock_path, holder=holder, seconds=db.BUSY_SECONDS):
            yield self.connection

    db.Database.write = write  # type: ignore[method-assign]  # that is the point


def _without_words() -> None:
    put = objects.ObjectStore.put

    def raw(self: objects.ObjectStore, source: Path, *, move: bool = False) -> objects.StoredObject:
        try:
            return put(self, source, move=move)
        except MachineError as error:
            raise error.__cause__ or error from None

    objects.ObjectStore.put = raw  # type: ignore[method-assign]  # as above


def _without_links() -> None:
    def naive(order: Order, found: transitions.Ground) -> int | None:
        del order
        return None if found.live is None else found.live.id

    transitions._predecessor = naive


def _without_holds() -> None:
    def naive(connection: sqlite3.Connection, version: Version) -> list[Hold]:
        del connection, version
        return []

    endings.holds = naive


def _without_loop() -> None:
    def naive(reader: int, writer: int, source: Path) -> int:
        content = os.read(reader, os.fstat(reader).st_size)
        os.write(writer, content)
        del source
        return len(content)

    objects._copy_bytes = naive


def _without_fsync() -> None:
    fsync = os.fsync

    def careless(descriptor: int) -> None:
        with suppress(OSError):
            fsync(descriptor)

    os.fsync = careless  # type: ignore[assignment]  # as above


def _without_sync() -> None:
    def forgetful(_: object) -> None:
        return

    os.fsync = forgetful  # type: ignore[assignment]  # as above


def _without_digest() -> None:
    check = objects.ObjectStore.check

    def sizes_only(self: objects.ObjectStore, digest: Digest, size: int, *, content: bool) -> None:
        del content
        check(self, digest, size, content=False)

    objects.ObjectStore.check = sizes_only  # type: ignore[method-assign]  # as above


def _without_database() -> None:
    verification.check_database = lambda *_: []  # as above


def _without_rename() -> None:
    def remove_then_link(directory: Path, name: str | None) -> None:
        current = directory / layout.CURRENT
        current.unlink(missing_ok=True)
        if name is not None:
            current.symlink_to(name)

    layout.switch = remove_then_link  # as above


def _without_turns() -> None:
    @contextmanager
    def crowd(*_: object) -> Iterator[None]:
        yield

    pipelines.alone = crowd  # type: ignore[assignment, attr-defined]  # as above


def _without_limit() -> None:
    run = commands.run

    def patient(
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        seconds: float,
        stop: Callable[[], bool],
    ) -> commands.Finished:
        return run(arguments, environment=environment, folder=folder, seconds=seconds * 14, stop=stop)

    commands.run = patient  # type: ignore[assignment]  # as above


def _without_session() -> None:
    os.setsid = lambda: None  # as above


def _without_sequence() -> None:
    def latest(connection: sqlite3.Connection, stage_id: int) -> Transition | None:
        rows = stages.history(connection, 0, stage_id, before=None, limit=1_000)
        moved = [row for row in rows if row.outcome in {"healthy", "unchecked", "unhealthy"}]
        return max(moved, key=lambda row: row.at, default=None)

    stages.live = latest  # as above


def _without_seals() -> None:
    follow = audit.Chain.follow

    def trusting(self: audit.Chain, batch: Sequence[RawEvent]) -> bool:
        for event in batch:
            if event[0] != self.last + 1 or event[8].decode() != self.head:
                return follow(self, [event])
            self.last, self.head = event[0], event[9].decode()
        return True

    audit.Chain.follow = trusting  # type: ignore[method-assign]  # as above


def _without_cleaning() -> None:
    from lineal_tui.view.drawing import clean

    clean._DANGEROUS = re.compile("(?!)")  # as above


def _without_translation() -> None:
    db.UNREADABLE = ()  # type: ignore[assignment]  # as above


def _without_agreement() -> None:
    agreement.EVERYTHING = ()  # type: ignore[assignment]  # as above


_FORGETFUL = """
import sys
from lineal.processes import worker
from lineal.queries import automation

def lose(connection, *_):
    connection.execute("DROP TRIGGER IF EXISTS deliveries_once")
    return connection.execute("UPDATE deliveries SET state = 'waiting' WHERE state = 'running'").rowcount

automation.lose = lose
sys.argv = ["lineal.processes.worker", *sys.argv[2:]]
worker.main()
"""


def _without_loss() -> None:
    def start(root: Path, lock: int) -> None:
        words = [sys.executable, "-c", _FORGETFUL, "lineal.processes.worker", str(root.absolute()), str(lock)]
        subprocess.Popen(words, start_new_session=True, pass_fds=(lock,)).returncode = 0  # nobody waits for it

    waking._start = start


GUARDS = {
    "rename": Guard(1, "current is replaced by a rename", _without_rename),
    "transaction": Guard(2, "a change and its event are one transaction", _without_transaction),
    "sync": Guard(3, "what is acknowledged is on the disk", _without_sync),
    "words": Guard(4, "an error of the system becomes one of lineal's", _without_words),
    "loop": Guard(5, "a write that took less than it was given goes on", _without_loop),
    "fsync": Guard(6, "a failed fsync is an error", _without_fsync),
    "digest": Guard(7, "the bytes of an object are compared with its name", _without_digest),
    "turns": Guard(8, "one pipeline moves a stage at a time", _without_turns),
    "limit": Guard(9, "a hook has a time limit", _without_limit),
    "session": Guard(10, "a pipeline is in a session of its own", _without_session),
    "sequence": Guard(11, "what is live is what came last, whatever the clock said", _without_sequence),
    "seals": Guard(12, "the hash of each entry is worked out again", _without_seals),
    "agreement": Guard(12, "the registry is compared with its log", _without_agreement),
    "cleaning": Guard(13, "what is shown is cleaned of controls", _without_cleaning),
    "translation": Guard(14, "what SQLite cannot read is damage, and names the file", _without_translation),
    "links": Guard(15, "a rollback goes on from where the one before it went", _without_links),
    "holds": Guard(15, "what a rollback leads to is not retired", _without_holds),
    "loss": Guard(16, "a delivery that was interrupted is lost, and not made again", _without_loss),
    "database": Guard(7, "the database is checked", _without_database),
}
