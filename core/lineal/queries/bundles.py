"""Gathering what travels in a bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries import names, registry
from lineal.records.bundles import (
    Bundle,
    BundledArchitecture,
    BundledArtifact,
    BundledData,
    BundledDeprecation,
    BundledModel,
    BundledRetirement,
    BundledRun,
    BundledSeries,
    BundledVersion,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_RUN_FIELDS = (
    "id", "experiment", "name", "kind", "status", "started_at", "ended_at", "actor", "claim", "command", "seed", "code",
)  # fmt: skip
_DATA_FIELDS = (
    "dataset", "label", "digest", "uri", "rows", "bytes", "columns", "notes", "created_at", "created_by",
)  # fmt: skip
_VERSION_FIELDS = (
    "uid", "model", "label", "label_reason", "seq", "status", "owner", "purpose", "notes", "created_at", "created_by",
    "claim", "run", "artifact", "architecture", "signature",
)  # fmt: skip

_IN = " IN (SELECT value FROM json_each(?))"


def gather(connection: sqlite3.Connection, version: int) -> Bundle:
    """Everything about a version and all its ancestors; files are those of the version and its code's changes."""
    ids = _closure(connection, "version_parents", "version_id", [version])
    runs = _column(connection, "SELECT DISTINCT run_n FROM versions WHERE run_n IS NOT NULL AND id" + _IN, ids)
    data = _closure(
        connection,
        "dataset_parents",
        "dataset_version_id",
        [
            *_column(connection, "SELECT dataset_version_id FROM version_datasets WHERE version_id" + _IN, ids),
            *_column(
                connection,
                "SELECT dataset_version_id FROM version_metrics WHERE dataset_version_id IS NOT NULL AND version_id"
                + _IN,
                ids,
            ),
            *_column(connection, "SELECT dataset_version_id FROM run_inputs WHERE run_n" + _IN, runs),
            *_column(
                connection,
                "SELECT dataset_version_id FROM series WHERE dataset_version_id IS NOT NULL AND run_n" + _IN,
                runs,
            ),
        ],
    )
    uid = connection.execute("SELECT uid FROM versions WHERE id = ?", (version,)).fetchone()[0]
    return Bundle(
        focus=uid,
        registry=registry.uid(connection),
        models=_models(connection, ids),
        data=_data(connection, data),
        runs=tuple(_run(connection, number) for number in runs),
        artifacts=_artifacts(connection, ids),
        architectures=_architectures(connection, ids),
        versions=tuple(_version(connection, number) for number in ids),
        objects=tuple(
            connection.execute(
                "SELECT DISTINCT o.digest, o.size FROM versions v "
                "JOIN artifact_files f ON f.artifact_id = v.artifact_id "
                "JOIN objects o ON o.id = f.object_id WHERE v.id = ?1 "
                "UNION SELECT o.digest, o.size FROM versions v JOIN runs r ON r.n = v.run_n "
                "JOIN code_states c ON c.id = r.code_id JOIN objects o ON o.id = c.patch_object_id "
                "WHERE v.id = ?1 AND o.kept ORDER BY 1",
                (version,),
            ).fetchall()
        ),
    )


def _column(connection: sqlite3.Connection, statement: str, ids: Iterable[int]) -> list[int]:
    return [row[0] for row in connection.execute(statement, (json.dumps(list(ids)),)).fetchall()]


def _closure(connection: sqlite3.Connection, table: str, child: str, start: Iterable[int]) -> list[int]:
    """The things and all they came from, origins first: a parent's row number is below its child's."""
    rows = connection.execute(
        f"WITH RECURSIVE up (id) AS (SELECT value FROM json_each(?) UNION SELECT p.parent_id FROM {table} p "
        f"JOIN up ON up.id = p.{child}) SELECT id FROM up ORDER BY id",
        (json.dumps(list(start)),),
    ).fetchall()
    return [row[0] for row in rows]


