"""Metric histories of runs and their running sums."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from lineal.queries import blocks
from lineal.queries.values import number, number_column
from lineal.records.base import Micros
from lineal.records.runs import Direction, MetricSeries, Point

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_SERIES = """
SELECT s.run_n, s.id, n.name, s.count, s.last, s.last_step, s.last_at, s.min, s.max, s.best, d.name, v.label
FROM series s JOIN names n ON n.id = s.name_id
LEFT JOIN dataset_versions v ON v.id = s.dataset_version_id LEFT JOIN datasets d ON d.id = v.dataset_id """


def append(
    connection: sqlite3.Connection,
    run: int,
    name_id: int,
    dataset_version: int | None,
    direction: Direction | None,
    points: Sequence[Point],
) -> bool:
    """Add points to a metric's history and to its sums.

    Returns:
        False, and nothing is added, when the history was measured on another dataset version.
    """
    numbers = [point.value for point in points if point.value == point.value]  # NaN is unlike itself
    least, most = (min(numbers), max(numbers)) if numbers else (None, None)
    last = max(reversed(points), key=lambda point: (point.step, point.at))  # of equals, the one logged last
    row = connection.execute(
        "SELECT id, dataset_version_id, last_step, last_at, min, max, count FROM series "
        "WHERE run_n = ? AND name_id = ?",
        (run, name_id),
    ).fetchone()
    before = 0
    if row is None:
        row = connection.execute(
            "INSERT INTO series (run_n, name_id, dataset_version_id, count, last, last_step, last_at, min, max, best) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                run,
                name_id,
                dataset_version,
                len(points),
                number_column(last.value),
                last.step,
                last.at,
                least,
                most,
                _best(direction, least, most),
            ),
        ).fetchone()
    else:
        series, measured_on, last_step, last_at, old_least, old_most, before = row
        if dataset_version is not None and measured_on != dataset_version:
            return False
        least = min((value for value in (least, old_least) if value is not None), default=None)
        most = max((value for value in (most, old_most) if value is not None), default=None)
        connection.execute("UPDATE series SET count = count + ? WHERE id = ?", (len(points), series))
        if (least, most) != (old_least, old_most):  # else their indexes would be written for nothing
            connection.execute(
                "UPDATE series SET min = ?, max = ?, best = ? WHERE id = ?",
                (least, most, _best(direction, least, most), series),
            )
        if (last.step, last.at) >= (last_step, last_at):
            connection.execute(
                "UPDATE series SET last = ?, last_step = ?, last_at = ? WHERE id = ?",
                (number_column(last.value), last.step, last.at, series),
            )
    _insert_points(connection, row[0], points)
    blocks.add(connection, row[0], before, points)
    return True


def _insert_points(connection: sqlite3.Connection, series: int, points: Sequence[Point]) -> None:
    rows = [(series, point.step, point.at, number_column(point.value)) for point in points]
    connection.execute("SAVEPOINT points")
    try:
        connection.executemany("INSERT INTO points (series_id, step, at, value) VALUES (?, ?, ?, ?)", rows)
    except sqlite3.IntegrityError:
        # Some share step and time with another: they are numbered, which costs a look-up each.
        connection.execute("ROLLBACK TO points")
        connection.executemany(
            "INSERT INTO points (series_id, step, at, n, value) VALUES (?1, ?2, ?3, "
            "(SELECT coalesce(max(n), -1) + 1 FROM points WHERE series_id = ?1 AND step = ?2 AND at = ?3), ?4)",
            rows,
        )
    connection.execute("RELEASE points")


def _best(direction: Direction | None, least: float | None, most: float | None) -> float | None:
    if direction is None:
        return None
    return most if direction is Direction.HIGHER else least


def set_best(connection: sqlite3.Connection, experiment: int, name_id: int, direction: Direction | None) -> None:
    """Work out anew which value of a metric was best in each run of an experiment."""
    statements = {
        Direction.HIGHER: "UPDATE series SET best = max WHERE name_id = ? ",
        Direction.LOWER: "UPDATE series SET best = min WHERE name_id = ? ",
        None: "UPDATE series SET best = NULL WHERE name_id = ? ",
    }
    connection.execute(
        statements[direction] + "AND run_n IN (SELECT n FROM runs WHERE experiment_id = ?)", (name_id, experiment)
    )


def series_of(
    connection: sqlite3.Connection, runs: Collection[int], *, among: Collection[str] | None = None
) -> dict[int, tuple[MetricSeries, ...]]:
    """The sums of metrics of runs, all or those `among` some names, by row number, in the order of first logging."""
    chosen = (
        ""
        if among is None
        else "AND s.name_id IN (SELECT id FROM names WHERE name IN (SELECT value FROM json_each(?))) "
    )
    rows = connection.execute(
        f"{_SERIES}WHERE s.run_n IN (SELECT value FROM json_each(?)) {chosen}ORDER BY s.run_n, s.id",
        (json.dumps(list(runs)), *(() if among is None else (json.dumps(list(among)),))),
    ).fetchall()
    found: dict[int, list[MetricSeries]] = {run: [] for run in runs}
    for run, series, name, count, last, last_step, last_at, least, most, best, dataset, label in rows:
        address = None if dataset is None else f"data:{dataset}:{label}"
        found[run].append(
            MetricSeries(series, name, count, number(last), last_step, Micros(last_at), least, most, best, address)
        )
    return {run: tuple(series) for run, series in found.items()}


def points(connection: sqlite3.Connection, run: int, name: str, *, limit: int | None) -> list[Point]:
    """The history of a metric of a run by step and time; the newest `limit` points of it."""
    rows = connection.execute(
        "SELECT p.step, p.at, p.value FROM points p WHERE p.series_id = (SELECT s.id FROM series s "
        "JOIN names n ON n.id = s.name_id WHERE s.run_n = ? AND n.name = ?) "
        "ORDER BY p.step DESC, p.at DESC, p.n DESC LIMIT ?",
        (run, name, -1 if limit is None else limit),
    ).fetchall()
    return [Point(step, Micros(at), number(value)) for step, at, value in reversed(rows)]
