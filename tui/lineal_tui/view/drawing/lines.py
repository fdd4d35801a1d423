"""A line on the screen as spans of text with a tone: what every list and page is painted from, without a toolkit."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable


class Tone(StrEnum):
    """What a span means; the palette decides what it looks like."""

    TEXT = "text"
    MUTED = "muted"
    """Said in passing: units, repeated words, what is equal."""
    FAINT = "faint"
    """Rules and lanes."""
    STRONG = "strong"
    HEAD = "head"
    """Titles of columns."""
    TITLE = "title"
    """The pane that has the keys."""
    KEY = "key"
    LIVE = "live"
    """Live at the stage that is looked at."""
    STAGED = "staged"
    """Live at another stage."""
    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    CURSOR = "cursor"
    MARK = "mark"
    QUESTION = "question"
    ANSWER = "answer"
    FAILED = "failed"
    CARET = "caret"
    """Where the next letter goes."""
    CURVE_1 = "curve 1"
    """Curves over each other, and what belongs to each; a letter tells them apart, too."""
    CURVE_2 = "curve 2"
    CURVE_3 = "curve 3"
    CURVE_4 = "curve 4"
    CURVE_5 = "curve 5"
    CURVE_6 = "curve 6"


Span = tuple[str, Tone]
Line = tuple[Span, ...]
"""Spans whose text is clean already."""

ELLIPSIS = "…"
GUTTER = 2
"""Cells at the left of a list: the cursor's and the mark's."""


def width_of(text: str) -> int:
    """How many cells a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  plain letters, nearly all there is, need no table

    return cell_len(text)


def line_width(line: Iterable[Span]) -> int:
    """How many cells a line takes."""
    return sum(width_of(text) for text, _ in line)


def cut(text: str, width: int) -> str:
    """Clean a text and make it fit into `width` cells; what is cut off is owned up to with an ellipsis."""
    text = one_line(text)
    if width_of(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, used = [], 0
    for letter in text:
        step = width_of(letter)
        if used + step > width - 1:
            break
        kept.append(letter)
        used += step
    return "".join(kept).rstrip() + ELLIPSIS


def cut_middle(text: str, width: int) -> str:
    """As `cut`, but keep both ends: for addresses and paths, whose last part tells most."""
    text = one_line(text)
    if width_of(text) <= width:
        return text
    if width < 5 or not (text.isascii() or all(width_of(letter) == 1 for letter in text)):
        return cut(text, width)
    head = (width - 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (width - 1 - head) :]


def left(text: str, width: int) -> str:
    """A text of exactly `width` cells, at the left."""
    text = cut(text, width)
    return text + " " * (width - width_of(text))


def right(text: str, width: int) -> str:
    """A text of exactly `width` cells, at the right."""
    text = cut(text, width)
    return " " * (width - width_of(text)) + text


def fit(line: Line, width: int) -> Line:
    """A line of exactly `width` cells: cut with an ellipsis, or filled with blanks."""
    spans: list[Span] = []
    free = width
    for text, tone in line:
        step = width_of(text)
        if step > free:
            if free > 0:
                piece = _head(text, free - 1) + ELLIPSIS
                spans.append((piece, tone))
                free -= width_of(piece)
            break
        spans.append((text, tone))
        free -= step
    if free > 0:
        spans.append((" " * free, Tone.TEXT))
    return tuple(spans)


def spread(start: Line, end: Line, width: int, *, fill: str = " ", tone: Tone = Tone.TEXT) -> Line:
    """A line with something at each end; the start is cut first when both do not fit."""
    end_width = line_width(end)
    if end_width >= width:
        return fit(end, width)
    start_width = line_width(start)
    if start_width + end_width < width:
        return (*start, (fill * (width - start_width - end_width), tone), *end)
    return (*fit(start, width - end_width - 1), (" ", Tone.TEXT), *end)


def rule(title: Line, end: Line, width: int) -> Line:
    """A horizontal rule with a title at the left and a remark at the right."""
    head: Line = (("─ ", Tone.FAINT), *title, (" ", Tone.FAINT)) if title else (("─", Tone.FAINT),)
    tail: Line = ((" ", Tone.FAINT), *end, (" ─", Tone.FAINT)) if end else (("─", Tone.FAINT),)
    if line_width(head) + line_width(tail) > width:
        tail = ()
    return fit(spread(head, tail, width, fill="─", tone=Tone.FAINT), width)


def broken(text: str, width: int) -> list[str]:
    """A line in as many as it takes, just as it is; all but the first are indented a little more than that."""
    indent = " " * min(len(text) - len(text.lstrip(" ")) + 2, width // 2)
    found, current, used = [], "", 0
    for character in text:
        cells = width_of(character)
        if used + cells > width:
            found.append(current)
            current, used = indent, len(indent)
        current += character
        used += cells
    return [*found, current]


def hanging(line: Line, width: int) -> list[Line]:
    """A term and what is told of it, in as many lines as that takes: beside the term, or under it where it is long."""
    if line_width(line) <= width or len(line) < 2:
        return [line]
    term, *told = line
    words: list[Line] = [((word, tone),) for text, tone in told for word in text.split()]
    lead = width_of(term[0])
    if lead > width // 2:
        lead = width // 3
        return [(term,), *(((" " * lead, Tone.TEXT), *rest) for rest in wrap(words, max(1, width - lead)))]
    first, *others = wrap(words, max(1, width - lead))
    return [(term, *first), *(((" " * lead, Tone.TEXT), *rest) for rest in others)]


def wrap(words: Iterable[Line], width: int, *, gap: str = " ", indent: int = 0) -> list[Line]:
    """Lay groups of spans that stay together into as many lines as they need; no group is longer than a line."""
    lines: list[Line] = []
    current: list[Span] = []
    used = 0
    for word in words:
        step = line_width(word)
        if current and used + len(gap) + step > width:
            lines.append(tuple(current))
            current, used = [(" " * indent, Tone.TEXT)] if indent else [], indent
        elif current:
            current.append((gap, Tone.TEXT))
            used += len(gap)
        if step > width - used:
            word = fit(word, width - used)  # noqa: PLW2901  what is laid is what fits
            step = width - used
        current.extend(word)
        used += step
    if current:
        lines.append(tuple(current))
    return lines


def _head(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    kept, used = [], 0
    for letter in text:
        step = width_of(letter)
        if used + step > width:
            break
        kept.append(letter)
        used += step
    return "".join(kept)
