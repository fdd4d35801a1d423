"""Statements of a search can be called off while they run, and end by themselves when another way would be faster."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineal.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STEPS = 2_000
"""Steps of SQLite's machine between two looks at whether the search goes on."""
_STEPS_PER_ROW = 30


class TooFar(Exception):
    """A walk that took longer than the other way would have."""


@contextmanager
def watched(connection: sqlite3.Connection, stopped: Callable[[], bool] | None, most: int) -> Iterator[None]:
    """Let a statement be called off, or end when it has gone over `most` rows, about."""
    looks, is_over = 0, False

    def look() -> int:
        nonlocal looks, is_over
        looks += 1
        is_over = 0 <= most * _STEPS_PER_ROW < looks * _STEPS
        return is_over or (stopped is not None and stopped())

    connection.set_progress_handler(look, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        if is_over:
            raise TooFar from None
        raise Cancelled(what="the search", who="you") from None
    finally:
        connection.set_progress_handler(None, 0)