def _models(connection: sqlite3.Connection, versions: list[int]) -> tuple[BundledModel, ...]:
    rows = connection.execute(
        "SELECT DISTINCT m.name, m.scheme, n.name, m.owner, m.purpose, m.notes FROM versions v "
        "JOIN models m ON m.id = v.model_id LEFT JOIN names n ON n.id = m.primary_id WHERE v.id" + _IN,
        (json.dumps(versions),),
    ).fetchall()
    return tuple(BundledModel(*row) for row in rows)


def _data(connection: sqlite3.Connection, ids: list[int]) -> tuple[BundledData, ...]:
    found = []
    for number in ids:
        row = connection.execute(
            "SELECT d.name, v.label, v.digest, v.uri, v.rows, v.bytes, v.columns, v.notes, v.created_at, v.created_by "
            "FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id WHERE v.id = ?",
            (number,),
        ).fetchone()
        parents = connection.execute(
            "SELECT d.name, v.label FROM dataset_parents p JOIN dataset_versions v ON v.id = p.parent_id "
            "JOIN datasets d ON d.id = v.dataset_id WHERE p.dataset_version_id = ? ORDER BY p.parent_id",
            (number,),
        ).fetchall()
        fields = dict(zip(_DATA_FIELDS, row, strict=True))
        found.append(BundledData(**fields, parents=tuple(parents)))
    return tuple(found)


def _run(connection: sqlite3.Connection, number: int) -> BundledRun:
    row = connection.execute(
        "SELECT r.id, e.name, r.name, r.kind, r.status, r.started_at, r.ended_at, r.actor, r.claim, r.command, r.seed, "
        "c.content, n.digest, n.content, r.error FROM runs r JOIN experiments e ON e.id = r.experiment_id "
        "LEFT JOIN code_states c ON c.id = r.code_id LEFT JOIN environments n ON n.id = r.environment_id "
        "WHERE r.n = ?",
        (number,),
    ).fetchone()
    series = []
    for series_id, name, dataset, label in connection.execute(
        "SELECT s.id, n.name, d.name, v.label FROM series s JOIN names n ON n.id = s.name_id "
        "LEFT JOIN dataset_versions v ON v.id = s.dataset_version_id LEFT JOIN datasets d ON d.id = v.dataset_id "
        "WHERE s.run_n = ? ORDER BY s.id",
        (number,),
    ).fetchall():
        points = connection.execute(
            "SELECT step, at, value FROM points WHERE series_id = ? ORDER BY step, at, n", (series_id,)
        ).fetchall()
        series.append(BundledSeries(name, None if dataset is None else (dataset, label), tuple(points)))
    return BundledRun(
        **dict(zip(_RUN_FIELDS, row[:12], strict=True)),
        environment=None if row[12] is None else (row[12], row[13]),
        error=row[14],
        params=_params(connection, "SELECT n.name, p.kind, p.text FROM params p JOIN names n ON n.id = p.name_id "
                       "WHERE p.run_n = ? ORDER BY n.name", number),
        series=tuple(series),
        tags=_tags(connection, "run", number),
        inputs=_used(connection, "SELECT d.name, v.label, u.role FROM run_inputs u "
                     "JOIN dataset_versions v ON v.id = u.dataset_version_id JOIN datasets d ON d.id = v.dataset_id "
                     "WHERE u.run_n = ? ORDER BY d.name, v.label, u.role", number),
    )  # fmt: skip


def _params(connection: sqlite3.Connection, statement: str, number: int) -> tuple[tuple[str, str, str], ...]:
    return tuple(connection.execute(statement, (number,)).fetchall())


def _used(connection: sqlite3.Connection, statement: str, number: int) -> tuple[tuple[str, str, str], ...]:
    return tuple(connection.execute(statement, (number,)).fetchall())


def _tags(connection: sqlite3.Connection, kind: str, number: int) -> tuple[tuple[str, str], ...]:
    return tuple(names.tags_of(connection, kind, [number])[number].items())


