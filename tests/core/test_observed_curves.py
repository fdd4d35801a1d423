"""What was observed as a curve: single values or whole hours, nothing twice, with alerts' lines and when they fired."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.errors import BadValue, NotFound
from lineal.operations import observing
from lineal.records.base import Micros
from lineal.records.observations import Observation
from lineal.registry import create_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lineal.records.curves import Curves
    from lineal.registry import Registry

HOUR = 3_600_000_000
START = 500_000 * HOUR
PLACE = "fraud@production"


class Clock:
    """A clock that stands still until it is set."""

    at = START

    def __call__(self) -> Micros:
        self.at += 1
        return Micros(self.at)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    weights = tmp_path / "weights.json"
    with create_registry(tmp_path / "registry", clock=clock) as registry:
        for label in ("1.0.0", "2.0.0"):
            weights.write_text(label)
            registry.register("fraud", weights, label=label, metrics={"auc": 0.9})
        registry.promote("fraud:1.0.0", "production")
        yield registry


def observe(registry: Registry, clock: Clock, values: list[tuple[float, float]], name: str = "latency") -> None:
    """Record values at so many hours after the start."""
    points = [Observation(name, value, Micros(START + 1_000_000 + round(hour * HOUR))) for hour, value in values]
    clock.at = max(clock.at, *(each.at or 0 for each in points))
    registry.observe_all(PLACE, points)


def sums(found: Curves) -> tuple[int, float | None, float | None]:
    (curve,) = found.curves
    least = [dot.least for dot in curve.dots if dot.least is not None]
    most = [dot.most for dot in curve.dots if dot.most is not None]
    return sum(dot.count for dot in curve.dots), min(least, default=None), max(most, default=None)


def test_values_of_a_day_are_drawn_one_by_one(registry: Registry, clock: Clock) -> None:
    observe(registry, clock, [(n / 4, 70.0 + n) for n in range(12)])
    found = registry.observed_curve(PLACE, "latency", columns=100)
    (curve,) = found.curves
    assert [dot.mean for dot in curve.dots] == [70.0 + n for n in range(12)]
    assert (curve.count, curve.last, curve.name, curve.ref) == (12, 81.0, "1.0.0", "fraud:1.0.0")
    assert found.first == curve.dots[0].first or found.first < curve.dots[0].first
    assert found.observed
    assert [span.label for span in found.spans] == ["1.0.0"]


def test_hours_whose_values_are_gone_are_drawn_whole_and_nothing_counts_twice(
    registry: Registry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    observe(registry, clock, [(0.5, 1.0), (5.25, 60.0), (5.75, 80.0), (5.8, math.inf), (9.5, 70.0)])
    monkeypatch.setattr(observing, "_KEPT", HOUR)
    observe(registry, clock, [(12.5, 71.0)])
    kept = registry.observed_values(registry.observed_at(PLACE))
    assert len(kept) < 6, "some single values are gone"
    narrow = registry.observed_curve(PLACE, "latency", columns=1_000)
    assert sums(narrow) == (6, 1.0, 80.0)
    (whole,) = [dot for dot in narrow.curves[0].dots if dot.most == 80.0]
    assert (whole.count, whole.least, whole.mean, whole.odd, whole.above) == (3, 60.0, 70.0, 1, 0)
    assert whole.last - whole.first == HOUR - 1
    wide = registry.observed_curve(PLACE, "latency", columns=4)
    assert sums(wide) == (6, 1.0, 80.0)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(
        st.integers(1, 40 * 24 * 4),
        st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf]),
        min_size=1,
        max_size=30,
    ),
    columns=st.sampled_from([1, 7, 138, 1_000]),
)
def test_every_value_is_in_one_dot_however_it_is_drawn(
    tmp_path_factory: pytest.TempPathFactory, values: dict[int, float], columns: int
) -> None:
    folder, clock = tmp_path_factory.mktemp("drawn"), Clock()
    (folder / "w").write_text("x")
    with create_registry(folder / "registry", clock=clock) as registry:
        registry.register("fraud", folder / "w", label="1.0.0")
        registry.promote("fraud:1.0.0", "production")
        for quarter, value in sorted(values.items()):
            observe(registry, clock, [(quarter / 4, value)])
        count, least, most = sums(registry.observed_curve(PLACE, "latency", columns=columns))
        finite = [value for value in values.values() if math.isfinite(value)]
        assert (count, least, most) == (len(values), min(finite, default=None), max(finite, default=None))


def test_what_was_live_before_is_drawn_when_all_is_asked_for(registry: Registry, clock: Clock) -> None:
    observe(registry, clock, [(1.0, 70.0)])
    clock.at = START + 2 * HOUR
    registry.promote("fraud:2.0.0", "production")
    assert registry.observed_metrics(PLACE) == ()
    assert registry.observed_metrics(PLACE, whole=True) == ("latency",)
    empty = registry.observed_curve(PLACE, "latency")
    assert empty.curves[0].missing == "no latency was observed there"
    observe(registry, clock, [(3.0, 90.0)])
    assert sums(registry.observed_curve(PLACE, "latency")) == (1, 90.0, 90.0)
    both = registry.observed_curve(PLACE, "latency", whole=True)
    assert sums(both) == (2, 70.0, 90.0)
    assert [span.label for span in both.spans] == ["1.0.0", "2.0.0"]
    assert both.curves[0].name == "production"


def test_the_lines_of_alerts_are_where_they_hold_the_metric_to(registry: Registry, clock: Clock) -> None:
    registry.set_alerts(
        PLACE,
        "latency < 80 for 10m",
        "latency < promoted.latency * 2 AND errors < 1",
        "0.5 < latency",
        "auc >= metrics.auc - 0.1",
        "latency < errors",
    )
    observe(registry, clock, [(0.0, 10.0), (0.5, 20.0), (2.0, 30.0)])
    lines = registry.observed_curve(PLACE, "latency").thresholds
    assert [(each.operator, each.value) for each in lines] == [("<", 80.0), ("<", 30.0), (">", 0.5)]
    assert lines[0].alert == "latency < 80 for 10min"
    observe(registry, clock, [(2.5, 0.88)], "auc")
    (line,) = registry.observed_curve(PLACE, "auc").thresholds
    assert (line.operator, round(line.value, 9)) == (">=", 0.8)


def test_the_line_of_what_must_not_be_is_the_opposite(registry: Registry, clock: Clock) -> None:
    registry.set_alerts(PLACE, "NOT latency > 80", "NOT (latency < 5 OR NOT latency <= 90)", "NOT latency = 7")
    observe(registry, clock, [(0.0, 10.0)])
    lines = registry.observed_curve(PLACE, "latency").thresholds
    assert [(each.operator, each.value) for each in lines] == [("<=", 80.0), (">=", 5.0), ("<=", 90.0), ("!=", 7.0)]


def test_when_alerts_over_the_metric_fired_is_told_and_no_other(registry: Registry, clock: Clock) -> None:
    registry.set_alerts(PLACE, "latency < 80", "errors < 1")
    observe(registry, clock, [(0.0, 70.0), (1.0, 90.0)])
    observe(registry, clock, [(2.0, 70.0)])
    observe(registry, clock, [(3.0, 95.0)])
    observe(registry, clock, [(3.0, 5.0)], "errors")
    found = registry.observed_curve(PLACE, "latency")
    assert [(each.alert, each.ended is None, each.saw) for each in found.alarms] == [
        ("latency < 80", False, "latency 90"),
        ("latency < 80", True, "latency 95"),
    ]
    later = registry.observed_curve(PLACE, "latency", first=float(START + 2.5 * HOUR))
    assert [each.saw for each in later.alarms] == ["latency 95"]
    assert registry.observed_metrics(PLACE) == ("errors", "latency")


def test_what_makes_no_sense_is_refused(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.observed_curve("fraud@nowhere", "latency")
    with pytest.raises(BadValue):
        registry.observed_curve(PLACE, "latency", columns=0)
    with pytest.raises(BadValue):
        registry.observed_curve(PLACE, "latency", first=2.0, last=1.0)
