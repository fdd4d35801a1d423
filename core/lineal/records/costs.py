"""What models and their versions cost on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Digest, Micros
    from lineal.records.models import VersionStatus


@dataclass(frozen=True, slots=True)
class VersionCost:
    """What one version costs."""

    id: int
    model: str
    label: str
    status: VersionStatus
    created_at: Micros
    files: int
    bytes: int
    """Of all its files."""
    own: int
    """Of the objects here that only this version needs, each counted once: what purging it would free."""
    shared: int
    """Of the objects here that something else needs, too."""
    gone: int
    """Of the objects that are known by their digests only."""
    released: int = 0
    """Of its releases on this machine, beside its objects."""

    @property
    def ref(self) -> str:
        """Its full address."""
        return f"{self.model}:{self.label}"


@dataclass(frozen=True, slots=True)
class FileCost:
    """What one file of a version costs."""

    path: str
    digest: Digest
    bytes: int
    here: bool
    """Whether its bytes are here."""
    sharers: int
    """How many other versions need the same bytes."""
    sharer: str | None
    """Address of one of them; None without any."""


@dataclass(frozen=True, slots=True)
class ReleaseCost:
    """What a release on this machine costs."""

    stage: str
    """Address of the stage."""
    version: str
    """Address of the version."""
    version_id: int
    path: str
    files: int
    bytes: int
    linked: int
    """Of files that are the objects themselves, by another name: they cost nothing more, and share their fate."""
    cloned: int | None
    """Of blocks that files share with others, mostly the objects; None where the file system does not tell."""
    missing: bool
    """Whether it is not there any more."""

    @property
    def extra(self) -> int:
        """What it costs beside the objects, as far as that is known."""
        return max(0, self.bytes - self.linked - (self.cloned or 0))


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What all versions of a model cost together."""

    model: str
    versions: int
    bytes: int
    """Of all files of all versions, each time it occurs."""
    stored: int
    """Of their objects here, each counted once."""
    own: int
    """Of those that no other model needs."""
    released: int
    """Of its releases on this machine, beside the objects."""


@dataclass(frozen=True, slots=True)
class RegistryCost:
    """What a registry costs."""

    models: tuple[ModelCost, ...]
    """The largest first."""
    objects: int
    """How many objects something needs."""
    stored: int
    """Their bytes."""
    database: int
    """Bytes of the database."""
    collectable: int
    """Bytes that `gc` would free now."""
    collectable_files: int
    releases: tuple[ReleaseCost, ...]
