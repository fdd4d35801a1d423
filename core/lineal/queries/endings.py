"""Retirements, deprecations, and the rules by which versions lose their bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.records.base import Actor, Digest, Micros
from lineal.records.endings import Bytes, Deprecation, Expired, RetentionRule, Retirement

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_NEEDED_ELSEWHERE = (
    "(EXISTS (SELECT 1 FROM artifact_files f JOIN versions v ON v.artifact_id = f.artifact_id "
    "LEFT JOIN retirements x ON x.version_id = v.id "
    "WHERE f.object_id = o.id AND v.id <> ?1 AND x.purged_at IS NULL) "
    "OR EXISTS (SELECT 1 FROM code_states c WHERE c.patch_object_id = o.id))"
)
"""Whether another version whose bytes were not dropped, or the changes of a run's code, need an object."""


def retire(
    connection: sqlite3.Connection, version: int, at: Micros, actor: Actor, reason: str, successor: int | None
) -> None:
    """Record the end of a version."""
    connection.execute("UPDATE versions SET status = 'retired', deprecated_until = NULL WHERE id = ?", (version,))
    connection.execute("DELETE FROM deprecations WHERE version_id = ?", (version,))
    connection.execute(
        "INSERT INTO retirements (version_id, at, actor, uid, claim, reason, successor_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (version, at, actor.user, actor.uid, actor.claim, reason, successor),
    )


def retirements(connection: sqlite3.Connection, versions: Collection[int]) -> dict[int, Retirement]:
    """How versions ended, by row number; those that did not are left out."""
    rows = connection.execute(
        "SELECT r.version_id, r.at, r.actor, r.claim, r.reason, m.name || ':' || s.label, r.purged_at, r.purged_by "
        "FROM retirements r LEFT JOIN versions s ON s.id = r.successor_id LEFT JOIN models m ON m.id = s.model_id "
        "WHERE r.version_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(versions)),),
    ).fetchall()
    return {
        version: Retirement(
            Micros(at), actor, claim, reason, successor, None if purged is None else Micros(purged), purged_by
        )
        for version, at, actor, claim, reason, successor, purged, purged_by in rows
    }


def is_purged(connection: sqlite3.Connection, version: int) -> bool:
    """Whether the bytes of a version were dropped."""
    row = connection.execute(
        "SELECT 1 FROM retirements WHERE version_id = ? AND purged_at IS NOT NULL", (version,)
    ).fetchone()
    return row is not None


def deprecate(
    connection: sqlite3.Connection,
    version: int,
    until: Micros | None,
    *,
    reason: str | None,
    successor: int | None,
    at: Micros,
    actor: str,
) -> None:
    """Say until when a version may be used; None: as long as it is there."""
    connection.execute("UPDATE versions SET deprecated_until = ? WHERE id = ?", (until, version))
    connection.execute("DELETE FROM deprecations WHERE version_id = ?", (version,))
    if until is not None:
        connection.execute(
            "INSERT INTO deprecations (version_id, until, reason, successor_id, at, actor) VALUES (?, ?, ?, ?, ?, ?)",
            (version, until, reason, successor, at, actor),
        )


def deprecations(connection: sqlite3.Connection, versions: Collection[int]) -> dict[int, Deprecation]:
    """Which versions are deprecated, by row number."""
    rows = connection.execute(
        "SELECT d.version_id, d.until, d.reason, m.name || ':' || s.label, d.at, d.actor "
        "FROM deprecations d LEFT JOIN versions s ON s.id = d.successor_id LEFT JOIN models m ON m.id = s.model_id "
        "WHERE d.version_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(versions)),),
    ).fetchall()
    return {
        version: Deprecation(Micros(until), reason, successor, Micros(at), actor)
        for version, until, reason, successor, at, actor in rows
    }


def overdue(connection: sqlite3.Connection, now: Micros) -> list[int]:
    """Row numbers of the versions whose deprecation's date is past, the longest past first."""
    rows = connection.execute(
        "SELECT version_id FROM deprecations WHERE until <= ? ORDER BY until, version_id", (now,)
    ).fetchall()
    return [int(row[0]) for row in rows]


