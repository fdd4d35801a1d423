"""What is asked of a registry by whoever looks after it."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from lineal.records.base import Digest
from lineal.records.upkeep import StoredFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lineal.records.stages import Outcome

_MOST = 100
"""Lines of SQLite's own checks that are worth reading."""

_REFERRED = (
    "(EXISTS (SELECT 1 FROM artifact_files f WHERE f.object_id = o.id) "
    "OR EXISTS (SELECT 1 FROM code_states c WHERE c.patch_object_id = o.id))"
)
"""An object is a file of an artifact, or the uncommitted changes of a run's code."""


def what_sqlite_finds(connection: sqlite3.Connection) -> list[str]:
    """What SQLite's own check of pages, indexes and constraints finds; takes long, so only on a copy."""
    rows = connection.execute(f"PRAGMA integrity_check({_MOST})").fetchall()
    return [str(row[0]) for row in rows if row[0] != "ok"]


def dangling_rows(connection: sqlite3.Connection) -> list[str]:
    """Rows that refer to rows that are not there, in words."""
    rows = connection.execute("SELECT * FROM pragma_foreign_key_check LIMIT ?", (_MOST,)).fetchall()
    return [f"row {row} of {table} refers to a row of {parent} that is not there" for table, row, parent, _ in rows]


def unreadable_texts(connection: sqlite3.Connection) -> list[str]:
    """Tables with text that is no UTF-8, which SQLite does not look at."""
    tables: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT printf('\"%w\"', t.name), printf('\"%w\"', c.name) FROM pragma_table_list t "
        "JOIN pragma_table_info(t.name) c "
        "WHERE t.schema = 'main' AND t.type = 'table' AND c.type = 'TEXT' AND t.name NOT LIKE 'sqlite%'"
    ).fetchall():
        tables.setdefault(table, []).append(column)
    found = []
    for table, columns in tables.items():
        try:
            for _ in connection.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                pass
        except (sqlite3.OperationalError, UnicodeDecodeError):
            found.append(f"a text in {table} is no UTF-8")
    return found


def unreadable_words(connection: sqlite3.Connection) -> list[str]:
    """Tables of words that are searched, and whose own tables were changed so that they cannot be."""
    virtual = "SELECT printf('\"%w\"', name) FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'"
    found = []
    for (table,) in connection.execute(virtual).fetchall():
        try:
            connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
        except sqlite3.Error as error:
            found.append(f"{table} cannot be read: {error}")
    return found


def schema(connection: sqlite3.Connection, tables: Collection[str] | None = None) -> dict[tuple[str, str], str]:
    """(kind, name) of all tables, indexes, triggers and views, or those of some tables, with what made them."""
    rows = connection.execute(
        r"SELECT type, name, sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL "
        r"AND tbl_name NOT LIKE '\_sqlite\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'"
    ).fetchall()
    return {(kind, name): " ".join(sql.split()) for kind, name, sql, table in rows if tables is None or table in tables}


def version_count(connection: sqlite3.Connection) -> int:
    """How many versions there are of all models."""
    return int(connection.execute("SELECT count(*) FROM versions").fetchone()[0])


def stages_that_disagree(connection: sqlite3.Connection, moving: Collection[Outcome]) -> list[tuple[str, str]]:
    """Stages at which something else is live than their histories say: (address, what is wrong).

    Args:
        connection: where to look.
        moving: outcomes of transitions that leave their target live.
    """
    rows = connection.execute(
        "SELECT m.name || '@' || s.name, a.label, b.label, l.stage_id IS NULL FROM stages s "
        "JOIN models m ON m.id = s.model_id LEFT JOIN live l ON l.stage_id = s.id "
        "LEFT JOIN transitions t ON t.id = (SELECT id FROM transitions x WHERE x.stage_id = s.id "
        "AND x.outcome IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT 1) "
        "LEFT JOIN versions a ON a.id = l.version_id LEFT JOIN versions b ON b.id = t.to_version "
        "WHERE l.transition_id IS NOT t.id OR l.version_id IS NOT t.to_version ORDER BY 1",
        (json.dumps(list(moving)),),
    ).fetchall()
    return [
        (place, f"{'nothing' if missing else shown or 'nothing'} is marked live, its history says {told or 'nothing'}")
        for place, shown, told, missing in rows
    ]


