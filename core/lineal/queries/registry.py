"""The registry's own row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def uid(connection: sqlite3.Connection) -> str:
    """The registry's identifier, which stays when it is moved."""
    return str(connection.execute("SELECT uid FROM registry").fetchone()[0])
