"""The audit log: every change appends an event, each bound to the one before by its hash."""

from __future__ import annotations

import hashlib
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from lineal.queries import events
from lineal.records.auditing import Anchor, Breach, RawEvent, Verdict
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from lineal.records.base import Actor, Micros

GENESIS = "0" * 64
"""`prev` of the first event."""

_CONTENT = b'{"action":%b,"actor":%b,"at":%d,"claim":%b,"data":%b,"prev":%b,"ref":%b,"seq":%d,"uid":%d}'  # keys sorted
_KNOWN = 4_096
"""Texts whose quoted form is kept: actors and actions are few, and events of one thing stand together."""


def append(
    connection: sqlite3.Connection, at: Micros, actor: Actor, action: str, ref: str, data: Mapping[str, object]
) -> None:
    """Add an event to the chain, inside the transaction that makes the change."""
    seq, prev = events.head(connection) or (0, GENESIS)
    seq += 1
    text = canonical_json(dict(data))
    digest = _digest(content(raw(seq, at, actor, action, ref, text, prev)))
    events.insert(connection, seq, at, actor, action, ref, text, prev, digest)


def raw(
    seq: int, at: Micros, actor: Actor, action: str, ref: str, data: str, prev: str, digest: str = GENESIS
) -> RawEvent:
    """An event as it lies in the database; `data` is canonical JSON."""
    claim = None if actor.claim is None else actor.claim.encode()
    texts = (action.encode(), ref.encode(), data.encode(), prev.encode(), digest.encode())
    return (seq, at, actor.user.encode(), actor.uid, claim, *texts)


def content(event: RawEvent) -> bytes:
    """What the hash is over: the event without its hash as canonical JSON."""
    seq, at, actor, uid, claim, action, ref, data, prev, _ = event
    quoted_claim = b"null" if claim is None else _quoted(claim)
    return _CONTENT % (_quoted(action), _quoted(actor), at, quoted_claim, data, _quoted(prev), _quoted(ref), seq, uid)


def _quoted(text: bytes) -> bytes:
    # what is no UTF-8 any more stays what it is, so that its hash cannot fit
    return encode_basestring(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


class Chain:
    """Follows events from one to the next, and stops at the first that is not as it was written."""

    def __init__(self, anchors: Iterable[Anchor] = (), *, last: int = 0, head: str = GENESIS) -> None:
        """Begin after event `last`, whose hash is `head`; nothing is before the first."""
        self.last = last
        self.head = head
        self.verdict: Verdict | None = None
        """What was found, once something was; None while all is good."""
        self.suspect: RawEvent | None = None
        """The event that does not fit."""
        self._first = last + 1
        self._anchors: dict[int, set[str]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.seq, set()).add(anchor.hash)
        self._held = 0
        """The last event that an anchor vouches for."""
        self._fitting = 0

    def follow(self, batch: Sequence[RawEvent]) -> bool:
        """Check the next events; False when one of them is bad, which `verdict` then tells."""
        # One loop with everything in locals: at a million events each call would cost a tenth of a second.
        sha256, anchors, known = hashlib.sha256, self._anchors, dict[bytes, bytes]()
        seq, prev = self.last, self.head.encode()
        for event in batch:
            expected = seq + 1
            number, at, actor, uid, claim, action, ref, data, before, digest = event
            if len(known) > _KNOWN:
                known.clear()
            for text in (actor, action, ref):
                if text not in known:
                    known[text] = _quoted(text)
            if number == expected and before == prev:
                quoted_claim = b"null" if claim is None else _quoted(claim)
                told = (known[action], known[actor], at, quoted_claim, data, b'"%b"' % prev, known[ref], number, uid)
                if sha256(_CONTENT % told).hexdigest().encode() == digest:
                    seq, prev = number, digest
                    if seq in anchors and not self._is_anchored(seq, digest.decode()):
                        self.last, self.head = seq - 1, before.decode()
                        self._blame(event, Breach.REWRITTEN, self._rewritten(seq))
                        return False
                    continue
            self.last, self.head = seq, prev.decode()
            self._judge(event)
            return False
        self.last, self.head = seq, prev.decode()
        return True

    def end(self) -> Verdict:
        """What was found when there are no more events."""
        if self.verdict is None:
            cut = max(self._anchors, default=0)
            if cut > self.last:
                lost = cut - self.last
                ends = f"the log ends at event {self.last}" if self.last else "the log is empty"
                why = f"{ends}, and the anchor is event {cut}: {lost} or more were cut off"
                self._blame(None, Breach.CUT, why)
        return self.verdict or Verdict(self.last - self._first + 1, self.head, anchors=self._fitting, first=self._first)

    def explain(self, why: str, breach: Breach) -> None:
        """Say better what is wrong with the event that was found to be."""
        self._blame(self.suspect, breach, why)

    def _is_anchored(self, seq: int, digest: str) -> bool:
        if self._anchors[seq] != {digest}:
            return False
        self._held, self._fitting = seq, self._fitting + 1
        return True

    def _rewritten(self, seq: int) -> str:
        since = f"after event {self._held}, which its anchor vouches for" if self._held else f"up to event {seq}"
        return f"it is another one than its anchor's: the log was written anew {since}"

    def _judge(self, event: RawEvent) -> None:
        number, expected = event[0], self.last + 1
        if number < 1 or number < expected:
            self._blame(event, Breach.ADDED, "it has a number that is never given", at=number)
        elif number > expected:
            what = f"events {expected} to {number - 1} are" if number - expected > 1 else f"event {expected} is"
            self._blame(event, Breach.MISSING, f"{what} missing; {number} follows")
        elif _fits(event):
            before = f"event {self.last}" if self.last else "the beginning"
            self._blame(
                event,
                Breach.DETACHED,
                f"it does not continue {before}: one of the two was changed and sealed anew, or what was between them "
                "was taken out",
            )
        elif event[8] != self.head.encode():
            if _fits((*event[:8], self.head.encode(), event[9])):
                self._blame(event, Breach.EDITED, "its prev was changed after it was written")
            else:
                self._blame(event, Breach.EDITED, "its hash does not fit its content, and it continues nothing")
        else:
            self._blame(event, Breach.EDITED, "its content was changed after it was written: its hash does not fit")

    def _blame(self, event: RawEvent | None, breach: Breach, why: str, *, at: int | None = None) -> None:
        self.suspect = event
        checked = self.last - self._first + 1
        place = self.last + 1 if at is None else at
        self.verdict = Verdict(checked, self.head, place, why, breach, self._fitting, first=self._first)


def _fits(event: RawEvent) -> bool:
    try:
        return _digest(content(event)).encode() == event[9]
    except TypeError:  # a number that is none, a text that is missing: tables of another make
        return False


def number_when_sealed(event: RawEvent, highest: int) -> int | None:
    """The number under which an event was sealed; None when it is none up to `highest`."""
    before, found, after = content((-1, *event[1:])).rpartition(b'"seq":-1,')
    if not found:
        return None
    head, wanted = hashlib.sha256(before), event[9]
    for seq in range(1, highest + 1):
        state = head.copy()
        state.update(b'"seq":%d,%b' % (seq, after))
        if state.hexdigest().encode() == wanted:
            return seq
    return None


def verify(batches: Iterable[Sequence[RawEvent]], anchors: Iterable[Anchor] = ()) -> Verdict:
    """Check events from the first to the last, in order, a batch at a time."""
    chain = Chain(anchors)
    for batch in batches:
        if not chain.follow(batch):
            break
    return chain.end()
