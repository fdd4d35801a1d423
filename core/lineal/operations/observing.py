"""Observations of live versions: whose they are, kept once, rolled up as they come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, Conflict, NothingLive, Refused
from lineal.machine.lazily import Later
from lineal.queries import alerts as alert_rows
from lineal.queries import names as name_rows
from lineal.queries import observations as rows
from lineal.queries import stages as stage_rows
from lineal.records.base import Micros
from lineal.records.observations import Observation, Observed
from lineal.rules import naming

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from lineal.operations.alerts import judging
    from lineal.records.models import Version
    from lineal.records.observations import ObservedHour, ObservedSeries, ObservedValue
    from lineal.records.stages import Stage
    from lineal.write_path.context import Context
else:
    judging = Later("lineal.operations.alerts.judging")  # most stages have none

KEPT_DAYS = 14
"""Days for which single values are kept, counted back from the newest of their series."""
MOST = 1_000_000
"""Values that one call may bring."""
_KEPT = KEPT_DAYS * 86_400_000_000
_AHEAD = 300_000_000
_DROPPED_AT_ONCE = 10_000

_Point = tuple[Micros, float, "str | None"]


def observe(
    context: Context, address: str, observations: Sequence[Observation], *, version: str | None = None
) -> Observed:
    """Record what was measured on what is, or was, live at a stage: all of it, or nothing.

    A value belongs to the version that was live at its time. The same value of a metric at the same time again changes
    nothing. Single values are kept for `KEPT_DAYS`, hours for ever; alerts are judged once all is recorded.

    Args:
        context: the registry.
        address: of the stage.
        observations: what was measured; those without a time are of now, a microsecond apart where there are several
            of a metric.
        version: address of the version that they are about; None for what was live at each one's time.

    Raises:
        NotFound: there is no such stage or version.
        NothingLive: nothing was live there at a time.
        Refused: `version` had not been live there at a time.
        BadName, BadValue: a metric's name, or a time, cannot be.
        Conflict: another value was recorded for the same time, or its time is so long ago that nobody can tell.
        NotPermitted: the actor may not.
    """
    ref = addresses.stage_ref(address)
    if not observations:
        raise BadValue(field="observations", value=None, why="there are none", hint="such as latency_p99=71")
    if len(observations) > MOST:
        raise BadValue(field="observations", value=len(observations), why=f"at most {MOST:,} fit; divide them")
    named = {each.name: _checked_name(each) for each in observations}
    with context.observe(str(ref)) as change:
        connection = change.connection
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        about = None if version is None else addresses.version(connection, version)
        timed = _timed(observations, named, change.at)
        spells = _by_spell(connection, stage, about, timed)
        recorded = 0
        fresh: dict[int, dict[str, list[Micros]]] = {}
        for spell, metrics in spells.values():
            numbers = name_rows.intern(connection, metrics)
            for name, points in metrics.items():
                added = _record(connection, stage, name, spell.transition, numbers[name], points, change.at)
                recorded += len(added)
                if added:
                    fresh.setdefault(spell.transition, {})[name] = added
        judged = judging.judge(change, stage, fresh) if alert_rows.has_rules(connection, stage.id) else None
        return Observed(
            model=stage.model,
            stage=stage.name,
            recorded=recorded,
            known=len(observations) - recorded,
            labels=tuple(dict.fromkeys(spell.label for spell, _ in spells.values())),
            fired=() if judged is None else judged.fired,
            cleared=() if judged is None else judged.cleared,
        )


def _checked_name(observation: Observation) -> str:
    return naming.check_metric_name(observation.name)


def _timed(observations: Sequence[Observation], named: dict[str, str], now: Micros) -> dict[str, list[_Point]]:
    """The values of each metric by time, each time once."""
    found: dict[str, dict[Micros, tuple[float, str | None]]] = {}
    for each in observations:
        name = named[each.name]
        known = found.setdefault(name, {})
        at = each.at
        if at is None:
            at = now
            while at in known:
                at = Micros(at + 1)
        elif not 0 <= at <= now + _AHEAD:
            why = "it is before 1970" if at < 0 else "it is in the future"
            raise BadValue(field=f"{_said(each)}time", value=_words(at), why=why)
        if at in known and not _same(known[at][0], each.value):
            raise _other_value(name, each.origin, at, known[at][0])
        known.setdefault(at, (float(each.value) + 0.0, each.origin))  # SQLite knows no -0.0
    return {name: [(at, *known[at]) for at in sorted(known)] for name, known in found.items()}


def _by_spell(
    connection: sqlite3.Connection, stage: Stage, about: Version | None, timed: dict[str, list[_Point]]
) -> dict[int, tuple[rows.Spell, dict[str, list[_Point]]]]:
    """The values by the transition that had made live what they are about."""
    found: dict[int, tuple[rows.Spell, dict[str, list[_Point]]]] = {}
    look = _looking(connection, stage, about)
    for name, points in timed.items():
        for point in points:
            spell = look(point[0], point[2])
            found.setdefault(spell.transition, (spell, {}))[1].setdefault(name, []).append(point)
    return found


def _looking(
    connection: sqlite3.Connection, stage: Stage, about: Version | None
) -> Callable[[Micros, str | None], rows.Spell]:
    """Whose a time is; what was found last is tried first."""
    last: rows.Spell | None = None
    place = f"{stage.model}@{stage.name}"

    def look(at: Micros, origin: str | None) -> rows.Spell:
        nonlocal last
        if about is not None:
            spell = rows.spell_of(connection, stage.id, about.id, at)
            if spell is None:
                said = "" if origin is None else f"{origin}: "
                why = f"it was not live there at {_words(at)}"
                raise Refused(
                    what=f"{said}observing {about.ref} at {place}", why=why, hint=f"see `lineal history {place}`"
                )
            return spell
        if last is None or not last.began <= at or (last.ended is not None and at >= last.ended):
            last = rows.spell_at(connection, stage.id, at)
        if last is None:
            when = f" at {_words(at)}" + ("" if origin is None else f" ({origin})")
            raise NothingLive(ref=place, when=when)
        return last

    return look


def _record(
    connection: sqlite3.Connection,
    stage: Stage,
    name: str,
    transition: int,
    name_id: int,
    points: list[_Point],
    now: Micros,
) -> list[Micros]:
    """Add the values of one metric that are new; returns their times."""
    known = rows.series(connection, transition, name_id)
    if known is None:
        new = [(at, value) for at, value, _ in points]
        place, first, newest = rows.begin_series(connection, transition, name_id, new), new[0][0], new[-1][0]
        hour_before = None
    else:
        place = known.id
        new = _unknown(connection, stage, name, known, points, now)
        if not new:
            return []
        rows.grow_series(connection, place, new, now=Micros(now + _AHEAD))
        first, newest = min(known.first_at, new[0][0]), known.last_at
        hour_before = newest // rows.HOUR
    rows.add_values(connection, place, new)
    rows.roll_up(connection, place, new)
    if new[-1][0] // rows.HOUR != hour_before:
        horizon = Micros(min(newest, now) - _KEPT)
        most = _DROPPED_AT_ONCE + len(new)
        rows.drop_values(connection, place, after=Micros(first + rows.HOUR), before=horizon, most=most)
    return [at for at, _ in new]


def _unknown(
    connection: sqlite3.Connection, stage: Stage, name: str, known: rows.Series, points: list[_Point], now: Micros
) -> list[tuple[Micros, float]]:
    horizon = min(known.last_at, now) - _KEPT
    new = []
    for at, value, origin in points:
        there = rows.value_at(connection, known.id, at) if at <= known.last_at else None
        if there is not None:
            if not _same(there, value):
                raise _other_value(name, origin, at, there)
            continue
        if at < horizon and rows.has_hour(connection, known.id, at):
            said = "" if origin is None else f"{origin}: "
            raise Conflict(
                what=f"{said}{naming.shown(name)} of {_words(at)} at {stage.model}@{stage.name}",
                why=f"that hour is rolled up, and single values are kept for {KEPT_DAYS} days only",
                hint="nothing was recorded; nobody can tell whether this one was there already",
            )
        new.append((at, value))
    return new


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _said(observation: Observation) -> str:
    return "" if observation.origin is None else f"{observation.origin}: "


def _other_value(name: str, origin: str | None, at: Micros, known: float) -> Conflict:
    said = "" if origin is None else f"{origin}: "
    return Conflict(
        what=f"{said}{naming.shown(name)} of {_words(at)}",
        why=f"another value, {known:.10g}, is recorded for that time",
        hint="nothing was recorded; a metric has one value at a time",
    )


def _words(at: Micros) -> str:
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415  only mistakes need it

    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone().isoformat(" ", "seconds")
    except (OverflowError, ValueError):
        return f"{at} µs since 1970"


# reading


def observed_at(context: Context, address: str, *, version: str | None = None) -> list[ObservedSeries]:
    """What was observed at a stage of what is live there, or of one version, by metric; the newest spell first.

    Raises:
        NotFound: there is no such stage or version.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        if version is not None:
            return rows.series_at(connection, stage.id, addresses.version(connection, version).id)
        live = stage_rows.live(connection, stage.id)
        if live is None or live.to_version is None:
            return []
        return rows.series_of_transition(connection, live.id)


