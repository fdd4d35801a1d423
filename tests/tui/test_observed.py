"""What is observed of the live version stands below the timeline, and what an alert fires about says so everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry
from lineal_tui.view.drawing.bars import header_line
from lineal_tui.view.drawing.lines import Tone, line_width
from lineal_tui.view.staging.observations import Watched, watched_lines

if TYPE_CHECKING:
    from tests.tui.conftest import Opening

    from lineal.registry import Registry

STAGE = "fraud@production"
SIZES = [(80, 24), (160, 48)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_history_shows_what_is_observed_and_what_fires(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    registry.set_alerts(STAGE, "latency < 80")
    for value in (70, 75, 91):
        registry.observe(STAGE, {"latency": value, "errors": 0.01})
    async with opened(registry, size) as session:
        await session.press("g", "H")
        await session.settle()
        text = session.text
        assert "ALERT" in text.splitlines()[0], "the header says so wherever one is"
        assert "latency < 80; saw latency 91" in text
        assert [row for row in text.splitlines() if "latency" in row and "91.00" in row]
        assert [row for row in text.splitlines() if "errors" in row and "0.01000" in row]


@pytest.mark.parametrize("size", SIZES)
async def test_lists_of_models_versions_and_stages_say_alert(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    registry.set_alerts(STAGE, "latency < 80")
    registry.observe(STAGE, {"latency": 91})
    async with opened(registry, size) as session:
        for key in ("1", "2", "9"):
            await session.press(key)
            await session.settle()
            assert [row for row in session.text.splitlines()[1:] if "ALERT" in row], key


async def test_it_appears_while_one_looks(registry: Registry, opened: Opening) -> None:
    registry.set_alerts(STAGE, "latency < 80")
    async with opened(registry, (80, 24)) as session:
        await session.press("g")
        assert "ALERT" not in session.text
        with open_registry(registry.root) as other:
            other.observe(STAGE, {"latency": 91})
        for _ in range(200):
            await session.pilot.pause(0.02)
            if "ALERT" in session.text:
                break
        assert "ALERT" in session.text


@pytest.mark.parametrize("width", [20, 40, 80, 160])
@pytest.mark.parametrize("most", [1, 2, 3, 12])
def test_rows_fit_and_what_is_left_out_is_said(registry: Registry, width: int, most: int) -> None:
    registry.set_alerts(STAGE, "`größe [red]` < 80")
    for value in range(30):
        registry.observe(STAGE, {"größe [red]": 90 + value, "a" * 60: 1.0, "b": float("nan"), "c": 1e-9})
    series = tuple(registry.observed_at(STAGE))
    watched = Watched(series, {each.id: registry.observed_latest(each) for each in series}, tuple(registry.alerts()))
    lines = watched_lines(watched, series[0].last_at, width, most)
    assert len(lines) <= max(1, most)
    assert lines[0][0] == ("ALERT      ", Tone.FAILED)
    if width >= 40:
        assert all(line_width(line) <= width for line in lines)
    if 2 <= most < 5:
        assert "more" in lines[-1][0][0]


@pytest.mark.parametrize("width", [60, 70, 80, 100, 160])
@pytest.mark.parametrize("stage", ["staging", "production"])
def test_the_header_never_leaves_out_that_an_alert_fires(registry: Registry, width: int, stage: str) -> None:
    (model,) = registry.models()
    named = replace(model, name="a-rather-long-name-of-a-model", alarmed=("production",))
    line = header_line(
        Path("/srv/models/registry"),
        width,
        access="RW",
        model=named,
        view="history",
        stage=stage,
        marked=12,
        findings=3,
    )
    assert line_width(line) == width
    assert "ALERT" in "".join(text for text, tone in line if tone is Tone.FAILED)
    assert "12 marked" in "".join(text for text, _ in line)
