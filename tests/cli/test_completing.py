"""Shells complete commands, options, and addresses from the registry."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Typed


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("lineal rollb", ["rollback"]),
        ("lineal live fraud@", ["staging", "production"]),
        ("lineal show fraud:1.", ["1.2.0", "1.1.0", "1.0.0"]),
        ("lineal show data:pay", ["payments"]),
        ("lineal diff fraud:1.0.0 fra", ["fraud"]),
        ("lineal promote fraud:1.0.0 --pl", ["--plan"]),
    ],
)
def test_bash_gets_the_part_after_the_last_break(
    processed: Processed, sample: Path, line: str, values: list[str]
) -> None:
    answer = processed(
        env={
            "_LINEAL_COMPLETE": "bash_complete",
            "COMP_LINE": line,
            "COMP_BREAKS": " \t\n\"'@><=;|&(:",
            "LINEAL_REGISTRY": str(sample),
        }
    )

    assert sorted(answer.out.split()) == sorted(f"plain,{value}" for value in values)


def test_without_a_registry_nothing_is_completed_and_nothing_breaks(processed: Processed) -> None:
    answer = processed(env={"_LINEAL_COMPLETE": "bash_complete", "COMP_LINE": "lineal show fr", "COMP_BREAKS": ":"})

    assert (answer.code, answer.out.strip(), answer.err) == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(typed: Typed, shell: str) -> None:
    script = typed("completion", shell).out

    assert "_LINEAL_COMPLETE" in script
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=20)
