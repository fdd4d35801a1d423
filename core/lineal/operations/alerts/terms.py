"""The expressions of alerts: which metrics they ask for, and for how long they must not hold."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.errors import BadFilter, BadValue
from lineal.gates import durations
from lineal.rules import naming
from lineal.search.terms import Among, Arithmetic, Both, Comparison, Either, Field, Literal, Missing, Not, fields_of

if TYPE_CHECKING:
    from lineal.search.terms import Operand, Term

LONGEST = 86_400
"""Seconds for which an alert may wait at most: each late observation has it judged anew over that time."""
PROMOTED = "promoted."
"""What stands before a metric whose value at the promotion is meant."""
OWN = "metrics."
"""What stands before a metric that the version was registered with."""

_LASTING = re.compile(r"(?is)^(?P<expression>.+?)\s+for\s+(?P<lasting>[^'\"`]+?)\s*$")


def read(text: str) -> tuple[str, str, int, Term]:
    """An alert's text as it is kept, its expression, its seconds, and the expression with its fields as keys."""
    from lineal.search.parsing import parse  # noqa: PLC0415  judging needs no grammar

    text = naming.check_text("alert", " ".join(text.split()) if text.isascii() else text.strip(), 1_000)
    expression, lasting = text, 0
    found = _LASTING.match(text)
    if found is not None:
        expression = found["expression"]
        lasting = durations.seconds("for", found["lasting"])
        if lasting > LONGEST:
            raise BadValue(field="for", value=found["lasting"], why=f"it is at most {durations.text(LONGEST)}")
    term = _keyed(parse(expression), expression)
    if not any(is_observed(name) for name in names(term)):
        why = "nothing in it is observed"
        raise BadFilter(
            text=expression, at=0, why=why, hint="such as latency_p99 < 80, or error_rate < promoted.error_rate * 1.5"
        )
    kept = expression if not lasting else f"{expression} for {durations.text(lasting)}"
    return kept, expression, lasting, term


def _keyed(part: Term, text: str) -> Term:
    """An expression whose fields are all metrics, called by what they are shown as."""
    match part:
        case Not(term):
            return Not(_keyed(term, text))
        case Both(terms):
            return Both(tuple(_keyed(each, text) for each in terms))
        case Either(terms):
            return Either(tuple(_keyed(each, text) for each in terms))
        case Comparison():
            return replace(part, left=_operand(part.left, text), right=_operand(part.right, text))
        case Among() | Missing():
            return replace(part, operand=_operand(part.operand, text))
        case _:
            raise BadFilter(text=text, at=part.at, why=f"{part.text!r} is compared with nothing")


def _operand(part: Operand, text: str) -> Operand:
    match part:
        case Arithmetic(sign, left, right):
            return Arithmetic(sign, _operand(left, text), _operand(right, text))
        case Field(of_live=True):
            why = "what is observed is of the live version"
            raise BadFilter(text=text, at=part.at, why=why, hint=f"leave `live.` out, or ask for {PROMOTED}NAME")
        case Field("attributes"):
            return replace(part, scope="metrics")
        case Field("metrics"):
            return replace(part, name=f"{OWN}{part.name}")
        case Field():
            why = f"an alert asks for metrics, not for {part.scope}"
            raise BadFilter(text=text, at=part.at, why=why, hint=f"NAME is observed, {OWN}NAME was registered")
        case Literal():
            return part


def is_observed(key: str) -> bool:
    """Whether a metric of an expression is what is observed last."""
    return not key.startswith((PROMOTED, OWN))


def names(term: Term) -> list[str]:
    """The metrics that an expression asks for, as they are shown."""
    return list(dict.fromkeys(each.name for each in fields_of(term)))


def first_observed(text: str) -> str:
    """The first metric of an alert's text that is observed."""
    *_, term = read(text)
    return next(name for name in names(term) if is_observed(name))
