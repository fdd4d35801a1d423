"""The stages of a model as a list, and a running pipeline as one row: its steps, and which of them it is at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.releases import StepState
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, fit, line_width, rule, width_of
from lineal_tui.view.drawing.words import age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.errors import LinealError
    from lineal.records.alerts import AlertState
    from lineal.records.base import Micros
    from lineal.records.releases import Pipeline, StageState
    from lineal.records.stages import Transition
    from lineal.records.upkeep import Finding

_SIGNS = {
    StepState.DONE: ("✓", Tone.BETTER),
    StepState.RUNNING: ("…", Tone.CHANGED),
    StepState.FAILED: ("✗", Tone.FAILED),
    StepState.SKIPPED: ("-", Tone.FAINT),
    StepState.WAITING: ("", Tone.FAINT),
}


@dataclass(frozen=True, slots=True)
class StageItem:
    """One stage of a model on this machine."""

    state: StageState
    failure: LinealError | None
    """What its last pipeline ended with."""
    since: Micros | None
    """When what is live came there; None for nothing."""
    alerts: tuple[AlertState, ...] = ()
    """What must hold of what is observed there."""


@dataclass(frozen=True, slots=True)
class StagesLook:
    """What all rows of one list of stages have in common."""

    name_width: int
    live_width: int
    now: Micros


def stages_look(items: Sequence[StageItem], now: Micros) -> StagesLook:
    """Measure the stages."""
    names = [width_of(one_line(item.state.stage)) for item in items]
    labels = [width_of(one_line(item.state.live or "-")) for item in items]
    return StagesLook(min(20, max([5, *names])), min(24, max([6, *labels])), now)


@lru_cache(maxsize=8)
def stages_columns(look: StagesLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    return arrange(
        [
            Column("name", "STAGE", look.name_width),
            Column("live", "LIVE", look.live_width),
            Column("since", "FOR", 4, right=True, rank=2),
            Column("health", "HEALTH", 10, rank=1),
            Column("pipeline", "LAST PIPELINE", 24, rank=4),
            Column("release", "RELEASE", 24, grows=True, rank=3),
        ],
        width,
    )


def stages_head(look: StagesLook, width: int) -> Line:
    """The titles of the columns."""
    return head(stages_columns(look, width))


def stage_line(item: StageItem, look: StagesLook, width: int) -> Line:
    """One stage."""
    state = item.state
    columns = stages_columns(look, width)
    room = next((column.width for column in columns if column.id == "release"), 0)
    if state.settings is None:
        release = "a pointer only"
    else:
        release = cut_middle(f"{state.settings.release}/{state.points_at or 'current: nothing yet'}", room)
    moved = state.pipeline
    last = ""
    if moved is not None:
        words = f"at {moved.running_step or 'start'}" if state.is_running else "FAILED" if item.failure else "done"
        last = f"{moved.order.action} {age(moved.started_at, look.now)} {words}"
    return row(
        columns,
        {
            "name": ((state.stage, Tone.STRONG),),
            "live": ((state.live or "-", Tone.FAILED if state.bad else Tone.LIVE if state.live else Tone.MUTED),),
            "since": ((age(item.since, look.now) if item.since is not None else "", Tone.MUTED),),
            "health": (
                ("BAD", Tone.FAILED)
                if state.bad
                else ("ALERT", Tone.FAILED)
                if state.alarmed
                else ("FORCED", Tone.FAILED)
                if state.forced
                else health_words(state.outcome),
            ),
            "pipeline": (
                (last, Tone.CHANGED if state.is_running else Tone.WORSE if item.failure is not None else Tone.MUTED),
            ),
            "release": ((release, Tone.TEXT if state.settings is not None else Tone.MUTED),),
        },
    )


def health_words(outcome: str | None) -> Span:
    """How what is live came through its checks."""
    if outcome is None:
        return ("-", Tone.MUTED)
    if outcome == "unhealthy":
        return ("UNHEALTHY", Tone.FAILED)
    return (outcome, Tone.BETTER if outcome == "healthy" else Tone.MUTED)


def steps_line(found: Pipeline, width: int, *, mine: bool) -> Line:
    """A running pipeline in one row: what it does, who began it, its steps, and the keys that go with it.

    Args:
        found: its journal.
        width: cells there are.
        mine: whether it was begun here; else it is said by whom.
    """
    order = found.order
    what: list[Span] = [
        (f"{order.action} ", Tone.TEXT),
        (f"{cut_middle(order.model, 24)}@{cut_middle(order.stage, 16)}", Tone.STRONG),
        (f" → {cut(found.to_label or 'nothing', 16)}", Tone.TEXT),
    ]
    if not mine:
        what.append((f" by {cut(found.actor.user, 12)}", Tone.MUTED))
    if found.cancelled_by is not None:
        what.append((f" cancelled by {cut(found.cancelled_by, 12)}", Tone.WORSE))
    keys: list[Span] = [("  X", Tone.KEY), (" cancel", Tone.MUTED)] if found.cancelled_by is None else []
    full = [(step.name, *_SIGNS[step.state]) for step in found.steps]
    at = next((n for n, step in enumerate(found.steps) if step.state is StepState.RUNNING), None)
    spans: list[Span] = []
    for name, sign, tone in full:
        spans.append((f"  {name}", Tone.STRONG if sign == "…" else Tone.MUTED))
        spans.append((f" {sign}" if sign else "", tone))
    if line_width(what) + line_width(spans) + line_width(keys) <= width:
        return fit((*what, *spans, *keys), width)
    # only the step that runs is named; those before it are ticked off
    marks = "".join(sign or "·" for _, sign, _ in full)
    short: list[Span] = [(f"  {marks}", Tone.BETTER)]
    if at is not None:
        short.append((f" {found.steps[at].name}", Tone.STRONG))
    if line_width(what) + line_width(short) + line_width(keys) <= width:
        return fit((*what, *short, *keys), width)
    return fit((*what, *short), width)


def ended_words(found: Pipeline, transition: Transition | None) -> str:
    """How somebody's pipeline ended."""
    order = found.order
    where = f"{order.model}@{order.stage}"
    live = transition.to_label if transition is not None else found.to_label
    return f"{where}: {live or 'nothing'} is live ({order.action} by {found.actor.user})"


