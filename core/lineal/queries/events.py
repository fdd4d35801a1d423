"""The audit log's rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.records.base import Actor, Micros
from lineal.records.stages import Event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from lineal.records.auditing import EventFilter, RawEvent

_COLUMNS = "SELECT seq, at, actor, uid, claim, action, ref, data, prev, hash FROM events "
_RAW = (
    "SELECT seq, at, CAST(actor AS BLOB), uid, CAST(claim AS BLOB), CAST(action AS BLOB), CAST(ref AS BLOB), "
    "CAST(data AS BLOB), CAST(prev AS BLOB), CAST(hash AS BLOB) FROM events "
)
_TEXT = "(actor || ' ' || coalesce(claim, '') || ' ' || action || ' ' || ref || ' ' || data)"
_LAST = 1 << 62
BATCH = 5_000
"""Events that a check reads at once: some ten milliseconds, for which a writer may have to wait."""


def head(connection: sqlite3.Connection) -> tuple[int, str] | None:
    """Number and hash of the last event; None in an empty log."""
    row = connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else None


def insert(
    connection: sqlite3.Connection,
    seq: int,
    at: Micros,
    actor: Actor,
    action: str,
    ref: str,
    data: str,
    prev: str,
    digest: str,
) -> None:
    """Append one sealed event; `data` is canonical JSON."""
    connection.execute(
        "INSERT INTO events (seq, at, actor, uid, claim, action, ref, data, prev, hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (seq, at, actor.user, actor.uid, actor.claim, action, ref, data, prev, digest),
    )


# as they lie in the database


def raw(connection: sqlite3.Connection, *, after: int | None, limit: int = BATCH) -> list[RawEvent]:
    """Up to `limit` events after event `after`, oldest first, whatever their texts hold; None for the very first."""
    last = -(1 << 62) if after is None else after
    return connection.execute(_RAW + "WHERE seq > ? ORDER BY seq LIMIT ?", (last, limit)).fetchall()


def chain(connection: sqlite3.Connection) -> Iterator[list[RawEvent]]:
    """All events, oldest first, in batches, so that no cursor stays open between two of them."""
    last: int | None = None
    while found := raw(connection, after=last):
        yield found
        last = found[-1][0]


# for whoever reads


def by_seq(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[Event]:
    """The events with these numbers, newest first."""
    rows = connection.execute(
        _COLUMNS + "WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC", (json.dumps(list(numbers)),)
    ).fetchall()
    return [_event(row) for row in rows]


def totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many events there are, and the number of the last."""
    count, last = connection.execute("SELECT (SELECT count(*) FROM events), (SELECT max(seq) FROM events)").fetchone()
    return count, last or 0


def bounds(connection: sqlite3.Connection, since: Micros | None, until: Micros | None) -> tuple[int, int]:
    """Numbers between which the events of a time are: the lowest of them, and one more than the highest.

    Clocks jump, so that others may lie between them.
    """
    if since is None and until is None:
        return (-_LAST, _LAST)
    low, high = connection.execute(
        "SELECT min(seq), max(seq) FROM events WHERE at >= ? AND at < ?",
        (-_LAST if since is None else since, _LAST if until is None else until),
    ).fetchone()
    return (0, 0) if low is None else (low, high + 1)


def page(
    connection: sqlite3.Connection,
    wanted: EventFilter,
    *,
    after: int = -_LAST,
    before: int = _LAST,
    limit: int = -1,
    oldest_first: bool = False,
) -> list[Event]:
    """Events between two numbers, themselves left out, newest first unless said otherwise."""
    rows = _select(connection, _COLUMNS, wanted, after, before, limit, oldest_first=oldest_first)
    return [_event(row) for row in rows]


def numbers(
    connection: sqlite3.Connection, wanted: EventFilter, *, after: int = -_LAST, before: int = _LAST
) -> list[int]:
    """The numbers of events between two others, newest first."""
    return [row[0] for row in _select(connection, "SELECT seq FROM events ", wanted, after, before, -1)]


