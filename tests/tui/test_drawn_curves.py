"""Curves in the application and as lines: what is drawn is what was logged, and words tell what cannot be drawn."""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING

import pytest

from lineal.records.base import Micros
from lineal.records.curves import Axis, Curve, Curves, Dot, Span
from lineal.records.stages import Outcome
from lineal.training.dots import smoothed
from lineal_tui.view.drawing.ascii import to_ascii
from lineal_tui.view.drawing.braille import Heights, cells, dotted, sign
from lineal_tui.view.drawing.lines import Line, line_width
from lineal_tui.view.training import curve_words
from lineal_tui.view.training import curves as drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.tui.conftest import Opening

    from lineal.registry import Registry

START = 1_767_225_600_000_000


def dot(column: int, value: float | None, **fields: object) -> Dot:
    known = {"first": float(column), "last": float(column), "count": 1, "least": value, "most": value, "mean": value}
    return Dot(column, **{**known, **fields})  # type: ignore[arg-type]


def of(*curves: Sequence[float | None], columns: int = 138, axis: Axis = Axis.STEP) -> Curves:
    made = tuple(
        Curve(f"run:{n}", f"run {n}", tuple(dot(at, value) for at, value in enumerate(values)), len(values))
        for n, values in enumerate(curves)
    )
    return Curves("loss", axis, columns, 0, columns, made)


