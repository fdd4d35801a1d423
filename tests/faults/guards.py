"""What keeps each promise, and how to take it out: with a guard out, the trials of its fault must find something."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal import db, objects, verification
from lineal.errors import MachineError
from lineal.locks import exclusive

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lineal.records.base import Digest


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


def _without_digest() -> None:
    check = objects.ObjectStore.check

    def sizes_only(self: objects.ObjectStore, digest: Digest, size: int, *, content: bool) -> None:
        del content
        check(self, digest, size, content=False)

    objects.ObjectStore.check = sizes_only  # type: ignore[method-assign]  # as above


def _without_database() -> None:
    verification.check_database = lambda *_: []  # as above


GUARDS = {
    "transaction": Guard(2, "a change and its event are one transaction", _without_transaction),
    "words": Guard(4, "an error of the system becomes one of lineal's", _without_words),
    "loop": Guard(5, "a write that took less than it was given goes on", _without_loop),
    "fsync": Guard(6, "a failed fsync is an error", _without_fsync),
    "digest": Guard(7, "the bytes of an object are compared with its name", _without_digest),
    "database": Guard(7, "the database is checked", _without_database),
}
