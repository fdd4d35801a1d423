"""What the points of long series come to in blocks, kept as they are logged, so that curves need not read them all."""

from __future__ import annotations

from math import inf, isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.records.runs import Point

SIZE = 32
"""Points in a block of the lowest level."""

FAN = 4
"""Blocks of a level in one of the next."""

WHOLE = 4096
"""A series of up to so many points has no blocks: it is read as it is."""


def size_of(level: int) -> int:
    """How many points a block of a level has."""
    return int(SIZE * FAN**level)


_SUMS = """
INSERT INTO point_blocks (series_id, level, n, count, first_step, last_step, first_at, last_at, least, most, total,
    nans, above, below) """

_BUILD = (
    _SUMS
    + f"""
SELECT ?1, 0, i / {SIZE}, count(*), min(step), max(step), min(at), max(at), min(finite), max(finite), sum(finite),
    sum(value IS NULL), sum(coalesce(value = 9e999, 0)), sum(coalesce(value = -9e999, 0))
FROM (
    SELECT step, at, value, CASE WHEN value > -9e999 AND value < 9e999 THEN value END AS finite,
        row_number() OVER (ORDER BY step, at, n) - 1 AS i
    FROM points WHERE series_id = ?1)
GROUP BY i / {SIZE}"""
)

_ADD = (
    _SUMS
    + """VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (series_id, level, n) DO UPDATE SET
    count = count + excluded.count,
    first_step = min(first_step, excluded.first_step), last_step = max(last_step, excluded.last_step),
    first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
    least = min(coalesce(least, excluded.least), coalesce(excluded.least, least)),
    most = max(coalesce(most, excluded.most), coalesce(excluded.most, most)),
    total = coalesce(total + excluded.total, total, excluded.total),
    nans = nans + excluded.nans, above = above + excluded.above, below = below + excluded.below"""
)

_JOIN = (
    _SUMS
    + f"""
SELECT series_id, level + 1, n / {FAN}, sum(count), min(first_step), max(last_step), min(first_at), max(last_at),
    min(least), max(most), sum(total), sum(nans), sum(above), sum(below)
FROM point_blocks WHERE series_id = ? AND level = ? AND n >= ? AND n < ? GROUP BY n / {FAN}"""
)


def add(connection: sqlite3.Connection, series: int, before: int, points: Sequence[Point]) -> None:
    """Keep the blocks of a series to which points were added.

    Args:
        connection: of the transaction that added them.
        series: its row number.
        before: how many points it had.
        points: the new ones, in the order in which they were logged.
    """
    after = before + len(points)
    if after <= WHOLE:
        return
    if before <= WHOLE:
        build(connection, series, after)
        return
    connection.executemany(_ADD, _blocks(series, before, points))
    _join(connection, series, before, after)


def build(connection: sqlite3.Connection, series: int, count: int) -> None:
    """Make the blocks of a series that has so many points and no blocks; a short one needs none."""
    if count > WHOLE:
        connection.execute(_BUILD, (series,))
        _join(connection, series, 0, count)


def _join(connection: sqlite3.Connection, series: int, before: int, after: int) -> None:
    level = 0
    while (complete := after // size_of(level + 1)) > before // size_of(level + 1):
        first = before // size_of(level + 1)
        connection.execute(_JOIN, (series, level, first * FAN, complete * FAN))
        level += 1


def _blocks(series: int, before: int, points: Sequence[Point]) -> list[tuple[int | float | None, ...]]:
    rows: list[tuple[int | float | None, ...]] = []
    begin = 0
    while begin < len(points):
        n = (before + begin) // SIZE
        end = min(len(points), (n + 1) * SIZE - before)
        part = points[begin:end]
        steps, times, values = ([p.step for p in part], [p.at for p in part], [p.value for p in part])
        finite = [value for value in values if -inf < value < inf]
        nans = above = below = 0
        if len(finite) < len(values):
            nans = sum(map(isnan, values))
            above, below = values.count(inf), values.count(-inf)
        least, most, total = (min(finite), max(finite), sum(finite)) if finite else (None, None, None)
        rows.append(
            (
                *(series, n, len(part), min(steps), max(steps), min(times), max(times)),
                *(least, most, total, nans, above, below),
            )
        )
        begin = end
    return rows
