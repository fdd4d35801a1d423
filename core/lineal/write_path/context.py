"""What every use case works with: a registry's database and objects, the time, and who acts."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.base import Actor, Micros
from lineal.write_path.policy import Permission, authorize

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lineal.queries import waiting, words
    from lineal.storage.db import Database
    from lineal.storage.objects import ObjectStore
    from lineal.write_path import audit, waking
else:
    audit = Later("lineal.write_path.audit")
    waiting = Later("lineal.queries.waiting")
    waking = Later("lineal.write_path.waking")
    words = Later("lineal.queries.words")


def now() -> Micros:
    """The time of this machine's clock."""
    return Micros(time.time_ns() // 1_000)


def boot_id() -> str:
    """What tells this start of the machine from every other; `-` where nothing does."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123  a path object costs
            return file.read().strip()
    except OSError:
        return "-"  # not Linux: the process id alone must do


@dataclass(slots=True)
class Change:
    """One transaction that changes the registry, and the events it appends."""

    connection: sqlite3.Connection
    at: Micros
    """The time of the change."""
    actor: Actor
    events: int = 0
    """How many were appended."""

    def record(self, action: str, ref: str, /, **data: object) -> None:
        """Append what happened, in the past tense, to the audit log."""
        audit.append(self.connection, self.at, self.actor, action, ref, data)
        self.events += 1

    def is_awaited(self) -> bool:
        """Whether an automation waits for what was appended, or for what was before."""
        if not self.events or not waiting.is_anything(self.connection):
            return False
        depth = waking.depth()
        if depth:
            waiting.set_depth(self.connection, self.events, depth)
        return True


@dataclass(frozen=True, slots=True)
class Context:
    """A registry as one person sees it."""

    db: Database
    objects: ObjectStore
    clock: Callable[[], Micros]
    actor: Actor

    @property
    def root(self) -> Path:
        """The registry's directory."""
        return self.db.root

    def _holder(self, what: str) -> str:
        return f"{self.actor.user}, process {os.getpid()} on {os.uname().nodename} ({what})"

    def storing(self) -> AbstractContextManager[ObjectStore]:
        """The store for a writer, as `ObjectStore.storing`.

        Raises:
            ReadOnlyRegistry: changes are not possible here.
        """
        self.db.check_writable()
        return self.objects.storing()

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """A short consistent view."""
        return self.db.read()

    def check(self, permission: Permission, subject: str) -> None:
        """Ask what `change` will ask again, before anything is done that a refusal could not take back.

        Raises:
            NotPermitted: the actor may not.
            ReadOnlyRegistry: changes are not possible here.
        """
        self.db.check_writable()
        with self.read() as connection:
            authorize(connection, self.actor, permission, subject)

    @contextmanager
    def change(self, permission: Permission, subject: str) -> Iterator[Change]:
        """A transaction in which `subject` is changed; it must append an event, or change nothing.

        Raises:
            NotPermitted: the actor may not.
            LinealError: the registry cannot be written.
        """
        with self.db.write(self._holder(f"{permission} {subject}")) as connection:
            authorize(connection, self.actor, permission, subject)
            is_awaited = yield from self._change(connection, f"{permission} {subject}")
        if is_awaited:
            waking.wake(self.root)

    @contextmanager
    def conclude(self, subject: str) -> Iterator[Change]:
        """As `change`, for the end of what was permitted when it began: it is recorded whatever was revoked since."""
        with self.db.write(self._holder(f"concluding {subject}")) as connection:
            is_awaited = yield from self._change(connection, f"concluding {subject}")
        if is_awaited:
            waking.wake(self.root)

    def _change(self, connection: sqlite3.Connection, what: str) -> Generator[Change, None, bool]:
        before = connection.total_changes
        change = Change(connection, self.clock(), self.actor)
        yield change
        if not change.events and connection.total_changes != before:
            msg = f"{what} changed the registry without an event"
            raise AssertionError(msg)
        words.catch_up(connection)
        return change.is_awaited()

    @contextmanager
    def journal(self, subject: str) -> Iterator[sqlite3.Connection]:
        """A transaction that only writes how far a pipeline is: its start and its end have the events."""
        with self.db.write(self._holder(f"moving {subject}")) as connection:
            yield connection

    @contextmanager
    def measure(self, subject: str) -> Iterator[sqlite3.Connection]:
        """A transaction that only adds metric points, which append no event."""
        with self.db.write(self._holder(f"log {subject}")) as connection:
            authorize(connection, self.actor, Permission.LOG, subject)
            yield connection

    @contextmanager
    def observe(self, subject: str) -> Iterator[Change]:
        """A transaction that adds observations, which append no event; what they set off does."""
        with self.db.write(self._holder(f"observe {subject}")) as connection:
            authorize(connection, self.actor, Permission.OBSERVE, subject)
            change = Change(connection, self.clock(), self.actor)
            yield change
            is_awaited = change.is_awaited()
        if is_awaited:
            waking.wake(self.root)
