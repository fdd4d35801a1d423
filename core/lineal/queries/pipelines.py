"""The journals of transitions that run, or ran."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lineal.records.base import Actor, Micros
from lineal.records.releases import Order, Pipeline, Step, StepState
from lineal.records.stages import Action
from lineal.rules.canonical import read_back

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_PIPELINE = """
SELECT p.id, p.stage_id, p.action, m.name, s.name, p.options, p.to_version, p.target_transition, p.reason, p.actor,
    p.uid, p.claim, p.host, p.pid, p.started_at, p.switched_at, p.cancelled_by, p.failure, p.ended_at, p.transition_id,
    t.label, f.label
FROM pipelines p JOIN stages s ON s.id = p.stage_id JOIN models m ON m.id = s.model_id
LEFT JOIN versions t ON t.id = p.to_version LEFT JOIN versions f ON f.id = p.from_version """


def insert(
    connection: sqlite3.Connection,
    stage: int,
    order: Order,
    *,
    source: int | None,
    actor: Actor,
    host: str,
    boot: str,
    pid: int,
    at: Micros,
    steps: Sequence[str],
) -> int:
    """Open the journal of a pipeline; returns its row number."""
    options = {
        "source_transition": order.source_transition,
        "bad": order.bad,
        "skip_health": order.skip_health,
        "verify": order.verify,
        "force": order.force,
        "overrode": order.overrode,
    }
    row = connection.execute(
        "INSERT INTO pipelines (stage_id, action, from_version, to_version, target_transition, options, actor, uid, "
        "claim, reason, host, boot, pid, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            stage,
            order.action,
            source,
            order.target,
            order.target_transition,
            json.dumps(options),
            actor.user,
            actor.uid,
            actor.claim,
            order.reason,
            host,
            boot,
            pid,
            at,
        ),
    ).fetchone()
    connection.executemany(
        "INSERT INTO pipeline_steps (pipeline_id, position, name, state) VALUES (?, ?, ?, 'waiting')",
        [(row[0], position, name) for position, name in enumerate(steps)],
    )
    return int(row[0])


def pipeline(connection: sqlite3.Connection, number: int) -> Pipeline | None:
    """The pipeline in this row."""
    return _one(connection, connection.execute(_PIPELINE + "WHERE p.id = ?", (number,)).fetchone())


def running(connection: sqlite3.Connection, stage: int) -> Pipeline | None:
    """The pipeline of a stage whose journal is open."""
    row = connection.execute(_PIPELINE + "WHERE p.stage_id = ? AND p.ended_at IS NULL", (stage,)).fetchone()
    return _one(connection, row)


def all_running(connection: sqlite3.Connection) -> list[Pipeline]:
    """Every pipeline whose journal is open."""
    rows = connection.execute(_PIPELINE + "WHERE p.ended_at IS NULL ORDER BY p.id").fetchall()
    return [found for row in rows if (found := _one(connection, row)) is not None]


def latest(connection: sqlite3.Connection, stage: int, limit: int) -> list[Pipeline]:
    """The newest pipelines of a stage, newest first."""
    rows = connection.execute(_PIPELINE + "WHERE p.stage_id = ? ORDER BY p.id DESC LIMIT ?", (stage, limit)).fetchall()
    return [found for row in rows if (found := _one(connection, row)) is not None]


def set_step(
    connection: sqlite3.Connection, number: int, name: str, state: StepState, at: Micros, output: str | None = None
) -> None:
    """Note how far a step is."""
    began = at if state is StepState.RUNNING else None
    ended = at if state in {StepState.DONE, StepState.FAILED, StepState.SKIPPED} else None
    connection.execute(
        "UPDATE pipeline_steps SET state = ?, started_at = coalesce(?, started_at), ended_at = ?, "
        "output = coalesce(?, output) WHERE pipeline_id = ? AND name = ?",
        (state, began, ended, output, number, name),
    )


def set_switched(connection: sqlite3.Connection, number: int, at: Micros) -> None:
    """Note that `current` was switched."""
    connection.execute("UPDATE pipelines SET switched_at = ? WHERE id = ?", (at, number))


def cancel(connection: sqlite3.Connection, number: int, who: str) -> None:
    """Ask a pipeline to take itself back."""
    connection.execute(
        "UPDATE pipelines SET cancelled_by = coalesce(cancelled_by, ?) WHERE id = ? AND ended_at IS NULL", (who, number)
    )


def cancelled_by(connection: sqlite3.Connection, number: int) -> str | None:
    """Who asked a pipeline to stop; None when nobody did."""
    row = connection.execute("SELECT cancelled_by FROM pipelines WHERE id = ?", (number,)).fetchone()
    return row[0] if row else None


def take_over(connection: sqlite3.Connection, number: int, host: str, boot: str, pid: int) -> None:
    """Note that another process goes on with a pipeline whose own is gone."""
    connection.execute("UPDATE pipelines SET host = ?, boot = ?, pid = ? WHERE id = ?", (host, boot, pid, number))


def end(connection: sqlite3.Connection, number: int, at: Micros, transition: int, failure: str | None) -> None:
    """Close the journal of a pipeline; `failure` is the error it ended with as JSON."""
    connection.execute(
        "UPDATE pipelines SET ended_at = ?, transition_id = ?, failure = ? WHERE id = ?",
        (at, transition, failure, number),
    )


def _one(connection: sqlite3.Connection, row: tuple[Any, ...] | None) -> Pipeline | None:
    if row is None:
        return None
    number, stage_id, action, model, stage, options, target, target_transition, reason, user, uid, claim = row[:12]
    host, pid, started_at, switched_at, cancelled, failure, ended_at, transition, to_label, from_label = row[12:]
    settled = read_back(options, lambda found: {**found, "overrode": tuple(found["overrode"])})
    steps = connection.execute(
        "SELECT name, state, started_at, ended_at, output FROM pipeline_steps WHERE pipeline_id = ? ORDER BY position",
        (number,),
    ).fetchall()
    return Pipeline(
        id=number,
        stage_id=stage_id,
        order=Order(
            action=Action(action),
            model=model,
            stage=stage,
            target=target,
            target_transition=target_transition,
            reason=reason,
            **settled,
        ),
        actor=Actor(user, uid, claim),
        host=host,
        pid=pid,
        started_at=Micros(started_at),
        switched_at=None if switched_at is None else Micros(switched_at),
        cancelled_by=cancelled,
        failure=failure,
        ended_at=None if ended_at is None else Micros(ended_at),
        transition=transition,
        steps=tuple(Step(name, StepState(state), began, ended, output) for name, state, began, ended, output in steps),
        to_label=to_label,
        from_label=from_label,
    )
