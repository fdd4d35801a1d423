"""Bound stages and pipelines as pages of the command line: how a stage is set, what lies there, what moved it."""

from __future__ import annotations

from pathlib import PurePath
from shlex import join
from typing import TYPE_CHECKING

from lineal.records.releases import StepState
from lineal.records.stages import Action
from lineal_tui.view.as_json.stage_json import state_of
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone
from lineal_tui.view.drawing.text import fields, heading, table
from lineal_tui.view.drawing.words import age, ago, local_time, size, who
from lineal_tui.view.staging import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.errors import LinealError
    from lineal.records.alerts import AlertState
    from lineal.records.base import Micros
    from lineal.records.releases import Pipeline, StageSettings, StageState, Step
    from lineal.records.stages import Plan

_TONES = {
    "healthy": Tone.BETTER,
    "unhealthy": Tone.FAILED,
    "running": Tone.CHANGED,
    "cancelling": Tone.CHANGED,
    "dead": Tone.FAILED,
    "failed": Tone.FAILED,
    StepState.FAILED: Tone.FAILED,
    StepState.RUNNING: Tone.CHANGED,
    StepState.SKIPPED: Tone.MUTED,
    StepState.WAITING: Tone.MUTED,
}


def stage(found: StageState, failure: LinealError | None, now: Micros, width: int | None) -> list[Line]:
    """Everything about a stage on this machine.

    Args:
        found: the stage.
        failure: what its last pipeline ended with.
        now: to count ages from.
        width: cells there are; None to cut nothing.
    """
    bound = found.settings
    outcome = "" if found.outcome is None else f", {found.outcome}"
    wrong = ((", BAD", found.bad), (", ALERT", found.alarmed), (", FORCED and not reviewed", found.forced))
    told = "".join(word for word, holds in wrong if holds)
    live = "nothing" if found.live is None else f"{found.model}:{found.live}{outcome}{told}"
    tone = _TONES.get(found.outcome or "", Tone.LIVE) if found.live else Tone.MUTED
    tone = Tone.FAILED if told else tone
    current = None if bound is None else str(PurePath(bound.release) / (found.points_at or "current (nothing yet)"))
    lines = [
        heading(f"{found.model}@{found.stage}", "" if bound is not None else "a pointer only; no directory is bound"),
        *fields(
            [
                ("live", (live, tone)),
                ("current", current),
            ]
        ),
    ]
    if bound is not None:
        lines += [(), heading("Settings"), *settings(bound)]
        rows: list[tuple[Span, ...]] = [
            (
                (release.name, Tone.LIVE if release.name == found.points_at else Tone.TEXT),
                (size(sum(file.size for file in release.files)), Tone.TEXT),
                (f"laid out {ago(release.laid_at, now)}", Tone.MUTED),
                ("current" if release.name == found.points_at else "", Tone.LIVE),
            )
            for release in found.releases
        ]
        if rows:
            lines += [(), heading("Releases"), *table((), rows, width=width, numbers=(1,), indent=2)]
    if found.pipeline is not None:
        lines += [(), heading("Last pipeline"), *pipeline(found.pipeline, failure, is_running=found.is_running)]
    return lines


def watched(found: Sequence[AlertState], now: Micros, width: int | None) -> list[Line]:
    """What must hold of what is observed at a stage, and whether it does, as the end of its page."""
    from lineal_tui.view.staging import observations  # noqa: PLC0415  few stages have alerts

    return [(), heading("While it is live"), *observations.alerts(found, now, width, has_stages=False)]


def settings(found: StageSettings) -> list[Line]:
    """How a stage is bound."""
    return fields(
        [
            ("release", found.release),
            ("hook", ("none", Tone.MUTED) if found.hook is None else join(found.hook)),
            ("health", health(found) or ("not checked", Tone.MUTED)),
            ("tries", f"{found.tries}, {found.interval:g} s apart" if found.checks_health else None),
            ("timeout", f"{found.timeout:g} s for the hook and each try"),
            ("keep", f"{found.keep} releases beside the live one"),
        ]
    )


def health(found: StageSettings) -> str | None:
    """What tells health, in words; None when nothing does."""
    if found.health is not None:
        return join(found.health)
    if found.health_url is None:
        return None
    text = "" if found.health_text is None else f" and {found.health_text!r}"
    return f"{found.health_url} answers {found.health_status}{text}"


def pipeline(found: Pipeline, failure: LinealError | None, *, is_running: bool) -> list[Line]:
    """A pipeline with its steps, and what their commands printed."""
    state = state_of(found, is_running=is_running)
    words = state if state != "dead" else "dead: its process is gone; `lineal doctor --repair` brings it in order"
    cancelled = "" if found.cancelled_by is None else f", cancelled by {found.cancelled_by}"
    lines = fields(
        [
            ("what", moves(found)),
            ("state", (f"{words}{cancelled}", _TONES.get(state, Tone.BETTER))),
            ("by", f"{who(found.actor.user, found.actor.claim)}, process {found.pid} on {found.host}"),
            ("began", local_time(found.started_at)),
            ("reason", found.order.reason),
            ("error", None if failure is None else (str(failure), Tone.FAILED)),
        ]
    )
    lines.append(())
    for step in found.steps:
        lines.append(step_line(step))
        lines += [((line, Tone.MUTED),) for line in steps.output(step.output)]
    return lines


def moves(found: Pipeline) -> str:
    """What a pipeline does: `rollback 2.0.0 → 1.9.0`."""
    return one_line(f"{found.order.action} {found.from_label or 'nothing'} → {found.to_label or 'nothing'}")


def step_line(step: Step) -> Line:
    """A step and how far it is, with its seconds where it took some."""
    name, state, took = steps.words(step)
    return ((name, Tone.TEXT), (state, _TONES.get(step.state, Tone.BETTER)), *(((took, Tone.MUTED),) if took else ()))


def pipelines(found: Sequence[tuple[Pipeline, bool]], now: Micros, width: int | None) -> list[Line]:
    """Pipelines, each with whether its process runs, one in a row."""
    rows: list[tuple[Span, ...]] = []
    for each, is_running in found:
        state = state_of(each, is_running=is_running)
        rows.append(
            (
                (f"{each.order.model}@{each.order.stage}", Tone.STRONG),
                (moves(each), Tone.TEXT),
                (state, _TONES.get(state, Tone.BETTER)),
                (each.running_step or "", Tone.TEXT),
                (each.actor.user, Tone.TEXT),
                (age(each.started_at, now), Tone.MUTED),
                (each.order.reason or "", Tone.MUTED),
            )
        )
    titles = ("STAGE", "WHAT", "STATE", "STEP", "BY", "AGE", "REASON")
    return table(titles, rows, width=width, numbers=(5,), below=(4, 6))


def plan_steps(found: Plan, bound: StageSettings) -> list[Line]:
    """What each step of a plan will do at a stage that is bound."""
    hashes = found.action is Action.PROMOTE or found.copies_bytes
    details = {
        "verify": "hash the files" if hashes else "look whether the release lies there as it was hashed",
        "lay out": f"copy {size(found.copies_bytes)} to {bound.release}",
        "switch": f"point {PurePath(bound.release) / 'current'} at it",
        "hook": join(bound.hook or ()),
        "health": f"{health(bound)}, {bound.tries} tries",
        "record": "",
    }
    rows: list[tuple[Span, ...]] = [((step, Tone.TEXT), (details[step], Tone.MUTED)) for step in found.steps]
    remark = f"{size(found.copies_bytes)} to copy" if found.copies_bytes else "nothing to copy"
    return [(), heading("Steps", remark), *table((), rows, width=None, indent=2)]
