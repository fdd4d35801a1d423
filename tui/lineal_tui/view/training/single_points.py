"""A curve of one point, which is no line: the point stands out in the plot, with its value in words beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.braille import ACROSS, DOWN, Heights, Reach
from lineal_tui.view.drawing.lines import Span, Tone
from lineal_tui.view.drawing.words import metric, number
from lineal_tui.view.training.curve_words import letter_of, tone_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.curves import Curve, Curves

_POINT = "●"


def mark(grid: list[list[Span]], curves: Curves, reaches: Sequence[Sequence[Reach]], heights: Heights) -> None:
    """Mark in the cells of a plot the curves that have one point there.

    Args:
        grid: the cells, by row; words are put only where nothing is drawn.
        curves: what is drawn.
        reaches: of each curve, its columns of dots.
        heights: where values are.
    """
    for n, (curve, reach) in enumerate(zip(curves.curves, reaches, strict=True)):
        if len(reach) != 1 or curve.dots[0].count != 1:
            continue
        column, _, _, value = reach[0]
        if value is None:
            continue
        row = grid[heights(value) // DOWN]
        at = min(len(row) - 1, column // ACROSS)
        row[at] = (letter_of(n) if len(curves.curves) > 1 else _POINT, tone_of(n))
        words = f"{metric(value)}, {_how_few(curves, curve)}"
        for start in (at + 2, at - 1 - len(words)):
            cells = row[start : start + len(words)] if start >= 0 else []
            if len(cells) == len(words) and all(text == " " for text, _ in cells):
                row[start : start + len(words)] = [(letter, Tone.MUTED) for letter in words]
                break


def _how_few(curves: Curves, curve: Curve) -> str:
    unit = unit_of(curves)
    return f"the only {unit}" if curve.count <= 1 else f"1 of {number(curve.count)} {unit}s"
