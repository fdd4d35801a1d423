"""Gates, approvals and what waits for somebody, as pages of the command line and lines of the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.gates import DecisionVerdict
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, width_of
from lineal_tui.view.drawing.text import fields, heading, table
from lineal_tui.view.drawing.words import age, ago, counted
from lineal_tui.view.drawing.words import who as person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros
    from lineal.records.gates import Assessment, Decision, Gates, Inbox, Opinion
    from lineal.records.policies import PolicyChange
    from lineal.records.stages import Check, Transition

_SHORT = 60
"""Cells of what was wanted and seen that stand in one line."""


def checks(found: Sequence[Check], width: int | None) -> list[Line]:
    """Checks with what they wanted and saw: in one line, or where that is long in two."""
    del width  # figures are never cut off
    room = max((width_of(one_line(check.name)) for check in found), default=0)
    lines: list[Line] = []
    for check in found:
        word = ("passed" if check.passed else "FAILED", Tone.BETTER if check.passed else Tone.FAILED)
        name = one_line(check.name)
        head: Line = (("  ", Tone.TEXT), word, (f"  {name}{' ' * (room - width_of(name))}", Tone.TEXT))
        wanted, saw = one_line(check.wanted), one_line(check.saw)
        tone = Tone.MUTED if check.passed else Tone.TEXT
        if width_of(wanted) + width_of(saw) <= _SHORT:
            lines.append((*head, (f"  wanted {wanted}, saw {saw}", Tone.MUTED)))
        else:
            lines += [(*head, (f"  wanted {wanted}", Tone.MUTED)), ((" " * (room + 12) + f"saw    {saw}", tone),)]
    return lines


def gates(found: Gates) -> list[Line]:
    """What a stage demands before a promotion."""
    from lineal.gates.durations import words  # noqa: PLC0415  few stages demand a time

    soak = f", {words(found.soak)} at a stretch" if found.soak else ""
    return fields(
        [
            *(("gate", text) for text in found.expressions),
            ("requires", ", ".join(found.require)),
            ("after", None if found.after is None else f"{found.after}, in good health{soak}"),
            ("approvals", f"{found.approvals}, never one's own" if found.approvals else None),
            ("no pickle", "files that execute code when they are loaded are refused" if found.no_pickle else None),
        ]
    )


def assessment(found: Assessment, now: Micros, width: int | None) -> list[Line]:
    """How a version stands before a stage."""
    word = "nothing is in the way" if found.passed else "it may not be promoted there"
    lines = [heading(f"{found.version.ref} for {found.stage}", word), *checks(found.checks, width)]
    if found.opinions:
        lines += [
            (),
            heading("Decisions"),
            *table((), [_opinion(each, now) for each in found.opinions], width=width, indent=2),
        ]
    return lines


def _opinion(found: Opinion, now: Micros) -> tuple[Span, ...]:
    decision = found.decision
    approved = decision.verdict is DecisionVerdict.APPROVED
    tone = Tone.MUTED if not found.counts else Tone.BETTER if approved else Tone.FAILED
    return (
        (decision.verdict.value, tone),
        (who(decision), Tone.TEXT),
        (ago(decision.at, now), Tone.MUTED),
        (f"does not count: {found.why}" if found.why else "", Tone.WORSE),
        (decision.reason or "", Tone.MUTED),
    )


def who(found: Decision) -> str:
    """Who decided, by name and number, with what is only claimed."""
    return person(found.actor.user, found.actor.claim, found.actor.uid)


def inbox(found: Inbox, now: Micros, width: int | None) -> list[Line]:
    """What waits for somebody."""
    lines: list[Line] = []
    if found.versions:
        rows: list[tuple[Span, ...]] = [
            (
                (each.version.ref, Tone.STRONG),
                (each.stage, Tone.TEXT),
                (each.live or "nothing", Tone.MUTED),
                (f"{each.got} of {each.wanted}", Tone.TEXT),
                (age(each.version.created_at, now), Tone.MUTED),
                (each.version.created_by, Tone.MUTED),
            )
            for each in found.versions
        ]
        titles = ("APPROVE", "FOR", "INSTEAD OF", "APPROVED", "AGE", "BY")
        lines += table(titles, rows, width=width, numbers=(4,))
    if found.forced:
        rows = [_forced(each, now) for each in found.forced]
        lines += [
            *([()] if lines else []),
            *table(("REVIEW", "FORCED", "BY", "AGE", "REASON"), rows, width=width, numbers=(3,), below=(2, 4)),
        ]
    return lines


def _forced(found: Transition, now: Micros) -> tuple[Span, ...]:
    return (
        (transition_ref(found), Tone.FAILED),
        (f"{found.from_label or 'nothing'} → {found.to_label or 'nothing'}, {found.outcome}", Tone.TEXT),
        (person(found.actor, found.claim), Tone.TEXT),
        (age(found.at, now), Tone.MUTED),
        (found.reason or "", Tone.MUTED),
    )


def transition_ref(found: Transition) -> str:
    """The name of a transition: `fraud@production#12`."""
    return f"{found.model}@{found.stage}#{found.seq}"


def waits_words(found: Inbox) -> str:
    """How many things wait, for a status row; empty for none."""
    return f"{counted(found.count, 'waits', 'wait')} for you" if found.count else ""


def policy_changes(found: Sequence[PolicyChange], width: int | None) -> list[Line]:
    """What a policy changes."""
    rows: list[tuple[Span, ...]] = [
        (
            ("-" if each.after is None else "+" if each.before is None else "~", Tone.CHANGED),
            (each.ref, Tone.STRONG),
            (each.field, Tone.TEXT),
            (f"{each.before or 'nothing'} → {each.after or 'nothing'}", Tone.TEXT),
            (f"not changed: {each.remark}" if each.remark else "", Tone.WORSE),
        )
        for each in found
    ]
    return table((), rows, width=width, below=(3, 4))
