"""Lineage drawn from left to right: origins before results, one lane and one colour for each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.records.comparison import NodeKind, Way
from lineal.versioning.lineage import layers
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, width_of
from lineal_tui.view.versioning.lineage import TONES

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.comparison import Lineage, LineageNode
    from lineal.versioning.lineage import Layout, Route

_NARROWEST_NODE = 12
_WIDEST_NODE = 30
_WIDEST_GUTTER = 14
_COLOURS = (Tone.CHANGED, Tone.STAGED, Tone.MARK, Tone.BETTER, Tone.MUTED)
_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_BOXES = {
    _LEFT: "─",
    _RIGHT: "─",
    _UP: "│",
    _DOWN: "│",
    _LEFT | _RIGHT: "─",
    _UP | _DOWN: "│",
    _RIGHT | _DOWN: "╭",
    _LEFT | _DOWN: "╮",
    _RIGHT | _UP: "╰",
    _LEFT | _UP: "╯",
    _RIGHT | _UP | _DOWN: "├",
    _LEFT | _UP | _DOWN: "┤",
    _LEFT | _RIGHT | _DOWN: "┬",
    _LEFT | _RIGHT | _UP: "┴",
    _LEFT | _RIGHT | _UP | _DOWN: "┼",
}


class _Canvas:
    """Cells with a character and a tone, and lines that join where they meet."""

    def __init__(self, rows: int, width: int) -> None:
        self._cells = [[" "] * width for _ in range(rows)]
        self._tones = [[Tone.TEXT] * width for _ in range(rows)]
        self._arms: dict[tuple[int, int], int] = {}

    def text(self, row: int, column: int, spans: list[Span]) -> None:
        for text, tone in spans:
            for letter in text:
                step = width_of(letter)
                if not step:
                    continue  # it draws on the cell before, which a cell of this canvas cannot tell
                self._cells[row][column] = letter
                self._tones[row][column] = tone
                for extra in range(1, step):
                    self._cells[row][column + extra] = ""
                column += step

    def arm(self, row: int, column: int, arms: int, tone: Tone) -> None:
        known = self._arms.get((row, column), 0) | arms
        self._arms[row, column] = known
        self._cells[row][column] = _BOXES[known]
        self._tones[row][column] = tone

    def lines(self) -> list[Line]:
        drawn = []
        for cells, tones in zip(self._cells, self._tones, strict=True):
            spans: list[Span] = []
            start = 0
            for end in range(1, len(cells) + 1):
                if end == len(cells) or tones[end] is not tones[start]:
                    spans.append(("".join(cells[start:end]), tones[start]))
                    start = end
            drawn.append(tuple(spans))
        return drawn


@dataclass(frozen=True, slots=True)
class Drawing:
    """A lineage as it is drawn, and where its nodes stand."""

    spots: dict[str, tuple[int, int]]
    """(row, column of the layout) of each node, by its address."""
    height: int
    _paint: Callable[[str | None], list[Line]]

    def lines(self, selected: str | None = None) -> list[Line]:
        """The lines, with one node as the one under the cursor."""
        return self._paint(selected)

    def nearest(self, row: int, column: int) -> str:
        """The node of a row that is nearest to a column; of the nearest row where this one has none."""
        return min(
            self.spots,
            key=lambda id_: (abs(self.spots[id_][0] - row), abs(self.spots[id_][1] - column), self.spots[id_]),
        )


def lineage_drawing(lineage: Lineage, width: int) -> Drawing | None:
    """The drawing, with the roles in which things took part if there is room; None where nothing could be read."""
    layout = layers(lineage)
    for with_roles, cut_off in ((True, False), (False, False), (False, True)):
        drawn = _drawn(lineage, layout, width, with_roles=with_roles, cut_off=cut_off)
        if drawn is not None:
            return drawn
    return None


def _drawn(lineage: Lineage, layout: Layout, width: int, *, with_roles: bool, cut_off: bool) -> Drawing | None:
    names = {placed.node.id: _text(placed.node, lineage, with_roles=with_roles) for placed in layout.placed}
    ahead, behind = _beyond(lineage)
    tracks = [_tracks(layout, column) for column in range(layout.columns - 1)]
    gutters = [min(_WIDEST_GUTTER, len(rows) + 3) for rows in tracks]
    extra = {id_: len(ahead.get(id_, "")) + len(behind.get(id_, "")) for id_ in names}
    widths = [
        max(
            (
                min(_WIDEST_NODE, width_of(names[placed.node.id])) + extra[placed.node.id]
                for placed in layout.placed
                if placed.column == column
            ),
            default=1,
        )
        for column in range(layout.columns)
    ]
    while sum(widths) + sum(gutters) > width:
        if not cut_off:
            return None
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST_NODE + max(extra.values(), default=0):
            return None
        widths[widest] -= 1
    starts = [0]
    for each, gutter in zip(widths, gutters, strict=False):
        starts.append(starts[-1] + each + gutter)
    lane: dict[str, Tone] = {}
    for route in layout.routes:
        lane.setdefault(route.edge.source, _COLOURS[len(lane) % len(_COLOURS)])
    texts: dict[str, list[Span]] = {}
    ends: dict[tuple[int, int], int] = {}
    for placed in layout.placed:
        id_ = placed.node.id
        name = cut_middle(names[id_], widths[placed.column] - extra[id_])
        texts[id_] = [
            (ahead.get(id_, ""), Tone.MUTED),
            (name, Tone.TITLE if id_ == lineage.focus else TONES[placed.node.kind]),
            (behind.get(id_, ""), Tone.MUTED),
        ]
        ends[placed.column, placed.row] = starts[placed.column] + width_of(name) + extra[id_]

    def paint(selected: str | None) -> list[Line]:
        canvas = _Canvas(layout.rows, width)
        for route in layout.routes:
            _draw(canvas, route, lane[route.edge.source], starts, tracks, gutters, ends)
        for placed in layout.placed:
            spans = texts[placed.node.id]
            if placed.node.id == selected:
                spans = [(text, Tone.CARET) for text, _ in spans]
            canvas.text(placed.row, starts[placed.column], spans)
        return canvas.lines()

    spots = {placed.node.id: (placed.row, placed.column) for placed in layout.placed}
    return Drawing(spots, layout.rows, paint)


def _beyond(lineage: Lineage) -> tuple[dict[str, str], dict[str, str]]:
    """What is written before and behind nodes beyond which more lies."""
    texts: dict[Way, dict[str, str]] = {Way.UP: {}, Way.DOWN: {}}
    for each in lineage.beyond:
        count = _compact(each.count) + ("" if each.exact else "+")
        texts[each.way][each.node] = f"(+{count}) " if each.way is Way.UP else f" (+{count})"
    return texts[Way.UP], texts[Way.DOWN]


def _tracks(layout: Layout, column: int) -> dict[int, int]:
    """Which vertical lane of the gutter right of a column each row that turns there has, from the left."""
    turning: dict[int, int] = {}
    for route in layout.routes:
        at = column - route.column
        if 0 <= at < len(route.rows) - 1 and route.rows[at] != route.rows[at + 1]:
            turning[route.rows[at]] = turning.get(route.rows[at], 0) + route.rows[at + 1] - route.rows[at]
    # lines that go down turn the sooner the lower they are, those that go up the higher: so they cross least
    down = sorted((row for row, way in turning.items() if way >= 0), reverse=True)
    up = sorted(row for row, way in turning.items() if way < 0)
    return {row: place for place, row in enumerate([*down, *up])}


def _draw(
    canvas: _Canvas,
    route: Route,
    tone: Tone,
    starts: list[int],
    tracks: list[dict[int, int]],
    gutters: list[int],
    ends: dict[tuple[int, int], int],
) -> None:
    for n, (row, below) in enumerate(zip(route.rows, route.rows[1:], strict=False)):
        column = route.column + n
        begin = ends[column, row] + 1 if n == 0 else starts[column]
        stop = starts[column + 1] - 1
        last = n == len(route.rows) - 2
        left = stop - gutters[column] + 2
        turn = left + min(tracks[column].get(row, 0), max(0, gutters[column] - 4))
        if row == below:
            turn = stop
        for x in range(begin, turn):
            canvas.arm(row, x, _LEFT | _RIGHT, tone)
        if row != below:
            down = below > row
            canvas.arm(row, turn, _LEFT | (_DOWN if down else _UP), tone)
            for y in range(min(row, below) + 1, max(row, below)):
                canvas.arm(y, turn, _UP | _DOWN, tone)
            canvas.arm(below, turn, _RIGHT | (_UP if down else _DOWN), tone)
        for x in range(turn + 1 if row != below else turn, stop + (0 if last else 1)):
            canvas.arm(below, x, _LEFT | _RIGHT, tone)
        if last:
            canvas.text(below, stop - 1, [("◂" if route.reversed else "▸", tone)])


def _text(node: LineageNode, lineage: Lineage, *, with_roles: bool) -> str:
    name = one_line(node.name)
    roles: list[str] = []
    model = _model(lineage.focus)
    if node.kind is NodeKind.VERSION:
        # the model goes without saying where it is the one in question
        name = name.removeprefix(one_line(model or "") + " ") if _model(node.id) == model else name
        sources = {edge.source: edge.role for edge in lineage.edges if edge.target == node.id}
        roles = [role for source, role in sources.items() if not source.startswith(("data:", "run:"))]
    elif node.kind is NodeKind.DATASET:
        roles = [edge.role for edge in lineage.edges if edge.source == node.id]
    if node.kind is NodeKind.STAGE:
        name = f"◆ {name if _model(node.id) == model else one_line(node.id)}"
    if not with_roles:
        return name
    told = ", ".join(dict.fromkeys(cut(role, 10) for role in roles))
    return f"{name} ({told})" if told else name


def _model(address: str) -> str | None:
    """The model in the address of a version or a stage; None in any other."""
    if address.startswith(("data:", "run:")):
        return None
    return address.rpartition(":")[0] or address.rpartition("@")[0] or None


def _compact(count: int) -> str:
    """A count in few cells: `12`, `9.9k`, `1.2M`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            figure = count / size
            return f"{figure:.1f}{letter}" if figure < 100 else f"{figure:.0f}{letter}"
    return str(count)
