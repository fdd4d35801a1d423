"""Stages, their histories, and plans to change what is live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Actor, Micros
    from lineal.records.comparison import Diff
    from lineal.records.models import Version


class Action(StrEnum):
    """What a transition did."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    UNDO = "undo"
    CLEAR = "clear"
    IMPORT = "import"


class Outcome(StrEnum):
    """How a transition ended. The first three moved the stage."""

    HEALTHY = "healthy"
    UNCHECKED = "unchecked"
    UNHEALTHY = "unhealthy"
    REVERTED = "reverted"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Stage:
    """A named pointer of a model."""

    id: int
    model: str
    name: str
    position: int
    """Its place in the model's order of stages, from 0."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One entry of a stage's history."""

    id: int
    seq: int
    """Its place in the stage's history, from 1."""
    model: str
    stage: str
    action: Action
    from_label: str | None
    """What was live before; None for nothing."""
    to_label: str | None
    """Where it led; None for nothing."""
    from_version: int | None
    to_version: int | None
    actor: str
    claim: str | None
    reason: str | None
    at: Micros
    """When the switch happened; for one that never switched, when it ended."""
    until: Micros | None
    """When a reverted one was switched back; None for every other."""
    outcome: Outcome
    predecessor: int | None
    """The transition a rollback from here leads to first; None when there is none."""
    replaced: int | None
    """The transition that was live before; None when there was none."""
    forced: bool = False
    """Whether it went past what the stage demands."""
    reviewed_by: str | None = None
    """Who reviewed a forced one; None while nobody did."""
    review_reason: str | None = None
    """What they found; None without a word."""

    @property
    def is_alarming(self) -> bool:
        """Whether it was forced, and nobody has reviewed that."""
        return self.forced and self.reviewed_by is None


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """A version at a stage, and how it came there."""

    version: Version
    stage: str
    since: Micros
    actor: str
    reason: str | None
    transition: Transition


@dataclass(frozen=True, slots=True)
class Check:
    """One answer to whether a transition may happen."""

    name: str
    passed: bool
    wanted: str
    saw: str
    is_gate: bool = False
    """Whether the stage demands it, so that an admin may force it; nobody may force what is none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transition would do; running it fails when what it was made from has changed."""

    action: Action
    model: str
    stage: str
    source: Version | None
    """What is live now."""
    source_transition: Transition | None
    """The transition that made it so; None when nothing ever was live."""
    target: Version | None
    """What will be live; None clears the stage."""
    target_transition: Transition | None
    """For a rollback or an undo: the transition gone back to. None otherwise, or when nothing was live before it."""
    diff: Diff | None
    """Target against source; None when one of them is nothing."""
    checks: tuple[Check, ...]
    copies_bytes: int
    """Bytes to be written to the release directory; 0 for a pointer."""
    steps: tuple[str, ...]
    reason: str | None
    skipped: tuple[tuple[str, str], ...] = ()
    """For a rollback: (label, why) of each candidate that was passed over."""

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that stand in the way."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def changes_nothing(self) -> bool:
        """Whether the target is live already (a promotion then does nothing)."""
        return self.target is not None and self.source is not None and self.target.id == self.source.id


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the audit log."""

    seq: int
    at: Micros
    actor: Actor
    action: str
    """What happened, in the past tense: `version_registered`, `promoted`, ..."""
    ref: str
    """Address of what it happened to."""
    data: dict[str, object]
    prev: str
    """`hash` of the entry before; 64 zeros for the first."""
    hash: str
    """Hexadecimal SHA-256 over the entry as canonical JSON."""
