"""What looking after a registry finds and does: damage, leftovers, backups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Digest


class FindingKind(StrEnum):
    """What part of a registry is not as it must be."""

    DATABASE = "database"
    """Pages, constraints, references or triggers of `registry.db`."""
    EVENTS = "events"
    """The chain of the audit log, or rows that say something else than it does."""
    LIVE = "live"
    """What is live, against the histories of the stages."""
    OBJECT = "object"
    """The bytes of a version's file."""
    RELEASE = "release"
    """The files of a release on this machine."""
    LEFTOVER = "leftover"
    """A file that nothing refers to; no damage."""
    UNKNOWN = "unknown"
    """Something among the objects that lineal did not put there; no damage."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    kind: str
    """A word of `FindingKind`, or of whoever else looks."""
    ref: str | None
    """Address of what it belongs to; None when it belongs to nothing that has one."""
    path: str | None
    """The file; None when it is not about one."""
    problem: str
    repair: str | None
    """What to do about it; None when nothing sensible can be said."""

    @property
    def is_damage(self) -> bool:
        """Whether something is lost or wrong, and not only in the way."""
        return self.kind not in {FindingKind.LEFTOVER, FindingKind.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Verified:
    """What checking a whole registry found."""

    findings: tuple[Finding, ...]
    events: int
    """Events whose hashes were checked."""
    objects: int
    """Objects whose bytes were read."""
    bytes: int
    """How many bytes these have together."""
    releases: int = 0
    """Releases on this machine whose bytes were read."""

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that are damage."""
        return tuple(finding for finding in self.findings if finding.is_damage)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An object that artifacts are made of."""

    id: int
    digest: Digest
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file below `objects/` that nothing refers to."""

    path: str
    """Where it is."""
    name: str
    """What its writer holds while it lives: its digest, or its name in `tmp`."""
    bytes: int
    why: str
    """Why nothing needs it."""
    is_ours: bool
    """Whether lineal put it there; what it did not is never removed."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What collecting removed, or would remove."""

    removed: tuple[Leftover, ...]
    in_use: tuple[Leftover, ...]
    """Left alone: a running writer is about to refer to them."""
    unknown: tuple[Leftover, ...]
    """Left alone: lineal did not put them there."""
    is_dry: bool
    """Whether nothing was removed in fact."""

    @property
    def bytes(self) -> int:
        """What was removed, in bytes."""
        return sum(leftover.bytes for leftover in self.removed)


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was written and checked."""

    path: str
    bytes: int
    """Of the file."""
    objects: int | None
    """How many objects are in it; None for a backup of the database alone."""
    versions: int
    head: str
    """The audit log's last hash in it, to compare with an anchor that is kept elsewhere."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A registry that was made from a backup."""

    path: str
    """Its directory."""
    versions: int
    objects: int
    """How many objects came back."""
    missing: int
    """How many objects its versions refer to that the backup did not hold."""
    missing_bytes: int
    unbound: tuple[tuple[str, str], ...] = ()
    """(stage, directory) that the original is bound to and the restored registry is not, until it is bound again."""
    disabled: tuple[str, ...] = ()
    """Names of automations that are disabled in it, until they are enabled: the original may be running them."""
