"""The lanes of a large version tree are known at checkpoints, so that any page of it is drawn without those above."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.versioning.tree import LaneState, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lineal.registry import Registry

STEP = 256
"""Sequence numbers between two checkpoints."""
_CHUNK = 16 * STEP
_NEAR = 2 * STEP
"""Rows that may be drawn again to get from a checkpoint to the row that is wanted."""

Skeleton = list[tuple[int, int, tuple[int, ...]]]
"""(row number, sequence number, parents within the model), newest first."""


class Checkpoints:
    """The states of one model's lanes above the rows whose sequence number is a multiple of `STEP`.

    A worker fills them from the newest version down; where it meets a state that was known before there was a newer
    version, all below is as it was.
    """

    def __init__(self, registry: Registry, model: str) -> None:
        """Know the top only."""
        self._registry = registry
        self.model = model
        self._states: dict[int, LaneState] = {}
        self._newest = 0
        self._filled = 0

    def is_filled(self, newest: int) -> bool:
        """Whether all is known below the version with this sequence number, the newest."""
        return self._filled >= newest

    def fill(self, newest: int, go_on: Callable[[], bool]) -> bool:
        """Work out all states below the newest version; False when told not to go on."""
        old, was_whole, last = self._states, self._filled == self._newest, self._newest
        states: dict[int, LaneState] = {}
        state: LaneState | None = None
        below = newest + 1
        while below > 1:
            if not go_on():
                return False
            wanted = _CHUNK + (below - 1) % STEP
            rows = self._registry.tree_skeleton(self.model, before=below, limit=wanted)
            if not rows:
                break
            for piece in _pieces(rows):
                top = piece[0][1]
                boundary = -(-top // STEP) * STEP
                if state is not None:
                    states[boundary] = state
                    if was_whole and boundary <= last and old.get(boundary) == state:
                        states.update((place, known) for place, known in old.items() if place < boundary)
                        self._know(states, newest)
                        return True
                state = draw([(row[0], row[2]) for row in piece], state)[1]
            below = rows[-1][1]
        self._know(states, newest)
        return True

    def above(self, seq: int, newest: int) -> LaneState | bool | None:
        """The state above the row with this sequence number; None at the top, False while it is not known."""
        if seq >= newest:
            return None
        state: LaneState | None = None
        boundary = -(-seq // STEP) * STEP
        if self._filled == newest and boundary in self._states:
            state, start = self._states[boundary], boundary + 1
        elif self._filled == newest or newest - seq <= _NEAR:
            start = newest + 1
        else:
            return False
        gap = start - 1 - seq
        if gap:
            rows = [row for row in self._registry.tree_skeleton(self.model, before=start, limit=gap) if row[1] > seq]
            state = draw([(row[0], row[2]) for row in rows], state)[1]
        return state

    def _know(self, states: dict[int, LaneState], newest: int) -> None:
        self._states, self._newest, self._filled = states, newest, newest


def _pieces(rows: Skeleton) -> list[Sequence[tuple[int, int, tuple[int, ...]]]]:
    """Rows cut where a sequence number crosses a multiple of `STEP`; a checkpoint lies above each piece."""
    pieces: list[Sequence[tuple[int, int, tuple[int, ...]]]] = []
    start = 0
    for place in range(1, len(rows)):
        if (rows[place][1] - 1) // STEP != (rows[place - 1][1] - 1) // STEP:
            pieces.append(rows[start:place])
            start = place
    pieces.append(rows[start:])
    return pieces
