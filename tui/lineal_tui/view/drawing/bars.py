"""The first row and the last: where one is, and what one can do there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.alarms import alarm
from lineal_tui.view.drawing.lines import (
    GUTTER,
    Line,
    Span,
    Tone,
    cut,
    cut_middle,
    fit,
    line_width,
    spread,
    width_of,
    wrap,
)
from lineal_tui.view.drawing.words import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lineal.records.governance import Standing
    from lineal.records.models import Model

_MOST_ROWS = 4
"""Rows that a message takes."""


def access_words(standing: Standing | None, scene: tuple[str | None, str], *, read_only: bool, brief: bool) -> str:
    """What a person may do, in a word for the header: `RO`, `RW`, or a role that may change something.

    Args:
        standing: Their roles; None when they are not known.
        scene: The model and the stage that are looked at; no model where the view is about none.
        read_only: Whether the registry cannot be changed at all.
        brief: Whether there is no room to say that nobody has a role.
    """
    if read_only:
        return "RO"
    if standing is None or standing.is_open:
        return "RW" if brief or standing is None else "RW (open: no roles)"
    if scene[0] is None:  # whatever is done there is done to any model
        role = max((each.role for each in standing.bindings), key=lambda each: each.rank, default=None)
    else:
        role = standing.role(*scene)
    return str(role) if role is not None and role.rank else "RO"


def header_line(
    root: Path,
    width: int,
    *,
    access: str,
    model: Model | None,
    view: str,
    stage: str,
    marked: int,
    findings: int = 0,
) -> Line:
    """Which registry, which model, what is live, how many are marked; the model stays when space runs out."""
    start: list[Span] = [("lineal", Tone.TITLE), ("  ", Tone.TEXT)]
    where = [
        (cut_middle(_short(root), max(8, width // 4)), Tone.MUTED),
        (f" {access}", Tone.KEY if access == "RO" else Tone.MUTED),
        (f" ! {findings}" if findings else "", Tone.FAILED),
        ("  ", Tone.TEXT),
    ]
    crumbs: list[Span] = []
    if model is not None:
        crumbs = [(cut_middle(model.name, max(8, width // 3)), Tone.STRONG), (" ▸ ", Tone.FAINT)]
    crumbs.append((view, Tone.TEXT))
    marks: list[Span] = [(f"  {marked} marked", Tone.MARK)] if marked else []
    brief = [*start[:1], *where[1:], *crumbs]
    endings = _endings(model, stage) if model is not None else [[]]
    # where the registry is goes first when space runs out, then the stages with which all is well
    for beginning, ending in (([*start, *where, *crumbs], endings[0]), *((brief, each) for each in endings)):
        if line_width(beginning) + line_width(ending + marks) + 2 <= width:
            return spread(tuple(beginning), tuple(ending + marks), width)
    return spread(tuple(brief), tuple(endings[-1] + marks), width)


def _endings(model: Model, stage: str) -> list[list[Span]]:
    """What is live where, from all of it to the least that may be said, which is what is wrong there.

    The stage that is looked at stands first and stays longest.
    """
    order = list(model.stages[::-1])
    order.sort(key=lambda pair: pair[0] != stage)
    told: list[tuple[str, list[Span]]] = []
    for name, label in order:
        tone = Tone.MUTED if label is None else Tone.LIVE if name == stage else Tone.STAGED
        wrong = alarm(model, name)
        live = f"{cut_middle(label or '-', 16)}{wrong and f' {wrong}'}"
        told.append((wrong, [(cut(name, 12) + " ", Tone.MUTED), (live, Tone.FAILED if wrong else tone)]))
    wrong_ones = [spans for wrong, spans in told if wrong]
    short: list[Span] = [(alarm(model), Tone.FAILED)] if wrong_ones else []
    first = [spans for _, spans in told[:1]]
    kept = [spans for n, (wrong, spans) in enumerate(told) if wrong or not n]
    return [_joined([spans for _, spans in told]), _joined(kept), _joined(wrong_ones or first), short]


def _joined(parts: Sequence[Sequence[Span]]) -> list[Span]:
    return [span for n, part in enumerate(parts) for span in ([("  ", Tone.TEXT)] if n else []) + list(part)]


def hint_line(hints: Sequence[tuple[str, str]], width: int, *, kept: int = 1) -> Line:
    """Keys and what they do, as many as fit; the last ones, help and before it the way back, always do."""
    told: list[Line] = [((key, Tone.KEY), (f" {does}", Tone.MUTED)) for key, does in hints]
    line: list[Span] = []
    last = tuple(span for hint in told[-kept:] for span in (*hint, ("  ", Tone.TEXT)))[:-1]
    used = line_width(last)
    for hint in told[:-kept]:
        if used + line_width(hint) + 2 > width:
            break
        line.extend(hint)
        line.append(("  ", Tone.TEXT))
        used += line_width(hint) + 2
    return fit((*line, *last), width)


def foot_line(below: int, older: str, key: str) -> Line:
    """How many rows lie below what is visible, and how to get there; nothing when there are none."""
    return ((f"{' ' * GUTTER}⋯ {number(below)} {older} ({key})", Tone.MUTED),) if below else ()


def message_lines(text: str, hint: str | None, width: int, *, tone: Tone = Tone.FAILED) -> tuple[Line, ...]:
    """A message and what to do about it, in at most four rows; the message is cut before the advice is."""
    words: list[Line] = [((piece, tone),) for word in text.split() for piece in _pieces(word, width)]
    advice: list[Line] = [((piece, Tone.MUTED),) for word in (hint or "").split() for piece in _pieces(word, width)]
    if advice:
        advice.insert(0, (("·", Tone.MUTED),))
    width = max(1, width)
    lines = wrap([*words, *advice], width)
    if len(lines) > _MOST_ROWS and advice:
        cut_off: Line = (("…", tone),)
        kept = len(words)
        while kept > 1 and len(wrap([*words[:kept], cut_off, *advice], width)) > _MOST_ROWS:
            kept -= 1
        lines = wrap([*words[:kept], cut_off, *advice], width)
    if len(lines) > _MOST_ROWS:
        lines = [*lines[: _MOST_ROWS - 1], fit((*lines[_MOST_ROWS - 1], ("…", tone)), width)]
    return tuple(lines)


def _pieces(word: str, width: int) -> list[str]:
    # a long path goes on in the next row: its end tells most
    if width_of(word) <= width or not word.isascii():
        return [word]
    return [word[at : at + width] for at in range(0, len(word), max(1, width))]


def _short(root: Path) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111  Path.home raises where there is no home; this gives back "~"
    text = str(root)
    return "~" + text[len(home) :] if home != "/" and (text == home or text.startswith(home + "/")) else text
