"""Datasets and their versions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lineal.records.base import Digest, Micros
from lineal.records.data import Column, Dataset, DatasetVersion
from lineal.records.runs import RunData
from lineal.rules.canonical import read_back

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

_DATASET = """
SELECT d.id, d.name, d.owner, d.purpose, d.notes, d.created_at,
    (SELECT count(*) FROM dataset_versions v WHERE v.dataset_id = d.id),
    (SELECT v.label FROM dataset_versions v WHERE v.dataset_id = d.id ORDER BY v.seq DESC LIMIT 1)
FROM datasets d """

_VERSION = """
SELECT v.id, d.name, v.seq, v.label, v.digest, v.uri, v.rows, v.bytes, v.columns, r.id, v.created_at, v.created_by
FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id LEFT JOIN runs r ON r.n = v.run_n """


def all_datasets(connection: sqlite3.Connection) -> list[Dataset]:
    """Every dataset, by name."""
    return [_dataset(row) for row in connection.execute(_DATASET + "ORDER BY d.name").fetchall()]


def dataset(connection: sqlite3.Connection, name: str) -> Dataset | None:
    """The dataset of this name."""
    row = connection.execute(_DATASET + "WHERE d.name = ?", (name,)).fetchone()
    return _dataset(row) if row else None


def names(connection: sqlite3.Connection, prefix: str = "", limit: int = 1_000) -> list[str]:
    """Names of datasets that begin with `prefix`."""
    rows = connection.execute(
        "SELECT name FROM datasets WHERE substr(name, 1, ?) = ? ORDER BY name LIMIT ?", (len(prefix), prefix, limit)
    ).fetchall()
    return [row[0] for row in rows]


def insert_dataset(connection: sqlite3.Connection, name: str, at: Micros, actor: str) -> int:
    """Add a dataset; returns its row number."""
    row = connection.execute(
        "INSERT INTO datasets (name, created_at, created_by) VALUES (?, ?, ?) RETURNING id", (name, at, actor)
    ).fetchone()
    return int(row[0])


def describe(connection: sqlite3.Connection, dataset_id: int, field: str, value: str | None) -> None:
    """Set owner, purpose or notes."""
    statements = {
        "owner": "UPDATE datasets SET owner = ? WHERE id = ?",
        "purpose": "UPDATE datasets SET purpose = ? WHERE id = ?",
        "notes": "UPDATE datasets SET notes = ? WHERE id = ?",
    }
    connection.execute(statements[field], (value, dataset_id))


def versions(connection: sqlite3.Connection, dataset_id: int, limit: int = -1) -> list[DatasetVersion]:
    """The versions of a dataset, newest first."""
    rows = connection.execute(
        _VERSION + "WHERE v.dataset_id = ? ORDER BY v.seq DESC LIMIT ?", (dataset_id, limit)
    ).fetchall()
    return _versions(connection, rows)


def version(connection: sqlite3.Connection, dataset_id: int, label: str) -> DatasetVersion | None:
    """The version of a dataset with this label."""
    rows = connection.execute(_VERSION + "WHERE v.dataset_id = ? AND v.label = ?", (dataset_id, label)).fetchall()
    return next(iter(_versions(connection, rows)), None)


def versions_by_name(
    connection: sqlite3.Connection, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], DatasetVersion]:
    """Dataset versions by the name of the dataset and their label; what is not there is left out."""
    rows = connection.execute(
        _VERSION + "WHERE (d.name, v.label) IN "
        "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
        (json.dumps([list(pair) for pair in wanted]),),
    ).fetchall()
    return {(each.dataset, each.label): each for each in _versions(connection, rows)}


def by_ids(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, DatasetVersion]:
    """Dataset versions by row number."""
    rows = connection.execute(
        _VERSION + "WHERE v.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    ).fetchall()
    return {version.id: version for version in _versions(connection, rows)}


def versions_by_digest(connection: sqlite3.Connection, prefix: str) -> list[DatasetVersion]:
    """The dataset versions whose digest begins with `prefix` (with `sha256:`)."""
    rows = connection.execute(
        _VERSION + "WHERE v.digest >= ? AND v.digest < ? ORDER BY v.id", (prefix, prefix + "g")
    ).fetchall()
    return _versions(connection, rows)


def insert_version(
    connection: sqlite3.Connection,
    dataset_id: int,
    *,
    label: str,
    digest: Digest,
    uri: str | None,
    rows: int | None,
    size: int | None,
    columns: tuple[Column, ...] | None,
    notes: str | None,
    parents: Sequence[int],
    run: int | None,
    at: Micros,
    actor: str,
) -> int:
    """Add a version of a dataset; returns its row number."""
    row = connection.execute(
        "INSERT INTO dataset_versions (dataset_id, seq, label, digest, uri, rows, bytes, columns, notes, run_n, "
        "created_at, created_by) VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM dataset_versions "
        "WHERE dataset_id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            dataset_id,
            dataset_id,
            label,
            digest,
            uri,
            rows,
            size,
            None if columns is None else json.dumps([asdict(column) for column in columns]),
            notes,
            run,
            at,
            actor,
        ),
    ).fetchone()
    connection.executemany(
        "INSERT INTO dataset_parents (dataset_version_id, parent_id) VALUES (?, ?)",
        [(row[0], parent) for parent in parents],
    )
    return int(row[0])


def uses(connection: sqlite3.Connection, most: int) -> list[tuple[int, int, int, int]]:
    """(row number, runs, versions of models, datasets derived) of the newest versions of each dataset.

    Args:
        connection: an open view.
        most: versions of one dataset at most.
    """
    # an index has the runs of one version of a dataset beside one another, and those of one run, too
    return connection.execute(
        "WITH ranked AS (SELECT id, row_number() OVER (PARTITION BY dataset_id ORDER BY seq DESC) AS place "
        "FROM dataset_versions) "
        "SELECT r.id, "
        "(SELECT count(*) FROM (SELECT DISTINCT run_n FROM run_inputs WHERE dataset_version_id = r.id)), "
        "(SELECT count(*) FROM (SELECT DISTINCT version_id FROM version_datasets WHERE dataset_version_id = r.id)), "
        "(SELECT count(*) FROM dataset_parents WHERE parent_id = r.id) "
        "FROM ranked r WHERE r.place <= ?",
        (most,),
    ).fetchall()


def next_seq(connection: sqlite3.Connection, dataset_id: int) -> int:
    """The sequence number the next version of a dataset gets."""
    row = connection.execute(
        "SELECT coalesce(max(seq), 0) + 1 FROM dataset_versions WHERE dataset_id = ?", (dataset_id,)
    ).fetchone()
    return int(row[0])


def used_by_versions(connection: sqlite3.Connection, versions_: Collection[int]) -> dict[int, tuple[RunData, ...]]:
    """What model versions were trained and measured on, by the version's row number."""
    rows = connection.execute(
        "SELECT u.version_id, d.name, v.label, u.role, v.digest FROM version_datasets u "
        "JOIN dataset_versions v ON v.id = u.dataset_version_id JOIN datasets d ON d.id = v.dataset_id "
        "WHERE u.version_id IN (SELECT value FROM json_each(?)) ORDER BY u.version_id, u.role DESC, d.name",
        (json.dumps(list(versions_)),),
    ).fetchall()
    return _grouped(versions_, rows)


