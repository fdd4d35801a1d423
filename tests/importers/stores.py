"""A store of another program, looked at and changed past the importers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.records.imports import Imported


@dataclass(frozen=True)
class Store:
    """Where it is."""

    folder: Path
    path: Path
    """What an import is told."""

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a statement answers; it does not leave a trace when it only reads."""
        is_change = not statement.lstrip().upper().startswith("SELECT")
        uri = f"file:{self.path}?{'mode=rw' if is_change else 'immutable=1'}"
        with closing(sqlite3.connect(uri, uri=True)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def files(self) -> dict[str, bytes]:
        """Every file below it."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }


def added(made: Imported) -> dict[str, int]:
    """How many of each kind were added, zeros left out."""
    return {count.kind: count.added for count in made.counts if count.added}


def lost(made: Imported) -> list[str]:
    """What was not brought, in words."""
    return [f"{remark.kind} {remark.name}: {remark.problem}" for remark in made.remarks if remark.is_lost]
