"""What people decided about versions, what was forced, and who looked at that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries import stages as stage_rows
from lineal.records.base import Actor, Digest, Micros
from lineal.records.gates import Decision, DecisionVerdict

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from lineal.records.stages import Transition

_DECISION = """
SELECT d.id, m.name || ':' || v.label, s.name, d.verdict, d.reason, d.actor, d.uid, d.claim, d.at, d.digest
FROM decisions d JOIN versions v ON v.id = d.version_id JOIN models m ON m.id = v.model_id
JOIN stages s ON s.id = d.stage_id """

_UNREVIEWED = "t.forced AND NOT EXISTS (SELECT 1 FROM reviews w WHERE w.transition_id = t.id)"


def insert(
    connection: sqlite3.Connection,
    stage: int,
    version: int,
    digest: Digest | None,
    verdict: DecisionVerdict,
    reason: str | None,
    actor: Actor,
    at: Micros,
) -> int:
    """Append a person's word about a version at a stage; returns its row number."""
    row = connection.execute(
        "INSERT INTO decisions (stage_id, version_id, digest, verdict, reason, actor, uid, claim, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (stage, version, digest, verdict, reason, actor.user, actor.uid, actor.claim, at),
    ).fetchone()
    return int(row[0])


def of_version(connection: sqlite3.Connection, stage: int, version: int) -> list[Decision]:
    """Everything that was decided about a version at a stage, oldest first."""
    rows = connection.execute(
        _DECISION + "WHERE d.version_id = ? AND d.stage_id = ? ORDER BY d.id", (version, stage)
    ).fetchall()
    return [_decision(row) for row in rows]


def decided_by(connection: sqlite3.Connection, stage: int, versions: Collection[int], user: str) -> frozenset[int]:
    """Which of these versions a person decided about at a stage."""
    rows = connection.execute(
        "SELECT DISTINCT version_id FROM decisions WHERE stage_id = ? AND actor = ? "
        "AND version_id IN (SELECT value FROM json_each(?))",
        (stage, user, json.dumps(list(versions))),
    ).fetchall()
    return frozenset(row[0] for row in rows)


def insert_review(
    connection: sqlite3.Connection, transition: int, reason: str | None, actor: Actor, at: Micros
) -> None:
    """Append what somebody said of a forced transition."""
    connection.execute(
        "INSERT INTO reviews (transition_id, reason, actor, uid, claim, at) VALUES (?, ?, ?, ?, ?, ?)",
        (transition, reason, actor.user, actor.uid, actor.claim, at),
    )


def unreviewed(connection: sqlite3.Connection, *, seq: int | None = None, limit: int = 1_000) -> list[Transition]:
    """Forced transitions that nobody reviewed yet, the latest first; only those with a number, if it is given."""
    numbers = connection.execute(
        f"SELECT t.id FROM transitions t WHERE {_UNREVIEWED} AND (?1 IS NULL OR t.seq = ?1) "
        "ORDER BY t.id DESC LIMIT ?2",
        (seq, limit),
    ).fetchall()
    found = [stage_rows.transition(connection, number) for (number,) in numbers]
    return [each for each in found if each is not None]


def by_seq(connection: sqlite3.Connection, stage: int, seq: int) -> Transition | None:
    """The transition with this number in a stage's history."""
    row = connection.execute("SELECT id FROM transitions WHERE stage_id = ? AND seq = ?", (stage, seq)).fetchone()
    return None if row is None else stage_rows.transition(connection, row[0])


def waiting(connection: sqlite3.Connection, stage: int, limit: int) -> list[int]:
    """The latest active versions of a stage's model that were registered after what is live there, newest first."""
    rows = connection.execute(
        "SELECT v.id FROM versions v JOIN stages s ON s.id = ?1 WHERE v.model_id = s.model_id AND v.status = 'active' "
        "AND v.seq > coalesce((SELECT x.seq FROM live l JOIN versions x ON x.id = l.version_id WHERE l.stage_id = ?1), "
        "0) ORDER BY v.seq DESC LIMIT ?2",
        (stage, limit),
    ).fetchall()
    return [row[0] for row in rows]


def _decision(
    row: tuple[int, str, str, str, str | None, str, int, str | None, int, str | None],
) -> Decision:
    number, ref, stage, verdict, reason, user, uid, claim, at, digest = row
    return Decision(
        id=number,
        ref=ref,
        stage=stage,
        verdict=DecisionVerdict(verdict),
        reason=reason,
        actor=Actor(user, uid, claim),
        at=Micros(at),
        digest=None if digest is None else Digest(digest),
    )
