"""Names of params, metrics and tags, stored once; tags themselves; and what is said of metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from lineal.records.runs import MetricDefinition


def intern(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """The row number of each name, added where it is new."""
    found: dict[str, int] = {}
    for name in names:
        if name in found:
            continue
        row = connection.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()
        if row is None:
            row = connection.execute("INSERT INTO names (name) VALUES (?) RETURNING id", (name,)).fetchone()
        found[name] = row[0]
    return found


def set_tags(connection: sqlite3.Connection, kind: str, subject: int, tags: Mapping[str, str | None]) -> None:
    """Set tags of a thing; None takes one away."""
    ids = intern(connection, tags)
    for name, value in tags.items():
        if value is None:
            connection.execute(
                "DELETE FROM tags WHERE kind = ? AND subject_id = ? AND name_id = ?", (kind, subject, ids[name])
            )
        else:
            connection.execute(
                "INSERT INTO tags (kind, subject_id, name_id, value) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (kind, subject_id, name_id) DO UPDATE SET value = excluded.value",
                (kind, subject, ids[name], value),
            )


def tags_of(connection: sqlite3.Connection, kind: str, subjects: Collection[int]) -> dict[int, dict[str, str]]:
    """The tags of things of one kind, by row number and name."""
    rows = connection.execute(
        "SELECT t.subject_id, n.name, t.value FROM tags t JOIN names n ON n.id = t.name_id "
        "WHERE t.kind = ? AND t.subject_id IN (SELECT value FROM json_each(?)) ORDER BY t.subject_id, n.name",
        (kind, json.dumps(list(subjects))),
    ).fetchall()
    found: dict[int, dict[str, str]] = {subject: {} for subject in subjects}
    for subject, name, value in rows:
        found[subject][name] = value
    return found


def metric_settings(connection: sqlite3.Connection, scope: str, scope_id: int) -> dict[str, MetricDefinition]:
    """What people said of metrics of a model or an experiment (`scope`), by name."""
    from lineal.records.runs import Direction, MetricDefinition  # noqa: PLC0415  most commands read no metric

    rows = connection.execute(
        "SELECT n.name, s.direction, s.tolerance FROM metric_settings s JOIN names n ON n.id = s.name_id "
        "WHERE s.scope = ? AND s.scope_id = ?",
        (scope, scope_id),
    ).fetchall()
    return {
        name: MetricDefinition(name, Direction(direction) if direction else None, tolerance)
        for name, direction, tolerance in rows
    }


def set_metric(connection: sqlite3.Connection, scope: str, scope_id: int, definition: MetricDefinition) -> None:
    """Keep what a person said of a metric."""
    name_id = intern(connection, [definition.name])[definition.name]
    connection.execute(
        "INSERT INTO metric_settings (scope, scope_id, name_id, direction, tolerance) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (scope, scope_id, name_id) DO UPDATE SET direction = excluded.direction, "
        "tolerance = excluded.tolerance",
        (scope, scope_id, name_id, definition.direction, definition.tolerance),
    )
