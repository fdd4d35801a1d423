"""Objects, the artifacts made of them, and the architectures read from those."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from lineal.records.base import Digest, Micros
from lineal.records.models import Architecture, Artifact, FileEntry, Tensor
from lineal.rules.canonical import read_back

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping


def insert(connection: sqlite3.Connection, artifact: Artifact, architecture: Architecture | None, at: Micros) -> int:
    """The row of an artifact whose bytes are here, added with its objects and tensor digests where it is new."""
    row = connection.execute("SELECT id FROM artifacts WHERE digest = ?", (artifact.digest,)).fetchone()
    if row is not None:
        connection.execute(
            "UPDATE objects SET kept = 1 WHERE NOT kept "
            "AND id IN (SELECT object_id FROM artifact_files WHERE artifact_id = ?)",
            (row[0],),
        )
        return int(row[0])
    tensors = metadata = None
    if architecture is not None:
        tensors = json.dumps([[tensor.name, tensor.digest] for tensor in architecture.tensors])
        metadata = json.dumps(architecture.metadata)
    row = connection.execute(
        "INSERT INTO artifacts (digest, size, tensors, metadata) VALUES (?, ?, ?, ?) RETURNING id",
        (artifact.digest, artifact.size, tensors, metadata),
    ).fetchone()
    for file in artifact.files:
        connection.execute(
            "INSERT INTO objects (digest, size, created_at) VALUES (?, ?, ?) "
            "ON CONFLICT (digest) DO UPDATE SET kept = 1",
            (file.digest, file.size, at),
        )
        connection.execute(
            "INSERT INTO artifact_files (artifact_id, path, object_id, format) "
            "VALUES (?, ?, (SELECT id FROM objects WHERE digest = ?), ?)",
            (row[0], file.path, file.digest, file.format),
        )
    return int(row[0])


def claimed(connection: sqlite3.Connection, digests: Collection[str]) -> list[tuple[str, str, Digest, str]]:
    """(version, path, digest, format) of files of these digests that bundles told of, and whose bytes never came."""
    return connection.execute(
        "SELECT m.name || ':' || v.label, f.path, o.digest, f.format FROM json_each(?) j "
        "CROSS JOIN objects o ON o.digest = j.value AND NOT o.kept JOIN artifact_files f ON f.object_id = o.id "
        "JOIN versions v ON v.artifact_id = f.artifact_id JOIN models m ON m.id = v.model_id",
        (json.dumps(list(digests)),),
    ).fetchall()


def kept_of(connection: sqlite3.Connection, digests: Collection[str]) -> frozenset[str]:
    """Those of some digests whose bytes are here."""
    rows = connection.execute(
        "SELECT o.digest FROM json_each(?) j CROSS JOIN objects o ON o.digest = j.value AND o.kept",
        (json.dumps(list(digests)),),
    )
    return frozenset(row[0] for row in rows.fetchall())


def intern_object(connection: sqlite3.Connection, digest: Digest, size: int, at: Micros, *, kept: bool = True) -> int:
    """The row of an object that is no file of an artifact, added where it is new; `kept` tells whether it is here."""
    row = connection.execute(
        "INSERT INTO objects (digest, size, created_at, kept) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (digest) DO UPDATE SET kept = max(kept, excluded.kept) RETURNING id",
        (digest, size, at, kept),
    ).fetchone()
    return int(row[0])


def kept_object(connection: sqlite3.Connection, digest: Digest) -> int | None:
    """The bytes of an object that is here; None for one that is not."""
    row = connection.execute("SELECT size FROM objects WHERE digest = ? AND kept", (digest,)).fetchone()
    return None if row is None else int(row[0])


def intern_architecture(connection: sqlite3.Connection, architecture: Architecture) -> int:
    """The row of an architecture, added where it is new."""
    row = connection.execute("SELECT id FROM architectures WHERE digest = ?", (architecture.digest,)).fetchone()
    if row is None:
        tensors = [[tensor.name, tensor.dtype, list(tensor.shape)] for tensor in architecture.tensors]
        row = connection.execute(
            "INSERT INTO architectures (digest, kind, parameters, tensors) VALUES (?, ?, ?, ?) RETURNING id",
            (architecture.digest, architecture.kind, architecture.parameters, json.dumps(tensors)),
        ).fetchone()
    return int(row[0])


def files_of(connection: sqlite3.Connection, versions: Collection[int]) -> dict[int, Artifact]:
    """The artifacts of versions, by the version's row number."""
    ids = json.dumps(list(versions))
    heads = connection.execute(
        "SELECT v.id, v.artifact_id, a.digest, a.size FROM versions v JOIN artifacts a ON a.id = v.artifact_id "
        "WHERE v.id IN (SELECT value FROM json_each(?))",
        (ids,),
    ).fetchall()
    files: dict[int, list[FileEntry]] = {}
    for artifact, path, digest, size, format_ in connection.execute(
        "SELECT f.artifact_id, f.path, o.digest, o.size, f.format FROM artifact_files f "
        "JOIN objects o ON o.id = f.object_id WHERE f.artifact_id IN (SELECT value FROM json_each(?)) "
        "ORDER BY f.artifact_id, f.path",
        (json.dumps(list({head[1] for head in heads})),),
    ).fetchall():
        files.setdefault(artifact, []).append(FileEntry(path, Digest(digest), size, format_))
    return {
        version: Artifact(Digest(digest), tuple(files.get(artifact, ())), size)
        for version, artifact, digest, size in heads
    }


