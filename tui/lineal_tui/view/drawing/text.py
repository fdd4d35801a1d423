"""Lists and pages as lines for a terminal or a pipe: columns as wide as they need, cut only where a person looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import ELLIPSIS, Line, Span, Tone, cut, cut_middle, width_of, wrap

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_GAP = "  "
_LEAST = 8
"""Cells below which no column is cut."""
_LEAST_WORDS = 12
"""Cells below which a column of words is left out rather than cut."""
_READABLE = 30
"""Cells for words that would do as well in a line of their own; with fewer they get one."""
_BELOW = 4
"""Cells before such a line."""

_CODES = {
    Tone.MUTED: "2",
    Tone.FAINT: "2",
    Tone.STRONG: "1",
    Tone.HEAD: "2",
    Tone.TITLE: "1",
    Tone.KEY: "36",
    Tone.LIVE: "1;32",
    Tone.STAGED: "36",
    Tone.BETTER: "32",
    Tone.WORSE: "31",
    Tone.CHANGED: "33",
    Tone.FAILED: "31",
    Tone.CURVE_1: "34",
    Tone.CURVE_2: "33",
    Tone.CURVE_3: "32",
    Tone.CURVE_4: "31",
    Tone.CURVE_5: "35",
    Tone.CURVE_6: "36",
}

Row = tuple[Span, ...]


def table(
    titles: Sequence[str],
    rows: Sequence[Row],
    *,
    width: int | None,
    numbers: Collection[int] = (),
    indent: int = 0,
    words: Sequence[int] = (),
    below: Sequence[int] = (),
    ends: Collection[int] = (),
    whole: Collection[int] = (),
) -> list[Line]:
    """Rows under their titles.

    Where there is no room for all of it, first what stands in `below` gets lines of its own, then `words` are cut and
    the last of them left out, and only then the widest of what is left are cut. A column that was left out is owned up
    to with an ellipsis at the end of the titles.

    Args:
        titles: of the columns; none at all for rows without a head.
        rows: one span for each column.
        width: cells there are. None to cut nothing.
        numbers: the columns that stand at the right.
        indent: cells to leave free at the left.
        words: the columns of which a beginning will do, or nothing; those that matter least last.
        below: the columns that have to be read whole, but tell nothing by standing under one another.
        ends: the columns that are cut in the middle, as their texts differ at the end.
        whole: the columns that are cut after all others only.
    """
    head: list[Row] = [tuple((title, Tone.HEAD) for title in titles)] if titles else []
    cleaned = [tuple((one_line(text), tone) for text, tone in row) for row in [*head, *rows]]
    if not cleaned:
        return []
    widths = [max(width_of(row[n][0]) for row in cleaned) for n in range(len(cleaned[0]))]
    if width is None:
        return [_set(row, widths, range(len(widths)), numbers, ends, indent) for row in cleaned]
    kept, moved, fitted = _fitted(widths, width - indent, words, below, whole)
    lines: list[Line] = []
    for n, row in enumerate(cleaned):
        is_head = bool(head) and n == 0
        line = _set(row, fitted, kept, numbers, ends, indent)
        if is_head and len(kept) + len(moved) < len(widths):
            line = (*line, (_GAP + ELLIPSIS, Tone.HEAD))
        lines.append(line)
        if not is_head:
            lines += _lines_below([row[n] for n in moved], indent + _BELOW, width)
    return lines


def cells_of(titles: Sequence[str], rows: Sequence[Row], columns: Collection[int]) -> int:
    """Cells that some columns of a table need beside one another, with nothing cut."""
    widths = [max(width_of(one_line(text)) for text in (titles[n], *(row[n][0] for row in rows))) for n in columns]
    return _cells(widths, range(len(widths)))


def _lines_below(told: Sequence[Span], indent: int, width: int) -> list[Line]:
    known = [(text, tone) for text, tone in told if text not in ("", "-")]
    pieces = [
        ((word, tone),) for n, (text, tone) in enumerate(known) for word in [*(["·"] if n else []), *text.split()]
    ]
    return [((" " * indent, Tone.TEXT), *line) for line in wrap(pieces, max(_LEAST, width - indent))]


def _fitted(
    natural: Sequence[int], room: int, words: Sequence[int], below: Sequence[int], whole: Collection[int]
) -> tuple[list[int], list[int], list[int]]:
    """The columns that are kept, those that get lines of their own, and how wide each column is to be."""
    kept, moved = list(range(len(natural))), []
    if _cells(natural, kept) > room and below:
        beside = [n for n in kept if n not in below]
        wanted = sum(len(_GAP) + min(natural[n], _READABLE) for n in below)
        if _cells(natural, beside) + wanted > room:
            kept, moved = beside, list(below)
    loose = [n for n in words if n in kept]
    least = [min(each, _LEAST_WORDS) if n in loose else each for n, each in enumerate(natural)]
    while loose and _cells(least, kept) + (len(_GAP) + 1 if len(kept) + len(moved) < len(natural) else 0) > room:
        kept.remove(loose.pop())
    widths = list(natural)
    spare = len(_GAP) + 1 if len(kept) + len(moved) < len(natural) else 0
    _narrow(widths, kept, room - spare, loose or [n for n in below if n in kept], _LEAST_WORDS)
    _narrow(widths, kept, room - spare, [n for n in kept if n not in whole], _LEAST)
    _narrow(widths, kept, room - spare, kept, _LEAST)
    return kept, moved, widths


def _cells(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[n] for n in kept) + len(_GAP) * (len(kept) - 1)


def _narrow(widths: list[int], kept: Sequence[int], room: int, which: Sequence[int], least: int) -> None:
    """Cut the widest of some columns until all of them fit, or none of those is wider than the least."""
    while which and (excess := _cells(widths, kept) - room) > 0:
        widest = max(which, key=widths.__getitem__)
        if widths[widest] <= least:
            return
        second = max((widths[n] for n in which if n != widest), default=0)
        widths[widest] -= max(1, min(excess, widths[widest] - max(second, least)))


def _set(
    row: Row,
    widths: Sequence[int],
    kept: Sequence[int],
    numbers: Collection[int],
    ends: Collection[int],
    indent: int,
) -> Line:
    spans: list[Span] = [(" " * indent, Tone.TEXT)] if indent else []
    for place, n in enumerate(kept):
        text, tone = row[n]
        if place:
            spans.append((_GAP, Tone.TEXT))
        if width_of(text) > widths[n]:
            text = (cut_middle if n in ends else cut)(text, widths[n])
        blanks = " " * (widths[n] - width_of(text))
        if n in numbers:
            spans.append((blanks, Tone.TEXT))
        spans.append((text, tone))
        if n not in numbers and place < len(kept) - 1:
            spans.append((blanks, Tone.TEXT))
    return tuple(span for span in spans if span[0])


def fields(pairs: Sequence[tuple[str, str | Span | None]], *, indent: int = 2) -> list[Line]:
    """Names and values one below the other; those without a value are left out."""
    known = [(name, (value, Tone.TEXT) if isinstance(value, str) else value) for name, value in pairs if value]
    return table((), [((name, Tone.MUTED), value) for name, value in known], width=None, indent=indent)


def heading(text: str, remark: str = "") -> Line:
    """The name of a group of lines."""
    return ((one_line(text), Tone.STRONG), *(((_GAP + one_line(remark), Tone.MUTED),) if remark else ()))


def painted(line: Line, *, colours: bool) -> str:
    """A line as the terminal gets it."""
    if not colours:
        return "".join(text for text, _ in line).rstrip()
    return "".join(f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if tone in _CODES else text for text, tone in line).rstrip()
