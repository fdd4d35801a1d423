"""Runs sorted by any column, and filtered by the search language; versions, too; every other list by words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from textual.events import Paste

if TYPE_CHECKING:
    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def table(registry: Registry) -> Registry:
    """Four runs whose metrics are not in the order of their starts; `run-2` has none."""
    for n, auc in enumerate((0.3, 0.9, None, 0.5)):
        with registry.start_run("search", name=f"run-{n}", params={"lr": n / 10, "a b/c": n}) as run:
            if auc is not None:
                run.log_metrics({"auc": auc, "loss": 1 - auc})
            run.set_tags({"team": "risk" if n % 2 else "ops"})
    return registry


def names(session: Session) -> list[str]:
    """The runs in the table, from the top."""
    found = [re.search(r"(run-\d)\b(?=.*(finished|failed))", row) for row in session.rows]
    return [match.group(1) for match in found if match]


def head_of(session: Session) -> str:
    return next(row for row in session.rows if " RUN " in row)


async def type_in(session: Session, text: str) -> None:
    session.app.post_message(Paste(text))
    await session.settle()


async def to_column(session: Session, title: str) -> None:
    look = session.workspace._runs
    assert look is not None
    place = [column.id.partition(":")[2] or column.id for column in look.look.columns].index(title)
    await session.press(*["l"] * (place + 1 - look.look.cursor))


# sorting


@pytest.mark.parametrize("size", SIZES)
async def test_s_sorts_by_the_chosen_column_the_best_first_and_again_the_other_way(
    table: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(table, size) as session:
        await session.press("7")
        assert names(session) == ["run-3", "run-2", "run-1", "run-0"]
        await to_column(session, "auc")
        await session.press("s")
        assert names(session) == ["run-1", "run-3", "run-0", "run-2"]
        assert "auc▼" in head_of(session)
        assert "by auc" in session.text
        await session.press("s")
        assert names(session) == ["run-0", "run-3", "run-1", "run-2"]
        assert "auc▲" in head_of(session)


async def test_of_what_is_better_lower_the_lowest_comes_first(table: Registry, opened: Opening) -> None:
    async with opened(table, (120, 40)) as session:
        await session.press("7")
        await to_column(session, "loss")
        await session.press("s")
        assert names(session) == ["run-1", "run-3", "run-0", "run-2"]


async def test_sorting_by_age_is_how_it_was_at_first(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "s")
        assert names(session) == ["run-0", "run-1", "run-2", "run-3"]
        await session.press("l", "l", "s")
        assert names(session) == ["run-3", "run-2", "run-1", "run-0"]
        assert "runs, by AGE" not in session.text
        await session.press("s")
        assert names(session) == ["run-0", "run-1", "run-2", "run-3"]


async def test_runs_are_sorted_by_a_column_from_the_list_of_columns(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "c", "slash")
        await type_in(session, "a b/c")
        await session.press("enter", "s")
        assert names(session) == ["run-0", "run-1", "run-2", "run-3"]
        await session.press("s")
        assert names(session) == ["run-3", "run-2", "run-1", "run-0"]


async def test_a_name_with_every_quote_cannot_be_sorted_by_and_says_so(table: Registry, opened: Opening) -> None:
    table.start_run("search", name="run-9", params={"a`b\"c'd": 1}).finish()
    async with opened(table) as session:
        await session.press("7", "c", "slash", *"b\"c'd", "enter", "s")
        assert "cannot be sorted by" in session.text
        assert len(names(session)) == 5


async def test_an_order_is_kept_for_the_next_start(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        await to_column(session, "auc")
        await session.press("s", "j")
    async with opened(table) as session:
        assert names(session) == ["run-1", "run-3", "run-0", "run-2"]
        assert any(row.startswith("▌ run-3") for row in session.rows)


async def test_the_cursor_stays_on_its_run_in_an_order_that_changes(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        await to_column(session, "auc")
        await session.press("s", "j", "j")
        assert any(row.startswith("▌ run-0") for row in session.rows)
        with table.start_run("search", name="run-8") as run:
            run.log_metrics({"auc": 0.99})
        session.workspace.read()
        await session.settle()
        assert names(session) == ["run-8", "run-1", "run-3", "run-0", "run-2"]
        assert any(row.startswith("▌ run-0") for row in session.rows)


async def test_marks_are_where_they_were_in_another_order(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "space")
        await session.press("s")
        marked = next(row for row in session.rows if row[1:2] == "•")
        assert "run-3" in marked


# filters of runs


async def test_a_filter_of_runs_is_an_expression_or_words(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        for text, wanted in (
            ("metrics.auc > 0.4", ["run-3", "run-1"]),
            ("metrics.auc > 0.4 AND params.lr < 0.2", ["run-1"]),
            ("params.`a b/c` = 2", ["run-2"]),
            ("tags.team = 'ops'", ["run-2", "run-0"]),
            ("run-1", ["run-1"]),
            ("tags.team = 'nobody'", []),
        ):
            await session.press("slash", "ctrl+u")
            await type_in(session, text)
            assert f"{len(wanted)} found" in session.last, text
            await session.press("enter")
            assert names(session) == wanted, text
            assert f"{len(wanted)} of 4 runs" in session.text
        await session.press("escape")
        assert len(names(session)) == 4


async def test_a_filter_and_an_order_go_together(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        await to_column(session, "auc")
        await session.press("s", "slash")
        await type_in(session, "tags.team = 'risk'")
        await session.press("enter")
        assert names(session) == ["run-1", "run-3"]
        await session.press("s")
        assert names(session) == ["run-3", "run-1"]


async def test_what_is_wrong_is_pointed_at_and_the_list_stays(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "slash")
        await type_in(session, "metrics.auc > ")
        assert "not yet" in session.last
        assert len(names(session)) == 4
        await session.press("enter")
        assert any(row.startswith("/metrics.auc >") for row in session.rows)
        assert "^" in session.last
        assert len(names(session)) == 4
        await type_in(session, " 0.4")
        await session.press("enter")
        assert names(session) == ["run-3", "run-1"]


async def test_a_field_that_is_not_there_is_answered_with_the_nearest(table: Registry, opened: Opening) -> None:
    async with opened(table, (120, 40)) as session:
        await session.press("7", "slash")
        await type_in(session, "metrics.acu > 0.4")
        await session.press("enter")
        assert "metrics.auc" in session.last
        await session.press("escape")
        assert len(names(session)) == 4
        assert "/metrics" not in session.text


async def test_no_filter_breaks_anything(table: Registry, opened: Opening) -> None:
    words = ("'", '"', "((((((", "metrics.", "a = b = c", "1 < 2 AND", "%", "_", "\\")
    async with opened(table) as session:
        for text in (*words, "x" * 999, "( " * 400, "NOT " * 240):
            await session.press("7", "slash")
            assert session.last.startswith("/"), text
            await type_in(session, text)
            await session.press("enter")
            assert "unexpected" not in session.text, text
            await session.press("escape", "escape")
            assert session.workspace.prompt is None, text
            assert not session.workspace.filters, text


async def test_keys_faster_than_the_search_end_in_the_last_one(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        await session.type_ahead("slash", *"run-1", "backspace", "3", "enter")
        assert names(session) == ["run-3"]


# filters of versions, and of other lists


async def test_the_tree_takes_expressions_too(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash")
        await type_in(session, "metrics.auc > 0.925")
        assert "2 found" in session.last
        await session.press("enter")
        assert "2 of 5 versions" in session.text
        await session.press("slash", "ctrl+u")
        await type_in(session, "stage = 'production'")
        await session.press("enter")
        assert "1 of 5 versions" in session.text
        await session.press("slash", "ctrl+u")
        await type_in(session, "metrics.acu > 1")
        await session.press("enter")
        assert "^" in session.last
        assert "metrics.auc" in session.last


async def test_experiments_and_stages_are_filtered_by_words(table: Registry, opened: Opening) -> None:
    table.start_run("nightly", name="x").finish()
    async with opened(table) as session:
        await session.press("7", "e", "slash", *"night")
        assert "1 found" in session.last
        await session.press("enter")
        assert "search" not in "\n".join(session.rows[2:])
        await session.press("escape", "9", "slash", *"prod", "enter")
        assert "production" in session.text
        assert not any(row[2:].startswith("staging") for row in session.rows)


async def test_a_kept_filter_that_makes_no_sense_any_more_takes_no_keys(registry: Registry, opened: Opening) -> None:
    from lineal_tui.remembered import Place, remember, state_file

    place = Place("fraud", "production", "tree", filters=(("tree", "metrics.gone ="),))
    remember(state_file(registry.uid, registry.root), place)
    async with opened(registry) as session:
        assert session.workspace.prompt is None
        assert "expression is wrong" in session.last
        await session.press("r")
        assert session.phase == "OPEN"
