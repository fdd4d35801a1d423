"""Walking through a lineage: folding and unfolding, following a node, and going back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lineal.machine.lazily import Later
from lineal.records.comparison import Way
from lineal_tui.places import View
from lineal_tui.screens.tracing import FIRST, DrawnRow, LineageUnfolded, Tracing
from lineal_tui.view.drawing.lines import Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.versioning import lineage as graphs
    from lineal_tui.view.versioning import lineage as lineage_page
    from lineal_tui.view.versioning.lineage import LineageRow
else:
    # what the first paint does without; each module costs it some milliseconds
    graphs = Later("lineal.versioning.lineage")
    lineage_page = Later("lineal_tui.view.versioning.lineage")

_MORE = 4
"""How many times as many unfolding shows."""


@dataclass
class LineageAsked(Message):
    """Something whose lineage is wanted was found."""

    focus: str
    """Its address."""


class Walking(Tracing):
    """What keys do in a lineage."""

    def open_lineage(self) -> None:
        """Give the screen to the lineage of what is under the cursor."""
        if self.active is View.LINEAGE:
            self.give_screen_to(View.LINEAGE)
        else:
            address = self.traceable()
            self.trace(address)

    def trace(self, address: str | None) -> None:
        """Give the screen to the lineage of what has an address; None: of the version under the tree's cursor."""
        if address is None and self.version is None:
            self.say("not now: no version is under the cursor", tone=Tone.MUTED)
            return
        self._focuses = () if address is None else (address,)
        self._floor = len(self._focuses)
        self.give_screen_to(View.LINEAGE)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    def trace_address(self, address: str) -> None:
        """Give the screen to the lineage of what somebody typed an address of."""
        registry = self.registry
        self.work(lambda: LineageAsked(registry.lineage(address, up=0, down=0).focus), "command")

    def on_lineage_asked(self, message: LineageAsked) -> None:
        """Go to the lineage of what was asked for, now that it is known to be there."""
        self.trace(message.focus)

    def traceable(self) -> str | None:
        """The address of what is under the cursor, if it is no version of the tree."""
        return None

    def follow_node(self) -> None:
        """Go to the node under the cursor: the lineage is about it then; or show more, where more is told of."""
        row = self.panes[View.LINEAGE].lines.current
        if not isinstance(row, DrawnRow) and self._list_row is not None and self._list_row.node is None:
            self.turn_lineage(self._list_row.way)
            return
        node = self._traced_node
        if node is None or self._traced is None:
            return
        if node == self._traced.lineage.focus:
            self.visit(node)
            return
        self._focuses = (*self._focuses, node)
        self.follow_now()

    def open_thing(self) -> None:
        """Show the own page of what is under the cursor."""
        if self._traced_node is not None:
            self.visit(self._traced_node)

    def step_back(self) -> bool:
        """Back to what the lineage was about before, then out."""
        if self.shown is View.LINEAGE and self.active is View.LINEAGE and len(self._focuses) > self._floor:
            self._was_left = self._focuses[-1]
            self._focuses = self._focuses[:-1]
            return True
        return super().step_back()

    def turn_lineage(self, way: Way) -> None:
        """In the graph go on towards origins or results; in the list fold or unfold."""
        if self._traced is None or self._traced_node is None:
            return
        if self._graph is not None:
            self._go_along(way)
            return
        row = self._list_row
        if row is None:
            return
        if way is Way.DOWN:
            if row.beyond is not None:
                self._unfold_more(row.beyond.node, row.way)
            else:
                self.panes[View.LINEAGE].lines.move(1)
        elif row.node is not None and row.opens and row.way is not Way.FOCUS and not row.again:
            self._fold_away(row.node.id, row.way)
        else:
            self._to_parent(row)

    def _go_along(self, way: Way) -> None:
        base, drawn, node = self._traced, self._graph, self._traced_node
        if base is None or drawn is None or node is None:
            return
        edges = self._shown_lineage(base.lineage).edges
        others = [
            edge.source if way is Way.UP else edge.target
            for edge in edges
            if (edge.target if way is Way.UP else edge.source) == node
        ]
        row = drawn.spots[node][0]
        shown = [other for other in others if other in drawn.spots and other != node]
        if shown:
            self._choose_node(min(shown, key=lambda other: abs(drawn.spots[other][0] - row)))
        else:
            self._unfold_more(node, way)

    def _to_parent(self, row: LineageRow) -> None:
        lines = self.panes[View.LINEAGE].lines
        for place in range(lines.cursor - 1, -1, -1):
            above = lines.row_at(place)
            if isinstance(above, type(row)) and (len(above.lead) < len(row.lead) or above.way is not row.way):
                lines.move_to(place if above.node is not None else 0)
                return

    def fold_lineage(self) -> None:
        """Fold what lies beyond the node under the cursor, on its side of what the lineage is about."""
        if self._traced_node is not None:
            self._fold_away(self._traced_node, self._side(self._traced_node))

    def unfold_lineage(self) -> None:
        """Show more of what lies beyond the node under the cursor."""
        row = self._list_row
        if row is not None and row.beyond is not None:
            self._unfold_more(row.beyond.node, row.way)
        elif self._traced_node is not None:
            self._unfold_more(self._traced_node, self._side(self._traced_node))

    def _side(self, node: str) -> Way:
        row = self._list_row
        if row is not None and row.way is not Way.FOCUS:
            return row.way
        if self._graph is not None and self._traced is not None:
            focus = self._graph.spots.get(self._traced.lineage.focus, (0, 0))
            if self._graph.spots.get(node, focus)[1] < focus[1]:
                return Way.UP
        return Way.DOWN

    def _fold_away(self, node: str, way: Way) -> None:
        self._folded_away |= {(node, way)}
        self.redraw_page(View.LINEAGE)

    def _unfold_more(self, node: str, way: Way) -> None:
        base, registry = self._traced, self.registry
        if base is None:
            return
        if (node, way) in self._folded_away:
            self._folded_away -= {(node, way)}
            self.redraw_page(View.LINEAGE)
            return
        shown = self._shown_lineage(base.lineage)
        if not any((each.node, each.way) == (node, way) for each in shown.beyond):
            self.say(
                f"nothing more {'came from it' if way is Way.DOWN else 'is known that it came from'}", tone=Tone.MUTED
            )
            return
        has_some = any((edge.target if way is Way.UP else edge.source) == node for edge in shown.edges)
        limit = self._neighbours_asked.get((node, way), FIRST) * (_MORE if has_some else 1)
        self._neighbours_asked[node, way] = limit
        up, down = (1, 0) if way is Way.UP else (0, 1)

        def read() -> LineageUnfolded:
            found = registry.lineage(node, up=up, down=down, limit=limit)
            return LineageUnfolded(base.focus, graphs.Opened(node, way, found))

        self.work(read, "lineage")

    @property
    def _list_row(self) -> LineageRow | None:
        """The row of the list under the cursor; None in the graph."""
        if View.LINEAGE not in self.panes or self._graph is not None:
            return None
        row = self.panes[View.LINEAGE].lines.current
        return row if isinstance(row, lineage_page.LineageRow) else None

    def node_under_cursor(self) -> tuple[str | None, str | None]:
        """Id and address of the node under the cursor."""
        node = self._traced_node
        if node is None:
            return None, None
        return (node.removeprefix("run:") if node.startswith("run:") else node), node

    # what other parts of the screen do and this only calls

    visit: Callable[[str], None]
