"""Turns filters and orders into pieces of SQL; every value is bound, and every name of a metric, param or tag, too."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lineal.errors import BadFilter, BadOrder
from lineal.records.runs import Direction
from lineal.refs import nearest
from lineal.search import moments
from lineal.search.building import Wrong, place_of
from lineal.search.fields import Attribute, Kind, Subject
from lineal.search.parsing import check_letters, parse, parse_field
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
    from collections.abc import Collection, Iterable, Sequence

Bound = str | int | float | None
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDERS = frozenset({"=", "<", "<=", ">", ">="})
_LIKE = frozenset({"LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"})
_MOST_WILDCARDS = 20
_LONGEST_PATTERN = 1_000
_MOST_RANGES = 200
_WHOLE_ID = frozenset({32, 36, 40, 71})


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with what is bound to it.

    `$n` stands for the row number of the thing that is looked at, and `$now` for the time.
    """

    text: str
    values: tuple[Bound, ...] = ()

    def of(self, number: str, now: int) -> Sql:
        """The same of the thing whose row number is told by `number`."""
        return Sql(self.text.replace("$now", str(int(now))).replace("$n", number), self.values)


@dataclass(frozen=True, slots=True)
class Condition:
    """One of several that all have to hold."""

    test: Sql
    """Whether it holds for one thing; NULL where something is missing."""
    finder: Sql | None = None
    """A query for the row numbers of all things for which it may hold, which an index answers; None without one."""
    is_exact: bool = False
    """Whether it holds for all that `finder` finds."""
    metric: int | None = None
    """The row of a metric's name, where it is nothing but bounds of that."""
    bounds: tuple[tuple[str, float], ...] = ()
    """Signs and numbers."""


@dataclass(frozen=True, slots=True)
class Order:
    """What things are sorted by."""

    attribute: Attribute | None
    """None: by a param, metric or tag."""
    scope: str
    name_id: int | None
    """None: nothing has it."""
    key: Sql
    descending: bool


class Names(Protocol):
    """The names of params, metrics and tags that things of the kind have."""

    def number(self, scope: str, name: str) -> int | None:
        """The row of a name; None when nothing has a param, metric or tag (`scope`) of that name."""
        ...

    def known(self, scope: str) -> Collection[str]:
        """Names that things have, some at least."""
        ...

    def direction(self, name: str) -> Direction | None:
        """Which values of a metric are better; None when that is not known."""
        ...

    def evaluated(self, number: int) -> bool:
        """Whether later evaluations of versions found values of the metric with this name."""
        ...


def conditions(text: str, subject: Subject, names: Names, now: int) -> list[Condition]:
    """What all has to hold for a thing that a filter lets through.

    Raises:
        BadFilter: it makes no sense, or asks for what there is not.
    """
    term = parse(text)
    compiler = Compiler(subject, names, now)
    try:
        return _merged([compiler.condition(each) for each in (term.terms if isinstance(term, Both) else (term,))])
    except Wrong as wrong:
        raise BadFilter(text=text, at=wrong.at, why=wrong.why, nearest=wrong.nearest, hint=wrong.hint) from None


