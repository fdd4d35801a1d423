"""Fields and values of a filter: what they are called, how they compare, and the SQL that tells them."""

from __future__ import annotations

import math
import re

from lineal.records.runs import Direction
from lineal.rules.refs import nearest
from lineal.search import moments
from lineal.search.building import Wrong, place_of
from lineal.search.fields import Attribute, Kind, Subject
from lineal.search.pieces import NAN, Bound, Names, Sql, cut, numeric, words_of
from lineal.search.terms import Arithmetic, Field, Literal, Operand

_MOST_WORDS = 20
PARTS = frozenset({"last", "min", "max", "best"})
"""What may stand behind the name of a run's metric."""
_PLAIN_NAME = r"[^\W\d]\w*(?:[.@:/-][^\W\d]\w*)*"


class Operands:
    """The operands of one filter."""

    def __init__(self, subject: Subject, names: Names, now: int) -> None:
        """`now` is in microseconds, to count ages from."""
        self._subject, self._names, self._now = subject, names, now

    def resolve(self, field: Field) -> tuple[Field, Attribute | None]:
        """Which param, metric or tag, or which attribute, a field is.

        A name without a prefix that is no attribute is that of a metric, a param or a tag, in this order.
        """
        subject, names = self._subject, self._names
        if field.of_live:
            raise Wrong(field.at, "live. is only for gates and alerts", "stage = 'production' finds what is live there")
        if field.scope == "attributes":
            attribute = subject.attribute(field.name)
            if attribute is not None:
                return field, attribute
            for scope in ("metrics", "params", "tags"):
                if names.number(scope, field.name) is not None:
                    return Field(scope, field.name, field.at), None
            if (found := self._part(field)) is not None:
                return found, None
            raise self._unknown(field, f"a {subject.name} has no {cut(field.name)}")
        if field.scope != "tags" and not subject.metrics:
            raise self._unknown(field, f"a {subject.name} has no {field.scope}")
        if names.number(field.scope, field.name) is None and names.known(field.scope):
            if field.scope == "metrics" and (found := self._part(field)) is not None:
                return found, None
            raise self._unknown(field, f"no {subject.name} has a {field.scope[:-1]} {cut(field.name)}")
        return field, None

    def _part(self, field: Field) -> Field | None:
        """`NAME.last`, `.min`, `.max` or `.best` of a run's metric; None where it is no such thing."""
        stem, _, part = field.name.rpartition(".")
        part = part.lower()
        if part not in PARTS or self._names.number("metrics", stem) is None:
            return None
        if self._subject.name != "run":
            raise Wrong(
                field.at, f"a {self._subject.name} has one value of {cut(stem)}", f"ask for metrics.{cut(stem)}"
            )
        if part == "best":
            direction = self._names.direction(stem)
            if direction is None:
                hint = f"say so with `lineal set exp:NAME metric.{cut(stem)}.direction=higher`, or lower"
                raise Wrong(field.at, f"nobody said whether higher or lower values of {cut(stem)} are better", hint)
            part = "max" if direction is Direction.HIGHER else "min"
        return Field("metrics", stem, field.at, column="" if part == "last" else part)

    def _unknown(self, field: Field, why: str) -> Wrong:
        candidates: dict[str, str] = {}
        for scope in ("metrics", "params", "tags"):
            for name in self._names.known(scope):
                written = f"{scope}.{name if re.fullmatch(_PLAIN_NAME, name) else f'`{name}`'}"
                candidates.setdefault(name if field.scope in {scope, "attributes"} else written, written)
        for name in self._subject.names():
            candidates.setdefault(name, name)
        near = tuple(dict.fromkeys(candidates[each] for each in nearest(field.name, candidates)))
        hint = None if near else f"fields are {', '.join(self._subject.names())}, and tags.NAME"
        if hint and self._subject.metrics:
            hint = hint.replace("and tags.NAME", "metrics.NAME, params.NAME and tags.NAME")
        if hint and field.scope == "attributes":
            hint += "; texts stand in quotes"
        return Wrong(field.at, why, hint, near)

    def _kind(self, operand: Operand) -> Kind | str:
        if isinstance(operand, Literal):
            return Kind.TEXT if isinstance(operand.value, str) else Kind.NUMBER
        if isinstance(operand, Arithmetic):
            return Kind.NUMBER
        field, attribute = self.resolve(operand)
        if attribute is not None:
            return attribute.kind
        return {"metrics": Kind.NUMBER, "tags": Kind.TEXT}.get(field.scope, "param")

    def key(self, field: Field) -> Sql:
        """What things are sorted by of a param, metric or tag."""
        columns = {"params": "ifnull(number, text)", "metrics": f"ifnull({self._metric_column(field)}, {NAN})"}
        return self._value(field, columns.get(field.scope, ""))

    def order(self, attribute: Attribute) -> Sql:
        """What things are sorted by of an attribute."""
        if attribute.kind is not Kind.LIST:
            return Sql(attribute.order or attribute.sql)
        element = attribute.sql.split("|||")[0]
        return Sql(f"(SELECT min({element}) FROM {attribute.source} WHERE {attribute.link} = $n)")

    def _plain(self, operand: Operand) -> Sql:
        if isinstance(operand, Field):
            _, attribute = self.resolve(operand)
            if attribute is not None:
                return Sql(attribute.sql)
        raise Wrong(place_of(operand), "it is no time")

    def _number(self, operand: Operand) -> Sql:
        match operand:
            case Literal(value, at):
                if isinstance(value, str):
                    raise Wrong(at, f"{cut(value)!r} is no number")
                return Sql("?", (None if value is None or math.isnan(value) else float(value),))
            case Arithmetic(sign, left, right):
                one, other = self._number(left), self._number(right)
                start = f"CAST({one.text} AS REAL)" if sign == "/" else one.text
                return Sql(f"({start} {sign} {other.text})", one.values + other.values)
            case Field():
                field, attribute = self.resolve(operand)
                if attribute is None:
                    if field.scope == "tags":
                        raise Wrong(field.at, "tags are text; they are no numbers to reckon with")
                    return self._value(field, "number" if field.scope == "params" else "")
                if attribute.kind is Kind.TIME:
                    return Sql(f"({attribute.sql} / 1e6)")
                if attribute.kind not in {Kind.NUMBER, Kind.BYTES, Kind.SPAN, Kind.FLAG}:
                    raise Wrong(field.at, f"{attribute.name} is no number")
                return Sql(attribute.sql)

    def _text(self, operand: Operand) -> Sql:
        match operand:
            case Literal(value):
                return Sql("?", (words_of(value),))
            case Arithmetic():
                raise Wrong(place_of(operand), "a sum is no text")
            case Field():
                field, attribute = self.resolve(operand)
                if attribute is None:
                    if field.scope == "metrics":
                        raise Wrong(field.at, f"metrics.{cut(field.name)} is a number, no text")
                    return self._value(field, "text" if field.scope == "params" else "")
                if attribute.kind not in {Kind.TEXT, Kind.WORD, Kind.ID}:
                    raise Wrong(field.at, f"{attribute.name} is no text")
                return Sql(attribute.sql)

    def _metric_column(self, field: Field) -> str:
        return field.column or "last" if self._subject.name == "run" else "value"

    def _value(self, field: Field, column: str) -> Sql:
        """A param, metric or tag of the thing: of params and metrics one column, or something said of columns."""
        number = self._names.number(field.scope, field.name)
        if number is None:
            return Sql("NULL")
        if field.scope == "tags":
            kind, tagged = self._subject.tags, self._subject.tagged
            text = f"(SELECT value FROM tags WHERE kind = '{kind}' AND subject_id = {tagged} AND name_id = ?)"
            return Sql(text, (number,))
        owner = "run_n" if self._subject.name == "run" else "version_id"
        if field.scope == "params":
            table = "params" if self._subject.name == "run" else "version_params"
            return Sql(f"(SELECT {column} FROM {table} WHERE {owner} = $n AND name_id = ?)", (number,))
        if self._subject.name == "run":
            return Sql(
                f"(SELECT {column or self._metric_column(field)} FROM series WHERE run_n = $n AND name_id = ?)",
                (number,),
            )
        registered = "version_metrics WHERE version_id = $n AND name_id = ?"
        if not self._names.evaluated(number):
            return Sql(f"(SELECT {column or 'value'} FROM {registered})", (number,))
        # What a version was registered with counts more than what a later evaluation found.
        evaluated = "evaluations WHERE version_id = $n AND name_id = ? ORDER BY id DESC LIMIT 1"
        text = (
            f"(CASE WHEN EXISTS (SELECT 1 FROM {registered}) THEN (SELECT {column or 'value'} FROM {registered}) "
            f"ELSE (SELECT {column or 'value'} FROM {evaluated}) END)"
        )
        return Sql(text, (number, number, number))

    def _as_number(self, field: Field, literal: Literal) -> float:
        """A value beside a metric or param as a number."""
        value = literal.value
        if isinstance(value, str):
            number = numeric(value)
            if math.isnan(number) and value.strip().lower() != "nan":
                written = f"{field.scope}.{cut(field.name)}"
                raise Wrong(literal.at, f"{written} is a number, and {cut(value)!r} is none")
            return number
        return math.nan if value is None else float(value)

    def _check_word(self, attribute: Attribute, literal: Literal) -> None:
        """Raise for a value that there is none of among few."""
        known = tuple(self._names.stages()) if attribute.is_stage else attribute.words
        said = words_of(literal.value)
        folded = said.lower() if attribute.kind is Kind.WORD else said
        if not known or not said or folded in known or folded in attribute.foreign:
            return
        near = nearest(folded, known)
        what = f"{attribute.name} {cut(said)!r}"
        shown = ", ".join(known[:_MOST_WORDS]) + (", ..." if len(known) > _MOST_WORDS else "")
        lost = "a run whose process is gone is recorded as running" if folded == "lost" and "running" in known else None
        near = tuple(repr(str(each)) for each in near)
        raise Wrong(literal.at, f"there is no {what}; known are {shown}", lost, near)

    def _attribute_number(self, attribute: Attribute, literal: Literal) -> Bound:
        value = literal.value
        if attribute.kind is Kind.FLAG:
            told = words_of(value).lower()
            if told not in {"true", "false", "1", "0"}:
                raise Wrong(literal.at, f"{attribute.name} is true or false")
            return int(told in {"true", "1"})
        if isinstance(value, str):
            match attribute.kind:
                case Kind.SPAN:
                    found, hint = moments.seconds(value), "such as '90 s', '2 hours' or '1h 30m'"
                case Kind.BYTES:
                    found, hint = moments.amount_of_bytes(value), "such as 1000, '10 MB' or '1.5 GiB'"
                case _:
                    found, hint = numeric(value), ""
            if found is None or math.isnan(found):
                raise Wrong(literal.at, f"{attribute.name} is a number, and {cut(value)!r} is none", hint or None)
            return found
        if value is None or math.isnan(value):
            raise Wrong(literal.at, f"{attribute.name} is never NaN")
        return value
