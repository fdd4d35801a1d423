"""What stages demand before a promotion, and what gates see of versions and histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.queries.values import number, scalar_columns
from lineal.records.base import Micros
from lineal.records.gates import Gates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from lineal.records.base import Scalar

_SPELL_OUTCOMES = "('healthy', 'unchecked', 'unhealthy')"


def gates_of(connection: sqlite3.Connection, stage: int) -> Gates:
    """What a stage demands."""
    row = connection.execute(
        "SELECT s.name, g.soak, g.approvals, g.no_pickle FROM stage_gates g "
        "LEFT JOIN stages s ON s.id = g.after_id WHERE g.stage_id = ?",
        (stage,),
    ).fetchone()
    if row is None:
        return Gates()
    after, soak, approvals, no_pickle = row
    return Gates(
        expressions=_ordered(connection, "gate_expressions", "expression", stage),
        require=_ordered(connection, "required_fields", "field", stage),
        after=after,
        soak=soak,
        approvals=approvals,
        no_pickle=bool(no_pickle),
    )


def set_gates(connection: sqlite3.Connection, stage: int, gates: Gates, *, after: int | None) -> None:
    """Demand this at a stage, and nothing else; `after` is the row number of the stage that comes first."""
    connection.execute("DELETE FROM gate_expressions WHERE stage_id = ?", (stage,))
    connection.execute("DELETE FROM required_fields WHERE stage_id = ?", (stage,))
    connection.execute("DELETE FROM stage_gates WHERE stage_id = ?", (stage,))
    if gates.is_open:
        return
    connection.execute(
        "INSERT INTO stage_gates (stage_id, after_id, soak, approvals, no_pickle) VALUES (?, ?, ?, ?, ?)",
        (stage, after, gates.soak, gates.approvals, gates.no_pickle),
    )
    connection.executemany(
        "INSERT INTO gate_expressions (stage_id, position, expression) VALUES (?, ?, ?)",
        [(stage, position, text) for position, text in enumerate(gates.expressions)],
    )
    connection.executemany(
        "INSERT INTO required_fields (stage_id, position, field) VALUES (?, ?, ?)",
        [(stage, position, name) for position, name in enumerate(gates.require)],
    )


def gated_stages(connection: sqlite3.Connection, *, approvals: bool = False) -> list[int]:
    """Row numbers of the stages that demand something, or approvals."""
    wanted = "WHERE g.approvals > 0 " if approvals else ""
    rows = connection.execute(
        "SELECT g.stage_id FROM stage_gates g JOIN stages s ON s.id = g.stage_id JOIN models m ON m.id = s.model_id "
        f"{wanted}ORDER BY m.name, s.position"
    ).fetchall()
    return [row[0] for row in rows]


def measures(connection: sqlite3.Connection, version: int) -> list[tuple[str, float, str | None, str | None, bool]]:
    """(metric, value, digest and address of the data, whether evaluated later) of a version: registered ones first."""
    found = []
    for table, order, is_later in (("version_metrics", "x.position", False), ("evaluations", "x.id", True)):
        rows = connection.execute(
            f"SELECT n.name, x.value, v.digest, d.name, v.label FROM {table} x JOIN names n ON n.id = x.name_id "
            "LEFT JOIN dataset_versions v ON v.id = x.dataset_version_id LEFT JOIN datasets d ON d.id = v.dataset_id "
            f"WHERE x.version_id = ? ORDER BY {order}",
            (version,),
        ).fetchall()
        found += [
            (name, number(value), digest, None if data is None else f"data:{data}:{label}", is_later)
            for name, value, digest, data, label in rows
        ]
    return found


def numbers_of(params: Mapping[str, Scalar]) -> dict[str, tuple[str, float | None]]:
    """Params as the search compares them: (text, number or None)."""
    return {name: scalar_columns(value)[1:] for name, value in params.items() if value is not None}


def architecture_of(
    connection: sqlite3.Connection, version: int
) -> tuple[int | None, int | None, str | None, str | None]:
    """(bytes of its files, numbers in its tensors, digest and kind of the architecture) of a version."""
    row = connection.execute(
        "SELECT a.size, t.parameters, t.digest, t.kind FROM versions v LEFT JOIN artifacts a ON a.id = v.artifact_id "
        "LEFT JOIN architectures t ON t.id = v.architecture_id WHERE v.id = ?",
        (version,),
    ).fetchone()
    return row[0], row[1], row[2], row[3]


def surroundings(connection: sqlite3.Connection, version: int) -> tuple[str | None, str | None, bool, bool]:
    """(run id, experiment, whether code and whether environment are recorded) of what produced a version."""
    row = connection.execute(
        "SELECT r.id, e.name, r.code_id IS NOT NULL, r.environment_id IS NOT NULL FROM versions v "
        "LEFT JOIN runs r ON r.n = v.run_n LEFT JOIN experiments e ON e.id = r.experiment_id WHERE v.id = ?",
        (version,),
    ).fetchone()
    return row[0], row[1], bool(row[2]), bool(row[3])


def spells(connection: sqlite3.Connection, stage: int, version: int) -> list[tuple[Micros, Micros | None, bool]]:
    """(from, until or None for now, whether in good health) whenever a version was live at a stage, oldest first.

    Ordered by the history's own numbers: what a clock said that jumped decides nothing but lengths.
    """
    rows = connection.execute(
        "SELECT t.switched_at, (SELECT n.switched_at FROM transitions n WHERE n.stage_id = t.stage_id "
        f"AND n.seq > t.seq AND n.outcome IN {_SPELL_OUTCOMES} ORDER BY n.seq LIMIT 1), "
        "t.outcome <> 'unhealthy' FROM transitions t WHERE t.stage_id = ? AND t.to_version = ? "
        f"AND t.outcome IN {_SPELL_OUTCOMES} ORDER BY t.seq",
        (stage, version),
    ).fetchall()
    return [(Micros(began), None if ended is None else Micros(ended), bool(good)) for began, ended, good in rows]


def authors(connection: sqlite3.Connection, version: int) -> frozenset[str]:
    """Who made a version: whoever registered or imported it, and whose run produced it.

    An import says itself who registered a version elsewhere, so that whoever brought it is known from the audit log.
    """
    rows = connection.execute(
        "SELECT v.created_by FROM versions v WHERE v.id = ?1 "
        "UNION SELECT r.actor FROM versions v JOIN runs r ON r.n = v.run_n WHERE v.id = ?1 "
        "UNION SELECT e.actor FROM versions v JOIN models m ON m.id = v.model_id "
        "JOIN events e ON e.ref = m.name || ':' || v.label "
        "WHERE v.id = ?1 AND +e.action IN ('version_registered', 'version_imported')",
        (version,),
    ).fetchall()
    return frozenset(row[0] for row in rows)


def _ordered(connection: sqlite3.Connection, table: str, column: str, stage: int) -> tuple[str, ...]:
    rows = connection.execute(f"SELECT {column} FROM {table} WHERE stage_id = ? ORDER BY position", (stage,)).fetchall()
    return tuple(row[0] for row in rows)
