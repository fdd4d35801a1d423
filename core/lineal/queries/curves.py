"""Metric histories of any length in the columns of a drawing: blocks where they are fine enough, else their points."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lineal.queries.blocks import FAN, SIZE, WHOLE, size_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence


class Series(NamedTuple):
    """A metric of a run, and how many points it has."""

    id: int
    points: int
    last: float | None = None
    """The value logged last; None for one that is no number."""


class Piece(NamedTuple):
    """What some points of a series come to, which lie so near to one another that one column has them all."""

    first: int
    """Where on the axis they begin."""
    last: int
    points: int
    least: float | None
    """Of the finite values; None when none is."""
    most: float | None
    total: float | None
    nans: int
    above: int
    below: int
    odd: int = 0
    """Values that are one of these three, and it is not known any more which."""


class _Block(NamedTuple):
    level: int
    n: int
    first_step: int
    last_step: int
    first_at: int
    last_at: int
    points: int
    least: float | None
    most: float | None
    total: float | None
    nans: int
    above: int
    below: int


@dataclass(frozen=True, slots=True)
class Window:
    """A part of an axis, cut into columns."""

    by_time: bool
    """Whether the axis is the time; else the step."""
    first: int
    last: int
    columns: int

    @property
    def width(self) -> float:
        """Of a column; 0 when the window is a single place."""
        return (self.last - self.first) / self.columns

    @property
    def axis(self) -> str:
        """The column of points that is the axis."""
        return "at" if self.by_time else "step"


_COLUMNS = "level, n, first_step, last_step, first_at, last_at, count, least, most, total, nans, above, below"

# The columns of a piece, over points or over their values, which are finite or NULL, as `finite`.
RAW = """
SELECT min({axis}), max({axis}), count(*), min(finite), max(finite), sum(finite), sum(value IS NULL),
    sum(coalesce(value = 9e999, 0)), sum(coalesce(value = -9e999, 0))
FROM (
    SELECT {axis}, value, CASE WHEN value > -9e999 AND value < 9e999 THEN value END AS finite
    FROM {table} WHERE series_id = :series AND {where})
GROUP BY min(CAST(({axis} - :first) * :scale AS INTEGER), :most)"""
"""What the points of a series in `table` come to, by column of the `axis`, as the fields of a piece."""

# A version has what it was registered with; without that, what it was evaluated at last.
_VALUES = """
SELECT {axis} AS axis, v.label, x.value FROM versions v
JOIN version_metrics x ON x.version_id = v.id
    AND x.name_id = (SELECT id FROM names WHERE name = :metric)
WHERE v.model_id = :model
UNION ALL
SELECT {axis}, v.label, e.value FROM evaluations e JOIN versions v ON v.id = e.version_id
WHERE v.model_id = :model AND e.name_id = (SELECT id FROM names WHERE name = :metric)
    AND e.id = (SELECT max(id) FROM evaluations WHERE version_id = e.version_id AND name_id = e.name_id)
    AND NOT EXISTS (SELECT 1 FROM version_metrics WHERE version_id = e.version_id AND name_id = e.name_id)"""


def series_named(connection: sqlite3.Connection, runs: Collection[int], metric: str) -> dict[int, Series]:
    """The series of runs with this name, by the run's row number; runs without it are missing."""
    rows = connection.execute(
        "SELECT s.run_n, s.id, s.count, s.last FROM series s JOIN names n ON n.id = s.name_id "
        "WHERE n.name = ? AND s.run_n IN (SELECT value FROM json_each(?))",
        (metric, json.dumps(list(runs))),
    ).fetchall()
    return {run: Series(series, count, last) for run, series, count, last in rows}


def metric_names(connection: sqlite3.Connection, runs: Collection[int]) -> list[tuple[str, int, int]]:
    """(name, runs that have it, most points) of all metrics of runs."""
    return connection.execute(
        "SELECT n.name, count(*), max(s.count) FROM series s JOIN names n ON n.id = s.name_id "
        "WHERE s.run_n IN (SELECT value FROM json_each(?)) GROUP BY n.name",
        (json.dumps(list(runs)),),
    ).fetchall()


def extent(connection: sqlite3.Connection, series: Series, *, by_time: bool) -> tuple[int, int]:
    """The first and the last step, or time, of a series."""
    if not by_time:
        first, last = (
            connection.execute(
                f"SELECT step FROM points WHERE series_id = ? ORDER BY step {order} LIMIT 1", (series.id,)
            ).fetchone()[0]
            for order in ("ASC", "DESC")
        )
        return first, last
    if not _has_blocks(connection, series):
        first, last = connection.execute(
            "SELECT min(at), max(at) FROM points WHERE series_id = ?", (series.id,)
        ).fetchone()
        return first, last
    blocks = _covering(connection, series, _top(series))
    return min(block.first_at for block in blocks), max(block.last_at for block in blocks)


