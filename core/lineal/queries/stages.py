"""Stages, their histories, and what is live at them."""

from __future__ import annotations

import sqlite3

from lineal.records.base import Actor, Micros
from lineal.records.stages import Action, Outcome, Stage, Transition

_STAGE = "SELECT s.id, m.name, s.name, s.position FROM stages s JOIN models m ON m.id = s.model_id "

_TRANSITION = """
SELECT t.id, t.seq, m.name, s.name, t.action, f.label, v.label, t.from_version, t.to_version, t.actor, t.claim,
    t.reason, coalesce(t.switched_at, t.ended_at), t.reverted_at, t.outcome, t.predecessor, t.replaced, t.forced,
    w.actor, w.reason
FROM transitions t JOIN stages s ON s.id = t.stage_id JOIN models m ON m.id = s.model_id
LEFT JOIN versions f ON f.id = t.from_version LEFT JOIN versions v ON v.id = t.to_version
LEFT JOIN reviews w ON w.transition_id = t.id """

_TransitionRow = tuple[
    int,
    int,
    str,
    str,
    str,
    str | None,
    str | None,
    int | None,
    int | None,
    str,
    str | None,
    str | None,
    int,
    int | None,
    str,
    int | None,
    int | None,
    int,
    str | None,
    str | None,
]


def stages_of(connection: sqlite3.Connection, model: int) -> list[Stage]:
    """The stages of a model, in order."""
    rows = connection.execute(_STAGE + "WHERE s.model_id = ? ORDER BY s.position", (model,)).fetchall()
    return [Stage(*row) for row in rows]


def stage(connection: sqlite3.Connection, model: int, name: str) -> Stage | None:
    """The stage of a model with this name."""
    row = connection.execute(_STAGE + "WHERE s.model_id = ? AND s.name = ?", (model, name)).fetchone()
    return Stage(*row) if row else None


def stage_by_id(connection: sqlite3.Connection, number: int) -> Stage:
    """The stage in a row that another row points at."""
    return Stage(*connection.execute(_STAGE + "WHERE s.id = ?", (number,)).fetchone())


