"""The table of runs: its columns, their order and widths, sorting, folding, and what differs between marked runs."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.records.base import Micros
from lineal.write_path.policy import Permission
from lineal_tui.places import View
from lineal_tui.screens import runs as reading
from lineal_tui.view.training.run_columns import Chosen, RunsLook, widened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]
HOSTILE = "\x1b]52;c;aGk=\x07 [red]x[/] \u202eevil `tick` \"quote\" 'single' a/b"


@pytest.fixture
def table(registry: Registry) -> Registry:
    """Runs of one experiment whose `auc` is not in the order of their starts; one of them lacks it."""
    for n, auc in enumerate((0.3, 0.9, None, 0.5)):
        with registry.start_run(
            "search", name=f"run-{n}", params={"lr": n / 10, "depth": 3, "name with blank": n}
        ) as run:
            if auc is not None:
                run.log_metric("auc", auc)
            run.set_tags({"team": "risk" if n % 2 else "ops"})
    return registry


@pytest.fixture
def family(registry: Registry) -> Registry:
    """A sweep with three runs in it, and one run in another experiment that it started, too."""
    registry.start_run("search", name="before").finish()
    with registry.start_run("search", name="sweep") as parent:
        for n in range(3):
            registry.start_run("search", name=f"point-{n}", parent=parent.id).finish()
        registry.start_run("elsewhere", name="stranger", parent=parent.id).finish()
    return registry


def names(session: Session) -> list[str]:
    """The runs in the table, from the top."""
    found = [re.search(r"(run-\d|point-\d|sweep|before|stranger)\b(?=.*finished)", row) for row in session.rows]
    return [match.group(1) for match in found if match]


def cursor_row(session: Session) -> str:
    return next(row for row in session.rows[2:] if row.startswith("▌"))


def head_of(session: Session) -> str:
    return next(row for row in session.rows if " RUN " in row)


def vanish(registry: Registry, folder: Path) -> None:
    """A run whose process ends without a word."""
    script = (
        "import os; from lineal.registry import open_registry\n"
        f"registry = open_registry({str(registry.root)!r})\n"
        "registry.start_run('odd', name='run-7').flush(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=folder)


# columns


@pytest.mark.parametrize("size", SIZES)
async def test_c_opens_the_columns_and_space_shows_one_more(
    table: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(table, size) as session:
        await session.press("7", "c")
        assert "columns shown" in session.text
        await session.press("slash", *"team", "enter", "space")
        assert "team" in head_of(session)
        await session.press("escape", "escape")
        assert "columns shown" not in session.text
        assert "team" in head_of(session)
        assert "ops" in next(row for row in session.rows if "run-0" in row)


async def test_a_column_that_is_shown_is_hidden_by_space(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        assert "depth" in head_of(session)
        await session.press("c", "slash", *"depth", "enter", "space", "escape", "escape")
        assert "depth" not in head_of(session)
        assert "lr" in head_of(session)


async def test_capital_j_and_k_move_a_column(table: Registry, opened: Opening) -> None:
    async with opened(table, (120, 40)) as session:
        await session.press("7")
        assert head_of(session).index("STATUS") < head_of(session).index("AGE")
        await session.press("c", "g", "J")
        assert head_of(session).index("STATUS") > head_of(session).index("AGE")
        await session.press("K")
        assert head_of(session).index("STATUS") < head_of(session).index("AGE")
        await session.press("K", "G", "J")
        assert "space shows the column first" in session.last


async def test_columns_get_wider_and_narrower(table: Registry, opened: Opening) -> None:
    async with opened(table, (120, 40)) as session:
        await session.press("7", "l")
        before = head_of(session).index("AGE")
        await session.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        assert head_of(session).index("AGE") == before + 3
        await session.press("less_than_sign")
        assert head_of(session).index("AGE") == before + 2
        await session.press(*["less_than_sign"] * 40)
        assert "…" in head_of(session)


async def test_a_gives_back_the_columns_that_the_runs_suggest(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7")
        before = head_of(session)
        await session.press("c", "g", "space", "space", "space")
        assert head_of(session) != before
        await session.press("a", "escape")
        assert head_of(session) == before


async def test_five_hundred_params_are_found_by_typing_and_reached_by_going_right(
    registry: Registry, opened: Opening
) -> None:
    registry.start_run("wide", name="run-0", params={f"group/p {n:03}": n for n in range(500)}).finish()
    async with opened(registry) as session:
        await session.press("7", "c")
        assert "of 507 columns shown" in session.text
        await session.press("slash", *"477", "enter")
        assert "1 found" in session.text
        await session.press("space", "enter")
        assert any("run-0" in row and " 477" in row for row in session.rows)


async def test_every_column_is_reached_by_going_right(table: Registry, opened: Opening) -> None:
    async with opened(table, (60, 20)) as session:
        await session.press("7")
        seen = ""
        for _ in range(9):
            await session.press("l")
            seen += head_of(session)
        for title in ("STATUS", "AGE", "TOOK", "EXPERIMENT", "auc", "depth", "lr", "name with"):
            assert title in seen
        await session.press(*["h"] * 9)
        assert "STATUS" in head_of(session)


async def test_hostile_names_of_params_are_text(registry: Registry, opened: Opening) -> None:
    hostile = HOSTILE.replace("\x1b", "").replace("\x07", "").replace("\u202e", "")
    with registry.start_run("odd", name=HOSTILE, params={hostile: HOSTILE}) as run:
        run.log_metric(hostile, float("nan"))
        run.set_tags({hostile: HOSTILE})
    async with opened(registry, (120, 40)) as session:
        await session.press("7", "c", "G", "space", "k", "k", "s", "enter", "s", "j", "equals_sign")
        for size in SIZES:
            await session.pilot.resize_terminal(*size)
            await session.settle()
            assert "\x1b" not in session.text
            assert "\u202e" not in session.text


async def test_runs_without_anything_have_a_table_too(registry: Registry, opened: Opening) -> None:
    registry.start_run("bare", name="run-0").finish()
    async with opened(registry) as session:
        await session.press("7", "c", "j", "space", "J", "enter", "l", "l", "greater_than_sign", "t")
        assert "run-0" in session.text


async def test_the_end_of_an_order_that_is_still_read_is_its_true_end(
    registry: Registry, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.start_run("search", name="first").finish()
    with registry.context.change(Permission.LOG, "many runs") as change:
        change.connection.executemany(
            "INSERT INTO runs (n, id, experiment_id, name, kind, status, started_at, ended_at, actor) "
            "VALUES (?1, printf('%032x', ?1), 1, 'run-' || ?1, 'train', 'finished', ?1, ?1 * 3, 'ana')",
            [(n,) for n in range(1_000, 1_600)],
        )
        change.record("generated", "runs")
    monkeypatch.setattr(reading, "_SLOW", 0.0)  # no order is read at once
    async with opened(registry, (160, 48)) as session:
        await session.press("7", "l", "l", "l")
        await session.type_ahead("s", "G")
        assert "by TOOK" in session.text
        assert session.workspace.panes[View.RUNS].lines.cursor == 600
        assert "▌ first " in session.text


# nested runs


async def test_nested_runs_fold_under_their_parent(family: Registry, opened: Opening) -> None:
    async with opened(family) as session:
        await session.press("7")
        assert names(session) == ["stranger", "sweep", "before"]
        assert "+3" in session.text
        await session.press("g", "j", "l")
        assert names(session) == ["stranger", "sweep", "point-2", "point-1", "point-0", "before"]
        await session.press("j", "j", "enter")
        assert "point-1" in session.rows[1]
        await session.press("escape", "h")
        assert any(row.startswith("▌") and "sweep" in row for row in session.rows)
        await session.press("h")
        assert names(session) == ["stranger", "sweep", "before"]


async def test_what_is_unfolded_stays_so_when_runs_come(family: Registry, opened: Opening) -> None:
    async with opened(family) as session:
        await session.press("7", "g", "j", "l", "j")
        family.start_run("search", name="run-9").finish()
        session.workspace.read()
        await session.settle()
        assert names(session) == ["run-9", "stranger", "sweep", "point-2", "point-1", "point-0", "before"]
        assert any(row.startswith("▌") and "point-2" in row for row in session.rows)


async def test_nested_runs_fold_at_any_depth(registry: Registry, opened: Opening) -> None:
    parent = None
    for depth in range(5):
        parent = registry.start_run("search", name=f"run-{depth}", parent=None if parent is None else parent.id)
        registry.start_run("search", name=f"point-{depth}", parent=parent.id).finish()
        parent.finish()
    async with opened(registry) as session:
        await session.press("7")
        assert names(session) == ["run-0"]
        await session.press(*["l", "j"] * 5)
        assert cursor_row(session).startswith(f"▌ {' ' * 10}↳ point-4")
        shown = ["run-0", "run-1", "run-2", "run-3", "run-4", "point-4", "point-3", "point-2", "point-1", "point-0"]
        assert names(session) == shown
        for start, end in (("run-4", "point-4"), ("run-3", "point-3")):
            await session.press("h", "h")
            assert start in cursor_row(session)
            assert "▸" in cursor_row(session)
            assert end not in names(session)
        registry.start_run("search", name="run-9").finish()
        session.workspace.read()
        await session.settle()
        assert names(session) == ["run-9", "run-0", "run-1", "run-2", "run-3", "point-2", "point-1", "point-0"]
        await session.press("h", "h", "h", "h", "h", "h", "l")
        assert names(session) == ["run-9", "run-0", "run-1", "point-0"], "what is folded away folds what is below it"


async def test_a_run_whose_parent_is_of_another_experiment_is_nobodys_inner_run(
    family: Registry, opened: Opening
) -> None:
    async with opened(family) as session:
        await session.press("7", "e")
        await session.press("slash", *"elsewhere", "enter", "enter")
        assert names(session) == ["stranger"]


# lost runs, and what changes


async def test_a_run_whose_process_is_gone_is_lost(registry: Registry, opened: Opening, tmp_path: Path) -> None:
    vanish(registry, tmp_path)
    async with opened(registry) as session:
        await session.press("7")
        assert "lost" in next(row for row in session.rows if "run-7" in row)
        await session.press("enter")
        assert "its process is gone" in session.text


async def test_a_run_that_goes_on_changes_in_place(registry: Registry, opened: Opening) -> None:
    run = registry.start_run("search", name="run-1")
    run.log_metric("auc", 0.25, step=1)
    run.flush()
    async with opened(registry) as session:
        await session.press("7")
        assert "0.2500" in session.text
        run.log_metric("auc", 0.75, step=2)
        run.flush()
        session.workspace.read()
        await session.settle()
        assert "0.7500" in session.text
        assert "0.2500" not in next(row for row in session.rows if "run-1" in row)
    run.finish()


# what differs


async def test_equals_shows_only_the_columns_in_which_marked_runs_differ(table: Registry, opened: Opening) -> None:
    async with opened(table, (120, 40)) as session:
        await session.press("7", "equals_sign")
        assert "mark two runs" in session.last
        await session.press("g", "space", "space", "equals_sign")
        assert "what differs between 2" in session.text
        assert "lr" in head_of(session)
        assert "depth" not in head_of(session)
        assert "STATUS" not in head_of(session)
        await session.press("equals_sign")
        assert "depth" in head_of(session)


async def test_runs_that_differ_in_nothing_say_so(registry: Registry, opened: Opening) -> None:
    for n in range(2):
        registry.start_run("same", name=f"run-{n}", params={"lr": 1}).finish()
    async with opened(registry) as session:
        await session.press("7", "g", "space", "space", "equals_sign")
        assert "differ in no param" in session.last


def test_a_column_is_not_widened_before_any_row_was_measured() -> None:
    look = RunsLook((Chosen("age"), Chosen("metric:auc")), Micros(0))
    assert widened(look, "age", 1) == look.columns
    assert widened(replace(look, widths=(5, 6)), "age", 1) == (Chosen("age", 6), Chosen("metric:auc"))
