"""Lengths of time as people write them: `24h`, `3d`, `90min`."""

from __future__ import annotations

import re

from lineal.errors import BadValue

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_LONGEST = 10 * 365 * 86_400


def seconds(field: str, text: str) -> int:
    """The seconds of a length of time; `1d 12h` is one, and `0` is none.

    Raises:
        BadValue: it is none, or over ten years.
    """
    told = text.strip().lower()
    if told == "0":
        return 0
    parts = _PART.findall(told)
    if not parts or _PART.sub("", told).strip():
        raise BadValue(field=field, value=text, why="it is no length of time", hint="such as 30min, 24h, 3d or 1w")
    found = round(sum(float(number) * _UNITS[unit] for number, unit in parts))
    if found > _LONGEST:
        raise BadValue(field=field, value=text, why="it is more than ten years")
    return found


def text(found: int) -> str:
    """Seconds as `seconds` reads them again: `24h`, `1d12h`."""
    parts = []
    rest = found
    for unit in ("w", "d", "h", "min", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0"


def words(found: int) -> str:
    """Seconds in a sentence, two units at the most."""
    parts = []
    rest = found
    for unit in ("d", "h", "min", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
