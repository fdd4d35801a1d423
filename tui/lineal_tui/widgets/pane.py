"""A pane: a rule with its title, the heads of its columns, its rows, and how many more there are below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message

from lineal_tui.view.drawing.bars import foot_line
from lineal_tui.view.drawing.lines import GUTTER, Line, Tone, cut, width_of
from lineal_tui.widgets.lines import Lines
from lineal_tui.widgets.painting import Bar, Still

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


class Pane(Still, Vertical):
    """One list or page with what stands around it."""

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; }
    Pane.-plain > .heads { display: none; }
    """

    class Resized(Message):
        """The pane has another size."""

        def __init__(self, pane: Pane) -> None:
            """Tell which pane it is."""
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> Pane:
            """The pane."""
            return self.pane

    def __init__(self, name: str, *, has_cursor: bool, older: str = "more") -> None:
        """Name the pane; `older` is what lies below its last visible row."""
        super().__init__(id=name, classes="" if has_cursor else "-plain")
        self.title = Bar(classes="title")
        self.heads = Bar(classes="heads")
        self.lines = Lines(has_cursor=has_cursor)
        self.lines.scrolled = self._rows_scrolled
        self._is_outdated = False
        """Whether rows and what stands around them are yet to be drawn anew."""
        self.foot = Bar(classes="foot")
        self.older = older
        """What its foot calls what lies below the last visible row."""
        self.filter: str | None = None
        """What its rows are filtered by; None: by nothing."""
        self.draw_title: Callable[[int, bool], Line] = lambda _width, _active: ()
        self.draw_heads: Callable[[int], Line] = lambda _width: ()
        self.draw_above: Callable[[int, int], tuple[Line, ...]] = lambda _width, _height: ()
        """What stands between title and heads, for a width, and a height of the whole pane."""

    def compose(self) -> ComposeResult:
        """Put the parts under one another."""
        yield self.title
        yield self.heads
        yield self.lines
        yield self.foot

    @property
    def active(self) -> bool:
        """Whether keys go here."""
        return self.lines.active

    @active.setter
    def active(self, active: bool) -> None:
        self.lines.active = active
        self.redraw()

    def redraw(self) -> None:
        """Draw what stands around the rows; what did not change costs nothing."""
        width = self.size.width
        if not width:
            return
        self.title.lines = (self._titled(width),)
        if self.lines.has_cursor:
            heads = (*self.draw_above(width - GUTTER, self.size.height), self.draw_heads(width - GUTTER))
            self.heads.lines = tuple(((" " * GUTTER, Tone.TEXT), *line) for line in heads)
            if self.heads.styles.height is None or self.heads.styles.height.value != len(heads):
                self.heads.styles.height = len(heads)
        self.redraw_foot()

    def rows_changed(self) -> None:
        """Draw the rows that are visible anew, and what stands around them, once what is being done is done."""
        self._is_outdated = True
        self.call_later(self._catch_up)

    def _catch_up(self) -> None:
        if self._is_outdated:
            self._is_outdated = False
            self.lines.repaint()
            self.redraw()

    def _rows_scrolled(self) -> None:
        # rows that are fetched only when they are painted would have what stands around them drawn a frame later
        self.lines.fetch_visible()
        self._catch_up()
        self.redraw_foot()

    def _titled(self, width: int) -> Line:
        if self.filter is None:
            return self.draw_title(width, self.active)
        words = " /" + cut(self.filter, max(1, width // 3)) + " "
        return (*self.draw_title(max(1, width - width_of(words)), self.active), (words, Tone.QUESTION))

    def redraw_foot(self) -> None:
        """Say how many rows lie below."""
        lines = self.lines
        below = lines.below
        key = "G" if lines.has_cursor else "ctrl+d"
        self.foot.lines = (foot_line(below, self.older, key),)

    def on_mount(self) -> None:
        """One that is put beside others may have been given its size before it could be told of it."""
        if self.size.width:
            self.on_resize()

    def on_resize(self) -> None:
        """Lay everything out for the new size."""
        self.redraw()
        self.post_message(self.Resized(self))
