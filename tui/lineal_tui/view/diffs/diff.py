"""A difference beside what it belongs to: what changed, from what to what, and whether that is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.comparison import Section, Verdict
from lineal_tui.view.diffs.verdicts import count_words, difference, judged, labels, narrowed, remark, shown_value
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, left, line_width, right, rule, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.comparison import Diff, DiffRow

_WIDEST_FIELD = 40
_VERDICT_WIDTH = 19
"""Cells of the longest verdict, `  +.0123 ▲ better`, and a little air."""
_SECTION_WIDTH = 8
"""Cells of the names of sections, of which the longest are cut where there is no room for them."""
_ROOMY = 100
"""Cells from which on there is."""


def diff_title(
    diff: Diff,
    width: int,
    *,
    stage: str | None,
    active: bool = False,
    equal_shown: bool = False,
    of_parent: bool = False,
) -> Line:
    """The rule above a difference: what is held against what, and how much of it changed.

    Args:
        diff: Of two versions or more; the first is the baseline.
        width: Cells there are.
        stage: The stage at which the baseline is live; None when it is there for another reason.
        active: Whether keys go to this pane.
        equal_shown: Whether rows that are equal are listed too.
        of_parent: Whether the baseline is what the other came from, which is said where there is room.
    """
    base, *others = labels(diff)
    against = f"{stage} {base}" if stage else base
    title: Line = (
        (cut(", ".join(others), width // 3), Tone.TITLE if active else Tone.STRONG),
        (" against ", Tone.MUTED),
        (cut(against, width // 3), Tone.STRONG),
    )
    fold = f" (= {'hide' if equal_shown else 'show'})" if len(diff.rows) > len(diff.telling) else ""
    told: Line = ((count_words(diff), Tone.MUTED), (fold, Tone.MUTED))
    parent: Line = ((", its parent", Tone.MUTED),) if of_parent else ()
    return rule((*title, *(parent if line_width((*title, *parent, *told)) + 8 <= width else ())), told, width)


def diff_lines(diff: Diff, width: int, *, equal: bool = False) -> list[Line]:
    """The rows of a difference; the section is named once, and what is summed up is left out.

    Args:
        diff: Of two versions or more.
        width: Cells there are.
        equal: List what is the same, too.
    """
    rows = [row for row in (diff.rows if equal else diff.telling) if row.under is None]
    if not rows:
        return [(("no difference in anything that was recorded", Tone.MUTED),)]
    shown = [[shown_value(row, value) for value in row.values] for row in rows]
    columns = [max(width_of(values[n]) for values in shown if n < len(values)) for n in range(len(diff.versions))]
    # half a figure is a lie: columns are at least as wide as their widest one
    figures = [values for row, values in zip(rows, shown, strict=True) if row.section is Section.METRIC]
    least = [max([6, *(width_of(values[n]) for values in figures)]) for n in range(len(columns))]
    field_width = min(max(width_of(one_line(row.field)) for row in rows), _WIDEST_FIELD)
    longest = max(width_of(_section_name(row.section)) for row in rows)
    section_width = longest if width >= _ROOMY else min(longest, _SECTION_WIDTH)
    taken = section_width + 1 + 2 + 3 * (len(columns) - 1)
    room = width - taken - _VERDICT_WIDTH
    field_width, columns = narrowed(field_width, columns, least, room)
    lines: list[Line] = []
    section: Section | None = None
    for row, values in zip(rows, shown, strict=True):
        name = "" if row.section is section else _section_name(row.section)
        section = row.section
        equal_row = not row.tells
        spans: list[Span] = [
            (left(name, section_width) + " ", Tone.HEAD),
            (left(cut_middle(row.field, field_width), field_width) + "  ", Tone.MUTED if equal_row else Tone.TEXT),
        ]
        verdict = verdict_spans(row)
        told = sum(width_of(text) for text, _ in verdict)
        cells = _stretched(values, columns, width - taken - 2 - field_width - sum(columns) - told)
        for n, value in enumerate(values):
            if n:
                spans.append((" = " if equal_row else " → ", Tone.FAINT))
            tone = Tone.MUTED if equal_row or n < len(values) - 1 else Tone.STRONG
            text = cut_middle(value, cells[n])
            spans.append((text + " " * (cells[n] - width_of(text)), tone))
        spans.append(("  ", Tone.TEXT))
        spans.extend(verdict)
        lines.append(tuple(spans))
    return lines


def _section_name(section: Section) -> str:
    return "data" if section is Section.DATASET else str(section)


def _stretched(values: Sequence[str], columns: Sequence[int], free: int) -> list[int]:
    """The cells of values in one row, where a short verdict leaves some to those that would be cut."""
    cells = list(columns)
    for n, value in enumerate(values):
        more = min(max(0, free), width_of(value) - cells[n])
        if more > 0:
            cells[n] += more
            free -= more
    return cells


def verdict_spans(row: DiffRow, place: int | None = None) -> list[Span]:
    """What became of a row, in figures, words and a sign; `place` is the version's, the last one without it."""
    place = len(row.values) - 1 if place is None else place
    change = row.change(place)
    if change.verdict is Verdict.SAME and change.kind is None:
        note = remark(change)
        return [(note, Tone.MUTED)] if note else []
    sign, word, tone = judged(change)
    less, note = difference(row, place), remark(change)
    spans: list[Span] = []
    if row.section is Section.METRIC and change.delta is not None:
        spans.append((right(less, 8) + " ", tone if tone in (Tone.BETTER, Tone.WORSE, Tone.MUTED) else Tone.TEXT))
        if change.verdict is not Verdict.CHANGED:
            spans.append((f"{sign} {word}", tone))
    elif less and change.kind is None and change.verdict is Verdict.CHANGED:
        spans.append((less, tone))
    elif change.verdict is Verdict.CHANGED and change.kind is None:
        spans.append((note or word, tone))
        note = None
    else:
        spans.append((f"{sign} {word}", tone))
    if note:
        spans.append((("  " if spans else "") + note, Tone.MUTED))
    return spans
