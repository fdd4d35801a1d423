"""Automations and their deliveries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.records.automation import (
    ACTIONS,
    Automation,
    AutomationState,
    Delivery,
    DeliveryState,
    Occasion,
)
from lineal.records.base import Micros
from lineal.rules.canonical import read_back, words

if TYPE_CHECKING:
    import sqlite3

_AUTOMATION = (
    "SELECT a.id, a.name, a.event, m.name, s.name, a.command, a.timeout, a.enabled, a.at, a.actor FROM automations a "
    "LEFT JOIN models m ON m.id = a.model_id LEFT JOIN stages s ON s.id = a.stage_id "
)
_DELIVERY = (
    "SELECT d.id, a.name, a.event, e.seq, e.action, e.ref, d.attempt, d.depth, d.state, e.at, d.started_at, "
    "d.ended_at, d.exit_code, d.output FROM deliveries d "
    "JOIN automations a ON a.id = d.automation_id JOIN events e ON e.seq = d.event_seq "
)
_TAIL = 2_000
"""Letters of the end of an output that a list needs at most."""
_TAILED = _DELIVERY.replace("d.output", f"substr(d.output, -{_TAIL})")
_LAST_ATTEMPT = (
    "d.attempt = (SELECT max(attempt) FROM deliveries o "
    "WHERE o.automation_id = d.automation_id AND o.event_seq = d.event_seq)"
)
_OVER = "('done', 'failed', 'timed_out', 'lost')"


def insert(
    connection: sqlite3.Connection,
    new: Automation,
    *,
    model: int | None,
    stage: int | None,
) -> int:
    """Add an automation, which is enabled."""
    row = connection.execute(
        "INSERT INTO automations (name, event, model_id, stage_id, command, timeout, enabled, at, actor) "
        "VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?) RETURNING id",
        (new.name, new.event, model, stage, json.dumps(new.command), new.timeout, new.at, new.actor),
    ).fetchone()
    number = int(row[0])
    connection.executemany(
        "INSERT INTO automation_actions (action, automation_id) VALUES (?, ?)",
        [(action, number) for action in ACTIONS[new.event]],
    )
    return number


def automations(connection: sqlite3.Connection, name: str | None = None) -> list[Automation]:
    """All that were not removed, or the one of this name, in the order in which they were added."""
    rows = connection.execute(
        _AUTOMATION + "WHERE a.removed_at IS NULL AND (?1 IS NULL OR a.name = ?1) ORDER BY a.id", (name,)
    ).fetchall()
    return [_automation(row) for row in rows]


def automation_of(connection: sqlite3.Connection, delivery: int) -> Automation | None:
    """The automation that a delivery is for, whether it was removed or not."""
    row = connection.execute(
        _AUTOMATION + "WHERE a.id = (SELECT automation_id FROM deliveries WHERE id = ?)", (delivery,)
    ).fetchone()
    return None if row is None else _automation(row)


def is_removed(connection: sqlite3.Connection, automation: int) -> bool:
    """Whether it was taken away."""
    row = connection.execute("SELECT removed_at IS NOT NULL FROM automations WHERE id = ?", (automation,)).fetchone()
    return bool(row[0])


def enable(connection: sqlite3.Connection, automation: int, *, enabled: bool) -> None:
    """Let an automation run, or keep it from running."""
    connection.execute("UPDATE automations SET enabled = ? WHERE id = ?", (enabled, automation))


def remove(connection: sqlite3.Connection, automation: int, at: Micros) -> None:
    """Take an automation away, with what waits for it; the log of its deliveries stays."""
    connection.execute("DELETE FROM automation_actions WHERE automation_id = ?", (automation,))
    connection.execute("DELETE FROM deliveries WHERE automation_id = ? AND state = 'waiting'", (automation,))
    connection.execute("UPDATE automations SET enabled = 0, removed_at = ? WHERE id = ?", (at, automation))


def deliveries(connection: sqlite3.Connection, *, name: str | None = None, limit: int = -1) -> list[Delivery]:
    """Deliveries of all automations or of those of a name, newest first."""
    rows = connection.execute(
        _DELIVERY + "WHERE ?1 IS NULL OR a.name = ?1 ORDER BY d.id DESC LIMIT ?2", (name, limit)
    ).fetchall()
    return [_delivery(row) for row in rows]


def states(connection: sqlite3.Connection) -> list[AutomationState]:
    """All that were not removed, in the order in which they were added, and how their deliveries fared."""
    counts = {
        number: (total, waiting, failed)
        for number, total, waiting, failed in connection.execute(
            "SELECT d.automation_id, count(*), sum(d.state = 'waiting'), "
            f"sum(d.state IN ('failed', 'timed_out', 'lost')) FROM deliveries d WHERE {_LAST_ATTEMPT} "
            "GROUP BY d.automation_id"
        ).fetchall()
    }
    last = {
        number: _delivery(tuple(row))
        for number, *row in connection.execute(
            _TAILED.replace("SELECT ", "SELECT a.id, ", 1) + "WHERE d.id IN (SELECT (SELECT o.id FROM deliveries o "
            "WHERE o.automation_id = k.id AND o.state <> 'waiting' ORDER BY o.started_at DESC, o.id DESC LIMIT 1) "
            "FROM automations k WHERE k.removed_at IS NULL)"
        ).fetchall()
    }
    found = []
    for each in automations(connection):
        total, waiting, failed = counts.get(each.id, (0, 0, 0))
        found.append(AutomationState(each, last.get(each.id), waiting, failed, total))
    return found


def delivered_events(connection: sqlite3.Connection, *, name: str | None, limit: int) -> list[Delivery]:
    """Of each event that was handed to automations the last attempt, newest first, with the end of its output only."""
    rows = connection.execute(
        _TAILED
        + f"WHERE (?1 IS NULL OR a.name = ?1) AND {_LAST_ATTEMPT} ORDER BY d.event_seq DESC, d.id DESC LIMIT ?2",
        (name, limit),
    ).fetchall()
    return [_delivery(row) for row in rows]


def attempts(connection: sqlite3.Connection, number: int) -> list[Delivery]:
    """All deliveries of the event of one to the same automation, the first attempt first, with the ends of outputs."""
    rows = connection.execute(
        _TAILED
        + "WHERE (d.automation_id, d.event_seq) = (SELECT automation_id, event_seq FROM deliveries WHERE id = ?) "
        "ORDER BY d.attempt",
        (number,),
    ).fetchall()
    return [_delivery(row) for row in rows]


def delivery(connection: sqlite3.Connection, number: int) -> Delivery | None:
    """The delivery of this number; None when there is none, or not any more."""
    row = connection.execute(_DELIVERY + "WHERE d.id = ?", (number,)).fetchone()
    return None if row is None else _delivery(row)


def running(connection: sqlite3.Connection) -> list[Delivery]:
    """Deliveries that are said to be made now."""
    rows = connection.execute(_DELIVERY + "WHERE d.state = 'running' ORDER BY d.id").fetchall()
    return [_delivery(row) for row in rows]


def lost(connection: sqlite3.Connection) -> list[Delivery]:
    """Deliveries that were lost, of which nobody has taken note."""
    rows = connection.execute(_DELIVERY + "WHERE d.state = 'lost' AND d.noted_at IS NULL ORDER BY d.id").fetchall()
    return [_delivery(row) for row in rows]


def count_waiting(connection: sqlite3.Connection) -> int:
    """How many deliveries wait that may begin."""
    row = connection.execute(
        "SELECT count(*) FROM deliveries d JOIN automations a ON a.id = d.automation_id "
        "WHERE d.state = 'waiting' AND a.enabled"
    ).fetchone()
    return int(row[0])


def next_waiting(connection: sqlite3.Connection, limit: int) -> list[int]:
    """Numbers of the deliveries that may begin: the first that waits, of each automation that runs none."""
    rows = connection.execute(
        "SELECT next FROM (SELECT (SELECT d.id FROM deliveries d WHERE d.state = 'waiting' AND d.automation_id = a.id "
        "ORDER BY d.event_seq, d.attempt LIMIT 1) AS next FROM automations a WHERE a.enabled "
        "AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.state = 'running' AND r.automation_id = a.id)) "
        "WHERE next IS NOT NULL ORDER BY (SELECT event_seq FROM deliveries WHERE id = next) LIMIT ?",
        (limit,),
    ).fetchall()
    return [int(row[0]) for row in rows]


def begin(connection: sqlite3.Connection, number: int, at: Micros) -> None:
    """Record that a delivery is being made, before it is."""
    connection.execute("UPDATE deliveries SET state = 'running', started_at = ? WHERE id = ?", (at, number))


def end(
    connection: sqlite3.Connection, number: int, state: DeliveryState, at: Micros, exit_code: int | None, output: str
) -> None:
    """Record how a delivery ended."""
    connection.execute(
        "UPDATE deliveries SET state = ?, ended_at = ?, exit_code = ?, output = ? WHERE id = ?",
        (state, at, exit_code, output, number),
    )


def lose(connection: sqlite3.Connection, at: Micros, why: str) -> int:
    """Record of all deliveries that are said to run that they were lost; returns how many."""
    return connection.execute(
        "UPDATE deliveries SET state = 'lost', ended_at = ?, output = ? WHERE state = 'running'", (at, why)
    ).rowcount


def note(connection: sqlite3.Connection, number: int, at: Micros) -> None:
    """Record that somebody took note of a delivery that was lost."""
    connection.execute("UPDATE deliveries SET noted_at = ? WHERE id = ? AND state = 'lost'", (at, number))


def again(connection: sqlite3.Connection, number: int) -> int:
    """Let an event wait once more for the automation of a delivery; returns the new delivery's number."""
    row = connection.execute(
        "INSERT INTO deliveries (automation_id, event_seq, attempt, depth, state) "
        "SELECT automation_id, event_seq, (SELECT max(attempt) FROM deliveries o "
        "WHERE o.automation_id = d.automation_id AND o.event_seq = d.event_seq) + 1, 0, 'waiting' "
        "FROM deliveries d WHERE id = ? RETURNING id",
        (number,),
    ).fetchone()
    return int(row[0])


