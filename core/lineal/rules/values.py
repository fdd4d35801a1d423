"""Which values params, tags, metrics and commands may have, wherever they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, SupportsFloat, SupportsIndex

from lineal.errors import BadValue
from lineal.rules import naming
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lineal.records.base import Scalar

_MOST_BITS = 14_000  # Python reads and writes no longer integers as decimal text


def plain_params(params: Mapping[str, object]) -> dict[str, Scalar]:
    """Params with lists, tuples and mappings written as JSON, and all else as it is.

    Raises:
        BadValue: something in one has no JSON form.
    """
    plain: dict[str, Scalar] = {}
    for name, value in params.items():
        if isinstance(value, list | tuple | dict):
            try:
                plain[name] = canonical_json(value)
            except (TypeError, RecursionError) as error:
                raise BadValue(field=f"param {name}", value=type(value).__name__, why=f"no JSON ({error})") from error
        else:
            plain[name] = value  # type: ignore[assignment]  # `check_params` judges it
    return plain


def check_params(params: Mapping[str, Scalar]) -> None:
    """Take names and values of params as ones that can be recorded.

    Raises:
        BadName, BadValue: one cannot.
    """
    for name, value in params.items():
        naming.check_param_name(name)
        if isinstance(value, str):
            naming.check_text(f"param {name}", value)
        elif not isinstance(value, bool | int | float | None):
            raise BadValue(field=f"param {name}", value=value, why="it is no text, number, truth value or None")
        elif isinstance(value, int) and value.bit_length() > _MOST_BITS:
            why = f"it has {value.bit_length():,} bits; at most {_MOST_BITS:,} fit"
            raise BadValue(field=f"param {name}", value="a whole number", why=why)


def check_tags(tags: Mapping[str, str | None]) -> None:
    """Take names and values of tags as ones that can be recorded; None takes a tag away.

    Raises:
        BadName, BadValue: one cannot.
    """
    for name, value in tags.items():
        naming.check_tag_name(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise BadValue(field=f"tag {name}", value=value, why="it is no text")
        naming.check_text(f"tag {name}", value)


def check_command(field: str, command: object) -> tuple[str, ...]:
    """The words of a command that is to be run: its program and its arguments, as no shell takes them apart.

    Raises:
        BadValue: it is no list of texts, or has no program.
    """
    words = tuple(command) if isinstance(command, Iterable) else (command,)
    if isinstance(command, str) or not all(isinstance(word, str) for word in words):
        raise BadValue(field=field, value=command, why="a command is a list of words; no shell takes it apart")
    if not words or not words[0]:
        raise BadValue(field=field, value="", why="the command is empty: a list of words is wanted")
    return tuple(naming.check_text(field, word) for word in words)


def as_step(step: SupportsIndex | float, field: str = "step") -> int:
    """A step, or a time, as a number that fits.

    Raises:
        BadValue: it is no whole number of 64 bits.
    """
    try:
        number = int(step)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadValue(field=field, value=step, why="it is no whole number") from error
    if number != step or not -(2**63) <= number < 2**63:
        raise BadValue(field=field, value=step, why="it is no whole number of 64 bits")
    return number


def after_step(name: str, last: int) -> int:
    """The step that follows a metric's last one.

    Raises:
        BadValue: none does.
    """
    if last >= 2**63 - 1:
        raise BadValue(field="step", value=None, why=f"{name} has the greatest step that there is; name a smaller one")
    return last + 1


def as_number(name: str, value: SupportsFloat | str) -> float:
    """A metric's value as a float; NaN and infinities are values.

    Raises:
        BadValue: it is no number.
    """
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise BadValue(field=f"metric {name}", value=value, why="it is no number") from error
    except OverflowError:
        return math.inf if isinstance(value, int) and value > 0 else -math.inf
