"""Curves of histories of any length: nothing is lost, whatever was logged, in whatever order."""

from __future__ import annotations

import math
import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import lineal
from lineal.errors import BadValue, NotFound
from lineal.queries import blocks as block_rows
from lineal.queries import curves as curve_rows
from lineal.records.base import Micros
from lineal.records.runs import Point

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lineal.records.curves import Curves, Dot
    from lineal.registry import Registry

START = 1_700_000_000_000_000


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A registry's own database, in which series are written as the writer does, past runs."""
    root = tmp_path_factory.mktemp("curves") / "registry"
    with lineal.create_registry(root) as registry:
        connection = registry.context.db.connection
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


def write(connection: sqlite3.Connection, series: int, batches: Sequence[Sequence[Point]]) -> curve_rows.Series:
    connection.execute("BEGIN")
    before = 0
    for batch in batches:
        for point in batch:
            connection.execute(
                "INSERT INTO points SELECT ?1, ?2, ?3, (SELECT count(*) FROM points WHERE series_id = ?1 "
                "AND step = ?2 AND at = ?3), ?4",
                (series, point.step, point.at, None if math.isnan(point.value) else point.value),
            )
        block_rows.add(connection, series, before, batch)
        before += len(batch)
    connection.execute("COMMIT")
    return curve_rows.Series(series, before)


class _Series:
    number = 0

    @classmethod
    def next(cls) -> int:
        cls.number += 1
        return cls.number


def check(
    connection: sqlite3.Connection, points: list[Point], series: curve_rows.Series, window: curve_rows.Window
) -> None:
    """Hold pieces against all points."""
    inside = [
        (point.at if window.by_time else point.step, point.value)
        for point in points
        if window.first <= (point.at if window.by_time else point.step) <= window.last
    ]
    found = list(curve_rows.pieces(connection, series, window))
    assert sum(piece.points for piece in found) == len(inside)
    assert sum(piece.nans for piece in found) == sum(math.isnan(value) for _, value in inside)
    assert sum(piece.above for piece in found) == sum(value == math.inf for _, value in inside)
    assert sum(piece.below for piece in found) == sum(value == -math.inf for _, value in inside)
    finite = [value for _, value in inside if math.isfinite(value)]
    least = [piece.least for piece in found if piece.least is not None]
    most = [piece.most for piece in found if piece.most is not None]
    assert min(least, default=None) == min(finite, default=None)
    assert max(most, default=None) == max(finite, default=None)
    for piece in found:
        assert piece.last - piece.first <= window.width
        values = [value for place, value in inside if piece.first <= place <= piece.last]
        assert len(values) >= piece.points
        assert piece.least is None or piece.least in values
        assert piece.most is None or piece.most in values
    for place, value in inside:
        assert any(
            piece.first <= place <= piece.last
            and (not math.isfinite(value) or (piece.least or 0) <= value <= (piece.most or 0))
            for piece in found
        )


def step_of(shape: str, n: int, count: int) -> int:
    """The step of the point that is logged as number `n`."""
    match shape:
        case "many at a step":
            return n // 97
        case "bursts":
            return n + n // 50 * 10_000
        case "shuffled":
            return n * 7919 % 1013
        case "two writers":
            return n // 2 + n % 2 * 1_000_000
        case "back to a checkpoint":
            return n - count // 3 if n > count // 2 else n
    return n


