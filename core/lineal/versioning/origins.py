"""Reads what a thing came from and what came from it out of the registry, as far as somebody asks, and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Ambiguous, OtherAddress
from lineal.queries import lineage as steps
from lineal.records.comparison import Beyond, Lineage, LineageEdge, LineageNode, NodeKind, Way
from lineal.rules import refs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

MOST = 50
"""Neighbours of one thing that are shown unless more are asked for: a dataset may have fed a million runs."""
_MOST_NODES = 2_000
_COUNTED = 100_000
"""So many of what is left out are counted; more than that are `at least` so many."""


def trace(connection: sqlite3.Connection, text: str, *, up: int, down: int, limit: int = MOST) -> Lineage:
    """What a version, run, dataset version or stage came from, and what came from it.

    Args:
        connection: an open view.
        text: its address; of bytes, if one thing has them.
        up: levels towards the origins.
        down: levels towards the results.
        limit: how many neighbours of one thing to show on one side, those that matter most.

    Raises:
        BadAddress: the address names none of these.
        NotFound, Ambiguous: it names nothing, or several.
    """
    focus = _focus(connection, text)
    kept: dict[steps.Node, None] = {focus: None}
    edges: dict[steps.Step, None] = {}
    beyond: list[tuple[steps.Node, Way, int, bool]] = []
    most = max(_MOST_NODES, 2 * limit)
    last: list[tuple[steps.Node, Way]] = []
    for way, levels in ((Way.UP, up), (Way.DOWN, down)):
        level = [focus]
        seen: dict[steps.Node, None] = {focus: None}
        for _ in range(levels):
            reached: list[steps.Node] = []
            for node in level:
                if len(seen) > most:
                    last.append((node, way))
                    continue
                found = steps.neighbours(connection, node, way, limit + 1)
                others = dict.fromkeys(_end(step, way) for step in found)
                if len(others) > limit:
                    *shown, left_out = others
                    total = steps.count(connection, node, way, _COUNTED)
                    beyond.append((node, way, *_left_out(total, limit)))
                    found = [step for step in found if _end(step, way) != left_out]
                    others = dict.fromkeys(shown)
                edges.update(dict.fromkeys(found))
                reached += [other for other in others if other not in seen]
                seen.update(others)
            level = list(dict.fromkeys(reached))
        kept.update(seen)
        last += [(node, way) for node in level]
    for node, way in last:
        found = steps.neighbours(connection, node, way, limit + 1)
        others = dict.fromkeys(_end(step, way) for step in found)
        edges.update((step, None) for step in found if _end(step, way) in kept)
        hidden = sum(other not in kept for other in others)
        if len(others) > limit:
            total = steps.count(connection, node, way, _COUNTED)
            beyond.append((node, way, *_left_out(total, len(others) - hidden)))
        elif hidden:
            beyond.append((node, way, hidden, True))
    return _named(connection, focus, kept, edges, beyond)


def _left_out(total: int, shown: int) -> tuple[int, bool]:
    """How many are not shown, and whether that is all of them."""
    return (_COUNTED, False) if total >= _COUNTED else (max(1, total - shown), True)


def _named(
    connection: sqlite3.Connection,
    focus: steps.Node,
    kept: Collection[steps.Node],
    edges: Collection[steps.Step],
    beyond: Collection[tuple[steps.Node, Way, int, bool]],
) -> Lineage:
    known = steps.names(connection, kept)
    links = dict.fromkeys(
        LineageEdge(known[step.source][0], known[step.target][0], step.role)
        for step in edges
        if step.source in known and step.target in known
    )
    return Lineage(
        known[focus][0],
        tuple(LineageNode(known[node][0], node.kind, known[node][1]) for node in kept if node in known),
        tuple(links),
        truncated=bool(beyond),
        beyond=tuple(Beyond(known[node][0], way, count, exact) for node, way, count, exact in beyond if node in known),
    )


def _end(step: steps.Step, way: Way) -> steps.Node:
    return step.source if way is Way.UP else step.target


def _focus(connection: sqlite3.Connection, text: str) -> steps.Node:
    ref = refs.parse(text)
    match ref:
        case refs.StageRef(back=0):
            return steps.Node(NodeKind.STAGE, addresses.stage(connection, ref.model, ref.stage)[1].id)
        case refs.LabelRef() | refs.SeqRef() | refs.StageRef():
            return steps.Node(NodeKind.VERSION, addresses.version(connection, text).id)
        case refs.DatasetRef() | refs.DatasetVersionRef():
            return steps.Node(NodeKind.DATASET, addresses.one_dataset_version(connection, text).id)
        case refs.RunRef(prefix):
            return steps.Node(NodeKind.RUN, addresses.run(connection, prefix).n)
        case refs.DigestRef():
            return _focus(connection, _one_with(connection, ref))
        case refs.ExperimentRef(name):
            found = addresses.experiment(connection, name)
            raise OtherAddress(
                text=text,
                why="an experiment has many runs, and lineage is of one",
                hint=f"`lineal runs exp:{found.name}` lists them",
            )
        case refs.ModelRef():
            return steps.Node(NodeKind.VERSION, addresses.version(connection, text).id)  # which it does not name
        case _:
            raise OtherAddress(text=text, why="lineage is of a version, a stage, a dataset version or a run")


def _one_with(connection: sqlite3.Connection, ref: refs.DigestRef) -> str:
    """The address of the one thing that has given bytes."""
    found = list(dict.fromkeys(each.ref for each in addresses.identified(connection, str(ref))))
    if len(found) > 1:
        raise Ambiguous(text=str(ref), kind="thing with these bytes", candidates=", ".join(found[:8]))
    return found[0]
