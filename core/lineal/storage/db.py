"""Opening `registry.db`: what it must be, how it is read, and the one way to write to it."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineal.errors import (
    Conflict,
    Damaged,
    ForeignRegistry,
    LinealError,
    Locked,
    MachineError,
    NewerRegistry,
    NoRegistry,
    ReadOnlyRegistry,
)
from lineal.machine.forks import unforked
from lineal.machine.locks import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APPLICATION_ID = 0x6C6E6C31
"""`lnl1`, as the file's header has it."""

SCHEMA_VERSION = 1
"""What this lineal reads and writes; one more with every migration step."""

BUSY_SECONDS = 15.0

_DAMAGE_HINT = "see `lineal verify`; restore a backup if it stays so"

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # off, INSERT OR REPLACE would go past the append-only triggers
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_spill = OFF",  # a spill takes the exclusive lock long before the commit
    "PRAGMA synchronous = EXTRA",
    "PRAGMA temp_store = MEMORY",
)

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What sqlite3 raises; of damage whose description is no text, only that it cannot be decoded."""

_COPIED_MOST = 256 << 20
"""Bytes of a database that are copied into memory to find what is wrong in it."""

_databases: weakref.WeakSet[Database] = weakref.WeakSet()


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly."""


class Database:
    """A registry's database: a connection for each thread, one writer at a time across all processes.

    Only SQLite ever opens the file: closing any other handle on it would drop SQLite's locks in this process.
    """

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        """Bind the database in `root`; nothing is opened before it is used.

        Args:
            root: the registry's directory.
            read_only: refuse changes even where the files could be written.
        """
        self.root = root
        self.path = root / "registry.db"
        self.lock_path = root / "registry.lock"
        why = _why_read_only(root, self.path)
        # Who may write opens for writing even when only reading, so that what a killed writer left can be rolled back.
        self._writable = why is None
        self.waiting: Callable[[str], None] = lambda _: None
        """Told whom a change has waited for, for more than a second."""
        self.read_only_reason = "it was opened read-only" if read_only else why
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._guard = threading.Lock()
        _databases.add(self)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, opened and checked at its first use.

        Raises:
            NoRegistry: there is no registry.
            ForeignRegistry: the file is not a registry.
            NewerRegistry: a later lineal wrote it.
            Damaged: SQLite cannot make sense of it.
            MachineError: it cannot be opened.
        """
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        with unforked():
            connection = open_database(self.path, writable=self._writable)
            with self._guard:
                self._open.add(connection)
        return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent view for the block, which must be short: it keeps writers from committing."""
        connection = self.connection
        if connection.in_transaction:
            yield connection
            return
        with unforked():
            try:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    if _is_open(connection):
                        connection.execute("COMMIT")
            except UNREADABLE as error:
                raise translate(error, self.path) from error
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                self._blame(error)
                raise

    def _blame(self, error: Exception) -> None:
        """Raise Damaged where it is what the database holds that nothing could be made of, and no mistake of ours."""
        from json import JSONDecodeError  # noqa: PLC0415  only damage needs it

        from lineal.rules.canonical import NotAsWritten  # noqa: PLC0415  as above

        try:
            found = _first_fault(self.connection, in_memory=not self._writable)
        except UNREADABLE as unreadable:
            raise translate(unreadable, self.path) from error
        if found != "ok" or isinstance(error, JSONDecodeError | NotAsWritten):
            kind = (
                "a text that is no JSON" if isinstance(error, JSONDecodeError) else "JSON that nothing can be made of"
            )
            why = found if found != "ok" else f"it holds {kind} ({error})"
            raise Damaged(path=self.path, why=why, hint=_DAMAGE_HINT) from error

    @contextmanager
    def write(self, holder: str) -> Iterator[sqlite3.Connection]:
        """One transaction, alone among all writers; rolled back when the block raises.

        Args:
            holder: who writes, told to whoever waits in vain.

        Raises:
            ReadOnlyRegistry: changes are not possible here.
            Locked: another writer kept the lock too long.
            LinealError: what `translate` makes of SQLite's error.
        """
        self.check_writable()
        connection = self.connection
        if connection.in_transaction:
            raise Conflict(what="a change", why="another change of this thread is under way")
        lock = exclusive(self.lock_path, holder=holder, seconds=BUSY_SECONDS, waiting=self.waiting)
        with lock, unforked():
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if _is_open(connection):
                        connection.execute("ROLLBACK")
                    raise
            except UNREADABLE as error:
                raise translate(error, self.path) from error
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                self._blame(error)
                raise

    def check_writable(self) -> None:
        """Check that changes are possible here, before anything but the database is touched.

        Raises:
            ReadOnlyRegistry: they are not.
        """
        if self.read_only_reason is not None:
            raise ReadOnlyRegistry(path=self.root, why=self.read_only_reason, hint=_owner_hint(self.path))

    def data_version(self) -> int:
        """A number that changes when another connection has changed the database."""
        try:
            with unforked():
                row = self.connection.execute("PRAGMA data_version").fetchone()
        except UNREADABLE as error:
            raise translate(error, self.path) from error
        return int(row[0])

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            for connection in list(self._open):
                connection.close()
            self._open.clear()
        self._local = threading.local()

    def abandon(self) -> None:
        """In a forked child: forget the parent's connections without touching their files."""
        for connection in list(self._open):
            if connection.in_transaction:
                # Closing it, even when the interpreter ends, would roll the parent's transaction back.
                import ctypes  # noqa: PLC0415  needed by nobody else

                ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self._open = weakref.WeakSet()
        self._guard = threading.Lock()
        self._local = threading.local()


