"""What was observed of live versions, and the alerts over it, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.as_json.values import Object, scalar
from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from lineal.records.alerts import AlertRule, AlertState, Episode
    from lineal.records.base import Micros
    from lineal.records.observations import Observed, ObservedHour, ObservedValue


def hour(found: ObservedHour, stage: str) -> Object:
    """What the values of an hour came to."""
    return {
        "ref": f"{stage.partition('@')[0]}:{found.label}",
        "time": utc_time(found.at),
        "metric": found.name,
        "count": found.count,
        "odd": found.odd,
        "mean": scalar(found.mean),
        "min": scalar(found.least),
        "max": scalar(found.most),
        "last": scalar(found.last),
    }


def value(found: ObservedValue, stage: str) -> Object:
    """A single value."""
    return {
        "ref": f"{stage.partition('@')[0]}:{found.label}",
        "time": utc_time(found.at),
        "metric": found.name,
        "value": scalar(found.value),
    }


def observed(found: Observed) -> Object:
    """What came of handing observations over."""
    return {
        "ref": f"{found.model}@{found.stage}",
        "recorded": found.recorded,
        "known": found.known,
        "versions": [f"{found.model}:{label}" for label in found.labels],
        "fired": [
            {
                "alert": each.rule.text,
                "saw": each.saw,
                "since": utc_time(each.since),
                "rolls_back": each.rolls_back,
                "why_not": each.why_not,
            }
            for each in found.fired
        ],
        "cleared": list(found.cleared),
        "pipeline": found.pipeline,
        "rolled_back_to": None if found.rolled_back_to is None else f"{found.model}:{found.rolled_back_to}",
    }


def rule(found: AlertRule) -> Object:
    """What must hold, and what happens when it does not."""
    return {
        "ref": f"{found.model}@{found.stage}",
        "alert": found.text,
        "expression": found.expression,
        "for": found.lasting,
        "command": None if found.command is None else list(found.command),
        "rolls_back": found.rolls_back,
        "cool_down": found.cool_down,
    }


def alert(found: AlertState) -> Object:
    """How an alert is."""
    return {
        **rule(found.rule),
        "state": found.phase.value,
        "since": _time(found.since),
        "saw": found.saw or None,
        "judged_at": _time(found.judged_at),
        "fired_at": None if found.episode is None else utc_time(found.episode.fired_at),
        "rollback": None if found.episode is None else found.episode.rollback,
    }


def episode(found: Episode) -> Object:
    """One time that an alert fired."""
    return {
        "ref": found.ref,
        "alert": found.alert,
        "version": f"{found.model}:{found.label}",
        "since": utc_time(found.since),
        "fired_at": utc_time(found.fired_at),
        "saw": found.saw,
        "cleared_at": _time(found.cleared_at),
        "cleared_why": found.cleared_why,
        "rollback": found.rollback,
        "output": found.output,
    }


def _time(at: Micros | None) -> str | None:
    return None if at is None else utc_time(at)
