"""Rules that say which versions of a model keep their bytes, and ending those that no rule keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, Refused
from lineal.gates import durations
from lineal.queries import endings as rows
from lineal.records.endings import RetentionRule
from lineal.retirement import endings
from lineal.write_path.policy import REGISTRY, Permission

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.endings import Ended, Expired
    from lineal.write_path.context import Context


def rules(context: Context, model: str | None = None) -> list[RetentionRule]:
    """The rules of all models that have one, or of one model.

    Raises:
        NotFound: there is no such model.
    """
    with context.read() as connection:
        number = None if model is None else addresses.model(connection, model).id
        return [rule for _, rule in rows.rules(connection, number)]


def set_rule(
    context: Context, model: str, *, keep_last: int | None, keep_live: bool, keep_younger: int | None
) -> RetentionRule | None:
    """Say which versions of a model keep their bytes; with nothing to keep any, all keep them again.

    Args:
        context: the registry.
        model: its name.
        keep_last: the newest so many.
        keep_live: all that were ever live.
        keep_younger: all that were registered within so many seconds.

    Raises:
        NotFound: there is no such model.
        BadValue: a number is not above zero.
    """
    for field, value in (("keep last", keep_last), ("keep younger than", keep_younger)):
        if value is not None and value <= 0:
            raise BadValue(field=field, value=str(value), why="it must be above zero")
    with context.change(Permission.CONFIGURE, model) as change:
        found = addresses.model(change.connection, model)
        wanted = RetentionRule(found.name, keep_last, keep_live, keep_younger)
        rule = None if wanted == RetentionRule(found.name) else wanted
        before = next((known for _, known in rows.rules(change.connection, found.id)), None)
        if before != rule:
            rows.put_rule(change.connection, found.id, rule)
            change.record(
                "retention_set", found.name, keep_last=keep_last, keep_live=keep_live, keep_younger=keep_younger
            )
        return rule


def expired(context: Context, model: str | None = None) -> list[Expired]:
    """The versions that no rule of their model keeps; never one that is live, in flight or a rollback's target."""
    found = []
    with context.read() as connection:
        number = None if model is None else addresses.model(connection, model).id
        for owner, rule in rows.rules(connection, number):
            found += [
                rows.facts(connection, version, f"{rule.model}:{label}")
                for version, label in _expired(connection, owner, rule, context)
            ]
    return found


def _expired(
    connection: sqlite3.Connection, owner: int, rule: RetentionRule, context: Context
) -> list[tuple[int, str]]:
    held = endings.held(connection, addresses.model(connection, rule.model))
    return [each for each in rows.expired(connection, owner, rule, context.clock()) if each[0] not in held]


def expire(context: Context) -> tuple[list[Ended], list[tuple[str, str]]]:
    """Retire and purge every version that no rule keeps.

    Returns:
        What was ended, and (address, why not) of what came into use meanwhile.

    Raises:
        NotPermitted, ReadOnlyRegistry: the actor may not.
    """
    context.check(Permission.PURGE, REGISTRY)
    ended, kept = [], []
    for each in expired(context):
        model = each.ref.partition(":")[0]
        try:
            ended.append(endings.retire(context, each.ref, reason=_why(context, model), purge=True))
        except Refused as error:
            kept.append((each.ref, str(error)))
    return ended, kept


def _why(context: Context, model: str) -> str:
    rule = rules(context, model)[0]
    kept = [
        f"the newest {rule.keep_last}" if rule.keep_last is not None else "",
        "what was ever live" if rule.keep_live else "",
        f"what is younger than {durations.text(rule.keep_younger)}" if rule.keep_younger is not None else "",
    ]
    return "retention: only " + ", ".join(filter(None, kept)) + " keeps its bytes"
