"""What a search gives: things, and where each stands in the order that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Item_co = TypeVar("Item_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a sorted search: the next page begins after it, the page before ends before it."""

    value: str | int | float | bytes | None
    """What it is sorted by; None when it has none, so that it stands last; no bytes for NaN, which stands before."""
    number: int
    """Its row number, which decides among equals."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Item_co]):
    """One thing that a search found."""

    item: Item_co
    place: Place


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of what is found."""

    limit: int
    """-1 for all."""
    after: Place | None = None
    before: Place | None = None
    skip: int = 0
    from_end: bool = False

    @property
    def backwards(self) -> bool:
        """Whether it is read from its end."""
        return self.before is not None or self.from_end

    @property
    def edge(self) -> Place | None:
        """Where it begins, as it is read."""
        return self.before if self.before is not None else self.after
