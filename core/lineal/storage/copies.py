"""Copies of a registry's database, made while others write to it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import MachineError
from lineal.machine.durable import sync_folder
from lineal.machine.locks import Marks
from lineal.storage.db import UNREADABLE, check_identity, connect, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lineal.storage.db import Database

_PAGES = 2_000
"""What is copied before writers are let in between: 8 MiB at SQLite's usual page."""

_OK = 0


class _Restarted(Exception):
    """A writer came in between, so that SQLite began again from the first page."""


def copy_database(
    source: sqlite3.Connection, target: Path, *, progress: Callable[[int, int], None] = lambda _, __: None
) -> None:
    """Copy a database in steps that let writers in between, durable when it returns.

    A writer that comes in between makes SQLite begin again; each time the steps grow, so that it ends under any load.

    Args:
        source: an open connection that is in no transaction.
        target: the file to write; it must not exist.
        progress: told pages copied and pages there are; may raise to stop.

    Raises:
        sqlite3.Error: either database cannot be used.
        MachineError: the file cannot be made durable.
    """
    pages = _PAGES
    while not _is_copied(source, target, pages, progress):
        pages *= 2
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(target.parent)
    except OSError as error:
        raise MachineError(path=target, why=error.strerror or str(error)) from error


def _is_copied(source: sqlite3.Connection, target: Path, pages: int, progress: Callable[[int, int], None]) -> bool:
    wanted: int | None = None

    def watch(status: int, remaining: int, total: int) -> None:
        nonlocal wanted
        if status == _OK:
            if wanted is not None and remaining > wanted:
                raise _Restarted
            wanted = max(remaining - pages, 0)
        progress(total - remaining, total)

    copy = sqlite3.connect(target, isolation_level=None)
    try:
        # Nobody needs half a copy: no journal, and the one fsync at the end.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        source.backup(copy, pages=pages, progress=watch, sleep=0.002)
    except _Restarted:
        return False
    finally:
        copy.close()
    return True


@contextmanager
def snapshot(database: Database, objects: Path, uses: Path) -> Iterator[sqlite3.Connection]:
    """A private copy of the database for the block, for checks that would hold writers up.

    Args:
        database: the registry's.
        objects: the folder of the store, whose `tmp` takes the copy; where that is full or may not be written, the
            system's folder for temporary files does.
        uses: where the copy's name is held, so that it is not collected.

    Raises:
        LinealError: the database cannot be read, or there is no room for the copy.
    """
    name = f"{os.getpid()}-{os.urandom(8).hex()}"
    here, elsewhere = objects / "tmp" / name, Path(tempfile.gettempdir()) / name
    held = Marks(uses)
    try:
        path = elsewhere
        if os.access(here.parent, os.W_OK | os.X_OK):
            try:
                held.hold(name)
                _copy(database, here)
                path = here
            except MachineError:
                here.unlink(missing_ok=True)
        if path is elsewhere:
            _copy(database, elsewhere)
        copy = connect(path, mode="rw")  # where it may not write, SQLite leaves every CHECK out of its check
        try:
            check_identity(copy, database.path)
            yield copy
        finally:
            copy.close()
    finally:
        here.unlink(missing_ok=True)
        elsewhere.unlink(missing_ok=True)
        held.close()


def _copy(database: Database, target: Path) -> None:
    try:
        copy_database(database.connection, target)
    except UNREADABLE as error:
        raise translate(error, database.path) from error