def _artifacts(connection: sqlite3.Connection, versions: list[int]) -> tuple[BundledArtifact, ...]:
    found = []
    for number, digest, size, tensors, metadata in connection.execute(
        "SELECT DISTINCT a.id, a.digest, a.size, a.tensors, a.metadata FROM versions v "
        "JOIN artifacts a ON a.id = v.artifact_id WHERE v.id" + _IN + " ORDER BY a.id",
        (json.dumps(versions),),
    ).fetchall():
        files = connection.execute(
            "SELECT f.path, o.digest, o.size, f.format FROM artifact_files f JOIN objects o ON o.id = f.object_id "
            "WHERE f.artifact_id = ? ORDER BY f.path",
            (number,),
        ).fetchall()
        found.append(BundledArtifact(digest, size, tensors, metadata, tuple(files)))
    return tuple(found)


def _architectures(connection: sqlite3.Connection, versions: list[int]) -> tuple[BundledArchitecture, ...]:
    rows = connection.execute(
        "SELECT DISTINCT t.digest, t.kind, t.parameters, t.tensors FROM versions v "
        "JOIN architectures t ON t.id = v.architecture_id WHERE v.id" + _IN,
        (json.dumps(versions),),
    ).fetchall()
    return tuple(BundledArchitecture(*row) for row in rows)


def _version(connection: sqlite3.Connection, number: int) -> BundledVersion:
    row = connection.execute(
        "SELECT v.uid, m.name, v.label, v.label_reason, v.seq, v.status, v.owner, v.purpose, v.notes, v.created_at, "
        "v.created_by, v.claim, r.id, a.digest, t.digest, v.signature FROM versions v "
        "JOIN models m ON m.id = v.model_id LEFT JOIN runs r ON r.n = v.run_n "
        "LEFT JOIN artifacts a ON a.id = v.artifact_id LEFT JOIN architectures t ON t.id = v.architecture_id "
        "WHERE v.id = ?",
        (number,),
    ).fetchone()
    parents = connection.execute(
        "SELECT v.uid, p.relation FROM version_parents p JOIN versions v ON v.id = p.parent_id "
        "WHERE p.version_id = ? ORDER BY p.position",
        (number,),
    ).fetchall()
    metrics = connection.execute(
        "SELECT n.name, x.value, d.name, v.label FROM version_metrics x JOIN names n ON n.id = x.name_id "
        "LEFT JOIN dataset_versions v ON v.id = x.dataset_version_id LEFT JOIN datasets d ON d.id = v.dataset_id "
        "WHERE x.version_id = ? ORDER BY x.position",
        (number,),
    ).fetchall()
    return BundledVersion(
        **dict(zip(_VERSION_FIELDS, row, strict=True)),
        parents=tuple(parents),
        params=_params(connection, "SELECT n.name, p.kind, p.text FROM version_params p "
                       "JOIN names n ON n.id = p.name_id WHERE p.version_id = ? ORDER BY n.name", number),
        metrics=tuple((name, value, None if data is None else (data, label)) for name, value, data, label in metrics),
        datasets=_used(connection, "SELECT d.name, v.label, u.role FROM version_datasets u "
                       "JOIN dataset_versions v ON v.id = u.dataset_version_id JOIN datasets d ON d.id = v.dataset_id "
                       "WHERE u.version_id = ? ORDER BY d.name, v.label, u.role", number),
        tags=_tags(connection, "version", number),
        retirement=_retirement(connection, number),
        deprecation=_deprecation(connection, number),
    )  # fmt: skip


def _retirement(connection: sqlite3.Connection, number: int) -> BundledRetirement | None:
    row = connection.execute(
        "SELECT r.at, r.actor, r.claim, r.reason, s.uid, r.purged_at, r.purged_by FROM retirements r "
        "LEFT JOIN versions s ON s.id = r.successor_id WHERE r.version_id = ?",
        (number,),
    ).fetchone()
    return None if row is None else BundledRetirement(*row)


def _deprecation(connection: sqlite3.Connection, number: int) -> BundledDeprecation | None:
    row = connection.execute(
        "SELECT d.until, d.reason, s.uid, d.at, d.actor FROM deprecations d "
        "LEFT JOIN versions s ON s.id = d.successor_id WHERE d.version_id = ?",
        (number,),
    ).fetchone()
    return None if row is None else BundledDeprecation(*row)
