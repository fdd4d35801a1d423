"""The audit log's rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.errors import Damaged
from lineal.records.base import Actor, Micros
from lineal.records.stages import Event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_COLUMNS = "SELECT seq, at, actor, uid, claim, action, ref, data, prev, hash FROM events "


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


def page(connection: sqlite3.Connection, *, before: int | None, limit: int) -> list[Event]:
    """The newest events, or those before event `before`, newest first."""
    rows = connection.execute(
        _COLUMNS + "WHERE seq < ? ORDER BY seq DESC LIMIT ?", (before if before is not None else 1 << 62, limit)
    ).fetchall()
    return [_event(row) for row in rows]


def after(connection: sqlite3.Connection, *, seq: int, limit: int) -> list[Event]:
    """Up to `limit` events after event `seq`, oldest first."""
    rows = connection.execute(_COLUMNS + "WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)).fetchall()
    return [_event(row) for row in rows]


def chain(connection: sqlite3.Connection, *, batch: int = 1_000) -> Iterator[Event]:
    """All events, oldest first, in batches, so that no cursor stays open between two of them."""
    last = 0
    while found := after(connection, seq=last, limit=batch):
        yield from found
        last = found[-1].seq


def _event(row: tuple[int, int, str, int, str | None, str, str, str, str, str]) -> Event:
    seq, at, user, uid, claim, action, ref, data, prev, digest = row
    try:
        content = json.loads(data)
    except ValueError as error:
        raise Damaged(path="registry.db", why=f"event {seq} of the audit log was changed: it is no JSON") from error
    return Event(seq, Micros(at), Actor(user, uid, claim), action, ref, content, prev, digest)
