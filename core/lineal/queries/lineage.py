"""What lies one step before and one step after a thing in the graph of data, runs, versions and stages."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lineal.records.comparison import NodeKind, Way

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


class _Sort(NamedTuple):
    """One sort of neighbour: a statement that gives (row number, role), in the order in which they matter."""

    kind: NodeKind
    rows: str
    counted: bool = True
    """Whether its rows are no other sort's."""


_READ_BY_ITS_RUN = "SELECT 1 FROM run_inputs i WHERE i.run_n = v.run_n AND i.dataset_version_id = u.dataset_version_id"

# Each follows an index in its own order, so that the first few of a million cost as much as the first few of ten.
_SORTS: dict[tuple[NodeKind, Way], tuple[_Sort, ...]] = {
    (NodeKind.VERSION, Way.UP): (
        _Sort(
            NodeKind.VERSION, "SELECT parent_id, relation FROM version_parents WHERE version_id = ? ORDER BY position"
        ),
        _Sort(NodeKind.RUN, "SELECT run_n, 'output' FROM versions WHERE id = ? AND run_n IS NOT NULL"),
        _Sort(
            NodeKind.DATASET,
            "SELECT u.dataset_version_id, u.role FROM version_datasets u JOIN versions v ON v.id = u.version_id "
            f"WHERE u.version_id = ? AND NOT EXISTS ({_READ_BY_ITS_RUN}) ORDER BY 1 DESC",
        ),
    ),
    (NodeKind.RUN, Way.UP): (
        _Sort(
            NodeKind.DATASET, "SELECT dataset_version_id, role FROM run_inputs WHERE run_n = ? ORDER BY role DESC, 1"
        ),
        _Sort(NodeKind.RUN, "SELECT parent_n, 'started' FROM runs WHERE n = ? AND parent_n IS NOT NULL"),
    ),
    (NodeKind.DATASET, Way.UP): (
        _Sort(
            NodeKind.DATASET,
            "SELECT parent_id, 'derived' FROM dataset_parents WHERE dataset_version_id = ? ORDER BY 1 DESC",
        ),
        _Sort(NodeKind.RUN, "SELECT run_n, 'output' FROM dataset_versions WHERE id = ? AND run_n IS NOT NULL"),
    ),
    (NodeKind.STAGE, Way.UP): (
        _Sort(NodeKind.VERSION, "SELECT version_id, 'live' FROM live WHERE stage_id = ? AND version_id IS NOT NULL"),
    ),
    (NodeKind.VERSION, Way.DOWN): (
        _Sort(NodeKind.STAGE, "SELECT stage_id, 'live' FROM live WHERE version_id = ? ORDER BY 1"),
        _Sort(
            NodeKind.VERSION,
            "SELECT version_id, relation FROM version_parents WHERE parent_id = ? ORDER BY version_id DESC",
        ),
    ),
    (NodeKind.RUN, Way.DOWN): (
        _Sort(NodeKind.VERSION, "SELECT id, 'output' FROM versions WHERE run_n = ? ORDER BY id DESC"),
        _Sort(NodeKind.DATASET, "SELECT id, 'output' FROM dataset_versions WHERE run_n = ? ORDER BY id DESC"),
        _Sort(NodeKind.RUN, "SELECT n, 'started' FROM runs WHERE parent_n = ? ORDER BY n DESC"),
    ),
    (NodeKind.DATASET, Way.DOWN): (
        _Sort(
            NodeKind.DATASET,
            "SELECT dataset_version_id, 'derived' FROM dataset_parents WHERE parent_id = ? ORDER BY 1 DESC",
        ),
        # Of a million runs those matter most that a version came from.
        _Sort(
            NodeKind.RUN,
            "SELECT v.run_n, u.role FROM version_datasets u JOIN versions v ON v.id = u.version_id "
            f"WHERE u.dataset_version_id = ? AND EXISTS ({_READ_BY_ITS_RUN} AND i.role = u.role) "
            "ORDER BY u.version_id DESC",
            counted=False,
        ),
        _Sort(
            NodeKind.VERSION,
            "SELECT u.version_id, u.role FROM version_datasets u JOIN versions v ON v.id = u.version_id "
            f"WHERE u.dataset_version_id = ? AND NOT EXISTS ({_READ_BY_ITS_RUN}) ORDER BY u.version_id DESC",
        ),
        _Sort(NodeKind.RUN, "SELECT run_n, role FROM run_inputs WHERE dataset_version_id = ? ORDER BY run_n DESC"),
    ),
    (NodeKind.STAGE, Way.DOWN): (),
}


def neighbours(connection: sqlite3.Connection, node: Node, way: Way, limit: int) -> list[Step]:
    """What a thing came from directly, or what came from it: what matters most first, at most `limit` of them."""
    found: dict[Step, None] = {}
    others: set[Node] = set()
    for sort in _SORTS[node.kind, way]:
        for number, role in connection.execute(f"{sort.rows} LIMIT ?", (node.id, 2 * limit)).fetchall():
            other = Node(sort.kind, number)
            if other not in others and len(others) == limit:
                break
            others.add(other)
            found[Step(other, node, role) if way is Way.UP else Step(node, other, role)] = None
    return list(found)


def count(connection: sqlite3.Connection, node: Node, way: Way, most: int) -> int:
    """How many things `neighbours` would give without a limit; counted up to about `most`."""
    total = 0
    for sort in _SORTS[node.kind, way]:
        if sort.counted:
            rows, _, _ = sort.rows.partition(" ORDER BY ")  # which costs, and counts nothing
            (counted,) = connection.execute(
                f"WITH x(n, role) AS ({rows} LIMIT ?) SELECT count(DISTINCT n) FROM x", (node.id, most)
            ).fetchone()
            total += counted
    return total


_WANTED = "SELECT value FROM json_each(?)"
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