def asks_for(text: str, subject: Subject, attribute: str) -> bool:
    """Whether a filter asks for an attribute, by any of its names."""
    wanted = subject.attribute(attribute)
    return any(each.scope == "attributes" and subject.attribute(each.name) is wanted for each in _fields(parse(text)))


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
    compiler = Compiler(subject, names, now)
    check_letters(text)
    told = text.strip()
    match = re.fullmatch(r"(-?)(.+?)(?:\s+(asc|desc|ascending|descending))?", told, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise BadOrder(text=told, at=0, why="the order is empty", hint="such as metrics.auc DESC")
    try:
        field, attribute = compiler.resolve(parse_field(match[2], match.start(2)))
        if attribute is None:
            number = names.number(field.scope, field.name)
            usual = field.scope == "metrics" and names.direction(field.name) is not Direction.LOWER
            key = compiler.key(field)
        else:
            number, usual, key = None, attribute.kind is Kind.TIME or attribute.name == "seq", compiler.order(attribute)
    except Wrong as wrong:
        raise BadOrder(text=told, at=wrong.at, why=wrong.why, nearest=wrong.nearest, hint=wrong.hint) from None
    descending = match[3].lower().startswith("desc") if match[3] else usual is not bool(match[1])
    return Order(attribute, field.scope, number, key, descending)


class Compiler:
    """Compiles the terms of one filter."""

    def __init__(self, subject: Subject, names: Names, now: int) -> None:
        """`now` is in microseconds, to count ages from."""
        self._subject, self._names, self._now = subject, names, now

    # terms

    def condition(self, term: Term) -> Condition:
        """A term as a test, and what finds things for which it holds."""
        match term:
            case Not(inner):
                return Condition(_wrapped("NOT {}", self.condition(inner).test))
            case Both(terms):
                parts = [self.condition(each) for each in terms]
                finder = next((part.finder for part in parts if part.finder is not None), None)
                return Condition(_joined(" AND ", [part.test for part in parts]), finder)
            case Either(terms):
                return _either([self.condition(each) for each in terms])
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
            return Condition(_wrapped(f"{number} IN {{}}", found))
        return Condition(_wrapped("$n IN {}", found), found, is_exact=True)

    def _missing(self, operand: Operand, *, negated: bool) -> Condition:
        word = "IS NOT NULL" if negated else "IS NULL"
        if not isinstance(operand, Field):
            return Condition(_wrapped(f"{{}} {word}", self._number(operand)))
        field, attribute = self.resolve(operand)
        if attribute is not None and attribute.kind is Kind.LIST:
            return self._element(attribute, Sql(""), negated=not negated)
        if attribute is not None:
            return Condition(Sql(f"{attribute.sql} {word}"))
        finder = None
        number = self._names.number(field.scope, field.name)
        if negated and self._subject.name == "run" and number is not None:
            if field.scope == "metrics":
                finder = Sql(f"{_MEASURED} AND last IS NOT NULL", (number,))
            elif field.scope == "tags":
                finder = Sql(_TAGGED, (number,))
        column = "nullif(kind, 'none')" if field.scope == "params" else ""
        return Condition(_wrapped(f"{{}} {word}", self._value(field, column)), finder, is_exact=finder is not None)

    def _among(self, term: Among) -> Condition:
        values = term.values
        if not isinstance(term.operand, Field):
            parts = [self._comparison(Comparison("=", term.operand, value, term.at)) for value in values]
            if len(parts) > _MOST_RANGES:
                raise Wrong(term.at, f"a sum compares with at most {_MOST_RANGES} values")
            found = _either(parts)
        else:
            field, attribute = self.resolve(term.operand)
            found = self._in_list(field, attribute, values, term.at)
        return Condition(_wrapped("NOT {}", found.test)) if term.negated else found

    def _in_list(self, field: Field, attribute: Attribute | None, values: Sequence[Literal], at: int) -> Condition:
        if attribute is None and field.scope == "metrics":
            numbers = [number for value in values if not math.isnan(number := self._as_number(field, value))]
            nans = [] if len(numbers) == len(values) else [self._metric_is_nan(field)]
            return _either([*([self._numbers(field, numbers)] if numbers else []), *nans])
        if attribute is None:
            texts = [value.value for value in values if isinstance(value.value, str)]
            plain = [value for value in values if not isinstance(value.value, str)]
            if field.scope == "tags":
                texts, plain = [_words_of(value.value) for value in values], []
            parts = [self._texts(field, texts)] if texts else []
            parts += [self._numbers(field, [self._as_number(field, value) for value in plain])] if plain else []
            return _either(parts)
        if attribute.kind in {Kind.TEXT, Kind.WORD}:
            wanted = [_words_of(value.value) for value in values]
            wanted = [text.lower() for text in wanted] if attribute.kind is Kind.WORD else wanted
            return self._with_index(attribute, f"IN ({_marks(wanted)})", tuple(wanted))
        if attribute.kind is Kind.LIST:
            wanted = [_words_of(value.value) for value in values]
            return self._element(attribute, Sql(f"IN ({_marks(wanted)})", tuple(wanted)), negated=False)
        if attribute.kind in {Kind.NUMBER, Kind.BYTES, Kind.SPAN, Kind.FLAG}:
            amounts = [self._attribute_number(attribute, value) for value in values]
            return Condition(Sql(f"{attribute.sql} IN ({_marks(amounts)})", tuple(amounts)))
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
            parts.append(self._with_index(attribute, f"IN ({_marks(whole)})", tuple(whole)))
        return _either(parts)

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
        pattern = _words_of(term.right.value)
        wildcards = len(re.findall("%+", pattern))
        if wildcards > _MOST_WILDCARDS or len(pattern) > _LONGEST_PATTERN:
            why = f"a pattern has at most {_MOST_WILDCARDS} % and {_LONGEST_PATTERN:,} characters"
            raise Wrong(term.right.at, why)
        field, attribute = self.resolve(term.left)
        negated = term.operator.startswith("NOT")
        if attribute is not None and attribute.kind is Kind.LIST:
            return self._element(attribute, Sql("LIKE ?", (pattern,)), negated=negated)
        tested = self._text(field if attribute is None else term.left)
        return Condition(_wrapped(f"{{}} {'NOT ' if negated else ''}LIKE ?", tested, pattern))

    def _compared_value(self, field: Field, sign: str, right: Literal) -> Condition:
        """A param, metric or tag beside a value."""
        value = right.value
        if field.scope == "tags" or (field.scope == "params" and isinstance(value, str)):
            text = _words_of(value)
            if sign == "=":
                return self._texts(field, [text])
            return Condition(_wrapped(f"{{}} {sign} ?", self._text(field), text))
        number = self._as_number(field, right)
        if math.isnan(number):
            if sign not in {"=", "!="}:
                raise Wrong(right.at, "NaN is neither more nor less than anything")
            is_nan = self._metric_is_nan(field)
            return is_nan if sign == "=" else Condition(_wrapped("NOT {}", is_nan.test))
        test = _wrapped(f"{{}} {sign} ?", self._number(field), number)
        name = self._names.number(field.scope, field.name)
        if self._subject.name != "run" or sign not in _ORDERS or name is None:
            return Condition(test)
        if field.scope == "metrics":
            finder = Sql(f"{_MEASURED} AND last {sign} ?", (name, number))
            return Condition(test, finder, is_exact=True, metric=name, bounds=((sign, number),))
        numbers = f"SELECT run_n FROM params INDEXED BY params_by_number WHERE name_id = ? AND number {sign} ?"
        return Condition(test, Sql(numbers, (name, number)), is_exact=True)

    def _numbers(self, field: Field, numbers: Sequence[float]) -> Condition:
        """A metric or param among numbers."""
        test = Sql(f"IN ({_marks(numbers)})", tuple(numbers))
        whole = _wrapped(f"{{}} {test.text}", self._number(field), *numbers)
        name = self._names.number(field.scope, field.name)
        if self._subject.name != "run" or name is None:
            return Condition(whole)
        table, column, index = (
            ("series", "last", "series_by_last")
            if field.scope == "metrics"
            else ("params", "number", "params_by_number")
        )
        finder = f"SELECT run_n FROM {table} INDEXED BY {index} WHERE name_id = ? AND {column} {test.text}"
        return Condition(whole, Sql(finder, (name, *numbers)), is_exact=True)

    def _texts(self, field: Field, texts: Sequence[str]) -> Condition:
        """A param or tag among texts."""
        marks = _marks(texts)
        test = _wrapped(f"{{}} IN ({marks})", self._text(field), *texts)
        name = self._names.number(field.scope, field.name)
        if self._subject.name != "run" or name is None:
            return Condition(test)
        if field.scope == "tags":
            return Condition(test, Sql(f"{_TAGGED} AND value IN ({marks})", (name, *texts)), is_exact=True)
        finder = (
            "SELECT run_n FROM params INDEXED BY params_by_text "
            f"WHERE name_id = ? AND number IS NULL AND text IN ({marks})"
        )
        values: tuple[Bound, ...] = (name, *texts)
        numbers = [number for text in texts if not math.isnan(number := _numeric(text))]
        if not numbers:
            return Condition(test, Sql(finder, values), is_exact=True)
        finder += (
            " UNION SELECT run_n FROM params INDEXED BY params_by_number "
            f"WHERE name_id = ? AND number IN ({_marks(numbers)})"
        )
        return Condition(test, Sql(finder, (*values, name, *numbers)))

    def _metric_is_nan(self, field: Field) -> Condition:
        if field.scope == "params":
            return Condition(self._value(field, "kind = 'float' AND number IS NULL"))
        return Condition(self._value(field, f"{self._metric_column} IS NULL"))

    def _compared_attribute(self, attribute: Attribute, sign: str, right: Literal) -> Condition:
        match attribute.kind:
            case Kind.LIST:
                text = _words_of(right.value)
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
                text = _words_of(right.value)
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
        text = _words_of(value.value).strip().lower()
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
            return _pair(sign, self._plain(left), self._plain(right))
        if kinds == ["param", "param"]:
            numbers = self._number(left), self._number(right)
            told = _wrapped("{} IS NOT NULL", numbers[0]), _wrapped("{} IS NOT NULL", numbers[1])
            parts = [*told, _pair(sign, *numbers), _pair(sign, self._text(left), self._text(right))]
            text = "CASE WHEN {} AND {} THEN {} ELSE {} END".format(*(part.text for part in parts))
            return Sql(f"({text})", tuple(value for part in parts for value in part.values))
        if any(kind in {Kind.TEXT, Kind.WORD, Kind.ID} for kind in kinds):
            return _pair(sign, self._text(left), self._text(right))
        return _pair(sign, self._number(left), self._number(right))

    # operands

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
            raise self._unknown(field, f"a {subject.name} has no {_cut(field.name)}")
        if field.scope != "tags" and not subject.metrics:
            raise self._unknown(field, f"a {subject.name} has no {field.scope}")
        if names.number(field.scope, field.name) is None and names.known(field.scope):
            raise self._unknown(field, f"no {subject.name} has a {field.scope[:-1]} {_cut(field.name)}")
        return field, None

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
        return self._value(field, "ifnull(number, text)" if field.scope == "params" else "")

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
                    raise Wrong(at, f"{_cut(value)!r} is no number")
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
                return Sql("?", (_words_of(value),))
            case Arithmetic():
                raise Wrong(place_of(operand), "a sum is no text")
            case Field():
                field, attribute = self.resolve(operand)
                if attribute is None:
                    if field.scope == "metrics":
                        raise Wrong(field.at, f"metrics.{_cut(field.name)} is a number, no text")
                    return self._value(field, "text" if field.scope == "params" else "")
                if attribute.kind not in {Kind.TEXT, Kind.WORD, Kind.ID}:
                    raise Wrong(field.at, f"{attribute.name} is no text")
                return Sql(attribute.sql)

    @property
    def _metric_column(self) -> str:
        return "last" if self._subject.name == "run" else "value"

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
            return Sql(f"(SELECT {column or 'last'} FROM series WHERE run_n = $n AND name_id = ?)", (number,))
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
            number = _numeric(value)
            if math.isnan(number) and value.strip().lower() != "nan":
                written = f"{field.scope}.{_cut(field.name)}"
                raise Wrong(literal.at, f"{written} is a number, and {_cut(value)!r} is none")
            return number
        return math.nan if value is None else float(value)

    def _attribute_number(self, attribute: Attribute, literal: Literal) -> Bound:
        value = literal.value
        if attribute.kind is Kind.FLAG:
            told = _words_of(value).lower()
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
                    found, hint = _numeric(value), ""
            if found is None or math.isnan(found):
                raise Wrong(literal.at, f"{attribute.name} is a number, and {_cut(value)!r} is none", hint or None)
            return found
        if value is None or math.isnan(value):
            raise Wrong(literal.at, f"{attribute.name} is never NaN")
        return value


_MEASURED = "SELECT run_n FROM series INDEXED BY series_by_last WHERE name_id = ?"
_TAGGED = "SELECT subject_id FROM tags INDEXED BY tags_by_value WHERE kind = 'run' AND name_id = ?"
_PLAIN_NAME = r"[^\W\d]\w*(?:[.@:/-][^\W\d]\w*)*"


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


_MOST_WORDS = 50


def _merged(parts: Sequence[Condition]) -> list[Condition]:
    """The same conditions, but all bounds of one metric as one."""
    found: list[Condition] = []
    places: dict[int, int] = {}
    for part in parts:
        if part.metric is None or part.finder is None:
            found.append(part)
        elif part.metric not in places:
            places[part.metric] = len(found)
            found.append(part)
        else:
            other = found[places[part.metric]]
            bounds = other.bounds + part.bounds
            finder = Sql(
                _MEASURED + "".join(f" AND last {sign} ?" for sign, _ in bounds),
                (part.metric, *(number for _, number in bounds)),
            )
            test = _joined(" AND ", [other.test, part.test])
            found[places[part.metric]] = Condition(test, finder, is_exact=True, metric=part.metric, bounds=bounds)
    return found


def _either(parts: Sequence[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    finders = [part.finder for part in parts if part.finder is not None]
    test = _joined(" OR ", [part.test for part in parts])
    if len(finders) < len(parts) or len(parts) > _MOST_UNITED:
        return Condition(test)
    found = Sql(
        " UNION ".join(each.text for each in finders), tuple(value for each in finders for value in each.values)
    )
    return Condition(test, found, is_exact=all(part.is_exact for part in parts))


_MOST_UNITED = 20


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    return Sql(f"({word.join(part.text for part in parts)})", tuple(value for part in parts for value in part.values))


def _wrapped(form: str, inner: Sql, *more: Bound) -> Sql:
    """`form` with the inner SQL at its braces, and what is bound after it."""
    text = inner.text if inner.text.startswith("(") or inner.text == "?" else f"({inner.text})"
    return Sql(form.replace("{}", text, 1), (*inner.values, *more))


def _pair(sign: str, left: Sql, right: Sql) -> Sql:
    return Sql(f"({left.text} {sign} {right.text})", left.values + right.values)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _numeric(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _words_of(value: Bound) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() | int():
            return f"{value:.10g}" if isinstance(value, float) else str(value)
        case str():
            return value


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _fields(term: Term) -> Iterable[Field]:
    match term:
        case Not(inner):
            yield from _fields(inner)
        case Both(terms) | Either(terms):
            for each in terms:
                yield from _fields(each)
        case Comparison(_, left, right):
            yield from _operand_fields(left)
            yield from _operand_fields(right)
        case Among(operand) | Missing(operand):
            yield from _operand_fields(operand)
        case Words():
            return


def _operand_fields(operand: Operand) -> Iterable[Field]:
    match operand:
        case Field():
            yield operand
        case Arithmetic(_, left, right):
            yield from _operand_fields(left)
            yield from _operand_fields(right)
        case Literal():
            return
