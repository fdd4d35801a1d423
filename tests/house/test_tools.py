"""The tools that keep the house in order find nothing to complain about."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "core", "tui", "tests", "screenshots"),
        ("lint-imports",),
    ],
    ids=["lint", "format", "types", "arrows"],
)
def test_the_tool_is_content(command: tuple[str, ...]) -> None:
    finished = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
