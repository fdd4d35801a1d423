"""What a search gives: things, and where each stands in the order that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Item_co = TypeVar("Item_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a sorted search: the next page begins after it, the page before ends before it."""

    value: str | int | float | None
    """What it is sorted by; None when it has none, so that it stands last."""
    number: int
    """Its row number, which decides among equals."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Item_co]):
    """One thing that a search found."""

    item: Item_co
    place: Place
