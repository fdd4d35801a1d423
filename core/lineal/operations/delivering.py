"""Handing events to automations: in order, at most once each, also after a crash, in one process of the registry."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from lineal.errors import Damaged, MachineError, Refused
from lineal.machine import commands
from lineal.machine.locks import taken
from lineal.queries import automation as rows
from lineal.queries import events as event_rows
from lineal.queries import models as model_rows
from lineal.queries import versions as version_rows
from lineal.queries import waiting
from lineal.records.automation import LOST, Automation, Delivery, DeliveryState
from lineal.rules.canonical import rfc3339
from lineal.write_path import waking

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from lineal.records.models import Version
    from lineal.records.stages import Event
    from lineal.write_path.context import Context

MOST_DEPTH = 5
"""Deliveries that may lead to an event, one through another, before it is delivered no more."""
_AT_ONCE = 8
"""Automations that run at once, each of them one event after another."""
_KEPT = 1_000
"""Deliveries of each automation that stay in the log."""
_LOOK_SECONDS = 0.1
_VAIN = 5
"""Workers that do nothing, one after another, before nobody waits for them any more."""
_TOO_DEEP = (
    f"[not run: {MOST_DEPTH} deliveries led to this event, one through another, so that it looks like a loop; "
    "`lineal on again` runs it all the same]"
)


def has_waiting(context: Context) -> bool:
    """Whether something waits that may begin."""
    with context.read() as connection:
        return waiting.is_anything(connection)


def settle(context: Context, *, tick: Callable[[], None] = lambda: None) -> None:
    """Have a worker run what waits, and wait until nothing waits and nothing runs.

    Args:
        context: the registry.
        tick: called between two looks; what it raises ends the wait, not the worker.

    Raises:
        ReadOnlyRegistry: changes are not possible here.
        Refused: this is the command of an automation, which would wait for its own end.
        MachineError: no process can be started that runs them.
    """
    context.db.check_writable()
    if waking.depth():
        raise Refused(what="waiting for automations", why="this is the command of one, which would wait for itself")
    left, vain = None, 0
    while True:
        if not waking.is_working(context.root):
            with context.read() as connection:
                before, left = left, (rows.count_waiting(connection), [each.id for each in rows.running(connection)])
            if left == (0, []):
                return
            vain = vain + 1 if left == before else 0
            if vain == _VAIN:
                why = "a process that runs what waits ends at once, or cannot be started"
                raise MachineError(path=context.root, why=why)
            waking.wake(context.root)
        tick()
        time.sleep(_LOOK_SECONDS / 5)


def drain(context: Context, lock: int | None = None) -> None:
    """Run what waits, until nothing does; at once if another process does it already.

    Args:
        context: the registry.
        lock: a descriptor that holds the worker's lock, closed when nothing waits; None to take the lock here.
    """
    if lock is not None:
        try:
            _run_all(context)
        finally:
            os.close(lock)
        if not has_waiting(context):
            return
    while True:
        with taken(waking.lock_path(context.root)) as held:
            if held is None:
                return  # whoever has it looks again after letting go
            _run_all(context)
        if not has_waiting(context):
            return


def _run_all(context: Context) -> None:
    """Run what waits; the caller has the worker's lock, so that whatever is said to run does not."""
    with context.read() as connection:
        has_dead = bool(rows.running(connection))
    if has_dead:
        with context.journal("automations") as connection:
            rows.lose(connection, context.clock(), LOST)
    running: set[Future[None]] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # its end waits for what runs, also when one could not be recorded
        while True:
            claimed = _claim(context, _AT_ONCE - len(running))
            running |= {pool.submit(_deliver, context, number) for number in claimed}
            if not running:
                break
            over, running = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
            for each in over:
                each.result()
    with context.journal("automations") as connection:
        rows.forget(connection, _KEPT)


