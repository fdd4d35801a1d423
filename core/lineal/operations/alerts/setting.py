"""Saying what must hold of what is observed at a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadFilter, BadValue, NotFound
from lineal.operations.alerts.judging import clear
from lineal.operations.alerts.terms import read
from lineal.queries import alerts as rows
from lineal.records.alerts import COOL_DOWN
from lineal.rules import naming
from lineal.rules.refs import nearest
from lineal.rules.values import check_command
from lineal.search import written
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.alerts import AlertRule, AlertSetting
    from lineal.records.stages import Stage
    from lineal.search.terms import Term
    from lineal.write_path.context import Change, Context

MOST = 50
"""Alerts that a stage may have."""


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
    checked(texts, command=command, cool_down=cool_down)
    with context.change(Permission.CONFIGURE, str(ref)) as change:
        _, stage = addresses.stage(change.connection, ref.model, ref.stage)
        return put(change, stage, texts, command=command, rolls_back=rolls_back, cool_down=cool_down)


def checked(
    texts: Sequence[str], *, command: Sequence[str] | None, cool_down: int
) -> tuple[list[tuple[str, str, int, Term]], tuple[str, ...] | None]:
    """Alerts as `terms.read` reads them, and the command's words.

    Raises:
        LinealError: as `set_alerts`.
    """
    words = None if command is None else check_command("alert command", command)
    if not 0 <= cool_down <= 366 * 86_400:
        raise BadValue(field="cool-down", value=cool_down, why="it is a length of time of a year at most")
    return [read(text) for text in texts], words


def put(
    change: Change,
    stage: Stage,
    texts: Sequence[str],
    *,
    command: Sequence[str] | None = None,
    rolls_back: bool = False,
    cool_down: int = COOL_DOWN,
) -> list[AlertRule]:
    """As `set_alerts`, within a change."""
    found, words = checked(texts, command=command, cool_down=cool_down)
    place = f"{stage.model}@{stage.name}"
    known = {(each.expression, each.lasting): each for each in rows.rules(change.connection, stage.id)}
    for text, expression, lasting, term in found:
        before = known.get((expression, lasting))
        if before is not None and (before.command, before.rolls_back, before.cool_down) == (
            words,
            rolls_back,
            cool_down,
        ):
            continue
        rows.put_rule(
            change.connection,
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
            place,
            alert=text,
            command=None if words is None else list(words),
            rolls_back=rolls_back,
            cool_down=cool_down,
        )
    now = rows.rules(change.connection, stage.id)
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
        _, stage = addresses.stage(change.connection, ref.model, ref.stage)
        return take(change, stage, texts)


def put_one(change: Change, stage: Stage, wanted: AlertSetting) -> None:
    """Set one alert as it is to be, within a change."""
    put(
        change,
        stage,
        [wanted.text],
        command=wanted.command,
        rolls_back=wanted.rolls_back,
        cool_down=wanted.cool_down,
    )


def take(change: Change, stage: Stage, texts: Sequence[str]) -> list[AlertRule]:
    """As `remove_alerts`, within a change."""
    place = f"{stage.model}@{stage.name}"
    for rule in {each.id: each for each in meant(rows.rules(change.connection, stage.id), place, texts)}.values():
        state = rows.progress(change.connection, rule.id)
        rows.drop_rule(change.connection, rule.id)
        change.record("alert_removed", place, alert=rule.text)
        if state is not None and state.episode is not None:
            clear(change, place, state.episode, "the alert was taken away")
    return rows.rules(change.connection, stage.id)


def meant(known: Sequence[AlertRule], place: str, texts: Sequence[str]) -> Sequence[AlertRule]:
    """The alerts of a stage that texts name.

    Raises:
        NotFound: there is no such alert.
    """
    if any(text.strip().lower() == "all" for text in texts):
        return known
    return [_named(known, place, text) for text in texts]


def _named(known: Sequence[AlertRule], place: str, text: str) -> AlertRule:
    wanted = _divided(text)
    for rule in known:
        if text.strip() == rule.text or (wanted is not None and wanted == (rule.expression, rule.lasting)):
            return rule
    near = tuple(repr(each) for each in nearest(text, [rule.text for rule in known]))
    raise NotFound(
        kind="alert",
        name=naming.shown(text),
        where=f" at {place}",
        nearest=near,
        hint=None if known else "there is none",
    )


def _divided(text: str) -> tuple[str, int] | None:
    try:
        _, expression, lasting, _ = read(text)
    except (BadFilter, BadValue):
        return None
    return expression, lasting
