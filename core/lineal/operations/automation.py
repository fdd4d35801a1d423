"""Commands that run when something happens: what there is, what was run, and how that is changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import AlreadyExists, BadName, BadValue, NotFound, OtherAddress, Refused
from lineal.machine.locks import taken
from lineal.queries import automation as rows
from lineal.records.automation import LOST, OF_MODELS, TIMEOUT, Automation, AutomationState, Delivery, Occasion
from lineal.rules import naming, refs
from lineal.rules.values import check_command
from lineal.write_path import waking
from lineal.write_path.policy import REGISTRY, Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.records.stages import Stage
    from lineal.write_path.context import Change, Context

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


# what there is


def automations(context: Context) -> list[Automation]:
    """All automations, in the order in which they were added."""
    with context.read() as connection:
        return rows.automations(connection)


def automation(context: Context, name: str) -> Automation:
    """The automation of a name.

    Raises:
        NotFound: there is none.
    """
    with context.read() as connection:
        return _named(connection, name)


def states(context: Context) -> list[AutomationState]:
    """All automations, in the order in which they were added, and how what was handed to them fared."""
    with context.read() as connection:
        return rows.states(connection)


def delivered_events(context: Context, name: str | None = None, *, limit: int) -> list[Delivery]:
    """Of each event that was handed to automations the last attempt, newest first, with the end of its output only."""
    with context.read() as connection:
        return rows.delivered_events(connection, name=name, limit=limit)


def attempts(context: Context, number: int) -> list[Delivery]:
    """All deliveries of the event of one to the same automation, the first attempt first.

    Raises:
        NotFound: there is no such delivery.
    """
    with context.read() as connection:
        _numbered(connection, number)
        return rows.attempts(connection, number)


def deliveries(context: Context, name: str | None = None, *, limit: int | None = None) -> list[Delivery]:
    """What was handed to automations, newest first; also to those that were removed.

    Raises:
        NotFound: there is no such automation, and there was none.
    """
    with context.read() as connection:
        found = rows.deliveries(connection, name=name, limit=-1 if limit is None else limit)
        if name is not None and not found:
            _named(connection, name)
        return found


def delivery(context: Context, number: int) -> Delivery:
    """The delivery of a number.

    Raises:
        NotFound: there is none.
    """
    with context.read() as connection:
        return _numbered(connection, number)


def _named(connection: sqlite3.Connection, name: str) -> Automation:
    found = rows.automations(connection, name)
    if not found:
        known = [each.name for each in rows.automations(connection)]
        hint = None if known else "there is none yet; `lineal on add` adds one"
        raise NotFound(kind="automation", name=name, nearest=refs.nearest(name, known), hint=hint)
    return found[0]


def _numbered(connection: sqlite3.Connection, number: int) -> Delivery:
    found = rows.delivery(connection, number)
    if found is None:
        raise NotFound(kind="delivery", name=str(number), hint="`lineal on log` lists them")
    return found


# what is changed


def add(
    context: Context,
    event: str,
    place: str | None,
    command: Sequence[str],
    *,
    timeout: float = TIMEOUT,
    name: str | None = None,
) -> Automation:
    """Run a command whenever something happens from now on.

    Args:
        context: the registry.
        event: a word of `Occasion`.
        place: the address of the model or stage that it is about; None for all.
        command: the argument list; no shell is involved.
        timeout: seconds that it may take.
        name: what it is called; made from the event if None.

    Raises:
        BadValue: there is no such event, the event is none of a stage, or the command or the time is no such thing.
        BadName: the name cannot be one.
        NotFound: there is no such model or stage.
        AlreadyExists: the name is taken.
    """
    occasion, words = checked_event(event), check_command("command", command)
    check_timeout(timeout)
    if name is not None:
        check_name(name)
    with context.change(Permission.CONFIGURE, place or REGISTRY) as change:
        return put(change, occasion, place, words, timeout=timeout, name=name)


def put(
    change: Change,
    occasion: Occasion,
    place: str | None,
    command: tuple[str, ...],
    *,
    timeout: float,
    name: str | None,
) -> Automation:
    """As `add`, of what was checked, within a change."""
    connection = change.connection
    model, stage = (None, None) if place is None else placed(connection, occasion, place)
    known = {each.name for each in rows.automations(connection)}
    if name in known:
        raise AlreadyExists(kind="automation", name=name, hint="remove it first, or choose another name")
    new = Automation(
        id=0,
        name=name or next(each for each in _names(occasion) if each not in known),
        event=occasion,
        model=None if model is None else model[1],
        stage=None if stage is None else stage.name,
        command=command,
        timeout=float(timeout),
        enabled=True,
        at=change.at,
        actor=change.actor.user,
    )
    rows.insert(connection, new, model=None if model is None else model[0], stage=None if stage is None else stage.id)
    change.record(
        "automation_added",
        new.place or "registry",
        name=new.name,
        event=new.event,
        command=list(command),
        timeout=new.timeout,
    )
    return rows.automations(connection, new.name)[0]


def check_timeout(timeout: float) -> None:
    """Raise unless a command may take so many seconds."""
    if not isinstance(timeout, int | float) or not 0.1 <= timeout <= 86_400:
        raise BadValue(field="timeout", value=timeout, why="it is 0.1 to 86,400 seconds")


def check_name(name: str) -> None:
    """Raise unless an automation may be called so."""
    if not _NAME.fullmatch(name) or name.isdigit():
        why = "letters, digits, dots, dashes and underscores make a name, and no number alone"
        raise BadName(kind="automation", name=naming.shown(name), why=why)


def checked_event(event: str) -> Occasion:
    """The event that a word stands for."""
    word = event.strip().lower().replace("-", "_").replace(" ", "_")
    try:
        return Occasion(word)
    except ValueError:
        known = [each.value for each in Occasion]
        near = refs.nearest(word, known)
        hint = f"did you mean {' or '.join(near)}?" if near else f"events are {', '.join(known)}"
        raise BadValue(field="event", value=naming.shown(event), why="there is no such event", hint=hint) from None


def placed(connection: sqlite3.Connection, occasion: Occasion, place: str) -> tuple[tuple[int, str], Stage | None]:
    """The model, by row and name, and the stage that an event is waited for at."""
    ref = refs.parse(place)
    if isinstance(ref, refs.ModelRef):
        found = addresses.model(connection, ref.name)
        return (found.id, found.name), None
    if not isinstance(ref, refs.StageRef) or ref.back:
        raise OtherAddress(text=place, why="a model or a stage is wanted here, such as fraud or fraud@production")
    if occasion in OF_MODELS:
        why = f"{occasion} is of a version, at no stage"
        raise BadValue(field="event", value=occasion.value, why=why, hint=f"say {ref.model} in place of {place}")
    found, stage = addresses.stage(connection, ref.model, ref.stage)
    return (found.id, found.name), stage


def _names(occasion: Occasion) -> list[str]:
    return [occasion.value, *(f"{occasion.value}-{number}" for number in range(2, 10_000))]


def remove(context: Context, name: str) -> Automation:
    """Take an automation away, and what waits for it; what runs ends, and the log stays.

    Raises:
        NotFound: there is none of this name.
    """
    known = automation(context, name)
    with context.change(Permission.CONFIGURE, known.place or REGISTRY) as change:
        found = _same(change.connection, known)
        take(change, found)
        return found


def take(change: Change, found: Automation) -> None:
    """As `remove`, within a change."""
    rows.remove(change.connection, found.id, change.at)
    change.record("automation_removed", found.place or "registry", name=found.name, event=found.event)


def enable(context: Context, name: str, *, enabled: bool) -> Automation:
    """Let an automation run, or keep it from running: what happens meanwhile is none of its events.

    Raises:
        NotFound: there is none of this name.
    """
    known = automation(context, name)
    with context.change(Permission.CONFIGURE, known.place or REGISTRY) as change:
        found = _same(change.connection, known)
        if found.enabled is not enabled:
            switch(change, found, enabled=enabled)
        return rows.automations(change.connection, name)[0]


def switch(change: Change, found: Automation, *, enabled: bool) -> None:
    """As `enable`, within a change, of one that is not so yet."""
    rows.enable(change.connection, found.id, enabled=enabled)
    action = "automation_enabled" if enabled else "automation_disabled"
    change.record(action, found.place or "registry", name=found.name, event=found.event)


def _same(connection: sqlite3.Connection, known: Automation) -> Automation:
    """The automation that was asked about, on whose place the permission is; not another that took its name since."""
    found = _named(connection, known.name)
    if found.id != known.id:
        raise NotFound(kind="automation", name=known.name, hint="it was removed, and another has its name now")
    return found


def again(context: Context, number: int) -> Delivery:
    """Hand the event of a delivery to its automation once more, before all that wait.

    Raises:
        NotFound: there is no such delivery.
        Refused: its automation was removed or is disabled, or the event waits or runs already.
    """
    with context.read() as connection:
        _numbered(connection, number)
        known = rows.automation_of(connection, number)
        place = None if known is None else known.place
    context.check(Permission.CONFIGURE, place or REGISTRY)
    note(context, number)
    with context.change(Permission.CONFIGURE, place or REGISTRY) as change:
        connection = change.connection
        before = _numbered(connection, number)
        owner = rows.automation_of(connection, number)
        why = None
        if owner is None or rows.is_removed(connection, owner.id):
            why = f"the automation {before.automation} was removed"
        elif not owner.enabled:
            why = f"the automation {before.automation} is disabled"
        elif rows.unended(connection, number):
            why = "this event waits or runs there already"
        if why is not None:
            raise Refused(what=f"running delivery {number} again", why=why)
        new = rows.again(connection, number)
        change.record(
            "automation_again", place or "registry", name=before.automation, event=before.event, seq=before.seq
        )
        return _numbered(connection, new)


def lost(context: Context) -> list[Delivery]:
    """Deliveries that were lost and of which nobody has taken note, those included that no process runs any more."""
    with context.read() as connection:
        running = rows.running(connection)
    has_died = bool(running) and not waking.is_working(context.root)
    with context.read() as connection:  # a worker may have ended between the two looks, and its deliveries with it
        still = {each.id for each in rows.running(connection)} if has_died else ()
        return [*rows.lost(connection), *(each for each in running if each.id in still)]


def unattended(context: Context) -> int:
    """How many deliveries wait for automations that are enabled, while no process runs them."""
    with context.read() as connection:
        count = rows.count_waiting(connection)
    return 0 if waking.is_working(context.root) else count


def note(context: Context, number: int) -> None:
    """Take note of a delivery that was lost, so that doctor tells of it no more."""
    with taken(waking.lock_path(context.root)) as worker, context.journal(f"delivery {number}") as connection:
        if worker is not None:  # nobody runs what is said to run
            rows.lose(connection, context.clock(), LOST)
        rows.note(connection, number, context.clock())
