"""Lists and pages as lines for a terminal or a pipe: columns as wide as they need, cut only where a person looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.clean import one_line
from lineal_tui.view.lines import Line, Span, Tone, cut, width_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_GAP = "  "
_LEAST = 8
"""Cells below which no column is cut."""

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
    titles: Sequence[str], rows: Sequence[Row], *, width: int | None, numbers: Collection[int] = (), indent: int = 0
) -> list[Line]:
    """Rows under their titles.

    Args:
        titles: of the columns; none at all for rows without a head.
        rows: one span for each column.
        width: cells there are; the widest columns are cut to fit. None to cut nothing.
        numbers: the columns that stand at the right.
        indent: cells to leave free at the left.
    """
    head: list[Row] = [tuple((title, Tone.HEAD) for title in titles)] if titles else []
    cleaned = [tuple((one_line(text), tone) for text, tone in row) for row in [*head, *rows]]
    if not cleaned:
        return []
    widths = [max(width_of(row[n][0]) for row in cleaned) for n in range(len(cleaned[0]))]
    if width is not None:
        _narrow(widths, width - indent - len(_GAP) * (len(widths) - 1))
    return [_set(row, widths, numbers, indent) for row in cleaned]


def _narrow(widths: list[int], room: int) -> None:
    while sum(widths) > room:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _LEAST:
            return
        second = max((each for n, each in enumerate(widths) if n != widest), default=0)
        widths[widest] -= max(1, min(sum(widths) - room, widths[widest] - max(second, _LEAST)))


def _set(row: Row, widths: list[int], numbers: Collection[int], indent: int) -> Line:
    spans: list[Span] = [(" " * indent, Tone.TEXT)] if indent else []
    for n, (text, tone) in enumerate(row):
        if n:
            spans.append((_GAP, Tone.TEXT))
        if width_of(text) > widths[n]:
            text = cut(text, widths[n])  # noqa: PLW2901  the same text, made to fit
        blanks = " " * (widths[n] - width_of(text))
        if n in numbers:
            spans.append((blanks, Tone.TEXT))
        spans.append((text, tone))
        if n not in numbers and n < len(row) - 1:
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
