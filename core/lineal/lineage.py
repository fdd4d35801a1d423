"""Cuts out of a graph of origins what lies around one thing, and gives it a shape that can be drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from lineal.errors import NotFound
from lineal.records.comparison import Lineage, LineageEdge, LineageNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 4
"""How often columns are put in order by their neighbours; more changes next to nothing."""


class Way(StrEnum):
    """Where a line of an outline lies from the thing that was asked for."""

    FOCUS = "focus"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Placed:
    """A node and its place in a drawing from left to right."""

    node: LineageNode
    column: int
    """From 0, origins to the left."""
    row: int
    """From 0 at the top."""


@dataclass(frozen=True, slots=True)
class Route:
    """An edge and the rows it passes, so that its line crosses no node."""

    edge: LineageEdge
    column: int
    """The column of its left end."""
    rows: tuple[int, ...]
    """Its row in that column and in each one up to its right end."""
    reversed: bool = False
    """Whether it leads to the left, which only an edge of a cycle does."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A lineage, laid out."""

    placed: tuple[Placed, ...]
    """By column, then by row."""
    routes: tuple[Route, ...]
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """One line of a lineage as an indented list."""

    depth: int
    """Levels from the focus, which has 0."""
    way: Way
    node: LineageNode
    role: str
    """Of the edge that leads to it from the line it hangs on; empty for the focus."""
    repeated: bool = False
    """Whether it stands further up already, with what hangs on it."""


def cut(focus: str, nodes: Iterable[LineageNode], edges: Iterable[LineageEdge], up: int, down: int) -> Lineage:
    """Returns what lies at most `up` edges before and `down` edges after `focus`, and the edges between.

    Edges to unknown nodes are left out; cycles do no harm.

    Raises:
        NotFound: The focus is none of the nodes.
    """
    known = {node.id: node for node in nodes}
    if focus not in known:
        raise NotFound(kind="thing", name=focus)
    whole = list(dict.fromkeys(edge for edge in edges if edge.source in known and edge.target in known))
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for edge in whole:
        before[edge.target].append(edge.source)
        after[edge.source].append(edge.target)
    origins, more_up = _within(focus, before, up)
    results, more_down = _within(focus, after, down)
    kept = origins | results
    return Lineage(
        focus,
        tuple(node for id_, node in known.items() if id_ in kept),
        tuple(edge for edge in whole if edge.source in kept and edge.target in kept),
        truncated=bool((more_up | more_down) - kept),
    )


def _within(focus: str, neighbours: Mapping[str, Sequence[str]], levels: int) -> tuple[set[str], set[str]]:
    seen = {focus}
    edge = {focus}
    for _ in range(levels):
        edge = {other for id_ in edge for other in neighbours.get(id_, ())} - seen
        seen |= edge
    return seen, {other for id_ in edge for other in neighbours.get(id_, ())} - seen


def outline(lineage: Lineage) -> list[OutlineRow]:
    """Returns the lineage as an indented list: the focus, what it came from, then what came from it."""
    nodes = {node.id: node for node in lineage.nodes}
    up: dict[str, list[tuple[str, str]]] = defaultdict(list)
    down: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for edge in lineage.edges:
        up[edge.target].append((edge.source, edge.role))
        down[edge.source].append((edge.target, edge.role))
    rows = [OutlineRow(0, Way.FOCUS, nodes[lineage.focus], "")]
    for way, neighbours in ((Way.UP, up), (Way.DOWN, down)):
        seen = {lineage.focus}
        waiting = [(1, *one) for one in reversed(neighbours[lineage.focus])]
        while waiting:
            depth, id_, role = waiting.pop()
            rows.append(OutlineRow(depth, way, nodes[id_], role, id_ in seen and bool(neighbours[id_])))
            if id_ not in seen:
                seen.add(id_)
                waiting += [(depth + 1, *one) for one in reversed(neighbours[id_])]
    return rows


def layers(lineage: Lineage) -> Layout:
    """Returns places for a drawing from left to right: origins before results, few crossings, no line through a node.

    Layers by longest path, ordered by the barycentre of their neighbours (Sugiyama, Tagawa and Toda, 1981).
    """
    forward = _without_cycles(lineage)
    columns = _columns([node.id for node in lineage.nodes], forward)
    chains = [_chain(number, edge, columns) for number, edge in enumerate(forward)]
    order = _order([node.id for node in lineage.nodes], columns, chains)
    rows = _rows(order, chains)
    placed = [Placed(node, columns[node.id], rows[node.id]) for node in lineage.nodes]
    routes = [
        Route(edge, columns[ends[0]], tuple(rows[stop] for stop in chain), ends != (edge.source, edge.target))
        for (ends, edge), chain in zip(forward, chains, strict=True)
    ]
    return Layout(
        tuple(sorted(placed, key=lambda one: (one.column, one.row))),
        tuple(routes),
        len(order),
        max(rows.values(), default=-1) + 1,
    )


