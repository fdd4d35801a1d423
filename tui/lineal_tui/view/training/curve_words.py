"""What curves come to, in words: places on an axis, the legend, the values at the cursor, what cannot be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.curves import Axis
from lineal.training.dots import smoothed
from lineal_tui.view.drawing.braille import ACROSS
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, fit, left, width_of
from lineal_tui.view.drawing.words import counted, figure, local_time, metric, number

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.curves import Curve, Curves, Dot

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_TONES = (Tone.CURVE_1, Tone.CURVE_2, Tone.CURVE_3, Tone.CURVE_4, Tone.CURVE_5, Tone.CURVE_6)
_ODD = "NaN or infinite"
_MOST_ALARMS = 3
"""Times that alerts fired which are told in words."""
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def tone_of(n: int) -> Tone:
    """The tone of the curve at a place."""
    return _TONES[n % len(_TONES)]


def letter_of(n: int) -> str:
    """The letter of the curve at a place."""
    return LETTERS[n % len(LETTERS)]


def place(axis: Axis, at: float) -> str:
    """A place on an axis in words."""
    match axis:
        case Axis.TIME:
            return duration(at)
        case Axis.CLOCK:
            return local_time(micros(at))
        case Axis.VERSION:
            return f"#{number(round(at))}"
        case Axis.STEP:
            return number(round(at)) if abs(at) < 1e12 else figure(float(at))
        case Axis.EPOCH:
            return f"{at:,.2f}".rstrip("0").rstrip(".") if abs(at) < 1e9 else figure(at)


def micros(at: float) -> Micros:
    """A place on the clock as a time."""
    from lineal.records.base import Micros  # noqa: PLC0415  only clocks need it

    return Micros(round(at))


def duration(micros: float) -> str:
    """A length of time: `350 ms`, `12.5 s`, `4 min 10 s`, `3 h 05 min`, `12 d 4 h`."""
    mark, length = ("-", -micros) if micros < 0 else ("", micros)
    if length < _SECOND:
        return f"{mark}{length / 1000:.0f} ms" if length else "0 s"
    if length < 2 * _MINUTE:
        return f"{mark}{length / _SECOND:.1f}".removesuffix(".0") + " s"
    if length < _HOUR:
        return f"{mark}{length // _MINUTE:.0f} min {length % _MINUTE // _SECOND:.0f} s"
    if length < _DAY:
        return f"{mark}{length // _HOUR:.0f} h {length % _HOUR // _MINUTE:02.0f} min"
    return f"{mark}{length // _DAY:.0f} d {length % _DAY // _HOUR:.0f} h"


def at_cursor(curve: Curve, column: int) -> Dot | None:
    """The dot of a curve that is nearest to a column of dots; None for a curve without any."""
    return min(curve.dots, key=lambda dot: (abs(dot.column - column), dot.column), default=None)


def cursor_lines(curves: Curves, width: int, *, cursor: int | None, smoothing: float = 0.0) -> list[Line]:
    """Where the cursor is and the value of every curve there, in as many rows whether there is a cursor or not.

    Each value keeps its place, and all have one tone: a move of the cursor then sends little.

    Args:
        curves: what is drawn.
        width: cells there are.
        cursor: a column of dots; None for no cursor.
        smoothing: as in the plot: of one curve the smoothed value is told, too.
    """
    if cursor is None:
        where, values = "h l go along it", [""] * len(curves.curves)
    else:
        dots = [_dot_at(curve, cursor) for curve in curves.curves]
        near = min((dot for dot in dots if dot is not None), key=lambda dot: abs(dot.column - cursor), default=None)
        where = "no point there" if near is None else _where(curves.axis, near)
        values = [
            _value(curve, dot, smoothing, unit_of(curves), alone=len(dots) == 1)
            for curve, dot in zip(curves.curves, dots, strict=True)
        ]
    if len(values) == 1:
        return [_told(f"{where}  {values[0]}", width, cursor)]
    room = max(len(where), 2 * len(place(curves.axis, curves.last)) + 12)
    rows = [where.ljust(room)]
    for n, value in enumerate(values):
        item = f"  {letter_of(n) if cursor is not None else ' '} {value:<9}"
        if len(rows[-1]) + len(item) > width - 1:
            rows.append(" " * room)
        rows[-1] += item
    return [_told(row, width, cursor) for row in rows]


def _told(text: str, width: int, cursor: int | None) -> Line:
    return ((f" {text}"[:width].rstrip(), Tone.MUTED if cursor is None else Tone.TEXT),)


def _dot_at(curve: Curve, cursor: int) -> Dot | None:
    """The dot of a curve nearest to the cursor; None where the curve has not begun, or is over."""
    dot = at_cursor(curve, cursor)
    if dot is None or (dot in (curve.dots[0], curve.dots[-1]) and abs(dot.column - cursor) > ACROSS):
        return None
    return dot


def _value(curve: Curve, dot: Dot | None, smoothing: float, unit: str, *, alone: bool) -> str:
    if dot is None:
        return "-"
    if dot.mean is None:
        return _odd_of(dot)
    text = metric(dot.mean)
    if not alone:
        return text
    if dot.count > 1:
        text = f"mean {text} of {counted(dot.count, unit)}, {metric(dot.least)} to {metric(dot.most)}"
    if smoothing:
        text += f", smoothed {metric(smoothed(curve.dots, smoothing)[curve.dots.index(dot)])}"
    return text


def legend_lines(curves: Curves, width: int) -> list[Line]:
    """A line for each curve: its letter, its name, and what it comes to; then what is odd."""
    widest = max((width_of(cut(curve.name, 40)) for curve in curves.curves), default=0)
    name_width = max(4, min(widest, 40, width // 3))
    lines = []
    for n, curve in enumerate(curves.curves):
        words = curve.missing
        if words is None:
            words = _summary(curves, curve) if curve.dots else "has no point in this part"
        head: list[Span] = [
            (f" {letter_of(n)} ", tone_of(n)),
            (left(cut_middle(curve.name, name_width), name_width) + "  ", Tone.TEXT),
        ]
        tone = Tone.MUTED if curve.missing is not None else Tone.TEXT
        lines.append(fit((*head, (cut(words, max(1, width - name_width - 5)), tone)), width))
    for n, curve in enumerate(curves.curves):
        words = odd_words(curve, curves.axis)
        if words:
            lines.append(fit(((f" {letter_of(n)} ", tone_of(n)), (cut(words, max(1, width - 3)), Tone.FAILED)), width))
    return [*lines, *_alert_lines(curves, width)]


def _alert_lines(curves: Curves, width: int) -> list[Line]:
    """What must hold of what was observed, and when it did not, the latest first."""
    told: list[tuple[str, str, Tone]] = []
    for each in curves.thresholds:
        named = "" if each.alert == f"{curves.metric} {each.operator} {metric(each.value)}" else f": {each.alert}"
        told.append(("╌ ", f"must be {each.operator} {metric(each.value)}{named}", Tone.TEXT))
    latest = curves.alarms[::-1]
    for alarm in latest[:_MOST_ALARMS]:
        until = "fires" if alarm.ended is None else f"to {local_time(alarm.ended)}"
        words = f"ALERT {local_time(alarm.began)} {until}, {alarm.label}: {alarm.alert}; saw {alarm.saw}"
        told.append(("! ", words, Tone.FAILED if alarm.ended is None else Tone.TEXT))
    if len(latest) > _MOST_ALARMS:
        told.append(("! ", f"{counted(len(latest) - _MOST_ALARMS, 'alert')} before that", Tone.MUTED))
    return [
        fit(((f" {sign}", Tone.FAILED), (cut(words, max(1, width - 3)), tone)), width) for sign, words, tone in told
    ]


def unit_of(curves: Curves) -> str:
    """What the points of curves are."""
    if curves.observed:
        return "value"
    return "version" if curves.spans or curves.axis is Axis.VERSION else "point"


def nothing_lines(stage: str | None) -> tuple[Line, ...]:
    """What stands where there is nothing to draw; `stage`: the address of the one of which nothing was observed."""
    if stage is None:
        return ((("nothing was measured here", Tone.MUTED),),)
    return (
        ((f"nothing was observed of what is live at {one_line(stage)}", Tone.TEXT),),
        (),
        ((f"lineal observe {one_line(stage)} latency_p99=71", Tone.KEY),),
        (("records some; `m` draws what was observed of all versions that were live there", Tone.MUTED),),
    )


def _where(axis: Axis, dot: Dot) -> str:
    if dot.label is not None:
        return f"at {cut(dot.label, 30)}"
    first, last = place(axis, dot.first), place(axis, dot.last)
    if axis is Axis.CLOCK and first.partition(" ")[0] == last.partition(" ")[0]:
        last = last.rpartition(" ")[2] if first != last else last  # the day is said already
    return f"at {first}" if first == last else f"within {first} to {last}"


def _summary(curves: Curves, curve: Curve) -> str:
    least = [dot.least for dot in curve.dots if dot.least is not None]
    most = [dot.most for dot in curve.dots if dot.most is not None]
    count = counted(curve.count, unit_of(curves))
    if len(curve.dots) == 1 and curve.dots[0].count == curve.count == 1 and least:
        return f"{metric(least[0])} {_where(curves.axis, curve.dots[0])}"
    words = []
    if curve.last is not None:
        words.append(f"last {metric(curve.last)}")
    if least:
        words.append(f"from {metric(min(least))} to {metric(max(most))}")
    return ", ".join([*words, count, *(["runs"] if curve.running else [])])


def _odd_of(dot: Dot) -> str:
    words = [(dot.nans, "NaN"), (dot.odd, _ODD), (dot.above, "inf"), (dot.below, "-inf")]
    return ", ".join(f"{number(count)} {word}" if count > 1 else word for count, word in words if count)


def odd_words(curve: Curve, axis: Axis) -> str:
    """Where a curve has values that are no finite numbers; empty when it has none."""
    told = []
    for word, found in (
        ("NaN", [(dot, dot.nans) for dot in curve.dots if dot.nans]),
        (_ODD, [(dot, dot.odd) for dot in curve.dots if dot.odd]),
        ("inf", [(dot, dot.above) for dot in curve.dots if dot.above]),
        ("-inf", [(dot, dot.below) for dot in curve.dots if dot.below]),
    ):
        if not found:
            continue
        first, last = found[0][0], found[-1][0]
        where = _where(axis, first)
        if first is not last:
            where = f"between {place(axis, first.first)} and {place(axis, last.last)}"
        told.append(f"{number(sum(count for _, count in found))} {word} {where}")
    return ", ".join(told)
