"""The screen as it will be once the toolkit is there: where the tree stands at each size, and what its rows say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.bars import foot_line
from lineal_tui.view.drawing.lines import GUTTER, Line, Tone, fit
from lineal_tui.view.drawing.pages import top_for
from lineal_tui.view.versioning.tree import tree_head, tree_line, tree_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal_tui.view.versioning.tree import TreeItem, TreeLook

WIDE, WIDEST = 120, 150
"""Columns from which panes stand beside one another, and from which the models stand beside them, too."""
_MODELS = 25
"""The width of the list of models there."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A line at its place on the screen."""

    row: int
    """From 0."""
    column: int
    """From 0."""
    line: Line


@dataclass(frozen=True, slots=True)
class TreePane:
    """Where the pane of the tree stands, as `app.tcss` lays it out."""

    left: int
    width: int
    height: int
    has_title: bool

    @property
    def rows(self) -> int:
        """How many versions it shows: all but its title, the heads of its columns, and its foot."""
        return max(0, self.height - 2 - self.has_title)


def tree_pane(columns: int, rows: int) -> TreePane:
    """The pane of the tree on a screen of this size, whose first row and last are the header and the hints."""
    body = rows - 2
    if columns < WIDE:
        return TreePane(0, columns, body * 3 // 5, has_title=False)
    height = body * 2 // 3
    if columns < WIDEST:
        return TreePane(0, (columns - 1) // 2, height, has_title=True)
    return TreePane(_MODELS + 1, (columns - _MODELS - 2) * 12 // 23, height, has_title=True)


def first_row(cursor: int, pane: TreePane, count: int) -> int:
    """Which version stands first in the pane when the cursor starts on this one."""
    return max(0, min(top_for(cursor, 0, max(1, pane.rows)), count - pane.rows))


def picture(
    size: tuple[int, int],
    items: Sequence[TreeItem],
    look: TreeLook,
    *,
    header: Line,
    hints: Line,
    model: str,
    count: int,
    first: int,
    cursor: int,
) -> list[Placed]:
    """The header, the tree and the hints.

    Args:
        size: Columns and rows of the screen.
        items: What the pane shows, from the row `first` on.
        look: What the rows have in common, measured for the page that they are on.
        header: The first row of the screen.
        hints: The last.
        model: Its name.
        count: How many versions it has.
        first: The first visible one, from 0.
        cursor: The one with the cursor.
    """
    columns, rows = size
    pane = tree_pane(columns, rows)
    lines = [tree_title(model, count, pane.width, active=True)] if pane.has_title else []
    room = pane.width - GUTTER
    lines.append(((" " * GUTTER, Tone.TEXT), *tree_head(look, room)))
    for place, item in enumerate(items[: pane.rows], start=first):
        bar = ("▌ ", Tone.CURSOR) if place == cursor else ("  ", Tone.TEXT)
        lines.append((bar, *tree_line(item, look, room)))
    lines.extend([()] * (pane.rows - len(items)))
    lines.append(foot_line(max(0, count - first - pane.rows), "older", "G"))
    placed = [Placed(0, 0, fit(header, columns))]
    placed.extend(Placed(1 + row, pane.left, fit(line, pane.width)) for row, line in enumerate(lines))
    placed.append(Placed(rows - 1, 0, fit(hints, columns)))
    return placed
