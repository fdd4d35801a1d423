"""One way to write a value as JSON, so that a digest over it is the same everywhere; and a wary way to read it back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from lineal.errors import BadValue

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class NotAsWritten(ValueError):
    """JSON that says something else than what was once written there."""


def read_back(text: str, make: Callable[[Any], _T]) -> _T:
    """Make of JSON what it was written from.

    Raises:
        JSONDecodeError: it is no JSON.
        NotAsWritten: nothing can be made of it.
    """
    found = json.loads(text)
    try:
        return make(found)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise NotAsWritten(f"{type(error).__name__}: {error}") from error


def words(found: object) -> tuple[str, ...]:
    """A command, as a list of words.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise TypeError("no list of words")
    return tuple(found)


def canonical_json(value: object) -> str:
    """Write `value` as JSON with sorted keys, no spaces, and text as it is.

    NaN and infinities, which JSON has no word for, become the strings `NaN`, `Infinity` and `-Infinity`. Tuples become
    arrays. The text can always be encoded as UTF-8.

    Args:
        value: None, bools, ints, floats, strings, and lists, tuples and mappings with string keys of them.

    Raises:
        BadValue: a string holds half of a surrogate pair, which has no UTF-8 form.
        TypeError: something in it has no JSON form.
    """
    try:
        text = _dump(value)
    except ValueError:
        text = _dump(_spelled_out(value))
    # A surrogate takes the encoder down later, far from where it came from.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadValue(field="text", value=error.object[error.start : error.end], why="is not valid Unicode") from error
    return text


def rfc3339(at: int) -> str:
    """A time, in microseconds since 1970, as JSON has it: in UTC, with the fraction only where there is one."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415  few changes tell a time

    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _spelled_out(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _spelled_out(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled_out(item) for item in value]
    return value
