"""Curves over each other as lines for a screen or a pipe: the plot, its axes, when versions were live, the legend."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING

from lineal.records.curves import Axis
from lineal.training.dots import smoothed
from lineal_tui.view.drawing.braille import ACROSS, DOWN, Heights, Reach, cells, dotted, sign
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, right, rule, width_of
from lineal_tui.view.drawing.words import local_times, metric
from lineal_tui.view.training import single_points
from lineal_tui.view.training.axis_labels import axis_labels
from lineal_tui.view.training.curve_words import letter_of, micros, place, tone_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.curves import Curve, Curves

SMOOTHINGS = (0.0, 0.3, 0.6, 0.9, 0.97)
"""The levels that a key goes through."""

_LABEL = 10
_SHADE = "░"
_LIMIT = "╌"
_ALARM = "━"
_FURTHER = 4
"""How many times as much as the values span may be drawn, so that the line of an alert is in the picture."""
_LETTER_EVERY = 24
"""Cells between two letters on one curve."""


@dataclass(frozen=True, slots=True)
class PlotLook:
    """How curves are drawn."""

    width: int
    height: int
    """Of the plot with its axes, in rows."""
    logarithmic: bool = False
    smoothing: float = 0.0


def plot_columns(width: int) -> int:
    """How many columns of dots a plot of this width has."""
    return max(1, width - _LABEL - 1) * ACROSS


# values of a curve as they are drawn


def _reaches(curve: Curve, look: PlotLook) -> list[Reach]:
    soft = smoothed(curve.dots, look.smoothing) if look.smoothing else None
    found: list[Reach] = []
    columns = plot_columns(look.width)
    for n, dot in enumerate(curve.dots):
        if dot.column >= columns:
            break  # they were read for a wider plot, and are read again for this one
        reach: Reach | None
        if soft is not None:
            value = soft[n]
            reach = (dot.column, value, value, value) if value is not None else None
        else:
            reach = None if dot.least is None or dot.most is None else (dot.column, dot.least, dot.most, dot.mean)
        if reach is None or (look.logarithmic and reach[2] <= 0):
            found.append((dot.column, 0.0, 0.0, None))
        elif look.logarithmic and reach[1] <= 0:
            middle = reach[3] if reach[3] is not None and reach[3] > 0 else reach[2]
            found.append((reach[0], middle, reach[2], middle))
        else:
            found.append(reach)
    return found


def _ends(reaches: Sequence[Sequence[Reach]]) -> tuple[float, float] | None:
    low = [least for each in reaches for _, least, _, middle in each if middle is not None]
    high = [most for each in reaches for _, _, most, middle in each if middle is not None]
    return (min(low), max(high)) if low else None


def plot_lines(curves: Curves, look: PlotLook) -> tuple[Line, ...]:
    """The plot: curves in braille, the axes, and below them when versions were live; exactly as high as the look says.

    Each curve has a tone and, where there are several, its letter here and there. `▲` is a value of plus infinity in a
    column, `▼` one of minus infinity, `✗` one that is no number.
    """
    band = _bands(curves, look.width)
    rows = max(1, look.height - 2 - len(band))
    across = max(1, look.width - _LABEL - 1)
    reaches = [_reaches(curve, look) for curve in curves.curves]
    ends = _ends(reaches)
    grid: list[list[Span]] = [[(" ", Tone.TEXT)] * across for _ in range(rows)]
    if curves.observed:
        _part_spells(grid, curves, across)
    elif curves.spans:
        _shade(grid, curves, across)
    labels = [""] * rows
    if ends is None:
        _write(grid, rows // 2, _nothing(curves, look))
    else:
        low, high = _padded(*with_thresholds(curves, *ends), logarithmic=look.logarithmic)
        heights = Heights(low, high, rows * DOWN, logarithmic=look.logarithmic)
        limits = {heights(each.value) // DOWN: each.value for each in curves.thresholds if low <= each.value <= high}
        for row in limits:
            grid[row] = [(_LIMIT, Tone.FAILED)] * across
        _draw(grid, [dotted(each, heights, across * ACROSS) for each in reaches], rows)
        single_points.mark(grid, curves, reaches, heights)
        labels = axis_labels(low, high, rows, heights, _label, logarithmic=look.logarithmic)
        for row, value in limits.items():
            labels[row] = _label(value, high - low)
    _mark_odd(grid, curves, across)
    lines: list[Line] = [
        ((right(labels[row], _LABEL), Tone.MUTED), ("┤" if labels[row] else "│", Tone.FAINT), *_merged(grid[row]))
        for row in range(rows)
    ]
    lines.append(((" " * _LABEL + "└" + "─" * across, Tone.MUTED),))
    lines.append(_figures(curves, across))
    return tuple(lines[: look.height - len(band)]) + band


def with_thresholds(curves: Curves, low: float, high: float) -> tuple[float, float]:
    """The least and the greatest value that are drawn: with the lines of alerts, as long as the curve is readable."""
    span = high - low
    for each in curves.thresholds:
        lower, upper = min(low, each.value), max(high, each.value)
        if isfinite(each.value) and (not span or upper - lower <= _FURTHER * span):
            low, high = lower, upper
    return low, high


def _nothing(curves: Curves, look: PlotLook) -> str:
    if look.logarithmic and any(dot.most is not None for curve in curves.curves for dot in curve.dots):
        return "nothing above zero: a logarithmic axis shows none of it"
    if any(curve.dots for curve in curves.curves):
        return "no finite value here"
    return "nothing to draw here"


def _write(grid: list[list[Span]], row: int, text: str) -> None:
    for n, letter in enumerate(text[: len(grid[row])]):
        grid[row][n] = (letter, Tone.MUTED)


def _padded(low: float, high: float, *, logarithmic: bool) -> tuple[float, float]:
    if low < high:
        return low, high
    if logarithmic:
        return low / 2 or low, high * 2 if high < 1e307 else high
    margin = abs(low) / 10 or 1.0
    return (low - margin, high + margin) if abs(low) < 1e307 else (low / 2, high)


def _label(value: float, span: float) -> str:
    # what is next to nothing beside the span is nothing: 1e-17 is what is left of 0.1 + 0.2 - 0.3
    text = metric(0.0 if abs(value) < span * 1e-12 else value)
    return text if len(text) < _LABEL else f"{value:.1e}"


def _draw(grid: list[list[Span]], drawn: list[list[int]], rows: int) -> None:
    several = len(drawn) > 1
    bits: dict[tuple[int, int], int] = {}
    owners: dict[tuple[int, int], int] = {}
    letters: dict[tuple[int, int], int] = {}
    for n in range(len(drawn) - 1, -1, -1):
        found = cells(drawn[n], rows)
        for at, cell in found.items():
            bits[at] = bits.get(at, 0) | cell
            owners[at] = n
        if several and found:
            letters.update(dict.fromkeys(_letters(found, n, len(drawn)), n))
    for (row, column), cell in bits.items():
        grid[row][column] = (sign(cell), tone_of(owners[row, column]))
    for (row, column), n in letters.items():
        grid[row][column] = (letter_of(n), tone_of(n))


def _letters(found: dict[tuple[int, int], int], n: int, count: int) -> list[tuple[int, int]]:
    """Where a curve bears its letter: at its end, and before that at places that no other curve's letters have."""
    by_column: dict[int, int] = {}
    for row, column in found:
        by_column[column] = max(by_column.get(column, -1), row)
    last = max(by_column)
    step = max(_LETTER_EVERY, 2 * count)
    wanted = [last - n % max(1, min(count, 8)) * 2, *range(n * step // count + 2, last - step // 2, step)]
    places = []
    for column in wanted:
        near = min(by_column, key=lambda known, column=column: abs(known - column))  # type: ignore[misc]
        places.append((by_column[near], near))
    return places


def _mark_odd(grid: list[list[Span]], curves: Curves, across: int) -> None:
    for n, curve in enumerate(curves.curves):
        for dot in curve.dots:
            column = min(across - 1, dot.column // ACROSS)
            if dot.above:
                grid[0][column] = ("▲", tone_of(n))
            if dot.below:
                grid[-1][column] = ("▼", tone_of(n))
            elif dot.nans or dot.odd:
                grid[-1][column] = ("✗", tone_of(n))


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for text, tone in spans:
        if merged and (merged[-1][1] is tone or text == " "):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        else:
            merged.append((text, tone))
    return merged


def _figures(curves: Curves, across: int) -> Line:
    first, middle, last = _named(curves)
    room = across + 1
    if curves.first == curves.last:
        return ((" " * _LABEL + first, Tone.MUTED),)
    if width_of(first) + width_of(last) + 2 > room:
        return ((" " * _LABEL + cut(first, room), Tone.MUTED),)
    text = list(first.ljust(room - width_of(last)) + last)
    at = (room - len(middle)) // 2
    if at > len(first) + 2 and at + len(middle) + 2 < room - len(last):
        text[at : at + len(middle)] = middle
    return ((" " * _LABEL + "".join(text), Tone.MUTED),)


def _named(curves: Curves) -> tuple[str, str, str]:
    """The first place of the axis, its middle and its last one in words."""
    ends = (curves.first, curves.first / 2 + curves.last / 2, curves.last)
    if curves.axis is Axis.CLOCK:
        first, middle, last = local_times([micros(at) for at in ends])
        return first, middle, last
    first, middle, last = (place(curves.axis, at) for at in ends)
    middle = "" if middle in (first, last) else middle
    if curves.axis is Axis.VERSION and curves.curves[0].dots:
        dots = curves.curves[0].dots
        labels = {dot.first: dot.label for dot in (dots[0], dots[-1])}
        first, last = (
            f"{name} {cut(labels[at] or '', 16)}".rstrip() if at in labels else name
            for name, at in ((first, curves.first), (last, curves.last))
        )
    return first, middle, last


# when versions were live


def _cell(curves: Curves, at: float, across: int) -> int:
    """The cell of the plot that a place on the axis is in, or the first or last where it is beyond."""
    span = curves.last - curves.first
    within = max(curves.first, min(curves.last, at)) - curves.first
    return min(across - 1, int(within / span * across)) if span else 0


def _columns_of(curves: Curves, across: int) -> list[tuple[int, int, str, bool]]:
    """(first cell, last cell, label, is live) of each spell within the plot."""
    found = []
    for each in curves.spans:
        if curves.axis is Axis.VERSION:
            begin = end = float(each.seq)
        else:
            begin, end = float(each.began), float(each.ended if each.ended is not None else curves.last)
        if end < curves.first or begin > curves.last:
            continue
        low, high = (_cell(curves, at, across) for at in (begin, end))
        found.append((low, high, each.label, each.ended is None))
    return found


def _shade(grid: list[list[Span]], curves: Curves, across: int) -> None:
    """Every second spell by the clock, so that one sees where each ends; by number, what was ever live."""
    by_number = curves.axis is Axis.VERSION
    for n, (low, high, _, live) in enumerate(_columns_of(curves, across)):
        if not by_number and n % 2 and not live:
            continue
        tone = Tone.LIVE if live else Tone.FAINT
        for row in grid:
            for column in range(low, high + (1 if by_number or live else 0)):
                row[column] = (_SHADE, tone if not live or by_number else Tone.FAINT)


def _part_spells(grid: list[list[Span]], curves: Curves, across: int) -> None:
    """A line where something else came to be live: what is observed is drawn through, and so is not shaded."""
    for low, _, _, _ in _columns_of(curves, across):
        if low:
            for row in grid:
                row[low] = ("┊", Tone.MUTED)


def _bands(curves: Curves, width: int) -> tuple[Line, ...]:
    """What stands below the figures of the axis: when versions were live, and when alerts fired."""
    return (*(_band(curves, width) if curves.spans else ()), *(_alarms(curves, width) if curves.alarms else ()))


def _alarms(curves: Curves, width: int) -> tuple[Line, ...]:
    across = max(1, width - _LABEL - 1)
    row: list[Span] = [(" ", Tone.TEXT)] * across
    for each in curves.alarms:
        end = float(each.ended if each.ended is not None else curves.last)
        low, high = (_cell(curves, at, across) for at in (float(each.began), end))
        row[low : high + 1] = [("!", Tone.FAILED), *[(_ALARM, Tone.FAILED)] * (high - low)]
    return (((right("ALERT", _LABEL), Tone.FAILED), (" ", Tone.TEXT), *_merged(row)),)


def _band(curves: Curves, width: int) -> tuple[Line, ...]:
    across = max(1, width - _LABEL - 1)
    row: list[Span] = [(" ", Tone.TEXT)] * across
    marks: list[tuple[int, str, Tone]] = []
    for low, high, label, live in _columns_of(curves, across):
        tone = Tone.LIVE if live else Tone.STAGED
        if curves.axis is Axis.VERSION:
            marks.append((low, label, tone))
            continue
        text = cut(label, high - low - 1) if high - low > 3 else ""
        for column in range(low, max(low, high - (0 if live else 1)) + 1):
            at = column - low - 1
            row[column] = ("▌" if column == low else text[at] if at < len(text) else "─", tone)
    for low, label, tone in sorted(marks, key=lambda mark: mark[2] is Tone.LIVE):
        row[low] = ("◆", tone)
        following = min((other for other, _, _ in marks if other > low), default=across)
        for n, letter in enumerate(cut(label, following - low - 2)):
            row[low + 1 + n] = (letter, tone)
    name = cut(curves.stage or "", _LABEL)
    return (((right(name, _LABEL), Tone.MUTED), (" ", Tone.TEXT), *_merged(row)),)


# words


def plot_title(
    curves: Curves, look: PlotLook, width: int, *, about: str = "", active: bool = False, part: bool = False
) -> Line:
    """The rule above a plot: the metric, what it goes by, and how it is drawn."""
    words = {Axis.TIME: "time since the start", Axis.CLOCK: "the clock", Axis.VERSION: "version"}
    how = [f"{'observed, ' if curves.observed else ''}by {words.get(curves.axis, str(curves.axis))}"]
    if look.logarithmic:
        how.append("logarithmic")
    if look.smoothing:
        how.append(f"smoothed {look.smoothing:g}")
    if part:
        how.append("a part (w for all)" if active else "a part")
    end: Line = ((", ".join(how), Tone.MUTED),)
    room = max(6, width - sum(width_of(text) for text, _ in end) - 8)
    name = cut_middle(curves.metric, room)
    about = cut_middle(about, room - width_of(name) - 2) if about and room - width_of(name) > 6 else ""
    start: Line = ((name, Tone.TITLE if active else Tone.STRONG), *([(f"  {about}", Tone.MUTED)] if about else []))
    return rule(start, end, width)


def with_cursor(lines: Sequence[Line], curves: Curves, cursor: int | None) -> list[Line]:
    """The lines of a plot with its cursor, a mark below the axis among its figures.

    What stands left of a change is sent again: there it is blanks, and not the axis with three bytes for each cell.
    """
    if cursor is None:
        return list(lines)
    found = list(lines)
    at = len(found) - 1 - bool(curves.spans) - bool(curves.alarms)
    figures = "".join(text for text, _ in found[at])
    cell = _LABEL + 1 + cursor // ACROSS
    found[at] = ((f"{figures[:cell].ljust(cell)}▲{figures[cell + 1 :]}", Tone.MUTED),)
    return found


# moving about


def zoomed(curves: Curves, factor: float, cursor: int | None, whole: tuple[float, float]) -> tuple[float, float] | None:
    """The part of the axis after zooming by a factor around the cursor; None for all of it."""
    span = curves.last - curves.first
    if not span:
        return None
    share = 0.5 if cursor is None else (cursor + 0.5) / curves.columns
    centre = curves.first + span * share
    low, high = centre - span * share / factor, centre + span * (1 - share) / factor
    if low <= whole[0] and high >= whole[1]:
        return None
    low, high = max(low, whole[0]), min(high, whole[1])
    if curves.axis is not Axis.EPOCH:
        low, high = floor(low), ceil(high)
        if high - low < ACROSS:
            return curves.first, curves.last
    return low, high
