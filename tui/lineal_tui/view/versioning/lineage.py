"""Lineage as an indented list: the thing, what it came from, and what came from it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.records.comparison import NodeKind, Way
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, rule
from lineal_tui.view.versioning.graphs import words_beyond

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.comparison import Beyond, Lineage, LineageNode

TONES = {
    NodeKind.DATASET: Tone.CHANGED,
    NodeKind.RUN: Tone.MUTED,
    NodeKind.VERSION: Tone.STRONG,
    NodeKind.STAGE: Tone.STAGED,
}
_HEADS = {Way.UP: "came from", Way.DOWN: "went into"}
_NOTHING = {Way.UP: "nothing that is known", Way.DOWN: "nothing yet"}
_RUN_SHOWN = len("run:") + 8
_DEEPEST = 200
"""Levels that are indented; a chain of versions may have any length."""


@dataclass(frozen=True, slots=True)
class LineageRow:
    """One line of a lineage as an indented list."""

    node: LineageNode | None
    """None for a heading, and for a remark."""
    way: Way
    lead: str
    """What is drawn before it."""
    role: str
    """In which it, or what it hangs on, took part."""
    text: str = ""
    """Of a heading or a remark."""
    again: bool = False
    """Whether it stands further up already, with what hangs on it."""
    beyond: Beyond | None = None
    """What is not shown beyond it, on its side; of a remark, what it is about."""
    opens: bool = False
    """Whether anything hangs on it."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from the others when the list is drawn again."""
        return (self.node.id if self.node else self.text, self.way, self.role, "again" if self.again else "")


def about(lineage: Lineage) -> str:
    """What a lineage is of: its address, of a run as short as anybody types it and with its name."""
    node = next(each for each in lineage.nodes if each.id == lineage.focus)
    return f"{node.id[:_RUN_SHOWN]} {node.name}" if node.kind is NodeKind.RUN else node.id


def lineage_title(focus: str, width: int, *, trail: int = 0, active: bool = False) -> Line:
    """The rule above a lineage; `trail` is how many things one came past."""
    back: Line = ((f"esc back ({trail})" if trail else "", Tone.MUTED),) if trail else ()
    return rule(
        (("lineage of ", Tone.MUTED), (cut_middle(focus, max(8, width - 34)), Tone.TITLE if active else Tone.STRONG)),
        back,
        width,
    )


def lineage_rows(lineage: Lineage) -> list[LineageRow]:
    """The rows of the list: what hangs on something stands under it, and each thing's own but once."""
    nodes = {node.id: node for node in lineage.nodes}
    beyond = {(each.node, each.way): each for each in lineage.beyond}
    focus = nodes[lineage.focus]
    rows = [LineageRow(focus, Way.FOCUS, "", "")]
    shown = {focus.id}
    for way in (Way.UP, Way.DOWN):
        rows.append(LineageRow(None, way, "", "", _HEADS[way]))
        beside: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
        for edge in lineage.edges:
            at, other = (edge.target, edge.source) if way is Way.UP else (edge.source, edge.target)
            beside[at].setdefault(other, []).append(edge.role)
        hung = _hung(focus.id, way, nodes, beside, beyond)
        shown.update(row.node.id for row in hung if row.node is not None)
        rows.extend(hung or [LineageRow(None, way, "  ", "", _NOTHING[way])])
    aside = [node for node in lineage.nodes if node.id not in shown]
    if aside:
        rows.append(LineageRow(None, Way.FOCUS, "", "", "beside it"))
        rows.extend(LineageRow(node, Way.FOCUS, "  ", "") for node in aside)
    return rows


def _hung(
    focus: str,
    way: Way,
    nodes: dict[str, LineageNode],
    beside: defaultdict[str, dict[str, list[str]]],
    beyond: dict[tuple[str, Way], Beyond],
) -> list[LineageRow]:
    rows: list[LineageRow] = []
    seen = {focus}
    waiting: list[tuple[str, str, str, bool]] = []

    def hang(at: str, lead: str) -> None:
        steps = list(beside[at].items())
        more = beyond.get((at, way))
        # a fork that is drawn for what comes below has to be known before it
        ends = [(other, ", ".join(dict.fromkeys(roles)), False) for other, roles in steps]
        if more is not None and (steps or at == focus):
            ends.append((at, "", True))
        for place, (other, role, is_rest) in reversed(list(enumerate(ends))):
            waiting.append((other, lead + ("╰ " if place == len(ends) - 1 else "├ "), role, is_rest))

    hang(focus, "")
    while waiting:
        id_, lead, role, is_rest = waiting.pop()
        if is_rest:
            more = beyond[id_, way]
            rows.append(LineageRow(None, way, lead, "", f"⋯ {words_beyond(more)}", beyond=more))
            continue
        again = id_ in seen
        opens = bool(beside[id_])
        left_out = None if opens or again else beyond.get((id_, way))
        rows.append(LineageRow(nodes[id_], way, lead, role, again=again and opens, beyond=left_out, opens=opens))
        if not again:
            seen.add(id_)
            if opens:
                hang(id_, lead[:-2] + ("  " if lead.endswith("╰ ") else "│ ") if len(lead) < 2 * _DEEPEST else lead)
    return rows


def lineage_row_line(row: LineageRow, width: int | None) -> Line:
    """One row; `width` is the cells there are, None to cut nothing."""
    if row.node is None:
        heading = not row.lead
        return ((row.lead, Tone.FAINT), (row.text, Tone.HEAD if heading else Tone.MUTED))
    room = width if width is not None else 10_000
    role = cut(row.role, 24) + " " if row.role else ""
    lead = row.lead if len(row.lead) <= max(2, room // 3) else "…" + row.lead[1 - max(2, room // 3) :]
    ref = row.node.id[:_RUN_SHOWN] if row.node.kind is NodeKind.RUN else row.node.id
    address = cut_middle(ref, max(8, room - len(lead) - len(role) - 14))
    spans: list[Span] = [
        (lead, Tone.FAINT),
        (role, Tone.MUTED),
        (address, Tone.TITLE if row.way is Way.FOCUS and not lead else TONES[row.node.kind]),
    ]
    if row.node.kind is NodeKind.RUN and row.node.name:
        spans.append(("  " + cut(row.node.name, 32), Tone.MUTED))
    if row.again:
        spans.append(("  (above)", Tone.MUTED))
    if row.beyond is not None:
        spans.append((f"  ⋯ {words_beyond(row.beyond).removeprefix('and ')}", Tone.MUTED))
    return tuple(spans)


def lineage_lines(lineage: Lineage, width: int | None) -> Sequence[Line]:
    """The lines of the list."""
    return [lineage_row_line(row, width) for row in lineage_rows(lineage)]
