"""Finds the line of a TOML document in which something stands; the standard library tells lines of mistakes only."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line, from 1, in which the value at a path begins; the last one when there is none.

    A document is read up to each line's end: the value stands where the first of these has it.
    """
    lines = text.split("\n")
    low, high = 0, len(lines)  # a prefix of `low` lines lacks it, one of `high` has it
    while high - low > 1:
        middle = (low + high) // 2
        reached, found = _read_up_to(lines, middle)
        if found is not None and _has(found, path):
            high = reached
        else:
            low = middle
    begin = low
    while begin > 0 and _read(lines[:begin]) is None:  # a value of several lines begins where the one before ended
        begin -= 1
    number = _first_said(lines, begin, high)
    value = _at(_read(lines) or {}, path)
    if isinstance(path[-1], int) and isinstance(value, str):  # of a list of texts, the one that is meant
        wanted = json.dumps(value, ensure_ascii=False)[1:-1]
        number = next((n for n in range(begin, high) if wanted in lines[n] or value in lines[n]), number)
    return min(number + 1, len(lines))


def _first_said(lines: list[str], begin: int, end: int) -> int:
    for number in range(begin, end):
        told = lines[number].strip()
        if told and not told.startswith("#"):
            return number
    return begin


def _read_up_to(lines: list[str], count: int) -> tuple[int, dict[str, Any] | None]:
    """The longest readable beginning of at most `count` lines."""
    while count > 0:
        found = _read(lines[:count])
        if found is not None:
            return count, found
        count -= 1
    return 0, None


def _read(lines: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines) + "\n")
    except tomllib.TOMLDecodeError:
        return None


def _has(found: Any, path: Sequence[str | int]) -> bool:
    return _at(found, path) is not None  # TOML has no null


def _at(found: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        fits = part < len(found) if isinstance(found, list) and isinstance(part, int) else False
        if not fits and not (isinstance(found, dict) and part in found):
            return None
        found = found[part]
    return found
