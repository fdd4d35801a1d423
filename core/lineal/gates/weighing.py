"""Weighs an expression of the search language against a version and the one it would replace."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lineal.gates.comparing import MIRRORED, compared, compared_as, is_list, is_missing, kind_of, reckoned, shown_value
from lineal.gates.facts import number_words
from lineal.search.fields import VERSIONS
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
    fields_in,
    fields_of,
)

if TYPE_CHECKING:
    from lineal.gates.facts import Facts, Measured, Param, Value
    from lineal.records.base import Micros
    from lineal.search.terms import Operand, Term


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an expression came to."""

    truth: bool | None
    """None when a value is missing that decides; a gate passes only when it is True."""
    wanted: str | None
    """What a sum in it came to; None when nothing had to be worked out."""
    saw: str
    """The figures, and what kept them from being compared."""


def weigh(term: Term, facts: Facts, live: Facts | None, at: Micros) -> Weighed:
    """Weigh an expression.

    A comparison with something missing, or of values that were measured on different data, is neither true nor false;
    `NOT` leaves it so. With nothing live, a comparison with `live.` is no obstacle.

    Args:
        term: the expression, without plain words.
        facts: of the version.
        live: of the version it would replace; None when nothing is live.
        at: the time, from which ages are counted.
    """
    scale = _Scale(facts, live, at)
    truth = scale.weigh(term, wished=True)
    told = [f"{name} {words}" for name, words in scale.figures.items()]
    left, right = _worked_out(term, scale)
    told += [] if left is None else [f"which is {left}"]
    told += dict.fromkeys(scale.remarks if truth else (*scale.remarks, *scale.problems))
    return Weighed(truth, right, ", ".join(told) or "nothing")


def _worked_out(term: Term, scale: _Scale) -> tuple[str | None, str | None]:
    """What the sums at the left and at the right of a single comparison come to."""
    if not isinstance(term, Comparison) or scale.lacks_live(term):
        return None, None
    chosen = scale.choose((term.left, term.right))
    found: list[str | None] = []
    for side in (term.left, term.right):
        values = scale.values(side, chosen) if isinstance(side, Arithmetic) else ()
        found.append(number_words(values[0]) if len(values) == 1 and isinstance(values[0], float) else None)
    return found[0], found[1]


