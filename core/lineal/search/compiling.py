"""Turns filters and orders into pieces of SQL; every value is bound, and every name of a metric, param or tag, too."""

from __future__ import annotations

import re

from lineal.errors import BadFilter, BadOrder
from lineal.records.runs import Direction
from lineal.search.building import Wrong
from lineal.search.comparing import Comparisons
from lineal.search.fields import Kind, Subject
from lineal.search.parsing import check_letters, parse, parse_field
from lineal.search.pieces import Condition, Names, Order, Sql, either, joined, merged, wrapped
from lineal.search.terms import (
    Among,
    Both,
    Comparison,
    Either,
    Missing,
    Not,
    Term,
    Words,
    fields_of,
)

_MOST_WORDS = 50


def conditions(text: str, subject: Subject, names: Names, now: int) -> list[Condition]:
    """What all has to hold for a thing that a filter lets through.

    Raises:
        BadFilter: it makes no sense, or asks for what there is not.
    """
    term = parse(text)
    compiler = Compiler(subject, names, now)
    try:
        return merged([compiler.condition(each) for each in (term.terms if isinstance(term, Both) else (term,))])
    except Wrong as wrong:
        raise BadFilter(text=text, at=wrong.at, why=wrong.why, nearest=wrong.nearest, hint=wrong.hint) from None


def asks_for(text: str, subject: Subject, attribute: str) -> bool:
    """Whether a filter asks for an attribute, by any of its names."""
    wanted = subject.attribute(attribute)
    return any(each.scope == "attributes" and subject.attribute(each.name) is wanted for each in fields_of(parse(text)))


def order(text: str, subject: Subject, names: Names, now: int) -> Order:
    """What an order asks for: a field, and `ASC` or `DESC` after it; a `-` before it turns around what is usual.

    Args:
        text: the order.
        subject: what is sorted.
        names: the names that there are.
        now: the time, in microseconds.

    Raises:
        BadOrder: there is no such field.
    """
    compiler, column = Compiler(subject, names, now), "last"
    check_letters(text)
    told = text.strip()
    match = re.fullmatch(r"(-?)(.+?)(?:\s+(asc|desc|ascending|descending))?", told, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise BadOrder(text=told, at=0, why="the order is empty", hint="such as metrics.auc DESC")
    try:
        field, attribute = compiler.resolve(parse_field(match[2], match.start(2)))
        if attribute is None:
            number, column = names.number(field.scope, field.name), field.column or column
            usual = field.scope == "metrics" and names.direction(field.name) is not Direction.LOWER
            key = compiler.key(field)
        else:
            number, usual, key = None, attribute.kind is Kind.TIME or attribute.name == "seq", compiler.order(attribute)
    except Wrong as wrong:
        raise BadOrder(text=told, at=wrong.at, why=wrong.why, nearest=wrong.nearest, hint=wrong.hint) from None
    descending = match[3].lower().startswith("desc") if match[3] else usual is not bool(match[1])
    return Order(attribute, field.scope, number, key, descending, column)


class Compiler(Comparisons):
    """Compiles the terms of one filter."""

    def condition(self, term: Term) -> Condition:
        """A term as a test, and what finds things for which it holds."""
        match term:
            case Not(inner):
                return Condition(wrapped("NOT {}", self.condition(inner).test))
            case Both(terms):
                parts = [self.condition(each) for each in terms]
                finder = next((part.finder for part in parts if part.finder is not None), None)
                return Condition(joined(" AND ", [part.test for part in parts]), finder)
            case Either(terms):
                return either([self.condition(each) for each in terms])
            case Words():
                return self._words(term)
            case Missing(operand, negated):
                return self._missing(operand, negated=negated)
            case Among():
                return self._among(term)
            case Comparison():
                return self._comparison(term)

    def _words(self, term: Words) -> Condition:
        if not self._subject.words:
            raise Wrong(term.at, f"{term.text!r} is compared with nothing", "such as name LIKE '%word%'")
        query = words_query(term.text)
        if query is None:
            raise Wrong(term.at, f"there is no letter and no digit in {term.text!r}")
        table = self._subject.words
        found = Sql(f"SELECT rowid FROM {table} WHERE {table} MATCH ?", (query,))
        number = self._subject.tagged if self._subject.tags == "dataset" else "$n"
        if number != "$n":
            return Condition(wrapped(f"{number} IN {{}}", found))
        return Condition(wrapped("$n IN {}", found), found, is_exact=True)


def words_query(text: str) -> str | None:
    """What FTS5 is asked for, so that each word has to be there and the last letters of a word may be missing.

    Returns:
        None when there is nothing that could be looked for.
    """
    words = [word for word in text.split() if any(each.isalnum() for each in word)]
    if not words:
        return None
    # Within quotes FTS5 knows no operators; words that it divides have to stand side by side.
    return " AND ".join('"{}"*'.format(word.replace('"', " ").replace("\0", " ")) for word in words[:_MOST_WORDS])