_Edge = tuple[tuple[str, str], LineageEdge]
"""(left end, right end) in a graph without cycles, and the edge as it is."""
_Stop = str | tuple[int, int]
"""A node's address; or (edge number, column), where a long edge passes a column."""


def _without_cycles(lineage: Lineage) -> list[_Edge]:
    after: dict[str, list[str]] = defaultdict(list)
    for edge in lineage.edges:
        after[edge.source].append(edge.target)
    done: dict[str, int] = {}
    on_path: set[str] = set()
    # Depth first: a node that is done before another lies right of it, or beside it.
    for node in lineage.nodes:
        stack = [] if node.id in done else [(node.id, iter(after[node.id]))]
        on_path.update(id_ for id_, _ in stack)
        while stack:
            id_, rest = stack[-1]
            following = next((other for other in rest if other not in done and other not in on_path), None)
            if following is None:
                done[id_] = len(done)
                on_path.discard(id_)
                stack.pop()
            else:
                on_path.add(following)
                stack.append((following, iter(after[following])))
    return [
        ((edge.source, edge.target) if done[edge.source] > done[edge.target] else (edge.target, edge.source), edge)
        for edge in lineage.edges
        if edge.source != edge.target
    ]


def _columns(ids: Sequence[str], edges: Sequence[_Edge]) -> dict[str, int]:
    after: dict[str, list[str]] = defaultdict(list)
    missing: dict[str, int] = dict.fromkeys(ids, 0)
    for (left, right), _ in edges:
        after[left].append(right)
        missing[right] += 1
    columns = dict.fromkeys(ids, 0)
    ready = [id_ for id_ in ids if not missing[id_]]
    # A queue: what becomes ready is visited by the same loop.
    for id_ in ready:
        for right in after[id_]:
            columns[right] = max(columns[right], columns[id_] + 1)
            missing[right] -= 1
            if not missing[right]:
                ready.append(right)
    # Origins move up to what they went into, so that their lines are short.
    for id_ in reversed(ready):
        if after[id_]:
            columns[id_] = min(columns[right] for right in after[id_]) - 1
    return columns


def _chain(number: int, edge: _Edge, columns: Mapping[str, int]) -> list[_Stop]:
    left, right = edge[0]
    return [left, *((number, column) for column in range(columns[left] + 1, columns[right])), right]


def _order(ids: Sequence[str], columns: Mapping[str, int], chains: Sequence[Sequence[_Stop]]) -> list[list[_Stop]]:
    order: list[list[_Stop]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
    for id_ in ids:
        order[columns[id_]].append(id_)
    for chain in chains:
        for stop in chain[1:-1]:
            if isinstance(stop, tuple):
                order[stop[1]].append(stop)
    lefts, rights = _neighbours(chains)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        beside = lefts if forward else rights
        places = {stop: place for column in order for place, stop in enumerate(column)}
        for column in order if forward else reversed(order):
            means = {
                stop: sum(places[other] for other in beside[stop]) / len(beside[stop])
                if beside[stop]
                else float(places[stop])
                for stop in column
            }
            column.sort(key=means.__getitem__)
            places.update((stop, place) for place, stop in enumerate(column))
    return order


def _rows(order: Sequence[Sequence[_Stop]], chains: Sequence[Sequence[_Stop]]) -> dict[_Stop, int]:
    lefts, _ = _neighbours(chains)
    rows: dict[_Stop, int] = {}
    for column in order:
        free = 0
        for stop in column:
            beside = [rows[other] for other in lefts[stop]]
            # As far down as the middle of its origins, for straight lines.
            rows[stop] = max(free, sum(beside) // len(beside) if beside else 0)
            free = rows[stop] + 1
    return rows


def _neighbours(
    chains: Sequence[Sequence[_Stop]],
) -> tuple[defaultdict[_Stop, list[_Stop]], defaultdict[_Stop, list[_Stop]]]:
    lefts: defaultdict[_Stop, list[_Stop]] = defaultdict(list)
    rights: defaultdict[_Stop, list[_Stop]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            lefts[right].append(left)
            rights[left].append(right)
    return lefts, rights
