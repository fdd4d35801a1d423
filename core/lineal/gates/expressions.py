"""Expressions of gates: read, checked for fields that there are, and weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.errors import BadFilter
from lineal.gates.weighing import shown_field, weigh
from lineal.records.stages import Check
from lineal.rules.refs import nearest
from lineal.search.fields import VERSIONS
from lineal.search.parsing import parse
from lineal.search.terms import Among, Both, Comparison, Either, Field, Literal, Not, Words, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.gates.facts import Facts
    from lineal.records.base import Micros
    from lineal.search.terms import Term

_SCOPES = frozenset({"metrics", "params", "tags"})


def read(text: str) -> Term:
    """Read an expression that a stage is to demand.

    Raises:
        BadFilter: it makes no sense, asks for a field that no version has, or has plain words in it.
    """
    term = parse(text)
    for words in _leaves(term):
        if isinstance(words, Words):
            raise BadFilter(text=text, at=words.at, why=f"{words.text!r} is compared with nothing")
    for each in fields_of(term):
        if each.scope not in _SCOPES and VERSIONS.attribute(each.name) is None:
            near = nearest(each.name, [*VERSIONS.names(), *(f"{scope}.{each.name}" for scope in sorted(_SCOPES))])
            prefix = "live." if each.of_live else ""
            raise BadFilter(
                text=text,
                at=each.at,
                why=f"a version has no {each.name}",
                nearest=tuple(f"{prefix}{name}" for name in near),
            )
    for comparison in _leaves(term):
        _check_words(text, comparison)
    return term


def _check_words(text: str, term: Term) -> None:
    """Raise for a value that a field of few values never has."""
    match term:
        case Comparison("=" | "!=", Field() as field, Literal() as value):
            values: tuple[Literal, ...] = (value,)
        case Among(Field() as field, found, _):
            values = tuple(found)
        case _:
            return
    attribute = VERSIONS.attribute(field.name) if field.scope not in _SCOPES else None
    known = () if attribute is None else attribute.words
    for each in values:
        if known and str(each.value).lower() not in known:
            raise BadFilter(
                text=text,
                at=each.at,
                why=f"there is no {field.name} {str(each.value)!r}; known are {', '.join(known)}",
                nearest=nearest(str(each.value), known),
            )


def check(text: str, facts: Facts, live: Facts | None, at: Micros) -> Check:
    """Whether a version passes an expression, with the figures."""
    try:
        term = read(text)
    except BadFilter as error:
        return Check("gate", passed=False, wanted=text, saw=str(error))
    weighed = weigh(term, facts, live, at)
    wanted = text if weighed.wanted is None else f"{text} ({weighed.wanted})"
    return Check("gate", passed=weighed.truth is True, wanted=wanted, saw=weighed.saw)


def metrics_in(term: Term) -> list[str]:
    """The metrics that an expression asks for."""
    return list(dict.fromkeys(each.name for each in fields_of(term) if each.scope == "metrics"))


def _leaves(term: Term) -> Iterator[Term]:
    match term:
        case Not(inner):
            yield from _leaves(inner)
        case Both(terms) | Either(terms):
            for each in terms:
                yield from _leaves(each)
        case _:
            yield term


__all__ = ["check", "metrics_in", "read", "shown_field"]
