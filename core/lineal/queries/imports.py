"""What was imported from where: which thing of another program's store became which of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries.values import number_column

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from lineal.records.base import Micros
    from lineal.records.imports import ForeignStore
    from lineal.records.runs import Point


def source(connection: sqlite3.Connection, uid: str) -> int | None:
    """The row of a store that was imported from before."""
    row = connection.execute("SELECT id FROM import_sources WHERE uid = ?", (uid,)).fetchone()
    return int(row[0]) if row else None


def insert_source(connection: sqlite3.Connection, store: ForeignStore, at: Micros) -> int:
    """Add a store; returns its row number."""
    row = connection.execute(
        "INSERT INTO import_sources (uid, program, path, imported_at) VALUES (?, ?, ?, ?) RETURNING id",
        (store.uid, store.program, store.path, at),
    ).fetchone()
    return int(row[0])


def known(
    connection: sqlite3.Connection, source_id: int, kind: str, ids: Collection[str]
) -> dict[str, tuple[int, str | None]]:
    """(our row number, mark) of things that were imported, by their ids there; None: something is still to come."""
    rows = connection.execute(
        "SELECT foreign_id, our_id, mark FROM imported WHERE source_id = ? AND kind = ? "
        "AND foreign_id IN (SELECT value FROM json_each(?))",
        (source_id, kind, json.dumps(list(ids))),
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def came_from(connection: sqlite3.Connection, source_id: int, kind: str, our_id: int) -> str | None:
    """What one of our things is called in a store that it was imported from."""
    row = connection.execute(
        "SELECT foreign_id FROM imported WHERE source_id = ? AND kind = ? AND our_id = ?", (source_id, kind, our_id)
    ).fetchone()
    return str(row[0]) if row else None


def remember(
    connection: sqlite3.Connection, source_id: int, kind: str, foreign_id: str, our_id: int, mark: str | None
) -> None:
    """Note that a thing there became one of ours, and how it looked there."""
    connection.execute(
        "INSERT INTO imported (source_id, kind, foreign_id, our_id, mark) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (source_id, kind, foreign_id) DO UPDATE SET mark = excluded.mark",
        (source_id, kind, foreign_id, our_id, mark),
    )


def run_numbers(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, int]:
    """The row numbers of runs that are here, by id."""
    rows = connection.execute(
        "SELECT id, n FROM runs WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def missing_points(connection: sqlite3.Connection, run: int, name_id: int, points: Collection[Point]) -> list[Point]:
    """Those of some points that a history does not hold yet; equal ones are counted."""
    row = connection.execute("SELECT id FROM series WHERE run_n = ? AND name_id = ?", (run, name_id)).fetchone()
    if row is None:
        return list(points)
    missing = []
    here: dict[tuple[int, int, float | None], int] = {}
    for point in points:
        key = (point.step, point.at, number_column(point.value))
        if key not in here:
            here[key] = connection.execute(
                "SELECT count(*) FROM points WHERE series_id = ? AND step = ? AND at = ? AND value IS ?",
                (row[0], *key),
            ).fetchone()[0]
        if here[key]:
            here[key] -= 1
        else:
            missing.append(point)
    return missing


def dataset_version(connection: sqlite3.Connection, dataset: int, digest: str) -> int | None:
    """The row of the version of a dataset that has this digest."""
    row = connection.execute(
        "SELECT id FROM dataset_versions WHERE dataset_id = ? AND digest = ? ORDER BY id LIMIT 1", (dataset, digest)
    ).fetchone()
    return int(row[0]) if row else None


def version_by_uid(connection: sqlite3.Connection, uid: str) -> int | None:
    """The row of the version with this uid."""
    row = connection.execute("SELECT id FROM versions WHERE uid = ?", (uid,)).fetchone()
    return int(row[0]) if row else None


def seq_is_taken(connection: sqlite3.Connection, model: int, seq: int) -> bool:
    """Whether a version of a model has this sequence number."""
    return (
        connection.execute("SELECT 1 FROM versions WHERE model_id = ? AND seq = ?", (model, seq)).fetchone() is not None
    )


def add_files(
    connection: sqlite3.Connection, version: int, artifact: int, architecture: int | None, signature: str | None
) -> None:
    """Give an imported version the files that could not be found when it was imported."""
    connection.execute(
        "UPDATE versions SET artifact_id = ?, architecture_id = ?, signature = coalesce(signature, ?) WHERE id = ?",
        (artifact, architecture, signature, version),
    )
