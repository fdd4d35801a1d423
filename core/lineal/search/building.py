"""Makes terms out of what the grammar of filters recognises, piece by piece while a text is being read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from lineal.search.terms import (
    Among,
    Arithmetic,
    Both,
    Comparison,
    Either,
    Field,
    Literal,
    Missing,
    Not,
    Operand,
    Term,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lark import Token

SCOPES = {
    "metric": "metrics",
    "metrics": "metrics",
    "param": "params",
    "params": "params",
    "parameter": "params",
    "parameters": "params",
    "tag": "tags",
    "tags": "tags",
    "attribute": "attributes",
    "attributes": "attributes",
    "attr": "attributes",
    "run": "attributes",
    "dataset": "dataset",
    "datasets": "dataset",
}
"""What may stand before the point of a field's name, as MLflow has it too, and what it means."""
_OTHER_SIGNS = {"==": "=", "<>": "!="}


class Wrong(Exception):
    """A mistake at a place in the text."""

    def __init__(self, at: int, why: str, hint: str | None = None, nearest: tuple[str, ...] = ()) -> None:
        """As `BadFilter`."""
        self.at, self.why, self.hint, self.nearest = at, why, hint, nearest
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class _Bare:
    """A field or a value, until it is known whether it is compared, or is a word to look for."""

    operand: Field | Literal
    word: str
    """What it is as a word."""


_Piece = _Bare | Arithmetic | Term


class Builder:
    """One method for each rule of the grammar, given what the rule's parts became."""

    def start(self, parts: Sequence[_Piece]) -> Term:
        """The whole filter."""
        return _term(parts[0])

    def either(self, parts: Sequence[_Piece]) -> _Piece:
        """Parts between `OR`, or a single one."""
        if len(parts) == 1:
            return parts[0]
        terms = [_term(part) for part in parts]
        return Either(tuple(each for term in terms for each in (term.terms if isinstance(term, Either) else (term,))))

    def both(self, parts: Sequence[_Piece]) -> _Piece:
        """Parts between `AND`, or side by side, or a single one."""
        if len(parts) == 1:
            return parts[0]
        terms = [_term(part) for part in parts]
        return Both(tuple(each for term in terms for each in (term.terms if isinstance(term, Both) else (term,))))

    def negated(self, parts: Sequence[_Piece]) -> Term:
        """What follows `NOT`; twice is not at all."""
        term = _term(parts[0])
        return term.term if isinstance(term, Not) else Not(term)

    def comparison(self, parts: Sequence[object]) -> Term:
        """Two operands and the sign between them."""
        left, sign, right = cast("tuple[_Piece, Token, _Piece]", parts)
        operator = " ".join(sign.upper().split())
        operator = _OTHER_SIGNS.get(operator, operator)
        at = sign.start_pos or 0
        compared = Comparison(operator, _operand(left), _operand(right), at)
        for side in (compared.left, compared.right):
            if isinstance(side, Literal) and side.value is None:
                field = "field" if side is compared.left else _shown(compared.left)
                raise Wrong(side.at, "nothing compares with NULL", f"write {field} IS NULL, or IS NOT NULL")
        return compared

    def among(self, parts: Sequence[object]) -> Term:
        """An operand, `IN`, and the values."""
        operand, sign, *values = cast("tuple[_Piece, Token, *tuple[Literal, ...]]", parts)
        for value in values:
            if value.value is None:
                raise Wrong(value.at, "NULL is no value of a list", "write field IN (...) OR field IS NULL")
        return Among(_operand(operand), tuple(values), sign.type == "NOT_IN", sign.start_pos or 0)

    def missing(self, parts: Sequence[object]) -> Term:
        """An operand and `IS NULL`."""
        operand, sign = cast("tuple[_Piece, Token]", parts)
        return Missing(_operand(operand), sign.type == "IS_NOT_NULL", sign.start_pos or 0)

    def arithmetic(self, parts: Sequence[object]) -> Arithmetic:
        """Two operands and what joins them."""
        left, sign, right = cast("tuple[_Piece, Token, _Piece]", parts)
        return Arithmetic(str(sign), _operand(left), _operand(right))

    def minus(self, parts: Sequence[object]) -> _Bare | Arithmetic:
        """A value or an operand with its sign turned around."""
        sign, piece = cast("tuple[Token, _Piece]", parts)
        operand = _operand(piece)
        if isinstance(operand, Literal):
            negative = _negative(operand, sign.start_pos or 0)
            return _Bare(negative, f"-{piece.word}" if isinstance(piece, _Bare) else str(negative.value))
        return Arithmetic("-", Literal(0, sign.start_pos or 0), operand)

    def value(self, parts: Sequence[object]) -> Literal:
        """A value of a list."""
        bare = cast("_Bare", parts[-1])
        literal = cast("Literal", bare.operand)
        return literal if len(parts) == 1 else _negative(literal, cast("Token", parts[0]).start_pos or 0)

    def literal(self, parts: Sequence[Token]) -> _Bare:
        """A value as it was written."""
        token = parts[0]
        at, text = token.start_pos or 0, str(token)
        match token.type:
            case "SINGLE" | "DOUBLE":
                quote = text[0]
                text = text[1:-1].replace(quote * 2, quote)
                return _Bare(Literal(text, at), text)
            case "TRUE" | "FALSE":
                return _Bare(Literal(token.type == "TRUE", at), text)
            case "NULL":
                return _Bare(Literal(None, at), text)
            case "NUMBER":
                return _Bare(Literal(_number(text), at), text)
            case _:
                return _Bare(Literal(text, at), text)

    def field(self, parts: Sequence[Token]) -> _Bare:
        """A name, with or without what says where it belongs."""
        return _Bare(field_of(str(parts[0]), parts[0].start_pos or 0), str(parts[0]))

    def other(self, parts: Sequence[Token]) -> Words:
        """What can only be a word to look for."""
        return Words(str(parts[0]), parts[0].start_pos or 0)