def stages_title(model: str, width: int, *, active: bool) -> Line:
    """The rule above the stages."""
    name = cut_middle(model, max(8, width // 2))
    return rule((("stages of ", Tone.MUTED), (name, Tone.TITLE if active else Tone.STRONG)), (), width)


# what does not agree between the registry and the disk


def findings_lines(findings: Sequence[Finding], width: int) -> list[Line]:
    """What an examination found, each with what would be done about it."""
    if not findings:
        return [(("✓ the registry and the disk agree", Tone.BETTER),)]
    from lineal_tui.view.drawing.lines import wrap  # noqa: PLC0415  few registries need it

    lines: list[Line] = []
    for finding in findings:
        head: list[Span] = [("! " if finding.is_damage else "· ", Tone.FAILED if finding.is_damage else Tone.MUTED)]
        head.append((cut(one_line(finding.kind).replace("_", " "), 24), Tone.STRONG))
        if finding.ref:
            head.append(("  " + cut_middle(finding.ref, max(8, width - 30)), Tone.TEXT))
        lines.append(tuple(head))
        for text, tone in ((finding.problem, Tone.TEXT), (finding.path, Tone.MUTED)):
            if text:
                words: list[Line] = [
                    ((piece, tone),) for word in one_line(text).split() for piece in _cut_up(word, width)
                ]
                lines.extend((("  ", Tone.TEXT), *line) for line in wrap(words, max(1, width - 2)))
        if finding.repair:
            repair: list[Line] = [
                ((piece, Tone.MUTED),) for word in one_line(finding.repair).split() for piece in _cut_up(word, width)
            ]
            wrapped = wrap(repair, max(1, width - 4))
            lines.extend((("  → " if not n else "    ", Tone.KEY), *line) for n, line in enumerate(wrapped))
        lines.append(())
    lines.append((("`lineal doctor --repair` does what the arrows say", Tone.MUTED),))
    return lines


def _cut_up(word: str, width: int) -> list[str]:
    room = max(1, width - 4)
    if width_of(word) <= room or not word.isascii():
        return [word]
    return [word[at : at + room] for at in range(0, len(word), room)]
