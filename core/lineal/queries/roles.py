"""Who has which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.base import Micros
from lineal.records.permissions import Role

if TYPE_CHECKING:
    import sqlite3

    from lineal.records import governance
    from lineal.records.governance import Binding
else:
    governance = Later("lineal.records.governance")  # every change comes here, and most registries are open

_BINDING = """
SELECT b.subject, b.role, m.name, s.name, b.granted_at, b.granted_by
FROM role_bindings b LEFT JOIN models m ON m.id = b.model_id LEFT JOIN stages s ON s.id = b.stage_id """
_SAME_PLACE = "subject = ? AND ifnull(model_id, 0) = ? AND ifnull(stage_id, 0) = ?"


def is_bound(connection: sqlite3.Connection) -> bool:
    """Whether anybody has a role; without, the registry is open."""
    return connection.execute("SELECT 1 FROM role_bindings LIMIT 1").fetchone() is not None


def candidates(connection: sqlite3.Connection, user: str) -> list[Binding]:
    """The bindings of a user, and those of all groups."""
    rows = connection.execute(
        _BINDING + "WHERE b.subject = ? OR substr(b.subject, 1, 1) = '@' ORDER BY b.id", (user,)
    ).fetchall()
    return [_binding(row) for row in rows]


def all_bindings(connection: sqlite3.Connection) -> list[Binding]:
    """Every binding: all models first, then by model and stage; within each the highest role first."""
    rows = connection.execute(
        _BINDING + "ORDER BY m.name IS NOT NULL, m.name, s.position IS NOT NULL, s.position, b.subject"
    ).fetchall()
    found = [_binding(row) for row in rows]
    places = list(dict.fromkeys((each.model, each.stage) for each in found))
    return sorted(found, key=lambda each: (places.index((each.model, each.stage)), -each.role.rank))


def role_of(connection: sqlite3.Connection, subject: str, model: int | None, stage: int | None) -> Role | None:
    """The role that a subject is bound to at just this place; None without one."""
    row = connection.execute(
        f"SELECT role FROM role_bindings WHERE {_SAME_PLACE}", (subject, model or 0, stage or 0)
    ).fetchone()
    return None if row is None else Role(row[0])


def bind(
    connection: sqlite3.Connection,
    subject: str,
    role: Role,
    model: int | None,
    stage: int | None,
    *,
    at: Micros,
    by: str,
) -> None:
    """Give a subject a role at a place, instead of the one it has there."""
    found = connection.execute(
        f"UPDATE role_bindings SET role = ?, granted_at = ?, granted_by = ? WHERE {_SAME_PLACE}",
        (role, at, by, subject, model or 0, stage or 0),
    )
    if not found.rowcount:
        connection.execute(
            "INSERT INTO role_bindings (subject, role, model_id, stage_id, granted_at, granted_by) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (subject, role, model, stage, at, by),
        )


def unbind(connection: sqlite3.Connection, subject: str, model: int | None, stage: int | None) -> None:
    """Take the role away that a subject has at a place."""
    connection.execute(f"DELETE FROM role_bindings WHERE {_SAME_PLACE}", (subject, model or 0, stage or 0))


def _binding(row: tuple[str, str, str | None, str | None, int, str]) -> Binding:
    subject, role, model, stage, at, by = row
    return governance.Binding(subject, Role(role), model, stage, Micros(at), by)
