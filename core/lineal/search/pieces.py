"""What filters become on their way to SQL: pieces of it, and what is known of the names in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lineal.records.runs import Direction
    from lineal.search.fields import Attribute

Bound = str | int | float | bytes | None
NAN = "x''"
"""What NaN is sorted by, which SQLite keeps as NULL: no bytes are neither number, nor text, nor NULL."""
MEASURED = "SELECT run_n FROM series INDEXED BY series_by_last WHERE name_id = ?"
"""Runs that have a metric."""
TAGGED = "SELECT subject_id FROM tags INDEXED BY tags_by_value WHERE kind = 'run' AND name_id = ?"
"""Runs that have a tag."""
_MOST_UNITED = 20


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
    column: str = "last"
    """Of a run's metric: which of its values."""


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

    def stages(self) -> Collection[str]:
        """The names of all declared stages."""
        ...

    def evaluated(self, number: int) -> bool:
        """Whether later evaluations of versions found values of the metric with this name."""
        ...


def measured(column: str) -> str:
    """A query for the runs that have a metric, whose condition on one of its columns an index answers."""
    return f"SELECT run_n FROM series INDEXED BY series_by_{column} WHERE name_id = ?"


def merged(parts: Sequence[Condition]) -> list[Condition]:
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
                MEASURED + "".join(f" AND last {sign} ?" for sign, _ in bounds),
                (part.metric, *(number for _, number in bounds)),
            )
            test = joined(" AND ", [other.test, part.test])
            found[places[part.metric]] = Condition(test, finder, is_exact=True, metric=part.metric, bounds=bounds)
    return found


def either(parts: Sequence[Condition]) -> Condition:
    """One of several holds."""
    if len(parts) == 1:
        return parts[0]
    finders = [part.finder for part in parts if part.finder is not None]
    test = joined(" OR ", [part.test for part in parts])
    if len(finders) < len(parts) or len(parts) > _MOST_UNITED:
        return Condition(test)
    found = Sql(
        " UNION ".join(each.text for each in finders), tuple(value for each in finders for value in each.values)
    )
    return Condition(test, found, is_exact=all(part.is_exact for part in parts))


def joined(word: str, parts: Sequence[Sql]) -> Sql:
    """Pieces in parentheses, with a word between them."""
    return Sql(f"({word.join(part.text for part in parts)})", tuple(value for part in parts for value in part.values))


def wrapped(form: str, inner: Sql, *more: Bound) -> Sql:
    """`form` with the inner SQL at its braces, and what is bound after it."""
    text = inner.text if inner.text.startswith("(") or inner.text == "?" else f"({inner.text})"
    return Sql(form.replace("{}", text, 1), (*inner.values, *more))


def pair(sign: str, left: Sql, right: Sql) -> Sql:
    """Two pieces with a sign between them."""
    return Sql(f"({left.text} {sign} {right.text})", left.values + right.values)


def marks(values: Sequence[object]) -> str:
    """A place for each value."""
    return ", ".join("?" * len(values))


def numeric(text: str) -> float:
    """The number that a text is; NaN when it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def words_of(value: Bound) -> str:
    """A value as the text that it is compared as."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() | int():
            return f"{value:.10g}" if isinstance(value, float) else str(value)
        case bytes():
            return "nan"
        case str():
            return value


def cut(text: str) -> str:
    """A text as long as a sentence has room for."""
    return text if len(text) <= 60 else f"{text[:60]}…"
