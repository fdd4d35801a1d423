"""Laying down what came in a bundle, and what of it is here already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lineal.queries import names
from lineal.queries.values import scalar, scalar_columns

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.bundles import BundledArchitecture, BundledArtifact, BundledVersion


def insert_ending(connection: sqlite3.Connection, number: int, new: BundledVersion) -> None:
    """Add how a version ended, or is to end; who comes after it is known only where that one is here."""
    over, said = new.retirement, new.deprecation
    if over is not None:
        connection.execute(
            "INSERT INTO retirements (version_id, at, actor, uid, claim, reason, successor_id, purged_at, purged_by) "
            "VALUES (?, ?, ?, -1, ?, ?, (SELECT id FROM versions WHERE uid = ?), ?, ?)",
            (number, over.at, over.actor, over.claim, over.reason, over.successor, over.purged_at, over.purged_by),
        )
    if said is not None:
        connection.execute("UPDATE versions SET deprecated_until = ? WHERE id = ?", (said.until, number))
        connection.execute(
            "INSERT INTO deprecations (version_id, until, reason, successor_id, at, actor) "
            "VALUES (?, ?, ?, (SELECT id FROM versions WHERE uid = ?), ?, ?)",
            (number, said.until, said.reason, said.successor, said.at, said.actor),
        )


def known_version(connection: sqlite3.Connection, uid: str) -> tuple[int, str, str] | None:
    """(row number, model, label) of the version with this uid."""
    row: tuple[int, str, str] | None = connection.execute(
        "SELECT v.id, m.name, v.label FROM versions v JOIN models m ON m.id = v.model_id WHERE v.uid = ?", (uid,)
    ).fetchone()
    return row


def known_data(connection: sqlite3.Connection, dataset: str, label: str) -> tuple[int, str] | None:
    """(row number, digest) of a dataset version."""
    row: tuple[int, str] | None = connection.execute(
        "SELECT v.id, v.digest FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id "
        "WHERE d.name = ? AND v.label = ?",
        (dataset, label),
    ).fetchone()
    return row


def known_run(connection: sqlite3.Connection, run_id: str) -> int | None:
    """The row number of a run."""
    row = connection.execute("SELECT n FROM runs WHERE id = ?", (run_id,)).fetchone()
    return None if row is None else int(row[0])


def insert_artifact(connection: sqlite3.Connection, new: BundledArtifact, at: int, kept: frozenset[str]) -> int:
    """The row of an artifact; objects whose bytes did not come along are recorded as not kept here."""
    row = connection.execute("SELECT id FROM artifacts WHERE digest = ?", (new.digest,)).fetchone()
    for _, digest, size, _ in new.files:
        connection.execute(
            "INSERT INTO objects (digest, size, created_at, kept) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (digest) DO UPDATE SET kept = max(kept, excluded.kept)",
            (digest, size, at, digest in kept),
        )
    if row is None:
        row = connection.execute(
            "INSERT INTO artifacts (digest, size, tensors, metadata) VALUES (?, ?, ?, ?) RETURNING id",
            (new.digest, new.size, new.tensors, new.metadata),
        ).fetchone()
        connection.executemany(
            "INSERT INTO artifact_files (artifact_id, path, object_id, format) "
            "VALUES (?1, ?2, (SELECT id FROM objects WHERE digest = ?3), ?4)",
            [(row[0], path, digest, format_) for path, digest, _, format_ in new.files],
        )
    return int(row[0])


def formats_of(connection: sqlite3.Connection, digest: str) -> dict[str, str]:
    """By path, the formats that are recorded of an artifact's files; none when it is not known."""
    rows = connection.execute(
        "SELECT f.path, f.format FROM artifact_files f JOIN artifacts a ON a.id = f.artifact_id WHERE a.digest = ?",
        (digest,),
    )
    return dict(rows.fetchall())


def insert_architecture(connection: sqlite3.Connection, new: BundledArchitecture) -> None:
    """Add a structure where it is new."""
    connection.execute(
        "INSERT INTO architectures (digest, kind, parameters, tensors) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (digest) DO NOTHING",
        (new.digest, new.kind, new.parameters, new.tensors),
    )


def architecture(connection: sqlite3.Connection, digest: str) -> int:
    """The row of a structure."""
    return int(connection.execute("SELECT id FROM architectures WHERE digest = ?", (digest,)).fetchone()[0])


def insert_version(
    connection: sqlite3.Connection,
    new: BundledVersion,
    *,
    model: int,
    seq: int,
    run: int | None,
    artifact: int | None,
    parents: list[tuple[int, str]],
    metrics: list[tuple[str, float | None, int | None]],
    datasets: list[tuple[int, str]],
) -> int:
    """Add a version under its own uid; returns its row number."""
    row = connection.execute(
        "INSERT INTO versions (uid, model_id, seq, label, label_reason, run_n, artifact_id, architecture_id, "
        "signature, owner, purpose, notes, status, created_at, created_by, claim) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            new.uid,
            model,
            seq,
            new.label,
            new.label_reason,
            run,
            artifact,
            None if new.architecture is None else architecture(connection, new.architecture),
            new.signature,
            new.owner,
            new.purpose,
            new.notes,
            new.status,
            new.created_at,
            new.created_by,
            new.claim,
        ),
    ).fetchone()
    number = int(row[0])
    connection.executemany(
        "INSERT INTO version_parents (version_id, position, parent_id, relation) VALUES (?, ?, ?, ?)",
        [(number, position, parent, relation) for position, (parent, relation) in enumerate(parents)],
    )
    ids = names.intern(connection, [*(name for name, _, _ in new.params), *(name for name, _, _ in metrics)])
    connection.executemany(
        "INSERT INTO version_params (version_id, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)",
        [(number, ids[name], *_param_columns(kind, text)) for name, kind, text in new.params],
    )
    connection.executemany(
        "INSERT INTO version_metrics (version_id, name_id, position, value, dataset_version_id) VALUES (?, ?, ?, ?, ?)",
        [(number, ids[name], place, value, data) for place, (name, value, data) in enumerate(metrics)],
    )
    connection.executemany(
        "INSERT INTO version_datasets (version_id, dataset_version_id, role) VALUES (?, ?, ?)",
        [(number, data, role) for data, role in datasets],
    )
    names.set_tags(connection, "version", number, dict(new.tags))
    return number


def insert_run_params(connection: sqlite3.Connection, run: int, params: tuple[tuple[str, str, str], ...]) -> None:
    """Add params of a run as they were laid down."""
    ids = names.intern(connection, [name for name, _, _ in params])
    connection.executemany(
        "INSERT INTO params (run_n, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)",
        [(run, ids[name], *_param_columns(kind, text)) for name, kind, text in params],
    )


def _param_columns(kind: str, text: str) -> tuple[str, str, Any]:
    return scalar_columns(scalar(kind, text))