def versions_that_disagree(connection: sqlite3.Connection) -> list[str]:
    """Addresses of versions that the audit log tells otherwise than their rows do."""
    rows = connection.execute(
        "SELECT e.ref FROM events e LEFT JOIN versions v ON v.uid = json_extract(e.data, '$.uid') "
        "LEFT JOIN models m ON m.id = v.model_id LEFT JOIN artifacts a ON a.id = v.artifact_id "
        "WHERE e.action = 'version_registered' AND (v.id IS NULL OR m.name || ':' || v.label <> e.ref "
        "OR v.seq IS NOT json_extract(e.data, '$.seq') OR a.digest IS NOT json_extract(e.data, '$.digest')) "
        "ORDER BY e.seq"
    ).fetchall()
    return [str(row[0]) for row in rows]


def manifests(connection: sqlite3.Connection) -> Iterator[tuple[int, Digest, list[tuple[str, Digest, int]]]]:
    """Every artifact with its files as (path, digest, size): row number, digest, files."""
    last = 0
    while heads := connection.execute(
        "SELECT id, digest FROM artifacts WHERE id > ? ORDER BY id LIMIT 500", (last,)
    ).fetchall():
        files: dict[int, list[tuple[str, Digest, int]]] = {}
        for artifact, path, digest, size in connection.execute(
            "SELECT f.artifact_id, f.path, o.digest, o.size FROM artifact_files f JOIN objects o ON o.id = f.object_id "
            "WHERE f.artifact_id BETWEEN ? AND ?",
            (heads[0][0], heads[-1][0]),
        ).fetchall():
            files.setdefault(artifact, []).append((path, Digest(digest), size))
        for artifact, digest in heads:
            yield artifact, Digest(digest), files.get(artifact, [])
        last = heads[-1][0]


def versions_of_artifact(connection: sqlite3.Connection, artifact: int) -> list[str]:
    """Addresses of the versions that an artifact belongs to."""
    rows = connection.execute(
        "SELECT m.name || ':' || v.label FROM versions v JOIN models m ON m.id = v.model_id "
        "WHERE v.artifact_id = ? ORDER BY v.id",
        (artifact,),
    ).fetchall()
    return [str(row[0]) for row in rows]


def versions_of_object(connection: sqlite3.Connection, number: int) -> list[tuple[str, str]]:
    """Versions that an object belongs to and runs whose changes it is, and its paths in them: (address, path)."""
    rows = connection.execute(
        "SELECT * FROM (SELECT m.name || ':' || v.label, f.path FROM artifact_files f "
        "JOIN versions v ON v.artifact_id = f.artifact_id "
        "JOIN models m ON m.id = v.model_id WHERE f.object_id = ?1 ORDER BY v.id, f.path) "
        "UNION ALL SELECT * FROM (SELECT 'run:' || r.id, 'uncommitted changes' FROM code_states c "
        "JOIN runs r ON r.code_id = c.id WHERE c.patch_object_id = ?1 ORDER BY r.n LIMIT 100)",
        (number,),
    ).fetchall()
    return [(str(ref), str(path)) for ref, path in rows]


def objects_after(connection: sqlite3.Connection, digest: str, *, limit: int = 1_000) -> list[StoredFile]:
    """Objects that artifacts or runs refer to, by digest, those past `digest`."""
    rows = connection.execute(
        f"SELECT o.id, o.digest, o.size FROM objects o WHERE o.digest > ? AND o.kept AND {_REFERRED} "
        "ORDER BY o.digest LIMIT ?",
        (digest, limit),
    ).fetchall()
    return [StoredFile(number, Digest(found), size) for number, found, size in rows]


def every_object(connection: sqlite3.Connection) -> Iterator[StoredFile]:
    """All objects that artifacts or runs refer to, by digest, in pages."""
    last = ""
    while found := objects_after(connection, last):
        yield from found
        last = found[-1].digest


def object_totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many objects artifacts and runs refer to, and their bytes together."""
    count, size = connection.execute(
        f"SELECT count(*), coalesce(sum(o.size), 0) FROM objects o WHERE o.kept AND {_REFERRED}"
    ).fetchone()
    return int(count), int(size)


def referred_in(connection: sqlite3.Connection, prefix: str) -> set[str]:
    """Digests that artifacts or runs refer to, whose bytes are kept, and that begin with two hexadecimal digits."""
    rows = connection.execute(
        f"SELECT o.digest FROM objects o WHERE o.digest >= ? AND o.digest < ? AND o.kept AND {_REFERRED}",
        (f"sha256:{prefix}", f"sha256:{prefix}g"),
    ).fetchall()
    return {row[0] for row in rows}


def is_referred(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether an artifact or a run refers to an object whose bytes are kept."""
    return (
        connection.execute(
            f"SELECT 1 FROM objects o WHERE o.digest = ? AND o.kept AND {_REFERRED}", (digest,)
        ).fetchone()
        is not None
    )
