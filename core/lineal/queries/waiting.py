"""The one question about automations that every change asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def is_anything(connection: sqlite3.Connection) -> bool:
    """Whether a delivery waits that may begin."""
    found = connection.execute(
        "SELECT 1 FROM deliveries d JOIN automations a ON a.id = d.automation_id "
        "WHERE d.state = 'waiting' AND a.enabled LIMIT 1"
    ).fetchone()
    return found is not None


def set_depth(connection: sqlite3.Connection, events: int, depth: int) -> None:
    """Say of the last events how many deliveries led to them."""
    connection.execute(
        "UPDATE deliveries SET depth = ? WHERE state = 'waiting' AND attempt = 1 "
        "AND event_seq > (SELECT max(seq) FROM events) - ?",
        (depth, events),
    )
