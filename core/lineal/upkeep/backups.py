"""Backups of a registry, made while others write, and registries made from them."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineal.data.fingerprint import refuse_registry
from lineal.errors import AlreadyExists, Conflict, Damaged, MachineError, NoSource
from lineal.machine.actors import current_actor
from lineal.machine.durable import give_name, sync_folder
from lineal.queries import automation as automation_rows
from lineal.queries import events as event_rows
from lineal.queries import releases as release_rows
from lineal.queries import upkeep as rows
from lineal.records.upkeep import BackedUp, Restored
from lineal.storage.copies import copy_database
from lineal.storage.db import UNREADABLE, check_identity, connect, translate
from lineal.storage.objects import ObjectStore
from lineal.upkeep import archives
from lineal.upkeep.verification import check_database
from lineal.write_path import audit
from lineal.write_path.context import now

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lineal.write_path.context import Context

    Progress = Callable[[int, int], None]

_NO_EVENT = "0" * 64


def back_up(
    context: Context, target: Path, *, objects: bool = False, progress: Progress = lambda _, __: None
) -> BackedUp:
    """Write a backup, consistent, checked and durable; others may write meanwhile.

    Args:
        context: the registry.
        target: the file to make: an SQLite database, or with `objects` a tar archive.
        objects: also the bytes of all versions.
        progress: told bytes written and bytes there are to write; may raise to stop.

    Raises:
        AlreadyExists: there is such a file.
        Damaged: the database or an object is damaged; nothing is written then.
        MachineError: it cannot be written, or is full; nothing is left of it.
    """
    with _new_file(target) as partial:
        database = partial.with_name(f"{partial.name}.db") if objects else partial
        try:
            _copy(context.db.connection, context.db.path, database)
            counts = _check(database, context.db.path)
            stored = None
            if objects:
                with _open_copy(database, context.db.path) as connection:
                    stored = archives.write(partial, database, connection, context.objects, progress)
        finally:
            if objects:
                database.unlink(missing_ok=True)
        size = partial.stat().st_size
    versions, head = counts
    return BackedUp(str(target), size, stored, versions, head)


def restore(source: Path, target: Path, *, progress: Progress = lambda _, __: None) -> Restored:
    """Make a registry from a backup: all of it, checked and durable, or nothing.

    Args:
        source: what `back_up` wrote.
        target: the registry's directory; it must not exist, or be an empty folder.
        progress: told bytes read and bytes there are to read; may raise to stop.

    Raises:
        Conflict: there is something at `target`.
        NoSource, NotReadable: there is no such backup, or it may not be read.
        Refused: it is the database of a registry, and no backup of one.
        ForeignRegistry, NewerRegistry, Damaged: it is no backup, of a later lineal, or not what was written.
        MachineError: the registry cannot be written.
    """
    _require_empty(target)
    refuse_registry(source.parent, source.name)
    is_archive = archives.is_archive(source)
    place = target.resolve()
    # Within an empty folder that is there: it may be another file system's, and its owner and mode are its own.
    parent = place if place.is_dir() else place.parent
    partial = parent / f".restoring-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        try:
            (partial / "objects").mkdir(parents=True)
            (partial / "releases").mkdir()
            done = _fill(source, partial, target, progress, is_archive=is_archive)
            _put_in_place(partial, place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise MachineError(path=target, why=error.strerror or str(error)) from error
    return done


def _put_in_place(partial: Path, place: Path) -> None:
    if partial.parent == place:
        for name in ("objects", "releases", "registry.db"):  # the database last: without it there is no registry
            (partial / name).rename(place / name)
        partial.rmdir()
        sync_folder(place)
    else:
        partial.rename(place)  # never over a folder with something in it
        sync_folder(place.parent)


def _fill(source: Path, partial: Path, target: Path, progress: Progress, *, is_archive: bool) -> Restored:
    database, store = partial / "registry.db", ObjectStore(partial / "objects")
    objects = 0
    if is_archive:
        with archives.reading(source, progress) as archive:
            archive.extract_database(database)
            versions, _ = _check(database, source)
            with _open_copy(database, source) as connection:
                objects = archive.extract_objects(connection, store)
    else:
        _copy_backup(source, database)
        versions, _ = _check(database, source)
    with _open_copy(database, source) as connection:
        count, size = rows.object_totals(connection)
    unbound, disabled = _let_go(database)
    for folder in (partial / "objects", partial):
        sync_folder(folder)
    return Restored(str(target), versions, objects, count - objects, 0 if objects else size, unbound, disabled)


def _let_go(database: Path) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Unbind all stages and disable all automations: the original may still be moving the ones and running the others.

    `current` has one master, and an event is delivered at most once.
    """
    connection = connect(database, mode="rw")
    try:
        connection.execute("BEGIN IMMEDIATE")
        unbound = release_rows.unbind_all(connection)
        disabled = tuple(automation_rows.stop_all(connection, now()))
        if unbound or disabled:
            told = {"unbound": dict(unbound), **({"disabled": list(disabled)} if disabled else {})}
            audit.append(connection, now(), current_actor(), "registry_restored", "registry", told)
        connection.execute("COMMIT")
    except UNREADABLE as error:
        raise translate(error, database) from error
    finally:
        connection.close()
    return unbound, disabled


def _copy_backup(source: Path, database: Path) -> None:
    # Through SQLite, so that a registry's own file, if that is what was named, is copied whole and keeps its locks.
    connection = connect(source, mode="ro")
    try:
        check_identity(connection, source)
        _copy(connection, source, database)
    finally:
        connection.close()


def _copy(connection: sqlite3.Connection, path: Path, target: Path) -> None:
    try:
        copy_database(connection, target)
    except UNREADABLE as error:
        raise translate(error, path) from error


@contextmanager
def _open_copy(database: Path, path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(database, mode="rw")  # where it may not write, SQLite leaves every CHECK out of its check
    try:
        check_identity(connection, path)
        yield connection
    except UNREADABLE as error:
        raise translate(error, path) from error
    finally:
        connection.close()


def _check(database: Path, path: Path) -> tuple[int, str]:
    """Check a copy of the database at `path`; returns how many versions it has, and the head of its audit log."""
    with _open_copy(database, path) as connection:
        findings = check_database(connection, path)
        if findings:
            more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
            raise Damaged(path=path, why=findings[0].problem + more, hint="`lineal verify` tells all that is wrong")
        head = event_rows.head(connection)
        return rows.version_count(connection), _NO_EVENT if head is None else head[1]


def _require_empty(target: Path) -> None:
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise Conflict(what=f"restoring to {target}", why="there is a file", hint="name a folder that is not there yet")
    if any(target.iterdir()):
        raise Conflict(
            what=f"restoring to {target}", why="the folder is not empty", hint="name one that is empty, or not there"
        )


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A name to write a file under, which becomes `target` when the block ends well, and nothing otherwise.

    Raises:
        AlreadyExists: there is such a file.
        NoSource: there is no such folder.
        MachineError: it cannot be written.
    """
    if os.path.lexists(target):
        raise AlreadyExists(kind="file", name=str(target), hint="a backup never replaces a file; name another")
    if not target.absolute().parent.is_dir():
        raise NoSource(path=target.parent)
    partial = target.with_name(f".backup-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        try:
            yield partial
            give_name(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(target.absolute().parent)
    except FileExistsError as error:
        hint = "a backup never replaces a file; name another"
        raise AlreadyExists(kind="file", name=str(target), hint=hint) from error
    except OSError as error:
        raise MachineError(path=target, why=error.strerror or str(error)) from error
