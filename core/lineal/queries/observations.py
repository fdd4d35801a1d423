"""What was observed of live versions: single values, hours and sums."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.queries.values import number, number_column
from lineal.records.base import Micros
from lineal.records.observations import ObservedHour, ObservedSeries, ObservedValue

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

HOUR = 3_600_000_000
"""Microseconds of the hours that values are rolled up into."""

_SERIES = """
SELECT o.id, o.transition_id, m.name, s.name, v.label, n.name, o.count, o.odd, o.total, o.least, o.most, o.last,
    o.last_at, o.first_at
FROM observed o JOIN names n ON n.id = o.name_id JOIN transitions t ON t.id = o.transition_id
JOIN versions v ON v.id = t.to_version JOIN stages s ON s.id = t.stage_id JOIN models m ON m.id = s.model_id """


@dataclass(frozen=True, slots=True)
class Spell:
    """When one transition's version was live at a stage."""

    transition: int
    version: int
    label: str
    began: Micros
    ended: Micros | None
    """None while it is live."""


@dataclass(slots=True)
class Sum:
    """What values come to."""

    count: int
    odd: int
    total: float
    least: float | None
    most: float | None
    last: float
    last_at: Micros

    @classmethod
    def of(cls, points: Sequence[tuple[Micros, float]]) -> Sum:
        """The sum of points, ordered by time; one at the least."""
        finite = [value for _, value in points if math.isfinite(value)]
        return cls(
            count=len(points),
            odd=len(points) - len(finite),
            total=sum(finite),
            least=min(finite, default=None),
            most=max(finite, default=None),
            last=points[-1][1],
            last_at=points[-1][0],
        )

    @property
    def columns(self) -> tuple[int, int, float, float | None, float | None, float | None, int]:
        """As the tables have them."""
        return self.count, self.odd, self.total, self.least, self.most, number_column(self.last), self.last_at


@dataclass(frozen=True, slots=True)
class Series:
    """A series that values are added to."""

    id: int
    first_at: Micros
    last_at: Micros


def spell_at(connection: sqlite3.Connection, stage: int, at: Micros) -> Spell | None:
    """The spell of what was live at a stage at a time; None when nothing was."""
    rows = connection.execute(
        "SELECT t.id, t.to_version, v.label, t.switched_at, t.reverted_at FROM transitions t "
        "LEFT JOIN versions v ON v.id = t.to_version WHERE t.stage_id = ?1 AND t.switched_at <= ?2 "
        "AND t.seq >= coalesce((SELECT max(k.seq) FROM transitions k WHERE k.stage_id = ?1 AND k.switched_at <= ?2 "
        "AND k.reverted_at IS NULL), 0) ORDER BY t.seq DESC",
        (stage, at),
    ).fetchall()
    for transition, version, label, began, reverted in rows:
        if reverted is not None and reverted <= at:
            continue
        if version is None:
            return None
        following = connection.execute(
            "SELECT min(switched_at) FROM transitions WHERE stage_id = ? AND switched_at > ?", (stage, at)
        ).fetchone()[0]
        ends = [each for each in (following, reverted) if each is not None]
        return Spell(transition, version, label, Micros(began), Micros(min(ends)) if ends else None)
    return None


def spell_of(connection: sqlite3.Connection, stage: int, version: int, at: Micros) -> Spell | None:
    """The last spell of a version at a stage that had begun at a time, whether it is over or not."""
    row = connection.execute(
        "SELECT t.id, t.to_version, v.label, t.switched_at FROM transitions t JOIN versions v ON v.id = t.to_version "
        "WHERE t.stage_id = ? AND t.to_version = ? AND t.switched_at <= ? ORDER BY t.seq DESC LIMIT 1",
        (stage, version, at),
    ).fetchone()
    return None if row is None else Spell(row[0], row[1], row[2], Micros(row[3]), None)


def series(connection: sqlite3.Connection, transition: int, name: int) -> Series | None:
    """The series of a metric of what a transition made live."""
    row = connection.execute(
        "SELECT id, first_at, last_at FROM observed WHERE transition_id = ? AND name_id = ?", (transition, name)
    ).fetchone()
    return None if row is None else Series(row[0], Micros(row[1]), Micros(row[2]))


def begin_series(
    connection: sqlite3.Connection, transition: int, name: int, points: Sequence[tuple[Micros, float]]
) -> int:
    """A series that these are the first values of, with their sums; the values themselves are added apart."""
    row = connection.execute(
        "INSERT INTO observed (transition_id, name_id, count, odd, total, least, most, last, last_at, first_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (transition, name, *Sum.of(points).columns, points[0][0]),
    ).fetchone()
    return int(row[0])


