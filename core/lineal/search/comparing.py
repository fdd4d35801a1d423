"""Comparisons of a filter as tests in SQL, and as queries for all that passes them, where an index answers those."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from lineal.search import moments
from lineal.search.building import Wrong, place_of
from lineal.search.fields import Attribute, Kind
from lineal.search.operands import Operands
from lineal.search.pieces import (
    MEASURED,
    TAGGED,
    Bound,
    Condition,
    Sql,
    either,
    marks,
    measured,
    numeric,
    pair,
    words_of,
    wrapped,
)
from lineal.search.terms import Among, Comparison, Field, Literal, Operand

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDERS = frozenset({"=", "<", "<=", ">", ">="})
_LIKE = frozenset({"LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"})
_MOST_WILDCARDS = 20
_LONGEST_PATTERN = 1_000
_MOST_RANGES = 200
_WHOLE_ID = frozenset({32, 36, 40, 71})


class Comparisons(Operands):
    """The comparisons of one filter."""

    def _missing(self, operand: Operand, *, negated: bool) -> Condition:
        word = "IS NOT NULL" if negated else "IS NULL"
        if not isinstance(operand, Field):
            return Condition(wrapped(f"{{}} {word}", self._number(operand)))
        field, attribute = self.resolve(operand)
        if attribute is not None and attribute.kind is Kind.LIST:
            return self._element(attribute, Sql(""), negated=not negated)
        if attribute is not None:
            return Condition(Sql(f"{attribute.sql} {word}"))
        finder = None
        number = self._names.number(field.scope, field.name)
        if negated and self._subject.name == "run" and number is not None:
            if field.scope == "metrics":
                column = self._metric_column(field)
                finder = Sql(f"{measured(column)} AND {column} IS NOT NULL", (number,))
            elif field.scope == "tags":
                finder = Sql(TAGGED, (number,))
        column = "nullif(kind, 'none')" if field.scope == "params" else ""
        return Condition(wrapped(f"{{}} {word}", self._value(field, column)), finder, is_exact=finder is not None)

    def _among(self, term: Among) -> Condition:
        values = term.values
        if not isinstance(term.operand, Field):
            parts = [self._comparison(Comparison("=", term.operand, value, term.at)) for value in values]
            if len(parts) > _MOST_RANGES:
                raise Wrong(term.at, f"a sum compares with at most {_MOST_RANGES} values")
            found = either(parts)
        else:
            field, attribute = self.resolve(term.operand)
            found = self._in_list(field, attribute, values, term.at)
        return Condition(wrapped("NOT {}", found.test)) if term.negated else found

    def _in_list(self, field: Field, attribute: Attribute | None, values: Sequence[Literal], at: int) -> Condition:
        if attribute is None and field.scope == "metrics":
            numbers = [number for value in values if not math.isnan(number := self._as_number(field, value))]
            nans = [] if len(numbers) == len(values) else [self._metric_is_nan(field)]
            return either([*([self._numbers(field, numbers)] if numbers else []), *nans])
        if attribute is None:
            texts = [value.value for value in values if isinstance(value.value, str)]
            plain = [value for value in values if not isinstance(value.value, str)]
            if field.scope == "tags":
                texts, plain = [words_of(value.value) for value in values], []
            parts = [self._texts(field, texts)] if texts else []
            parts += [self._numbers(field, [self._as_number(field, value) for value in plain])] if plain else []
            return either(parts)
        for value in values:
            self._check_word(attribute, value)
        if attribute.kind in {Kind.TEXT, Kind.WORD}:
            wanted = [words_of(value.value) for value in values]
            wanted = [text.lower() for text in wanted] if attribute.kind is Kind.WORD else wanted
            return self._with_index(attribute, f"IN ({marks(wanted)})", tuple(wanted))
        if attribute.kind is Kind.LIST:
            wanted = [words_of(value.value) for value in values]
            return self._element(attribute, Sql(f"IN ({marks(wanted)})", tuple(wanted)), negated=False)
        if attribute.kind in {Kind.NUMBER, Kind.BYTES, Kind.SPAN, Kind.FLAG}:
            amounts = [self._attribute_number(attribute, value) for value in values]
            return Condition(Sql(f"{attribute.sql} IN ({marks(amounts)})", tuple(amounts)))
        whole: list[Bound] = []
        parts = []
        for value in values:
            if attribute.kind is Kind.ID and len(text := self._id(attribute, value)) in _WHOLE_ID:
                whole.append(text)
            else:
                parts.append(self._compared_attribute(attribute, "=", value))
        if len(parts) > _MOST_RANGES:
            raise Wrong(at, f"{attribute.name} compares with at most {_MOST_RANGES} values at once")
        if whole:
            parts.append(self._with_index(attribute, f"IN ({marks(whole)})", tuple(whole)))
        return either(parts)

    # comparisons

    def _comparison(self, term: Comparison) -> Condition:
        sign, left, right = term.operator, term.left, term.right
        if sign in _LIKE:
            return self._like(term)
        if isinstance(left, Literal) and isinstance(right, Field):
            sign, left, right = _FLIPPED.get(sign, sign), right, left
        if isinstance(left, Field) and isinstance(right, Literal):
            field, attribute = self.resolve(left)
            if attribute is not None:
                return self._compared_attribute(attribute, sign, right)
            return self._compared_value(field, sign, right)
        return Condition(self._two(sign, left, right))

    def _like(self, term: Comparison) -> Condition:
        if not isinstance(term.left, Field):
            raise Wrong(place_of(term.left), "only a field can be LIKE something")
        if not isinstance(term.right, Literal):
            raise Wrong(place_of(term.right), "a pattern stands in quotes", "such as LIKE 'risk%'")
        pattern = words_of(term.right.value)
        wildcards = len(re.findall("%+", pattern))
        if wildcards > _MOST_WILDCARDS or len(pattern) > _LONGEST_PATTERN:
            why = f"a pattern has at most {_MOST_WILDCARDS} % and {_LONGEST_PATTERN:,} characters"
            raise Wrong(term.right.at, why)
        field, attribute = self.resolve(term.left)
        negated = term.operator.startswith("NOT")
        if attribute is not None and attribute.kind is Kind.LIST:
            return self._element(attribute, Sql("LIKE ?", (pattern,)), negated=negated)
        tested = self._text(field if attribute is None else term.left)
        return Condition(wrapped(f"{{}} {'NOT ' if negated else ''}LIKE ?", tested, pattern))

    def _compared_value(self, field: Field, sign: str, right: Literal) -> Condition:
        """A param, metric or tag beside a value."""
        value = right.value
        if field.scope == "tags" or (field.scope == "params" and isinstance(value, str)):
            text = words_of(value)
            if sign == "=":
                return self._texts(field, [text])
            return Condition(wrapped(f"{{}} {sign} ?", self._text(field), text))
        number = self._as_number(field, right)
        if math.isnan(number):
            if sign not in {"=", "!="}:
                raise Wrong(right.at, "NaN is neither more nor less than anything")
            is_nan = self._metric_is_nan(field)
            return is_nan if sign == "=" else Condition(wrapped("NOT {}", is_nan.test))
        test = wrapped(f"{{}} {sign} ?", self._number(field), number)
        name = self._names.number(field.scope, field.name)
        if self._subject.name != "run" or sign not in _ORDERS or name is None:
            return Condition(test)
        if field.scope == "metrics" and field.column:
            finder = Sql(f"{measured(field.column)} AND {field.column} {sign} ?", (name, number))
            return Condition(test, finder, is_exact=True)
        if field.scope == "metrics":
            finder = Sql(f"{MEASURED} AND last {sign} ?", (name, number))
            return Condition(test, finder, is_exact=True, metric=name, bounds=((sign, number),))
        numbers = f"SELECT run_n FROM params INDEXED BY params_by_number WHERE name_id = ? AND number {sign} ?"
        return Condition(test, Sql(numbers, (name, number)), is_exact=True)

    def _numbers(self, field: Field, numbers: Sequence[float]) -> Condition:
        """A metric or param among numbers."""
        test = Sql(f"IN ({marks(numbers)})", tuple(numbers))
        whole = wrapped(f"{{}} {test.text}", self._number(field), *numbers)
        name = self._names.number(field.scope, field.name)
        if self._subject.name != "run" or name is None:
            return Condition(whole)
        own = self._metric_column(field)
        table, column, index = (
            ("series", own, f"series_by_{own}")
            if field.scope == "metrics"
            else ("params", "number", "params_by_number")
        )
        finder = f"SELECT run_n FROM {table} INDEXED BY {index} WHERE name_id = ? AND {column} {test.text}"
        return Condition(whole, Sql(finder, (name, *numbers)), is_exact=True)

    def _texts(self, field: Field, texts: Sequence[str]) -> Condition:
        """A param or tag among texts."""
        places = marks(texts)
        test = wrapped(f"{{}} IN ({places})", self._text(field), *texts)
        name = self._names.number(field.scope, field.name)
        if self._subject.name != "run" or name is None:
            return Condition(test)
        if field.scope == "tags":
            return Condition(test, Sql(f"{TAGGED} AND value IN ({places})", (name, *texts)), is_exact=True)
        finder = (
            "SELECT run_n FROM params INDEXED BY params_by_text "
            f"WHERE name_id = ? AND number IS NULL AND text IN ({places})"
        )
        values: tuple[Bound, ...] = (name, *texts)
        numbers = [number for text in texts if not math.isnan(number := numeric(text))]
        if not numbers:
            return Condition(test, Sql(finder, values), is_exact=True)
        finder += (
            " UNION SELECT run_n FROM params INDEXED BY params_by_number "
            f"WHERE name_id = ? AND number IN ({marks(numbers)})"
        )
        return Condition(test, Sql(finder, (*values, name, *numbers)))

    def _metric_is_nan(self, field: Field) -> Condition:
        if field.scope == "params":
            return Condition(self._value(field, "kind = 'float' AND number IS NULL"))
        return Condition(self._value(field, f"{self._metric_column(field)} IS NULL"))

    def _compared_attribute(self, attribute: Attribute, sign: str, right: Literal) -> Condition:
        if sign in {"=", "!="}:
            self._check_word(attribute, right)
        match attribute.kind:
            case Kind.LIST:
                text = words_of(right.value)
                if sign == "!=":
                    return self._element(attribute, Sql("= ?", (text,)), negated=True)
                return self._element(attribute, Sql(f"{sign} ?", (text,)), negated=False)
            case Kind.TIME:
                return self._time(attribute, sign, right)
            case Kind.ID if sign in {"=", "!="}:
                return self._by_id(attribute, sign, right)
            case Kind.NUMBER | Kind.BYTES | Kind.SPAN | Kind.FLAG:
                number = self._attribute_number(attribute, right)
                return Condition(Sql(f"{attribute.sql} {sign} ?", (number,)))
            case _:
                text = words_of(right.value)
                if attribute.kind is Kind.WORD:
                    text = text.lower()
                if self._subject.name == "run" and attribute.name == "status" and sign == "=" and text != "finished":
                    finder = "SELECT n FROM runs INDEXED BY runs_unfinished WHERE status <> 'finished' AND status = ?"
                    return Condition(Sql("r.status = ?", (text,)), Sql(finder, (text,)), is_exact=True)
                return self._with_index(attribute, f"{sign} ?", (text,), is_usable=sign == "=")

    def _with_index(
        self, attribute: Attribute, test: str, values: tuple[Bound, ...], *, is_usable: bool = True
    ) -> Condition:
        whole = Sql(f"{attribute.sql} {test}", values)
        if not attribute.indexed or not is_usable:
            return Condition(whole)
        return Condition(whole, Sql(f"{attribute.indexed} {attribute.column} {test}", values), is_exact=True)

    def _time(self, attribute: Attribute, sign: str, right: Literal) -> Condition:
        value = right.value
        if isinstance(value, str):
            found = moments.span_of_time(value, self._now)
            if found is None:
                hint = "such as '2026-03-01', '2026-03-01 03:00' or '7 days ago'"
                raise Wrong(right.at, f"{value!r} is no time", hint)
        elif isinstance(value, bool) or value is None or not math.isfinite(value) or abs(value) > 1e15:
            raise Wrong(right.at, f"{attribute.name} is a time", "such as '2026-03-01' or '7 days ago'")
        else:
            found = (round(value * 1_000), round(value * 1_000) + 1_000)  # as MLflow counts, in milliseconds
        first, beyond = found
        if sign in {"=", "!="}:
            word = "NOT " if sign == "!=" else ""
            test = Sql(f"{word}({attribute.sql} >= ? AND {attribute.sql} < ?)", (first, beyond))
            if sign == "!=" or not attribute.indexed:
                return Condition(test)
            finder = f"{attribute.indexed} {attribute.column} >= ? AND {attribute.column} < ?"
            return Condition(test, Sql(finder, (first, beyond)), is_exact=True)
        return self._with_index(attribute, f"{sign} ?", (first,))

    def _by_id(self, attribute: Attribute, sign: str, right: Literal) -> Condition:
        text = self._id(attribute, right)
        if not text or len(text) in _WHOLE_ID:
            return self._with_index(attribute, f"{sign} ?", (text,), is_usable=sign == "=")
        beyond = text + "g"  # ids have the digits up to f
        if sign == "!=":
            return Condition(Sql(f"NOT ({attribute.sql} >= ? AND {attribute.sql} < ?)", (text, beyond)))
        test = Sql(f"({attribute.sql} >= ? AND {attribute.sql} < ?)", (text, beyond))
        if not attribute.indexed:
            return Condition(test)
        finder = f"{attribute.indexed} {attribute.column} >= ? AND {attribute.column} < ?"
        return Condition(test, Sql(finder, (text, beyond)), is_exact=True)

    def _id(self, attribute: Attribute, value: Literal) -> str:
        text = words_of(value.value).strip().lower()
        if attribute.name == "digest":
            return text if text.startswith("sha256:") or not text else f"sha256:{text}"
        return text.removeprefix("run:")

    def _element(self, attribute: Attribute, test: Sql, *, negated: bool) -> Condition:
        """Whether some element, or with `negated` none, of a list passes a test; an empty one asks for any."""
        word = "NOT EXISTS" if negated else "EXISTS"
        source = f"(SELECT 1 FROM {attribute.source} WHERE {attribute.link} = $n"
        if not test.text:
            return Condition(Sql(f"{word} {source})"))
        texts = attribute.sql.split("|||")
        passes = " OR ".join(f"{text} {test.text}" for text in texts)
        values = test.values * len(texts)
        whole = Sql(f"{word} {source} AND ({passes}))", values)
        if negated:
            return Condition(whole)
        found = f"SELECT DISTINCT {attribute.link} FROM {attribute.source} WHERE ({passes}) AND {attribute.link} > 0"
        return Condition(whole, Sql(found, values), is_exact=True)

    def _two(self, sign: str, left: Operand, right: Operand) -> Sql:
        """Two operands of which none is a value beside a field."""
        kinds = [self._kind(each) for each in (left, right)]
        for each, kind in zip((left, right), kinds, strict=True):
            if kind is Kind.LIST and isinstance(each, Field):
                raise Wrong(each.at, f"{each.name} may have several values; it compares only with a text in quotes")
        if Kind.TIME in kinds and all(kind is Kind.TIME for kind in kinds):
            return pair(sign, self._plain(left), self._plain(right))
        if kinds == ["param", "param"]:
            numbers = self._number(left), self._number(right)
            told = wrapped("{} IS NOT NULL", numbers[0]), wrapped("{} IS NOT NULL", numbers[1])
            parts = [*told, pair(sign, *numbers), pair(sign, self._text(left), self._text(right))]
            text = "CASE WHEN {} AND {} THEN {} ELSE {} END".format(*(part.text for part in parts))
            return Sql(f"({text})", tuple(value for part in parts for value in part.values))
        if any(kind in {Kind.TEXT, Kind.WORD, Kind.ID} for kind in kinds):
            return pair(sign, self._text(left), self._text(right))
        return pair(sign, self._number(left), self._number(right))
