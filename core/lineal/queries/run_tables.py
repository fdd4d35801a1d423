"""Runs as rows of a table: only the values that have a column, and the children that fold under their parent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries import runs as run_rows
from lineal.queries.metrics import series_of
from lineal.queries.values import scalar
from lineal.records.runs import RunDetail, RunFields

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from lineal.records.base import Scalar
    from lineal.records.runs import Run

_AMONG = "(SELECT value FROM json_each(?))"


def cells(
    connection: sqlite3.Connection,
    wanted: Sequence[Run],
    *,
    params: Collection[str],
    metrics: Collection[str],
    tags: Collection[str],
) -> list[RunDetail]:
    """Runs, in their order, with these of their params, metrics and tags, and nothing else about them."""
    numbers = json.dumps([run.n for run in wanted])
    found_params: dict[int, dict[str, Scalar]] = {run.n: {} for run in wanted}
    found_tags: dict[int, dict[str, str]] = {run.n: {} for run in wanted}
    if params:
        for run, name, kind, text in connection.execute(
            f"SELECT p.run_n, n.name, p.kind, p.text FROM json_each(?) w CROSS JOIN names n CROSS JOIN params p "
            f"ON p.run_n = w.value AND p.name_id = n.id WHERE n.name IN {_AMONG}",
            (numbers, json.dumps(list(params))),
        ).fetchall():
            found_params[run][name] = scalar(kind, text)
    if tags:
        for run, name, value in connection.execute(
            f"SELECT t.subject_id, n.name, t.value FROM json_each(?) w CROSS JOIN names n CROSS JOIN tags t "
            f"ON t.kind = 'run' AND t.subject_id = w.value AND t.name_id = n.id WHERE n.name IN {_AMONG}",
            (numbers, json.dumps(list(tags))),
        ).fetchall():
            found_tags[run][name] = value
    series = series_of(connection, [run.n for run in wanted], among=metrics) if metrics else {}
    return [
        RunDetail(run=run, params=found_params[run.n], metrics=series.get(run.n, ()), tags=found_tags[run.n])
        for run in wanted
    ]


def fields(connection: sqlite3.Connection, numbers: Collection[int]) -> RunFields:
    """Which params, metrics and tags these runs have."""
    bound = json.dumps(list(numbers))
    counts = []
    for statement in (
        f"SELECT name_id, count(*) AS runs FROM params WHERE run_n IN {_AMONG} GROUP BY name_id",
        f"SELECT name_id, count(*) AS runs FROM series WHERE run_n IN {_AMONG} GROUP BY name_id",
        f"SELECT name_id, count(*) AS runs FROM tags WHERE kind = 'run' AND subject_id IN {_AMONG} GROUP BY name_id",
    ):
        rows = connection.execute(
            f"SELECT n.name, f.runs FROM ({statement}) f JOIN names n ON n.id = f.name_id ORDER BY n.name", (bound,)
        ).fetchall()
        counts.append({str(name): int(runs) for name, runs in rows})
    return RunFields(*counts)


def child_counts(connection: sqlite3.Connection, numbers: Collection[int]) -> dict[int, int]:
    """How many runs fold under each of these, by row number; those without any are missing."""
    rows = connection.execute(
        f"SELECT parent_n, count(*) FROM runs WHERE parent_n IN {_AMONG} AND nested = 1 GROUP BY parent_n",
        (json.dumps(list(numbers)),),
    ).fetchall()
    return {int(parent): int(count) for parent, count in rows}


def children(connection: sqlite3.Connection, number: int, limit: int) -> list[Run]:
    """The runs that fold under one, the latest first."""
    return run_rows.nested_in(connection, number, limit)
