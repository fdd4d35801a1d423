"""Three versions or more in columns: what changed, and what is better or worse than the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.comparison import Section, Verdict
from lineal_tui.view.clean import one_line
from lineal_tui.view.diff import SECTION_NAMES, shown_value
from lineal_tui.view.lines import Line, Span, Tone, cut_middle, left, right, rule, width_of
from lineal_tui.view.words import counted, delta

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.comparison import Diff, DiffRow

_WIDEST_FIELD = 32
_WIDEST_COLUMN = 26
_NARROWEST_COLUMN = 10
_SIGNS = {
    Verdict.BETTER: ("▲", Tone.BETTER),
    Verdict.WORSE: ("▼", Tone.WORSE),
    Verdict.ADDED: ("+", Tone.CHANGED),
    Verdict.REMOVED: ("-", Tone.CHANGED),
    Verdict.CHANGED: ("≠", Tone.CHANGED),
}


def side_title(diff: Diff, width: int, *, active: bool, equal_shown: bool, first: int) -> Line:
    """The rule above the columns."""
    changed = len(diff.changed)
    same = len(diff.rows) - changed
    what: Line = (
        (counted(len(diff.versions), "version"), Tone.TITLE if active else Tone.STRONG),
        (" against ", Tone.MUTED),
        (cut_middle(one_line(diff.versions[0].rpartition(":")[2]), max(8, width // 3)), Tone.STRONG),
    )
    fold = f" (= {'hide' if equal_shown else 'show'})" if same else ""
    more = f"   columns from {first + 1} (h l)" if first > 1 else ""
    return rule(what, ((f"{changed} changed, {same} same{fold}{more}", Tone.MUTED),), width)


def side_lines(diff: Diff, pairs: Sequence[Diff], width: int, *, equal: bool, first: int = 1) -> list[Line]:
    """The rows under the labels of the versions.

    Args:
        diff: of all of them; the first is the baseline, which stays where it is when the others scroll.
        pairs: of the baseline and each of the others, in their order.
        width: cells there are.
        equal: list what is the same, too.
        first: which of the others is the leftmost; from 1.
    """
    rows = diff.rows if equal else diff.changed
    if not rows:
        return [(("no difference in anything that was recorded", Tone.MUTED),)]
    verdicts = [{(row.section, row.field): row for row in pair.rows} for pair in pairs]
    field_width = min(max(width_of(one_line(row.field)) for row in rows), _WIDEST_FIELD, max(12, width // 4))
    labels = [one_line(ref.rpartition(":")[2]) for ref in diff.versions]
    texts = {n: [_cell(row, n, verdicts) for row in rows] for n in range(len(labels))}
    widths = [
        min(_WIDEST_COLUMN, max(_NARROWEST_COLUMN, width_of(labels[n]), *(width_of(text) for text, _, _ in texts[n])))
        for n in range(len(labels))
    ]
    columns = _fitting(widths, width - 9 - field_width - 2, first)
    heads: list[Span] = [(left("", 9 + field_width), Tone.HEAD)]
    heads.extend(
        ("  " + left(cut_middle(labels[n], widths[n]), widths[n]), Tone.STRONG if n else Tone.MUTED) for n in columns
    )
    hidden = len(labels) - 1 - columns[-1]
    if hidden:
        heads.append((f" ⋯{hidden}", Tone.MUTED))
    lines: list[Line] = [tuple(heads)]
    section: Section | None = None
    for place, row in enumerate(rows):
        name = "" if row.section is section else SECTION_NAMES.get(row.section, str(row.section))
        section = row.section
        same = row.verdict is Verdict.SAME
        spans: list[Span] = [
            (left(name, 8) + " ", Tone.HEAD),
            (left(cut_middle(row.field, field_width), field_width), Tone.MUTED if same else Tone.TEXT),
        ]
        align = right if any(texts[n][place][2] for n in range(len(labels))) else left
        spans.extend(
            ("  " + align(cut_middle(texts[n][place][0], widths[n]), widths[n]), texts[n][place][1]) for n in columns
        )
        lines.append(tuple(spans))
    legend: list[Span] = []
    for sign, tone, words in ((*_SIGNS[verdict], str(verdict)) for verdict in _SIGNS):
        legend.extend([(sign, tone), (f" {words}   ", Tone.MUTED)])
    lines.extend([(), (*legend, ("than the first", Tone.MUTED))])
    notes = [one_line(row.note) for pair in pairs for row in pair.rows if row.note and row.note.startswith("not ")]
    lines.extend(((note, Tone.MUTED),) for note in dict.fromkeys(notes))
    return lines


def _cell(row: DiffRow, n: int, verdicts: Sequence[Mapping[tuple[Section, str], DiffRow]]) -> tuple[str, Tone, bool]:
    value = row.values[n]
    text = shown_value(row, value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if n == 0:
        return text, Tone.MUTED, is_number
    found = verdicts[n - 1].get((row.section, row.field))
    if found is None or found.verdict is Verdict.SAME:
        return text, Tone.MUTED, is_number
    sign, tone = _SIGNS[found.verdict]
    if row.section is Section.METRIC and found.delta is not None:
        difference = delta(found.delta)
        return f"{text} {difference:>7} {sign}", tone if found.verdict is not Verdict.CHANGED else Tone.TEXT, is_number
    return f"{text} {sign}", tone, is_number


def _fitting(widths: Sequence[int], room: int, first: int) -> list[int]:
    """The baseline, and as many of the others from `first` on as there is room for; one of them at least."""
    first = max(1, min(first, len(widths) - 1))
    columns = [0, first]
    used = widths[0] + widths[first] + 4
    for n in range(first + 1, len(widths)):
        if used + widths[n] + 2 > room:
            break
        columns.append(n)
        used += widths[n] + 2
    return columns
