"""What runs automations is killed: no event runs a command twice, and none is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apart
import deliveries

if TYPE_CHECKING:
    from pathlib import Path


def test_killed_at_random_no_event_runs_a_command_twice_and_none_is_forgotten(tmp_path: Path) -> None:
    report = deliveries.run(tmp_path, trials=20)
    assert report.broken == []
    assert report.struck


def test_where_interrupted_deliveries_are_made_again_an_event_runs_a_command_twice(tmp_path: Path) -> None:
    assert any("ran the command 2 times" in each for each in apart.broken_without("loss", tmp_path, trials=60))
