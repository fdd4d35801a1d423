"""Rows that open: what folds under one of them is put below it, and the list above knows nothing of it."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal_tui.view.drawing.pages import Rows

Row = TypeVar("Row")


class Unfolded(Generic[Row]):
    """A list of outer rows with the inner rows of those that are open."""

    def __init__(self, outer: Rows[Row], key: Callable[[Row], Hashable]) -> None:
        """Begin with everything folded."""
        self._outer = outer
        self._key = key
        self._open: dict[int, Sequence[Row]] = {}
        self._places: list[int] = []
        """The places of what is open among the outer rows, in order."""

    def __len__(self) -> int:
        return len(self._outer) + sum(len(rows) for rows in self._open.values())

    def unfold(self, place: int, rows: Sequence[Row]) -> None:
        """Put rows below the outer row at this place among the outer ones."""
        if place not in self._open and rows:
            insort(self._places, place)
            self._open[place] = rows

    def fold(self, place: int) -> None:
        """Take them away again."""
        if self._open.pop(place, None) is not None:
            self._places.remove(place)

    def is_open(self, place: int) -> bool:
        """Whether the outer row at this place among the outer ones is open."""
        return place in self._open

    def locate(self, index: int) -> tuple[int, int | None]:
        """The place among the outer rows of what is in this line, and among the inner ones, if it is one of them."""
        before = 0
        for place in self._places:
            if index <= place + before:
                break
            inner = len(self._open[place])
            if index <= place + before + inner:
                return place, index - place - before - 1
            before += inner
        return index - before, None

    def row(self, index: int) -> Row | None:
        """The row in this line; None where there is none."""
        if not self._places:
            return self._outer.row(index)
        place, inner = self.locate(index)
        return self._outer.row(place) if inner is None else self._open[place][inner]

    def key_at(self, index: int) -> Hashable | None:
        """The key of the row in this line; None where there is none."""
        row = self.row(index)
        return None if row is None else self._key(row)

    def position(self, key: Hashable) -> int | None:
        """The line of the row with this key; None when it is gone, or folded away."""
        for place, rows in self._open.items():
            for inner, row in enumerate(rows):
                if self._key(row) == key:
                    return place + self._before(place) + 1 + inner
        found = self._outer.position(key)
        return None if found is None else found + self._before(found)

    def _before(self, place: int) -> int:
        return sum(len(self._open[known]) for known in self._places[: bisect_left(self._places, place)])