@dataclass(slots=True)
class _Scale:
    """Weighs term after term, and remembers what it saw."""

    facts: Facts
    live: Facts | None
    at: Micros
    figures: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def weigh(self, term: Term, *, wished: bool) -> bool | None:
        """The truth of a term; `wished` is what it must be for the whole to hold."""
        match term:
            case Not(inner):
                truth = self.weigh(inner, wished=not wished)
                return None if truth is None else not truth
            case Both(terms):
                found = [self.weigh(each, wished=wished) for each in terms]
                return False if False in found else None if None in found else True
            case Either(terms):
                found = [self.weigh(each, wished=wished) for each in terms]
                return True if True in found else None if None in found else False
            case Comparison() | Among() | Missing():
                if self.lacks_live(term):
                    self._see(term, {})
                    self.remarks.append("nothing is live there")
                    return wished
                return self._leaf(term)
            case _:
                return None  # plain words, which no gate may have

    def lacks_live(self, term: Comparison | Among | Missing) -> bool:
        """Whether a term asks for the live version where nothing is live."""
        return self.live is None and any(each.of_live for each in fields_of(term))

    def _leaf(self, term: Comparison | Among | Missing) -> bool | None:
        chosen = self.choose(_operands(term))
        self._see(term, chosen)
        match term:
            case Comparison(sign, left, right):
                return self._compare(sign, left, right, chosen)
            case Among(operand, values, negated):
                truths = [self._compare("=", operand, each, chosen) for each in values]
                truth = True if True in truths else None if None in truths or not truths else False
                return (None if truth is None else not truth) if negated else truth
            case Missing(operand, negated):
                there = [value for value in self.values(operand, chosen) if not is_missing(value)]
                return bool(there) is negated

    def _compare(
        self, sign: str, left: Operand, right: Operand, chosen: dict[tuple[str, bool], Measured | None]
    ) -> bool | None:
        if isinstance(left, Literal) and isinstance(right, Field):
            left, sign, right = right, MIRRORED.get(sign, sign), left
        others = self.values(right, chosen) or (None,)
        if is_list(left):  # it holds for one of its texts, or with a negation for none
            negated = sign == "!=" or sign.startswith("NOT")
            positive = "=" if sign == "!=" else sign.removeprefix("NOT ")
            found = any(compared(positive, a, b) is True for a in self.values(left, chosen) for b in others)
            return found is not negated
        kind = kind_of(left) if isinstance(right, Literal) else None
        truths = [
            compared(sign, a, b) if kind is None else compared_as(kind, sign, a, b, self.at)
            for a in self.values(left, chosen) or (None,)
            for b in others
        ]
        return True if True in truths else None if None in truths else False

    # what is asked for

    def values(self, operand: Operand, chosen: dict[tuple[str, bool], Measured | None]) -> tuple[Value | Param, ...]:
        """The values of an operand: one, but several of a list, and none of what is missing."""
        match operand:
            case Literal(value):
                return (float(value),) if isinstance(value, int) and not isinstance(value, bool) else (value,)
            case Arithmetic(sign, left, right):
                return tuple(
                    reckoned(sign, a, b) for a in self.values(left, chosen) for b in self.values(right, chosen)
                )
            case Field():
                return self._of_field(operand, chosen)

    def _of_field(self, asked: Field, chosen: dict[tuple[str, bool], Measured | None]) -> tuple[Value | Param, ...]:
        facts = self.live if asked.of_live else self.facts
        if facts is None:
            return ()
        match asked.scope:
            case "metrics":
                measured = chosen.get((asked.name, asked.of_live))
                return () if measured is None else (measured.value,)
            case "params":
                found = facts.params.get(asked.name)
                return () if found is None else (found,)
            case "tags":
                return (facts.tags[asked.name],) if asked.name in facts.tags else ()
            case _:
                known = VERSIONS.attribute(asked.name)
                return () if known is None else facts.attributes.get(known.name, ())

    def choose(self, operands: tuple[Operand, ...]) -> dict[tuple[str, bool], Measured | None]:
        """Which value of each metric counts: both versions' of one metric have to be measured on the same data."""
        asked = [each for operand in operands for each in fields_in(operand) if each.scope == "metrics"]
        own = dict.fromkeys(each.name for each in asked if not each.of_live)
        live = dict.fromkeys(each.name for each in asked if each.of_live)
        chosen = {(each.name, each.of_live): self._usual(each.name, of_live=each.of_live) for each in asked}
        if not own or not live or self.live is None:
            return chosen
        shared = [name for name in own if name in live]
        groups: list[tuple[list[str], list[str]]] = [([name], [name]) for name in shared] or [(list(own), list(live))]
        for mine, others in groups:
            wanted = [*((name, False) for name in mine), *((name, True) for name in others)]
            if None in (chosen[each] for each in wanted):
                continue  # one is missing, which is told by itself
            data = self._common(wanted)
            for name, of_live in wanted:
                measured = self._on(name, of_live=of_live)
                chosen[name, of_live] = None if data is None else measured[data[0]]
        return chosen

    def _common(self, wanted: list[tuple[str, bool]]) -> tuple[str | None] | None:
        """The data that all these metrics were measured on; of several the one that was measured on last."""
        measured = [self._on(name, of_live=of_live) for name, of_live in wanted]
        common = [data for data in measured[0] if all(data in each for each in measured[1:])]
        usual = self._usual(*wanted[0][:1], of_live=False)
        if usual is not None and usual.data in common:
            return (usual.data,)
        if common:
            return (common[-1],)
        told = [
            f"{'live.' if of_live else ''}metrics.{name} on {_places(each)}"
            for (name, of_live), each in zip(wanted, measured, strict=True)
        ]
        self.problems.append("measured on other data: " + ", ".join(told))
        return None

    def _on(self, name: str, *, of_live: bool) -> dict[str | None, Measured]:
        facts = self.live if of_live else self.facts
        return {} if facts is None else facts.on(name)

    def _usual(self, name: str, *, of_live: bool) -> Measured | None:
        facts = self.live if of_live else self.facts
        found = () if facts is None else facts.metrics.get(name, ())
        if not found:
            return None
        # what it was registered with says which data counts; a later evaluation on that data counts more
        return found[-1] if found[0].later else self._on(name, of_live=of_live)[found[0].data]

    def _see(self, term: Term, chosen: dict[tuple[str, bool], Measured | None]) -> None:
        """Note the figures of a term's fields, and what is missing."""
        for each in fields_of(term):
            facts = self.live if each.of_live else self.facts
            name = shown_field(each)
            if facts is None or name in self.figures:
                continue
            measured = chosen.get((each.name, each.of_live)) if each.scope == "metrics" else None
            if each.scope == "metrics" and measured is None:
                measured = self._usual(each.name, of_live=each.of_live)
            if measured is not None:
                self.figures[name] = measured.words
                if math.isnan(measured.value):
                    self.problems.append(f"{name} is no number")
                continue
            values = self._of_field(each, {})
            if values:
                self.figures[name] = " and ".join(shown_value(each, value) for value in values)
            elif isinstance(term, Missing):
                self.figures[name] = "missing"
            else:
                kind = {"metrics": "metric", "params": "param", "tags": "tag"}.get(each.scope)
                self.problems.append(f"{facts.ref} has no {f'{kind} {each.name}' if kind else each.name}")


def shown_field(asked: Field) -> str:
    """A field as it is written."""
    name = asked.name if re.fullmatch(r"[^\W\d]\w*(?:[./-][^\W\d]\w*)*", asked.name) else f"`{asked.name}`"
    prefix = "" if asked.scope == "attributes" else f"{asked.scope}."
    return f"{'live.' if asked.of_live else ''}{prefix}{name}"


def _operands(term: Term) -> tuple[Operand, ...]:
    match term:
        case Comparison(_, left, right):
            return (left, right)
        case Among(operand) | Missing(operand):
            return (operand,)
        case _:
            return ()


def _places(measured: dict[str | None, Measured]) -> str:
    return " and ".join(each.where or "data that nobody named" for each in measured.values())
