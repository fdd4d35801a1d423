"""How parameter values and metric values are laid down in columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Scalar


KINDS = frozenset({"none", "bool", "int", "float", "str"})
"""The kinds of values that a parameter may have."""


def scalar_columns(value: Scalar) -> tuple[str, str, float | None]:
    """Kind, exact text, and the number to compare by (None for what is none) of a parameter's value."""
    match value:
        case None:
            return "none", "", None
        case bool():
            return "bool", "true" if value else "false", float(value)
        case int():
            return "int", int.__repr__(value), _float(value)
        case float():
            return "float", float.__repr__(value), None if math.isnan(value) else value
        case str():
            return "str", value, None


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def scalar(kind: str, text: str) -> Scalar:
    """The value that `scalar_columns` laid down."""
    match kind:
        case "none":
            return None
        case "bool":
            return text == "true"
        case "int":
            return int(text)
        case "float":
            return float(text)
        case _:
            return text


def number_column(value: float) -> float | None:
    """A metric's value as a column: SQLite keeps infinities, but not NaN."""
    return None if math.isnan(value) else value


def number(column: float | None) -> float:
    """The metric's value that `number_column` laid down."""
    return math.nan if column is None else column
