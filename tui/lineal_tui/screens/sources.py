"""What sources of long lists have in common: columns that grow with what is fetched, and rows known by their places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

Look = TypeVar("Look")
Row = TypeVar("Row")


class Widening(Generic[Look]):
    """A source that measures what it fetches."""

    def __init__(self, look: Look) -> None:
        """Begin with what is known of the columns before any row is."""
        self.look = look
        """What all rows have in common, among it how wide their columns are."""
        self.on_wider: Callable[[], None] | None = None
        """Called when rows came that need wider columns."""

    def measure(self, look: Look) -> None:
        """Keep how wide the columns have to be for what was just fetched, too."""
        if look != self.look:
            self.look = look
            if self.on_wider is not None:
                self.on_wider()


class Placed(Widening[Look], ABC, Generic[Row, Look]):
    """A source that knows which rows there are, and fetches them by their places."""

    @abstractmethod
    def count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def key(self, row: Row) -> Hashable:
        """What tells a row from every other."""

    @abstractmethod
    def position(self, key: Hashable) -> int | None:
        """Where a row is; None when it is not here."""

    @abstractmethod
    def fetch(self, start: int, stop: int) -> list[Row]:
        """The rows from one place up to another."""

    def following(self, row: Row | None, limit: int, skip: int = 0) -> Sequence[Row]:
        """The rows after `row` (None: from the first), without the `skip` nearest."""
        start = (0 if row is None else self._place(row) + 1) + skip
        return self.fetch(start, start + limit)

    def preceding(self, row: Row | None, limit: int) -> Sequence[Row]:
        """The rows before `row` (None: up to the last)."""
        stop = self.count() if row is None else self._place(row)
        return self.fetch(max(0, stop - limit), stop)

    def _place(self, row: Row) -> int:
        return self.position(self.key(row)) or 0