def used_by_runs(connection: sqlite3.Connection, runs: Collection[int]) -> dict[int, tuple[RunData, ...]]:
    """What runs read, by the run's row number."""
    rows = connection.execute(
        "SELECT u.run_n, d.name, v.label, u.role, v.digest FROM run_inputs u "
        "JOIN dataset_versions v ON v.id = u.dataset_version_id JOIN datasets d ON d.id = v.dataset_id "
        "WHERE u.run_n IN (SELECT value FROM json_each(?)) ORDER BY u.run_n, u.role DESC, d.name",
        (json.dumps(list(runs)),),
    ).fetchall()
    return _grouped(runs, rows)


def add_run_input(connection: sqlite3.Connection, run: int, dataset_version: int, role: str) -> None:
    """Note that a run read a dataset version; once is enough."""
    connection.execute(
        "INSERT OR IGNORE INTO run_inputs (run_n, dataset_version_id, role) VALUES (?, ?, ?)",
        (run, dataset_version, role),
    )


def _grouped(subjects: Collection[int], rows: list[tuple[int, str, str, str, str]]) -> dict[int, tuple[RunData, ...]]:
    found: dict[int, list[RunData]] = {subject: [] for subject in subjects}
    for subject, name, label, role, digest in rows:
        found[subject].append(RunData(name, label, role, Digest(digest)))
    return {subject: tuple(data) for subject, data in found.items()}


def _dataset(row: tuple[int, str, str | None, str | None, str | None, int, int, str | None]) -> Dataset:
    number, name, owner, purpose, notes, created_at, versions_, latest = row
    return Dataset(number, name, owner, purpose, notes, Micros(created_at), versions_, latest)


def _versions(
    connection: sqlite3.Connection,
    rows: list[tuple[int, str, int, str, str, str | None, int | None, int | None, str | None, str | None, int, str]],
) -> list[DatasetVersion]:
    parents: dict[int, list[str]] = {row[0]: [] for row in rows}
    for child, name, label in connection.execute(
        "SELECT p.dataset_version_id, d.name, v.label FROM dataset_parents p "
        "JOIN dataset_versions v ON v.id = p.parent_id JOIN datasets d ON d.id = v.dataset_id "
        "WHERE p.dataset_version_id IN (SELECT value FROM json_each(?)) ORDER BY p.parent_id",
        (json.dumps(list(parents)),),
    ).fetchall():
        parents[child].append(f"data:{name}:{label}")
    return [
        DatasetVersion(
            id=number,
            dataset=name,
            seq=seq,
            label=label,
            digest=Digest(digest),
            uri=uri,
            rows=count,
            bytes=size,
            columns=None if columns is None else read_back(columns, _columns),
            parents=tuple(parents[number]),
            run=run,
            created_at=Micros(created_at),
            created_by=actor,
        )
        for number, name, seq, label, digest, uri, count, size, columns, run, created_at, actor in rows
    ]


def _columns(found: list[dict[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(**column) for column in found)
