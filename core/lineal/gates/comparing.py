"""Compares two values as the search does, with a third answer where one of them is missing."""

from __future__ import annotations

import math
import operator
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.gates.facts import Param, number_words, value_words
from lineal.search.fields import VERSIONS, Kind
from lineal.search.moments import amount_of_bytes, span_of_time
from lineal.search.terms import Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.gates.facts import Value
    from lineal.records.base import Micros
    from lineal.search.terms import Operand

_NUMBERS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
SIMILAR = {"LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"}


def is_missing(value: Value | Param) -> bool:
    """Whether there is nothing to compare."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(value: Value | Param) -> float | None:
    if isinstance(value, Param):
        return value.number
    if isinstance(value, bool):
        return float(value)
    return None if value is None or isinstance(value, str) or math.isnan(value) else float(value)


def _text(value: Value | Param) -> str | None:
    match value:
        case Param(text):
            return text
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return None
        case _:
            return number_words(value)


def reckoned(sign: str, left: Value | Param, right: Value | Param) -> float | None:
    """What two numbers come to; None for what is no number."""
    a, b = _number(left), _number(right)
    if a is None or b is None or (sign == "/" and b == 0):
        return None
    try:
        found = _NUMBERS[sign](a, b)
    except OverflowError:
        return None
    return None if math.isnan(found) else found


def kind_of(operand: Operand) -> Kind | None:
    """How an attribute compares with a value; None for what compares as it is."""
    if not isinstance(operand, Field) or operand.scope != "attributes":
        return None
    known = VERSIONS.attribute(operand.name)
    return None if known is None or known.kind in {Kind.TEXT, Kind.NUMBER, Kind.LIST} else known.kind


def shown_value(asked: Field, value: Value | Param) -> str:
    """A value in a sentence: times in UTC, texts in quotes."""
    if isinstance(value, Param):
        return value.text if value.number is not None else value_words(value.text)
    if kind_of(asked) is Kind.TIME and isinstance(value, float | int):
        return datetime.fromtimestamp(value / 1e6, UTC).isoformat(" ", "seconds").replace("+00:00", " UTC")
    return value_words(value)


def is_list(operand: Operand) -> bool:
    """Whether an operand is an attribute of several texts."""
    if not isinstance(operand, Field) or operand.scope != "attributes":
        return False
    known = VERSIONS.attribute(operand.name)
    return known is not None and known.kind is Kind.LIST


def compared_as(kind: Kind, sign: str, value: Value | Param, wanted: Value | Param, at: Micros) -> bool | None:
    """As the search compares times, sizes, ids and words with what was written."""
    if sign not in SIMILAR and isinstance(wanted, str):
        if kind is Kind.TIME and isinstance(value, float | int):
            span = span_of_time(wanted, at)
            if span is None:
                return None
            first, end = span
            return {
                "=": first <= value < end,
                "!=": not first <= value < end,
                "<": value < first,
                "<=": value < end,
                ">": value >= end,
                ">=": value >= first,
            }[sign]
        if kind is Kind.BYTES:
            return compared(sign, value, amount_of_bytes(wanted))
        if kind is Kind.ID and isinstance(value, str) and sign in {"=", "!="}:
            return value.startswith(wanted) is (sign == "=")
        if kind is Kind.WORD:
            wanted = wanted.lower()
    return compared(sign, value, wanted)


def compared(sign: str, left: Value | Param, right: Value | Param) -> bool | None:
    """Whether two values compare so; None when one is missing, or they are of different kinds."""
    if is_missing(left) or is_missing(right):
        return None
    if sign in SIMILAR:
        text, pattern = _text(left), _text(right)
        return None if text is None or pattern is None else _like(pattern)(text) is not sign.startswith("NOT")
    if isinstance(left, str) or isinstance(right, str):
        return _texts_compared(sign, _text(left), _text(right))
    a, b = _number(left), _number(right)
    if a is None or b is None:
        if isinstance(left, Param) and isinstance(right, Param):
            return _texts_compared(sign, left.text, right.text)
        return None
    return _ORDERS[sign](a, b)


def _texts_compared(sign: str, left: str | None, right: str | None) -> bool | None:
    if left is None or right is None:
        return None
    order = (left > right) - (left < right)
    return _ORDERS[sign](order, 0)


@lru_cache(maxsize=64)
def _like(pattern: str) -> Callable[[str], bool]:
    """SQLite's LIKE: `%` is anything, `_` one character; only ASCII letters fold."""
    expression = "".join(".*" if each == "%" else "." if each == "_" else re.escape(each) for each in _folded(pattern))
    matches = re.compile(expression, re.DOTALL).fullmatch
    return lambda text: matches(_folded(text)) is not None


def _folded(text: str) -> str:
    return "".join(each.lower() if "A" <= each <= "Z" else each for each in text)