def pieces(connection: sqlite3.Connection, series: Series, window: Window) -> Iterator[Piece]:
    """What the points of a series within a window come to; no piece is wider than a column, but any may straddle two.

    A long series is read from its blocks; its points only where blocks are too wide, or cut by the window's ends.
    """
    if not _has_blocks(connection, series):
        yield from _points(connection, series, window, f"{window.axis} BETWEEN :first AND :last", {})
        return
    blocks, are_fine = _chosen(connection, series, window)
    if not are_fine:
        if blocks:
            yield from _range(connection, series, window, [_bounds(blocks)])
        return
    fitting, ranges = _parted(_divided(connection, series, window, blocks), window)
    for block in fitting:
        first, last = (block.first_at, block.last_at) if window.by_time else (block.first_step, block.last_step)
        yield Piece(first, last, *block[6:])
    yield from _range(connection, series, window, ranges)


def _has_blocks(connection: sqlite3.Connection, series: Series) -> bool:
    """Whether a series has blocks up to its last point: not when it is short, nor when its points were put there."""
    if series.points <= WHOLE:
        return False
    statement = "SELECT 1 FROM point_blocks WHERE series_id = ? AND level = 0 AND n = ?"
    return connection.execute(statement, (series.id, (series.points - 1) // SIZE)).fetchone() is not None


def _top(series: Series) -> int:
    level = 0
    while series.points // size_of(level + 1):
        level += 1
    return level


def _covering(
    connection: sqlite3.Connection,
    series: Series,
    level: int,
    *,
    low: int = 0,
    high: int | None = None,
    window: Window | None = None,
) -> list[_Block]:
    """Blocks of a level, and of lower ones what came after its last complete one; with a window only what touches it.

    Args:
        connection: to read from.
        series: whose blocks.
        level: of the blocks.
        low: the first block's number.
        high: the last one's; None for no end.
        window: None for the whole series.
    """
    where = ""
    values: tuple[int, ...] = ()
    if window is not None:
        where = f"AND first_{window.axis} <= ? AND last_{window.axis} >= ? "
        values = (window.last, window.first)
    statement = f"SELECT {_COLUMNS} FROM point_blocks WHERE series_id = ? AND level = ? AND n BETWEEN ? AND ? {where}"
    most = 1 << 62
    found = connection.execute(statement, (series.id, level, low, most if high is None else high, *values)).fetchall()
    for lower in range(level - 1, -1, -1):
        after = series.points // size_of(lower + 1) * FAN
        found += connection.execute(statement, (series.id, lower, after, most, *values)).fetchall()
    return [_Block(*row) for row in found]


def _finer(
    connection: sqlite3.Connection, series: Series, window: Window, level: int, blocks: Sequence[_Block]
) -> list[_Block]:
    """What touches a window of the level below the one of these blocks, which touch it."""
    above = [block.n for block in blocks if block.level == level + 1]
    # what came after the last complete block above is of this level, or of a lower one, already
    low = min(above, default=series.points // size_of(level + 1)) * FAN
    high = None if any(block.level <= level for block in blocks) else (max(above, default=0) + 1) * FAN - 1
    return _covering(connection, series, level, low=low, high=high, window=window)


def _chosen(connection: sqlite3.Connection, series: Series, window: Window) -> tuple[list[_Block], bool]:
    """The blocks to draw a window from, of the finest level that has no more than a few to a column.

    Returns:
        The blocks, and False when even the finest are coarser than the columns.
    """
    level = _top(series)
    found = _covering(connection, series, level, window=window)
    while level and len(found) < window.columns:
        level -= 1
        found = _finer(connection, series, window, level, found)
    return found, len(found) >= window.columns


def _divided(connection: sqlite3.Connection, series: Series, window: Window, found: list[_Block]) -> list[_Block]:
    """Replace blocks that are wider than a column, or cut by the window's ends, by the blocks that they are made of."""
    kept: list[_Block] = []
    while found:
        wide = [block for block in found if block.level and not _fits(block, window)]
        kept.extend(block for block in found if not block.level or _fits(block, window))
        found = []
        for level in {block.level for block in wide}:
            numbers = [block.n * FAN + k for block in wide if block.level == level for k in range(FAN)]
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM point_blocks WHERE series_id = ? AND level = ? "
                f"AND n IN (SELECT value FROM json_each(?)) AND first_{window.axis} <= ? AND last_{window.axis} >= ?",
                (series.id, level - 1, json.dumps(numbers), window.last, window.first),
            ).fetchall()
            found += map(_Block._make, rows)
    return kept


def _fits(block: _Block, window: Window) -> bool:
    first, last = (block.first_at, block.last_at) if window.by_time else (block.first_step, block.last_step)
    return window.first <= first and last <= window.last and last - first <= window.width


_Key = tuple[int, int]


def _parted(blocks: list[_Block], window: Window) -> tuple[list[_Block], list[tuple[_Key, _Key]]]:
    """The blocks that fit into columns, and the ranges of (step, time) in which points have to be read instead.

    Points may be logged in any order: a block that overlaps a range is read with it, so that nothing counts twice.
    """
    if all(_fits(block, window) for block in blocks):
        return blocks, []
    groups: list[tuple[_Key, _Key, list[_Block]]] = []
    for low, high, block in sorted(((*_bounds([block]), block) for block in blocks), key=lambda entry: entry[:2]):
        if groups and low <= groups[-1][1]:
            start, end, members = groups[-1]
            members.append(block)
            groups[-1] = (start, max(end, high), members)
        else:
            groups.append((low, high, [block]))
    fitting: list[_Block] = []
    ranges: list[tuple[_Key, _Key]] = []
    for low, high, members in groups:
        if all(_fits(block, window) for block in members):
            fitting.extend(members)
        else:
            ranges.append((low, high))
    if len(ranges) > window.columns:  # steps that go up and down with the time: one statement is faster than so many
        return [], [_bounds(blocks)]
    return fitting, ranges


def _bounds(blocks: Sequence[_Block]) -> tuple[_Key, _Key]:
    return (
        min((block.first_step, block.first_at) for block in blocks),
        max((block.last_step, block.last_at) for block in blocks),
    )


def _range(
    connection: sqlite3.Connection, series: Series, window: Window, ranges: Sequence[tuple[_Key, _Key]]
) -> Iterator[Piece]:
    for (first_step, first_at), (last_step, last_at) in ranges:
        yield from _points(
            connection,
            series,
            window,
            # the plus keeps the planner from going by the axis, whose range is wider
            f"(step, at) >= (:first_step, :first_at) AND (step, at) <= (:last_step, :last_at) "
            f"AND +{window.axis} BETWEEN :first AND :last",
            {"first_step": first_step, "first_at": first_at, "last_step": last_step, "last_at": last_at},
        )


def _points(
    connection: sqlite3.Connection, series: Series, window: Window, where: str, values: dict[str, int]
) -> Iterator[Piece]:
    rows = connection.execute(
        RAW.format(axis=window.axis, table="points", where=where),
        {
            **values,
            "series": series.id,
            "first": window.first,
            "last": window.last,
            "scale": 1 / window.width if window.width else 0.0,
            "most": window.columns - 1,
        },
    ).fetchall()
    return (Piece(*row) for row in rows)


def versions_of(connection: sqlite3.Connection, model: int, metric: str, window: Window) -> list[tuple[Piece, str]]:
    """As `pieces`, of what a model's versions were registered with, or evaluated at later; with one of their labels.

    The axis is when they were registered, or their sequence numbers.
    """
    axis = "v.created_at" if window.by_time else "v.seq"
    rows = connection.execute(
        f"""
SELECT min(axis), max(axis), count(*), min(finite), max(finite), sum(finite), sum(value IS NULL),
    sum(coalesce(value = 9e999, 0)), sum(coalesce(value = -9e999, 0)), max(label)
FROM (
    SELECT axis, label, value, CASE WHEN value > -9e999 AND value < 9e999 THEN value END AS finite
    FROM ({_VALUES.format(axis=axis)}) WHERE axis BETWEEN :first AND :last)
GROUP BY min(CAST((axis - :first) * :scale AS INTEGER), :most)""",
        {
            "model": model,
            "metric": metric,
            "first": window.first,
            "last": window.last,
            "scale": 1 / window.width if window.width else 0.0,
            "most": window.columns - 1,
        },
    ).fetchall()
    return [(Piece(*row[:-1]), row[-1]) for row in rows]


def versions_extent(
    connection: sqlite3.Connection, model: int, metric: str, *, by_time: bool
) -> tuple[int, int, int] | None:
    """The first and the last version that has a metric, on the axis of `versions_of`, and how many do."""
    first, last, count = connection.execute(
        f"SELECT min(axis), max(axis), count(*) FROM ({_VALUES.format(axis='v.created_at' if by_time else 'v.seq')})",
        {"model": model, "metric": metric},
    ).fetchone()
    return (first, last, count) if count else None


def version_metric_names(connection: sqlite3.Connection, model: int) -> list[tuple[str, int]]:
    """(name, versions that have it) of the metrics that a model's versions were registered with or evaluated at."""
    return connection.execute(
        "SELECT n.name, count(DISTINCT x.version_id) FROM (SELECT version_id, name_id FROM version_metrics "
        "UNION ALL SELECT version_id, name_id FROM evaluations) x "
        "JOIN versions v ON v.id = x.version_id JOIN names n ON n.id = x.name_id WHERE v.model_id = ? GROUP BY n.id",
        (model,),
    ).fetchall()
