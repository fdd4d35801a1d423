"""Curves drawn in braille: two by four dots to a cell, each column of dots a number with a bit for each dot."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DOWN = 4
"""Dots of a cell from top to bottom."""
ACROSS = 2

_LEFT = (0x01, 0x02, 0x04, 0x40)
_RIGHT = (0x08, 0x10, 0x20, 0x80)


def _signs(bits: Sequence[int]) -> tuple[int, ...]:
    return tuple(sum(bit for place, bit in enumerate(bits) if four >> place & 1) for four in range(16))


_LEFT_OF, _RIGHT_OF = _signs(_LEFT), _signs(_RIGHT)

Reach = tuple[int, float, float, float | None]
"""A column of dots, the least and the greatest value in it, and the value at which lines meet; None breaks the line."""


class Heights:
    """Where values are between the lowest dot and the highest one, on a linear or a logarithmic axis."""

    def __init__(self, low: float, high: float, rows: int, *, logarithmic: bool = False) -> None:
        """Span values from `low` to `high`, both above zero on a logarithmic axis, over so many rows of dots."""
        self.low, self.high, self.rows = low, high, rows
        self._log = logarithmic
        if logarithmic:
            low, high = log(low), log(high)
        # halves, as the difference of huge values is beyond what a number holds
        self._bottom, self._span = low / 2, high / 2 - low / 2

    def __call__(self, value: float) -> int:
        """The row of a value, from 0 at the top; of one that is beyond, the first or last."""
        if self._log:
            value = log(value) if value > 0 else -inf
        share = (value / 2 - self._bottom) / self._span if self._span else 0.5
        return (
            max(0, min(self.rows - 1, self.rows - 1 - round(share * (self.rows - 1))))
            if share > -inf
            else self.rows - 1
        )


def dotted(reaches: Iterable[Reach], heights: Heights, columns: int) -> list[int]:
    """A curve as a number for each column of dots: bit 0 is the highest dot.

    Args:
        reaches: by column; columns without values are bridged.
        heights: where values are.
        columns: how many there are.
    """
    drawn = [0] * columns
    before: tuple[int, int] | None = None
    for column, least, most, middle in reaches:
        if middle is None:
            before = None
            continue
        top, bottom, at = heights(most), heights(least), heights(middle)
        if before is not None:
            top, bottom = _bridge(drawn, before, (column, at), top, bottom)
        drawn[column] |= _bits(top, bottom)
        before = (column, at)
    return drawn


def _bridge(drawn: list[int], before: tuple[int, int], here: tuple[int, int], top: int, bottom: int) -> tuple[int, int]:
    """Draw a line up to the column before this one; returns how far this one has to reach for it to be joined."""
    (start, from_row), (end, to_row) = before, here
    last = from_row
    for column in range(start + 1, end):
        row = from_row + round((to_row - from_row) * (column - start) / (end - start))
        drawn[column] |= _bits(*_joined(last, row))
        last = row
    if top <= last <= bottom:
        return top, bottom
    joined = _joined(last, to_row)
    return min(top, joined[0]), max(bottom, joined[1])


def _joined(before: int, row: int) -> tuple[int, int]:
    # half of the way is the other column's
    if before < row:
        return min(row, before + 1), row
    if before > row:
        return row, max(row, before - 1)
    return row, row


def _bits(top: int, bottom: int) -> int:
    return ((1 << (bottom - top + 1)) - 1) << top


def cells(drawn: Sequence[int], rows: int) -> dict[tuple[int, int], int]:
    """The cells of a curve that are not empty: (row, column) to the eight bits of its sign."""
    found: dict[tuple[int, int], int] = {}
    for column in range(len(drawn) // ACROSS):
        left, right = drawn[column * ACROSS], drawn[column * ACROSS + 1]
        both = left | right
        if not both:
            continue
        first = (both & -both).bit_length() - 1
        for row in range(first // DOWN, min(rows, (both.bit_length() - 1) // DOWN + 1)):
            shift = row * DOWN
            sign = _LEFT_OF[left >> shift & 15] | _RIGHT_OF[right >> shift & 15]
            if sign:
                found[row, column] = sign
    return found


def sign(bits: int) -> str:
    """The letter of a cell."""
    return chr(0x2800 + bits)