def grow_series(
    connection: sqlite3.Connection, place: int, points: Sequence[tuple[Micros, float]], *, now: Micros
) -> None:
    """Add values to the sums of a series."""
    found = Sum.of(points)
    # A newest value from the future was written while a clock was wrong, and is not the newest any more.
    connection.execute(
        "UPDATE observed SET count = count + ?2, odd = odd + ?3, total = total + ?4, "
        "least = min(coalesce(least, ?5), coalesce(?5, least)), most = max(coalesce(most, ?6), coalesce(?6, most)), "
        "last = CASE WHEN ?8 >= last_at OR last_at > ?9 THEN ?7 ELSE last END, "
        "last_at = CASE WHEN ?8 >= last_at OR last_at > ?9 THEN ?8 ELSE last_at END, "
        "first_at = min(first_at, ?10) WHERE id = ?1",
        (place, *found.columns, now, points[0][0]),
    )


def value_at(connection: sqlite3.Connection, place: int, at: Micros) -> float | None:
    """The single value of a series at a time; None when none is kept."""
    row = connection.execute("SELECT value FROM observations WHERE series_id = ? AND at = ?", (place, at)).fetchone()
    return None if row is None else number(row[0])


def add_values(connection: sqlite3.Connection, place: int, points: Sequence[tuple[Micros, float]]) -> None:
    """Keep single values that are new."""
    connection.executemany(
        "INSERT INTO observations (series_id, at, value) VALUES (?, ?, ?)",
        [(place, at, number_column(value)) for at, value in points],
    )