def observed_of(context: Context, address: str) -> list[ObservedSeries]:
    """What was observed of a version, wherever it was live; the newest spell first.

    Raises:
        NotFound: there is no such version.
    """
    with context.read() as connection:
        number = addresses.version(connection, address).id
        return list(rows.series_of_versions(connection, [number]).get(number, ()))


def hours_of(
    context: Context, series: Sequence[ObservedSeries], *, since: Micros | None = None, until: Micros | None = None
) -> list[ObservedHour]:
    """What the values of series came to hour by hour, by time."""
    first, last = _between(series, since, until)
    with context.read() as connection:
        return rows.hours(connection, [each.id for each in series], since=first, until=last)


def values_of(
    context: Context, series: Sequence[ObservedSeries], *, since: Micros | None = None, until: Micros | None = None
) -> list[ObservedValue]:
    """The single values of series that are still kept, by time."""
    first, last = _between(series, since, until)
    with context.read() as connection:
        return rows.values(connection, [each.id for each in series], since=first, until=last)


def latest_of(context: Context, series: ObservedSeries, count: int) -> list[float]:
    """The newest single values of a series, oldest first."""
    with context.read() as connection:
        return rows.latest(connection, series.id, count)


def _between(series: Sequence[ObservedSeries], since: Micros | None, until: Micros | None) -> tuple[Micros, Micros]:
    last = max((each.last_at for each in series), default=0)
    return since or Micros(0), Micros(last + rows.HOUR) if until is None else until
