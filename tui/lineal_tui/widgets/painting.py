"""Lists, pages and bars turn lines into strips in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Size
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widget import Widget

from lineal_tui.terminal import Look
from lineal_tui.view.drawing.lines import Line, fit, width_of
from lineal_tui.widgets.palette import styles

if TYPE_CHECKING:
    from rich.style import Style

    from lineal_tui.view.drawing.lines import Tone


def palette_of(widget: Widget) -> dict[Tone, Style]:
    """The styles that suit the theme which is on."""
    app = widget.app
    if app.native_ansi_color:
        return styles(Look.PLAIN if app.no_color else Look.ANSI)
    return styles(Look.DARK if app.current_theme.dark else Look.LIGHT)


def segments_of(line: Line, width: int, palette: dict[Tone, Style]) -> list[Segment]:
    """The fewest segments of exactly `width` cells: each costs the terminal up to fifty bytes.

    Neighbours of one style become one, and blanks take the style of what stands before them, as no tone shows there.
    """
    merged: list[tuple[str, Style]] = []
    for text, tone in fit(line, width):
        style = palette[tone]
        if not text:
            continue
        if merged:
            before, known = merged[-1]
            if style is known or text.isspace():
                merged[-1] = (before + text, known)
                continue
            if before.isspace():
                merged[-1] = (before + text, style)
                continue
        merged.append((text, style))
    return [Segment(text, style) for text, style in merged]


def strip_of(line: Line, width: int, palette: dict[Tone, Style]) -> Strip:
    """A strip of exactly `width` cells."""
    return Strip(segments_of(line, width, palette), width)


def changed_cells(old: Strip, new: Strip) -> tuple[int, int] | None:
    """From which cell on and up to which two strips differ; None when they are the same."""
    before, after = _cells(old), _cells(new)
    if before == after:
        return None
    if len(before) != len(after):
        return (0, new.cell_length)
    first = next(n for n, cell in enumerate(before) if cell != after[n])
    last = next(n for n in range(len(before) - 1, -1, -1) if before[n] != after[n])
    while first and after[first][0] == "":
        first -= 1  # the second half of a wide letter is painted with the first
    while last + 1 < len(after) and after[last + 1][0] == "":
        last += 1
    return first, last + 1


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    found: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        if text.isascii():
            found.extend((letter, style) for letter in text)
            continue
        for letter in text:
            found.append((letter, style))
            found.extend([("", style)] * (width_of(letter) - 1))
    return found


class Still:
    """Mixed into what does not scroll: being given a size is no reason to be laid out and sent a second time."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)


class Bar(Still, Widget):
    """One row, or a few, of text that changes in place."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  as every widget
        """Begin empty."""
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it shows."""
        return self._lines

    @lines.setter
    def lines(self, lines: tuple[Line, ...]) -> None:
        if lines == self._lines:
            return
        self._lines = lines
        height = max(1, len(lines))
        if self.size.height and height != self.size.height:
            # laying it out paints it; painting it as well would send it twice
            self.styles.height = height
        else:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The strip of one row."""
        line = self._lines[y] if y < len(self._lines) else ()
        return strip_of(line, self.size.width, palette_of(self))
