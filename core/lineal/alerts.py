"""Alerts: what must hold of what is observed at a stage, judged as observations arrive."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lineal import addresses, naming
from lineal.errors import BadFilter, BadValue, NotFound
from lineal.gates import durations
from lineal.policy import Permission, allowed
from lineal.queries import alerts as rows
from lineal.queries import observations as observed_rows
from lineal.queries import stages as stage_rows
from lineal.records.alerts import AlertRule, AlertState, Episode, Fired
from lineal.records.base import Micros
from lineal.refs import nearest
from lineal.search import written
from lineal.search.terms import Among, Arithmetic, Both, Comparison, Either, Field, Literal, Missing, Not

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from lineal.context import Change, Context
    from lineal.records.stages import Stage, Transition
    from lineal.search.terms import Operand, Term

MOST = 50
"""Alerts that a stage may have."""
LONGEST = 86_400
"""Seconds for which an alert may wait at most: each late observation has it judged anew over that time."""
COOL_DOWN = 3_600
"""Seconds between two automatic rollbacks of a stage, unless said otherwise."""
PROMOTED = "promoted."
"""What stands before a metric whose value at the promotion is meant."""
OWN = "metrics."
"""What stands before a metric that the version was registered with."""

_LASTING = re.compile(r"(?is)^(?P<expression>.+?)\s+for\s+(?P<lasting>[^'\"`]+?)\s*$")
_MANY = 1_000
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What observations did to the alerts of a stage."""

    fired: tuple[Fired, ...] = ()
    cleared: tuple[str, ...] = ()


# setting


def set_alerts(
    context: Context,
    address: str,
    texts: Sequence[str],
    *,
    command: Sequence[str] | None = None,
    rolls_back: bool = False,
    cool_down: int = COOL_DOWN,
) -> list[AlertRule]:
    """Say what must hold of what is observed at a stage; what an alert does that is there already is said anew.

    Args:
        context: the registry.
        address: of the stage.
        texts: each an expression, and `for` how long it must not hold: `latency_p99 < 80 for 10m`.
        command: argument list that is run when one of these fires, the event as JSON on its standard input.
        rolls_back: whether the stage is then rolled back.
        cool_down: seconds after an automatic rollback in which there is no other one.

    Returns:
        All alerts of the stage.

    Raises:
        NotFound: there is no such stage.
        BadFilter: an expression makes no sense.
        BadValue: another value does not fit.
    """
    ref = addresses.stage_ref(address)
    found = [_read(text) for text in texts]
    words = None if command is None else _checked_command(command)
    if not 0 <= cool_down <= 366 * 86_400:
        raise BadValue(field="cool-down", value=cool_down, why="it is a length of time of a year at most")
    with context.change(Permission.CONFIGURE, str(ref)) as change:
        connection = change.connection
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        known = {(each.expression, each.lasting): each for each in rows.rules(connection, stage.id)}
        for text, expression, lasting, term in found:
            before = known.get((expression, lasting))
            said = (words, rolls_back, cool_down)
            if before is not None and (before.command, before.rolls_back, before.cool_down) == said:
                continue
            rows.put_rule(
                connection,
                stage.id,
                text=text,
                expression=expression,
                term=written.write(term),
                lasting=lasting,
                command=words,
                rolls_back=rolls_back,
                cool_down=cool_down,
            )
            change.record(
                "alert_set",
                str(ref),
                alert=text,
                command=None if words is None else list(words),
                rolls_back=rolls_back,
                cool_down=cool_down,
            )
        now = rows.rules(connection, stage.id)
        if len(now) > MOST:
            raise BadValue(field="alerts", value=len(now), why=f"at most {MOST} fit; join some with AND")
        return now


def remove_alerts(context: Context, address: str, texts: Sequence[str]) -> list[AlertRule]:
    """Take alerts of a stage away, or `all`; returns those that are left.

    Raises:
        NotFound: there is no such stage, or alert.
    """
    ref = addresses.stage_ref(address)
    with context.change(Permission.CONFIGURE, str(ref)) as change:
        connection = change.connection
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        known = rows.rules(connection, stage.id)
        gone = known if any(text.strip().lower() == "all" for text in texts) else [_named(known, ref, t) for t in texts]
        for rule in {each.id: each for each in gone}.values():
            state = rows.progress(connection, rule.id)
            rows.drop_rule(connection, rule.id)
            change.record("alert_removed", str(ref), alert=rule.text)
            if state is not None and state.episode is not None:
                _clear(change, str(ref), state.episode, "the alert was taken away")
        return rows.rules(connection, stage.id)


