"""Moving stages: plans for promotion, rollback, undo and clearing, and carrying them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import AlreadyExists, Conflict, Damaged, NothingLive, NowhereToRollBack, Refused
from lineal.queries import artifacts, releases
from lineal.queries import stages as rows
from lineal.records.stages import Action, Outcome, Plan, Stage, Transition
from lineal.rules import naming, refs
from lineal.staging import release_plans
from lineal.staging.transitions import PERMISSIONS, append, checks, elsewhere, ground
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.models import Version
    from lineal.records.releases import Order
    from lineal.storage.objects import ObjectStore
    from lineal.write_path.context import Context


def plan_promotion(context: Context, address: str, stage_name: str, *, reason: str | None = None) -> Plan:
    """What promoting a version to a stage would do; its checks may have failed.

    Raises:
        NotFound: there is no such version or stage.
        Damaged: a file of the version is missing or cut.
    """
    with context.read() as connection:
        target = addresses.version(connection, address)
        _, stage = addresses.stage(connection, target.model, addresses.stage_name(target.model, stage_name))
        _check_objects(connection, context.objects, target)
        return _plan(context, connection, Action.PROMOTE, stage, target, None, reason)


def plan_rollback(context: Context, address: str, *, to: str | None = None, reason: str | None = None) -> Plan:
    """What rolling a stage back would do.

    Args:
        context: the registry.
        address: of the stage.
        to: address of the version to go back to; None for where the history leads.
        reason: why.

    Raises:
        NotFound: there is no such stage or version.
        NowhereToRollBack: the history leads nowhere.
        Refused: `to` was never live there in good health.
        Damaged: a file of the target is missing or cut; the hint names the next candidate.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        live = rows.live(connection, stage.id)
        if live is None:
            raise NowhereToRollBack(ref=str(ref), why="nothing was ever live there")
        passed: list[tuple[str, str]] = []
        if to is None:
            target, gone_back_to = _next_back(connection, ref, live, passed)
        else:
            target, gone_back_to = _named_back(connection, stage, live, to)
        try:
            _check_objects(connection, context.objects, target)
        except Damaged as error:
            raise Damaged(**error.data, hint=elsewhere(connection, live, target.id) or error.hint) from error
        return _plan(context, connection, Action.ROLLBACK, stage, target, gone_back_to, reason, tuple(passed))


def _next_back(
    connection: sqlite3.Connection, ref: refs.StageRef, live: Transition, passed: list[tuple[str, str]]
) -> tuple[Version, Transition]:
    for found in addresses.rollback_chain(connection, live, passed):
        return found
    why = "nothing was live there before"
    if passed:
        why = "of what was live before, " + ", ".join(f"{label} {reason}" for label, reason in passed)
    raise NowhereToRollBack(ref=str(ref), why=why)


def _named_back(connection: sqlite3.Connection, stage: Stage, live: Transition, to: str) -> tuple[Version, Transition]:
    target = addresses.version(connection, to)
    place = f"{stage.model}@{stage.name}"
    made_by = rows.latest_healthy(connection, stage.id, target.id) if target.model == stage.model else None
    if made_by is None:
        raise Refused(
            what=f"rolling {place} back to {target.ref}",
            why="it was never live there in good health",
            hint=f"promote it with `lineal promote {target.ref} --to {stage.name}`",
        )
    if live.to_version == target.id:
        raise Refused(what=f"rolling {place} back to {target.ref}", why="it is live there now")
    for found, transition in addresses.rollback_chain(connection, live):
        if found.id == target.id:
            return found, transition
    return target, made_by


def plan_undo(context: Context, address: str, *, reason: str | None = None) -> Plan:
    """What undoing the last transition of a stage would do: put back what was live before it.

    Raises:
        NotFound: there is no such stage.
        Refused: nothing was done there yet.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        live = rows.live(connection, stage.id)
        if live is None:
            raise Refused(what=f"undoing at {ref}", why="nothing was done there yet")
        before = None if live.replaced is None else rows.transition(connection, live.replaced)
        target = None
        if before is not None and before.to_version is not None:
            target = addresses.must_have(connection, before.to_version)
            _check_objects(connection, context.objects, target)
        return _plan(context, connection, Action.UNDO, stage, target, before, reason)


def plan_clearing(context: Context, address: str, *, reason: str | None = None) -> Plan:
    """What clearing a stage would do.

    Raises:
        NotFound: there is no such stage.
        NothingLive: it is clear already.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        live = rows.live(connection, stage.id)
        if live is None or live.to_version is None:
            raise NothingLive(ref=str(ref), when="")
        return _plan(context, connection, Action.CLEAR, stage, None, None, reason)


