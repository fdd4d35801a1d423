"""Which params, metrics and tags things of a kind have, so that a filter that asks for others is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.runs import Direction
from lineal.rules.metrics import guess_direction
from lineal.search import fields
from lineal.search.operands import PARTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from lineal.search.fields import Subject

_MOST = 2_000
"""Names among which the nearest are looked for."""


class KnownNames:
    """The names of one registry, looked up as they are asked for."""

    def __init__(self, connection: sqlite3.Connection, subject: Subject) -> None:
        """Look them up through this connection."""
        self._connection, self._subject = connection, subject
        self._numbers: dict[tuple[str, str], int | None] = {}

    def number(self, scope: str, name: str) -> int | None:
        """The row of a name; None when nothing has a param, metric or tag (`scope`) of that name."""
        if (scope, name) not in self._numbers:
            found = None
            for test in self._tests(scope):
                row = self._connection.execute(
                    f"SELECT n.id FROM names n WHERE n.name = ? AND EXISTS ({test})", (name,)
                ).fetchone()
                if row is not None:
                    found = int(row[0])
            self._numbers[scope, name] = found
        return self._numbers[scope, name]

    def known(self, scope: str) -> Collection[str]:
        """Names that things have, some at least."""
        tests = " OR ".join(f"EXISTS ({test})" for test in self._tests(scope))
        if not tests:
            return []
        rows = self._connection.execute(f"SELECT n.name FROM names n WHERE {tests} LIMIT {_MOST}").fetchall()
        return [row[0] for row in rows]

    def direction(self, name: str) -> Direction | None:
        """Which values of a metric are better: as people said wherever they said so, else by its name."""
        rows = self._connection.execute(
            "SELECT DISTINCT s.direction FROM names n JOIN metric_settings s ON s.name_id = n.id "
            "WHERE n.name = ? AND s.direction IS NOT NULL",
            (name,),
        ).fetchall()
        return Direction(rows[0][0]) if len(rows) == 1 else guess_direction(name)

    def stages(self) -> Collection[str]:
        """The names of all declared stages, by how many models have them."""
        rows = self._connection.execute("SELECT name FROM stages GROUP BY name ORDER BY count(*) DESC, min(id)")
        return [row[0] for row in rows.fetchall()]

    def evaluated(self, number: int) -> bool:
        """Whether later evaluations of versions found values of the metric with this name."""
        row = self._connection.execute("SELECT 1 FROM evaluations WHERE name_id = ? LIMIT 1", (number,)).fetchone()
        return row is not None

    def _tests(self, scope: str) -> tuple[str, ...]:
        """What tells whether something has it; each is answered by an index."""
        tags = f"SELECT 1 FROM tags x WHERE x.kind = '{self._subject.tags}' AND x.name_id = n.id"
        match scope, self._subject.name:
            case "tags", _:
                return (tags,)
            case "metrics", "run":
                return ("SELECT 1 FROM series x INDEXED BY series_by_last WHERE x.name_id = n.id",)
            case "params", "run":
                return (
                    (
                        "SELECT 1 FROM params x INDEXED BY params_by_number "
                        "WHERE x.name_id = n.id AND x.number IS NOT NULL"
                    ),
                    "SELECT 1 FROM params x INDEXED BY params_by_text WHERE x.name_id = n.id AND x.number IS NULL",
                )
            case "metrics", "version":
                return (
                    "SELECT 1 FROM version_metrics x INDEXED BY version_metrics_by_value WHERE x.name_id = n.id",
                    "SELECT 1 FROM evaluations x WHERE x.name_id = n.id",
                )
            case "params", "version":
                return ("SELECT 1 FROM version_params x INDEXED BY version_params_by_name WHERE x.name_id = n.id",)
        return ()


def scopes_of(connection: sqlite3.Connection, name: str, of: str) -> tuple[str, ...]:
    """Whether a metric, a param or a tag of any run, or of any version, has a name."""
    subject = {"run": fields.RUNS, "version": fields.VERSIONS}[of]
    names = KnownNames(connection, subject)
    found = tuple(scope for scope in ("metrics", "params", "tags") if names.number(scope, name) is not None)
    stem, _, part = name.rpartition(".")
    is_part = not found and of == "run" and part in PARTS and names.number("metrics", stem) is not None
    return ("metrics",) if is_part else found