def _named(known: Sequence[AlertRule], ref: object, text: str) -> AlertRule:
    wanted = _divided(text)
    for rule in known:
        if text.strip() == rule.text or (wanted is not None and wanted == (rule.expression, rule.lasting)):
            return rule
    near = tuple(repr(each) for each in nearest(text, [rule.text for rule in known]))
    raise NotFound(
        kind="alert", name=naming.shown(text), where=f" at {ref}", nearest=near, hint=None if known else "there is none"
    )


def _divided(text: str) -> tuple[str, int] | None:
    try:
        _, expression, lasting, _ = _read(text)
    except (BadFilter, BadValue):
        return None
    return expression, lasting


def _checked_command(command: Sequence[str]) -> tuple[str, ...]:
    if isinstance(command, str) or not command or not command[0]:
        raise BadValue(field="alert command", value=str(command), why="it is a list of words; no shell takes it apart")
    return tuple(naming.check_text("alert command", word) for word in command)


def _read(text: str) -> tuple[str, str, int, Term]:
    """An alert's text as it is kept, its expression, its seconds, and the expression with its fields as keys."""
    from lineal.search.parsing import parse  # noqa: PLC0415  judging needs no grammar

    text = naming.check_text("alert", " ".join(text.split()) if text.isascii() else text.strip(), 1_000)
    expression, lasting = text, 0
    found = _LASTING.match(text)
    if found is not None:
        expression = found["expression"]
        lasting = durations.seconds("for", found["lasting"])
        if lasting > LONGEST:
            raise BadValue(field="for", value=found["lasting"], why=f"it is at most {durations.text(LONGEST)}")
    term = _keyed(parse(expression), expression)
    if not any(_is_observed(name) for name in _names(term)):
        why = "nothing in it is observed"
        raise BadFilter(
            text=expression, at=0, why=why, hint="such as latency_p99 < 80, or error_rate < promoted.error_rate * 1.5"
        )
    kept = expression if not lasting else f"{expression} for {durations.text(lasting)}"
    return kept, expression, lasting, term


def _keyed(part: Term, text: str) -> Term:
    """An expression whose fields are all metrics, called by what they are shown as."""
    match part:
        case Not(term):
            return Not(_keyed(term, text))
        case Both(terms):
            return Both(tuple(_keyed(each, text) for each in terms))
        case Either(terms):
            return Either(tuple(_keyed(each, text) for each in terms))
        case Comparison():
            return replace(part, left=_operand(part.left, text), right=_operand(part.right, text))
        case Among() | Missing():
            return replace(part, operand=_operand(part.operand, text))
        case _:
            raise BadFilter(text=text, at=part.at, why=f"{part.text!r} is compared with nothing")


def _operand(part: Operand, text: str) -> Operand:
    match part:
        case Arithmetic(sign, left, right):
            return Arithmetic(sign, _operand(left, text), _operand(right, text))
        case Field(of_live=True):
            why = "what is observed is of the live version"
            raise BadFilter(text=text, at=part.at, why=why, hint=f"leave `live.` out, or ask for {PROMOTED}NAME")
        case Field("attributes"):
            return replace(part, scope="metrics")
        case Field("metrics"):
            return replace(part, name=f"{OWN}{part.name}")
        case Field():
            why = f"an alert asks for metrics, not for {part.scope}"
            raise BadFilter(text=text, at=part.at, why=why, hint=f"NAME is observed, {OWN}NAME was registered")
        case Literal():
            return part


def _is_observed(key: str) -> bool:
    return not key.startswith((PROMOTED, OWN))


def _names(term: Term) -> list[str]:
    return list(dict.fromkeys(_fields(term)))


def _fields(part: Term | Operand) -> Iterator[str]:
    match part:
        case Field():
            yield part.name
        case Arithmetic() | Comparison():
            yield from _fields(part.left)
            yield from _fields(part.right)
        case Among() | Missing():
            yield from _fields(part.operand)
        case Not(term):
            yield from _fields(term)
        case Both(terms) | Either(terms):
            for each in terms:
                yield from _fields(each)
        case _:
            return


