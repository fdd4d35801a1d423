"""What every reader of another program's store has in common: its shape, and opening SQLite without leaving a trace."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from lineal.errors import Damaged, LinealError, Locked, NoSource, NotReadable, SourceChanged
from lineal.formats.opening import machine_errors, opened, read_exactly
from lineal.records.imports import ForeignSeries
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from lineal.records.imports import (
        ForeignExperiment,
        ForeignModel,
        ForeignRun,
        ForeignStore,
        ForeignVersion,
        Remark,
    )
    from lineal.records.runs import Point

    Tell = Callable[[Remark], None]

PAGE = 200
"""Runs that are looked at together."""
CHUNK = 5_000
"""Points of a history that travel together."""
SECONDS = 15.0
"""How long another program's lock is waited for."""
_NAMESPACE = uuid.UUID("4a1c1be2-9a55-4c1b-8f0e-6c1f0f8f5a07")


class Reader(Protocol):
    """A store of another program, opened for reading; what it cannot make sense of it tells and leaves out."""

    @property
    def store(self) -> ForeignStore:
        """Which store it is."""

    @property
    def near(self) -> tuple[Path, ...]:
        """Folders in which the files that it names may lie."""

    def close(self) -> None:
        """Let the store go."""

    def check(self) -> None:
        """Say that what was read so far was whole.

        Raises:
            SourceChanged: it was written to in a way that reading it cannot cope with.
        """

    def total(self) -> int:
        """How many runs and versions there are."""

    def experiments(self) -> Iterable[ForeignExperiment]:
        """All experiments."""

    def run_marks(self) -> Iterator[list[tuple[str, str | None]]]:
        """The ids of all runs with their marks, in pages; runs that began earlier come first where that is known."""

    def runs(self, ids: Collection[str]) -> list[ForeignRun]:
        """Runs by id; those that are not there are left out."""

    def series(self, ids: Collection[str]) -> Iterator[ForeignSeries]:
        """The metric histories of runs, in parts."""

    def models(self) -> Iterable[ForeignModel]:
        """All models."""

    def versions(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        """The versions of a model, the oldest first."""


def identity(*what: object) -> str:
    """The UUID of a store with this content, or of something in it."""
    return str(uuid.uuid5(_NAMESPACE, canonical_json(what)))


def in_parts(rows: Iterable[tuple[str, str, Point]]) -> Iterator[ForeignSeries]:
    """Histories in parts of bounded size, equal points always in the same part.

    Args:
        rows: (run, metric, point), sorted by all of them.
    """
    key: tuple[str, str] | None = None
    points: list[Point] = []
    for run, name, point in rows:
        is_full = len(points) >= CHUNK and (points[-1].step, points[-1].at) != (point.step, point.at)
        if key is not None and (key != (run, name) or is_full):
            yield ForeignSeries(*key, tuple(points))
            points = []
        key = (run, name)
        points.append(point)
    if key is not None:
        yield ForeignSeries(*key, tuple(points))


class SqliteFile:
    """Another program's database, read without writing to it or its folder."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            NoSource, NotReadable: it is not there, or may not be read.
            Damaged: it is no SQLite database.
        """
        self.path = path
        with opened(path) as file:
            head = read_exactly(file, 20)
        if not head.startswith(b"SQLite format 3\0") or len(head) < 20:
            raise Damaged(path=path, why="it is no SQLite database")
        # Reading a write-ahead database makes two files beside it where its writers have none open; then nobody
        # writes, and it can be read as one that does not change, as long as it does not.
        is_ahead = 2 in head[18:20]
        self._is_still = is_ahead and not self._ahead().exists()
        self._state = self._look()
        uri = f"file:{_quoted(path)}?mode=ro{'&immutable=1' if self._is_still else ''}"
        try:
            self.connection = sqlite3.connect(uri, uri=True, timeout=SECONDS, isolation_level=None)
            self.connection.execute("PRAGMA query_only = ON")
            self.connection.execute("PRAGMA trusted_schema = OFF")
            self.connection.execute("PRAGMA temp_store = FILE")
            self.connection.execute("PRAGMA mmap_size = 0")
        except sqlite3.Error as error:
            raise translated(error, path) from error

    def close(self) -> None:
        """Let it go."""
        self.connection.close()

    def check(self) -> None:
        """As `Reader.check`."""
        if self._is_still and (self._ahead().exists() or self._look() != self._state):
            raise SourceChanged(path=self.path)

    def tables(self) -> dict[str, frozenset[str]]:
        """The columns of every table."""
        rows = self.rows(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
        found: dict[str, set[str]] = {}
        for table, column in rows:
            found.setdefault(table, set()).add(column)
        return {table: frozenset(columns) for table, columns in found.items()}

    def rows(self, statement: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows that a statement finds, one after another.

        Raises:
            Locked: another program kept its lock too long.
            Damaged: the database is.
        """
        with _translating(self.path):
            yield from self.connection.execute(statement, values)

    def _look(self) -> tuple[int, int]:
        with machine_errors(self.path):
            found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def _ahead(self) -> Path:
        return self.path.with_name(self.path.name + "-wal")


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error
    except UnicodeDecodeError as error:
        raise Damaged(path=path, why=f"a text in it is no UTF-8 ({error.reason})") from error


def translated(error: sqlite3.Error, path: Path) -> LinealError:
    """What an error of SQLite means for a store that is only read."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_BUSY") or name == "SQLITE_LOCKED":
        return Locked(path=path, by=" by the program that writes it", seconds=SECONDS)
    if name == "SQLITE_READONLY_ROLLBACK":
        why = "a program was killed while it wrote to it; open it once with that program, then import again"
        return Damaged(path=path, why=why)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_READONLY")):
        return NotReadable(path=path, why=str(error)) if path.exists() else NoSource(path=path)
    return Damaged(path=path, why=str(error))


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
