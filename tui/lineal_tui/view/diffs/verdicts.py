"""What became of a field, in words and signs: the same in the application, on the command line and in files."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from lineal.records.comparison import Kind, Section, Verdict
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Tone
from lineal_tui.view.drawing.words import delta, metric, scalar, short_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lineal.records.base import Scalar
    from lineal.records.comparison import Change, Diff, DiffRow

_TIMES = "\N{MULTIPLICATION SIGN}"
_ROUNDED_FROM = 1 << 20
"""Bytes from which on a size is rounded, as long as it stays apart from the others."""
_LONGEST_NUMBER = 10
_NARROWEST_VALUE = 6
SECTION_TITLES = {
    Section.METRIC: "metrics",
    Section.PARAM: "params",
    Section.DATASET: "datasets",
    Section.ENVIRONMENT: "environment",
    Section.CODE: "code",
    Section.ARCHITECTURE: "architecture",
    Section.FILE: "files",
    Section.TAG: "tags",
}
_BY_VERDICT = {
    Verdict.BETTER: ("▲", "better", Tone.BETTER),
    Verdict.WORSE: ("▼", "worse", Tone.WORSE),
    Verdict.ADDED: ("+", "added", Tone.CHANGED),
    Verdict.REMOVED: ("-", "removed", Tone.CHANGED),
    Verdict.CHANGED: ("≠", "changed", Tone.CHANGED),
    Verdict.SAME: ("=", "same", Tone.MUTED),
}
_BY_KIND = {
    Kind.WITHIN: ("≈", "within tolerance", Tone.MUTED),
    Kind.NOT_COMPARABLE: ("!", "not comparable", Tone.CHANGED),
    Kind.UPGRADED: ("↑", "upgraded", Tone.CHANGED),
    Kind.DOWNGRADED: ("↓", "downgraded", Tone.CHANGED),
    Kind.RESHAPED: ("≠", "reshaped", Tone.CHANGED),
    Kind.RETYPED: ("≠", "retyped", Tone.CHANGED),
    Kind.VALUES: ("≠", "other values", Tone.CHANGED),
}


def judged(change: Change) -> tuple[str, str, Tone]:
    """The sign, the word and the tone of a change."""
    return _BY_VERDICT[change.verdict] if change.kind is None else _BY_KIND[change.kind]


def remark(change: Change) -> str | None:
    """What else is to be said, clean; None where the word says all."""
    note = change.note
    if note is None or (change.kind is not None and note == change.kind.value):
        return None
    if change.kind is Kind.NOT_COMPARABLE:
        note = note.removeprefix(f"{Kind.NOT_COMPARABLE.value}: ")
    return one_line(note)


def difference(row: DiffRow, place: int) -> str:
    """By how much the value at a place differs from the first: `+.0040`, a ratio, `+1.2 MiB`; empty where unknown."""
    change = row.change(place)
    if change.verdict is Verdict.SAME and change.kind is None:
        return ""
    if row.unit == "bytes":
        return _bytes(change.delta)
    if row.section is Section.METRIC:
        return delta(change.delta)
    if not change.delta:
        return ""
    first, last = row.values[0], row.values[place]
    before, after = _number(first), _number(last)
    if before and after and (before > 0) == (after > 0) and row.section is Section.PARAM:
        ratio = after / before
        if 0.01 <= ratio <= 1000:
            return f"{_TIMES}{ratio:.3g}"
    if isinstance(first, int) and isinstance(last, int) and change.delta:
        return f"{last - first:+,}"
    return delta(change.delta)


def shown_value(row: DiffRow, value: Scalar) -> str:
    """A value as it stands in a difference, on one line."""
    if value is None:
        return "-"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if row.section is Section.METRIC:
            return metric(float(value))
        if row.unit == "bytes":
            short = _bytes(float(value))[1:]
            others = [float(other) for other in row.values if isinstance(other, int | float) and other != value]
            if value >= _ROUNDED_FROM and all(_bytes(other)[1:] != short for other in others):
                return short
            return f"{value:,} B"
        if isinstance(value, int) and row.section in (Section.DATASET, Section.ARCHITECTURE):
            return f"{value:,}"
    text = scalar(value)
    if isinstance(value, float) and len(text) > _LONGEST_NUMBER:
        # half a number is a lie; rounded, it stays one as long as it stays apart from the others
        rounded = f"{value:.6g}"
        others = [other for other in row.values if isinstance(other, float) and other != value]
        if all(f"{other:.6g}" != rounded for other in others):
            return rounded
    if row.section is Section.CODE and row.field == "commit":
        return text[:12]
    if row.section is Section.FILE:
        digest, _, size = text.partition(" ")
        return f"{digest[:8]} {size.replace('bytes', 'B')}"
    return short_digest(text) if text.startswith("sha256:") else text


def summary(rows: Iterable[DiffRow], place: int | None) -> list[tuple[str, Tone]]:
    """How many rows are better, worse, ...: of the version at a place, or (None) of the rows as a whole."""
    counts: Counter[tuple[str, str, Tone]] = Counter()
    for row in rows:
        counts[judged(row.change(len(row.values) - 1 if place is None else place))] += 1
    order = [*_BY_VERDICT.values(), *_BY_KIND.values()]
    order.remove(_BY_VERDICT[Verdict.SAME])
    order.append(_BY_VERDICT[Verdict.SAME])
    return [
        (f"{sign} {counts[sign, word, tone]:,} {word}", tone) for sign, word, tone in order if counts[sign, word, tone]
    ]


def count_words(diff: Diff) -> str:
    """`4 changed, 1 within, 19 same`; what stands under another row counts with it."""
    rows = [row for row in diff.rows if row.under is None]
    changed, telling = sum(row.verdict is not Verdict.SAME for row in rows), sum(row.tells for row in rows)
    within = f", {telling - changed} within" if telling > changed else ""
    return f"{changed} changed{within}, {len(rows) - telling} same"


def labels(diff: Diff) -> list[str]:
    """What each version is called, clean: its label, a run's name; whole addresses where models differ."""
    if diff.names and len(set(diff.names)) == len(diff.names):
        return [one_line(name) or ref[:12] for name, ref in zip(diff.names, diff.versions, strict=True)]
    if all(ref.startswith("run:") for ref in diff.versions):
        return [ref[: len("run:") + 8] for ref in diff.versions]
    models = {ref.rpartition(":")[0] for ref in diff.versions}
    return [one_line(ref.rpartition(":")[2] if len(models) == 1 else ref) for ref in diff.versions]


