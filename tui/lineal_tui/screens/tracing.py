"""The lineage on the screen: around the version under the tree's cursor, or around whatever one went to from there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lineal.machine.lazily import Later
from lineal.records.comparison import Lineage, Way
from lineal_tui.places import View
from lineal_tui.screens.previews import Previews
from lineal_tui.view.drawing.lines import GUTTER, Line, Tone
from lineal_tui.view.drawing.matching import in_line
from lineal_tui.view.drawing.pages import Listed

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lineal.versioning import lineage as graphs
    from lineal.versioning.lineage import Opened
    from lineal_tui.view.versioning import lineage as lineage_page
    from lineal_tui.view.versioning import lineage_drawing
    from lineal_tui.view.versioning.lineage import LineageRow
    from lineal_tui.view.versioning.lineage_drawing import Drawing
    from lineal_tui.widgets.lines import Lines
else:
    # what the first paint does without; each module costs it some milliseconds
    graphs = Later("lineal.versioning.lineage")
    lineage_page = Later("lineal_tui.view.versioning.lineage")
    lineage_drawing = Later("lineal_tui.view.versioning.lineage_drawing")

FIRST = 12
"""What hangs on one thing is drawn up to so many; whoever wants more unfolds it."""


@dataclass
class LineageTraced(Message):
    """A lineage was read."""

    focus: str
    """The address that it was asked for."""
    lineage: Lineage


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

    def is_about_model(self, view: View) -> bool:
        """Whether what a view shows belongs to the model that is looked at: the lineage of another thing does not."""
        if view is View.LINEAGE and self._focuses and self.version is not None:
            name = self.version.ref.rpartition(":")[0]
            return self._focuses[-1].startswith((f"{name}:", f"{name}@"))
        return super().is_about_model(view)

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
        self.work(lambda: LineageTraced(focus, registry.lineage(focus, limit=FIRST)), "lineage")

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
            # it is of another lineage, and stays so as long as there is no room to draw this one
            self._graph = None
            self.redraw_page(View.LINEAGE, anew=True)
            self.draw_header()
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
            lineage_page.about(lineage), width, trail=trail, active=active
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


def _keys(rows: list[LineageRow]) -> list[Hashable]:
    """What tells rows from one another when the list is drawn again; a thing may stand in it several times."""
    seen: Counter[Hashable] = Counter()
    keys: list[Hashable] = []
    for row in rows:
        seen[row.key] += 1
        keys.append((row.key, seen[row.key]))
    return keys
