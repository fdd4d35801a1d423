"""Versions of models: lists, single ones, and adding them with all that they are registered with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries.models import ALARMED, FORCED_IN
from lineal.queries.names import intern
from lineal.queries.values import number, number_column, scalar_columns
from lineal.records.base import Actor, Digest, Micros, RunId, Scalar, Uid
from lineal.records.models import Parent, Relation, Version, VersionStatus

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

_VERSION = """
SELECT v.id, m.name, v.label, v.seq, v.uid, a.digest, v.status, v.owner, v.purpose, v.notes, v.created_at,
    v.created_by, r.id, p.name_id, p.value, v.deprecated_until
FROM versions v JOIN models m ON m.id = v.model_id
LEFT JOIN artifacts a ON a.id = v.artifact_id
LEFT JOIN runs r ON r.n = v.run_n
LEFT JOIN version_metrics p ON p.version_id = v.id AND p.name_id = m.primary_id """

_VersionRow = tuple[
    int,
    str,
    str,
    int,
    str,
    str | None,
    str,
    str | None,
    str | None,
    str | None,
    int,
    str,
    str | None,
    int | None,
    float | None,
    int | None,
]


def by_id(connection: sqlite3.Connection, version: int) -> Version | None:
    """The version in this row."""
    return _one(connection, connection.execute(_VERSION + "WHERE v.id = ?", (version,)).fetchall())


def by_label(connection: sqlite3.Connection, model: int, label: str) -> Version | None:
    """The version of a model with this label."""
    rows = connection.execute(_VERSION + "WHERE v.model_id = ? AND v.label = ?", (model, label)).fetchall()
    return _one(connection, rows)


def by_seq(connection: sqlite3.Connection, model: int, seq: int) -> Version | None:
    """The version of a model with this sequence number."""
    rows = connection.execute(_VERSION + "WHERE v.model_id = ? AND v.seq = ?", (model, seq)).fetchall()
    return _one(connection, rows)


def by_ids(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, Version]:
    """Versions by row number."""
    rows = connection.execute(
        _VERSION + "WHERE v.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    ).fetchall()
    return {version.id: version for version in _versions(connection, rows)}


def by_artifact(connection: sqlite3.Connection, prefix: str) -> list[Version]:
    """Versions whose artifact's digest begins with `prefix` (with `sha256:`)."""
    rows = connection.execute(
        _VERSION + "WHERE a.digest >= ? AND a.digest < ? ORDER BY v.id", (prefix, prefix + "g")
    ).fetchall()
    return _versions(connection, rows)


def by_file(connection: sqlite3.Connection, prefix: str) -> list[tuple[Version, str, Digest]]:
    """(version, path, digest) of the files whose digest begins with `prefix` (with `sha256:`)."""
    found = connection.execute(
        "SELECT v.id, f.path, o.digest FROM objects o JOIN artifact_files f ON f.object_id = o.id "
        "JOIN versions v ON v.artifact_id = f.artifact_id WHERE o.digest >= ? AND o.digest < ? ORDER BY v.id, f.path",
        (prefix, prefix + "g"),
    ).fetchall()
    versions = by_ids(connection, {row[0] for row in found})
    return [(versions[version], path, Digest(digest)) for version, path, digest in found]


def page(connection: sqlite3.Connection, model: int, *, before: int | None, limit: int) -> list[Version]:
    """Versions of a model with a sequence number below `before`, newest first."""
    rows = connection.execute(
        _VERSION + "WHERE v.model_id = ? AND v.seq < ? ORDER BY v.seq DESC LIMIT ?",
        (model, 1 << 62 if before is None else before, limit),
    ).fetchall()
    return _versions(connection, rows)


def page_after(connection: sqlite3.Connection, model: int, *, after: int, limit: int) -> list[Version]:
    """The `limit` versions of a model that follow sequence number `after`, newest first."""
    rows = connection.execute(
        _VERSION + "WHERE v.model_id = ? AND v.seq > ? ORDER BY v.seq LIMIT ?", (model, after, limit)
    ).fetchall()
    return _versions(connection, rows[::-1])


def count(connection: sqlite3.Connection, model: int) -> int:
    """How many versions a model has."""
    return int(connection.execute("SELECT count(*) FROM versions WHERE model_id = ?", (model,)).fetchone()[0])


def labels(connection: sqlite3.Connection, model: int, prefix: str = "", limit: int = 1_000) -> list[str]:
    """Labels of a model's versions that begin with `prefix`, newest first."""
    rows = connection.execute(
        "SELECT label FROM versions WHERE model_id = ? AND substr(label, 1, ?) = ? ORDER BY seq DESC LIMIT ?",
        (model, len(prefix), prefix, limit),
    ).fetchall()
    return [row[0] for row in rows]