def _first_fault(connection: sqlite3.Connection, *, in_memory: bool) -> str:
    """What SQLite finds first in a database, or `ok`; `in_memory`: that it may not write, where it sees no CHECK."""
    pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    if not in_memory or pages * size > _COPIED_MOST:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    copy = sqlite3.connect(":memory:")
    try:
        connection.backup(copy)
        return str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
    finally:
        copy.close()


def _is_open(connection: sqlite3.Connection) -> bool:
    """Whether its transaction is still open: some errors end it by themselves."""
    return connection.in_transaction


def _abandon_all() -> None:
    for database in list(_databases):
        database.abandon()


os.register_at_fork(after_in_child=_abandon_all)


def open_database(path: Path, *, writable: bool, known: int = SCHEMA_VERSION) -> _Connection:
    """Open a registry's database file and check that it is one.

    Args:
        path: the file.
        writable: whether it will be written to.
        known: the highest schema version accepted.

    Raises:
        LinealError: as `Database.connection`.
    """
    connection = connect(path, mode="rw" if writable else "ro")
    try:
        check_identity(connection, path, known=known)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path, *, mode: str) -> _Connection:
    """Connect to a database file with the project's settings; `mode` as in SQLite's URIs (`ro`, `rw`, `rwc`).

    Raises:
        LinealError: what `translate` makes of SQLite's error.
    """
    uri = f"file:{_quoted(path)}?mode={mode}"
    try:
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except UNREADABLE as error:
        raise translate(error, path) from error
    return connection


def _quoted(path: Path) -> str:
    text = os.fspath(path.absolute())
    return text.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def check_identity(connection: sqlite3.Connection, path: Path, *, known: int = SCHEMA_VERSION) -> int:
    """Check that an open database is a registry this lineal may use; returns its schema version.

    Raises:
        ForeignRegistry: it is something else.
        NewerRegistry: it is newer than `known`.
        LinealError: what `translate` makes of SQLite's error.
    """
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except UNREADABLE as error:
        raise translate(error, path) from error
    if application != APPLICATION_ID:
        empty = path.stat().st_size == 0
        raise ForeignRegistry(path=path, why="it is empty" if empty else "it is another program's database")
    if version > known:
        raise NewerRegistry(path=path, found=version, known=known)
    return version


def _why_read_only(root: Path, path: Path) -> str | None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = None
        if root.is_dir() and (root / ".lineal" / "registry.db").exists():
            hint = f"there is one at {root / '.lineal'}"
        raise NoRegistry(path=root, hint=hint) from error
    except OSError as error:
        raise MachineError(path=root, why=error.strerror) from error
    if not os.access(path, os.W_OK):
        return f"you may not write {path.name}"
    if not os.access(root, os.W_OK):
        return "you may not write its folder"
    for name in ("registry.lock", "objects", "releases"):
        if not os.access(root / name, os.W_OK) and os.path.lexists(root / name):
            return f"you may not write {name}"
    return None


def _owner_hint(path: Path) -> str | None:
    """Who may change a registry that this process may not; None where its files could be written."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return None
    try:
        uid = path.stat().st_uid
    except OSError:
        return None  # it was there a moment ago; what is wrong is told already
    if uid == os.geteuid():
        return f"it is yours: `chmod -R u+w {path.parent}` lets you write it, unless its file system is read-only"
    from lineal.machine.actors import name_of  # noqa: PLC0415  only mistakes need it

    owner = name_of(uid)
    return f"it belongs to {owner}: do it as {owner}, such as with `sudo -u {owner} lineal ...`, or ask them to"


def translate(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> LinealError:
    """What an error of SQLite means to the person who met it."""
    if isinstance(error, UnicodeDecodeError):
        return Damaged(path=path, why="it holds text that is none", hint=_DAMAGE_HINT)
    name = getattr(error, "sqlite_errorname", "") or ""
    why = str(error)
    if name.startswith("SQLITE_BUSY") or name == "SQLITE_LOCKED":
        return Locked(path=path, by="", seconds=BUSY_SECONDS)
    if why.startswith("Could not decode to UTF-8"):
        return Damaged(path=path, why="it holds text that is none", hint=_DAMAGE_HINT)
    if name == "SQLITE_NOTADB":
        return ForeignRegistry(path=path, why="it is not an SQLite database")
    if name.startswith("SQLITE_CORRUPT"):
        return Damaged(path=path, why=why, hint=_DAMAGE_HINT)
    if name == "SQLITE_READONLY_ROLLBACK" or (name.startswith("SQLITE_CANTOPEN") and os.path.lexists(_journal(path))):
        return ReadOnlyRegistry(
            path=path.parent,
            why="a writer was killed and left its journal, which only someone who may write can roll back",
            hint="ask someone who may write to run any lineal command here once",
        )
    if name.startswith("SQLITE_READONLY"):
        return ReadOnlyRegistry(path=path.parent, why=why)
    if name == "SQLITE_FULL":
        return MachineError(path=path, why="the disk is full; nothing was changed")
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_NOMEM", "SQLITE_AUTH")):
        return MachineError(path=path, why=f"{why} ({name})")
    if name.startswith("SQLITE_CONSTRAINT"):
        return Conflict(what="the change", why=f"it breaks a rule of the registry ({why}); nothing was changed")
    if isinstance(error, sqlite3.OperationalError) and why.startswith(("unsupported file format", "malformed")):
        return Damaged(path=path, why=why, hint=_DAMAGE_HINT)
    if isinstance(error, sqlite3.OperationalError) and "no such" in why:
        return Damaged(path=path, why=f"its schema is not as it must be ({why})", hint=_DAMAGE_HINT)
    return LinealError(what=f"{path}: {why} ({name or type(error).__name__})")


def _journal(path: Path) -> Path:
    return path.with_name(path.name + "-journal")
