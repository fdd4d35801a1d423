"""Expressions that were read, as text that needs no grammar to be read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lineal.search.terms import Among, Arithmetic, Both, Comparison, Either, Field, Literal, Missing, Not, Words

if TYPE_CHECKING:
    from lineal.search.terms import Operand, Term

_KINDS = {
    kind.__name__: kind for kind in (Among, Arithmetic, Both, Comparison, Either, Field, Literal, Missing, Not, Words)
}


def write(term: Term) -> str:
    """An expression as JSON; NaN and infinities as Python writes them."""
    return json.dumps(_written(term), separators=(",", ":"))


def read(text: str) -> Term:
    """The expression that `write` wrote."""
    found: Term = _read(json.loads(text))
    return found


def _written(part: Term | Operand) -> list[object]:
    fields = type(part).__dataclass_fields__
    return [type(part).__name__, *(_value(getattr(part, name)) for name in fields)]


def _value(value: Any) -> object:
    if isinstance(value, tuple):
        return ["", *(_written(each) for each in value)]
    return _written(value) if type(value).__name__ in _KINDS else value


def _read(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind, *parts = value
    if not kind:
        return tuple(_read(each) for each in parts)
    return _KINDS[kind](*(_read(each) for each in parts))