def label_is_known(connection: sqlite3.Connection, label: str) -> bool:
    """Whether a version of any model has this label."""
    # by model, so that the index over both serves
    statement = "SELECT 1 FROM models m JOIN versions v ON v.model_id = m.id AND v.label = ? LIMIT 1"
    return connection.execute(statement, (label,)).fetchone() is not None


def label_is_taken(connection: sqlite3.Connection, model: int, label: str) -> bool:
    """Whether a version of a model has this label."""
    row = connection.execute("SELECT 1 FROM versions WHERE model_id = ? AND label = ?", (model, label)).fetchone()
    return row is not None


def next_seq(connection: sqlite3.Connection, model: int) -> int:
    """The sequence number the next version of a model gets."""
    row = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM versions WHERE model_id = ?", (model,)).fetchone()
    return int(row[0])


def skeleton(
    connection: sqlite3.Connection, model: int, *, before: int | None = None, limit: int = -1
) -> list[tuple[int, int, tuple[int, ...]]]:
    """(row number, sequence number, parents within the model), newest first: of all versions, or of some below one."""
    if limit < 0:
        rows = connection.execute(
            "SELECT v.id, v.seq, p.parent_id FROM versions v LEFT JOIN version_parents p ON p.version_id = v.id "
            "WHERE v.model_id = ? AND v.seq < ? ORDER BY v.seq DESC, p.position",
            (model, 1 << 62 if before is None else before),
        ).fetchall()
        own = {row[0] for row in rows}
    else:
        rows = connection.execute(
            "SELECT v.id, v.seq, q.id FROM "
            "(SELECT id, seq FROM versions WHERE model_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?) v "
            "LEFT JOIN version_parents p ON p.version_id = v.id "
            "LEFT JOIN versions q ON q.id = p.parent_id AND q.model_id = ? ORDER BY v.seq DESC, p.position",
            (model, 1 << 62 if before is None else before, limit, model),
        ).fetchall()
        own = {row[2] for row in rows}
    found: list[tuple[int, int, tuple[int, ...]]] = []
    last = None
    for version, seq, parent in rows:
        within = (parent,) if parent is not None and parent in own else ()
        if version != last:
            found.append((version, seq, within))
        elif within:
            found[-1] = (version, seq, found[-1][2] + within)
        last = version
    return found


def place(connection: sqlite3.Connection, model: int, version: int) -> int | None:
    """How many versions of a model are newer than one of them; None when it is none of them."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM versions WHERE model_id = v.model_id AND seq > v.seq) "
        "FROM versions v WHERE v.id = ? AND v.model_id = ?",
        (version, model),
    ).fetchone()
    return None if row is None else int(row[0])


def newest_seq(connection: sqlite3.Connection, model: int) -> int:
    """The highest sequence number of a model's versions; 0 without any."""
    row = connection.execute("SELECT coalesce(max(seq), 0) FROM versions WHERE model_id = ?", (model,)).fetchone()
    return int(row[0])


def insert(
    connection: sqlite3.Connection,
    *,
    uid: Uid,
    model: int,
    seq: int,
    label: str,
    label_reason: str,
    run: int | None,
    artifact: int | None,
    architecture: int | None,
    signature: str | None,
    owner: str | None,
    purpose: str | None,
    notes: str | None,
    at: Micros,
    actor: Actor,
) -> int:
    """Add a version; returns its row number."""
    row = connection.execute(
        "INSERT INTO versions (uid, model_id, seq, label, label_reason, run_n, artifact_id, architecture_id, "
        "signature, owner, purpose, notes, created_at, created_by, claim) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            uid,
            model,
            seq,
            label,
            label_reason,
            run,
            artifact,
            architecture,
            signature,
            owner,
            purpose,
            notes,
            at,
            actor.user,
            actor.claim,
        ),
    ).fetchone()
    return int(row[0])


def insert_parents(connection: sqlite3.Connection, version: int, parents: Sequence[tuple[int, Relation]]) -> None:
    """Note where a version came from, in order."""
    connection.executemany(
        "INSERT INTO version_parents (version_id, position, parent_id, relation) VALUES (?, ?, ?, ?)",
        [(version, position, parent, relation) for position, (parent, relation) in enumerate(parents)],
    )


def insert_params(connection: sqlite3.Connection, version: int, params: Mapping[str, Scalar]) -> None:
    """Fix the params a version was trained with."""
    ids = intern(connection, params)
    connection.executemany(
        "INSERT INTO version_params (version_id, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)",
        [(version, ids[name], *scalar_columns(value)) for name, value in params.items()],
    )


