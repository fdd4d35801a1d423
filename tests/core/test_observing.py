"""Observations belong to what was live at their time, are kept once, and are rolled up exactly."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.errors import BadName, BadValue, Conflict, NotFound, NothingLive, NotPermitted, Refused
from lineal.operations.observing import KEPT_DAYS
from lineal.queries import observations as rows
from lineal.records.base import Actor, Micros
from lineal.records.observations import Observation
from lineal.registry import open_registry
from lineal.write_path.policy import Role

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from tests.core.conftest import Calendar, Weights

    from lineal.registry import Registry

PLACE = "m@production"
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture
def live(registry: Registry, weights: Weights, calendar: Calendar) -> Registry:
    """`m:1` was live at production for an hour, then `m:2` until now, a day later."""
    for value in (1.0, 2.0):
        registry.register("m", weights(value), scheme="sequence", metrics={"auc": 0.9 + value / 100})
    registry.promote("m:1", "production")
    calendar.at += HOUR
    registry.promote("m:2", "production")
    calendar.at += DAY
    return registry


def _observed(registry: Registry, name: str, version: str | None = None) -> tuple[str, int, float]:
    (found,) = [each for each in registry.observed_at(PLACE, version=version) if each.name == name]
    return found.label, found.count, found.last


def test_a_value_belongs_to_what_is_live_now(live: Registry) -> None:
    found = live.observe(PLACE, {"latency": 71, "errors": 0.01})
    assert (found.recorded, found.known, found.labels) == (2, 0, ("2",))
    assert _observed(live, "latency") == ("2", 1, 71.0)
    assert [each.name for each in live.detail("m:2").observed] == ["errors", "latency"]
    assert live.detail("m:1").observed == ()


def test_a_value_of_then_belongs_to_what_was_live_then(live: Registry, calendar: Calendar) -> None:
    found = live.observe(PLACE, {"latency": 50}, at=Micros(calendar.at - DAY - HOUR // 2))
    assert found.labels == ("1",)
    assert live.observed_at(PLACE) == []
    assert _observed(live, "latency", "m:1") == ("1", 1, 50.0)


def test_a_datetime_says_when_too(live: Registry, calendar: Calendar) -> None:
    at = datetime.fromtimestamp(calendar.at / 1e6, UTC)
    live.observe(PLACE, {"latency": 50}, at=at)
    assert live.observed_at(PLACE)[0].last_at == round(at.timestamp() * 1e6)


def test_one_call_may_tell_of_several_spells(live: Registry, calendar: Calendar) -> None:
    times = [calendar.at - DAY - HOUR // 2, calendar.at - HOUR]
    found = live.observe_all(PLACE, [Observation("latency", 5, Micros(at)) for at in reversed(times)])
    assert found.labels == ("1", "2")
    assert [(each.label, each.count) for each in live.observed_of("m:1")] == [("1", 1)]


def test_before_anything_was_live_nothing_can_be_observed(live: Registry, calendar: Calendar) -> None:
    with pytest.raises(NothingLive, match="at 20"):
        live.observe(PLACE, {"latency": 1}, at=Micros(calendar.at - 300 * DAY))
    with pytest.raises(NothingLive, match="m@staging"):
        live.observe("m@staging", {"latency": 1})
    with pytest.raises(NotFound):
        live.observe("m@canary", {"latency": 1})


def test_a_version_may_be_named_if_it_was_live(live: Registry, calendar: Calendar, weights: Weights) -> None:
    assert live.observe(PLACE, {"latency": 4}, version="m:1").labels == ("1",)
    live.register("m", weights(3.0))
    with pytest.raises(Refused, match="was not live there"):
        live.observe(PLACE, {"latency": 4}, version="m:3")
    with pytest.raises(Refused, match="was not live there"):
        live.observe(PLACE, {"latency": 4}, version="m:2", at=Micros(calendar.at - DAY - HOUR // 2))


def test_the_same_again_changes_nothing(live: Registry, calendar: Calendar) -> None:
    at = Micros(calendar.at - MINUTE)
    live.observe(PLACE, {"latency": 71, "odd": math.nan}, at=at)
    before = live.observed_at(PLACE)
    again = live.observe(PLACE, {"latency": 71, "odd": math.nan}, at=at)
    assert (again.recorded, again.known) == (0, 2)
    assert repr(live.observed_at(PLACE)) == repr(before)


def test_another_value_for_the_same_time_is_refused_and_nothing_of_the_call_is_kept(
    live: Registry, calendar: Calendar
) -> None:
    at = Micros(calendar.at - MINUTE)
    live.observe(PLACE, {"latency": 71}, at=at)
    with pytest.raises(Conflict, match=r"line 9: latency .* another value, 71"):
        live.observe_all(PLACE, [Observation("new", 1, at), Observation("latency", 72, at, "line 9")])
    assert [each.name for each in live.observed_at(PLACE)] == ["latency"]
    with pytest.raises(Conflict):
        live.observe_all(PLACE, [Observation("new", 1, at), Observation("new", 2, at)])


def test_values_without_a_time_are_of_now_one_after_the_other(live: Registry) -> None:
    found = live.observe_all(PLACE, [Observation("latency", value) for value in (3, 2, 1)])
    assert found.recorded == 3
    assert _observed(live, "latency") == ("2", 3, 1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_kept_and_is_in_no_mean(live: Registry, value: float) -> None:
    live.observe(PLACE, {"latency": 4.0})
    live.observe(PLACE, {"latency": value})
    (found,) = live.observed_at(PLACE)
    assert (found.count, found.odd, found.mean, found.least, found.most) == (2, 1, 4.0, 4.0, 4.0)
    assert repr(found.last) == repr(value)
    (hour,) = live.observed_hours([found])
    assert (hour.count, hour.odd, hour.mean, repr(hour.last)) == (2, 1, 4.0, repr(value))
    assert repr(live.observed_values([found])[-1].value) == repr(value)


def test_what_nobody_can_mean_is_refused(live: Registry, calendar: Calendar) -> None:
    with pytest.raises(BadValue, match="there are none"):
        live.observe(PLACE, {})
    with pytest.raises(BadName):
        live.observe(PLACE, {"\x1b]52;c;aGk=\x07": 1})
    with pytest.raises(BadValue, match="in the future"):
        live.observe(PLACE, {"latency": 1}, at=Micros(calendar.at + DAY))
    with pytest.raises(BadValue, match="before 1970"):
        live.observe(PLACE, {"latency": 1}, at=Micros(-1))
    assert live.observed_at(PLACE) == []


def test_observing_appends_no_event(live: Registry) -> None:
    before = live.events(limit=1)
    live.observe(PLACE, {"latency": 1})
    assert live.events(limit=1) == before


def test_it_takes_a_contributor(live: Registry, root: Path, calendar: Calendar) -> None:
    live.grant(live.actor.user, Role.ADMIN)
    with open_registry(root, clock=calendar) as other:
        context = other._context
        object.__setattr__(context, "actor", Actor("nobody", 65534))
        with pytest.raises(NotPermitted, match="record observations of"):
            other.observe(PLACE, {"latency": 1})


def test_single_values_go_after_some_days_but_those_of_the_first_hour_and_the_hours_stay(
    live: Registry, calendar: Calendar
) -> None:
    first = calendar.at - DAY // 2
    calendar.at += 40 * DAY
    times = [Micros(at) for at in range(first, calendar.at, 20 * MINUTE)]
    for piece in range(0, len(times), 200):
        live.observe_all(PLACE, [Observation("latency", 1.0, at) for at in times[piece : piece + 200]])
    (found,) = live.observed_at(PLACE)
    kept = live.observed_values([found])
    assert found.count == len(times)
    assert [each.at for each in kept[:3]] == times[:3]
    assert KEPT_DAYS * DAY <= kept[-1].at - kept[3].at <= (KEPT_DAYS + 4) * DAY
    assert sum(each.count for each in live.observed_hours([found])) == len(times)


def test_what_comes_too_late_to_be_told_from_what_is_known_is_refused_and_what_fills_a_gap_is_not(
    live: Registry, calendar: Calendar
) -> None:
    first = Micros(calendar.at)
    live.observe(PLACE, {"latency": 1}, at=first)
    calendar.at += 30 * DAY
    live.observe_all(PLACE, [Observation("latency", 2, Micros(first + 2 * HOUR))])
    live.observe(PLACE, {"latency": 3})
    calendar.at += HOUR
    live.observe(PLACE, {"latency": 4})
    with pytest.raises(Conflict, match="rolled up"):
        live.observe(PLACE, {"latency": 2}, at=Micros(first + 2 * HOUR))
    assert live.observe(PLACE, {"latency": 5}, at=Micros(first + 4 * HOUR)).recorded == 1
    assert live.observe(PLACE, {"latency": 1}, at=first).known == 1


def test_a_clock_that_was_wrong_once_does_not_stay_the_newest(live: Registry, calendar: Calendar) -> None:
    right = calendar.at
    live.observe(PLACE, {"latency": 1})
    calendar.at += 30_000 * DAY
    live.observe(PLACE, {"latency": 2})
    calendar.at = right + MINUTE
    for value in (3, 4):
        live.observe(PLACE, {"latency": value})
    (found,) = live.observed_at(PLACE)
    assert (found.count, found.last) == (4, 4.0)
    assert len(live.observed_values([found])) == 3, "the one from the future stands outside"


_COUNT = itertools.count()
_NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5 * 3_600), _NUMBERS), min_size=1, max_size=60), st.randoms())
def test_what_is_rolled_up_is_what_the_single_values_come_to(
    live: Registry, calendar: Calendar, found: Sequence[tuple[int, float]], order: random.Random
) -> None:
    name = f"x{next(_COUNT)}"
    begin = calendar.at - 6 * HOUR
    points = {Micros(begin + second * SECOND): value + 0.0 for second, value in found}
    pieces = list(points.items())
    order.shuffle(pieces)
    while pieces:
        cut = order.randint(1, len(pieces))
        live.observe_all(PLACE, [Observation(name, value, at) for at, value in pieces[:cut]])
        del pieces[:cut]
    (series,) = [each for each in live.observed_at(PLACE) if each.name == name]
    hours = live.observed_hours([series])
    values = live.observed_values([series])
    assert [(each.at, repr(each.value)) for each in values] == [(at, repr(points[at])) for at in sorted(points)]
    for hour in hours:
        raw = [each.value for each in values if hour.at <= each.at < hour.at + HOUR]
        finite = [value for value in raw if math.isfinite(value)]
        assert (hour.count, hour.odd) == (len(raw), len(raw) - len(finite))
        assert (hour.least, hour.most) == (min(finite, default=None), max(finite, default=None))
        assert repr(hour.last) == repr(raw[-1])
        if finite:
            assert hour.mean == pytest.approx(math.fsum(finite) / len(finite), abs=1e-6)
    assert series.count == len(values) == sum(each.count for each in hours)
    assert repr(series.last) == repr(values[-1].value)
    assert (series.first_at, series.last_at) == (values[0].at, values[-1].at)


def test_what_was_observed_is_found_without_reading_all_of_it(live: Registry) -> None:
    live.observe("m@production", {"latency": 70.0})
    stage, version = live.stages("m")[-1].id, live.version("m@production").id
    with live.context.read() as connection:
        for ask in (
            lambda: rows.series_of_versions(connection, [version]),
            lambda: rows.series_at(connection, stage, version),
            lambda: rows.series_at(connection, stage, None),
        ):
            statements: list[str] = []
            connection.set_trace_callback(statements.append)
            assert len(ask()) == 1
            connection.set_trace_callback(None)
            plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[-1]}").fetchall()]
            scanned = [step for step in plan if step.startswith("SCAN")]
            assert all("VIRTUAL TABLE" in step for step in scanned), plan
