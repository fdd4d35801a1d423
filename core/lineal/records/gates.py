"""What stages demand before a promotion, what people decided, and what waits for somebody's word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Actor, Digest, Micros
    from lineal.records.models import Version
    from lineal.records.stages import Check, Transition


@dataclass(frozen=True, slots=True)
class Gates:
    """What a stage demands before a promotion."""

    expressions: tuple[str, ...] = ()
    """In the search language, over the version, with `live.` for the one it would replace."""
    require: tuple[str, ...] = ()
    """Fields that must not be missing: `owner`, `datasets`, `tags.ticket`, ..."""
    after: str | None = None
    """The stage where a version must have been live in good health; None for none."""
    soak: int = 0
    """Seconds that it must have been live there at a stretch."""
    approvals: int = 0
    """People other than its author who must approve of it."""
    no_pickle: bool = False
    """Whether files that execute code when they are loaded are refused."""

    @property
    def is_open(self) -> bool:
        """Whether nothing is demanded."""
        return self == Gates()


class DecisionVerdict(StrEnum):
    """What a person said of a version at a stage."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word about a version at a stage; a later one of the same person takes its place."""

    id: int
    ref: str
    """The version's full address."""
    stage: str
    verdict: DecisionVerdict
    reason: str | None
    actor: Actor
    at: Micros
    digest: Digest | None
    """Of the version's files when it was given."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person's word is worth now."""

    decision: Decision
    """The latest of this person."""
    counts: bool
    why: str | None = None
    """Why it does not count; None when it does."""


@dataclass(frozen=True, slots=True)
class Review:
    """What another admin said of a forced transition."""

    transition: Transition
    actor: Actor
    reason: str | None
    at: Micros


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where a version stands at a stage: what the stage demands, and what it saw."""

    version: Version
    stage: str
    gates: Gates
    checks: tuple[Check, ...]
    opinions: tuple[Opinion, ...]
    """One of each person who decided, the latest first."""
    authors: frozenset[str] = frozenset()
    """Who made it, and so decides nothing about it."""

    @property
    def passed(self) -> bool:
        """Whether nothing is in the way."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True)
class WaitingVersion:
    """A version that waits for my approval at a stage."""

    version: Version
    stage: str
    live: str | None
    """The label it would replace; None for nothing."""
    wanted: int
    """Approvals that the stage demands."""
    got: int
    """Those that count already."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for somebody."""

    versions: tuple[WaitingVersion, ...]
    """For my approval, the latest registered first."""
    forced: tuple[Transition, ...]
    """Forced transitions that I may review, the latest first."""

    @property
    def count(self) -> int:
        """How many things wait."""
        return len(self.versions) + len(self.forced)
