"""Which words of a long value changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 4_000
"""Of both sides together: comparing takes their product in time at the worst."""


class Part(StrEnum):
    """Where some words stand."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row, of which the same is to be said."""

    part: Part
    text: str


def word_diff(old: str, new: str) -> list[Piece]:
    """The pieces that lead from one text to the other; what was removed stands before what came in its place."""
    if old == new:
        return [Piece(Part.SAME, old)] if old else []
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    middle = [Piece(Part.REMOVED, before), Piece(Part.ADDED, after)]
    # Words at the edges are taken whole: half a number that changed is hard to read.
    start = re.search(r"\w*\Z", old[:head])
    end = re.match(r"\w*", old[len(old) - tail :]) if tail else None
    lead, trail = start[0] if start else "", end[0] if end else ""
    before, after = lead + before + trail, lead + after + trail
    one, other = _WORDS.findall(before), _WORDS.findall(after)
    if len(one) + len(other) <= _MOST_WORDS:
        matcher = SequenceMatcher(None, one, other, autojunk=False)
        middle = []
        for what, i, j, k, m in matcher.get_opcodes():
            if what == "equal":
                middle.append(Piece(Part.SAME, "".join(one[i:j])))
            else:
                middle += [Piece(Part.REMOVED, "".join(one[i:j])), Piece(Part.ADDED, "".join(other[k:m]))]
    else:
        middle = [Piece(Part.REMOVED, before), Piece(Part.ADDED, after)]
    same_head = Piece(Part.SAME, old[: head - len(lead)])
    same_tail = Piece(Part.SAME, old[len(old) - tail + len(trail) :] if tail else "")
    return [piece for piece in (same_head, *middle, same_tail) if piece.text]


def _common(one: str, other: str) -> int:
    """How many letters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