@example(seed=1, shape="back to a checkpoint", count=1500, batch=100, columns=20, by_time=False, part=(0.1, 0.9))
@example(seed=2, shape="two writers", count=1500, batch=7, columns=20, by_time=False, part=(0.4, 0.6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1 << 30),
    shape=st.sampled_from(["in order", "many at a step", "bursts", "shuffled", "two writers", "back to a checkpoint"]),
    count=st.sampled_from([1, 2, 40, 300, 1500]),
    batch=st.sampled_from([1, 7, 100, 5000]),
    columns=st.sampled_from([1, 3, 20, 160]),
    by_time=st.booleans(),
    part=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_every_point_counts_once_and_shows_within_a_column_of_where_it_is(
    database: sqlite3.Connection,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    shape: str,
    count: int,
    batch: int,
    columns: int,
    by_time: bool,
    part: tuple[float, float],
) -> None:
    # small limits, so that small series have many levels of blocks
    monkeypatch.setattr(block_rows, "WHOLE", 64)
    monkeypatch.setattr(curve_rows, "WHOLE", 64)
    chance = random.Random(seed)  # noqa: S311  values to draw
    strange = [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0]
    points = [
        Point(
            step_of(shape, n, count),
            Micros(START + n * 1000 + chance.randrange(3)),
            chance.choice(strange) if chance.random() < 0.05 else chance.gauss(0, 1),
        )
        for n in range(count)
    ]
    series = write(database, _Series.next(), [points[at : at + batch] for at in range(0, count, batch)])
    first, last = curve_rows.extent(database, series, by_time=by_time)
    places = [point.at if by_time else point.step for point in points]
    assert (first, last) == (min(places), max(places))
    check(database, points, series, curve_rows.Window(by_time, first, last, columns))
    low, high = (first + int((last - first) * share) for share in sorted(part))
    check(database, points, series, curve_rows.Window(by_time, low, high, columns))


def logged(registry: Registry, values: Sequence[float], *, name: str = "loss", every: int = 1) -> str:
    with registry.start_run("curves") as run:
        for n, value in enumerate(values):
            run.log_metric(name, value, step=n * every, at=Micros(START + n * 1_000_000))
    return run.ref


def dots(registry: Registry, refs: list[str], metric: str = "loss", **options: object) -> tuple[Dot, ...]:
    found: Curves = registry.curves(refs, metric, **options)  # type: ignore[arg-type]
    return found.curves[0].dots


def test_a_spike_among_a_million_steps_is_seen_and_where_it_is(registry: Registry) -> None:
    ref = logged(registry, [0.0])
    run = registry.run(ref)
    with closing(registry.context.db.connection.cursor()):
        connection = registry.context.db.connection
        series = curve_rows.series_named(connection, [run.n], "loss")[run.n]
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "WITH RECURSIVE steps(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps WHERE n < 999999) "
            "INSERT INTO points SELECT ?, n, ? + n, 0, CASE n WHEN 654321 THEN 1000.0 ELSE 1.0 / n END FROM steps",
            (series.id, START),
        )
        connection.execute("UPDATE series SET count = 1000000 WHERE id = ?", (series.id,))
        block_rows.build(connection, series.id, 1_000_000)
        connection.execute("COMMIT")
    found = registry.curves([ref], "loss", columns=200)
    spikes = [dot for dot in found.curves[0].dots if dot.most == 1000.0]
    assert len(spikes) == 1
    assert spikes[0].column == 654321 * 200 // 999_999
    assert found.curves[0].count == sum(dot.count for dot in found.curves[0].dots) == 1_000_000
    near = dots(registry, [ref], columns=10, first=654_319, last=654_323)
    assert [(dot.first, dot.most) for dot in near if dot.most == 1000.0] == [(654_321, 1000.0)]


def test_a_long_history_that_a_run_logs_itself_is_drawn_from_blocks(registry: Registry) -> None:
    values = [math.sin(n / 500) for n in range(10_000)]
    values[7_777] = math.nan
    values[8_888] = math.inf
    ref = logged(registry, values)
    found = dots(registry, [ref], columns=50)
    assert len(found) == 50
    assert sum(dot.count for dot in found) == 10_000
    assert [(dot.nans, dot.above) for dot in found if dot.nans or dot.above] == [(1, 0), (0, 1)]
    connection = registry.context.db.connection
    held = connection.execute("SELECT sum(count) FROM point_blocks WHERE level = 0").fetchone()[0]
    assert held == 10_000


