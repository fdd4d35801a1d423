"""Times and lengths of time as people write them in a filter."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3_600,
    "hour": 3_600,
    "d": 86_400,
    "day": 86_400,
    "w": 604_800,
    "week": 604_800,
    "mo": 2_629_746,
    "month": 2_629_746,
    "y": 31_556_952,
    "year": 31_556_952,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")
_MILLION = 1_000_000
_LONGEST = 1e12


def seconds(text: str) -> float | None:
    """A length of time, such as `90 min`, `1h 30m`, `2 hours` or `1:30:00`, in seconds; None when it is none."""
    told = text.strip().lower()
    clock = _CLOCK.fullmatch(told)
    if clock:
        return int(clock[1]) * 3_600 + int(clock[2]) * 60 + int(clock[3] or 0)
    total, end = 0.0, 0
    for part in _PART.finditer(told):
        unit = part[2] if part[2] in _SECONDS else part[2].removesuffix("s")
        if told[end : part.start()].strip(" ,") or unit not in _SECONDS:
            return None
        total, end = total + float(part[1]) * _SECONDS[unit], part.end()
    return total if end and end == len(told) and total < _LONGEST else None


def span_of_time(text: str, now: int) -> tuple[int, int] | None:
    """The microseconds since 1970 at which a time begins and ends: a day, a minute, or a moment.

    Args:
        text: a date, a date and a time, `7 days ago`, `7d`, `now`, `today` or `yesterday`; local without an offset.
        now: microseconds since 1970.

    Returns:
        The first microsecond, and the first after; None when the text is no time.
    """
    told = text.strip().lower()
    if told == "now":
        return now, now + 1
    length = seconds(told.removesuffix("ago"))
    if length is not None and ":" not in told:
        at = now - round(length * _MILLION)
        return at, at + 1
    try:
        if told in {"today", "yesterday"}:
            day = datetime.fromtimestamp(now // _MILLION).astimezone().replace(hour=0, minute=0, second=0)
            found, step = day - timedelta(days=told == "yesterday"), timedelta(days=1)
        else:
            found = datetime.fromisoformat(text.strip())
            step = timedelta(microseconds=1)
            if re.fullmatch(r"\d{4}-?\d\d-?\d\d|\d{4}-?w\d\d(-?\d)?", told):
                step = timedelta(days=1)
            elif re.fullmatch(r"[^ t]+[ t]\d\d:?\d\d(z|[+-]\d\d:?\d\d)?", told):
                step = timedelta(minutes=1)
            elif "." not in told:
                step = timedelta(seconds=1)
        return _micros(found), _micros(found + step)
    except (ValueError, OverflowError, OSError):
        return None


def _micros(at: datetime) -> int:
    return round(at.astimezone().timestamp() * _MILLION)


def amount_of_bytes(text: str) -> float | None:
    """A number of bytes, such as `10 MB`, `1.5GiB` or `300`; None when it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", text.strip().lower())
    if not found:
        return None
    power = " kmgt".index(found[2] or " ")
    return float(found[1]) * float((1_024 if found[3] else 1_000) ** power)
