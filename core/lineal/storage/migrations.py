"""Creating a registry's database and bringing an older one up to date, one recorded step after another."""

from __future__ import annotations

import os
import sqlite3
import uuid
from typing import TYPE_CHECKING

from sqlite_utils import Database as UtilsDatabase
from sqlite_utils import Migrations

from lineal import schema
from lineal.errors import AlreadyExists, MachineError
from lineal.machine.durable import sync_folder
from lineal.machine.locks import exclusive
from lineal.storage import copies
from lineal.storage.db import APPLICATION_ID, BUSY_SECONDS, SCHEMA_VERSION, check_identity, connect, translate

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.records.base import Micros

steps = Migrations("lineal")


@steps()
def first_tables(db: UtilsDatabase) -> None:
    """Every table of the first schema."""
    _run_script(db.conn, schema.TABLES)


def _run_script(connection: sqlite3.Connection, script: str) -> None:
    # executescript() would commit the transaction that a step and its record share.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def create(root: Path, *, now: Micros) -> None:
    """Make a new, empty registry in `root`.

    Args:
        root: the registry's directory; created with its parents if missing.
        now: the time to record as its creation.

    Raises:
        AlreadyExists: there is a registry.
        MachineError: the folder or the file cannot be written.
    """
    path = root / "registry.db"
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / "objects").mkdir(exist_ok=True)
        (root / "releases").mkdir(exist_ok=True)
        if root.name == ".lineal":  # beside somebody's code, where it would be committed with it
            (root / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise MachineError(path=root, why=error.strerror or str(error)) from error
    with exclusive(root / "registry.lock", holder=f"process {os.getpid()}, creating it", seconds=BUSY_SECONDS):
        if path.exists():
            raise AlreadyExists(kind="registry", name=str(root), where="")
        partial = root / "registry.db.partial"
        partial.unlink(missing_ok=True)
        connection = connect(partial, mode="rwc")
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _apply(connection)
            connection.execute("INSERT INTO registry (id, uid, created_at) VALUES (1, ?, ?)", (str(uuid.uuid4()), now))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise translate(error, path) from error
        finally:
            connection.close()
        partial.rename(path)
        sync_folder(root)


def upgrade(root: Path) -> Path | None:
    """Bring the registry in `root` up to this lineal's schema, after a backup beside it.

    Returns:
        The backup, or None when nothing was to do.

    Raises:
        LinealError: the database is not a registry, is newer, damaged, locked, or cannot be written.
    """
    path = root / "registry.db"
    with exclusive(root / "registry.lock", holder=f"process {os.getpid()}, upgrading it", seconds=BUSY_SECONDS):
        connection = connect(path, mode="rw")
        try:
            version = check_identity(connection, path)
            if version == SCHEMA_VERSION:
                return None
            backup = root / f"registry-before-schema-{SCHEMA_VERSION}.db"
            copy_database(connection, backup)
            connection.execute("BEGIN IMMEDIATE")
            _apply(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise translate(error, path) from error
        finally:
            connection.close()
    return backup


def _apply(connection: sqlite3.Connection) -> None:
    steps.apply(UtilsDatabase(connection, execute_plugins=False))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database in steps that let writers in between, durable when it returns.

    Args:
        source: an open connection.
        target: the file to write; replaced only when the copy is whole.
    """
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    copies.copy_database(source, partial)
    partial.replace(target)
    sync_folder(target.parent)