def test_points_that_were_put_there_without_blocks_are_read_one_by_one(registry: Registry) -> None:
    ref = logged(registry, [float(n) for n in range(5_000)])
    connection = registry.context.db.connection
    connection.execute("DELETE FROM point_blocks")
    for by in ("step", "clock"):
        assert sum(dot.count for dot in dots(registry, [ref], by=by, columns=7)) == 5_000


def test_a_short_history_has_no_blocks(registry: Registry) -> None:
    logged(registry, [0.5] * 100)
    assert registry.context.db.connection.execute("SELECT count(*) FROM point_blocks").fetchone()[0] == 0


def test_nothing_but_nan_and_infinities_is_told_and_has_no_range(registry: Registry) -> None:
    (dot,) = dots(registry, [logged(registry, [math.nan, math.inf, -math.inf, math.nan])], columns=1)
    assert (dot.count, dot.nans, dot.above, dot.below, dot.least, dot.mean) == (4, 2, 1, 1, None, None)


def test_a_single_point_is_one_dot(registry: Registry) -> None:
    found = registry.curves([logged(registry, [0.25])], "loss", columns=80)
    assert (found.first, found.last) == (0, 0)
    assert [(dot.column, dot.mean) for dot in found.curves[0].dots] == [(0, 0.25)]


def test_values_at_the_same_step_share_a_dot(registry: Registry) -> None:
    with registry.start_run("curves") as run:
        for value in (1.0, 3.0, 8.0):
            run.log_metric("loss", value, step=5)
    (dot,) = dots(registry, [run.ref])
    assert (dot.count, dot.least, dot.most, dot.mean) == (3, 1.0, 8.0, 4.0)


def test_huge_and_denormal_values_have_a_mean_between_them(registry: Registry) -> None:
    (dot,) = dots(registry, [logged(registry, [1.7e308, 1.7e308, 5e-324])], columns=1)
    assert dot.least == 5e-324
    assert dot.most == 1.7e308
    assert dot.mean is not None
    assert dot.least <= dot.mean <= dot.most


def test_steps_may_span_all_whole_numbers(registry: Registry) -> None:
    with registry.start_run("curves") as run:
        run.log_metric("loss", 1.0, step=-(2**63))
        run.log_metric("loss", 2.0, step=2**63 - 1)
    found = dots(registry, [run.ref], columns=10)
    assert [(dot.column, dot.mean) for dot in found] == [(0, 1.0), (9, 2.0)]


@pytest.mark.parametrize("name", ["val/acc", "a metric", "it's", 'say "hi"', "100%", "a`b", "été"])
def test_a_metric_may_have_any_name(registry: Registry, name: str) -> None:
    ref = logged(registry, [1.0, 2.0], name=name)
    assert [dot.mean for dot in dots(registry, [ref], name)] == [1.0, 2.0]
    assert registry.curve_metrics([ref]) == (name,)


def test_a_run_without_the_metric_says_so_beside_one_that_has_it(registry: Registry) -> None:
    found = registry.curves([logged(registry, [1.0]), logged(registry, [1.0], name="acc")], "loss")
    assert [curve.missing for curve in found.curves] == [None, "it has no metric loss"]


def test_time_counts_from_the_start_of_each_run_and_the_clock_does_not(registry: Registry) -> None:
    ref = logged(registry, [1.0, 2.0, 3.0])
    started = registry.run(ref).started_at
    by_time = registry.curves([ref], "loss", by="time")
    assert (by_time.first, by_time.last) == (START - started, START - started + 2_000_000)
    by_clock = registry.curves([ref], "loss", by="clock")
    assert (by_clock.first, by_clock.last) == (START, START + 2_000_000)


