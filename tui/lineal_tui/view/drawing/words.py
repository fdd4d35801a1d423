"""Ages, sizes, counts and figures in the same words wherever a person meets them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros, Scalar
    from lineal.records.stages import Transition

_SECOND = 1_000_000
_SPELLS = (
    (365 * 86_400, "y", "year"),
    (30 * 86_400, "mo", "month"),
    (7 * 86_400, "w", "week"),
    (86_400, "d", "day"),
    (3_600, "h", "hour"),
    (60, "m", "minute"),
    (1, "s", "second"),
)


def _spell(at: Micros, now: Micros) -> tuple[int, str, str] | None:
    seconds = (now - at) // _SECOND
    for length, letter, noun in _SPELLS:
        # two of a unit before it is used, so that 36 hours are not rounded to a day; weeks only below two months
        if seconds >= (2 * length if length > 1 else 1) and not (letter == "w" and seconds < 14 * 86_400):
            return seconds // length, letter, noun
    return None


def age(at: Micros, now: Micros) -> str:
    """How long ago something was, in at most four cells: `5s`, `3d`, `14mo`; `now` for this second or the future."""
    found = _spell(at, now)
    return "now" if found is None else f"{found[0]}{found[1]}"


def deprecated(until: Micros, now: Micros) -> str:
    """That a version is to end, in a few words: `deprecated, ends in 12d`, `deprecated, was to end 3d ago`."""
    if until > now:
        return f"deprecated, ends in {age(now, until)}"
    return f"deprecated, was to end {age(until, now)} ago"


def lasted(began: Micros, ended: Micros) -> str:
    """How long something went on, as short as an age: `3d`, `12s`, and `<1s` for no time at all."""
    return age(began, ended) if ended - began >= _SECOND else "<1s"


def ago(at: Micros, now: Micros) -> str:
    """How long ago something was, in words: `3 days ago`."""
    found = _spell(at, now)
    return "just now" if found is None else f"{counted(found[0], found[2])} ago"


def when(at: Micros, now: Micros) -> str:
    """A time and how long ago that was: `2026-03-01 03:00 (3d ago)`."""
    spell = age(at, now)
    return f"{local_time(at)} ({'just now' if spell == 'now' else f'{spell} ago'})"


def local_time(at: Micros) -> str:
    """A time in this machine's zone, to the minute: `2026-03-01 03:00`."""
    return datetime.fromtimestamp(at / _SECOND, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def local_times(moments: Sequence[Micros]) -> list[str]:
    """Times of a list as `local_time` has them, but all to the second where two of them share a minute."""
    found = [local_time(at) for at in moments]
    if len(set(found)) == len(set(moments)):
        return found
    return [f"{text}:{at // _SECOND % 60:02}" for text, at in zip(found, moments, strict=True)]


def utc_time(at: Micros) -> str:
    """A time as RFC 3339 in UTC, with the fraction only where there is one."""
    return (
        datetime.fromtimestamp(at // _SECOND, UTC).replace(microsecond=at % _SECOND).isoformat().replace("+00:00", "Z")
    )


def size(count: int | None) -> str:
    """A number of bytes in binary units: `1.5 MiB`; `-` when unknown."""
    if count is None:
        return "-"
    from humanize import naturalsize  # noqa: PLC0415  few outputs need what costs more than all of this

    return str(naturalsize(count, binary=True)).replace("Bytes", "B").replace("Byte", "B")


def number(count: int) -> str:
    """A count with its thousands apart: `1,234,567`."""
    return f"{count:,}"


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: `1 version`, `1,200 versions`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def who(user: str, claim: str | None, uid: int | None = None) -> str:
    """A person: their number if it is to be told, the account that vouches for them, and what was only claimed."""
    vouching, claimed = vouched_and_claimed(claim)
    number_ = [f"uid {uid}"] if uid is not None and uid >= 0 and user != f"uid:{uid}" else []
    told = [*number_, *([f"via {vouching}"] if vouching else []), *([f"claims {claimed}"] if claimed else [])]
    return f"{user} ({', '.join(told)})" if told else user


def who_short(user: str, claim: str | None) -> str:
    """A person in a list, with a sign for what was only claimed: the entry's page says it in words."""
    claimed = vouched_and_claimed(claim)[1]
    return f"{user} ≈{claimed}" if claimed else user


def vouched_and_claimed(claim: str | None) -> tuple[str | None, str | None]:
    """The service account that vouches for a person, and what is only claimed, of what is recorded beside a name."""
    if claim is None or not claim.startswith("via:"):
        return None, claim
    vouching, _, claimed = claim.removeprefix("via:").partition(",")
    return vouching, claimed or None


def reviewed(found: Transition) -> str:
    """Who has looked at a forced transition, and what they found; empty while nobody has."""
    if found.reviewed_by is None:
        return ""
    reason = f": {found.review_reason}" if found.review_reason else ""
    return f" (forced; reviewed by {found.reviewed_by}{reason})"


def short_digest(digest: str | None) -> str:
    """A digest as people compare it: its first 12 hexadecimal digits; `-` for none."""
    return digest.removeprefix("sha256:")[:12] if digest else "-"


def metric(value: float | None) -> str:
    """A figure to four significant digits: `0.9381`, `12.34`, `1,234`, `3.1e-5`, `NaN`, `-inf`; `-` for none."""
    if value is None:
        return "-"
    odd = _odd(value)
    if odd is not None:
        return odd
    magnitude = abs(value)
    if magnitude == 0:
        return "0"
    if not 1e-4 <= magnitude < 1e7:
        return _scientific(value, 4)
    exponent = math.floor(math.log10(magnitude))
    return f"{value:,.{max(0, 3 - exponent) if exponent >= 0 else 4 - exponent - 1}f}"


def figure(value: float | None) -> str:
    """A figure for a column, so that points stand under one another: `0.0740`, `52.93`, `4.7e-4`, `1.23e6`."""
    if value is None or _odd(value) is not None or value == 0:
        return metric(value)
    magnitude = abs(value)
    if magnitude < 0.001:
        return _scientific(value, 2)
    if magnitude < 1:
        return f"{value:.4f}"
    return metric(value) if magnitude < 99_999.5 else _scientific(value, 3)


def delta(value: float | None) -> str:
    """A signed difference: `+.0019`, `-1.25`, `0`; `` (nothing) where there is none to show."""
    if value is None:
        return ""
    odd = _odd(value)
    if odd is not None:
        return odd if odd in {"NaN", "-inf"} else f"+{odd}"
    magnitude = abs(value)
    sign = "-" if value < 0 else "+"
    if magnitude == 0:
        return "0"
    if magnitude < 5e-5 or magnitude >= 1e7:
        return sign + _scientific(magnitude, 2)
    if magnitude < 0.99995:
        return sign + f"{magnitude:.4f}".removeprefix("0")
    decimals = max(0, 2 - math.floor(math.log10(max(magnitude, 1))))
    return f"{sign}{magnitude:,.{decimals}f}"


def scalar(value: Scalar) -> str:
    """The value of a parameter, short and without loss: `0.01`, `3e-4`, `true`, `none`, text as it is."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        odd = _odd(value)
        if odd is not None:
            return odd
        plain = repr(value)
        # below a hundredth a power of ten reads faster than a row of zeros
        short = _exact_scientific(value) if value and abs(value) < 0.01 else plain
        return _trim_exponent(min(plain, short, key=len))
    return one_line(str(value))


def _odd(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return None


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def _exact_scientific(value: float) -> str:
    for digits in range(1, 18):
        text = _scientific(value, digits)
        if float(text) == value:
            return text
    return repr(value)


def _trim_exponent(text: str) -> str:
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else text