def next_stage(connection: sqlite3.Connection, after: int) -> tuple[int, str] | None:
    """(row number, address) of the stage that follows a row number, among all models; None after the last."""
    row = connection.execute(
        "SELECT s.id, m.name || '@' || s.name FROM stages s JOIN models m ON m.id = s.model_id "
        "WHERE s.id > ? ORDER BY s.id LIMIT 1",
        (after,),
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def insert_stage(connection: sqlite3.Connection, model: int, name: str, position: int) -> None:
    """Declare a stage of a model at a place in its order; those from there on move up by one."""
    connection.execute(
        "UPDATE stages SET position = position + 1 WHERE model_id = ? AND position >= ?", (model, position)
    )
    connection.execute("INSERT INTO stages (model_id, name, position) VALUES (?, ?, ?)", (model, name, position))


def delete_stage(connection: sqlite3.Connection, stage: Stage) -> bool:
    """Take a stage away, and move up those behind it; False, and nothing is changed, when anything refers to it."""
    try:
        connection.execute("DELETE FROM stages WHERE id = ?", (stage.id,))
    except sqlite3.IntegrityError:
        return False
    connection.execute(
        "UPDATE stages SET position = position - 1 "
        "WHERE model_id = (SELECT id FROM models WHERE name = ?) AND position > ?",
        (stage.model, stage.position),
    )
    return True


def live(connection: sqlite3.Connection, stage_id: int) -> Transition | None:
    """The transition that made a stage what it is now; None when it was never moved."""
    row = connection.execute(
        _TRANSITION + "WHERE t.id = (SELECT transition_id FROM live WHERE stage_id = ?)", (stage_id,)
    ).fetchone()
    return _transition(row) if row else None


def transition(connection: sqlite3.Connection, number: int) -> Transition | None:
    """The transition in this row."""
    row = connection.execute(_TRANSITION + "WHERE t.id = ?", (number,)).fetchone()
    return _transition(row) if row else None


def history(
    connection: sqlite3.Connection, model: int, stage_id: int | None, *, before: int | None, limit: int
) -> list[Transition]:
    """Transitions of a stage, or of all stages of a model, newest first; `before` is a row number."""
    last = 1 << 62 if before is None else before
    if stage_id is None:
        rows = connection.execute(
            _TRANSITION + "WHERE t.stage_id IN (SELECT id FROM stages WHERE model_id = ?) AND t.id < ? "
            "ORDER BY t.id DESC LIMIT ?",
            (model, last, limit),
        ).fetchall()
    else:
        rows = connection.execute(
            _TRANSITION + "WHERE t.stage_id = ? AND t.id < ? ORDER BY t.seq DESC LIMIT ?", (stage_id, last, limit)
        ).fetchall()
    return [_transition(row) for row in rows]


def latest_healthy(connection: sqlite3.Connection, stage_id: int, version: int) -> Transition | None:
    """The latest transition that made a version live at a stage in good health; None when none ever did."""
    row = connection.execute(
        _TRANSITION + "WHERE t.stage_id = ? AND t.to_version = ? AND t.outcome IN ('healthy', 'unchecked') "
        "ORDER BY t.seq DESC LIMIT 1",
        (stage_id, version),
    ).fetchone()
    return _transition(row) if row else None


def switches_until(connection: sqlite3.Connection, stage_id: int, at: Micros) -> list[Transition]:
    """The last transition that had switched by a time and stayed, and the reverted ones after it, newest first."""
    rows = connection.execute(
        _TRANSITION + "WHERE t.stage_id = ?1 AND t.switched_at <= ?2 AND t.seq >= coalesce((SELECT max(k.seq) "
        "FROM transitions k WHERE k.stage_id = ?1 AND k.switched_at <= ?2 "
        "AND k.outcome IN ('healthy', 'unchecked', 'unhealthy')), 0) "
        "ORDER BY t.seq DESC",
        (stage_id, at),
    ).fetchall()
    return [_transition(row) for row in rows]


def insert_transition(
    connection: sqlite3.Connection,
    stage_id: int,
    *,
    action: Action,
    from_version: int | None,
    to_version: int | None,
    actor: Actor,
    reason: str | None,
    began_at: Micros,
    switched_at: Micros | None,
    ended_at: Micros,
    outcome: Outcome,
    output: str | None,
    predecessor: int | None,
    replaced: int | None,
    reverted_at: Micros | None = None,
    forced: bool = False,
) -> int:
    """Append a finished transition; returns its row number. What is live follows by itself."""
    row = connection.execute(
        "INSERT INTO transitions (stage_id, seq, action, from_version, to_version, actor, uid, claim, reason, "
        "began_at, switched_at, reverted_at, ended_at, outcome, output, predecessor, replaced, forced) "
        "VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM transitions WHERE stage_id = ?1), "
        "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) RETURNING id",
        (
            stage_id,
            action,
            from_version,
            to_version,
            actor.user,
            actor.uid,
            actor.claim,
            reason,
            began_at,
            switched_at,
            reverted_at,
            ended_at,
            outcome,
            output,
            predecessor,
            replaced,
            forced,
        ),
    ).fetchone()
    return int(row[0])


def _transition(row: _TransitionRow) -> Transition:
    return Transition(
        id=row[0],
        seq=row[1],
        model=row[2],
        stage=row[3],
        action=Action(row[4]),
        from_label=row[5],
        to_label=row[6],
        from_version=row[7],
        to_version=row[8],
        actor=row[9],
        claim=row[10],
        reason=row[11],
        at=Micros(row[12]),
        until=None if row[13] is None else Micros(row[13]),
        outcome=Outcome(row[14]),
        predecessor=row[15],
        replaced=row[16],
        forced=bool(row[17]),
        reviewed_by=row[18],
        review_reason=row[19],
    )