def field_of(text: str, at: int) -> Field:
    """The field that a text names."""
    head, point, rest = _divided(text)
    of_live = head == "live" and bool(point)
    if of_live:
        head, point, rest = _divided(rest)
    scope = SCOPES.get(head) if point else None
    if scope is None:
        return Field("attributes", _unquoted(f"{head}{point}{rest}"), at, of_live)
    if scope == "dataset":
        return Field("attributes", f"dataset.{_unquoted(rest)}", at, of_live)
    return Field(scope, _unquoted(rest), at, of_live)


def _divided(text: str) -> tuple[str, str, str]:
    """What stands before the first point, the point, and the rest; all of it first when it is quoted."""
    if text.startswith("`"):
        return text, "", ""
    head, point, rest = text.partition(".")
    return (head.strip().lower() if head.strip().lower() in {"live", *SCOPES} else head), point, rest.strip()


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] in '`"' and name[-1] == name[0] else name


def _number(text: str) -> int | float:
    if text.isdecimal() and len(text) <= 18:
        return int(text)
    return float(text)


def _negative(literal: Literal, at: int) -> Literal:
    if isinstance(literal.value, bool) or not isinstance(literal.value, int | float):
        raise Wrong(at, "a minus stands only before a number")
    return Literal(literal.value if math.isnan(literal.value) else -literal.value, at)


def _operand(piece: _Piece) -> Operand:
    if isinstance(piece, _Bare):
        return piece.operand
    if isinstance(piece, Arithmetic):
        return piece
    if isinstance(piece, Words):
        raise Wrong(piece.at, f"{piece.text} is neither a field nor a value", "texts stand in quotes: 'text'")
    raise Wrong(place_of(piece), "what holds or not is no value to compare", "join comparisons with AND and OR")


def _term(piece: _Piece) -> Term:
    if isinstance(piece, Arithmetic):
        raise Wrong(
            place_of(piece), "a sum alone is nothing that holds or not", "compare it, as in metrics.a - metrics.b > 0"
        )
    if not isinstance(piece, _Bare):
        return piece
    operand = piece.operand
    if isinstance(operand, Field) and (operand.of_live or operand.scope != "attributes"):
        raise Wrong(operand.at, f"{piece.word} is compared with nothing", f"such as {piece.word} > 0.9, or IS NOT NULL")
    if not piece.word.strip():
        raise Wrong(operand.at, "there is no word in it")
    return Words(piece.word, operand.at)


def place_of(piece: Operand | Term) -> int:
    """Where something begins."""
    match piece:
        case Arithmetic(left=left):
            return place_of(left)
        case Not(term=term):
            return place_of(term)
        case Both(terms=terms) | Either(terms=terms):
            return place_of(terms[0])
        case _:
            return piece.at


def _shown(operand: Operand) -> str:
    if not isinstance(operand, Field):
        return "field"
    return operand.name if operand.scope == "attributes" else f"{operand.scope}.{operand.name}"
