"""A stage's history tells how each transition ended, however narrow the screen is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.records.base import Micros
from lineal.records.stages import Action, Outcome
from lineal_tui.view.drawing.bars import message_lines
from lineal_tui.view.drawing.lines import Tone
from lineal_tui.view.staging.history import history_head, history_items, history_line, history_look

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]
WORDS = {
    Outcome.HEALTHY: "promote",
    Outcome.UNCHECKED: "promote",
    Outcome.UNHEALTHY: "promote ✗ unhealthy",
    Outcome.REVERTED: "promote → reverted",
    Outcome.FAILED: "promote ✗ failed",
    Outcome.CANCELLED: "promote ✗ cancelled",
}


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_taken_back_is_told_in_its_row(
    registry: Registry, opened: Opening, tmp_path: Path, size: tuple[int, int]
) -> None:
    check = tmp_path / "check"
    check.write_text("#!/bin/sh\n! grep -q 2.2.0 current/weights.json\n")
    check.chmod(0o755)
    registry.bind_stage("fraud@production", release=str(tmp_path / "srv"), health=(str(check),), tries=1)
    async with opened(registry, size) as session:
        await session.press("g", "p", "y")
        for _ in range(1000):
            if registry.history("fraud", "production", limit=1)[0].outcome is Outcome.REVERTED:
                break
            await session.pilot.pause(0.02)
        await session.settle()
        await session.press("H")
        [found] = [row for row in session.rows if "promote → reverted" in row]
        assert "2.2.0" in found
        assert [row for row in session.rows if "promote" in row and "reverted" not in row and "2.1.0" in row]


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_ended_as_it_was_meant_has_the_colour_of_success(
    registry: Registry, outcome: Outcome, width: int
) -> None:
    first, *rest = registry.history("fraud", "production")
    assert first.action is Action.PROMOTE
    items = history_items([replace(first, outcome=outcome), *rest])
    look = history_look(items, Micros(first.at))
    line = history_line(items[0], look, width)
    [(words, tone)] = [span for span in line if span[0].startswith("promote")]
    assert words.rstrip() == WORDS[outcome]
    assert (tone is Tone.BETTER) == (outcome in (Outcome.HEALTHY, Outcome.UNCHECKED))
    assert sum(len(text) for text, _ in line) == sum(len(text) for text, _ in history_head(look, width)) <= width


@pytest.mark.parametrize("size", SIZES)
async def test_what_to_do_is_set_apart_from_what_went_wrong(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(registry, size) as session:
        await session.press("colon", *"rollback fraud@staging", "enter")
        assert "nothing was live there before · promote a version with" in session.last


def test_a_message_without_advice_ends_without_a_sign() -> None:
    assert message_lines("gone", None, 20) == ((("gone", Tone.FAILED),),)
