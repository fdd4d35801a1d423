"""The audit log: every change appends an event, each bound to the one before by its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.canonical import canonical_json
from lineal.queries import events

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from lineal.records.base import Actor, Micros
    from lineal.records.stages import Event

GENESIS = "0" * 64
"""`prev` of the first event."""


def seal(seq: int, at: Micros, actor: Actor, action: str, ref: str, data: Mapping[str, object], prev: str) -> str:
    """The hash of an event: SHA-256 over all its other fields as canonical JSON."""
    content = {
        "seq": seq,
        "at": at,
        "actor": actor.user,
        "uid": actor.uid,
        "claim": actor.claim,
        "action": action,
        "ref": ref,
        "data": dict(data),
        "prev": prev,
    }
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def append(
    connection: sqlite3.Connection, at: Micros, actor: Actor, action: str, ref: str, data: Mapping[str, object]
) -> None:
    """Add an event to the chain, inside the transaction that makes the change."""
    seq, prev = events.head(connection) or (0, GENESIS)
    seq += 1
    digest = seal(seq, at, actor, action, ref, data, prev)
    events.insert(connection, seq, at, actor, action, ref, canonical_json(dict(data)), prev, digest)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the chain found."""

    checked: int
    """Events that were looked at."""
    head: str
    """The hash of the last good event."""
    broken_at: int | None = None
    """`seq` of the first event that is not as it was written; None when all are."""
    why: str | None = None


def verify(chain: Iterable[Event]) -> Verdict:
    """Check events from the first to the last, in order."""
    prev, checked = GENESIS, 0
    for event in chain:
        expected = checked + 1
        if event.seq != expected:
            return Verdict(checked, prev, expected, f"event {expected} is missing; {event.seq} follows")
        if event.prev != prev:
            return Verdict(checked, prev, event.seq, "it does not continue the event before it")
        if event.hash != seal(event.seq, event.at, event.actor, event.action, event.ref, event.data, event.prev):
            return Verdict(checked, prev, event.seq, "its content was changed after it was written")
        prev, checked = event.hash, expected
    return Verdict(checked, prev)
