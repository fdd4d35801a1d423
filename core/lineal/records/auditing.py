"""What is asked of the audit log, and what checking it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.upkeep import Finding

RawEvent = tuple[int, int, bytes, int, bytes | None, bytes, bytes, bytes, bytes, bytes]
"""A row as it lies in the database: seq, at, actor, uid, claim, action, ref, data, prev, hash; texts as bytes."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; what is None, or empty, lets all through."""

    actor: str | None = None
    """The real user; `as:NAME` or `sudo:NAME` for what was claimed."""
    subject: str | None = None
    """What an address begins with: a model's name, `data:NAME`, a whole `run:ID` or `exp:NAME`."""
    ref: str | None = None
    """A whole address."""
    label: str | None = None
    """With a version's `ref`: its label, so that transitions of the model's stages from and to it count, too."""
    actions: tuple[str, ...] = ()
    """Any of these."""
    since: Micros | None = None
    """At this time or later."""
    until: Micros | None = None
    """Before this time."""
    words: tuple[str, ...] = ()
    """All of these are somewhere in the event, in either case."""

    def __bool__(self) -> bool:
        return self != _EVERYTHING


_EVERYTHING = EventFilter()


@dataclass(frozen=True, slots=True)
class Anchor:
    """The number and hash of an event, kept where whoever can write the registry cannot."""

    seq: int
    hash: str


class Breach(StrEnum):
    """What is wrong with the first bad entry."""

    EDITED = "edited"
    """Its hash does not fit its content."""
    DETACHED = "detached"
    """It is sealed, but does not continue the entry before it."""
    MISSING = "missing"
    """There is no entry with this number, and later ones are there."""
    MOVED = "moved"
    """It was sealed under another number."""
    ADDED = "added"
    """It has a number that is never given."""
    CUT = "cut"
    """An anchor is of a later entry than the last one."""
    REWRITTEN = "rewritten"
    """It is sealed and continues the one before it, and an anchor says that it was another."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the chain found."""

    checked: int
    """Events that were looked at and are good."""
    head: str
    """The hash of the last good event; 64 zeros where there is none."""
    broken_at: int | None = None
    """`seq` of the first event that is not as it was written; None when all are."""
    why: str | None = None
    breach: Breach | None = None
    """What kind of fault it is; None when all are good."""
    anchors: int = 0
    """Anchors that fit."""
    findings: tuple[Finding, ...] = ()
    """Where the registry says something else than the log, and what no longer guards it."""
    first: int = 1
    """`seq` of the first event looked at: an export may begin later than the log."""
