"""Histories of metrics as sparklines in the rows of runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tui.conftest import Opening

    from lineal.registry import Registry


@pytest.fixture
def curved(registry: Registry) -> Registry:
    """A run that falls, one of which most is not a number, one with a single point, and one without any."""
    for name, values in (
        ("falls", [float(9 - n) for n in range(10)]),
        ("breaks", [1.0, math.nan, math.inf, 2.0]),
        ("single", [1.0]),
        ("nothing", []),
    ):
        with registry.start_run("search", name=name) as run:
            for step, value in enumerate(values):
                run.log_metric("loss", value, step=step)
    with registry.start_run("search", name="long") as run:
        for step in range(2_000):
            run.log_metric("loss", float(step), step=step)
    return registry


async def test_rows_have_the_history_of_the_metric_that_most_have(curved: Registry, opened: Opening) -> None:
    async with opened(curved, (160, 48)) as session:
        await session.press("7", "e", "G", "enter")
        rows = {name: next(row for row in session.rows if f" {name} " in row) for name in ("falls", "long", "single")}
        assert "█▇▆▆▅▄▃▃▂▁" in rows["falls"]
        assert "▁▂▃▃▄▅▆▆▇█" in rows["long"], "of many points it is the whole history, not its end"
        assert not set("▁▂▃▄▅▆▇█") & set(rows["single"])
        assert any(" breaks " in row for row in session.rows)


async def test_a_history_and_the_value_beside_it_have_titles_of_their_own(curved: Registry, opened: Opening) -> None:
    async with opened(curved, (160, 48)) as session:
        await session.press("7", "e", "G", "enter")
        heads = next(row for row in session.rows if " STATUS " in row).split()
        assert [title for title in heads if "loss" in title] == ["loss", "~loss"]


async def test_names_of_experiments_and_columns_are_whole_where_there_is_room(
    registry: Registry, opened: Opening
) -> None:
    with registry.start_run("disease-progression", params={"learning_rate": 0.1}) as run:
        run.log_metric("validation_loss", 1.0)
    for width, name in ((200, "disease-progression"), (80, "disease-pro…")):
        async with opened(registry, (width, 48)) as session:
            await session.press("7")
            assert any(f"  {name}  " in row for row in session.rows)
            assert width == 80 or "learning_rate" in session.text


async def test_a_history_is_a_column_that_can_be_widened_and_sorted_by(curved: Registry, opened: Opening) -> None:
    async with opened(curved, (160, 48)) as session:
        await session.press("7", "c", "slash", *"curve", "enter", "enter")
        await session.press(*["greater_than_sign"] * 4, "s")
        assert "by loss" in session.text
        assert "unexpected" not in session.text
        falls = next(row for row in session.rows if " falls " in row)
        assert sum(falls.count(bar) for bar in "▁▂▃▄▅▆▇█") == 10
