"""Automations and what they ran, in words and as JSON."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.records.automation import DeliveryState
from lineal_tui.view.drawing.clean import clean, one_line
from lineal_tui.view.drawing.lines import Tone, broken
from lineal_tui.view.drawing.text import fields, heading, table
from lineal_tui.view.drawing.words import age, local_time, utc_time, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.automation import Automation, Delivery
    from lineal.records.base import Micros
    from lineal_tui.view.as_json.values import Object
    from lineal_tui.view.drawing.lines import Line

TONES = {
    DeliveryState.WAITING: Tone.MUTED,
    DeliveryState.RUNNING: Tone.CHANGED,
    DeliveryState.DONE: Tone.BETTER,
    DeliveryState.FAILED: Tone.FAILED,
    DeliveryState.TIMED_OUT: Tone.FAILED,
    DeliveryState.LOST: Tone.FAILED,
}
"""What states look like."""
_TOLD_BY_STATE = re.compile(r"\[(exit code \d+|took longer than \S+ s and was stopped)\]")
_ABANDONED = "its process is gone; what it did is not known"


def word(text: str) -> str:
    """An event or a state as people read it."""
    return text.replace("_", " ")


def truthful(found: Delivery, *, is_working: bool) -> Delivery:
    """A delivery as it is: without a worker, one that is said to run is lost."""
    if found.state is not DeliveryState.RUNNING or is_working:
        return found
    return replace(found, state=DeliveryState.LOST, output=_ABANDONED)


def automations(found: Sequence[Automation], width: int | None) -> list[Line]:
    """Automations under their titles."""
    rows = [
        (
            (each.name, Tone.STRONG),
            (word(each.event), Tone.TEXT),
            (one_line(each.place or "all models"), Tone.TEXT),
            ("on" if each.enabled else "off", Tone.BETTER if each.enabled else Tone.MUTED),
            (f"{each.timeout:g} s", Tone.MUTED),
            (one_line(shlex.join(each.command)), Tone.MUTED),
        )
        for each in found
    ]
    return table(("NAME", "EVENT", "OF", "IS", "LIMIT", "COMMAND"), rows, width=width, numbers=(4,), below=(5,))


def automation(found: Automation, now: Micros) -> list[Line]:
    """Everything about one automation."""
    return [
        heading(found.name, "" if found.enabled else "disabled"),
        *fields(
            [
                ("event", word(found.event)),
                ("of", one_line(found.place or "all models")),
                ("command", one_line(shlex.join(found.command))),
                ("time limit", f"{found.timeout:g} s"),
                ("added", f"{when(found.at, now)} by {one_line(found.actor)}"),
            ]
        ),
    ]


def deliveries(found: Sequence[Delivery], now: Micros, width: int | None) -> list[Line]:
    """What was run, under its titles."""
    rows = [
        (
            (str(each.id), Tone.MUTED),
            (age(each.started_at or each.at, now), Tone.MUTED),
            (each.automation, Tone.STRONG),
            (one_line(each.ref), Tone.TEXT),
            (_ended(each), TONES[each.state]),
            ("" if each.seconds is None else f"{each.seconds:.1f} s", Tone.MUTED),
            (said_last(each), Tone.MUTED),
        )
        for each in found
    ]
    titles = ("N", "AGE", "NAME", "REF", "STATE", "TOOK", "SAID LAST")
    return table(titles, rows, width=width, numbers=(0, 1, 5), below=(6,))


def _ended(found: Delivery) -> str:
    code = f" exit {found.exit_code}" if found.state is DeliveryState.FAILED and found.exit_code is not None else ""
    return word(found.state) + code + (", again" if found.attempt > 1 else "")


def said_last(found: Delivery) -> str:
    """The last that a command itself printed, cut where nobody reads on.

    How it ended was put below that; what its state says as well is left out here.
    """
    lines = [line for line in found.output.splitlines() if line.strip()]
    if lines and _TOLD_BY_STATE.fullmatch(lines[-1]) and found.state in (DeliveryState.FAILED, DeliveryState.TIMED_OUT):
        lines.pop()
    return one_line(lines[-1])[:200] if lines else ""


def delivery(found: Delivery, now: Micros, width: int | None = None) -> list[Line]:
    """Everything about one delivery, with all that its command printed, in lines of `width` cells if that is given."""
    code = None if found.exit_code is None else str(found.exit_code)
    took = None if found.seconds is None else f"{found.seconds:.3f} s"
    return [
        heading(f"{found.automation}, delivery {found.id}", word(found.state)),
        *fields(
            [
                ("event", f"{found.seq}: {found.action} {one_line(found.ref)}"),
                ("happened", when(found.at, now)),
                ("attempt", str(found.attempt) if found.attempt > 1 else None),
                ("came through", f"{found.depth} other deliveries" if found.depth else None),
                ("began", None if found.started_at is None else local_time(found.started_at)),
                ("took", took),
                ("exit code", code),
            ]
        ),
        *([()] if found.output else []),
        *(((line, Tone.TEXT),) for line in _printed(found.output, width)),
    ]


def _printed(output: str, width: int | None) -> list[str]:
    lines = [clean(line) for line in output.splitlines()]
    return lines if width is None else [piece for line in lines for piece in broken(line, max(8, width))]


def json_automation(found: Automation) -> Object:
    """An automation."""
    return {
        "ref": found.name,
        "event": found.event.value,
        "model": found.model,
        "stage": found.stage,
        "command": list(found.command),
        "timeout": found.timeout,
        "enabled": found.enabled,
        "at": utc_time(found.at),
        "actor": found.actor,
    }


def json_delivery(found: Delivery) -> Object:
    """A delivery."""
    return {
        "ref": str(found.id),
        "automation": found.automation,
        "event": found.event.value,
        "seq": found.seq,
        "action": found.action,
        "subject": found.ref,
        "attempt": found.attempt,
        "depth": found.depth,
        "state": found.state.value,
        "at": utc_time(found.at),
        "started_at": None if found.started_at is None else utc_time(found.started_at),
        "ended_at": None if found.ended_at is None else utc_time(found.ended_at),
        "exit_code": found.exit_code,
        "output": found.output,
    }
