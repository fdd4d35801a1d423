"""The figures at the left of a plot: round ones, at the rows in which their values are drawn."""

from __future__ import annotations

from math import ceil, exp, floor, log, log10
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.braille import DOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal_tui.view.drawing.braille import Heights

_ROUND = (1.0, 2.0, 5.0, 10.0)
"""What steps begin with."""
_MOST_DECIMALS = 6
"""Past which a figure is too long, and the values are told as they are."""
_LAST_POWER = 307
"""The greatest power of ten whose multiples are numbers."""
_LARGEST = 1e7
"""From which on figures are told with powers of ten."""


def axis_labels(
    low: float, high: float, rows: int, heights: Heights, told: Callable[[float, float], str], *, logarithmic: bool
) -> list[str]:
    """The label of each row, the topmost first; empty where there is none.

    Args:
        low: The least value that is drawn.
        high: The greatest.
        rows: How many there are.
        heights: In which row of dots a value is drawn.
        told: A value in words, of all that a span has; for what no round figure fits.
        logarithmic: Whether the axis is.
    """
    every = 2 if rows < 8 else 4 if rows < 24 else 6
    count = max(1, (rows - 1) // every)
    most = max(1, (rows - 1) // (every // 2 + 1))
    values = _decades(low, high, most) if logarithmic else _steps(low, high, most)
    labels = [""] * rows
    for value, text in values:
        row = heights(value) // DOWN
        if 0 <= row < rows:
            labels[row] = text
    if sum(map(bool, labels)) > 1:
        return labels
    labels = [""] * rows
    for n in range(count + 1):
        row = round(n * (rows - 1) / count) if rows > 1 else 0
        share = 1 - row / (rows - 1) if rows > 1 else 1.0
        value = exp(log(low) * (1 - share) + log(high) * share) if logarithmic else low * (1 - share) + high * share
        labels[row] = told(value, high - low)
    return labels


def _steps(low: float, high: float, count: int) -> list[tuple[float, str]]:
    """Multiples of a round step, hardly more than so many; none where they would be too long."""
    least = high / count - low / count
    if not 10.0**-_MOST_DECIMALS <= least < _LARGEST or max(abs(low), abs(high)) >= _LARGEST:
        return []
    power = floor(log10(least))
    step = next(first * 10.0**power for first in _ROUND if first * 10.0**power >= least * (1 - 1e-9))
    decimals = max(0, -floor(log10(step) + 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [(n * step, f"{n * step + 0.0:,.{decimals}f}") for n in range(first, last + 1)]


def _decades(low: float, high: float, count: int) -> list[tuple[float, str]]:
    """Powers of ten, and between them twice and five times as much where there is room."""
    first, last = ceil(log10(low) - 1e-9), min(floor(log10(high) + 1e-9), _LAST_POWER)
    every = max(1, ceil((last - first) / count))
    inner = (1, 2, 5) if (last - first) * 2 <= count else (1,)
    powers = range(first - (len(inner) > 1), last + 1, every)
    values = [(lead * 10.0**power, lead, power) for power in powers for lead in inner]
    return [(value, _power(lead, power)) for value, lead, power in values if low <= value <= high]


def _power(lead: int, power: int) -> str:
    if 0 <= power < 6:
        return f"{lead * 10**power:,}"
    return f"{lead * 10.0**power:.{-power}f}" if -4 <= power < 0 else f"{lead}e{power}"
