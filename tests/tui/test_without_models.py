"""A registry that has runs and no models, as one has who logs before anything is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tui.conftest import Opening

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def logged(empty: Registry) -> Registry:
    """Three runs."""
    for n in range(3):
        with empty.start_run("churn", name=f"run-{n}", params={"lr": n}) as run:
            run.log_metric("auc", n / 10)
    return empty


@pytest.mark.parametrize("size", SIZES)
async def test_it_opens_on_its_runs(logged: Registry, opened: Opening, size: tuple[int, int]) -> None:
    async with opened(logged, size) as session:
        assert "all runs" in session.text
        assert "run-2" in session.text
        assert "no models yet" not in session.text


@pytest.mark.parametrize("size", SIZES)
async def test_its_runs_have_differences_and_lineages(logged: Registry, opened: Opening, size: tuple[int, int]) -> None:
    async with opened(logged, size) as session:
        await session.press("space", "space", "d")
        assert "run-1 against run-2" in session.text
        await session.press("escape")
        assert "all runs" in session.text
        await session.press("L")
        assert "lineage of run:" in session.text


async def test_what_is_of_models_says_that_there_are_none(logged: Registry, opened: Opening) -> None:
    async with opened(logged, (80, 24)) as session:
        await session.press("1")
        assert "no models yet" in session.rows[-1]
        assert "all runs" in session.text


async def test_help_leads_back_to_the_runs(logged: Registry, opened: Opening) -> None:
    async with opened(logged, (80, 24)) as session:
        await session.press("question_mark", "escape")
        assert "all runs" in session.text


async def test_escape_at_the_root_stays(logged: Registry, opened: Opening) -> None:
    async with opened(logged, (80, 24)) as session:
        await session.press("escape", "escape", "escape")
        assert "q quits" in session.rows[-1]
        await session.press("j")
        assert "all runs" in session.text


async def test_escape_never_leaves_where_there_are_models(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (80, 24)) as session:
        await session.press(*["escape"] * 6)
        assert "q quits" in session.rows[-1]
        await session.press("2")
        assert "tree" in session.rows[0]
