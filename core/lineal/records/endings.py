"""How versions end, and what keeps them from ending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Digest, Micros


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A version that should not be taken up any more, and that ends at a date."""

    until: Micros
    reason: str | None
    successor: str | None
    """Address of the version to use instead; None where none is named."""
    at: Micros
    """When it was said."""
    actor: str


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of a version, whose record stays."""

    at: Micros
    actor: str
    claim: str | None
    reason: str
    successor: str | None
    """Address of the version to use instead; None where none is named."""
    purged_at: Micros | None
    """When its bytes were purged; None while they are here."""
    purged_by: str | None


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps a version from being retired."""

    place: str
    """Address of the stage."""
    why: str
    is_past: bool = False
    """Whether it was live there before, so that only rollbacks lead to it."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """What the files of a version take, and what of it goes with the version alone."""

    own: int
    """Bytes that nothing else refers to."""
    shared: int
    """Bytes that other versions need, too."""
    objects: tuple[Digest, ...]
    """The objects that nothing else refers to."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What retiring a version did."""

    ref: str
    """Address of the version."""
    retirement: Retirement
    freed: int
    """Bytes that were dropped; 0 without a purge."""
    files: int
    """Objects that were dropped."""
    shared: int
    """Bytes of its files that stay, as other versions need them."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Which versions of a model keep their bytes; one that any of these keeps, stays."""

    model: str
    keep_last: int | None = None
    """The newest so many; None: this keeps none."""
    keep_live: bool = False
    """All that were ever live at a stage."""
    keep_younger: int | None = None
    """All that were registered within so many seconds; None: this keeps none."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A version that no rule keeps."""

    id: int
    """Its row number."""
    ref: str
    created_at: Micros
    bytes: int
    """What would be freed if it alone were purged."""
