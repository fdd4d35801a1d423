"""What the audit log and the tables say of each other: nothing is in one of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.queries import ended, governed
from lineal.queries.governed import PAGE
from lineal.queries.stages import next_stage

if TYPE_CHECKING:
    import sqlite3

    from lineal.queries.governed import Page

_REGISTERED = "('version_registered', 'version_imported', 'version_recognised')"


def versions(connection: sqlite3.Connection, after: int) -> Page:
    """Versions past a row number that no event tells of."""
    rows = connection.execute(
        "SELECT v.id, m.name || ':' || v.label, EXISTS (SELECT 1 FROM events e WHERE e.ref = m.name || ':' || v.label "
        f"AND +e.action IN {_REGISTERED} AND json_extract(e.data, '$.uid') = v.uid "
        # an import says itself who registered a version
        "AND (e.actor = v.created_by OR +e.action <> 'version_registered' OR "
        "json_extract(e.data, '$.imported') IS NOT NULL)) "
        "FROM versions v JOIN models m ON m.id = v.model_id WHERE v.id > ? ORDER BY v.id LIMIT ?",
        (after, PAGE),
    ).fetchall()
    lacking = [(ref, "no event tells that it was registered so") for _, ref, told in rows if not told]
    return (rows[-1][0] if rows else None), lacking


def models(connection: sqlite3.Connection, after: int) -> Page:
    """Models past a row number that no event tells of."""
    rows = connection.execute(
        "SELECT m.id, m.name, EXISTS (SELECT 1 FROM events e WHERE e.ref = m.name AND +e.action = 'model_created') "
        "FROM models m WHERE m.id > ? ORDER BY m.id LIMIT ?",
        (after, PAGE),
    ).fetchall()
    lacking = [(ref, "no event tells that it was created") for _, ref, told in rows if not told]
    return (rows[-1][0] if rows else None), lacking


def registrations(connection: sqlite3.Connection, after: int) -> Page:
    """Events past a number that tell of versions which are not there."""
    rows = connection.execute(
        "SELECT e.seq, e.ref, EXISTS (SELECT 1 FROM versions v WHERE v.uid = json_extract(e.data, '$.uid')) "
        f"FROM events e WHERE e.action IN {_REGISTERED} AND e.seq > ? "
        "ORDER BY e.seq LIMIT ?",
        (after, PAGE),
    ).fetchall()
    lacking = [
        (ref, f"event {seq} tells that it was registered, and it is not there") for seq, ref, there in rows if not there
    ]
    return (rows[-1][0] if rows else None), lacking


def creations(connection: sqlite3.Connection, after: int) -> Page:
    """Events past a number that tell of models which are not there."""
    rows = connection.execute(
        "SELECT e.seq, e.ref, EXISTS (SELECT 1 FROM models m WHERE m.name = e.ref) "
        "FROM events e WHERE e.action = 'model_created' AND e.seq > ? "
        "ORDER BY e.seq LIMIT ?",
        (after, PAGE),
    ).fetchall()
    lacking = [
        (ref, f"event {seq} tells that it was created, and it is not there") for seq, ref, there in rows if not there
    ]
    return (rows[-1][0] if rows else None), lacking


def transitions(connection: sqlite3.Connection, after: int) -> Page:
    """What the history of the next stage past a row number and its events say otherwise than each other."""
    found = next_stage(connection, after)
    if found is None:
        return None, []
    stage, place = found
    history = connection.execute(
        "SELECT t.seq, t.ended_at, a.label, b.label, t.reason, t.outcome, t.actor, t.action FROM transitions t "
        "LEFT JOIN versions a ON a.id = t.from_version LEFT JOIN versions b ON b.id = t.to_version "
        "WHERE t.stage_id = ? ORDER BY t.seq",
        (stage,),
    ).fetchall()
    told = {
        row[0]: row
        for row in connection.execute(
            "SELECT json_extract(data, '$.seq'), at, json_extract(data, '$.from'), json_extract(data, '$.to'), "
            "json_extract(data, '$.reason'), json_extract(data, '$.outcome'), "
            "coalesce(json_extract(data, '$.by'), actor), action, seq FROM events "
            "WHERE ref = ? AND json_type(data, '$.seq') = 'integer' AND json_type(data, '$.to') IS NOT NULL",
            (place,),
        )
    }
    wrong = []
    for row in history:
        event = told.pop(row[0], None)
        if event is None:
            wrong.append((place, f"no event tells of its transition {row[0]}"))
        elif row[1:7] != event[1:7] or not _same_action(row[7], event[7]):
            wrong.append((place, f"its transition {row[0]} is not what event {event[8]} tells"))
    wrong += [
        (place, f"event {event[8]} tells of its transition {seq}, which is not there") for seq, event in told.items()
    ]
    return stage, wrong


_SAID = {
    "promote": "promoted",
    "rollback": "rolled_back",
    "undo": "undone",
    "clear": "cleared",
    "import": "stage_imported",
}


def _same_action(action: str, event: str) -> bool:
    return event == _SAID.get(action) or event.startswith(f"{action}_")


EVERYTHING = (models, versions, transitions, creations, registrations, *governed.EVERYTHING, *ended.EVERYTHING)
"""All comparisons; each begins after 0."""
