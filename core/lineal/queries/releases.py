"""How stages are bound to directories, and the releases that lie there."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lineal.records.base import Micros
from lineal.records.releases import LaidFile, Release, StageSettings
from lineal.rules.canonical import read_back, words

if TYPE_CHECKING:
    import sqlite3


def settings(connection: sqlite3.Connection, stage: int) -> StageSettings | None:
    """How a stage is bound; None for a pointer only."""
    row = connection.execute("SELECT content FROM stage_settings WHERE stage_id = ?", (stage,)).fetchone()
    return _settings(row[0]) if row else None


def bound_to(connection: sqlite3.Connection, directory: str) -> int | None:
    """The stage that a directory is bound to."""
    row = connection.execute("SELECT stage_id FROM stage_settings WHERE release = ?", (directory,)).fetchone()
    return int(row[0]) if row else None


def all_bound(connection: sqlite3.Connection) -> list[tuple[int, StageSettings]]:
    """Every bound stage: (row number, how it is bound)."""
    rows = connection.execute("SELECT stage_id, content FROM stage_settings ORDER BY stage_id").fetchall()
    return [(stage, _settings(content)) for stage, content in rows]


def set_settings(connection: sqlite3.Connection, stage: int, new: StageSettings) -> None:
    """Bind a stage, or bind it anew."""
    connection.execute(
        "INSERT INTO stage_settings (stage_id, release, content) VALUES (?, ?, ?) "
        "ON CONFLICT (stage_id) DO UPDATE SET release = excluded.release, content = excluded.content",
        (stage, new.release, json.dumps(asdict(new))),
    )


def unset_settings(connection: sqlite3.Connection, stage: int) -> None:
    """Make a stage a pointer only; its releases are forgotten, not removed."""
    connection.execute("DELETE FROM stage_settings WHERE stage_id = ?", (stage,))
    connection.execute("DELETE FROM releases WHERE stage_id = ?", (stage,))


def unbind_all(connection: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Make every stage a pointer only and close every journal; returns (stage, directory) of those that were bound."""
    bound = connection.execute(
        "SELECT m.name || '@' || s.name, x.release FROM stage_settings x JOIN stages s ON s.id = x.stage_id "
        "JOIN models m ON m.id = s.model_id ORDER BY 1"
    ).fetchall()
    connection.execute("DELETE FROM releases")
    connection.execute("DELETE FROM stage_settings")
    connection.execute("UPDATE pipelines SET ended_at = started_at WHERE ended_at IS NULL")
    return tuple((str(place), str(directory)) for place, directory in bound)


def release(connection: sqlite3.Connection, stage: int, version: int) -> Release | None:
    """The release of a version at a stage, as it was laid out last."""
    row = connection.execute(
        "SELECT id, stage_id, version_id, name, files, laid_at FROM releases WHERE stage_id = ? AND version_id = ?",
        (stage, version),
    ).fetchone()
    return _release(row) if row else None


def releases_of(connection: sqlite3.Connection, stage: int) -> list[Release]:
    """The releases of a stage, the latest laid out first."""
    rows = connection.execute(
        "SELECT id, stage_id, version_id, name, files, laid_at FROM releases WHERE stage_id = ? "
        "ORDER BY laid_at DESC, id DESC",
        (stage,),
    ).fetchall()
    return [_release(row) for row in rows]


def put_release(
    connection: sqlite3.Connection, stage: int, version: int, name: str, files: tuple[LaidFile, ...], at: Micros
) -> None:
    """Record a release that was laid out or hashed again."""
    content = json.dumps([[file.path, file.size, file.device, file.inode, file.changed_ns] for file in files])
    connection.execute(
        "INSERT INTO releases (stage_id, version_id, name, files, laid_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (stage_id, version_id) DO UPDATE SET name = excluded.name, files = excluded.files, "
        "laid_at = excluded.laid_at",
        (stage, version, name, content, at),
    )


def drop_release(connection: sqlite3.Connection, number: int) -> None:
    """Forget a release that was removed."""
    connection.execute("DELETE FROM releases WHERE id = ?", (number,))


def _settings(content: str) -> StageSettings:
    def make(found: dict[str, Any]) -> StageSettings:
        commands = {name: None if found[name] is None else words(found[name]) for name in ("hook", "health")}
        return StageSettings(**{**found, **commands})

    return read_back(content, make)


def _release(row: tuple[int, int, int, str, str, int]) -> Release:
    number, stage, version, name, files, laid_at = row
    laid = read_back(files, lambda found: tuple(LaidFile(*file) for file in found))
    return Release(number, stage, version, name, laid, Micros(laid_at))
