"""Where the alerts of a stage draw the line for one metric, as far as that is one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.gates.comparing import MIRRORED, reckoned
from lineal.operations.alerts.terms import OWN, PROMOTED
from lineal.queries import alerts as rows
from lineal.records.curves import Threshold
from lineal.search import written
from lineal.search.terms import Arithmetic, Both, Comparison, Either, Field, Literal, Not

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from lineal.search.terms import Operand, Term

_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def thresholds(connection: sqlite3.Connection, stage: int, transition: int | None, metric: str) -> list[Threshold]:
    """What the alerts of a stage hold a metric against, where that does not depend on what else is observed.

    Args:
        connection: to read from.
        stage: its row number.
        transition: of what is live there, whose value at its promotion, and own metrics, count; None for nothing.
        metric: its name.
    """

    def figure(name: str) -> float | None:
        if transition is None:
            return None
        if name.startswith(PROMOTED):
            found = rows.at_promotion(connection, transition, name.removeprefix(PROMOTED))
            return None if found is None else found[1]
        return rows.own_metric(connection, transition, name.removeprefix(OWN)) if name.startswith(OWN) else None

    return [
        Threshold(value, operator, rule.text)
        for rule in rows.rules(connection, stage)
        for operator, value in dict.fromkeys(_lines(written.read(rows.term(connection, rule.id)), metric, figure))
    ]


def _lines(term: Term, metric: str, figure: Callable[[str], float | None]) -> Iterator[tuple[str, float]]:
    match term:
        case Not(inner):
            for sign, limit in _lines(inner, metric, figure):
                yield _OPPOSITE[sign], limit
        case Both(terms) | Either(terms):
            for each in terms:
                yield from _lines(each, metric, figure)
        case Comparison(operator, left, right) if operator in _OPPOSITE:
            for one, other, sign in ((left, right, operator), (right, left, MIRRORED.get(operator, operator))):
                if isinstance(one, Field) and one.name == metric:
                    value = _value(other, figure)
                    if value is not None:
                        yield sign, value


def _value(operand: Operand, figure: Callable[[str], float | None]) -> float | None:
    match operand:
        case Field(_, name):
            return figure(name)
        case Arithmetic(sign, left, right):
            return reckoned(sign, _value(left, figure), _value(right, figure))
        case Literal(bool() | None):
            return None
        case Literal(int() | float() as value):
            return float(value)
        case _:
            return None
