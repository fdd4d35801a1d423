"""The lineage on the screen: around the version under the tree's cursor, or around whatever one went to from there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lineal.lazily import Later
from lineal.records.comparison import Lineage, Way
from lineal_tui.keys import View
from lineal_tui.screens.previews import Previews
from lineal_tui.view.lines import GUTTER, Line, Tone
from lineal_tui.view.matching import in_line
from lineal_tui.view.pages import Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from lineal import lineage as graphs
    from lineal.lineage import Opened
    from lineal_tui.view import lineage as lineage_page
    from lineal_tui.view import lineage_drawing
    from lineal_tui.view.lineage import LineageRow
    from lineal_tui.view.lineage_drawing import Drawing
    from lineal_tui.widgets.lines import Lines
else:
    # what the first paint does without; each module costs it some milliseconds
    graphs = Later("lineal.lineage")
    lineage_page = Later("lineal_tui.view.lineage")
    lineage_drawing = Later("lineal_tui.view.lineage_drawing")

_FIRST = 12
"""What hangs on one thing is drawn up to so many; whoever wants more unfolds it."""
_MORE = 4
"""How many times as many unfolding shows."""


@dataclass
class LineageTraced(Message):
    """A lineage was read."""

    focus: str
    """The address that it was asked for."""
    lineage: Lineage


@dataclass
class LineageAsked(Message):
    """Something whose lineage is wanted was found."""

    focus: str
    """Its address."""


@dataclass
class LineageUnfolded(Message):
    """More of a lineage was read."""

    focus: str
    """What the lineage is of."""
    opened: Opened


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """One row of a lineage that is drawn from left to right."""

    place: int


class Tracing(Previews):
    """The pane of the lineage."""

    _traced: LineageTraced | None = None
    _opened_up: tuple[Opened, ...] = ()
    """What was unfolded, in the order in which it was."""
    _folded_away = frozenset[tuple[str, Way]]()
    _neighbours_asked: dict[tuple[str, Way], int]
    """How many neighbours of a node were asked for last."""
    _traced_node: str | None = None
    """The node under the cursor."""
    _focuses: tuple[str, ...] = ()
    """What was gone to from the tree's version, or from elsewhere; the last one is shown."""
    _floor = 0
    """How many of these were there when the pane was opened, and are not gone back from one by one."""
    _was_left: str | None = None
    """What the lineage was about before one went back; the cursor goes there."""
    _graph: Drawing | None = None
    """The lineage from left to right; None while it is a list."""
    _graph_lines: list[Line]
    _lineage_state: tuple[object, ...] = ()
    """What the pane was drawn for."""

    # when to read

    def forget_previews(self) -> None:
        """Read everything again when it is next needed: the registry has changed."""
        super().forget_previews()
        self._stale_lineage = True

    _stale_lineage = False

    @property
    def _focus(self) -> str | None:
        """What the lineage is wanted of."""
        if self._focuses:
            return self._focuses[-1]
        return self.version.ref if self.version is not None else None

    def follow_now(self) -> None:
        """Show what belongs to the version under the cursor."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None or View.LINEAGE not in self.visible_panes():
            return
        if self.active is not View.LINEAGE and self.shown is not View.LINEAGE:
            self._focuses, self._floor = (), 0
        focus = self._focus
        if focus is None:
            self._traced = None
            self.redraw_page(View.LINEAGE, anew=True)
        elif self._stale_lineage or self._traced is None or self._traced.focus != focus:
            self._stale_lineage = False
            self._trace(focus)
        else:
            self.redraw_page(View.LINEAGE)

    def _trace(self, focus: str) -> None:
        registry = self.registry
        self.work(lambda: LineageTraced(focus, registry.lineage(focus, limit=_FIRST)), "lineage")

    def on_lineage_traced(self, message: LineageTraced) -> None:
        """Show a lineage, unless the cursor has gone on; what was unfolded in it before stays so."""
        if message.focus != self._focus:
            return
        if self._traced is None or self._traced.focus != message.focus:
            self._opened_up, self._folded_away, self._neighbours_asked = (), frozenset(), {}
            back, self._was_left = self._was_left, None
            known = {node.id for node in message.lineage.nodes}
            self._traced_node = back if back in known else message.lineage.focus
            self._traced = message
            self.redraw_page(View.LINEAGE, anew=True)
            self._find_row()
            return
        self._traced = message
        self.redraw_page(View.LINEAGE, anew=True)

    def _find_row(self) -> None:
        """Put the cursor of the list on the node that is chosen."""
        lines, node = self.panes[View.LINEAGE].lines, self._traced_node
        if self._graph is None:
            for place in range(lines.count):
                row = lines.row_at(place)
                if isinstance(row, lineage_page.LineageRow) and row.node is not None and row.node.id == node:
                    lines.move_to(place)
                    return

    def on_lineage_unfolded(self, message: LineageUnfolded) -> None:
        """Show more of a lineage, unless another one is shown by now."""
        if self._traced is not None and self._traced.focus == message.focus:
            opened = message.opened
            kept = [each for each in self._opened_up if (each.node, each.way) != (opened.node, opened.way)]
            self._opened_up = (*kept, opened)
            self.redraw_page(View.LINEAGE, anew=True)

    # drawing

    def redraw_page(self, view: View, *, anew: bool = False) -> None:
        """Draw a page for the width that its pane has now; `anew` also when it was drawn for that."""
        if view is not View.LINEAGE:
            super().redraw_page(view, anew=anew)
            return
        pane = self.panes[view]
        room = pane.size.width - GUTTER
        if room <= 0:
            return
        match = self.matcher(view)
        state = (self._traced, self._opened_up, self._folded_away, room, match)
        if anew or state != self._lineage_state:
            self._lineage_state = state
            pane.add_class("-plain")
            self._draw_lineage(room)
        pane.redraw()

    def _draw_lineage(self, room: int) -> None:
        pane, match = self.panes[View.LINEAGE], self.matcher(View.LINEAGE)
        if self._traced is None:
            pane.draw_title = lambda width, active: lineage_page.lineage_title("nothing", width, active=active)
            nothing = (("no version is under the tree's cursor", Tone.MUTED),)
            pane.lines.show(Listed[object]([nothing]), lambda row, _width: row)
            return
        lineage = self._shown_lineage(self._traced.lineage)
        trail = len(self._focuses) - self._floor
        pane.draw_title = lambda width, active: lineage_page.lineage_title(
            lineage.focus, width, trail=trail, active=active
        )
        self._graph = lineage_drawing.lineage_drawing(lineage, room) if self.is_wide and not match else None
        if self._graph is not None:
            if self._traced_node not in self._graph.spots:
                self._traced_node = lineage.focus
            self._graph_lines = self._graph.lines(self._traced_node)
            drawn_rows = [DrawnRow(place) for place in range(self._graph.height)]
            pane.lines.show(Listed(drawn_rows), lambda row, _width: self._graph_lines[row.place])
            pane.lines.move_to(self._graph.spots[self._traced_node or lineage.focus][0])
            return
        rows = lineage_page.lineage_rows(lineage)
        if match:
            rows = [row for row in rows if in_line(match, lineage_page.lineage_row_line(row, room))]
        pane.lines.show(Listed(rows, _keys(rows)), lineage_page.lineage_row_line)

    def _shown_lineage(self, base: Lineage) -> Lineage:
        return graphs.arranged(base, self._opened_up, self._folded_away)

    def on_lines_cursor_moved(self, message: Lines.CursorMoved) -> None:
        """Choose the node in the row that the cursor went to."""
        if View.LINEAGE not in self.panes or message.lines is not self.panes[View.LINEAGE].lines:
            return
        row = message.lines.current
        if isinstance(row, DrawnRow) and self._graph is not None and self._traced_node is not None:
            old_row, column = self._graph.spots.get(self._traced_node, (row.place, 0))
            if old_row != row.place:
                self._choose_node(self._graph.nearest(row.place, column))
        elif row is not None and not isinstance(row, DrawnRow | tuple):
            listed: LineageRow = row  # type: ignore[assignment]  # the pane shows no other rows
            if listed.node is not None:
                self._traced_node = listed.node.id

    def _choose_node(self, node: str) -> None:
        """Put the cursor of the graph on a node."""
        if self._graph is None:
            return
        lines = self.panes[View.LINEAGE].lines
        self._traced_node = node
        self._graph_lines = self._graph.lines(node)
        lines.repaint()
        lines.move_to(self._graph.spots[node][0])

    # what keys do

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
        limit = self._neighbours_asked.get((node, way), _FIRST) * (_MORE if has_some else 1)
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


def _keys(rows: list[LineageRow]) -> list[Hashable]:
    """What tells rows from one another when the list is drawn again; a thing may stand in it several times."""
    seen: Counter[Hashable] = Counter()
    keys: list[Hashable] = []
    for row in rows:
        seen[row.key] += 1
        keys.append((row.key, seen[row.key]))
    return keys
