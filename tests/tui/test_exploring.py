"""Experiments, runs, files, stages and findings, each reached by a key and read as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.events import Paste

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def runs(registry: Registry) -> Registry:
    """Three runs of two experiments over the usual versions: finished, failed, running."""
    with registry.start_run("search", name="first", params={"lr": 0.1, "depth": 3}) as run:
        for step in range(20):
            run.log_metrics({"auc": 0.9 + step / 1000, "loss": 0.5 - step / 100}, step=step)
        run.log_metric("auc", 0.8, step=20)
    failing = registry.start_run("search", name="second", params={"lr": 0.2})
    failing.log_metric("auc", 0.7)
    with pytest.raises(RuntimeError), failing:
        raise RuntimeError("the disk was full")
    registry.start_run("nightly", name="third", params={"lr": 0.3}).flush()
    return registry


# runs


@pytest.mark.parametrize("size", SIZES)
async def test_seven_shows_all_runs_with_params_and_metrics_as_columns(
    runs: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(runs, size) as session:
        await session.press("7")
        assert "all runs" in session.text
        head = next(row for row in session.rows if " RUN " in row)
        for title in ("STATUS", "auc", "loss", "lr"):
            assert title in head
        first = next(row for row in session.rows if " first " in row and "finished" in row)
        assert "0.8000" in first
        assert "0.1" in first
        assert any(" second " in row and "failed" in row for row in session.rows)
        assert any(" third " in row and "running" in row for row in session.rows)


async def test_t_shows_the_best_values_instead_of_the_last(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        await session.press("7")
        assert "last values" in session.text
        await session.press("t")
        assert "best values" in session.text
        assert "0.9190" in next(row for row in session.rows if " first " in row and "finished" in row)


async def test_experiments_lead_to_their_runs_and_esc_leads_back(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        await session.press("7", "e")
        assert "2 experiments" in session.text
        await session.press("g", "j", "enter")
        assert "runs of nightly" in session.text
        assert " third " in session.text
        assert " first " not in session.text
        await session.press("escape")
        assert "EXPERIMENT" in session.text
        await session.press("escape", "escape")
        assert "VERSION" in session.text


async def test_on_a_wide_screen_experiments_runs_and_the_run_stand_together(runs: Registry, opened: Opening) -> None:
    async with opened(runs, (160, 48)) as session:
        await session.press("7", "G")
        for words in ("all experiments", "nightly", "all runs", "status", "finished", "metrics"):
            assert words in session.text
        await session.press("tab", "tab", "j", "enter")
        assert session.workspace.experiment == "nightly"


async def test_a_run_has_a_page_with_curves_and_its_error(runs: Registry, opened: Opening) -> None:
    async with opened(runs, (100, 40)) as session:
        await session.press("7", "G", "enter")
        assert "runs ▸" not in session.rows[0]
        row = next(row for row in session.rows if row.strip().startswith("auc"))
        assert "▁" in row
        assert "█" in row
        await session.press("escape", "k", "enter")
        assert "RuntimeError: the disk was full" in session.text


async def test_new_runs_appear_and_the_cursor_stays_on_its_run(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        await session.press("7", "G")
        assert any(row.startswith("▌ first") for row in session.rows)
        runs.start_run("nightly", name="fourth").finish()
        session.workspace.read()
        await session.settle()
        assert " fourth " in session.text
        assert any(row.startswith("▌ first") for row in session.rows)


async def test_marked_runs_are_compared(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        await session.press("7", "d")
        assert "mark two runs" in session.last
        await session.press("g", "j", "space", "space", "d")
        assert "against" in session.text
        assert any("lr" in row and "0.2" in row and "0.1" in row for row in session.rows)
        await session.press("2", "d")
        assert "lr" in session.text


async def test_only_a_finished_run_is_registered(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        await session.press("7", "g", "R")
        assert "third is running; only a finished run" in session.last


async def test_a_run_is_registered_by_four_answers_and_a_yes(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        await session.press("7", "G", "R")
        assert "model:" in session.last
        assert "fraud" in session.last
        await session.press("enter")
        assert "label:" in session.last
        await session.press(*"3.0.0x", "backspace", "enter")
        assert "purpose:" in session.last
        assert "stop card fraud" in session.last or "none" in session.last
        session.app.post_message(Paste("catch\nmore"))
        await session.settle()
        await session.press("enter")
        assert "parent:" in session.last
        assert "fraud:2.1.0" in session.last
        await session.press("enter")
        assert "Register run first" in session.last
        assert "fraud:3.0.0" in session.last
        await session.press("enter")
        assert session.phase == "OPEN"
        await session.press("y")
        version = runs.version("fraud:3.0.0")
        assert version.purpose == "catch more"
        assert [parent.ref for parent in version.parents] == ["fraud:2.1.0"]
        assert runs.detail(version).params == {"lr": 0.1, "depth": 3}
        assert "registered as fraud:3.0.0" in session.last
        assert "--parent fraud:2.1.0" in (session.workspace.last_command or "")


async def test_esc_goes_back_through_the_answers_and_keeps_them(runs: Registry, opened: Opening) -> None:
    async with opened(runs) as session:
        before = runs.version_count("fraud")
        await session.press("7", "G", "R", "enter", *"9.9", "escape")
        assert "model:" in session.last
        await session.press("enter")
        assert "9.9" in session.last
        await session.press("escape", "escape")
        assert "model:" not in session.last
        assert runs.version_count("fraud") == before


async def test_a_registry_with_runs_and_no_models_shows_them(empty: Registry, opened: Opening) -> None:
    empty.start_run("search", name="lonely").finish()
    async with opened(empty) as session:
        assert " lonely " in session.text
        await session.press("enter", "escape")
        assert " lonely " in session.text
        await session.press("2")
        assert "no models yet" in session.last


# files


@pytest.mark.parametrize("size", SIZES)
async def test_eight_shows_files_and_what_changed_against_what_is_live(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(registry, size) as session:
        await session.press("g", "8")
        assert "files of fraud:2.2.0" in session.text
        assert "against 2.1.0" in session.text
        assert any("weights.json" in row and "changed" in row for row in session.rows)


async def test_a_version_without_files_says_so(registry: Registry, opened: Opening) -> None:
    registry.register("fraud", label="7.0.0")
    async with opened(registry) as session:
        await session.press("g", "8")
        assert "registered without files" in session.text


# marks


async def test_marks_stay_when_one_looks_elsewhere(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("g", "space", "space", "7", "2", "5", "2")
        assert "2 marked" in session.rows[0]


# models


async def test_models_tell_what_waits_behind_production(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (120, 40)) as session:
        await session.press("1")
        if "WAITS" not in session.text:
            await session.press("escape")
        assert "WAITS" in session.text
        assert any("2.2.0 " in row and "fraud" in row for row in session.rows)
    async with opened(registry, (160, 48)) as session:
        assert "↑ 2.2.0" in session.text


# lineage


async def test_lineage_is_drawn_from_left_to_right_on_a_wide_screen(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (160, 48)) as session:
        await session.press("L")
        assert any("▸ 2.1.0" in row and "◆ production" in row for row in session.rows)
    async with opened(registry) as session:
        await session.press("L")
        assert "came from" in session.text


# findings


async def test_a_healthy_registry_has_no_findings(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("exclamation_mark")
        assert "agree" in session.text
        assert " ! " not in session.rows[0]


async def test_findings_have_a_mark_in_the_header_and_a_view(
    registry: Registry, opened: Opening, tmp_path: Path
) -> None:
    registry.bind_stage("fraud@production", release=str(tmp_path / "srv"))
    current = tmp_path / "srv" / "current"
    current.unlink()
    async with opened(registry) as session:
        session.workspace.examine()
        await session.settle()
        assert "! 1" in session.rows[0]
        await session.press("exclamation_mark")
        assert "1 finding" in session.text
        assert "fraud@production" in session.text
        assert "→" in session.text
        assert not current.exists()
