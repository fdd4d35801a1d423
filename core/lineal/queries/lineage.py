"""What lies one step before and one step after things in the graph of data, runs, versions and stages."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lineal.records.comparison import NodeKind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection


class Node(NamedTuple):
    """A thing by its row: of a dataset version, a run, a version, a stage."""

    kind: NodeKind
    id: int


@dataclass(frozen=True, slots=True)
class Step:
    """An edge of the graph."""

    source: Node
    target: Node
    role: str


_ORIGINS = {
    NodeKind.VERSION: (
        ("SELECT version_id, 'version', parent_id, relation FROM version_parents WHERE version_id IN ({})"),
        ("SELECT id, 'run', run_n, 'output' FROM versions WHERE run_n IS NOT NULL AND id IN ({})"),
        (
            "SELECT u.version_id, 'dataset', u.dataset_version_id, u.role FROM version_datasets u "
            "JOIN versions v ON v.id = u.version_id WHERE u.version_id IN ({}) AND NOT EXISTS (SELECT 1 "
            "FROM run_inputs i WHERE i.run_n = v.run_n AND i.dataset_version_id = u.dataset_version_id)"
        ),
    ),
    NodeKind.RUN: (("SELECT run_n, 'dataset', dataset_version_id, role FROM run_inputs WHERE run_n IN ({})"),),
    NodeKind.DATASET: (
        (
            "SELECT dataset_version_id, 'dataset', parent_id, 'derived' FROM dataset_parents "
            "WHERE dataset_version_id IN ({})"
        ),
        ("SELECT id, 'run', run_n, 'output' FROM dataset_versions WHERE run_n IS NOT NULL AND id IN ({})"),
    ),
    NodeKind.STAGE: (
        ("SELECT stage_id, 'version', version_id, 'live' FROM live WHERE version_id IS NOT NULL AND stage_id IN ({})"),
    ),
}

_RESULTS = {
    NodeKind.VERSION: (
        ("SELECT parent_id, 'version', version_id, relation FROM version_parents WHERE parent_id IN ({})"),
        ("SELECT version_id, 'stage', stage_id, 'live' FROM live WHERE version_id IN ({})"),
    ),
    NodeKind.RUN: (
        ("SELECT run_n, 'version', id, 'output' FROM versions WHERE run_n IN ({})"),
        ("SELECT run_n, 'dataset', id, 'output' FROM dataset_versions WHERE run_n IN ({})"),
    ),
    NodeKind.DATASET: (
        ("SELECT parent_id, 'dataset', dataset_version_id, 'derived' FROM dataset_parents WHERE parent_id IN ({})"),
        ("SELECT dataset_version_id, 'run', run_n, role FROM run_inputs WHERE dataset_version_id IN ({})"),
        (
            "SELECT u.dataset_version_id, 'version', u.version_id, u.role FROM version_datasets u "
            "JOIN versions v ON v.id = u.version_id WHERE u.dataset_version_id IN ({}) AND NOT EXISTS (SELECT 1 "
            "FROM run_inputs i WHERE i.run_n = v.run_n AND i.dataset_version_id = u.dataset_version_id)"
        ),
    ),
    NodeKind.STAGE: (),
}

_WANTED = "SELECT value FROM json_each(?)"


def origins(connection: sqlite3.Connection, nodes: Collection[Node], limit: int) -> list[Step]:
    """What the nodes came from directly; at most `limit` steps of each sort."""
    return [Step(other, node, role) for node, other, role in _neighbours(connection, _ORIGINS, nodes, limit)]


def results(connection: sqlite3.Connection, nodes: Collection[Node], limit: int) -> list[Step]:
    """What came from the nodes directly; at most `limit` steps of each sort."""
    return [Step(node, other, role) for node, other, role in _neighbours(connection, _RESULTS, nodes, limit)]


def _neighbours(
    connection: sqlite3.Connection,
    statements: dict[NodeKind, tuple[str, ...]],
    nodes: Collection[Node],
    limit: int,
) -> list[tuple[Node, Node, str]]:
    found = []
    by_kind: defaultdict[NodeKind, list[int]] = defaultdict(list)
    for node in nodes:
        by_kind[node.kind].append(node.id)
    for kind, ids in by_kind.items():
        for statement in statements[kind]:
            rows = connection.execute(
                statement.format(_WANTED) + " ORDER BY 3 DESC LIMIT ?", (json.dumps(ids), limit)
            ).fetchall()
            found += [(Node(kind, mine), Node(NodeKind(other), its), role) for mine, other, its, role in rows]
    return found


_NAMES = {
    NodeKind.VERSION: (
        "SELECT v.id, m.name || ':' || v.label, m.name || ' ' || v.label FROM versions v "
        "JOIN models m ON m.id = v.model_id WHERE v.id IN ({})"
    ),
    NodeKind.RUN: "SELECT n, 'run:' || id, name FROM runs WHERE n IN ({})",
    NodeKind.DATASET: (
        "SELECT v.id, 'data:' || d.name || ':' || v.label, d.name || ' ' || v.label FROM dataset_versions v "
        "JOIN datasets d ON d.id = v.dataset_id WHERE v.id IN ({})"
    ),
    NodeKind.STAGE: (
        "SELECT s.id, m.name || '@' || s.name, s.name FROM stages s JOIN models m ON m.id = s.model_id "
        "WHERE s.id IN ({})"
    ),
}


def names(connection: sqlite3.Connection, nodes: Collection[Node]) -> dict[Node, tuple[str, str]]:
    """(address, what people call it) of each node."""
    found = {}
    by_kind: defaultdict[NodeKind, list[int]] = defaultdict(list)
    for node in nodes:
        by_kind[node.kind].append(node.id)
    for kind, ids in by_kind.items():
        for number, address, name in connection.execute(_NAMES[kind].format(_WANTED), (json.dumps(ids),)).fetchall():
            found[Node(kind, number)] = (address, name)
    return found