def has_hour(connection: sqlite3.Connection, place: int, at: Micros) -> bool:
    """Whether anything was rolled up into the hour of a time."""
    row = connection.execute(
        "SELECT 1 FROM observed_hours WHERE series_id = ? AND hour = ?", (place, at // HOUR)
    ).fetchone()
    return row is not None


def roll_up(connection: sqlite3.Connection, place: int, points: Sequence[tuple[Micros, float]]) -> None:
    """Add new values, ordered by time, to their hours."""
    hours: dict[int, list[tuple[Micros, float]]] = {}
    for at, value in points:
        hours.setdefault(at // HOUR, []).append((at, value))
    connection.executemany(
        "INSERT INTO observed_hours (series_id, hour, count, odd, total, least, most, last, last_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (series_id, hour) DO UPDATE SET "
        "count = count + excluded.count, odd = odd + excluded.odd, total = total + excluded.total, "
        "least = min(coalesce(least, excluded.least), coalesce(excluded.least, least)), "
        "most = max(coalesce(most, excluded.most), coalesce(excluded.most, most)), "
        "last = CASE WHEN excluded.last_at >= last_at THEN excluded.last ELSE last END, "
        "last_at = max(last_at, excluded.last_at)",
        [(place, hour, *Sum.of(found).columns) for hour, found in hours.items()],
    )


def drop_values(connection: sqlite3.Connection, place: int, *, after: Micros, before: Micros, most: int) -> None:
    """Forget at most so many of the single values between two times, the oldest ones."""
    if before <= after:
        return
    connection.execute(
        "DELETE FROM observations WHERE series_id = ?1 AND at >= ?2 AND at < min(?3, coalesce((SELECT at "
        "FROM observations WHERE series_id = ?1 AND at >= ?2 ORDER BY at LIMIT 1 OFFSET ?4), ?3))",
        (place, after, before, most),
    )


# reading


def series_of_transition(connection: sqlite3.Connection, transition: int) -> list[ObservedSeries]:
    """The metrics observed of what one transition made live, by name."""
    rows = connection.execute(_SERIES + "WHERE o.transition_id = ? ORDER BY n.name", (transition,)).fetchall()
    return [_series(row) for row in rows]


def series_of_versions(
    connection: sqlite3.Connection, versions: Collection[int]
) -> dict[int, tuple[ObservedSeries, ...]]:
    """The metrics observed of versions, wherever they were live, the newest spell first, by row number."""
    if connection.execute("SELECT 1 FROM observed LIMIT 1").fetchone() is None:
        return {}
    rows = connection.execute(
        _SERIES.replace("SELECT ", "SELECT t.to_version, ", 1)
        # from the versions to their model's stages and what was live there, each by an index
        + "WHERE o.transition_id IN (SELECT x.id FROM json_each(?) j CROSS JOIN versions w ON w.id = j.value "
        "CROSS JOIN stages z ON z.model_id = w.model_id "
        "CROSS JOIN transitions x ON x.stage_id = z.id AND x.to_version = w.id) ORDER BY o.transition_id DESC, n.name",
        (json.dumps(list(versions)),),
    ).fetchall()
    found: dict[int, tuple[ObservedSeries, ...]] = {}
    for version, *row in rows:
        found[version] = (*found.get(version, ()), _series(tuple(row)))
    return found


def series_at(connection: sqlite3.Connection, stage: int, version: int | None) -> list[ObservedSeries]:
    """The metrics observed at a stage, of one version or of all, the newest spell first."""
    rows = connection.execute(
        _SERIES + "WHERE t.stage_id = ?1 AND (?2 IS NULL OR t.to_version = ?2) ORDER BY o.transition_id DESC, n.name",
        (stage, version),
    ).fetchall()
    return [_series(row) for row in rows]


def names_at(connection: sqlite3.Connection, stage: int) -> frozenset[str]:
    """The metrics that were ever observed at a stage."""
    rows = connection.execute(
        "SELECT DISTINCT n.name FROM transitions t JOIN observed o ON o.transition_id = t.id "
        "JOIN names n ON n.id = o.name_id WHERE t.stage_id = ?",
        (stage,),
    ).fetchall()
    return frozenset(name for (name,) in rows)


def values(
    connection: sqlite3.Connection, numbers: Collection[int], *, since: Micros, until: Micros
) -> list[ObservedValue]:
    """The single values that are kept of series between two times, by time."""
    rows = connection.execute(
        "SELECT n.name, v.label, x.at, x.value FROM observations x JOIN observed o ON o.id = x.series_id "
        "JOIN names n ON n.id = o.name_id JOIN transitions t ON t.id = o.transition_id "
        "JOIN versions v ON v.id = t.to_version "
        "WHERE x.series_id IN (SELECT value FROM json_each(?)) AND x.at >= ? AND x.at < ? ORDER BY x.at, n.name",
        (json.dumps(list(numbers)), since, until),
    ).fetchall()
    return [ObservedValue(name, label, Micros(at), number(value)) for name, label, at, value in rows]


def hours(
    connection: sqlite3.Connection, numbers: Collection[int], *, since: Micros, until: Micros
) -> list[ObservedHour]:
    """What the values of series came to in each hour between two times, by time."""
    rows = connection.execute(
        "SELECT n.name, v.label, h.hour, h.count, h.odd, h.total, h.least, h.most, h.last, h.last_at "
        "FROM observed_hours h JOIN observed o ON o.id = h.series_id "
        "JOIN names n ON n.id = o.name_id JOIN transitions t ON t.id = o.transition_id "
        "JOIN versions v ON v.id = t.to_version "
        "WHERE h.series_id IN (SELECT value FROM json_each(?)) AND h.hour >= ? AND h.hour <= ? ORDER BY h.hour, n.name",
        (json.dumps(list(numbers)), since // HOUR, until // HOUR),
    ).fetchall()
    return [
        ObservedHour(
            name=name,
            label=label,
            at=Micros(hour * HOUR),
            count=count,
            odd=odd,
            mean=_mean(total, count - odd),
            least=least,
            most=most,
            last=number(last),
            last_at=Micros(last_at),
        )
        for name, label, hour, count, odd, total, least, most, last, last_at in rows
    ]


def latest(connection: sqlite3.Connection, place: int, count: int) -> list[float]:
    """The newest single values of a series, oldest first."""
    rows = connection.execute(
        "SELECT value FROM observations WHERE series_id = ? ORDER BY at DESC LIMIT ?", (place, count)
    ).fetchall()
    return [number(value) for (value,) in reversed(rows)]


def _series(
    row: tuple[int, int, str, str, str, str, int, int, float, float | None, float | None, float | None, int, int],
) -> ObservedSeries:
    place, transition, model, stage, label, name, count, odd, total, least, most, last, last_at, first_at = row
    return ObservedSeries(
        id=place,
        transition=transition,
        model=model,
        stage=stage,
        label=label,
        name=name,
        count=count,
        odd=odd,
        mean=_mean(total, count - odd),
        least=least,
        most=most,
        last=number(last),
        last_at=Micros(last_at),
        first_at=Micros(first_at),
    )


def _mean(total: float, count: int) -> float:
    return total / count if count else math.nan
