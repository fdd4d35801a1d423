"""How a search is carried out: in the order that is asked for, or from the few things that an index finds.

SQLite's own planner knows no frequencies of single values, and would take the wrong index for some; so what it starts
from is chosen here, by counting a little, and fixed in the statement. Statistics are not needed.
"""

from __future__ import annotations

import json
import re
from array import array
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from lineal.queries.watched import TooFar, watched
from lineal.records.searching import Part
from lineal.search.pieces import NAN, Condition, Sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from lineal.records.searching import Place
    from lineal.search.fields import Subject

_FEW = 1_000
"""Things that are looked at one by one without asking what is best."""
_SHARE = 10
"""A condition that one in so many things or more meets is no start."""
_MOST_COUNTED = 100_000
_MOST_BEARERS = 10_000
"""Of plain words, which take longer to count."""
_CHEAPER = 20
"""How many row numbers are read from an index while one thing is looked at."""
_BEYOND_FOUR_BYTES = 1 << 31
_UNKNOWN = 0.3
"""Share of things for which a condition is taken to hold when nothing tells."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Things in their order, as an index has them."""

    source: str
    key: str
    """What they are sorted by."""
    number: str
    """Their row number."""
    where: Sql = field(default_factory=lambda: Sql("1"))
    metric: int | None = None
    """The row of the metric's name, where that is what they are sorted by."""
    is_missing: bool = False
    """Whether these are the ones that have nothing to sort by."""
    is_nan: bool = False
    """Whether they are sorted by NaN."""
    texts: bool | None = None
    """Whether the keys are texts, or numbers; None when they are of one kind anyway."""

    @property
    def is_equal(self) -> bool:
        """Whether nothing but the row number tells these apart; they stand behind what has an order of its own."""
        return self.is_missing or self.is_nan

    def has(self, place: Place) -> bool:
        """Whether a place is among these."""
        if place.value is None or self.is_missing:
            return place.value is None and self.is_missing
        if self.is_nan or isinstance(place.value, bytes):
            return self.is_nan and isinstance(place.value, bytes)
        return self.texts is None or self.texts is isinstance(place.value, str)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and in which order."""

    subject: Subject
    conditions: Sequence[Condition]
    key: Sql
    descending: bool
    walks: Sequence[Walk]
    """The order as indexes have it, one after the other; empty when none has."""
    now: int
    stopped: Callable[[], bool] | None = None

    @property
    def ties_descend(self) -> bool:
        """Whether the newer stands first among equals."""
        return self.descending or not self.walks


Key = str | int | float | bytes | None
Row = tuple[Key, int]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a search begins with."""

    starts: tuple[Condition, ...]
    """The things for which all of these hold, as their indexes tell; empty for all things."""
    walks_at_most: int
    """Rows to walk before that is tried; 0 not to walk, -1 to do nothing else."""


def rows(connection: sqlite3.Connection, search: Search, part: Part) -> list[Row]:
    """(what it is sorted by, row number) of the things in a part of what is found, in their order."""
    plan = _planned(connection, search, part)
    found: list[Row]
    if plan.walks_at_most == 0:
        found = _run(connection, search, *_in_order(connection, search, part, plan))
    else:
        try:
            found = _walked(connection, search, part, plan.walks_at_most)
        except TooFar:
            found = _run(connection, search, *_in_order(connection, search, part, plan))
    return found[::-1] if part.backwards else found


def numbers(connection: sqlite3.Connection, search: Search) -> array[int]:
    """The row numbers of all things that are found, in their order: few bytes each, however many they are."""
    plan = _planned(connection, search, Part(-1))
    found = array("i" if _highest(connection, search) < _BEYOND_FOUR_BYTES else "q")
    walks = [_walk(search, walk, None, backwards=False) for walk in search.walks]
    for text, values in walks if plan.walks_at_most else [_in_order(connection, search, Part(-1), plan)]:
        with watched(connection, search.stopped, -1):
            found.extend(row[1] for row in connection.execute(text, values))
    return found


