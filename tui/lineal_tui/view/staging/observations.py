"""What was observed of live versions, and how the alerts over it are, as lists for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.records.alerts import Phase
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, cut_middle, left, right, width_of
from lineal_tui.view.drawing.sparks import sparkline
from lineal_tui.view.drawing.text import table
from lineal_tui.view.drawing.words import age, ago, lasted, local_time, metric, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.alerts import AlertState, Episode
    from lineal.records.base import Micros
    from lineal.records.observations import ObservedHour, ObservedSeries, ObservedValue

_SPARK = 24
"""Cells of a metric's latest values."""
PHASE_TONES = {Phase.OK: Tone.BETTER, Phase.PENDING: Tone.CHANGED, Phase.FIRING: Tone.FAILED, Phase.UNKNOWN: Tone.MUTED}
PHASE_WORDS = {Phase.OK: "ok", Phase.PENDING: "pending", Phase.FIRING: "ALERT", Phase.UNKNOWN: "not known yet"}


def summary(
    found: Sequence[ObservedSeries], latest: Mapping[int, Sequence[float]], now: Micros, width: int | None
) -> list[Line]:
    """Each metric's last value, and what all came to; `latest` are its newest values by the series' row number."""
    if not found:
        return []
    has_versions = len({each.label for each in found}) > 1
    has_stages = len({(each.stage, each.transition) for each in found}) > 1
    has_latest = any(latest.values())
    columns: list[tuple[str, bool, list[Span]]] = [
        ("METRIC", False, [(each.name, Tone.STRONG) for each in found]),
        ("LAST", True, [(metric(each.last), Tone.LIVE) for each in found]),
        ("AGE", True, [(age(each.last_at, now), Tone.MUTED) for each in found]),
        ("MEAN", True, [(metric(None if each.count == each.odd else each.mean), Tone.TEXT) for each in found]),
        ("LEAST", True, [(metric(each.least), Tone.TEXT) for each in found]),
        ("MOST", True, [(metric(each.most), Tone.TEXT) for each in found]),
        ("VALUES", True, [(number(each.count), Tone.MUTED) for each in found]),
        ("SINCE", False, [(local_time(each.first_at), Tone.MUTED) for each in found]),
    ]
    if has_latest:
        drawn = [(sparkline(latest.get(each.id, ()), _SPARK), Tone.CHANGED) for each in found]
        columns.insert(3, ("LATEST", False, drawn))
    if has_versions:
        columns.insert(0, ("VERSION", False, [(each.label, Tone.MUTED) for each in found]))
    if has_stages:
        columns.insert(0, ("STAGE", False, [(each.stage, Tone.MUTED) for each in found]))
    titles = [title for title, _, _ in columns]
    numbers = [place for place, (_, is_number, _) in enumerate(columns) if is_number]
    rows = list(zip(*(spans for _, _, spans in columns), strict=True))
    words = [titles.index(each) for each in ("LATEST", "SINCE") if each in titles]
    return table(titles, rows, width=width, numbers=numbers, words=words)


def hours(found: Sequence[ObservedHour], width: int | None) -> list[Line]:
    """What the values of each hour came to."""
    rows: list[tuple[Span, ...]] = [
        (
            (local_time(each.at), Tone.MUTED),
            (each.label, Tone.MUTED),
            (each.name, Tone.STRONG),
            (metric(None if each.count == each.odd else each.mean), Tone.TEXT),
            (metric(each.least), Tone.TEXT),
            (metric(each.most), Tone.TEXT),
            (metric(each.last), Tone.TEXT),
            (number(each.count), Tone.MUTED),
        )
        for each in found
    ]
    titles = ("HOUR", "VERSION", "METRIC", "MEAN", "LEAST", "MOST", "LAST", "VALUES")
    return table(titles, rows, width=width, numbers=(3, 4, 5, 6, 7)) if rows else []


def values(found: Sequence[ObservedValue], width: int | None) -> list[Line]:
    """Single values."""
    rows: list[tuple[Span, ...]] = [
        (
            (local_time(each.at), Tone.MUTED),
            (each.label, Tone.MUTED),
            (each.name, Tone.STRONG),
            (metric(each.value), Tone.TEXT),
        )
        for each in found
    ]
    return table(("TIME", "VERSION", "METRIC", "VALUE"), rows, width=width, numbers=(3,)) if rows else []


