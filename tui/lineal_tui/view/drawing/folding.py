"""Rows that open: what folds under one of them is put below it, and the list above knows nothing of it."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal_tui.view.drawing.pages import Rows

Row = TypeVar("Row")


class Unfolded(Generic[Row]):
    """A list of outer rows with the inner rows of those that are open, and theirs, to any depth."""

    def __init__(self, outer: Rows[Row], key: Callable[[Row], Hashable]) -> None:
        """Begin with everything folded."""
        self._outer = outer
        self._key = key
        self._open: dict[int, list[tuple[int, Row]]] = {}
        """Below an outer row, by its place: all that is shown there, with the depth of each."""
        self._places: list[int] = []
        """The places of what is open among the outer rows, in order."""

    def __len__(self) -> int:
        return len(self._outer) + sum(len(rows) for rows in self._open.values())

    def unfold(self, line: int, rows: Sequence[Row]) -> None:
        """Put rows below the one in this line."""
        if not rows or self.is_open(line):
            return
        place, inner = self.locate(line)
        if inner is None:
            insort(self._places, place)
            self._open[place] = [(1, row) for row in rows]
        else:
            below = self._open[place]
            below[inner + 1 : inner + 1] = [(below[inner][0] + 1, row) for row in rows]

    def fold(self, line: int) -> list[Row]:
        """Take away what is shown below the row in this line; returns it."""
        place, inner = self.locate(line)
        if inner is None:
            if place not in self._open:
                return []
            self._places.remove(place)
            return [row for _, row in self._open.pop(place)]
        below, start = self._open[place], inner + 1
        end = next((n for n in range(start, len(below)) if below[n][0] <= below[inner][0]), len(below))
        taken = [row for _, row in below[start:end]]
        del below[start:end]
        return taken

    def is_open(self, line: int) -> bool:
        """Whether something is shown below the row in this line."""
        place, inner = self.locate(line)
        if inner is None:
            return place in self._open
        below = self._open[place]
        return inner + 1 < len(below) and below[inner + 1][0] > below[inner][0]

    def depth(self, line: int) -> int:
        """Below how many others the row in this line is shown."""
        place, inner = self.locate(line)
        return 0 if inner is None else self._open[place][inner][0]

    def parent(self, line: int) -> int | None:
        """The line of the row that the one in this line is shown below; None for an outer row."""
        place, inner = self.locate(line)
        if inner is None:
            return None
        below = self._open[place]
        above = next((n for n in range(inner - 1, -1, -1) if below[n][0] < below[inner][0]), -1)
        return line - inner + above

    def locate(self, line: int) -> tuple[int, int | None]:
        """The place among the outer rows of what is in this line, and among what is below, if it is one of them."""
        before = 0
        for place in self._places:
            if line <= place + before:
                break
            inner = len(self._open[place])
            if line <= place + before + inner:
                return place, line - place - before - 1
            before += inner
        return line - before, None

    def row(self, index: int) -> Row | None:
        """The row in this line; None where there is none."""
        if not self._places:
            return self._outer.row(index)
        place, inner = self.locate(index)
        return self._outer.row(place) if inner is None else self._open[place][inner][1]

    def key_at(self, index: int) -> Hashable | None:
        """The key of the row in this line; None where there is none."""
        row = self.row(index)
        return None if row is None else self._key(row)

    def position(self, key: Hashable) -> int | None:
        """The line of the row with this key; None when it is gone, or folded away."""
        for place, rows in self._open.items():
            for inner, (_, row) in enumerate(rows):
                if self._key(row) == key:
                    return place + self._before(place) + 1 + inner
        found = self._outer.position(key)
        return None if found is None else found + self._before(found)

    def _before(self, place: int) -> int:
        return sum(len(self._open[known]) for known in self._places[: bisect_left(self._places, place)])
