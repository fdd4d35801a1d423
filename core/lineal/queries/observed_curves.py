"""What was observed in the columns of a drawing: single values where all of an hour are kept, else the whole hour."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries.curves import RAW, Piece
from lineal.queries.observations import HOUR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from lineal.queries.curves import Window

# What the hours between two of them come to, those of a column in one row; the end of an hour is its last microsecond.
_HOURS = f"""
SELECT min(hour) * {HOUR}, max(hour) * {HOUR} + {HOUR - 1}, sum(count), min(least), max(most),
    sum(CASE WHEN odd < count THEN total END), 0, 0, 0, sum(odd)
FROM observed_hours WHERE series_id = :series AND hour BETWEEN :low AND :high
GROUP BY min(max(CAST((hour * {HOUR} + {HOUR // 2} - :first) * :scale AS INTEGER), 0), :most)"""

# Those whose single values are not all kept any more.
_ROLLED = f"""
SELECT hour * {HOUR}, hour * {HOUR} + {HOUR - 1}, count, least, most, CASE WHEN odd < count THEN total END, 0, 0, 0, odd
FROM observed_hours h WHERE series_id = :series AND hour BETWEEN :low AND :high AND count > (
    SELECT count(*) FROM observations o
    WHERE o.series_id = h.series_id AND o.at >= h.hour * {HOUR} AND o.at < (h.hour + 1) * {HOUR})"""

_KEPT = f"at BETWEEN :first AND :last AND at / {HOUR} NOT IN (SELECT value FROM json_each(:rolled))"


def pieces(connection: sqlite3.Connection, series: int, window: Window) -> Iterator[Piece]:
    """What was observed within a window, by column; of an hour that was rolled up all of it, as long as it touches it.

    Args:
        connection: to read from.
        series: its row number.
        window: by time.
    """
    values: dict[str, float | str] = {
        "series": series,
        "first": window.first,
        "last": window.last,
        "low": window.first // HOUR,
        "high": window.last // HOUR,
        "scale": 1 / window.width if window.width else 0.0,
        "most": window.columns - 1,
    }
    if window.width >= HOUR:
        yield from _read(connection, _HOURS, values)
        return
    rolled = list(_read(connection, _ROLLED, values))
    yield from rolled
    values["rolled"] = json.dumps([piece.first // HOUR for piece in rolled])
    yield from _read(connection, RAW.format(axis="at", table="observations", where=_KEPT), values)


def _read(connection: sqlite3.Connection, statement: str, values: dict[str, float | str]) -> Iterator[Piece]:
    return (Piece(*row) for row in connection.execute(statement, values).fetchall())
