"""Differences in words and signs: what changed, from what to what, and whether that is better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lineal.records.comparison import Section, Verdict
from lineal_tui.view.clean import one_line
from lineal_tui.view.lines import Line, Span, Tone, cut, cut_middle, left, right, rule, width_of
from lineal_tui.view.words import delta, metric, scalar, short_digest

if TYPE_CHECKING:
    from lineal.records.base import Scalar
    from lineal.records.comparison import Diff, DiffRow

_TIMES = "\N{MULTIPLICATION SIGN}"
_WIDEST_FIELD = 40
_NARROWEST_FIELD = 12
_NARROWEST_VALUE = 6
_VERDICT_WIDTH = 19
"""Cells of the longest verdict, `  +.0123 ▲ better`, and a little air."""
SECTION_NAMES = {
    Section.DATASET: "data",
    Section.ENVIRONMENT: "environ",
    Section.ARCHITECTURE: "archit",
}
_VERDICTS = {
    Verdict.BETTER: ("▲ better", Tone.BETTER),
    Verdict.WORSE: ("▼ worse", Tone.WORSE),
    Verdict.ADDED: ("+ added", Tone.CHANGED),
    Verdict.REMOVED: ("- removed", Tone.CHANGED),
    Verdict.SAME: ("=", Tone.FAINT),
}


def diff_title(diff: Diff, width: int, *, stage: str | None, active: bool = False, equal_shown: bool = False) -> Line:
    """The rule above a difference: what is held against what, and how much of it changed.

    Args:
        diff: Of two versions or more; the first is the baseline.
        width: Cells there are.
        stage: The stage at which the baseline is live; None when it is there for another reason.
        active: Whether keys go to this pane.
        equal_shown: Whether rows that are equal are listed too.
    """
    base, *others = diff.versions
    name = _label(base)
    against = f"{stage} {name}" if stage else name
    changed = len(diff.changed)
    same = len(diff.rows) - changed
    title: Line = (
        (cut(", ".join(_label(ref) for ref in others), width // 3), Tone.TITLE if active else Tone.STRONG),
        (" against ", Tone.MUTED),
        (cut(against, width // 3), Tone.STRONG),
    )
    fold = "hide" if equal_shown else "show"
    return rule(
        title, ((f"{changed} changed, {same} same", Tone.MUTED), (f" (= {fold})" if same else "", Tone.MUTED)), width
    )


def diff_lines(diff: Diff, width: int, *, equal: bool = False) -> list[Line]:
    """The rows of a difference; the section is named once.

    Args:
        diff: Of two versions or more.
        width: Cells there are.
        equal: List what is the same, too.
    """
    rows = diff.rows if equal else diff.changed
    if not rows:
        return [(("no difference in anything that was recorded", Tone.MUTED),)]
    shown = [[shown_value(row, value) for value in row.values] for row in rows]
    columns = [max(width_of(values[n]) for values in shown if n < len(values)) for n in range(len(diff.versions))]
    # half a figure is a lie: columns are at least as wide as their widest one
    figures = [values for row, values in zip(rows, shown, strict=True) if row.section is Section.METRIC]
    least = [max([_NARROWEST_VALUE, *(width_of(values[n]) for values in figures)]) for n in range(len(columns))]
    field_width = min(max(width_of(one_line(row.field)) for row in rows), _WIDEST_FIELD)
    room = width - 9 - 2 - 3 * (len(columns) - 1) - _VERDICT_WIDTH
    while sum(columns) + field_width > room:
        # what is widest gives way first
        yielding = [n for n in range(len(columns)) if columns[n] > least[n]]
        widest = max(yielding, key=columns.__getitem__, default=None)
        if field_width > _NARROWEST_FIELD and (widest is None or field_width > min(columns[widest], 28)):
            field_width -= 1
        elif widest is not None:
            columns[widest] -= 1
        else:
            break
    lines: list[Line] = []
    section: Section | None = None
    for row, values in zip(rows, shown, strict=True):
        name = "" if row.section is section else SECTION_NAMES.get(row.section, str(row.section))
        section = row.section
        equal_row = row.verdict is Verdict.SAME
        spans: list[Span] = [
            (left(name, 8) + " ", Tone.HEAD),
            (left(cut_middle(row.field, field_width), field_width) + "  ", Tone.MUTED if equal_row else Tone.TEXT),
        ]
        for n, value in enumerate(values):
            if n:
                spans.append((" = " if equal_row else " → ", Tone.FAINT))
            tone = Tone.MUTED if equal_row or n < len(values) - 1 else Tone.STRONG
            text = cut_middle(value, columns[n])
            spans.append((text + " " * (columns[n] - width_of(text)), tone))
        spans.append(("  ", Tone.TEXT))
        spans.extend(_verdict(row))
        lines.append(tuple(spans))
    return lines


def _verdict(row: DiffRow) -> list[Span]:
    spans: list[Span] = []
    if row.verdict is Verdict.SAME:
        return [(one_line(row.note), Tone.MUTED)] if row.note else []
    if row.section is Section.METRIC:
        tone = _VERDICTS[row.verdict][1] if row.verdict in (Verdict.BETTER, Verdict.WORSE) else Tone.TEXT
        if row.delta is not None:
            spans.append((right(delta(row.delta), 8) + " ", tone))
    word = _VERDICTS.get(row.verdict)
    if word is not None:
        spans.append(word)
    elif row.section is not Section.METRIC:
        spans.append((_change(row), Tone.CHANGED))
    if row.note:
        spans.append((("  " if spans else "") + one_line(row.note), Tone.MUTED))
    return spans


def _change(row: DiffRow) -> str:
    first, last = row.values[0], row.values[-1]
    before, after = _number(first), _number(last)
    if before and after and (before > 0) == (after > 0):
        ratio = after / before
        if 0.01 <= ratio <= 1000:
            return f"{_TIMES}{ratio:.3g}"
    if isinstance(first, int) and isinstance(last, int) and row.delta:
        return f"{last - first:+,}"
    if row.delta is not None:
        return delta(row.delta)
    return "changed"


def shown_value(row: DiffRow, value: Scalar) -> str:
    """A value as it stands in a difference."""
    if value is None:
        return "-"
    if row.section is Section.METRIC and isinstance(value, int | float) and not isinstance(value, bool):
        return metric(float(value))
    text = scalar(value)
    return short_digest(text) if text.startswith("sha256:") else text


def _number(value: Scalar) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if usable and isinstance(value, int | float) else None


def _label(ref: str) -> str:
    if ref.startswith("run:"):
        return ref[: len("run:") + 8]
    return one_line(ref.rpartition(":")[2])
