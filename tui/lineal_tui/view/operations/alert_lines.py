"""Alerts as rows and a page of the application."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.alerts import Phase
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Tone, broken, cut_middle, rule, width_of
from lineal_tui.view.drawing.text import fields
from lineal_tui.view.drawing.words import age, counted, lasted, number, when
from lineal_tui.view.staging.observations import (
    PHASE_TONES,
    PHASE_WORDS,
    Watched,
    consequences,
    told_of,
    watched_lines,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from lineal.records.alerts import AlertState, Episode
    from lineal.records.base import Micros
    from lineal.records.observations import ObservedSeries
    from lineal_tui.view.drawing.matching import Matcher

HOW_TO_ADD: tuple[Line, ...] = (
    (("no alerts are set yet", Tone.TEXT),),
    (),
    (("lineal stage set MODEL@STAGE --alert 'latency_p99 < 80 for 10m'", Tone.KEY),),
    (("or here after `:`, without `lineal`; `:guide release` tells more", Tone.MUTED),),
)
"""What stands where there are no alerts."""

_PHASES = (Phase.FIRING, Phase.PENDING, Phase.UNKNOWN, Phase.OK)


@dataclass(frozen=True, slots=True)
class AlertsLook:
    """What all rows of the list of alerts have in common."""

    state_width: int
    place_width: int
    saw_width: int
    text_width: int
    now: Micros


def place_of(found: AlertState) -> str:
    """The address of an alert's stage."""
    return f"{found.rule.model}@{found.rule.stage}"


def key_of(found: AlertState) -> Hashable:
    """What tells an alert from the others; one that is set again is another."""
    return (place_of(found), found.rule.text)


def alerts_look(found: Sequence[AlertState], now: Micros) -> AlertsLook:
    """Measure alerts."""
    states = max([5, *(width_of(PHASE_WORDS[each.phase]) for each in found)])
    places = max([5, *(width_of(place_of(each)) for each in found)])
    saw = max([3, *(width_of(each.saw) for each in found)])
    text = max([9, *(width_of(one_line(each.rule.text)) for each in found)])
    return AlertsLook(states, min(28, places), min(32, saw), text, now)


def sorted_alerts(found: Sequence[AlertState], order: str) -> list[AlertState]:
    """Alerts, which come by model and stage, in an order: by state, the worst first, or by stage."""
    return sorted(found, key=lambda each: _PHASES.index(each.phase)) if order == "state" else list(found)


def in_alert(match: Matcher, found: AlertState) -> bool:
    """Whether a filter lets an alert through."""
    return match(place_of(found), found.rule.text, PHASE_WORDS[found.phase], found.saw, consequences(found))


