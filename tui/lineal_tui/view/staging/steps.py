"""Steps of a pipeline as plain text: who waits at 3 a.m. gets these lines before anything else is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.releases import StepState
from lineal_tui.view.drawing.clean import clean

if TYPE_CHECKING:
    from lineal.records.releases import Step

MOST_LINES = 40
"""Lines shown of what a command printed."""
_MOST_CHARACTERS = 500
_WORTH_TELLING = 100_000
"""Microseconds from which on it is told how long a step took."""


def words(step: Step) -> tuple[str, str, str]:
    """A step's name in its column, how far it is, and its seconds where it took some."""
    took = ""
    if step.started_at is not None and step.ended_at is not None and step.ended_at - step.started_at >= _WORTH_TELLING:
        took = f"  {(step.ended_at - step.started_at) / 1_000_000:.1f} s"
    state = "FAILED" if step.state is StepState.FAILED else step.state.value
    return f"  {step.name:<8}  ", state, took


def output(text: str) -> list[str]:
    """What a command printed, cleaned, and no more of it than a person reads: its last lines."""
    printed = clean(text, keep_newlines=True).rstrip().split("\n")
    if printed == [""]:
        return []
    lines = []
    if len(printed) > MOST_LINES:
        lines.append(f"    … {len(printed) - MOST_LINES:,} lines before; `lineal stage show --json` has what was kept")
    for line in printed[-MOST_LINES:]:
        shown = line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]} …"
        lines.append(f"    | {shown}")
    return lines
