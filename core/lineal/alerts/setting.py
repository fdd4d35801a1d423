"""Saying what must hold of what is observed at a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses, naming
from lineal.alerts.judging import clear
from lineal.alerts.terms import read
from lineal.errors import BadFilter, BadValue, NotFound
from lineal.policy import Permission
from lineal.queries import alerts as rows
from lineal.refs import nearest
from lineal.search import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.context import Context
    from lineal.records.alerts import AlertRule

MOST = 50
"""Alerts that a stage may have."""
COOL_DOWN = 3_600
"""Seconds between two automatic rollbacks of a stage, unless said otherwise."""


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
    found = [read(text) for text in texts]
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
                clear(change, str(ref), state.episode, "the alert was taken away")
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
        _, expression, lasting, _ = read(text)
    except (BadFilter, BadValue):
        return None
    return expression, lasting


def _checked_command(command: Sequence[str]) -> tuple[str, ...]:
    if isinstance(command, str) or not command or not command[0]:
        raise BadValue(field="alert command", value=str(command), why="it is a list of words; no shell takes it apart")
    return tuple(naming.check_text("alert command", word) for word in command)
