"""What versions were registered with, read of many at once: params, metrics, and where label and run came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries.values import number, scalar
from lineal.records.models import MetricValue

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from lineal.records.base import Scalar


def params_of(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, dict[str, Scalar]]:
    """The params of versions, by row number and name."""
    rows = connection.execute(
        "SELECT p.version_id, n.name, p.kind, p.text FROM version_params p JOIN names n ON n.id = p.name_id "
        "WHERE p.version_id IN (SELECT value FROM json_each(?)) ORDER BY p.version_id, n.name",
        (json.dumps(list(ids)),),
    ).fetchall()
    found: dict[int, dict[str, Scalar]] = {version: {} for version in ids}
    for version, name, kind, text in rows:
        found[version][name] = scalar(kind, text)
    return found


def metrics_of(connection: sqlite3.Connection, ids: Collection[int]) -> dict[int, dict[str, MetricValue]]:
    """The metrics of versions: as registered, and after them those that only a later evaluation found."""
    wanted = json.dumps(list(ids))
    found: dict[int, dict[str, MetricValue]] = {version: {} for version in ids}
    registered = connection.execute(
        "SELECT x.version_id, n.name, x.value, d.name, v.label FROM version_metrics x "
        "JOIN names n ON n.id = x.name_id LEFT JOIN dataset_versions v ON v.id = x.dataset_version_id "
        "LEFT JOIN datasets d ON d.id = v.dataset_id "
        "WHERE x.version_id IN (SELECT value FROM json_each(?)) ORDER BY x.version_id, x.position",
        (wanted,),
    ).fetchall()
    later = connection.execute(
        "SELECT x.version_id, n.name, x.value, d.name, v.label FROM evaluations x "
        "JOIN names n ON n.id = x.name_id LEFT JOIN dataset_versions v ON v.id = x.dataset_version_id "
        "LEFT JOIN datasets d ON d.id = v.dataset_id "
        "WHERE x.version_id IN (SELECT value FROM json_each(?)) ORDER BY x.id",
        (wanted,),
    ).fetchall()
    for rows, is_later in ((registered, False), (later, True)):
        for version, name, value, dataset, label in rows:
            known = found[version].get(name)
            if known is None or known.later:
                address = None if dataset is None else f"data:{dataset}:{label}"
                found[version][name] = MetricValue(name, number(value), address, is_later)
    return found


def facts_of(
    connection: sqlite3.Connection, ids: Collection[int]
) -> dict[int, tuple[str, str | None, int | None, int, int | None]]:
    """(reason of the label, signature, rows of run, model and experiment) of versions, by row number."""
    rows = connection.execute(
        "SELECT v.id, v.label_reason, v.signature, v.run_n, v.model_id, r.experiment_id FROM versions v "
        "LEFT JOIN runs r ON r.n = v.run_n WHERE v.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}


def values_of(connection: sqlite3.Connection, ids: Collection[int], metric: str) -> dict[int, float]:
    """What versions were registered with of one metric, by row number; those without it are missing."""
    rows = connection.execute(
        "SELECT x.version_id, x.value FROM version_metrics x JOIN names n ON n.id = x.name_id "
        "WHERE n.name = ? AND x.version_id IN (SELECT value FROM json_each(?))",
        (metric, json.dumps(list(ids))),
    ).fetchall()
    return {version: number(value) for version, value in rows}