def insert_metrics(
    connection: sqlite3.Connection, version: int, metrics: Mapping[str, tuple[float, int | None]]
) -> None:
    """Fix the metrics a version is registered with: name to (value, row number of the dataset version or None)."""
    ids = intern(connection, metrics)
    connection.executemany(
        "INSERT INTO version_metrics (version_id, name_id, position, value, dataset_version_id) VALUES (?, ?, ?, ?, ?)",
        [
            (version, ids[name], position, number_column(value), dataset)
            for position, (name, (value, dataset)) in enumerate(metrics.items())
        ],
    )


def insert_datasets(connection: sqlite3.Connection, version: int, datasets: Collection[tuple[int, str]]) -> None:
    """Fix what a version was trained and measured on: (row number of the dataset version, role)."""
    connection.executemany(
        "INSERT INTO version_datasets (version_id, dataset_version_id, role) VALUES (?, ?, ?)",
        [(version, dataset, role) for dataset, role in datasets],
    )


def insert_evaluation(
    connection: sqlite3.Connection, version: int, name: str, value: float, dataset: int | None, at: Micros, actor: str
) -> None:
    """Add what a later evaluation of a version found."""
    name_id = intern(connection, [name])[name]
    connection.execute(
        "INSERT INTO evaluations (version_id, name_id, value, dataset_version_id, at, actor) VALUES (?, ?, ?, ?, ?, ?)",
        (version, name_id, number_column(value), dataset, at, actor),
    )


def set_status(connection: sqlite3.Connection, version: int, status: VersionStatus) -> None:
    """Mark a version."""
    connection.execute("UPDATE versions SET status = ? WHERE id = ?", (status, version))


def describe(connection: sqlite3.Connection, version: int, field: str, value: str | None) -> None:
    """Set owner, purpose or notes."""
    statements = {
        "owner": "UPDATE versions SET owner = ? WHERE id = ?",
        "purpose": "UPDATE versions SET purpose = ? WHERE id = ?",
        "notes": "UPDATE versions SET notes = ? WHERE id = ?",
    }
    connection.execute(statements[field], (value, version))


def _one(connection: sqlite3.Connection, rows: list[_VersionRow]) -> Version | None:
    return next(iter(_versions(connection, rows)), None)


def _versions(connection: sqlite3.Connection, rows: list[_VersionRow]) -> list[Version]:
    if not rows:
        return []
    ids = json.dumps([row[0] for row in rows])
    parents: dict[int, list[Parent]] = {}
    for child, model, label, relation, parent in connection.execute(
        "SELECT p.version_id, m.name, v.label, p.relation, p.parent_id FROM version_parents p "
        "JOIN versions v ON v.id = p.parent_id JOIN models m ON m.id = v.model_id "
        "WHERE p.version_id IN (SELECT value FROM json_each(?)) ORDER BY p.version_id, p.position",
        (ids,),
    ).fetchall():
        parents.setdefault(child, []).append(Parent(f"{model}:{label}", Relation(relation), parent))
    stages: dict[int, list[str]] = {}
    forced: dict[int, list[str]] = {}
    alarmed: dict[int, list[str]] = {}
    unhealthy: dict[int, list[str]] = {}
    for version, stage, *told in connection.execute(
        f"SELECT l.version_id, s.name, 1, {FORCED_IN}, {ALARMED}, t.outcome = 'unhealthy' FROM live l "
        "JOIN stages s ON s.id = l.stage_id JOIN transitions t ON t.id = l.transition_id "
        "WHERE l.version_id IN (SELECT value FROM json_each(?)) ORDER BY s.position",
        (ids,),
    ).fetchall():
        for kept, belongs in zip((stages, forced, alarmed, unhealthy), told, strict=True):
            if belongs:
                kept.setdefault(version, []).append(stage)
    return [
        Version(
            id=row[0],
            model=row[1],
            label=row[2],
            seq=row[3],
            uid=Uid(row[4]),
            digest=None if row[5] is None else Digest(row[5]),
            status=VersionStatus(row[6]),
            owner=row[7],
            purpose=row[8],
            notes=row[9],
            created_at=Micros(row[10]),
            created_by=row[11],
            run=None if row[12] is None else RunId(row[12]),
            parents=tuple(parents.get(row[0], ())),
            stages=tuple(stages.get(row[0], ())),
            forced=tuple(forced.get(row[0], ())),
            alarmed=tuple(alarmed.get(row[0], ())),
            unhealthy=tuple(unhealthy.get(row[0], ())),
            primary=None if row[13] is None else number(row[14]),
            deprecated_until=None if row[15] is None else Micros(row[15]),
        )
        for row in rows
    ]