def _plan(
    context: Context,
    connection: sqlite3.Connection,
    action: Action,
    stage: Stage,
    target: Version | None,
    gone_back_to: Transition | None,
    reason: str | None,
    skipped: tuple[tuple[str, str], ...] = (),
) -> Plan:
    if reason is not None:
        naming.check_text("reason", reason)
    facts = release_plans.facts(connection, stage, target)
    live = rows.live(connection, stage.id)
    source = None
    if live is not None and live.to_version is not None:
        source = addresses.must_have(connection, live.to_version)
    copies, steps = facts if facts is not None else (0, ("record",))
    return Plan(
        action=action,
        model=stage.model,
        stage=stage.name,
        source=source,
        source_transition=live,
        target=target,
        target_transition=gone_back_to,
        diff=None,
        checks=checks(connection, stage, target, action=action, live=live, clock=context.clock),
        copies_bytes=copies,
        steps=steps,
        reason=reason,
        skipped=skipped,
    )


def _check_objects(connection: sqlite3.Connection, objects: ObjectStore, target: Version) -> None:
    for digest, size in artifacts.objects_of(connection, target.id):
        objects.check(digest, size, content=False)


def execute(context: Context, order: Order) -> Transition | None:
    """Move a stage that is a pointer only, if what was confirmed still holds.

    Returns:
        The transition; None when the target was live already and a promotion had nothing to do.

    Raises:
        OutOfDate: something else is live now.
        Refused: a check failed.
        Damaged: a file of the target is not what it was; the hint names where else a rollback could go.
        LinealError: the registry cannot be written.
    """
    _check_bytes(context, order)
    with context.change(PERMISSIONS[order.action], f"{order.model}@{order.stage}") as change:
        found = ground(change, order)
        if releases.settings(change.connection, found.stage.id) is not None:
            raise Conflict(what=f"{order.model}@{order.stage}", why="it was bound to a directory meanwhile")
        if order.action is Action.PROMOTE and found.is_live_already:
            return None
        return append(change, found, order, Outcome.UNCHECKED)


def _check_bytes(context: Context, order: Order) -> None:
    """Hash the target's files, outside the transaction: they may be gigabytes."""
    if order.target is None:
        return
    with context.read() as connection:
        wanted = artifacts.objects_of(connection, order.target)
    try:
        context.objects.check_all(wanted)
    except Damaged as error:
        if order.action is not Action.ROLLBACK:
            raise
        with context.read() as connection:
            _, stage = addresses.stage(connection, order.model, order.stage)
            hint = elsewhere(connection, rows.live(connection, stage.id), order.target)
        raise Damaged(**error.data, hint=hint or error.hint) from error


def add_stage(context: Context, model: str, name: str, *, after: str | None = None) -> Stage:
    """Declare a stage of a model.

    Args:
        context: the registry.
        model: its name.
        name: of the stage.
        after: the stage that comes before it in the model's order; None for the end.

    Raises:
        NotFound: there is no such model, or no stage `after`.
        AlreadyExists: the model has a stage of this name.
        BadName: the name cannot be one.
    """
    name = naming.check_stage_name(name)
    with context.change(Permission.CONFIGURE, f"{model}@{name}") as change:
        connection = change.connection
        owner = addresses.model(connection, model)
        if rows.stage(connection, owner.id, name) is not None:
            raise AlreadyExists(kind="stage", name=f"{model}@{name}", where="")
        position = len(rows.stages_of(connection, owner.id))
        if after is not None:
            after = addresses.stage_name(model, after)
            position = addresses.stage(connection, model, after)[1].position + 1
        rows.insert_stage(connection, owner.id, name, position)
        change.record("stage_added", f"{model}@{name}", position=position, after=after)
        return addresses.stage(connection, model, name)[1]


def remove_stage(context: Context, address: str) -> Stage:
    """Take back that a stage was declared, as long as it was never used; returns what it was.

    Args:
        context: the registry.
        address: of the stage.

    Raises:
        NotFound: there is no such model or stage.
        Refused: it is the model's only one, or something refers to it: a transition, a demand, a role.
    """
    ref = addresses.stage_ref(address)
    with context.change(Permission.CONFIGURE, str(ref)) as change:
        connection = change.connection
        owner, found = addresses.stage(connection, ref.model, ref.stage)
        what = f"removing {ref}"
        if len(owner.stages) == 1:
            raise Refused(what=what, why=f"{owner.name} has no other stage")
        if not rows.delete_stage(connection, found):
            why = "it was used: its history, demands, roles, alerts and automations refer to it"
            raise Refused(what=what, why=why, hint="what was used stays; `lineal clear` makes nothing live there")
        change.record("stage_removed", str(ref), position=found.position)
        return found
