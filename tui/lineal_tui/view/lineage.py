"""Lineage as an indented list: what something came from above, what came from it below."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lineal.records.comparison import NodeKind
from lineal_tui.view.lines import Line, Span, Tone, cut, cut_middle, rule

if TYPE_CHECKING:
    from lineal.records.comparison import Lineage, LineageEdge, LineageNode

_TONES = {
    NodeKind.DATASET: Tone.CHANGED,
    NodeKind.RUN: Tone.MUTED,
    NodeKind.VERSION: Tone.STRONG,
    NodeKind.STAGE: Tone.STAGED,
}

_RUN_SHOWN = len("run:") + 8


def lineage_title(focus: str, width: int, *, active: bool = False) -> Line:
    """The rule above a lineage."""
    return rule(
        (("lineage of ", Tone.MUTED), (cut_middle(focus, max(8, width - 20)), Tone.TITLE if active else Tone.STRONG)),
        (),
        width,
    )


def lineage_lines(lineage: Lineage, width: int) -> list[Line]:
    """The lines of a lineage, each with the role in which a thing took part and what kind of thing it is."""
    nodes = {node.id: node for node in lineage.nodes}
    incoming: dict[str, list[LineageEdge]] = defaultdict(list)
    outgoing: dict[str, list[LineageEdge]] = defaultdict(list)
    for edge in lineage.edges:
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    lines: list[Line] = [(("comes from", Tone.HEAD),)]
    above = _branch(lineage.focus, incoming, nodes, width, up=True)
    lines.extend(above or [(("  nothing that is known", Tone.MUTED),)])
    lines.append(())
    lines.append((("led to", Tone.HEAD),))
    below = _branch(lineage.focus, outgoing, nodes, width, up=False)
    lines.extend(below or [(("  nothing yet", Tone.MUTED),)])
    if lineage.truncated:
        lines.append((("⋯ more beyond these levels", Tone.MUTED),))
    return lines


def _branch(
    focus: str, edges: dict[str, list[LineageEdge]], nodes: dict[str, LineageNode], width: int, *, up: bool
) -> list[Line]:
    lines: list[Line] = []
    seen = {focus}

    def walk(at: str, indent: str) -> None:
        steps = edges.get(at, [])
        for n, edge in enumerate(steps):
            last = n == len(steps) - 1
            other = edge.source if up else edge.target
            again = other in seen
            lines.append(_line(edge, nodes.get(other), other, indent + ("╰ " if last else "├ "), width, again=again))
            if not again:
                seen.add(other)
                walk(other, indent + ("  " if last else "│ "))

    walk(focus, "")
    return lines


def _line(edge: LineageEdge, node: LineageNode | None, ref: str, lead: str, width: int, *, again: bool) -> Line:
    role = cut(edge.role, 10)
    lead = lead[: max(2, width // 3)]
    if node is not None and node.kind is NodeKind.RUN:
        ref = ref[:_RUN_SHOWN]
    address = cut_middle(ref, max(8, width - len(lead) - len(role) - 14))
    spans: list[Span] = [
        (lead, Tone.FAINT),
        (role + " ", Tone.MUTED),
        (address, _TONES[node.kind] if node else Tone.TEXT),
    ]
    if node is not None and node.name.replace(" ", ":") not in ref:
        spans.append(("  " + cut(node.name, 32), Tone.MUTED))
    if again:
        spans.append(("  (above)", Tone.MUTED))
    return tuple(spans)