def architectures_of(connection: sqlite3.Connection, versions: Collection[int]) -> dict[int, Architecture]:
    """The architectures of versions with the digests of their tensors, by the version's row number."""
    rows = connection.execute(
        "SELECT v.id, t.digest, t.kind, t.parameters, t.tensors, a.tensors, a.metadata FROM versions v "
        "JOIN architectures t ON t.id = v.architecture_id LEFT JOIN artifacts a ON a.id = v.artifact_id "
        "WHERE v.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(versions)),),
    ).fetchall()
    found = {}
    for version, digest, kind, parameters, tensors, digests, metadata in rows:
        known = read_back(digests, dict) if digests else {}
        found[version] = Architecture(
            digest=Digest(digest),
            kind=kind,
            parameters=parameters,
            tensors=read_back(tensors, partial(_tensors, known)),
            metadata=read_back(metadata, dict) if metadata else {},
        )
    return found


def _tensors(known: Mapping[str, Digest], found: list[tuple[str, str, list[int]]]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name, dtype, tuple(shape), known.get(name)) for name, dtype, shape in found)


def architecture_digest(connection: sqlite3.Connection, version: int) -> Digest | None:
    """The digest of a version's architecture; None when it has none."""
    row = connection.execute(
        "SELECT t.digest FROM versions v JOIN architectures t ON t.id = v.architecture_id WHERE v.id = ?", (version,)
    ).fetchone()
    return Digest(row[0]) if row else None


def are_kept(connection: sqlite3.Connection, version: int) -> bool:
    """Whether the bytes of all files of a version are here; some are known by their digests only."""
    row = connection.execute(
        "SELECT 1 FROM versions v JOIN artifact_files f ON f.artifact_id = v.artifact_id "
        "JOIN objects o ON o.id = f.object_id WHERE v.id = ? AND NOT o.kept",
        (version,),
    ).fetchone()
    return row is None


def objects_of(connection: sqlite3.Connection, version: int) -> list[tuple[Digest, int]]:
    """(digest, size) of the objects of a version whose bytes are here."""
    rows = connection.execute(
        "SELECT DISTINCT o.digest, o.size FROM versions v JOIN artifact_files f ON f.artifact_id = v.artifact_id "
        "JOIN objects o ON o.id = f.object_id WHERE v.id = ? AND o.kept ORDER BY o.digest",
        (version,),
    ).fetchall()
    return [(Digest(digest), size) for digest, size in rows]
