"""Judging alerts by what was just recorded: they fire once, and are cleared once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.gates import durations
from lineal.operations.alerts.terms import LONGEST, OWN, PROMOTED, is_observed, names
from lineal.queries import alerts as rows
from lineal.queries import stages as stage_rows
from lineal.records.alerts import AlertRule, Fired
from lineal.records.base import Micros
from lineal.rules.canonical import rfc3339
from lineal.search import written
from lineal.write_path.policy import Permission, allowed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from lineal.records.stages import Stage, Transition
    from lineal.search.terms import Term
    from lineal.write_path.context import Change

_MANY = 1_000
"""Values up to which all are judged one by one; of more only those that still matter."""
_SECOND = 1_000_000
_TAKEN_UP = 60 * _SECOND
"""How long a rollback may take to begin before another observation takes it up: its process was killed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What observations did to the alerts of a stage."""

    fired: tuple[Fired, ...] = ()
    cleared: tuple[str, ...] = ()


def judge(change: Change, stage: Stage, fresh: Mapping[int, Mapping[str, Sequence[Micros]]]) -> Judged:
    """Judge the alerts of a stage by observations that were just recorded, as they are at the newest of them.

    Args:
        change: the transaction.
        stage: which.
        fresh: times of what was recorded, by transition and metric, in order.
    """
    live = stage_rows.live(change.connection, stage.id)
    if live is None or live.to_version is None or live.id not in fresh:
        return Judged()  # about what is not live any more nobody is woken
    fired: list[Fired] = []
    cleared: list[str] = []
    for rule in rows.rules(change.connection, stage.id):
        found = _judge(change, stage, rule, live, fresh[live.id])
        fired += found.fired
        cleared += found.cleared
    return Judged(tuple(fired), tuple(cleared))


def _judge(
    change: Change, stage: Stage, rule: AlertRule, live: Transition, fresh: Mapping[str, Sequence[Micros]]
) -> Judged:
    connection, place = change.connection, f"{stage.model}@{stage.name}"
    term = written.read(rows.term(connection, rule.id))
    asked = names(term)
    new = sorted({at for name in asked if is_observed(name) for at in fresh.get(name, ())})
    if not new:
        return Judged()
    known = rows.progress(connection, rule.id)
    episode = None if known is None else known.episode
    if known is not None and known.transition != live.id:
        if episode is not None:
            clear(change, place, episode, "something else is live now")
        known, episode = None, None
    elif known is not None and known.judged_at > change.at + LONGEST * _SECOND:
        known = None  # a clock was wrong then
    newest = new[-1] if known is None else max(new[-1], known.judged_at)
    is_next = len(new) <= _MANY and (known is None or new[0] > known.judged_at)
    since = new[0] if is_next else Micros(newest - rule.lasting * _SECOND + 1)
    values = _Values(connection, live.id, asked, since=since, until=newest)
    broken = known.broken_since if is_next and known is not None else None
    held, saw, has_held = None, "", False
    for at in values.times(since) if is_next else values.times(None):
        held, saw = values.weigh(term, at)
        if held:
            broken, has_held = None, True
        elif held is False and broken is None:
            broken = at
    if known is not None and broken is not None and known.broken_since is not None and not has_held:
        broken = min(broken, known.broken_since)
    fired: tuple[Fired, ...] = ()
    cleared: tuple[str, ...] = ()
    if episode is not None and held:
        told = clear(change, place, episode, f"it holds again: {saw}")
        cleared, episode = () if told is None else (told,), None
    elif episode is None and held is False and broken is not None and newest - broken >= rule.lasting * _SECOND:
        one = _fire(change, stage, rule, live, since=broken, saw=saw)
        fired, episode = (one,), one.episode
    elif (
        episode is not None
        and held is False
        and broken is not None
        and rule.rolls_back
        and rows.reclaim_rollback(connection, episode, before=Micros(change.at - _TAKEN_UP), at=change.at)
    ):
        fired = (_fired(rule, live, episode, since=broken, saw=saw, why_not=None),)
    rows.set_progress(connection, rule.id, rows.Progress(live.id, newest, held, broken, saw, episode))
    return Judged(fired, cleared)


def _fire(change: Change, stage: Stage, rule: AlertRule, live: Transition, *, since: Micros, saw: str) -> Fired:
    connection, place = change.connection, f"{stage.model}@{stage.name}"
    number = rows.begin_episode(connection, stage.id, live.id, rule.text, since=since, at=change.at, saw=saw)
    why_not = _why_no_rollback(change, stage, rule, live) if rule.rolls_back else None
    rolls_back = rule.rolls_back and why_not is None
    if rolls_back:
        rows.claim_rollback(connection, rows.promotion_of(connection, stage.id, live.id), stage.id, number, change.at)
    elif why_not is not None:
        rows.refuse_rollback(connection, number, why_not)
    change.record(
        "alert_fired",
        place,
        alert=rule.text,
        version=live.to_label,
        since=rfc3339(since),
        saw=saw,
        episode=number,
        rollback="begins" if rolls_back else why_not,
    )
    return _fired(rule, live, number, since=since, saw=saw, why_not=why_not)


def _fired(rule: AlertRule, live: Transition, episode: int, *, since: Micros, saw: str, why_not: str | None) -> Fired:
    return Fired(
        rule=rule,
        episode=episode,
        transition=live.id,
        label=live.to_label or "",
        since=since,
        saw=saw,
        rolls_back=rule.rolls_back and why_not is None,
        why_not=why_not,
    )


def _why_no_rollback(change: Change, stage: Stage, rule: AlertRule, live: Transition) -> str | None:
    connection = change.connection
    promotion = rows.promotion_of(connection, stage.id, live.id)
    if rows.rolled_back(connection, promotion, live=live.id, since=Micros(change.at - _TAKEN_UP)):
        return "an automatic rollback of this promotion was begun before, and there is one only"
    last = rows.last_rollback(connection, stage.id)
    if last is not None and abs(change.at - last) < rule.cool_down * _SECOND:
        return f"the last automatic rollback is not {durations.text(rule.cool_down)} ago"
    return allowed(connection, change.actor, Permission.ROLL_BACK, f"{stage.model}@{stage.name}")


def clear(change: Change, place: str, episode: int, why: str) -> str | None:
    """Keep that an alert does not fire any more, with its event; returns its text, None when it did not."""
    alert = rows.end_episode(change.connection, episode, at=change.at, why=why)
    if alert is not None:
        change.record("alert_cleared", place, alert=alert, episode=episode, why=why)
    return alert


class _Values:
    """What an alert is judged by: metrics as they were at a time, and the figures that do not change."""

    def __init__(
        self, connection: sqlite3.Connection, transition: int, asked: Sequence[str], *, since: Micros, until: Micros
    ) -> None:
        self._series: dict[str, list[tuple[Micros, float]]] = {}
        self._promoted: dict[str, tuple[Micros, float] | None] = {}
        self._own: dict[str, float | None] = {}
        for name in asked:
            if name.startswith(PROMOTED):
                self._promoted[name] = rows.at_promotion(connection, transition, name.removeprefix(PROMOTED))
            elif name.startswith(OWN):
                self._own[name] = rows.own_metric(connection, transition, name.removeprefix(OWN))
            else:
                self._series[name] = rows.observed_in(connection, transition, name, since=since, until=until)
        self._names = asked
        self._places = dict.fromkeys(self._series, 0)

    def times(self, since: Micros | None) -> list[Micros]:
        """When anything was observed, in order, from a time on."""
        return sorted({at for points in self._series.values() for at, _ in points if since is None or at >= since})

    def weigh(self, term: Term, at: Micros) -> tuple[bool | None, str]:
        """Whether an expression holds at a time, later than the one asked for before, and by which figures."""
        from lineal.gates.facts import Facts, Measured, number_words  # noqa: PLC0415  few stages have alerts
        from lineal.gates.weighing import weigh  # noqa: PLC0415  as above

        figures = {name: self._figure(name, at) for name in self._names}
        known = {name: value for name, value in figures.items() if value is not None}
        facts = Facts("", metrics={name: (Measured(value, None, None),) for name, value in known.items()})
        found = weigh(term, facts, None, at)
        truth = found.truth
        if truth is None and any(math.isnan(value) for name, value in known.items() if name in self._series):
            truth = False  # what yields no number at all is the last thing to be silent about
        saw = [f"{name} {'not known yet' if value is None else number_words(value)}" for name, value in figures.items()]
        told = ", ".join(saw)
        return truth, told if found.wanted is None else f"{told} (wanted {found.wanted})"

    def _figure(self, name: str, at: Micros) -> float | None:
        if name in self._promoted:
            promoted = self._promoted[name]
            return None if promoted is None or at < promoted[0] else promoted[1]
        if name in self._own:
            return self._own[name]
        points, place = self._series[name], self._places[name]
        while place < len(points) and points[place][0] <= at:
            place += 1
        self._places[name] = place
        return points[place - 1][1] if place else None