def alerts(found: Sequence[AlertState], now: Micros, width: int | None, *, has_stages: bool = True) -> list[Line]:
    """How alerts are; `has_stages`: of which stage each is told, as they may be of several."""
    first = 0 if has_stages else 1
    rows: list[tuple[Span, ...]] = [
        (
            (f"{each.rule.model}@{each.rule.stage}", Tone.STRONG),
            (PHASE_WORDS[each.phase], PHASE_TONES[each.phase]),
            (age(each.since, now) if each.since is not None else "", Tone.MUTED),
            (each.rule.text, Tone.TEXT),
            (each.saw, Tone.MUTED),
            (consequences(each), Tone.MUTED),
        )[first:]
        for each in found
    ]
    titles = ("STAGE", "STATE", "SINCE", "MUST HOLD", "SAW", "THEN")[first:]
    below = [titles.index(each) for each in ("MUST HOLD", "SAW", "THEN")]
    return table(titles, rows, width=width, numbers=(titles.index("SINCE"),), below=below) if rows else []


def consequences(found: AlertState) -> str:
    """What an alert does when it fires, and why it did not roll back."""
    rule = found.rule
    told = [] if rule.command is None else ["run " + " ".join(rule.command)]
    if rule.rolls_back:
        told.append("roll back")
    going = found.episode
    if going is not None and going.rollback not in {None, "begins", "begun"}:
        told.append(f"not rolled back: {going.rollback}")
    return ", ".join(told)


def episodes(found: Sequence[Episode], now: Micros, width: int | None) -> list[Line]:
    """When alerts fired, with what their commands printed."""
    lines: list[Line] = []
    for each in found:
        until = "fires" if each.cleared_at is None else f"for {lasted(each.fired_at, each.cleared_at)}"
        lines += table(
            (),
            [
                (
                    (each.ref, Tone.STRONG),
                    (each.label, Tone.MUTED),
                    (f"{local_time(each.fired_at)}, {ago(each.fired_at, now)}, {until}", Tone.MUTED),
                    (each.alert, Tone.FAILED if each.cleared_at is None else Tone.TEXT),
                )
            ],
            width=width,
        )
        for name, text in told_of(each):
            lines += table((), [((name, Tone.MUTED), (text, Tone.MUTED))], width=width, indent=2)
    return lines


def told_of(found: Episode) -> list[tuple[str, str]]:
    """What is known of one time that an alert fired, by name."""
    told = [("saw", found.saw), ("cleared", found.cleared_why), ("rollback", found.rollback)]
    printed = [("output", line) for line in (found.output or "").splitlines()]
    return [(name, text) for name, text in (*told, *printed) if text]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was observed of what is live at a stage, and the alerts over it."""

    series: tuple[ObservedSeries, ...]
    latest: Mapping[int, Sequence[float]]
    """The newest values of each, by its row number."""
    alerts: tuple[AlertState, ...]


def watched_lines(found: Watched, now: Micros, width: int, most: int) -> tuple[Line, ...]:
    """Alerts that fire, and each metric in one row: its latest values, the last, when, and what all came to.

    Args:
        found: what was read.
        now: to count ages from.
        width: cells there are.
        most: rows there are.
    """
    lines: list[Line] = []
    for each in found.alerts:
        if each.phase is Phase.FIRING and each.since is not None:
            told = f"{each.rule.text}; saw {each.saw}, since {local_time(each.since)}"
            lines.append((("ALERT      ", Tone.FAILED), (cut(told, max(0, width - 11)), Tone.FAILED)))
    lines = lines[: max(1, most - 1)] if found.series else lines[:most]
    room = most - len(lines)
    shown = found.series if len(found.series) <= room else found.series[: max(0, room - 1)]
    names = max([10, *(min(24, width // 4, width_of(each.name)) for each in shown)])
    longest = max((len(found.latest.get(each.id, ())) for each in shown), default=0)
    lines += [_watched(each, found.latest.get(each.id, ()), now, width, names, longest) for each in shown]
    if len(shown) < len(found.series) and room > 0:
        more = len(found.series) - len(shown)
        lines.append(((" " * 11 + f"{more} more: `lineal observations`", Tone.MUTED),))
    return tuple(lines)


def _watched(found: ObservedSeries, latest: Sequence[float], now: Micros, width: int, names: int, longest: int) -> Line:
    last = f"  {right(metric(found.last), 8)}  {left(age(found.last_at, now), 4)}"
    mean = metric(None if found.count == found.odd else found.mean)
    rest = f"  mean {mean}, {metric(found.least)} to {metric(found.most)}, since {local_time(found.first_at)}"
    room = width - names - 1 - len(last)
    rest = rest if room - len(rest) >= min(12, longest) else ""
    cells = max(0, min(48, longest, room - len(rest)))
    return (
        (left(cut_middle(found.name, names), names) + " ", Tone.MUTED),
        (sparkline(latest, cells).rjust(cells), Tone.CHANGED),
        (last, Tone.TEXT),
        (rest, Tone.MUTED),
    )
