"""Lengths of time as people write them: `24h`, `3d`, `90min`."""

from __future__ import annotations

from lineal.errors import BadValue
from lineal.records.base import Micros
from lineal.search import moments

_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST = 10 * 365 * 86_400


def seconds(field: str, text: str) -> int:
    """The seconds of a length of time; `1d 12h` is one, and `0` is none.

    Raises:
        BadValue: it is none, or over ten years.
    """
    if text.strip() in {"", "0"}:
        return 0
    found = moments.seconds(text)
    if found is None:
        raise BadValue(field=field, value=text, why="it is no length of time", hint="such as 30min, 24h, 3d or 1w")
    if found > _LONGEST:
        raise BadValue(field=field, value=text, why="it is more than ten years")
    return round(found)


def moment_from(field: str, text: str, now: Micros) -> Micros:
    """When something is: a date, local without an offset, or a length of time from now.

    Raises:
        BadValue: it is neither, or over ten years away.
    """
    if moments.seconds(text) is not None:
        return Micros(now + seconds(field, text) * 1_000_000)
    found = moments.span_of_time(text, now)
    if found is None:
        hint = "such as 2027-01-31, or 30d from now"
        raise BadValue(field=field, value=text, why="it is no date and no length of time", hint=hint)
    return Micros(found[0])


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
