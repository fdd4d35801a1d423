"""Gates and the inbox as rows and a page of the application."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.gates import WaitingVersion
from lineal.records.stages import Transition
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut_middle, rule, width_of, wrap
from lineal_tui.view.drawing.words import age, ago, counted
from lineal_tui.view.governance.gates import gates, transition_ref, who

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from lineal.records.base import Micros
    from lineal.records.gates import Assessment
    from lineal.records.stages import Check
    from lineal_tui.view.drawing.matching import Matcher

Waiting = WaitingVersion | Transition
"""What waits: a version for approval, or a forced transition for review."""


@dataclass(frozen=True, slots=True)
class InboxLook:
    """What all rows of the inbox have in common."""

    ref_width: int
    what_width: int
    now: Micros


def inbox_look(rows: Sequence[Waiting], now: Micros) -> InboxLook:
    """Measure what waits."""
    names = max([8, *(width_of(one_line(_name(each))) for each in rows)])
    words = max([8, *(width_of(one_line(_what(each))) for each in rows)])
    return InboxLook(min(40, names), min(32, words), now)


def key_of(found: Waiting) -> Hashable:
    """What tells a row from the others."""
    return ("review", found.id) if isinstance(found, Transition) else (found.stage, found.version.id)


def waiting(found: object) -> WaitingVersion:
    """A row that is a version."""
    if not isinstance(found, WaitingVersion):
        msg = f"{found!r} waits for no approval"
        raise TypeError(msg)
    return found


def in_row(match: Matcher, found: Waiting) -> bool:
    """Whether a filter lets a row through."""
    return match(f"{_name(found)} {_what(found)} {_by(found)} {_why(found)}")


def _name(found: Waiting) -> str:
    return transition_ref(found) if isinstance(found, Transition) else found.version.ref


def _what(found: Waiting) -> str:
    if isinstance(found, Transition):
        return f"review: {found.to_label or 'nothing'} was FORCED"
    return f"approval for {found.stage}"


def _by(found: Waiting) -> str:
    return found.actor if isinstance(found, Transition) else found.version.created_by


def _why(found: Waiting) -> str:
    if isinstance(found, Transition):
        return one_line(found.reason or "")
    words = found.version.notes or found.version.purpose or ""
    return one_line(
        f"instead of {found.live or 'nothing'}, {found.got} of {found.wanted} approved; {words}".rstrip("; ")
    )


@lru_cache(maxsize=8)
def inbox_columns(look: InboxLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    return arrange(
        [
            Column("name", "WAITS", look.ref_width),
            Column("what", "FOR", look.what_width, rank=1),
            Column("age", "AGE", 4, right=True, rank=2),
            Column("by", "BY", 10, rank=3),
            Column("why", "WHY", 12, grows=True, rank=4),
        ],
        width,
    )


def inbox_head(look: InboxLook, width: int) -> Line:
    """The titles of the columns."""
    return head(inbox_columns(look, width))


def inbox_title(count: int, width: int, *, active: bool) -> Line:
    """The rule above what waits."""
    words = counted(count, "thing") if count else "nothing"
    return rule((("waits for you", Tone.TITLE if active else Tone.STRONG),), ((words, Tone.MUTED),), width)


def inbox_line(found: Waiting, look: InboxLook, width: int) -> Line:
    """One thing that waits."""
    at = found.at if isinstance(found, Transition) else found.version.created_at
    is_forced = isinstance(found, Transition)
    return row(
        inbox_columns(look, width),
        {
            "name": ((cut_middle(_name(found), look.ref_width), Tone.STRONG),),
            "what": ((_what(found), Tone.FAILED if is_forced else Tone.STAGED),),
            "age": ((age(at, look.now), Tone.MUTED),),
            "by": ((_by(found), Tone.MUTED),),
            "why": ((_why(found), Tone.MUTED),),
        },
    )


# what a stage demands of a version


def policy_lines(found: Assessment, now: Micros, width: int) -> list[Line]:
    """What a stage demands, how a version stands before it, and who said what."""
    name = cut_middle(found.version.ref, max(8, width - 40))
    verdict = _verdict(found)
    if found.gates.is_open:
        place = one_line(f"{found.version.model}@{found.stage}")
        return [
            (("nothing is demanded before a promotion", Tone.TEXT),),
            (),
            ((f"lineal stage set {place} --gate EXPR --approvals N", Tone.KEY),),
            (("would demand something; `lineal guide gates` tells what", Tone.MUTED),),
        ]
    lines: list[Line] = [((f"{name} for {one_line(found.stage)}: ", Tone.STRONG), verdict), ()]
    room = max(width_of(one_line(check.name)) for check in found.checks)
    for check in sorted(found.checks, key=lambda check: check.passed):  # what is in the way comes first
        lines += _check_lines(check, room, width)
    if found.opinions:
        lines += [(), (("decisions", Tone.HEAD),)]
    for each in found.opinions:
        decision = each.decision
        approved = decision.verdict.value == "approved"
        tone = Tone.MUTED if not each.counts else Tone.BETTER if approved else Tone.FAILED
        words = f"{who(decision)}, {ago(decision.at, now)}"
        if each.why:
            words += f"; it does not count: {each.why}"
        if decision.reason:
            words += f": {one_line(decision.reason)}"
        lines += _wrapped(((f"{decision.verdict.value.ljust(9)} ", tone),), words, Tone.TEXT, width)
    if any(check.is_gate for check in found.checks):
        return lines
    return [*lines, (), (("demanded of others", Tone.HEAD),), *gates(found.gates)]


def _verdict(found: Assessment) -> Span:
    if found.stage in found.version.forced:
        return ("live there, FORCED, and not reviewed yet", Tone.FAILED)
    if found.stage in found.version.stages:
        return ("live there already", Tone.LIVE)
    if found.passed:
        return ("nothing is in the way", Tone.BETTER)
    return ("it may not be promoted there", Tone.FAILED)


def _check_lines(check: Check, room: int, width: int) -> list[Line]:
    sign = ("✓ ", Tone.BETTER) if check.passed else ("✗ ", Tone.FAILED)
    word = "passed" if check.passed else "FAILED"
    name = one_line(check.name)
    head: Line = (sign, (f"{word} ", sign[1]), (name, Tone.STRONG))
    both = f"  wanted {one_line(check.wanted)}, saw {one_line(check.saw)}"
    if 9 + room + width_of(both) <= width:
        return [(*head, (" " * (room - width_of(name)), Tone.TEXT), (both, Tone.TEXT))]
    lines: list[Line] = [head]
    for name, text in (("wanted", check.wanted), ("saw", check.saw)):
        lines += _wrapped(((f"    {name.ljust(7)} ", Tone.MUTED),), one_line(text), Tone.TEXT, width)
    return lines


def _wrapped(begin: Line, text: str, tone: Tone, width: int) -> list[Line]:
    """A text after a beginning, in as many lines as it takes."""
    indent = sum(width_of(part) for part, _ in begin)
    room = max(8, width - indent)
    words: list[Line] = [((piece, tone),) for word in text.split() for piece in _pieces(word, room)]
    found = list(wrap(words, room)) or [()]
    blank: Line = ((" " * indent, Tone.TEXT),)
    return [(*(begin if place == 0 else blank), *line) for place, line in enumerate(found)]


def _pieces(word: str, room: int) -> list[str]:
    if width_of(word) <= room or not word.isascii():
        return [word]
    return [word[at : at + room] for at in range(0, len(word), room)]