def count(connection: sqlite3.Connection, search: Search, ahead_of: Place | None = None) -> int:
    """How many things are found; or how many of them stand ahead of a place."""
    plan = _planned(connection, search, Part(-1))
    if ahead_of is None or plan.starts or not search.walks:
        search, start = _begun(connection, search, plan)
        if ahead_of is None:
            return _number(connection, search, *_base(search, start, "count(*)"))
        edge = _beyond(search, ahead_of, backwards=True)
        text, values = _base(search, start, "$k AS k, $n AS n")
        text = f"SELECT count(*) FROM ({_one_by_one(text)}) WHERE {edge.text}"
        return _number(connection, search, text, (*values, *edge.values))
    total = 0
    for walk in search.walks:
        is_there = walk.has(ahead_of)
        text, values = _walk(search, walk, ahead_of if is_there else None, backwards=True, what="count(*)")
        total += _number(connection, search, text, values)
        if is_there:
            break
    return total


# the choice


def _planned(connection: sqlite3.Connection, search: Search, part: Part) -> _Plan:
    if not search.conditions:
        return _Plan((), -1 if search.walks else 0)
    things = _highest(connection, search)
    if things <= _FEW:
        return _Plan((), 0)
    most = max(2 * _FEW, min(things // _SHARE, _MOST_COUNTED))
    counts = [_count(connection, search, each, most) for each in search.conditions]
    starts, cost = _starts(search.conditions, counts, things, most)
    if not search.walks:
        return _Plan(starts, 0)
    steps, share = things, 1.0
    for each, number in zip(search.conditions, counts, strict=True):
        likely = number if number <= most else max(number, int(things * _UNKNOWN))
        if each.metric is not None and each.metric == search.walks[0].metric:
            steps = min(steps, likely)
        else:
            share *= max(likely, 1) / things
    wanted = things if part.limit < 0 else part.limit + part.skip
    if starts and cost <= min(steps, wanted / share):
        return _Plan(starts, 0)
    return _Plan(starts, max(int(cost), _FEW) if starts else -1)


def _highest(connection: sqlite3.Connection, search: Search) -> int:
    """The highest row number there is, which is about how many things there are."""
    table, column = search.subject.table.split()[0], search.subject.number.partition(".")[2]
    return int(connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()[0])


def _starts(
    conditions: Sequence[Condition], counts: Sequence[int], things: int, most: int
) -> tuple[tuple[Condition, ...], float]:
    """The conditions to begin with, and what that costs, as a number of things looked at."""
    order = sorted(range(len(counts)), key=counts.__getitem__)
    if counts[order[0]] > most:
        return (), 0.0
    starts = [conditions[order[0]]]
    left = float(counts[order[0]])
    if not starts[0].is_exact:
        return (starts[0],), left
    cost = left / _CHEAPER
    for place in order[1:]:
        kept = left * counts[place] / things
        # To read a number from an index costs a fraction of looking at the thing.
        if counts[place] <= most and conditions[place].is_exact and counts[place] / _CHEAPER < left - kept:
            starts.append(conditions[place])
            cost, left = cost + counts[place] / _CHEAPER, kept
    return (tuple(starts), cost + left) if len(starts) > 1 else ((starts[0],), left)


def _begun(connection: sqlite3.Connection, search: Search, plan: _Plan) -> tuple[Search, Condition | None]:
    """The search and the condition to begin with; several are made one."""
    if len(plan.starts) < 2:
        return search, plan.starts[0] if plan.starts else None
    numbers: set[int] = set()
    for place, condition in enumerate(plan.starts):
        finder = condition.finder
        if finder is None:
            continue
        with watched(connection, search.stopped, -1):
            found: set[int] = set(chain.from_iterable(connection.execute(finder.text, finder.values)))
        numbers = numbers & found if place else found
    finder = Sql("SELECT value FROM json_each(?)", (json.dumps(sorted(numbers)),))
    start = Condition(Sql("1"), finder, is_exact=True)
    rest = [each for each in search.conditions if not any(each is other for other in plan.starts)]
    return replace(search, conditions=[start, *rest]), start


def _count(connection: sqlite3.Connection, search: Search, condition: Condition, most: int) -> int:
    """How many things a condition's index finds, up to one more than `most`; what it finds twice counts twice."""
    if condition.finder is None:
        return most + 1
    # What is merely counted need not be told apart, which would take all of it.
    text = condition.finder.text.replace(" UNION SELECT ", " UNION ALL SELECT ").replace("SELECT DISTINCT ", "SELECT ")
    enough = min(most, _MOST_BEARERS) if " MATCH " in text else most
    finder = Sql(f"SELECT count(*) FROM ({text} LIMIT {enough + 1})", condition.finder.values)
    found = _number(connection, search, finder.text, finder.values)
    return found if found <= enough else most + 1


# statements


def _walked(connection: sqlite3.Connection, search: Search, part: Part, most: int) -> list[Row]:
    """Things in the order of indexes, until there are enough."""
    found: list[Row] = []
    edge, skip, limit = part.edge, part.skip, part.limit
    begun = edge is None
    for walk in reversed(search.walks) if part.backwards else search.walks:
        at = edge if edge is not None and not begun and walk.has(edge) else None
        begun = begun or at is not None
        if not begun:
            continue
        text, values = _walk(search, walk, at, backwards=part.backwards)
        left = -1 if limit < 0 else limit - len(found)
        if skip:
            # Those that are left out may end with this walk.
            read = _run(connection, search, f"{text} LIMIT ?", (*values, -1 if left < 0 else left + skip), most)
            found += read[skip:]
            skip = max(0, skip - len(read))
        else:
            found += _run(connection, search, f"{text} LIMIT ?", (*values, left), most)
        if 0 <= limit <= len(found):
            break
    return found


def _walk(
    search: Search, walk: Walk, edge: Place | None, *, backwards: bool, what: str | None = None
) -> tuple[str, tuple[object, ...]]:
    """The statement of a walk, which goes on from a place."""
    downwards = (search.descending or walk.is_equal) is not backwards
    tests = [walk.where]
    for condition in search.conditions:
        if condition.metric is None or condition.metric != walk.metric:
            tests.append(condition.test)
        elif walk.is_equal:
            tests.append(Sql("0"))  # neither NaN nor what is missing is in any bounds
        else:
            tests += [Sql(f"{walk.key} {sign} ?", (number,)) for sign, number in condition.bounds]
    if edge is not None:
        sign = "<" if downwards else ">"
        if walk.is_equal:
            tests.append(Sql(f"{walk.number} {sign} ?", (edge.number,)))
        elif walk.key == walk.number:
            tests.append(Sql(f"{walk.key} {sign} ?", (edge.number,)))
        else:
            tests.append(Sql(f"({walk.key}, {walk.number}) {sign} (?, ?)", (edge.value, edge.number)))
    tests = [each.of(walk.number, search.now) for each in tests]
    where = " AND ".join(each.text for each in tests)
    source = walk.source + _joined(search.subject, walk.source, walk.number, where)
    order = "DESC" if downwards else "ASC"
    keys = [walk.number] if walk.is_equal or walk.key == walk.number else [walk.key, walk.number]
    key = "NULL" if walk.is_missing else NAN if walk.is_nan else walk.key
    text = f"SELECT {what or f'{key}, {walk.number}'} FROM {source} WHERE {where}"
    if what is None:
        text += f" ORDER BY {', '.join(f'{each} {order}' for each in keys)}"
    return text, tuple(value for each in tests for value in each.values)


def _in_order(
    connection: sqlite3.Connection, search: Search, part: Part, plan: _Plan
) -> tuple[str, tuple[object, ...]]:
    """The statement for things that an index finds, or all, put in order."""
    search, start = _begun(connection, search, plan)
    text, values = _base(search, start, "$k AS k, $n AS n")
    edge = Sql("1") if part.edge is None else _beyond(search, part.edge, backwards=part.backwards)
    down, up = ("ASC", "DESC") if part.backwards else ("DESC", "ASC")
    rank = f"iif(k IS NULL, 2, k = {NAN})"
    number = "n" if search.ties_descend else f"iif({rank}, n, -n)"
    order = f"{rank} {up}, k {down if search.descending else up}, {number} {down}"
    text = f"SELECT k, n FROM ({_one_by_one(text)}) WHERE {edge.text} ORDER BY {order}"
    if part.limit < 0 and not part.skip:
        return text, (*values, *edge.values)  # without a limit SQLite sorts by merging, which suits many
    return f"{text} LIMIT ? OFFSET ?", (*values, *edge.values, part.limit, part.skip)


def _one_by_one(text: str) -> str:
    """A statement within another one, which takes its rows as they come.

    Without the limit SQLite would make one statement of the two, and work the key out anew wherever it stands; told to
    materialize it, it would first keep all rows in memory.
    """
    return f"{text} LIMIT -1 OFFSET 0"


def _base(search: Search, start: Condition | None, what: str) -> tuple[str, tuple[object, ...]]:
    """The statement for all that is found, in no order; `what` is to be told of each, `$k` being its key."""
    subject = search.subject
    first: tuple[object, ...] = ()
    number, source, head = subject.number, subject.table, ""
    if start is not None and start.finder is not None:
        head, number, source, first = f"WITH f (n) AS ({start.finder.text}) ", "f.n", "f", start.finder.values
    key = search.key.of(number, search.now)
    told = what.replace("$k", key.text).replace("$n", number)
    kept = [each for each in search.conditions if each is not start or not each.is_exact]
    tests = [each.test.of(number, search.now) for each in kept]
    where = " AND ".join(each.text for each in tests) or "1"
    if head:
        source += _joined(subject, source, number, f"{told} {where}")
    values = (*first, *(key.values if "$k" in what else ()), *(value for each in tests for value in each.values))
    return f"{head}SELECT {told} FROM {source} WHERE {where}", values


def _joined(subject: Subject, source: str, number: str, text: str) -> str:
    """The thing's own row beside what was found of it, where something asks for it."""
    table, *more = subject.table.split(" JOIN ")
    alias = table.split()[1]
    if source.startswith(f"{table} ") or source == table or not re.search(rf"\b{alias}\.", text):
        return ""
    # CROSS JOIN keeps SQLite from beginning with the other one.
    return f" CROSS JOIN {table} ON {subject.number} = {number}" + "".join(f" JOIN {each}" for each in more)


def _beyond(search: Search, place: Place, *, backwards: bool) -> Sql:
    """What stands after a place, or before it."""
    after_key = ">" if search.descending is backwards else "<"
    after_number = ("<" if search.ties_descend else ">") if not backwards else (">" if search.ties_descend else "<")
    if place.value is None:
        sign = ">" if backwards else "<"  # the newest first, whatever the order
        return Sql(f"(k IS NOT NULL OR n {sign} ?)" if backwards else f"(k IS NULL AND n {sign} ?)", (place.number,))
    if isinstance(place.value, bytes):
        sign, other = (">", f"k <> {NAN}") if backwards else ("<", "k IS NULL")
        return Sql(f"({other} OR (k = {NAN} AND n {sign} ?))", (place.number,))
    text = f"k {after_key} ? OR (k = ? AND n {after_number} ?)"
    values = (place.value, place.value, place.number)
    return Sql(f"(({text}) AND k <> {NAN})" if backwards else f"({text} OR k = {NAN} OR k IS NULL)", values)


# execution


def _run(
    connection: sqlite3.Connection, search: Search, text: str, values: Sequence[object], most: int = -1
) -> list[Row]:
    with watched(connection, search.stopped, most):
        return connection.execute(text, values).fetchall()


def _number(connection: sqlite3.Connection, search: Search, text: str, values: Sequence[object]) -> int:
    with watched(connection, search.stopped, -1):
        return int(connection.execute(text, values).fetchone()[0])
