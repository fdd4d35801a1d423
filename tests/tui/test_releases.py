"""Stages bound to a directory: promoted and rolled back with keys, followed, let go of, cancelled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from textual.events import Key

from lineal.records.stages import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]


def script(path: Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bound(registry: Registry, tmp_path: Path) -> Callable[[str], Registry]:
    """The usual registry, production bound to a directory, with a health check of one's own."""

    def binding(health: str = "exit 0") -> Registry:
        registry.bind_stage(
            "fraud@production",
            release=str(tmp_path / "srv"),
            hook=(script(tmp_path / "hook.sh", "echo reloaded"),),
            health=(script(tmp_path / "health.sh", health),),
            tries=1,
            interval=0.01,
            timeout=20,
        )
        return registry

    return binding


async def until(session: Session, condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, session.text
        await session.pilot.pause(0.02)


@pytest.mark.parametrize("size", SIZES)
async def test_the_question_says_what_is_copied_and_checked(
    bound: Callable[[str], Registry], opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(bound("exit 0"), size) as session:
        await session.press("r")
        assert "copies 18 B, runs hook and health" in session.last
        assert "Roll fraud@production back to 2.0.0" in session.last


async def test_r_y_rolls_a_bound_stage_back_and_tells(
    bound: Callable[[str], Registry], opened: Opening, tmp_path: Path
) -> None:
    registry = bound("exit 0")
    async with opened(registry) as session:
        await session.press("r", "y")
        await until(session, lambda: "2.0.0 is live" in session.last)
        assert registry.live("fraud@production").version.label == "2.0.0"
        assert (tmp_path / "srv" / "current").resolve().name.startswith("2.0.0-")
        await session.settle()
        assert "production 2.0.0" in session.rows[0]


async def test_the_steps_are_shown_while_they_run_and_keys_stay_free(
    bound: Callable[[str], Registry], opened: Opening, tmp_path: Path
) -> None:
    registry = bound(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    async with opened(registry, (120, 40)) as session:
        session.app.post_message(_key("r"))
        await until(session, lambda: session.phase == "OPEN")
        session.app.post_message(_key("y"))
        await until(session, lambda: "health …" in session.last)
        assert "switch ✓" in session.last
        assert "X cancel" in session.last
        session.app.post_message(_key("j"))
        await session.pilot.pause(0.1)
        assert any(row.startswith("▌ 2.0.0") for row in session.rows)
        assert "health …" in session.last
        (tmp_path / "go").touch()
        await until(session, lambda: "2.0.0 is live" in session.last)


async def test_letting_go_leaves_it_running(bound: Callable[[str], Registry], opened: Opening, tmp_path: Path) -> None:
    registry = bound(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    async with opened(registry, (120, 40)) as session:
        session.app.post_message(_key("r"))
        await until(session, lambda: session.phase == "OPEN")
        session.app.post_message(_key("y"))
        await until(session, lambda: "health …" in session.last)
        session.app.post_message(_key("ctrl+c"))
        await until(session, lambda: "let go of fraud@production; it runs on" in session.last)
        assert registry.running_pipelines()
        (tmp_path / "go").touch()
        await until(session, lambda: not registry.running_pipelines())
        await until(session, lambda: "production 2.0.0" in session.rows[0])


async def test_what_somebody_else_began_is_followed_and_can_be_cancelled(
    bound: Callable[[str], Registry], opened: Opening, tmp_path: Path
) -> None:
    registry = bound(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    async with opened(registry, (120, 40)) as session:
        number = registry.begin(registry.plan_rollback("fraud@production"))
        assert number is not None
        await until(session, lambda: "health …" in session.last)
        assert " by " in session.last
        session.app.post_message(_key("X"))
        await until(session, lambda: session.phase == "OPEN")
        assert "Cancel the rollback at fraud@production" in session.last
        assert "health" in session.last
        session.app.post_message(_key("y"))
        await until(session, lambda: "cancelled by" in session.last or not registry.running_pipelines())
        (tmp_path / "go").touch()
        await until(session, lambda: not registry.running_pipelines())
        await session.settle()
    assert registry.history("fraud", "production", limit=1)[0].outcome in {Outcome.CANCELLED, Outcome.REVERTED}


async def test_nothing_to_cancel_is_said(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("X")
        assert "nothing is being moved" in session.last


async def test_a_promotion_that_fails_its_check_is_taken_back_and_says_why(
    bound: Callable[[str], Registry], opened: Opening
) -> None:
    registry = bound("grep -q 2.2.0 $LINEAL_RELEASE/weights.json && { echo bad model; exit 3; }; exit 0")
    async with opened(registry, (120, 40)) as session:
        await session.press("g", "p", "y")
        await until(session, lambda: "health" in session.last and "2.1.0" in session.text)
        await session.settle()
        assert registry.live("fraud@production").version.label == "2.1.0"
        assert registry.history("fraud", "production", limit=1)[0].outcome is Outcome.REVERTED
        await session.press("9")
        assert "FAILED" in session.text
        assert "bad model" in session.text


async def test_after_an_unhealthy_rollback_one_goes_further_back_or_puts_back(
    bound: Callable[[str], Registry], opened: Opening
) -> None:
    registry = bound("grep -q 2.0.0 $LINEAL_RELEASE/weights.json && exit 3; exit 0")
    async with opened(registry, (120, 40)) as session:
        await session.press("r", "y")
        await until(session, lambda: "UNHEALTHY" in session.last)
        await until(session, lambda: session.phase == "OPEN")
        assert "r further" in session.last
        await session.press("u")
        assert "Undo the rollback" in session.last
        await session.press("y")
        await until(session, lambda: "2.1.0 is live" in session.last)
        assert registry.live("fraud@production").version.label == "2.1.0"


@pytest.mark.parametrize("size", SIZES)
async def test_nine_shows_stages_releases_health_and_the_last_pipeline(
    bound: Callable[[str], Registry], opened: Opening, size: tuple[int, int], tmp_path: Path
) -> None:
    registry = bound("echo all is well")
    registry.promote("fraud:2.2.0", "production")
    async with opened(registry, size) as session:
        await session.press("9")
        assert "stages of fraud" in session.text
        assert any("production" in row and "2.2.0" in row and "healthy" in row for row in session.rows)
        assert any("staging" in row and "pointer" in row for row in session.rows)
        await session.press("enter", "G")
        assert "all is well" in session.text
        assert "reloaded" in session.text
        await session.press("g")
        assert "Releases" in session.text
        assert str(tmp_path)[:10] in session.text


async def test_r_acts_on_the_stage_under_the_cursor_of_the_stages(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("9", "G", "u")
        assert "fraud@staging" in session.last


def _key(key: str) -> Key:
    return Key(key, key if len(key) == 1 else None)
