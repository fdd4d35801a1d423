"""A series as one row of bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int) -> str:
    """Values as one row of bars, the mean of those that share a cell; what is not a number leaves a gap."""
    cells: list[float | None] = []
    count = min(width, len(values))
    for n in range(count):
        piece = [v for v in values[n * len(values) // count : (n + 1) * len(values) // count] if v - v == 0]
        cells.append(sum(piece) / len(piece) if piece else None)
    known = [value for value in cells if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = high - low
    return "".join(
        " " if value is None else _BARS[round((value - low) / span * 7) if span and span - span == 0 else 3]
        for value in cells
    )
