"""Automations and what they ran as rows and a page of the application."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.automation import DeliveryState
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Span, Tone, broken, cut, cut_middle, rule, width_of
from lineal_tui.view.drawing.words import age, counted, number
from lineal_tui.view.operations.automation import TONES, delivery, said_last, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.automation import Automation, AutomationState, Delivery
    from lineal.records.base import Micros
    from lineal_tui.view.drawing.matching import Matcher

_LEAST_COMMAND = 16
"""Cells in which it makes sense to show the beginning of a command."""

HOW_TO_ADD: tuple[Line, ...] = (
    (("nothing runs by itself yet", Tone.TEXT),),
    (),
    (("lineal on add promoted MODEL@STAGE --run 'COMMAND'", Tone.KEY),),
    (("or here after `:`, without `lineal`; `:guide automate` tells the events", Tone.MUTED),),
)
"""What stands where there are no automations."""


# automations


@dataclass(frozen=True, slots=True)
class AutomationsLook:
    """What all rows of the list of automations have in common."""

    name_width: int
    event_width: int
    place_width: int
    last_width: int
    now: Micros


def automations_look(found: Sequence[AutomationState], now: Micros) -> AutomationsLook:
    """Measure automations."""
    names = max([4, *(width_of(one_line(each.automation.name)) for each in found)])
    events = max([5, *(len(word(each.automation.event)) for each in found)])
    places = max([2, *(width_of(one_line(_place(each.automation))) for each in found)])
    last = max([8, *(width_of(_last(each)[0]) for each in found)])
    return AutomationsLook(min(20, names), events, min(28, places), last, now)


def _place(found: Automation) -> str:
    return found.place or "all models"


def _last(found: AutomationState) -> Span:
    return ("never ran", Tone.MUTED) if found.last is None else outcome(found.last)


def outcome(found: Delivery) -> Span:
    """How a delivery ended, in words that are not told by their colour alone."""
    if not found.is_bad:
        return word(found.state), TONES[found.state]
    code = "" if found.exit_code is None else f" exit {found.exit_code}"
    return f"{word(found.state).upper()}{code}", TONES[found.state]


def sorted_automations(found: Sequence[AutomationState], order: str) -> list[AutomationState]:
    """Automations as they were added, by name, by their last run, or by trouble: whose last run went wrong first."""
    match order:
        case "name":
            return sorted(found, key=lambda each: each.automation.name)
        case "trouble":
            return sorted(
                found, key=lambda each: (each.last is None or not each.last.is_bad, -each.failed, -each.waiting)
            )
        case "last run":
            return sorted(found, key=lambda each: -(each.last.started_at or 0) if each.last is not None else 0)
        case _:
            return list(found)


def in_automation(match: Matcher, found: AutomationState) -> bool:
    """Whether a filter lets an automation through."""
    each = found.automation
    is_on = "on" if each.enabled else "off"
    return match(
        each.name, word(each.event), _place(each), shlex.join(each.command), is_on, _last(found)[0], each.actor
    )


@lru_cache(maxsize=8)
def automations_columns(look: AutomationsLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    return arrange(
        [
            Column("name", "NAME", look.name_width),
            Column("is", "IS", 3, rank=1),
            Column("last", "LAST RUN", look.last_width, rank=1),
            Column("age", "AGE", 4, right=True, rank=2),
            Column("waiting", "WAITING", 7, right=True, rank=4),
            Column("failed", "FAILED", 8, right=True, rank=5),
            Column("event", "EVENT", look.event_width, rank=3),
            Column("place", "OF", look.place_width, rank=6),
            Column("command", "COMMAND", 12, grows=True, rank=7),
        ],
        width,
    )


def automations_head(look: AutomationsLook, width: int) -> Line:
    """The titles of the columns."""
    return head(automations_columns(look, width))


def automations_title(shown: int, total: int, order: str, width: int, *, active: bool) -> Line:
    """The rule above the automations."""
    count = counted(total, "automation") if shown == total else f"{number(shown)} of {counted(total, 'automation')}"
    by = f", by {order}" if total > 1 else ""
    return rule((("automations", Tone.TITLE if active else Tone.STRONG),), ((f"{count}{by}", Tone.MUTED),), width)


def automation_line(found: AutomationState, look: AutomationsLook, width: int) -> Line:
    """One automation."""
    each, last = found.automation, found.last
    failed = f"{number(found.failed)} of {number(found.total)}" if found.failed else "-"
    return row(
        automations_columns(look, width),
        {
            "name": ((cut_middle(each.name, look.name_width), Tone.STRONG if each.enabled else Tone.MUTED),),
            "is": (("on", Tone.BETTER) if each.enabled else ("off", Tone.WORSE),),
            "last": (_last(found),),
            "age": ((age(last.started_at or last.at, look.now) if last is not None else "", Tone.MUTED),),
            "waiting": (
                (number(found.waiting) if found.waiting else "-", Tone.CHANGED if found.waiting else Tone.MUTED),
            ),
            "failed": ((failed, Tone.FAILED if found.failed else Tone.MUTED),),
            "event": ((word(each.event), Tone.TEXT),),
            "place": ((cut_middle(_place(each), look.place_width), Tone.TEXT),),
            "command": ((shlex.join(each.command), Tone.MUTED),),
        },
    )


# what was run


@dataclass(frozen=True, slots=True)
class DeliveriesLook:
    """What all rows of one log have in common."""

    number_width: int
    name_width: int
    """0: all are of the same automation."""
    ref_width: int
    state_width: int
    now: Micros


def deliveries_look(found: Sequence[Delivery], now: Micros, *, named: bool) -> DeliveriesLook:
    """Measure deliveries; `named`: they are of several automations."""
    names = max([4, *(width_of(one_line(each.automation)) for each in found)])
    refs = max([3, *(width_of(one_line(each.ref)) for each in found)])
    states = max([7, *(width_of(_state(each)[0]) for each in found)])
    numbers = max([1, *(len(str(each.id)) for each in found)])
    return DeliveriesLook(numbers, min(20, names) if named else 0, min(28, refs), states, now)


def _state(found: Delivery) -> Span:
    text, tone = outcome(found)
    return (f"{text}, again" if found.attempt > 1 else text, tone)


def sorted_deliveries(found: Sequence[Delivery], order: str) -> list[Delivery]:
    """Deliveries, which come newest first, as they come, by how long they took, or by trouble: what failed first."""
    match order:
        case "trouble":
            return sorted(found, key=lambda each: not each.is_bad)
        case "longest":
            return sorted(found, key=lambda each: -(each.seconds or 0.0))
        case _:
            return list(found)


def in_delivery(match: Matcher, found: Delivery) -> bool:
    """Whether a filter lets a delivery through."""
    return match(str(found.id), found.automation, found.ref, found.action, _state(found)[0], found.output)


@lru_cache(maxsize=8)
def deliveries_columns(look: DeliveriesLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    return arrange(
        [
            Column("n", "N", look.number_width, right=True, rank=4),
            Column("age", "AGE", 4, right=True, rank=2),
            *([Column("name", "NAME", look.name_width, rank=1)] if look.name_width else []),
            Column("ref", "OF", look.ref_width, rank=3),
            Column("state", "STATE", look.state_width),
            Column("took", "TOOK", 8, right=True, rank=5),
            Column("said", "SAID LAST", 12, grows=True, rank=6),
        ],
        width,
    )


def deliveries_head(look: DeliveriesLook, width: int) -> Line:
    """The titles of the columns."""
    return head(deliveries_columns(look, width))


def deliveries_title(
    about: AutomationState | str | None, shown: int, total: int, order: str, width: int, *, active: bool
) -> Line:
    """The rule above a log; `about` is the automation that it is of, or its name; None: all of them."""
    count = counted(total, "event") if shown == total else f"{number(shown)} of {counted(total, 'event')}"
    by = f", {order} first" if total > 1 else ""
    name = "all automations" if about is None else about if isinstance(about, str) else about.automation.name
    name, tone = cut_middle(name, max(8, width // 2)), Tone.TITLE if active else Tone.STRONG
    end: Line = ((f"{count}{by}", Tone.MUTED),)
    start: Line = (("log of ", Tone.MUTED), (name, tone))
    room = width - width_of(name) - width_of(end[0][0]) - 20
    if about is not None and not isinstance(about, str) and room > _LEAST_COMMAND:
        start = (*start, (f"  {cut(shlex.join(about.automation.command), room)}", Tone.MUTED))
    return rule(start, end, width)


def delivery_row(found: Delivery, look: DeliveriesLook, width: int) -> Line:
    """One delivery."""
    took = "" if found.seconds is None else f"{found.seconds:,.1f} s"
    return row(
        deliveries_columns(look, width),
        {
            "n": ((str(found.id), Tone.MUTED),),
            "age": ((age(found.started_at or found.at, look.now), Tone.MUTED),),
            "name": ((found.automation, Tone.STRONG),),
            "ref": ((cut_middle(found.ref, look.ref_width), Tone.TEXT),),
            "state": (_state(found),),
            "took": ((took, Tone.MUTED),),
            "said": ((said_last(found), Tone.MUTED),),
        },
    )


def delivery_title(found: Delivery, width: int, *, active: bool) -> Line:
    """The rule above a delivery's page."""
    name = f"{cut_middle(found.automation, max(8, width // 3))}, delivery {found.id}"
    return rule((("", Tone.MUTED), (name, Tone.TITLE if active else Tone.STRONG)), (_state(found),), width)


