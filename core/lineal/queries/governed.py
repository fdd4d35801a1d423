"""What the audit log and the tables of gates, decisions and reviews say of each other."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from lineal.queries.gates import gates_of
from lineal.queries.stages import next_stage
from lineal.records.gates import Gates

if TYPE_CHECKING:
    import sqlite3

PAGE = 2_000
"""Rows that are compared at once."""

Page = tuple[int | None, list[tuple[str, str]]]
"""Where to go on, None at the end; and what disagrees: (address, what is wrong)."""


def decisions(connection: sqlite3.Connection, after: int) -> Page:
    """Decisions past a row number that no event tells of as they are."""
    rows = connection.execute(
        "SELECT d.id, m.name || ':' || v.label, d.actor, d.verdict, EXISTS (SELECT 1 FROM events e "
        "WHERE e.ref = m.name || ':' || v.label AND +e.action = 'version_' || d.verdict AND e.actor = d.actor "
        "AND e.uid = d.uid AND e.at = d.at AND json_extract(e.data, '$.stage') = s.name "
        "AND json_extract(e.data, '$.digest') IS d.digest) "
        "FROM decisions d JOIN versions v ON v.id = d.version_id JOIN models m ON m.id = v.model_id "
        "JOIN stages s ON s.id = d.stage_id WHERE d.id > ? ORDER BY d.id LIMIT ?",
        (after, PAGE),
    ).fetchall()
    lacking = [
        (ref, f"no event tells that {actor} {verdict} it so") for _, ref, actor, verdict, told in rows if not told
    ]
    return (rows[-1][0] if rows else None), lacking


def reviews(connection: sqlite3.Connection, after: int) -> Page:
    """Reviews past a row number that no event tells of as they are."""
    rows = connection.execute(
        "SELECT w.transition_id, m.name || '@' || s.name, t.seq, EXISTS (SELECT 1 FROM events e "
        "WHERE e.ref = m.name || '@' || s.name AND +e.action = 'reviewed' AND e.actor = w.actor AND e.at = w.at "
        "AND json_extract(e.data, '$.seq') = t.seq) "
        "FROM reviews w JOIN transitions t ON t.id = w.transition_id JOIN stages s ON s.id = t.stage_id "
        "JOIN models m ON m.id = s.model_id WHERE w.transition_id > ? ORDER BY w.transition_id LIMIT ?",
        (after, PAGE),
    ).fetchall()
    lacking = [
        (ref, f"no event tells that its transition {seq} was reviewed so") for _, ref, seq, told in rows if not told
    ]
    return (rows[-1][0] if rows else None), lacking


def forced(connection: sqlite3.Connection, after: int) -> Page:
    """Transitions of the next stage past a row number of which the log says forced and the history not, or so."""
    found = next_stage(connection, after)
    if found is None:
        return None, []
    stage, place = found
    kept = {seq for (seq,) in connection.execute("SELECT seq FROM transitions WHERE stage_id = ? AND forced", (stage,))}
    told = {
        seq
        for (seq,) in connection.execute(
            "SELECT json_extract(data, '$.seq') FROM events WHERE ref = ? AND json_extract(data, '$.forced') = 1",
            (place,),
        )
    }
    return stage, [
        (place, f"its transition {seq} was{'' if seq in told else ' not'} forced by the log, and the history disagrees")
        for seq in sorted(kept ^ told)
    ]


def gates(connection: sqlite3.Connection, after: int) -> Page:
    """What the next stage past a row number demands, where the last event about that tells otherwise."""
    found = connection.execute(
        "SELECT s.id, m.name || '@' || s.name, (SELECT e.data FROM events e WHERE e.ref = m.name || '@' || s.name "
        "AND +e.action = 'gates_set' ORDER BY e.seq DESC LIMIT 1) FROM stages s JOIN models m ON m.id = s.model_id "
        "WHERE s.id > ? ORDER BY s.id LIMIT 1",
        (after,),
    ).fetchone()
    if found is None:
        return None, []
    stage, place, data = found
    wanted = asdict(Gates()) if data is None else json.loads(data)
    kept = json.loads(json.dumps(asdict(gates_of(connection, stage))))
    wanted = json.loads(json.dumps({name: wanted.get(name) for name in kept}))
    return stage, [] if kept == wanted else [(place, "what it demands before a promotion is not what the log tells")]


def roles(connection: sqlite3.Connection, after: int) -> Page:
    """Roles that the last event about somebody at a place does not tell of, and the other way round; all at once."""
    del after
    kept: dict[tuple[str, str], set[str]] = {}
    for subject, place, role in connection.execute(
        "SELECT b.subject, coalesce(m.name || coalesce('@' || s.name, ''), 'registry'), b.role FROM role_bindings b "
        "LEFT JOIN models m ON m.id = b.model_id LEFT JOIN stages s ON s.id = b.stage_id"
    ):
        # a model of this name stands in the log as all of them do
        kept.setdefault((subject, place), set()).add(role)
    told: dict[tuple[str, str], str | None] = {}
    for action, place, subject, role in connection.execute(
        "SELECT action, ref, json_extract(data, '$.subject'), json_extract(data, '$.role') FROM events "
        "WHERE action IN ('role_granted', 'role_revoked') ORDER BY seq"
    ):
        told[subject, place] = role if action == "role_granted" else None
    wrong = []
    for subject, place in kept.keys() | told.keys():
        has, said = kept.get((subject, place), set()), told.get((subject, place))
        if has and said not in has:
            wrong.append((place, f"no event tells that {subject} was made {' and '.join(sorted(has))} so"))
        elif said is not None and not has:
            wrong.append((place, f"the log tells that {subject} is {said}, and they are not"))
    return None, sorted(wrong)


EVERYTHING = (decisions, reviews, forced, gates, roles)
"""All comparisons; each begins after 0."""