def _claim(context: Context, room: int) -> list[int]:
    """Record that deliveries begin, before they do: one that is interrupted is lost, and never made twice."""
    claimed: list[int] = []
    while room and not claimed:
        with context.read() as connection:
            if not rows.next_waiting(connection, room):
                break
        with context.journal("automations") as connection:
            for number in rows.next_waiting(connection, room):
                found, _ = _found(connection, number)
                rows.begin(connection, number, context.clock())
                if found.depth < MOST_DEPTH:
                    claimed.append(number)
                else:
                    rows.end(connection, number, DeliveryState.FAILED, context.clock(), None, _TOO_DEEP)
    return claimed


def _found(connection: sqlite3.Connection, number: int) -> tuple[Delivery, Automation]:
    found, owner = rows.delivery(connection, number), rows.automation_of(connection, number)
    if found is None or owner is None:
        raise Damaged(path="registry.db", why=f"delivery {number} that was just found is missing")
    return found, owner


def _deliver(context: Context, number: int) -> None:
    with context.read() as connection:
        found, owner = _found(connection, number)
        (event,) = event_rows.by_seq(connection, [found.seq])
        version = _version(connection, event)
    code: int | None = None
    try:
        finished = commands.run(
            owner.command,
            environment=_environment(context, owner, found, event, version),
            folder=context.root,
            seconds=owner.timeout,
            given=json.dumps(_told(context, owner, found, event, version)).encode() + b"\n",
        )
    except OSError as error:  # there is no room for what it is to read
        state, output = DeliveryState.FAILED, f"[not run: {error.strerror or error}]"
    else:
        state = DeliveryState.DONE if finished.succeeded else DeliveryState.FAILED
        if finished.is_late:
            state = DeliveryState.TIMED_OUT
        code, output = finished.exit_code, finished.output
    with context.journal("automations") as connection:
        rows.end(connection, number, state, context.clock(), code, output)


# what a command is told


def _version(connection: sqlite3.Connection, event: Event) -> Version | None:
    """The version that an event is about.

    Of a transition it is the one that it led to, or else the one that it left; of an alert the one that was observed;
    of what else happens at a stage, the one that is live there now.
    """
    owner = model_rows.model(connection, _model(event))
    if owner is None:
        return None
    label: object = event.ref.partition(":")[2]
    if "@" in event.ref:
        data = event.data
        label = data.get("to") or data.get("from") or data.get("version") or dict(owner.stages).get(_stage(event) or "")
    return version_rows.by_label(connection, owner.id, label) if isinstance(label, str) and label else None


def _stage(event: Event) -> str | None:
    stage = event.ref.partition("@")[2] or event.data.get("stage")
    return stage if isinstance(stage, str) else None


def _model(event: Event) -> str:
    return event.ref.partition("@")[0].partition(":")[0]


def _environment(
    context: Context, owner: Automation, found: Delivery, event: Event, version: Version | None
) -> dict[str, str]:
    return {
        "LINEAL_EVENT": owner.event.value,
        "LINEAL_MODEL": _model(event),
        "LINEAL_STAGE": _stage(event) or "",
        "LINEAL_REF": event.ref if version is None else version.ref,
        "LINEAL_REGISTRY": os.path.abspath(context.root),  # noqa: PTH100  links stay as they are named
        "LINEAL_ON_DEPTH": str(found.depth + 1),
    }


def _told(
    context: Context, owner: Automation, found: Delivery, event: Event, version: Version | None
) -> dict[str, object]:
    """The event as `lineal audit log --json` prints it, and what a script would otherwise have to look up."""
    data = event.data
    return {
        "seq": event.seq,
        "at": rfc3339(event.at),
        "actor": event.actor.user,
        "uid": event.actor.uid,
        "claim": event.actor.claim,
        "action": event.action,
        "ref": event.ref,
        "data": data,
        "prev": event.prev,
        "hash": event.hash,
        "event": owner.event.value,
        "automation": owner.name,
        "delivery": found.id,
        "attempt": found.attempt,
        "registry": os.path.abspath(context.root),  # noqa: PTH100  as above
        "model": _model(event),
        "stage": _stage(event),
        "from": data.get("from"),
        "to": data.get("to"),
        "reason": data.get("reason"),
        "version": None
        if version is None
        else {
            "ref": version.ref,
            "label": version.label,
            "seq": version.seq,
            "uid": version.uid,
            "digest": version.digest,
        },
    }
