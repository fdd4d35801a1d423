"""What runs automations is killed: no event runs a command twice, and none is forgotten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import deliveries


def test_killed_at_random_no_event_runs_a_command_twice_and_none_is_forgotten(tmp_path: Path) -> None:
    report = deliveries.run(tmp_path, trials=20)
    assert report.broken == []
    assert report.struck


def test_where_interrupted_deliveries_are_made_again_an_event_runs_a_command_twice() -> None:
    script = Path(__file__).with_name("run.py")
    words = [sys.executable, str(script), "--without", "loss", "--trials", "60"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ran the command 2 times" in done.stdout