def text_of(lines: Sequence[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def test_a_rising_line_is_drawn_from_the_lower_left_to_the_upper_right() -> None:
    heights = Heights(0.0, 7.0, 8)
    drawn = dotted([(n, float(n), float(n), float(n)) for n in range(8)], heights, 8)
    assert [column.bit_length() - 1 for column in drawn] == [7, 6, 5, 4, 3, 2, 1, 0]
    found = cells(drawn, 2)
    assert [sign(found[at]) for at in sorted(found)] == ["⡠", "⠊", "⡠", "⠊"]


def test_a_single_point_stands_out_with_its_value_and_is_said_to_be_the_only_one() -> None:
    rows = text_of(drawing.plot_lines(of([0.25]), drawing.PlotLook(80, 12)))
    (point,) = [row for row in rows if "●" in row]
    assert point.rstrip().endswith("│● 0.2500, the only point")
    assert not any("●" in row for row in text_of(drawing.plot_lines(of([0.25, 0.5]), drawing.PlotLook(80, 12))))


def test_several_single_points_bear_their_letters_and_the_words_of_none_hide_another() -> None:
    rows = text_of(drawing.plot_lines(of([0.25], [0.75], [0.75]), drawing.PlotLook(80, 12)))
    assert [row.rstrip()[11:] for row in rows if "only point" in row] == [
        "C 0.7500, the only point",
        "A 0.2500, the only point",
    ]


def test_a_single_point_of_a_part_tells_of_how_many_and_at_the_right_end_stands_right_of_its_words() -> None:
    one = Curve("run:0", "run", (dot(137, 3.0),), 40)
    rows = text_of(drawing.plot_lines(Curves("loss", Axis.STEP, 138, 0, 138, (one,)), drawing.PlotLook(80, 12)))
    (point,) = [row for row in rows if "●" in row]
    assert point.endswith("3.000, 1 of 40 points ●")


def test_columns_without_points_are_bridged_but_not_where_a_value_is_no_number() -> None:
    heights = Heights(0.0, 7.0, 8)
    bridged = dotted([(0, 0.0, 0.0, 0.0), (7, 7.0, 7.0, 7.0)], heights, 8)
    assert all(bridged)
    parted = dotted([(0, 0.0, 0.0, 0.0), (3, 0.0, 0.0, None), (7, 7.0, 7.0, 7.0)], heights, 8)
    assert [bool(column) for column in parted] == [True, *[False] * 6, True]


def test_a_spike_reaches_from_its_least_to_its_most() -> None:
    (column,) = dotted([(0, 0.0, 7.0, 1.0)], Heights(0.0, 7.0, 8), 1)
    assert column == 0b11111111


@pytest.mark.parametrize(
    ("low", "high"), [(-1.7e308, 1.7e308), (5e-324, 1e-323), (0.0, 0.0), (-5.0, -5.0), (1e300, 1.7e308)]
)
@pytest.mark.parametrize("logarithmic", [False, True])
def test_extreme_values_are_drawn_without_error(low: float, high: float, logarithmic: bool) -> None:
    lines = drawing.plot_lines(of([low, high, None, low]), drawing.PlotLook(80, 12, logarithmic))
    assert len(lines) == 12
    assert all(line_width(line) <= 80 for line in lines)


@pytest.mark.parametrize("width", [20, 30, 80, 200])
@pytest.mark.parametrize("height", [5, 8, 24, 60])
def test_a_plot_has_the_size_that_was_asked_for(width: int, height: int) -> None:
    columns = drawing.plot_columns(width)
    curves = of([math.sin(n / 9) for n in range(columns)], [n / 40 for n in range(columns // 2)], columns=columns)
    lines = drawing.plot_lines(curves, drawing.PlotLook(width, height))
    assert len(lines) == height
    assert all(line_width(line) <= width + 3 for line in lines)


@pytest.mark.parametrize("smoothing", [0.0, 0.9])
def test_curves_that_were_read_for_a_wider_plot_are_cut_until_they_are_read_again(smoothing: float) -> None:
    curves = of([float(value) for value in range(138)])
    drawn = drawing.plot_lines(curves, drawing.PlotLook(40, 10, smoothing=smoothing))
    assert all(line_width(line) <= 40 for line in drawn)
    assert any("⠊" in line or "⡠" in line or "⠁" in line for line in text_of(drawn))


def test_smoothing_is_tensorboards() -> None:
    found = smoothed([dot(n, value) for n, value in enumerate((1.0, 2.0, 4.0))] + [dot(3, None), dot(4, 0.0)], 0.5)
    assert found == pytest.approx([1.0, (0.25 + 1.0) / 0.75, (0.625 + 2.0) / 0.875, None, 1.3125 / 0.9375])
    assert smoothed([dot(0, 3.0)], 0.0) == [3.0]


def test_several_curves_bear_letters_and_one_bears_none() -> None:
    several = "".join(text_of(drawing.plot_lines(of([1.0] * 60, [2.0] * 60), drawing.PlotLook(80, 12))))
    assert "A" in several
    assert "B" in several
    alone = "".join(text_of(drawing.plot_lines(of([1.0] * 60), drawing.PlotLook(80, 12))))
    assert not re.search("[AB]", alone)


def test_values_that_are_no_numbers_have_signs_in_the_plot_and_words_below() -> None:
    curve = Curve(
        "run:1",
        "odd",
        (dot(0, 1.0), dot(10, None, nans=3, count=3), dot(20, None, above=1), dot(30, None, below=2, last=33.0)),
        7,
    )
    curves = Curves("loss", Axis.STEP, 138, 0, 138, (curve,))
    plot = "".join(text_of(drawing.plot_lines(curves, drawing.PlotLook(80, 12))))
    assert [plot.count(mark) for mark in "✗▲▼"] == [1, 1, 1]
    (_, words) = text_of(curve_words.legend_lines(curves, 80))
    assert "3 NaN at 10, 1 inf at 20, 2 -inf within 30 to 33" in words


def test_nothing_but_nan_says_so_where_the_curve_would_be() -> None:
    curves = Curves("loss", Axis.STEP, 138, 0, 1, (Curve("run:1", "odd", (dot(0, None, nans=1),), 1),))
    assert "no finite value here" in "\n".join(text_of(drawing.plot_lines(curves, drawing.PlotLook(80, 12))))


def test_a_logarithmic_axis_says_when_nothing_is_above_zero() -> None:
    lines = drawing.plot_lines(of([-1.0, 0.0, -3.0]), drawing.PlotLook(80, 12, logarithmic=True))
    assert "nothing above zero" in "\n".join(text_of(lines))


def test_a_plot_in_ascii_has_no_other_sign() -> None:
    lines = drawing.plot_lines(of([math.sin(n / 9) for n in range(138)]), drawing.PlotLook(80, 12))
    assert all(to_ascii(text).isascii() and len(to_ascii(text)) == len(text) for text in text_of(lines))
    assert "?" not in to_ascii("".join(text_of(lines)))


def test_by_the_clock_spells_stand_below_with_their_labels() -> None:
    spells = tuple(
        Span("production", label, n, n, Micros(START + n * 10**9), ended, Outcome.HEALTHY)
        for n, label, ended in ((0, "1.0.0", Micros(START + 10**9)), (1, "2.0.0", None))
    )
    curves = Curves(
        "auc", Axis.CLOCK, 138, START, START + 2 * 10**9, (Curve("fraud", "fraud", (dot(0, 1.0),), 1),), None, spells,
        "production",
    )  # fmt: skip
    (*_, band) = text_of(drawing.plot_lines(curves, drawing.PlotLook(80, 12)))
    assert re.fullmatch("production ▌1.0.0─+▌2.0.0─+", band)


def test_two_curves_of_a_thousand_points_are_drawn_in_time() -> None:
    curves = of(*([math.sin(n / (9 + k)) for n in range(276)] for k in range(2)), columns=276)
    look = drawing.PlotLook(149, 40)
    drawing.plot_lines(curves, look)
    began = time.perf_counter()
    drawing.plot_lines(curves, look)
    assert time.perf_counter() - began < 0.1  # some 5 ms; machines of tests are slow


@pytest.fixture
def logged(registry: Registry) -> Registry:
    """Three runs, one of which produced a version; the metrics have names of all kinds."""
    for k in range(3):
        with registry.start_run("churn", name=f"attempt {k}") as run:
            for step in range(300):
                value = math.exp(-step / (50 * (k + 1)))
                run.log_metric("loss", math.nan if k == 1 and step == 150 else value, step=step)
                run.log_metric('val/"a b"', step / 300, step=step)
                run.log_metric("epoch", step // 100, step=step)
            if k == 2:
                run.log_metric("only here", 1.0)
    return registry


async def to_runs(session: object, *keys: str) -> str:
    await session.press("7", *keys)  # type: ignore[attr-defined]
    return str(session.text)  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_marked_runs_are_drawn_over_each_other(logged: Registry, opened: Opening, size: tuple[int, int]) -> None:
    async with opened(logged, size) as session:
        text = await to_runs(session, "space", "space", "C")
        assert "loss  2 over each other" in text
        assert re.search("A +attempt 2 .*300 points", text)
        assert re.search("B +attempt 1 .*300 points", text)
        assert re.search("B 1 NaN (at|within) 150", text)
        assert any("\u2800" < letter <= "\u28ff" for letter in text)


async def test_the_run_under_the_cursor_is_drawn_without_marks(logged: Registry, opened: Opening) -> None:
    async with opened(logged) as session:
        text = await to_runs(session, "j", "C")
        assert re.search("A +attempt 1", text)
        assert "attempt 2" not in text
        await session.press("escape")
        assert "RUN" in session.text


async def test_keys_choose_metric_axis_scale_and_smoothing(logged: Registry, opened: Opening) -> None:
    async with opened(logged) as session:
        await to_runs(session, "C")
        assert session.rows[1].startswith("─ loss")
        await session.press("n")
        assert session.rows[1].startswith('─ val/"a b"')
        await session.press("N", "left_square_bracket")
        assert session.rows[1].startswith("─ epoch")
        await session.press("right_square_bracket", "o", "S", "S")
        assert "by step, logarithmic, smoothed 0.6" in session.rows[1]
        await session.press("x")
        assert "by time since the start" in session.rows[1]
        await session.press("x", "x")
        assert "by epoch" in session.rows[1]
        await session.press("x")
        assert "by step" in session.rows[1]


async def test_the_filter_chooses_among_metrics(logged: Registry, opened: Opening) -> None:
    async with opened(logged) as session:
        await to_runs(session, "C", "slash", *"only", "enter")
        await session.press("n")
        assert session.rows[1].startswith("─ only here")


async def test_the_cursor_tells_the_values_of_every_curve_and_zoom_shows_a_part(
    logged: Registry, opened: Opening
) -> None:
    async with opened(logged) as session:
        await to_runs(session, "space", "space", "C", "l")
        assert re.search(r"A +attempt 2 .* at 0", session.text) or "within 0 to" in session.text
        assert sum(row.count("▲") for row in session.rows) == 1
        await session.press("plus", "plus")
        assert "a part (w for all)" in session.rows[1]
        assert any(re.fullmatch(r" +0▲? +38 +76", row) for row in session.rows)
        await session.press("w")
        assert "a part" not in session.rows[1]
        assert sum(row.count("▲") for row in session.rows) == 0


async def test_from_the_tree_the_metric_is_drawn_across_versions_with_who_was_live(
    registry: Registry, opened: Opening
) -> None:
    async with opened(registry) as session:
        await session.press("C")
        assert "auc  across fraud" in session.text
        assert "by version" in session.text
        assert re.search("production .*◆2.0.0", session.text)
        assert "◆2.1.0" in session.text
        await session.press("x")
        assert "by the clock" in session.text
        assert re.search("production +▌", session.text)


async def test_a_version_without_a_run_says_so_in_words(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("6", "C")
        assert "nothing was measured here" in session.text


async def test_a_curve_goes_on_while_its_run_does(registry: Registry, opened: Opening) -> None:
    with registry.start_run("churn", name="going on") as run:
        run.log_metric("loss", 1.0)
        run.flush()
        async with opened(registry) as session:
            await to_runs(session, "C")
            assert "1.000 at 0" in session.text
            run.log_metric("loss", 0.5)
            run.flush()
            session.workspace.poll()
            session.workspace.read()
            await session.settle()
            assert re.search("last 0.5000.* 2 points, runs", session.text)


async def test_there_is_nothing_to_draw_where_there_are_no_runs(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await to_runs(session, "C")
        assert "nothing here has curves" in session.last
