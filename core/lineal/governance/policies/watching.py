"""The parts of a policy that watch and run: alerts of stages, and automations."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue
from lineal.gates import durations
from lineal.operations import automation
from lineal.operations.alerts import setting, terms
from lineal.queries import alerts as alert_rows
from lineal.queries import automation as automation_rows
from lineal.records.alerts import COOL_DOWN, AlertSetting
from lineal.records.policies import PolicyAutomation, PolicyChange
from lineal.rules.values import check_command

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from lineal.governance.policies.reading import Document, Path
    from lineal.records.policies import PolicyStage
    from lineal.records.stages import Stage
    from lineal.write_path.context import Change

_Key = tuple[str, int]
"""What tells an alert from the others of its stage: what must hold, and for how many seconds it must not."""


def alerts_of(connection: sqlite3.Connection, stage: int) -> tuple[AlertSetting, ...]:
    """The alerts of a stage, in the order in which they were set."""
    found = alert_rows.rules(connection, stage)
    return tuple(AlertSetting(each.text, each.command, each.rolls_back, each.cool_down) for each in found)


def automations(connection: sqlite3.Connection) -> tuple[PolicyAutomation, ...]:
    """All automations, by name."""
    found = [
        PolicyAutomation(each.name, each.event, each.model, each.stage, each.command, each.timeout, each.enabled)
        for each in automation_rows.automations(connection)
    ]
    return tuple(sorted(found, key=lambda each: each.name))


# alerts


def check_alerts(document: Document, path: Path, found: Sequence[AlertSetting]) -> None:
    """Raise, with the line, for an alert that makes no sense."""
    seen: set[_Key] = set()
    for place, each in enumerate(found):
        own: Path = (*path, "alerts", place)
        with document.telling((*own, "alert")):
            _, expression, lasting, _ = terms.read(each.text)
            if (expression, lasting) in seen:
                raise BadValue(field="alert", value=each.text, why="it is there twice")
            seen.add((expression, lasting))
        with document.telling((*own, "command" if each.command is not None else "alert")):
            setting.checked((), command=each.command, cool_down=COOL_DOWN)
        with document.telling((*own, "cool_down" if each.cool_down != COOL_DOWN else "alert")):
            setting.checked((), command=None, cool_down=each.cool_down)
    if len(found) > setting.MOST:
        raise document.wrong((*path, "alerts"), f"{len(found)} alerts; at most {setting.MOST} fit")


def alert_changes(ref: str, known: Sequence[AlertSetting], wanted: Sequence[AlertSetting]) -> list[PolicyChange]:
    """What changes of a stage's alerts."""
    before, after = _by_key(known), _by_key(wanted)
    found = []
    for key in dict.fromkeys([*after, *before]):
        was, will = (None if each is None else _alert_told(each) for each in (before.get(key), after.get(key)))
        if was != will:
            found.append(PolicyChange(ref, "alert", was, will))
    return found


def apply_alerts(change: Change, stage: Stage, known: Sequence[AlertSetting], wanted: Sequence[AlertSetting]) -> None:
    """Give a stage just these alerts."""
    before, after = _by_key(known), _by_key(wanted)
    gone = [each.text for key, each in before.items() if key not in after]
    if gone:
        setting.take(change, stage, gone)
    for each in after.values():
        setting.put_one(change, stage, each)


def _by_key(found: Iterable[AlertSetting]) -> dict[_Key, AlertSetting]:
    keyed = {}
    for each in found:
        _, expression, lasting, _ = terms.read(each.text)
        keyed[expression, lasting] = each
    return keyed


def _alert_told(found: AlertSetting) -> str:
    told = [terms.read(found.text)[0]]
    told += [] if found.command is None else [f"runs {shlex.join(found.command)}"]
    told += ["rolls back"] if found.rolls_back else []
    told += [] if found.cool_down == COOL_DOWN else [f"cools down for {durations.text(found.cool_down)}"]
    return ", ".join(told)


# automations


def check_automations(connection: sqlite3.Connection, document: Document, found: Sequence[PolicyAutomation]) -> None:
    """Raise, with the line, for an automation that makes no sense here."""
    for each in found:
        path: Path = ("automations", each.name)
        with document.telling(path):
            automation.check_name(each.name)
        with document.telling((*path, "command")):
            check_command("command", each.command)
        with document.telling((*path, "timeout")):
            automation.check_timeout(each.timeout)
        if each.model is None:
            continue
        with document.telling((*path, "model")):
            addresses.model(connection, each.model)
        if each.stage is not None and each.place is not None:
            with document.telling((*path, "stage")):
                automation.placed(connection, each.event, each.place)


def automation_changes(known: Sequence[PolicyAutomation], wanted: Sequence[PolicyAutomation]) -> list[PolicyChange]:
    """What changes of the automations."""
    before, after = ({each.name: each for each in side} for side in (known, wanted))
    return [
        PolicyChange(name, "automation", _told(before.get(name)), _told(after.get(name)))
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]


def apply_automations(change: Change, known: Sequence[PolicyAutomation], wanted: Sequence[PolicyAutomation]) -> None:
    """Have just these automations; one that is changed, but for being enabled, is removed and added anew."""
    before, after = ({each.name: each for each in side} for side in (known, wanted))
    rows = {each.name: each for each in automation_rows.automations(change.connection)}
    for name, was in before.items():
        will = after.get(name)
        if will == was:
            continue
        if will is not None and _without_switch(will) == _without_switch(was):
            automation.switch(change, rows[name], enabled=will.enabled)
            continue
        automation.take(change, rows[name])
        if will is not None:
            _add(change, will)
    for name, will in after.items():
        if name not in before:
            _add(change, will)


def _add(change: Change, found: PolicyAutomation) -> None:
    new = automation.put(change, found.event, found.place, found.command, timeout=found.timeout, name=found.name)
    if not found.enabled:
        automation.switch(change, new, enabled=False)


def _without_switch(found: PolicyAutomation) -> tuple[object, ...]:
    return found.event, found.place, found.command, found.timeout


def _told(found: PolicyAutomation | None) -> str | None:
    if found is None:
        return None
    told = (
        f"{found.event} of {found.place or 'all models'} runs {shlex.join(found.command)}, {found.timeout:g} s at most"
    )
    return told if found.enabled else f"{told}, disabled"


# what programs there are to run


def new_commands(
    known: tuple[Sequence[PolicyStage], Sequence[PolicyAutomation]],
    wanted: tuple[Sequence[PolicyStage] | None, Sequence[PolicyAutomation] | None],
) -> list[str]:
    """Where a policy names a program that is not run there yet."""
    ran = {(stage.ref, each.command) for stage in known[0] for each in stage.alerts}
    ran |= {(each.name, each.command) for each in known[1]}
    named = [(stage.ref, each.command) for stage in wanted[0] or () for each in stage.alerts if each.command]
    named += [(each.name, each.command) for each in wanted[1] or ()]
    return [place for place, command in named if (place, command) not in ran]