def delivery_lines(
    found: Delivery, owner: AutomationState | None, attempts: Sequence[Delivery], now: Micros, width: int
) -> list[Line]:
    """Everything about a delivery, with the attempts before and after it, and what its automation runs, if known."""
    lines = delivery(found, now, width)[1:]
    if owner is not None:
        command = broken(one_line(shlex.join(owner.automation.command)), max(8, width))
        lines = [*(((piece, Tone.MUTED),) for piece in command), (), *lines]
    if not found.output:
        lines += [(), ((_no_output(found), Tone.MUTED),)]
    others = [each for each in attempts if each.id != found.id]
    if others:
        lines += [(), (("other attempts", Tone.HEAD),)]
    for each in others:
        text, tone = outcome(each)
        begun = age(each.started_at, now) if each.started_at is not None else ""
        said = cut(said_last(each), max(8, width - 40))
        lines.append(
            (
                (f"  {each.id}".ljust(9), Tone.MUTED),
                (begun.rjust(4) + "  ", Tone.MUTED),
                (text, tone),
                (f"  {said}", Tone.MUTED),
            )
        )
    return lines


def _no_output(found: Delivery) -> str:
    match found.state:
        case DeliveryState.WAITING:
            return "it has not begun: those before it come first, and one that is off runs nothing"
        case DeliveryState.RUNNING:
            return "it runs; what it prints is here once it is over"
        case _:
            return "it printed nothing"