def test_by_epoch_points_go_where_the_epoch_was_logged_and_between(registry: Registry) -> None:
    with registry.start_run("curves") as run:
        for step in range(0, 101, 10):
            run.log_metric("epoch", step / 50, step=step)
        for step in range(101):
            run.log_metric("loss", float(step), step=step)
    found = registry.curves([run.ref], "loss", by="epoch", columns=20)
    assert (found.first, found.last) == (0.0, 2.0)
    assert sum(dot.count for dot in found.curves[0].dots) == 101
    middle = next(dot for dot in found.curves[0].dots if dot.column == 10)
    assert middle.first == pytest.approx(1.0)
    assert middle.least == 50.0
    part = registry.curves([run.ref], "loss", by="epoch", columns=20, first=0.5, last=1.0)
    assert {dot.least for dot in part.curves[0].dots} >= {25.0, 49.0}
    without = registry.curves([logged(registry, [1.0])], "loss", by="epoch")
    assert without.curves[0].missing == "it logged no metric epoch to go by"


def test_a_version_stands_for_the_run_that_produced_it(registry: Registry, tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text("{}")
    with registry.start_run("curves") as run:
        run.log_metric("loss", 0.5)
        run.log_metric("loss", 0.25)
        version = run.register("fraud", weights)
    found = registry.curves([version.ref, "fraud:#1"], "loss")
    assert [curve.ref for curve in found.curves] == [version.ref, version.ref]
    assert [dot.mean for dot in found.curves[0].dots] == [0.5, 0.25]
    bare = registry.register("fraud", weights, label="9.0.0")
    assert "without a run" in (registry.curves([bare.ref], "loss").curves[0].missing or "")


def test_a_model_or_a_dataset_has_no_curve_of_its_own(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.curves(["run:ffff"], "loss")
    with pytest.raises(BadValue, match="axis"):
        registry.curves([], "loss", by="sideways")
    with pytest.raises(BadValue):
        registry.curves([], "loss", columns=0)
    with pytest.raises(BadValue):
        registry.curves([], "loss", first=2, last=1)


def test_a_curve_grows_as_its_run_goes_on(registry: Registry) -> None:
    with registry.start_run("curves") as run:
        run.log_metric("loss", 1.0)
        run.flush()
        before = registry.curves([run.ref], "loss").curves[0]
        run.log_metric("loss", 0.5)
        run.flush()
        after = registry.curves([run.ref], "loss").curves[0]
    assert (before.running, before.count, after.count) == (True, 1, 2)
    assert not registry.curves([run.ref], "loss").curves[0].running


def test_a_metric_across_versions_has_their_values_and_the_spells_they_were_live(
    registry: Registry, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.json"
    for n, value in enumerate((0.90, 0.92, math.nan, 0.95), start=1):
        weights.write_text(str(n))
        registry.register("fraud", weights, label=f"{n}.0.0", metrics={"auc": value})
    registry.promote("fraud:1.0.0", "production")
    registry.promote("fraud:2.0.0", "production")
    registry.rollback("fraud@production")
    found = registry.metric_across("fraud", "auc", columns=4)
    assert [(dot.label, dot.first, dot.mean, dot.nans) for dot in found.curves[0].dots] == [
        ("1.0.0", 1, 0.90, 0),
        ("2.0.0", 2, 0.92, 0),
        ("3.0.0", 3, None, 1),
        ("4.0.0", 4, 0.95, 0),
    ]
    assert [(span.label, span.ended is None) for span in found.spans] == [
        ("1.0.0", False),
        ("2.0.0", False),
        ("1.0.0", True),
    ]
    assert found.stage == "production"
    by_clock = registry.metric_across("fraud", "auc", by="clock")
    assert by_clock.last >= found.spans[-1].began
    assert registry.metrics_across("fraud") == ("auc",)
    assert "no version of it has a metric mse" in (registry.metric_across("fraud", "mse").curves[0].missing or "")
    assert registry.metric_across("fraud", "auc", stage="staging").spans == ()
