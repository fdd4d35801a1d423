"""Opens and folds a graph of origins around one thing, and gives it a shape that can be drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lineal.records.comparison import Beyond, Lineage, LineageEdge, Way

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from lineal.records.comparison import LineageNode

SWEEPS = 4
"""How often columns are put in order by their neighbours; more changes next to nothing."""


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
class Opened:
    """What was found on one side of a node, to be added to a lineage in which it is."""

    node: str
    way: Way
    found: Lineage
    """A lineage of that node, one level on that side."""


def arranged(whole: Lineage, opened: Sequence[Opened], folded: Collection[tuple[str, Way]]) -> Lineage:
    """Returns a lineage with what was opened at its nodes, and without what was folded away.

    Args:
        whole: the lineage to begin with.
        opened: what to add, each to a node of what comes before it; to one that is not shown nothing is added.
        folded: (address, side) of nodes beyond which nothing is shown on that side.
    """
    kept: dict[str, None] = {whole.focus: None}
    for way in (Way.UP, Way.DOWN):
        beside = _beside(whole.edges, way)
        reached = dict.fromkeys([whole.focus])
        edge = [whole.focus]
        while edge:
            found = [other for id_ in edge if (id_, way) not in folded for other in beside[id_]]
            edge = [other for other in dict.fromkeys(found) if other not in reached]
            reached.update(dict.fromkeys(edge))
        kept.update(reached)
    nodes = {node.id: node for node in whole.nodes}
    edges = dict.fromkeys(whole.edges)
    beyond = {(each.node, each.way): each for each in whole.beyond}
    for each in opened:
        if each.node not in kept:
            continue
        nodes.update((node.id, node) for node in each.found.nodes)
        edges.update(dict.fromkeys(each.found.edges))
        beyond.pop((each.node, each.way), None)
        beyond.update(((more.node, more.way), more) for more in each.found.beyond if more.way is each.way)
        if (each.node, each.way) not in folded:
            kept.update(dict.fromkeys(_beside(each.found.edges, each.way)[each.node]))
    shown = [edge for edge in edges if edge.source in kept and edge.target in kept]
    for id_, way in folded:
        hidden = _hidden(id_, _beside(edges, way), kept, {node for node, side in folded if side is way})
        known = beyond.pop((id_, way), None)
        count = len(hidden) + (known.count if known is not None else 0)
        if id_ in kept and count:
            beyond[id_, way] = Beyond(id_, way, count, exact=known is None or known.exact)
    left = tuple(each for each in beyond.values() if each.node in kept)
    return Lineage(
        whole.focus, tuple(node for id_, node in nodes.items() if id_ in kept), tuple(shown), bool(left), left
    )


def _hidden(fold: str, beside: Mapping[str, Sequence[str]], kept: Collection[str], folds: Collection[str]) -> set[str]:
    """What a fold hides: what lies beyond it, also behind what is shown on its other side, as it may be in a cycle."""
    hidden: set[str] = set()
    reached, stack = {fold}, [fold]
    while stack:
        for other in beside.get(stack.pop(), ()):
            if other not in kept:
                hidden.add(other)
            elif other not in reached and other not in folds:
                reached.add(other)
                stack.append(other)
    return hidden


def _beside(edges: Iterable[LineageEdge], way: Way) -> defaultdict[str, list[str]]:
    """What lies directly on one side of each node."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if way is Way.UP:
            found[edge.target].append(edge.source)
        else:
            found[edge.source].append(edge.target)
    return found


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