@lru_cache(maxsize=8)
def alerts_columns(look: AlertsLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    fitting = arrange(
        [
            Column("state", "STATE", look.state_width),
            Column("since", "FOR", 4, right=True, rank=2),
            Column("place", "STAGE", look.place_width, rank=1),
            Column("text", "MUST HOLD", 16, grows=True),
            Column("saw", "SAW", look.saw_width, rank=3),
            Column("then", "THEN", 20, rank=4),
        ],
        width,
    )
    if fitting[-1].id != "then":
        return fitting
    # what no alert needs to be read in full, what happens then can use
    spare = sum(max(0, each.width - look.text_width) for each in fitting if each.id == "text")
    wider = {"text": -spare, "then": spare}
    return tuple(replace(each, width=each.width + wider.get(each.id, 0)) for each in fitting)


def alerts_head(look: AlertsLook, width: int) -> Line:
    """The titles of the columns."""
    return head(alerts_columns(look, width))


def alerts_title(found: Sequence[AlertState], total: int, width: int, *, active: bool) -> Line:
    """The rule above the alerts."""
    firing = sum(each.phase is Phase.FIRING for each in found)
    count = counted(total, "alert") if len(found) == total else f"{number(len(found))} of {counted(total, 'alert')}"
    fires = f", {number(firing)} {'fires' if firing == 1 else 'fire'}" if firing else ""
    return rule(
        (("alerts", Tone.TITLE if active else Tone.STRONG),),
        ((count, Tone.MUTED), (fires, Tone.FAILED)),
        width,
    )


def alert_line(found: AlertState, look: AlertsLook, width: int) -> Line:
    """One alert."""
    return row(
        alerts_columns(look, width),
        {
            "state": ((PHASE_WORDS[found.phase], PHASE_TONES[found.phase]),),
            "since": ((age(found.since, look.now) if found.since is not None else "", Tone.MUTED),),
            "place": ((cut_middle(place_of(found), look.place_width), Tone.STRONG),),
            "text": ((found.rule.text, Tone.TEXT),),
            "saw": ((found.saw, Tone.MUTED),),
            "then": ((consequences(found), Tone.MUTED),),
        },
    )


def alert_title(found: AlertState, width: int, *, active: bool) -> Line:
    """The rule above an alert's page."""
    name = cut_middle(f"{found.rule.text}  {place_of(found)}", max(8, width - 20))
    state = ((PHASE_WORDS[found.phase], PHASE_TONES[found.phase]),)
    return rule(((name, Tone.TITLE if active else Tone.STRONG),), state, width)


def alert_lines(
    found: AlertState,
    fired: Sequence[Episode],
    observed: tuple[Sequence[ObservedSeries], Mapping[int, Sequence[float]]],
    now: Micros,
    width: int,
) -> list[Line]:
    """Everything about an alert: what it is judged by, what it does, what is observed, and when it fired."""
    rule_ = found.rule
    lines = _broken(
        fields(
            [
                ("stage", place_of(found)),
                ("must hold", rule_.text),
                ("is", (_state(found, now), PHASE_TONES[found.phase])),
                ("saw", found.saw),
                ("judged by", None if found.judged_at is None else f"what was observed {when(found.judged_at, now)}"),
                ("then runs", None if rule_.command is None else shlex.join(rule_.command)),
                ("rolls back", "once for each promotion" if rule_.rolls_back else None),
            ]
        ),
        width,
    )
    series, latest = observed
    if series:
        watched = Watched(tuple(series), latest, ())
        lines += [(), (("observed of what is live", Tone.HEAD), ("  C draws it", Tone.MUTED))]
        lines += [((" ", Tone.TEXT), *line) for line in watched_lines(watched, now, max(20, width - 2), 8)]
    lines += [(), (("fired", Tone.HEAD), (f"  {counted(len(fired), 'time')}" if fired else "  never", Tone.MUTED))]
    for each in fired:
        until = "it fires" if each.cleared_at is None else f"for {lasted(each.fired_at, each.cleared_at)}"
        tone = Tone.FAILED if each.cleared_at is None else Tone.TEXT
        lines.append(
            ((f"  {when(each.fired_at, now)}", tone), (f"  {one_line(each.label)}  ", Tone.TEXT), (until, tone))
        )
        details = [((f"    {name.ljust(9)}", Tone.MUTED), (one_line(text), Tone.MUTED)) for name, text in told_of(each)]
        lines += _broken(details, width)
    return lines


def _state(found: AlertState, now: Micros) -> str:
    since = f", since {when(found.since, now)}" if found.since is not None else ""
    return f"{PHASE_WORDS[found.phase]}{since}"


def _broken(lines: Sequence[Line], width: int) -> list[Line]:
    """Names and values, the long values in more than one row."""
    found: list[Line] = []
    for line in lines:
        *before, (text, tone) = line
        start = sum(width_of(each) for each, _ in before)
        first, *rest = broken(text, max(8, width - start))
        found.append((*before, (first, tone)))
        found += [((" " * start, Tone.TEXT), (each, tone)) for each in rest]
    return found
