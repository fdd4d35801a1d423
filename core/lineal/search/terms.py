"""What an expression of the search language is made of, once it was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Field:
    """Something that is compared: `metrics.auc`, `params.lr`, `stage`, `live.metrics.auc`."""

    scope: str
    """`metrics`, `params`, `tags`, or `attributes` for what has no prefix."""
    name: str
    at: int
    """Where in the text it stands, from 0."""
    of_live: bool = False
    """Whether it is asked of the version that is live now (only gates and alerts may)."""
    column: str = ""
    """Of a run's metric `min` or `max`, once that is known; empty for its last value, and for all else."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written."""

    value: str | float | int | bool | None
    at: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by `+ - * /`."""

    operator: str
    left: Operand
    right: Operand


Operand = Field | Literal | Arithmetic


@dataclass(frozen=True, slots=True)
class Comparison:
    """`=  !=  <  <=  >  >=  LIKE  ILIKE  NOT LIKE  NOT ILIKE`, in capitals."""

    operator: str
    left: Operand
    right: Operand
    at: int


@dataclass(frozen=True, slots=True)
class Among:
    """`field IN (...)`."""

    operand: Operand
    values: tuple[Literal, ...]
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class Missing:
    """`field IS NULL`."""

    operand: Operand
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words, to be found in names, notes and tags."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    term: Term


@dataclass(frozen=True, slots=True)
class Both:
    """`AND` of two or more."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """`OR` of two or more."""

    terms: tuple[Term, ...]


Term = Comparison | Among | Missing | Words | Not | Both | Either


def fields_of(term: Term) -> Iterator[Field]:
    """Every field in an expression, in its order."""
    match term:
        case Not(inner):
            yield from fields_of(inner)
        case Both(terms) | Either(terms):
            for each in terms:
                yield from fields_of(each)
        case Comparison(_, left, right):
            yield from fields_in(left)
            yield from fields_in(right)
        case Among(operand) | Missing(operand):
            yield from fields_in(operand)
        case Words():
            return


def fields_in(operand: Operand) -> Iterator[Field]:
    """Every field in one side of a comparison."""
    match operand:
        case Field():
            yield operand
        case Arithmetic(_, left, right):
            yield from fields_in(left)
            yield from fields_in(right)
        case Literal():
            return
