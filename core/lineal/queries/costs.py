"""What versions and models cost on disk, each object counted once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.records.base import Digest, Micros
from lineal.records.costs import FileCost, ModelCost, VersionCost
from lineal.records.models import VersionStatus

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_NEEDED_BY_ANOTHER = (
    "(EXISTS (SELECT 1 FROM artifact_files g JOIN versions w ON w.artifact_id = g.artifact_id "
    "LEFT JOIN retirements x ON x.version_id = w.id "
    "WHERE g.object_id = o.id AND {other} AND x.purged_at IS NULL) "
    "OR EXISTS (SELECT 1 FROM code_states c WHERE c.patch_object_id = o.id))"
)
"""Whether something needs an object beside what it is looked at for; whoever was purged needs nothing."""


def of_versions(
    connection: sqlite3.Connection, *, model: int | None = None, versions: Collection[int] | None = None
) -> list[VersionCost]:
    """What versions of a model, or some versions, cost; newest first."""
    which = "v.model_id = ?1" if versions is None else "v.id IN (SELECT value FROM json_each(?1))"
    needed = _NEEDED_BY_ANOTHER.format(other="w.id <> h.id")
    rows = connection.execute(
        "WITH held AS (SELECT DISTINCT v.id, f.object_id FROM versions v "
        f"JOIN artifact_files f ON f.artifact_id = v.artifact_id WHERE {which}), "
        f"told AS (SELECT h.id, o.size, o.kept, o.kept AND {needed} AS needed "
        "FROM held h JOIN objects o ON o.id = h.object_id), "
        "summed AS (SELECT id, sum(size * (kept AND NOT needed)) AS own, sum(size * needed) AS shared, "
        "sum(size * NOT kept) AS gone FROM told GROUP BY id) "
        "SELECT v.id, m.name, v.label, v.status, v.created_at, "
        "(SELECT count(*) FROM artifact_files f WHERE f.artifact_id = v.artifact_id), coalesce(a.size, 0), "
        "coalesce(s.own, 0), coalesce(s.shared, 0), coalesce(s.gone, 0) "
        "FROM versions v JOIN models m ON m.id = v.model_id LEFT JOIN artifacts a ON a.id = v.artifact_id "
        f"LEFT JOIN summed s ON s.id = v.id WHERE {which} ORDER BY v.seq DESC",
        (model if versions is None else json.dumps(list(versions)),),
    ).fetchall()
    return [
        VersionCost(number, name, label, VersionStatus(status), Micros(at), files, size, own, shared, gone)
        for number, name, label, status, at, files, size, own, shared, gone in rows
    ]


def of_files(connection: sqlite3.Connection, version: int) -> list[FileCost]:
    """What each file of a version costs, and who else needs it."""
    needing = (
        "FROM artifact_files g JOIN versions w ON w.artifact_id = g.artifact_id "
        "LEFT JOIN retirements x ON x.version_id = w.id "
        "WHERE g.object_id = o.id AND w.id <> ?1 AND x.purged_at IS NULL"
    )
    rows = connection.execute(
        f"SELECT f.path, o.digest, o.size, o.kept, (SELECT count(DISTINCT w.id) {needing}), "
        f"(SELECT m.name || ':' || w.label {needing.replace(' LEFT', ' JOIN models m ON m.id = w.model_id LEFT', 1)} "
        "ORDER BY w.id LIMIT 1) FROM versions v JOIN artifact_files f ON f.artifact_id = v.artifact_id "
        "JOIN objects o ON o.id = f.object_id WHERE v.id = ?1 ORDER BY f.path",
        (version,),
    ).fetchall()
    return [
        FileCost(path, Digest(digest), size, bool(kept), sharers, sharer)
        for path, digest, size, kept, sharers, sharer in rows
    ]


def of_models(connection: sqlite3.Connection) -> list[ModelCost]:
    """What the models cost, without their releases; the largest first."""
    needed = _NEEDED_BY_ANOTHER.format(other="w.model_id <> h.model_id")
    rows = connection.execute(
        "WITH held AS (SELECT DISTINCT v.model_id, f.object_id FROM versions v "
        "JOIN artifact_files f ON f.artifact_id = v.artifact_id), "
        f"told AS (SELECT h.model_id, o.size, {needed} AS needed "
        "FROM held h JOIN objects o ON o.id = h.object_id WHERE o.kept), "
        "stored AS (SELECT model_id, sum(size) AS stored, sum(size * NOT needed) AS own FROM told GROUP BY model_id) "
        "SELECT m.name, count(v.id), coalesce(sum(a.size), 0), coalesce(s.stored, 0), coalesce(s.own, 0) "
        "FROM models m LEFT JOIN versions v ON v.model_id = m.id LEFT JOIN artifacts a ON a.id = v.artifact_id "
        "LEFT JOIN stored s ON s.model_id = m.id GROUP BY m.id ORDER BY 4 DESC, 1",
    ).fetchall()
    return [ModelCost(name, versions, size, stored, own, 0) for name, versions, size, stored, own in rows]


def releases(connection: sqlite3.Connection, model: int | None = None) -> list[tuple[str, str, int, str, str]]:
    """(stage's address, version's, its row number, directory, name) of the releases that were laid out."""
    rows = connection.execute(
        "SELECT m.name || '@' || s.name, m.name || ':' || v.label, v.id, x.release, r.name FROM releases r "
        "JOIN stages s ON s.id = r.stage_id JOIN stage_settings x ON x.stage_id = s.id "
        "JOIN models m ON m.id = s.model_id JOIN versions v ON v.id = r.version_id "
        "WHERE ?1 IS NULL OR m.id = ?1 ORDER BY 1, r.laid_at DESC",
        (model,),
    ).fetchall()
    return [(stage, version, number, directory, name) for stage, version, number, directory, name in rows]


def object_digests(connection: sqlite3.Connection, version: int) -> dict[str, Digest]:
    """The digest of each file of a version, by its path."""
    rows = connection.execute(
        "SELECT f.path, o.digest FROM versions v JOIN artifact_files f ON f.artifact_id = v.artifact_id "
        "JOIN objects o ON o.id = f.object_id WHERE v.id = ?",
        (version,),
    ).fetchall()
    return {path: Digest(digest) for path, digest in rows}
