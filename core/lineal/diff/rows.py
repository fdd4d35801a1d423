"""What every section of a difference is made of: cells side by side, and what became of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.records.comparison import Change, DiffRow, Section, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lineal.records.base import Digest, Scalar

SHORT_DIGEST = 12
"""Hexadecimal digits of a digest that are shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one side has in a field."""

    key: object
    """What decides whether two sides are equal."""
    value: Scalar
    """What is shown."""


def plain(value: Scalar) -> Cell | None:
    """A value that is its own key; None for none."""
    return None if value is None else Cell(value, value)


def row(
    section: Section,
    field: str,
    cells: Sequence[Cell | None],
    judge: Callable[[Cell, Cell], Change] | None = None,
    *,
    unit: str | None = None,
    under: str | None = None,
) -> DiffRow:
    """A row of cells, each held against the first.

    Args:
        section: What part of a version it is in.
        field: Its name, which no other row of the section has.
        cells: One for each version; None where it has nothing.
        judge: What became of a cell that differs from the first; without one it just changed.
        unit: What the values count.
        under: The field that sums it up.
    """
    first = cells[0]
    changes = [change_of(first, other, judge) for other in cells[1:]]
    return row_of(section, field, [cell.value if cell else None for cell in cells], changes, unit=unit, under=under)


def row_of(
    section: Section,
    field: str,
    values: Sequence[Scalar],
    changes: Sequence[Change],
    *,
    unit: str | None = None,
    under: str | None = None,
) -> DiffRow:
    """A row whose changes are known; the last one is what the row as a whole says."""
    last = changes[-1]
    verdict, kind, note = last.verdict, last.kind, last.note
    if verdict is Verdict.SAME and any(change.verdict is not Verdict.SAME for change in changes):
        verdict, kind, note = Verdict.CHANGED, None, None
    return DiffRow(
        section,
        field,
        tuple(values),
        last.delta,
        verdict,
        note if note is not None or kind is None else kind.value,
        kind,
        unit,
        under,
        tuple(changes),
    )


def rows_that_exist(section: Section, fields: Iterable[tuple[str, Sequence[Cell | None]]]) -> list[DiffRow]:
    """Rows of the fields that any side has."""
    return [row(section, field, cells) for field, cells in fields if any(cells)]


def change_of(first: Cell | None, other: Cell | None, judge: Callable[[Cell, Cell], Change] | None = None) -> Change:
    """What became of the baseline's cell."""
    if first is None or other is None:
        if first is other:
            return Change(Verdict.SAME)
        return Change(Verdict.ADDED if first is None else Verdict.REMOVED)
    if equal(first, other):
        return Change(Verdict.SAME, delta(first.value, other.value))
    if judge is not None:
        return judge(first, other)
    return Change(Verdict.CHANGED, delta(first.value, other.value))


def equal(one: Cell, other: Cell) -> bool:
    """Whether two cells hold the same; a truth value is no number, and NaN is like itself."""
    a, b = one.key, other.key
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return a == b


def delta(first: Scalar, last: Scalar) -> float | None:
    """The second number less the first; None where that is no number."""
    if isinstance(first, bool | str | None) or isinstance(last, bool | str | None):
        return None
    try:
        less = float(last - first)
    except OverflowError:
        return None
    return None if math.isnan(less) else less


def union(mappings: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """Every name that any of them has, once."""
    return tuple(dict.fromkeys(name for mapping in mappings for name in mapping))


def in_order(rows: Iterable[DiffRow]) -> tuple[DiffRow, ...]:
    """By section; within one as they were made."""
    places = {section: place for place, section in enumerate(Section)}
    return tuple(sorted(rows, key=lambda each: places[each.section]))


def natural(text: str) -> list[tuple[int, int, str]]:
    """What to sort names by, so that `layers[10]` comes after `layers[2]`."""
    return [
        (0, int(part), "") if part.isascii() and part.isdigit() and len(part) < 20 else (1, 0, part)
        for part in re.split(r"(\d+)", text)
    ]


def by_name(rows: Iterable[DiffRow]) -> list[DiffRow]:
    """Rows by their fields' names."""
    return sorted(rows, key=lambda each: natural(each.field))


def short(digest: Digest) -> str:
    """A digest as people compare it."""
    return digest.removeprefix("sha256:")[:SHORT_DIGEST]


def mapping_rows(section: Section, mappings: Sequence[Mapping[str, Scalar]]) -> list[DiffRow]:
    """A row for each name; one that was set to None is there, so presence decides and not the value."""
    return by_name(
        row(section, name, [Cell(mapping[name], mapping[name]) if name in mapping else None for mapping in mappings])
        for name in union(mappings)
    )


def counted(pairs: Iterable[tuple[int, str]]) -> str:
    """`2 added, 1 removed`: what there is none of is left out."""
    return ", ".join(f"{count:,} {what}" for count, what in pairs if count)
