"""Draws a model's version tree as lanes of box-drawing characters, from any row whose state is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.comparison import TreeRow

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LANES = 12
"""Lanes that are drawn unless said otherwise; what lies beyond shares one column of `…`."""

# What a row shows in the column beside the lanes: nothing, lines that pass, lines that it reaches, or its own node.
_NOTHING, _SHOWN, _REACHED, _NODE = range(4)
_BESIDE = " ……○"


@dataclass(frozen=True, slots=True)
class LaneState:
    """What the rows above leave open: all that is needed to go on drawing from here."""

    lanes: tuple[int | None, ...] = ()
    """The version that each lane leads down to; None for a free lane."""
    beyond: frozenset[int] = frozenset()
    """The versions that lines without a lane lead to."""
    ended: int | None = None
    """The lane of the version just above when it has no parents: another right below it would look like one."""


def draw(
    rows: Iterable[tuple[int, tuple[int, ...]]], state: LaneState | None = None, *, max_lanes: int = MAX_LANES
) -> tuple[list[TreeRow], LaneState]:
    """Returns the drawn rows, and the state below the last of them.

    The first parent goes on in the version's own lane; the leftmost free lane is taken by a new line. What waits for a
    version in other lanes ends beside it. Drawing in pieces gives what drawing at once gives.

    Args:
        rows: (id, ids of its parents in the same model), newest first, every parent below its children.
        state: The state above the first row; None at the top.
        max_lanes: Lanes to draw; the same for all pieces of a tree.
    """
    lanes = state.lanes if state else ()
    beyond = set(state.beyond) if state else set()
    waiting: dict[int, int] = {}
    # Sets of lanes are bits of an integer, lane 0 the lowest.
    taken = 0
    for lane, awaited in enumerate(lanes):
        if awaited is not None:
            waiting[awaited] = waiting.get(awaited, 0) | 1 << lane
            taken |= 1 << lane
    every = (1 << max_lanes) - 1
    ended = 0 if state is None or state.ended is None else 1 << state.ended
    drawn: list[TreeRow] = []
    for version, parents in rows:
        awaiting = waiting.pop(version, 0)
        reaches = version in beyond
        if reaches:
            beyond.discard(version)
        passing = taken & ~awaiting
        own = awaiting & -awaiting
        if not awaiting:
            free = every & ~taken
            free = free & ~ended or free
            own = free & -free
        opened = 0
        taken = passing
        hidden = bool(beyond)
        for parent in parents if len(parents) < 2 else dict.fromkeys(parents):
            bit = own & ~taken
            if not bit:
                free = every & ~(passing | awaiting | own | opened)
                bit = free & -free
                opened |= bit
            if bit:
                waiting[parent] = waiting.get(parent, 0) | bit
                taken |= bit
            else:
                beyond.add(parent)
                reaches = True
        ended = 0 if parents else own
        beside = _REACHED if reaches else _SHOWN if hidden or beyond else _NOTHING
        cells = _cells((passing, own, awaiting & ~own, opened), beside, max_lanes)
        drawn.append(TreeRow(version, own.bit_length() - 1 if own else max_lanes, cells))
    return drawn, LaneState(_lanes(waiting, taken), frozenset(beyond), ended.bit_length() - 1 if ended else None)


def _lanes(waiting: dict[int, int], taken: int) -> tuple[int | None, ...]:
    lanes: list[int | None] = [None] * taken.bit_length()
    for awaited, bits in waiting.items():
        for lane in range(bits.bit_length()):
            if bits >> lane & 1:
                lanes[lane] = awaited
    return tuple(lanes)


@lru_cache(maxsize=8192)
def _cells(lanes: tuple[int, int, int, int], beside: int, max_lanes: int) -> str:
    passing, own, ended, opened = lanes
    arms = own | ended | opened
    if not own:
        beside = _NODE
    left = max_lanes if beside == _NODE else (arms & -arms).bit_length() - 1
    right = max_lanes if beside == _REACHED else arms.bit_length() - 1
    width = max_lanes if beside else (arms | passing).bit_length()
    cells = []
    for lane in range(width):
        bit = 1 << lane
        inside = left <= lane <= right
        if bit & own:
            cells.append("○")
        elif bit & ended:
            cells.append("╰" if lane == left else "╯" if lane == right else "┴")
        elif bit & opened:
            cells.append("╭" if lane == left else "╮" if lane == right else "┬")
        elif bit & passing:
            cells.append("┼" if inside else "│")
        else:
            cells.append("─" if inside else " ")
        cells.append("─" if left <= lane < right else " ")
    cells.append(_BESIDE[beside])
    return "".join(cells).rstrip()
