"""Models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.records.base import Micros
from lineal.records.models import Model, Scheme

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_MODEL = """
SELECT m.id, m.name, m.scheme, n.name, m.owner, m.purpose, m.notes, m.created_at,
    (SELECT count(*) FROM versions v WHERE v.model_id = m.id),
    (SELECT v.created_at FROM versions v WHERE v.model_id = m.id ORDER BY v.seq DESC LIMIT 1),
    EXISTS (SELECT 1 FROM versions v WHERE v.model_id = m.id AND v.status <> 'retired')
FROM models m LEFT JOIN names n ON n.id = m.primary_id """

FORCED_IN = """EXISTS (SELECT 1 FROM transitions k WHERE k.stage_id = l.stage_id AND k.to_version = l.version_id
    AND k.forced AND NOT EXISTS (SELECT 1 FROM reviews w WHERE w.transition_id = k.id))"""
"""Whether what is live, row `l`, was forced in without a review."""

ALARMED = "EXISTS (SELECT 1 FROM alert_episodes a WHERE a.stage_id = l.stage_id AND a.cleared_at IS NULL)"
"""Whether an alert fires at the stage of row `l`."""

_ModelRow = tuple[int, str, str, str | None, str | None, str | None, str | None, int, int, int | None, int]


def all_models(connection: sqlite3.Connection, *, include_retired: bool = False) -> list[Model]:
    """Every model, by name; those whose versions are all retired only if asked for."""
    rows = connection.execute(_MODEL + "ORDER BY m.name").fetchall()
    if not include_retired:
        rows = [row for row in rows if row[10] or not row[8]]
    return _models(connection, rows)


def by_ids(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, Model]:
    """Models by row number."""
    rows = connection.execute(
        _MODEL + "WHERE m.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    ).fetchall()
    return {model.id: model for model in _models(connection, rows)}


def model(connection: sqlite3.Connection, name: str) -> Model | None:
    """The model of this name."""
    rows = connection.execute(_MODEL + "WHERE m.name = ?", (name,)).fetchall()
    return next(iter(_models(connection, rows)), None)


def model_id(connection: sqlite3.Connection, name: str) -> int | None:
    """The row number of the model of this name."""
    row = connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else None


def name_of(connection: sqlite3.Connection, number: int) -> str:
    """The name of the model in a row that another row points at."""
    return str(connection.execute("SELECT name FROM models WHERE id = ?", (number,)).fetchone()[0])


def names(connection: sqlite3.Connection, prefix: str = "", limit: int = 1_000) -> list[str]:
    """Names of models that begin with `prefix`."""
    rows = connection.execute(
        "SELECT name FROM models WHERE substr(name, 1, ?) = ? ORDER BY name LIMIT ?", (len(prefix), prefix, limit)
    ).fetchall()
    return [row[0] for row in rows]


def owner_of(connection: sqlite3.Connection, number: int) -> str | None:
    """Who owns a model."""
    row = connection.execute("SELECT owner FROM models WHERE id = ?", (number,)).fetchone()
    return None if row is None else row[0]


def insert(connection: sqlite3.Connection, name: str, scheme: Scheme, at: Micros, actor: str) -> int:
    """Add a model; returns its row number."""
    row = connection.execute(
        "INSERT INTO models (name, scheme, created_at, created_by) VALUES (?, ?, ?, ?) RETURNING id",
        (name, scheme, at, actor),
    ).fetchone()
    return int(row[0])


def describe(connection: sqlite3.Connection, number: int, field: str, value: str | None) -> None:
    """Set owner, purpose, notes or the label scheme."""
    statements = {
        "owner": "UPDATE models SET owner = ? WHERE id = ?",
        "purpose": "UPDATE models SET purpose = ? WHERE id = ?",
        "notes": "UPDATE models SET notes = ? WHERE id = ?",
        "scheme": "UPDATE models SET scheme = ? WHERE id = ?",
    }
    connection.execute(statements[field], (value, number))


def set_primary(connection: sqlite3.Connection, number: int, name_id: int) -> None:
    """Make a metric the model's primary one."""
    connection.execute("UPDATE models SET primary_id = ? WHERE id = ?", (name_id, number))


def _models(connection: sqlite3.Connection, rows: list[_ModelRow]) -> list[Model]:
    stages: dict[int, list[tuple[str, str | None]]] = {row[0]: [] for row in rows}
    moved: dict[int, int] = {}
    forced: dict[int, list[str]] = {}
    alarmed: dict[int, list[str]] = {}
    bad: dict[int, list[str]] = {}
    unhealthy: dict[int, list[str]] = {}
    for number, stage, label, at, *wrong in connection.execute(
        f"SELECT s.model_id, s.name, v.label, t.switched_at, {FORCED_IN}, {ALARMED}, v.status = 'bad', "
        "t.outcome = 'unhealthy' FROM stages s "
        "LEFT JOIN live l ON l.stage_id = s.id LEFT JOIN versions v ON v.id = l.version_id "
        "LEFT JOIN transitions t ON t.id = l.transition_id "
        "WHERE s.model_id IN (SELECT value FROM json_each(?)) ORDER BY s.model_id, s.position",
        (json.dumps(list(stages)),),
    ).fetchall():
        stages[number].append((stage, label))
        for kept, belongs in zip((forced, alarmed, bad, unhealthy), wrong, strict=True):
            if belongs:
                kept.setdefault(number, []).append(stage)
        moved[number] = max(moved.get(number, 0), at or 0)
    return [
        Model(
            id=number,
            name=name,
            scheme=Scheme(scheme),
            primary_metric=primary,
            owner=owner,
            purpose=purpose,
            notes=notes,
            created_at=Micros(created_at),
            versions=versions,
            stages=tuple(stages[number]),
            updated_at=Micros(max(created_at, registered or 0, moved.get(number, 0))),
            forced=tuple(forced.get(number, ())),
            alarmed=tuple(alarmed.get(number, ())),
            bad=tuple(bad.get(number, ())),
            unhealthy=tuple(unhealthy.get(number, ())),
        )
        for number, name, scheme, primary, owner, purpose, notes, created_at, versions, registered, _ in rows
    ]