def by_section(rows: Sequence[DiffRow]) -> list[tuple[Section, list[DiffRow]]]:
    """The rows of each section that has any, in order."""
    found: dict[Section, list[DiffRow]] = {}
    for row in rows:
        found.setdefault(row.section, []).append(row)
    return [(section, found[section]) for section in Section if section in found]


def narrowed(field: int, columns: Sequence[int], least: Sequence[int], room: int) -> tuple[int, list[int]]:
    """Cells for the name of a field and for values, made to fit: long values give way first, then long names.

    Args:
        field: cells that the names would like to have.
        columns: cells that each column of values would like to have.
        least: cells that each needs, for its figures.
        room: cells there are for all.
    """
    widths = list(columns)
    for floor in (24, 12, 0):
        while field + sum(widths) > room:
            yielding = [n for n in range(len(widths)) if widths[n] > max(least[n], floor, _NARROWEST_VALUE)]
            if not yielding:
                break
            widest = max(yielding, key=widths.__getitem__)
            excess = field + sum(widths) - room
            others = max((widths[n] for n in yielding if n != widest), default=0)
            floor_here = max(least[widest], floor, _NARROWEST_VALUE, min(others, widths[widest] - 1))
            widths[widest] = max(floor_here, widths[widest] - excess)
        field = max(min(field, {24: 28, 12: 20, 0: 12}[floor]), min(field, room - sum(widths)))
    return field, widths


def _bytes(count: float | None) -> str:
    if not count:
        return ""
    whole = abs(int(count)) if math.isfinite(count) else 0
    for unit, length in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if whole >= length:
            return f"{'-' if count < 0 else '+'}{whole / length:.1f} {unit}"
    return f"{'-' if count < 0 else '+'}{whole} B"


def _number(value: Scalar) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
