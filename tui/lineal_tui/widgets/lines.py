"""The list on the Line API that every long view is: it paints what is visible and fetches what it paints."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lineal.errors import LinealError
from lineal_tui.view.drawing.lines import GUTTER, Line, Tone
from lineal_tui.view.drawing.pages import Listed, Rows, top_for
from lineal_tui.widgets.painting import changed_cells, palette_of, strip_of

_CACHED_STRIPS = 256

Painter = Callable[[Any, int], Line]
"""A row and the cells there are for it, to its line."""


class Lines(ScrollView):
    """Rows with a cursor that stays on its item, marks, and half-page jumps at the edges."""

    DEFAULT_CSS = """
    Lines { overflow-x: hidden; overflow-y: scroll; scrollbar-size: 0 0; height: 1fr; width: 1fr; }
    """

    class CursorMoved(Message):
        """The cursor stands on another item, or on what an item has become."""

        def __init__(self, lines: Lines) -> None:
            """Tell which list it is."""
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> Lines:
            """The list."""
            return self.lines

    class FetchFailed(Message):
        """Rows could not be read."""

        def __init__(self, error: LinealError) -> None:
            """Carry the reason to whoever shows messages."""
            super().__init__()
            self.error = error

    def __init__(self, *, id: str | None = None, has_cursor: bool = True) -> None:  # noqa: A002  as every widget
        """Begin empty; without a cursor it is a page, whose keys scroll."""
        super().__init__(id=id)
        self.has_cursor = has_cursor
        self._rows: Rows[Any] = Listed[object]([])
        self._paint: Painter = _nothing
        self._cursor = 0
        self._key: Hashable | None = None
        self._expected: Hashable | None = None
        self._marks: frozenset[Hashable] = frozenset()
        self._active = True
        self._strips: dict[Hashable, Strip] = {}
        self._failed = False
        self._shown: dict[int, Strip] = {}
        """What was painted last, by its place on the screen."""
        self.is_whole = True
        """Whether all rows there are were shown; else a cursor that is sent to the end goes there again with them."""
        self._to_end = False
        """Whether the cursor was sent to an end that was not the last one, and to nowhere else since."""
        self.scrolled: Callable[[], None] = lambda: None
        """Called in the same frame when other rows are visible."""

    # what it shows

    def show(self, rows: Rows[Any], paint: Painter) -> None:
        """Show other rows, or the same ones again; the cursor stays on its item, at the same height on the screen."""
        above = self._cursor - self.scroll_offset.y
        self._rows, self._paint = rows, paint
        self._strips.clear()
        self._failed = False
        place = rows.position(self._key) if self._key is not None else None
        self._cursor = max(0, min(len(rows) - 1, self._cursor if place is None else place))
        self.virtual_size = Size(1, len(rows))
        self._scroll(max(0, self._cursor - max(0, above)) if self.has_cursor else self.scroll_offset.y)
        self._keep_visible()
        self._refresh_changes()
        expected = rows.position(self._expected) if self._expected is not None else None
        if expected is not None:
            self.move_to(expected)
        if self._to_end:
            self.move_to_end()
        self._tell()

    def expect(self, key: Hashable) -> None:
        """Put the cursor on the row with this key when it is shown, unless the cursor is moved before."""
        self._expected = key

    @property
    def awaits(self) -> bool:
        """Whether a row that the cursor is to be on was not shown yet."""
        return self._expected is not None

    @property
    def key(self) -> Hashable | None:
        """The key of the row under the cursor; None in an empty list."""
        return self._key_at(self._cursor)

    def repaint(self) -> None:
        """Paint every visible row again, as far as it has changed."""
        self._strips.clear()
        self._refresh_changes()

    @property
    def marks(self) -> frozenset[Hashable]:
        """Keys of the rows that bear a mark."""
        return self._marks

    @marks.setter
    def marks(self, marks: frozenset[Hashable]) -> None:
        changed = marks ^ self._marks
        self._marks = marks
        for y in range(self.size.height):
            if self._key_at(self.scroll_offset.y + y) in changed:
                self.refresh(Region(0, y, GUTTER, 1))

    @property
    def active(self) -> bool:
        """Whether keys go to this list; its cursor is dimmer when they do not."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        if active != self._active:
            self._active = active
            self._refresh_gutter(self._cursor)

    @property
    def cursor(self) -> int:
        """Where the cursor is."""
        return self._cursor

    @property
    def current(self) -> object | None:
        """The row under the cursor; None in an empty list."""
        return self._row(self._cursor)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def below(self) -> int:
        """How many rows lie below what is visible."""
        return max(0, len(self._rows) - self.scroll_offset.y - self.size.height)

    def row_at(self, index: int) -> object | None:
        """The row at a place; None where there is none."""
        return self._row(index)

    def fetch_visible(self) -> None:
        """Fetch the rows that are visible, as painting them would."""
        for y in range(self.size.height):
            self._row(self.scroll_offset.y + y)

    def place_of(self, key: Hashable) -> int | None:
        """Where the row with this key is; None when it is not here."""
        return self._rows.position(key)

    # moving

    def move(self, by: int) -> None:
        """Move the cursor, or scroll where there is none."""
        if not self.has_cursor:
            self._scroll(self.scroll_offset.y + by)
        else:
            self.move_to(self._cursor + by)

    def move_half(self, direction: int) -> None:
        """Move by half a page."""
        self.move(direction * max(1, self.size.height // 2))

    def move_page(self, direction: int) -> None:
        """Move by a page, with one row of overlap."""
        self.move(direction * max(1, self.size.height - 1))

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; past either end it is the last one there."""
        index = max(0, min(len(self._rows) - 1, index))
        self._expected = None
        self._to_end = False
        if not self.has_cursor:
            self._scroll(index)
            return
        if index == self._cursor:
            return
        old, self._cursor = self._cursor, index
        self._refresh_gutter(old)
        self._refresh_gutter(index)
        self._keep_visible()
        self._tell()

    def move_to_end(self) -> None:
        """Go to the last row."""
        self.move_to(len(self._rows) - 1)
        self._to_end = not self.is_whole

    @property
    def goes_to_end(self) -> bool:
        """Whether the cursor was sent to the end while rows were yet to come."""
        return self._to_end

    def find(self, key: Hashable) -> bool:
        """Put the cursor on the row with this key; False when there is none."""
        place = self._rows.position(key)
        if place is None:
            return False
        if place != self._cursor:
            self.move_to(place)
        else:
            self._tell()
        return True

    def _tell(self) -> None:
        self._key = self._key_at(self._cursor)
        self.post_message(self.CursorMoved(self))

    def _keep_visible(self) -> None:
        height, top = self.size.height, self.scroll_offset.y
        if not self.has_cursor or height == 0 or top <= self._cursor < top + height:
            return
        self._scroll(top_for(self._cursor, top, height))

    def _scroll(self, y: int) -> None:
        y = max(0, min(y, len(self._rows) - self.size.height))
        if y != self.scroll_offset.y:
            # put off, and told by a message, it would be painted in two frames: the second comes 17 ms after the first
            self.scroll_to(y=y, animate=False, force=True, immediate=True)
            self.scrolled()

    def _refresh_gutter(self, index: int) -> None:
        y = index - self.scroll_offset.y
        if not self.size.height:
            # hidden: no row has a place that could be painted, but every row has to be when it shows again
            self.refresh()
        elif 0 <= y < self.size.height:
            self.refresh(Region(0, y, GUTTER, 1))

    def on_resize(self) -> None:
        """Lay the rows out for the new width and keep the cursor in sight."""
        self._strips.clear()
        self._shown.clear()
        self.virtual_size = Size(1, len(self._rows))
        self._scroll(self.scroll_offset.y)
        self._keep_visible()
        self.scrolled()

    # The layout paints all of a list that it shows or gives another size, and what the list itself wants to be painted
    # for the same reason would be sent a second time, with the next key.

    def _size_updated(self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True) -> bool:
        is_other = self._size != size
        told = super()._size_updated(size, virtual_size, container_size, layout)
        if is_other:
            self._repaint_regions.clear()
        return told

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not self.size.height:
            self._repaint_regions.clear()

    # painting

    def render_line(self, y: int) -> Strip:
        """The strip of one visible row."""
        strip = self._shown[y] = self._strip(y)
        return strip

    def _refresh_changes(self) -> None:
        """Have the cells painted that differ from what was painted last."""
        width, height = self.size
        if not height:
            # hidden: there is nothing to compare with, and every row has to be painted when it shows again
            self.refresh()
            return
        for y in range(height):
            old = self._shown.get(y)
            cells = (0, width) if old is None else changed_cells(old, self._strip(y))
            if cells is not None:
                self.refresh(Region(cells[0], y, cells[1] - cells[0], 1))

    def _strip(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.size.width
        row = self._row(index)
        if row is None:
            return Strip.blank(width, palette_of(self)[Tone.TEXT])
        key = self._key_at(index)
        palette = palette_of(self)
        body = self._strips.get(index)
        room = max(0, width - (GUTTER if self.has_cursor else 0))
        if body is None or body.cell_length != room:
            if len(self._strips) >= _CACHED_STRIPS:
                self._strips.clear()
            body = strip_of(self._paint(row, room), room, palette)
            self._strips[index] = body
        if not self.has_cursor:
            return body
        if width < GUTTER:
            return Strip.blank(width, palette[Tone.TEXT])
        bar, dot = "▌" if index == self._cursor else " ", "•" if key in self._marks else " "
        tone = Tone.CURSOR if self._active else Tone.FAINT
        if dot == " ":
            # one segment: a move of the cursor is sent as two of these
            gutter = [Segment(bar + dot, palette[Tone.TEXT if bar == " " else tone])]
        else:
            gutter = [Segment(bar, palette[tone]), Segment(dot, palette[Tone.MARK])]
        return Strip([*gutter, *body], width)

    def _row(self, index: int) -> object | None:
        if self._failed:
            return None
        try:
            return self._rows.row(index)
        except LinealError as error:
            # painting goes on without rows; the message says why, and showing the rows again tries again
            self._failed = True
            self.post_message(self.FetchFailed(error))
            return None

    def _key_at(self, index: int) -> Hashable | None:
        return self._rows.key_at(index) if self._row(index) is not None else None


def _nothing(_row: object, _width: int) -> Line:
    return ()