# judging


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
    names = _names(term)
    new = sorted({at for name in names if _is_observed(name) for at in fresh.get(name, ())})
    if not new:
        return Judged()
    known = rows.progress(connection, rule.id)
    if known is not None and (known.transition != live.id or known.judged_at > change.at + LONGEST * _SECOND):
        known = None
    newest = new[-1] if known is None else max(new[-1], known.judged_at)
    is_next = len(new) <= _MANY and (known is None or new[0] > known.judged_at)
    since = new[0] if is_next else Micros(newest - rule.lasting * _SECOND + 1)
    values = _Values(connection, live.id, names, since=since, until=newest)
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
    episode = None if known is None else known.episode
    fired: tuple[Fired, ...] = ()
    cleared: tuple[str, ...] = ()
    if episode is not None and held:
        told = _clear(change, place, episode, f"it holds again: {saw}")
        cleared, episode = () if told is None else (told,), None
    elif episode is None and held is False and broken is not None and newest - broken >= rule.lasting * _SECOND:
        one = _fire(change, stage, rule, live, since=broken, saw=saw)
        fired, episode = (one,), one.episode
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
        rows.set_rollback(connection, number, why_not)
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
    return Fired(
        rule=rule,
        episode=number,
        transition=live.id,
        label=live.to_label or "",
        since=since,
        saw=saw,
        rolls_back=rolls_back,
        why_not=why_not,
    )


def _why_no_rollback(change: Change, stage: Stage, rule: AlertRule, live: Transition) -> str | None:
    connection = change.connection
    if rows.rolled_back(connection, rows.promotion_of(connection, stage.id, live.id)):
        return "this promotion was rolled back automatically before; somebody put it back on purpose"
    last = rows.last_rollback(connection, stage.id)
    if last is not None and abs(change.at - last) < rule.cool_down * _SECOND:
        return f"the last automatic rollback is not {durations.text(rule.cool_down)} ago"
    return allowed(connection, change.actor, Permission.ROLL_BACK, f"{stage.model}@{stage.name}")


def _clear(change: Change, place: str, episode: int, why: str) -> str | None:
    alert = rows.end_episode(change.connection, episode, at=change.at, why=why)
    if alert is not None:
        change.record("alert_cleared", place, alert=alert, episode=episode, why=why)
    return alert


def rfc3339(at: Micros) -> str:
    """A time as events tell it: in UTC."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Values:
    """What an alert is judged by: metrics as they were at a time, and the figures that do not change."""

    def __init__(
        self, connection: sqlite3.Connection, transition: int, names: Sequence[str], *, since: Micros, until: Micros
    ) -> None:
        self._series: dict[str, list[tuple[Micros, float]]] = {}
        self._promoted: dict[str, tuple[Micros, float] | None] = {}
        self._own: dict[str, float | None] = {}
        for name in names:
            if name.startswith(PROMOTED):
                self._promoted[name] = rows.at_promotion(connection, transition, name.removeprefix(PROMOTED))
            elif name.startswith(OWN):
                self._own[name] = rows.own_metric(connection, transition, name.removeprefix(OWN))
            else:
                self._series[name] = rows.observed_in(connection, transition, name, since=since, until=until)
        self._names = names
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


# reading


def states(context: Context, address: str | None = None) -> list[AlertState]:
    """How the alerts of a stage are, or all of them.

    Raises:
        NotFound: there is no such stage.
    """
    with context.read() as connection:
        if address is None:
            return rows.states(connection, rows.all_rules(connection))
        ref = addresses.stage_ref(address)
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        return rows.states(connection, rows.rules(connection, stage.id))


def unobserved(context: Context, address: str) -> tuple[str, ...]:
    """Metrics that alerts of a stage ask for, and that were never observed there.

    Raises:
        NotFound: there is no such stage.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        known = observed_rows.names_at(connection, stage.id)
        terms = [written.read(rows.term(connection, rule.id)) for rule in rows.rules(connection, stage.id)]
    asked = (name.removeprefix(PROMOTED) for term in terms for name in _names(term) if not name.startswith(OWN))
    return tuple(dict.fromkeys(name for name in asked if name not in known))


def episodes(context: Context, address: str | None = None, *, limit: int = 50) -> list[Episode]:
    """When alerts fired, at a stage or anywhere, newest first.

    Raises:
        NotFound: there is no such stage.
    """
    with context.read() as connection:
        if address is None:
            return rows.episodes(connection, None, limit)
        ref = addresses.stage_ref(address)
        return rows.episodes(connection, addresses.stage(connection, ref.model, ref.stage)[1].id, limit)


def firing(context: Context) -> list[Episode]:
    """What fires now, the oldest first."""
    with context.read() as connection:
        return rows.firing(connection)