def unended(connection: sqlite3.Connection, number: int) -> bool:
    """Whether an attempt at the same event waits or runs."""
    row = connection.execute(
        "SELECT 1 FROM deliveries o JOIN deliveries d ON d.automation_id = o.automation_id "
        "AND d.event_seq = o.event_seq WHERE d.id = ? AND o.state IN ('waiting', 'running') LIMIT 1",
        (number,),
    ).fetchone()
    return row is not None


def forget(connection: sqlite3.Connection, keep: int) -> int:
    """Drop the oldest deliveries that are over, all but `keep` of each automation; returns how many."""
    count = connection.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    if count <= keep:
        return 0
    return connection.execute(
        f"DELETE FROM deliveries WHERE state IN {_OVER} AND id IN (SELECT id FROM ("
        f"SELECT id, row_number() OVER (PARTITION BY automation_id ORDER BY id DESC) AS place FROM deliveries "
        f"WHERE state IN {_OVER}) WHERE place > ?)",
        (keep,),
    ).rowcount


def stop_all(connection: sqlite3.Connection, at: Micros) -> list[str]:
    """Keep all automations from running, with what waits, as in a copy of a registry; returns their names."""
    connection.execute(
        "UPDATE deliveries SET state = 'lost', ended_at = ?1, noted_at = ?1, output = 'the registry was restored' "
        "WHERE state IN ('waiting', 'running')",
        (at,),
    )
    rows = connection.execute("UPDATE automations SET enabled = 0 WHERE enabled RETURNING name").fetchall()
    return sorted(row[0] for row in rows)


_Row = tuple[int, str, str, str | None, str | None, str, float, int, int, str]


def _automation(row: _Row) -> Automation:
    number, name, event, model, stage, command, timeout, enabled, at, actor = row
    ran = read_back(command, words)
    return Automation(number, name, Occasion(event), model, stage, ran, timeout, bool(enabled), Micros(at), actor)


_DeliveryRow = tuple[
    *tuple[int, str, str, int, str, str, int, int, str, int], *tuple[int | None, int | None, int | None, str]
]


def _delivery(row: _DeliveryRow) -> Delivery:
    number, name, event, seq, action, ref, attempt, depth, state, at, started, ended, code, output = row
    return Delivery(
        id=number,
        automation=name,
        event=Occasion(event),
        seq=seq,
        action=action,
        ref=ref,
        attempt=attempt,
        depth=depth,
        state=DeliveryState(state),
        at=Micros(at),
        started_at=None if started is None else Micros(started),
        ended_at=None if ended is None else Micros(ended),
        exit_code=code,
        output=output,
    )