def bytes_of(connection: sqlite3.Connection, version: int) -> Bytes:
    """What the files of a version take here, each object counted once."""
    rows = connection.execute(
        f"SELECT o.digest, o.size, {_NEEDED_ELSEWHERE} FROM objects o WHERE o.kept AND o.id IN "
        "(SELECT f.object_id FROM artifact_files f JOIN versions w ON w.artifact_id = f.artifact_id WHERE w.id = ?1) "
        "ORDER BY o.digest",
        (version,),
    ).fetchall()
    own = [(Digest(digest), size) for digest, size, needed in rows if not needed]
    return Bytes(
        own=sum(size for _, size in own),
        shared=sum(size for _, size, needed in rows if needed),
        objects=tuple(digest for digest, _ in own),
    )


def purge(connection: sqlite3.Connection, version: int, at: Micros, actor: str, objects: Collection[Digest]) -> None:
    """Record that the bytes of a version were dropped; its objects are known by their digests from now on."""
    connection.execute("UPDATE retirements SET purged_at = ?, purged_by = ? WHERE version_id = ?", (at, actor, version))
    connection.execute(
        "UPDATE objects SET kept = 0 WHERE digest IN (SELECT value FROM json_each(?))", (json.dumps(list(objects)),)
    )


def rules(connection: sqlite3.Connection, model: int | None = None) -> list[tuple[int, RetentionRule]]:
    """(the model's row number, its rule) of a model, or of all that have one, by name."""
    rows = connection.execute(
        "SELECT m.id, m.name, r.keep_last, r.keep_live, r.keep_younger FROM retention_rules r "
        "JOIN models m ON m.id = r.model_id WHERE ?1 IS NULL OR m.id = ?1 ORDER BY m.name",
        (model,),
    ).fetchall()
    return [(number, RetentionRule(name, last, bool(live), younger)) for number, name, last, live, younger in rows]


def put_rule(connection: sqlite3.Connection, model: int, rule: RetentionRule | None) -> None:
    """Set the rule of a model; None takes it away."""
    connection.execute("DELETE FROM retention_rules WHERE model_id = ?", (model,))
    if rule is not None:
        connection.execute(
            "INSERT INTO retention_rules (model_id, keep_last, keep_live, keep_younger) VALUES (?, ?, ?, ?)",
            (model, rule.keep_last, rule.keep_live, rule.keep_younger),
        )


def expired(connection: sqlite3.Connection, model: int, rule: RetentionRule, now: Micros) -> list[tuple[int, str]]:
    """(row number, label) of the versions with bytes here that a rule does not keep, oldest first."""
    born = now if rule.keep_younger is None else now - rule.keep_younger * 1_000_000
    rows = connection.execute(
        "SELECT v.id, v.label FROM versions v LEFT JOIN retirements x ON x.version_id = v.id "
        "WHERE v.model_id = ?1 AND x.purged_at IS NULL AND v.created_at < ?2 "
        "AND (NOT ?3 OR NOT EXISTS (SELECT 1 FROM transitions t WHERE t.to_version = v.id "
        "AND t.stage_id IN (SELECT id FROM stages WHERE model_id = ?1) AND t.switched_at IS NOT NULL)) "
        "AND (?4 IS NULL OR v.id NOT IN (SELECT id FROM versions WHERE model_id = ?1 ORDER BY seq DESC LIMIT ?4)) "
        "AND EXISTS (SELECT 1 FROM artifact_files f JOIN objects o ON o.id = f.object_id "
        "WHERE f.artifact_id = v.artifact_id AND o.kept) ORDER BY v.seq",
        (model, born, rule.keep_live, rule.keep_last),
    ).fetchall()
    return [(int(number), str(label)) for number, label in rows]


def facts(connection: sqlite3.Connection, version: int, ref: str) -> Expired:
    """What is told of a version that no rule keeps."""
    row = connection.execute("SELECT created_at FROM versions WHERE id = ?", (version,)).fetchone()
    return Expired(version, ref, Micros(row[0]), bytes_of(connection, version).own)


def pipelines_with(connection: sqlite3.Connection, model: int) -> list[tuple[str, int | None, int | None]]:
    """(stage, from, to) of the pipelines that move stages of a model now."""
    rows = connection.execute(
        "SELECT s.name, p.from_version, p.to_version FROM pipelines p JOIN stages s ON s.id = p.stage_id "
        "WHERE s.model_id = ? AND p.ended_at IS NULL",
        (model,),
    ).fetchall()
    return [(str(stage), before, after) for stage, before, after in rows]
