"""Anchors: the heads of the audit log that people keep elsewhere, as they come back from there."""

from __future__ import annotations

import json

from lineal.errors import BadFormat
from lineal.records.auditing import Anchor

_DIGITS = frozenset("0123456789abcdef")


def anchors_in(text: str, where: str) -> list[Anchor]:
    """The anchors in what `lineal audit head` printed, once or many times, as words or as JSON.

    Raises:
        BadFormat: there is none, or a line is something else.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict | list):
        entries = found if isinstance(found, list) else [found]
        return [_anchor_of(each, where) for each in entries]
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise BadFormat(path=where, format="anchor", why="it is empty", hint="`lineal audit head > FILE` makes one")
    return (
        [anchor(line, where) for line in _objects(text)]
        if text.lstrip().startswith("{")
        else [anchor(line, where) for line in lines]
    )


def _objects(text: str) -> list[str]:
    """JSON objects that follow one another, whether on one line each or on several."""
    decoder, rest = json.JSONDecoder(), text.strip()
    found: list[str] = []
    while rest:
        try:
            _, end = decoder.raw_decode(rest)
        except ValueError:
            return [*found, rest]
        found.append(rest[:end])
        rest = rest[end:].strip()
    return found


def anchor(text: str, where: str = "anchor") -> Anchor:
    """One anchor: `SEQ:HASH`, `SEQ HASH`, or an event as JSON.

    Raises:
        BadFormat: it is none.
    """
    if text.lstrip().startswith("{"):
        try:
            return _anchor_of(json.loads(text), where)
        except ValueError:
            raise _no_anchor(text, where) from None
    seq, _, digest = text.strip().replace(":", " ", 1).partition(" ")
    return _checked(seq, digest.strip(), text, where)


def _anchor_of(value: object, where: str) -> Anchor:
    if not isinstance(value, dict):
        raise _no_anchor(json.dumps(value), where)
    return _checked(str(value.get("seq")), str(value.get("hash")), json.dumps(value), where)


def _checked(seq: str, digest: str, text: str, where: str) -> Anchor:
    digest = digest.lower()
    whole = seq.isascii() and seq.isdigit() and 0 < len(seq) < 19 and int(seq) > 0
    if not whole or len(digest) != 64 or not _DIGITS.issuperset(digest):
        raise _no_anchor(text, where)
    return Anchor(int(seq), digest)


def _no_anchor(text: str, where: str) -> BadFormat:
    shown = text.strip()
    hint = "an anchor is what `lineal audit head` prints: an event's number and its hash of 64 digits"
    return BadFormat(path=where, format="anchor", why=f"{shown[:80]!r} is none", hint=hint)