def _select(
    connection: sqlite3.Connection,
    columns: str,
    wanted: EventFilter,
    after: int,
    before: int,
    limit: int,
    *,
    oldest_first: bool = False,
) -> list[tuple[int, int, str, int, str | None, str, str, str, str, str]]:
    order = "ORDER BY seq" if oldest_first else "ORDER BY seq DESC"
    # Several actions: the newest of each, merged, so that every part is read in the order of its index.
    choices: list[tuple[str, ...]] = [(action,) for action in wanted.actions] or [()]
    parts, values = [], list[object]()
    for action in choices:
        where, bound = _where(wanted, action)
        parts.append(f"SELECT * FROM ({columns}WHERE seq > ? AND seq < ?{where} {order} LIMIT ?)")
        values += [after, before, *bound, limit]
    if len(parts) == 1:
        return connection.execute(parts[0], values).fetchall()
    return connection.execute(" UNION ALL ".join(parts) + f" {order} LIMIT ?", [*values, limit]).fetchall()


def _where(wanted: EventFilter, action: tuple[str, ...]) -> tuple[str, list[object]]:
    """The conditions: the first is looked up in its index, the others (their columns behind a `+`) are only checked.

    Left to itself, SQLite takes any of the indexes, since it knows nothing of how many events each name has.
    """
    found: list[tuple[str, object]] = []
    if wanted.ref is not None and wanted.label is None:
        found.append(("ref = ?", wanted.ref))
    if wanted.subject is not None:
        found.append(("subject = ?", wanted.subject))
    found.extend(("action = ?", each) for each in action)
    is_claim = wanted.actor is not None and ":" in wanted.actor and not wanted.actor.startswith("uid:")
    if wanted.actor is not None and not is_claim:
        found.append(("actor = ?", wanted.actor))
    text = "".join(f" AND {'+' if place else ''}{condition}" for place, (condition, _) in enumerate(found))
    values = [value for _, value in found]
    if is_claim:
        text += " AND instr(',' || claim || ',', ',' || ? || ',')"
        values.append(wanted.actor)
    if wanted.label is not None:
        text += " AND (ref = ? OR (ref GLOB '*@*' AND ? IN (json_extract(data, '$.from'), json_extract(data, '$.to'))))"
        values += [wanted.ref, wanted.label]
    for bound, sign in ((wanted.since, ">="), (wanted.until, "<")):
        if bound is not None:
            text += f" AND +at {sign} ?"
            values.append(bound)
    for word in wanted.words:
        text += f" AND {_TEXT} LIKE ? ESCAPE '\\'"
        values.append("%" + word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%")
    return text, values


def is_indexed(wanted: EventFilter) -> bool:
    """Whether an index alone tells which events are wanted, so that a page of them costs no more than itself."""
    several = sum(each is not None for each in (wanted.ref or wanted.subject, wanted.actor)) + bool(wanted.actions)
    claimed = wanted.actor is not None and ":" in wanted.actor
    return (
        several <= 1
        and not claimed
        and wanted.label is None
        and not wanted.words
        and wanted.since is wanted.until is None
    )


def distinct(connection: sqlite3.Connection, column: str) -> list[str]:
    """The values of a column that has an index (`actor`, `action`, `subject`), each found by one step in it."""
    rows = connection.execute(
        f"WITH RECURSIVE each (value) AS (SELECT min({column}) FROM events UNION ALL "
        f"SELECT (SELECT min({column}) FROM events WHERE {column} > value) FROM each WHERE value IS NOT NULL) "
        "SELECT value FROM each WHERE value IS NOT NULL LIMIT 10000"
    ).fetchall()
    return [row[0] for row in rows]


def _event(row: tuple[int, int, str, int, str | None, str, str, str, str, str]) -> Event:
    seq, at, user, uid, claim, action, ref, data, prev, digest = row
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        # Somebody edited it. It is shown as it is; checking the log names it.
        content = {"damaged": data}
    return Event(seq, Micros(at), Actor(user, uid, claim), action, ref, content, prev, digest)
