"""Columns give way to one another when the screen is narrow; here is the rule by which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.lines import Line, Span, Tone, left, right

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    id: str
    title: str
    width: int
    """Cells it needs."""
    right: bool = False
    """Whether its texts stand at the right."""
    grows: bool = False
    """Whether it takes what the others leave; `width` is then the least that makes sense."""
    rank: int = 0
    """Who is dropped first when there is no room: the highest; 0 stays as long as anything."""


def arrange(columns: Sequence[Column], width: int) -> tuple[Column, ...]:
    """Drop columns by rank until the rest fits, then give what is left to the one that grows."""
    kept = list(columns)
    while len(kept) > 1 and _needed(kept) > width:
        last = max(kept, key=lambda column: column.rank)
        if last.rank == 0:
            break
        kept.remove(last)
    free = width - _needed(kept)
    return tuple(
        Column(
            column.id,
            column.title,
            max(1, column.width + free),
            right=column.right,
            grows=column.grows,
            rank=column.rank,
        )
        if column.grows and free > 0
        else column
        for column in kept
    )


def head(columns: Sequence[Column]) -> Line:
    """The titles of the columns, each over its texts."""
    return row(columns, {column.id: ((column.title, Tone.HEAD),) for column in columns})


def row(columns: Sequence[Column], cells: dict[str, Line]) -> Line:
    """Set one line; `cells` holds by column id one span, to be aligned, or several that fill their column exactly."""
    spans: list[Span] = []
    for n, column in enumerate(columns):
        if n:
            spans.append((GAP, Tone.TEXT))
        cell = cells.get(column.id, ())
        if len(cell) == 1:
            text, tone = cell[0]
            spans.append(((right if column.right else left)(text, column.width), tone))
        elif cell:
            spans.extend(cell)
        else:
            spans.append((" " * column.width, Tone.TEXT))
    return tuple(spans)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)
