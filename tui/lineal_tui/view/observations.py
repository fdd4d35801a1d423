"""What was observed of live versions, and how the alerts over it are, as lists for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.observations import Phase
from lineal_tui.view.lines import Line, Span, Tone, cut_middle, left, right
from lineal_tui.view.run import sparkline
from lineal_tui.view.text import table
from lineal_tui.view.words import age, ago, lasted, local_time, metric, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.observations import AlertState, Episode, ObservedHour, ObservedSeries, ObservedValue

_SPARK = 24
"""Cells of a metric's latest values."""
_TONES = {Phase.OK: Tone.BETTER, Phase.PENDING: Tone.CHANGED, Phase.FIRING: Tone.FAILED, Phase.UNKNOWN: Tone.MUTED}
_WORDS = {Phase.OK: "ok", Phase.PENDING: "pending", Phase.FIRING: "ALERT", Phase.UNKNOWN: "not known yet"}


def summary(
    found: Sequence[ObservedSeries], latest: Mapping[int, Sequence[float]], now: Micros, width: int | None
) -> list[Line]:
    """Each metric's last value, and what all came to; `latest` are its newest values by the series' row number."""
    if not found:
        return []
    has_versions = len({each.label for each in found}) > 1
    rows: list[tuple[Span, ...]] = [
        (
            *(((each.label, Tone.MUTED),) if has_versions else ()),
            (each.name, Tone.STRONG),
            (metric(each.last), Tone.LIVE),
            (age(each.last_at, now), Tone.MUTED),
            (sparkline(latest.get(each.id, ()), _SPARK), Tone.CHANGED),
            (metric(None if each.count == each.odd else each.mean), Tone.TEXT),
            (metric(each.least), Tone.TEXT),
            (metric(each.most), Tone.TEXT),
            (number(each.count), Tone.MUTED),
            (local_time(each.first_at), Tone.MUTED),
        )
        for each in found
    ]
    titles = ("METRIC", "LAST", "AGE", "LATEST", "MEAN", "LEAST", "MOST", "VALUES", "SINCE")
    shift = int(has_versions)
    numbers = [column + shift for column in (1, 2, 4, 5, 6, 7)]
    return table(("VERSION", *titles) if has_versions else titles, rows, width=width, numbers=numbers)


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


def alerts(found: Sequence[AlertState], now: Micros, width: int | None) -> list[Line]:
    """How alerts are."""
    rows: list[tuple[Span, ...]] = [
        (
            (f"{each.rule.model}@{each.rule.stage}", Tone.STRONG),
            (_WORDS[each.phase], _TONES[each.phase]),
            (age(each.since, now) if each.since is not None else "", Tone.MUTED),
            (each.rule.text, Tone.TEXT),
            (each.saw, Tone.MUTED),
            (_consequences(each), Tone.MUTED),
        )
        for each in found
    ]
    titles = ("STAGE", "STATE", "SINCE", "MUST HOLD", "SAW", "THEN")
    return table(titles, rows, width=width, numbers=(2,)) if rows else []


def _consequences(found: AlertState) -> str:
    rule = found.rule
    told = [] if rule.command is None else ["run " + " ".join(rule.command)]
    if rule.rolls_back:
        told.append("roll back")
    going = found.episode
    if going is not None and going.rollback not in {None, "begun"}:
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
        for name, text in (
            ("saw", each.saw),
            ("cleared", each.cleared_why),
            ("rollback", each.rollback),
            *(("output", line) for line in (each.output or "").splitlines()),
        ):
            if text:
                lines += table((), [((name, Tone.MUTED), (text, Tone.MUTED))], width=width, indent=2)
    return lines


def observed_rows(
    found: Sequence[ObservedSeries], latest: Mapping[int, Sequence[float]], now: Micros, width: int
) -> tuple[Line, ...]:
    """Each metric of what is live in one row: name, latest values, the last one, since when, least to most."""
    lines = []
    for each in found:
        end = f"  {right(metric(each.last), 8)} {left(age(each.last_at, now) + ' ago', 8)}"
        rest = f" since {local_time(each.first_at)}  {metric(each.least)} to {metric(each.most)}"
        room = max(0, width - 11 - len(end))
        spark = sparkline(latest.get(each.id, ()), max(0, min(48, room - (len(rest) if room > 60 else 0))))
        tail = (end + (rest if room > 60 else "")).ljust(0)
        lines.append(
            (
                (left(cut_middle(each.name, 10), 10) + " ", Tone.MUTED),
                (spark, Tone.CHANGED),
                (tail, Tone.TEXT),
            )
        )
    return tuple(lines)
