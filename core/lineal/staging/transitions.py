"""What every transition has in common, within a change that is under way: the ground it stands on, and its record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, Damaged, GatesFailed, OutOfDate, Refused
from lineal.machine.lazily import Later
from lineal.queries import artifacts as artifact_rows
from lineal.queries import stages as rows
from lineal.records.models import VersionStatus
from lineal.records.releases import Order
from lineal.records.stages import Action, Check, Outcome, Plan, Stage, Transition
from lineal.versioning import marking
from lineal.write_path.policy import Permission, authorize

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from lineal.gates import demands
    from lineal.queries import alerts
    from lineal.records.base import Actor, Micros
    from lineal.records.models import Version
    from lineal.write_path.context import Change
else:
    alerts = Later("lineal.queries.alerts")
    demands = Later("lineal.gates.demands")  # a rollback at three in the morning asks for none of it

PERMISSIONS = {
    Action.PROMOTE: Permission.PROMOTE,
    Action.ROLLBACK: Permission.ROLL_BACK,
    Action.UNDO: Permission.ROLL_BACK,
    Action.CLEAR: Permission.PROMOTE,
}

_EVENTS = {
    Action.PROMOTE: "promoted",
    Action.ROLLBACK: "rolled_back",
    Action.UNDO: "undone",
    Action.CLEAR: "cleared",
}

MOVED = frozenset({Outcome.HEALTHY, Outcome.UNCHECKED, Outcome.UNHEALTHY})
"""Outcomes after which the stage is where the transition led."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What an order stands on, looked up inside the transaction that acts on it."""

    stage: Stage
    live: Transition | None
    """The transition that made the stage what it is; None when it was never moved."""
    target: Version | None
    gone_back_to: Transition | None
    overrode: tuple[str, ...] = ()
    """What the stage demands and was not there, which was forced."""

    @property
    def is_live_already(self) -> bool:
        """Whether the target is what is live."""
        return self.target is not None and self.live is not None and self.live.to_version == self.target.id


def order_of(
    plan: Plan, *, bad: bool = False, skip_health: bool = False, verify: bool = False, force: bool = False
) -> Order:
    """The order to do what a plan says."""
    return Order(
        action=plan.action,
        model=plan.model,
        stage=plan.stage,
        source_transition=None if plan.source_transition is None else plan.source_transition.id,
        target=None if plan.target is None else plan.target.id,
        target_transition=None if plan.target_transition is None else plan.target_transition.id,
        reason=plan.reason,
        bad=bad,
        skip_health=skip_health,
        verify=verify,
        force=force,
    )


def checks(
    connection: sqlite3.Connection,
    stage: Stage,
    target: Version | None,
    *,
    action: Action,
    live: Transition | None,
    clock: Callable[[], Micros],
) -> tuple[Check, ...]:
    """Whether a version may become live at a stage: at all, and by what the stage demands of a promotion.

    Args:
        connection: an open view, or the transaction that moves the stage.
        stage: where.
        target: the version; None for clearing.
        action: only a promotion meets gates.
        live: the transition that made the stage what it is.
        clock: tells the time, for how long something was live.
    """
    if target is None:
        return ()
    found = _of_version(connection, target)
    if action is not Action.PROMOTE or (live is not None and live.to_version == target.id):
        return found
    replaced = None if live is None or live.to_version is None else addresses.must_have(connection, live.to_version)
    demanded = demands.checks(connection, stage, target, replaced, clock)
    return (*found, *(replace(check, is_gate=True) for check in demanded))


def _of_version(connection: sqlite3.Connection, target: Version) -> tuple[Check, ...]:
    active = VersionStatus.ACTIVE
    status = Check("status", target.status is active, active.value, target.status.value)
    if artifact_rows.are_kept(connection, target.id):
        return (status,)
    return (status, Check("files", passed=False, wanted="here", saw="known by digest only"))


def ground(change: Change, order: Order) -> Ground:
    """Look up what an order stands on, and whether it still holds.

    Raises:
        OutOfDate: something else is live than when it was confirmed.
        Refused: a check fails, and is not forced.
        NotPermitted: it may not be forced by whoever orders it.
    """
    connection = change.connection
    place = f"{order.model}@{order.stage}"
    _, stage = addresses.stage(connection, order.model, order.stage)
    live = rows.live(connection, stage.id)
    if (live and live.id) != order.source_transition:
        then = None if order.source_transition is None else rows.transition(connection, order.source_transition)
        raise OutOfDate(
            ref=place,
            now=(live.to_label if live else None) or "nothing",
            then=(then.to_label if then else None) or "nothing",
        )
    target = None if order.target is None else addresses.must_have(connection, order.target)
    answers = checks(connection, stage, target, action=order.action, live=live, clock=lambda: change.at)
    failed = [check for check in answers if not check.passed]
    is_forced = order.force and all(check.is_gate for check in failed)
    if failed and target is not None and not is_forced:
        what = f"{order.action} of {target.ref} at {place}"
        why = "; ".join(shortcoming(check) for check in failed)
        hint = _way_out(target, failed, order.stage)
        if not any(check.is_gate for check in failed):
            raise Refused(what=what, why=why, hint=hint)
        raise GatesFailed(what=what, why=why, hint=hint, names=", ".join(check.name for check in failed))
    if failed:
        authorize(connection, change.actor, Permission.FORCE, place)
        if not (order.reason and order.reason.strip()):
            raise BadValue(field="reason", value=None, why="whoever forces a promotion says why", hint="add --reason")
    back = None if order.target_transition is None else rows.transition(connection, order.target_transition)
    return Ground(stage, live, target, back, tuple(shortcoming(check) for check in failed))


def shortcoming(check: Check) -> str:
    """What a failed check says, in a sentence."""
    if check.is_gate:
        return f"{check.name}: wanted {check.wanted}, saw {check.saw}"
    return f"{check.name} is {check.saw}, not {check.wanted}"


def _way_out(target: Version, failed: list[Check], stage: str) -> str:
    if all(check.is_gate for check in failed):
        if [check.name for check in failed] == ["approvals"]:
            return f"ask for `lineal approve {target.ref} --for {stage}`"
        return f"`lineal promote {target.ref} --to {stage} --plan` shows all checks; an admin may add --force --reason"
    if target.status is VersionStatus.ACTIVE:
        return f"bring its files with `lineal export {target.ref} --to bundle` from where they are"
    if target.status is VersionStatus.RETIRED:
        return f"a retired version stays retired; `lineal show {target.ref}` tells why, and what to use instead"
    return f"mark it with `lineal mark {target.ref} --active` if it may be used"


def elsewhere(connection: sqlite3.Connection, live: Transition | None, target: int | None) -> str | None:
    """Where else a rollback could go when the bytes of its target are damaged, as a hint."""
    for candidate, _ in addresses.rollback_chain(connection, live):
        if candidate.id != target:
            return f"the next candidate is {candidate.ref}: add --to {candidate.ref}"
    return None


def append(
    change: Change,
    found: Ground,
    order: Order,
    outcome: Outcome,
    *,
    actor: Actor | None = None,
    began_at: Micros | None = None,
    switched_at: Micros | None = None,
    reverted_at: Micros | None = None,
    output: str | None = None,
) -> Transition:
    """Append a transition that is over to the stage's history, with its event and, if asked for, the mark.

    Args:
        change: the transaction.
        found: what the order stands on.
        order: what was done.
        outcome: how it ended.
        actor: who ordered it; None for who records it.
        began_at: when it began; None for now.
        switched_at: when the stage switched; None for now, or for one that never did.
        reverted_at: when it was switched back; None for one that was not.
        output: what failed printed; None when nothing failed.
    """
    overrode = order.overrode or found.overrode
    number = rows.insert_transition(
        change.connection,
        found.stage.id,
        action=order.action,
        from_version=None if found.live is None else found.live.to_version,
        to_version=order.target,
        actor=actor or change.actor,
        reason=order.reason,
        began_at=change.at if began_at is None else began_at,
        switched_at=change.at if switched_at is None and outcome in MOVED else switched_at,
        ended_at=change.at,
        outcome=outcome,
        output=output,
        predecessor=_predecessor(order, found),
        replaced=None if found.live is None else found.live.id,
        reverted_at=reverted_at,
        forced=bool(overrode),
    )
    transition = rows.transition(change.connection, number)
    if transition is None:
        raise Damaged(path="registry.db", why="a transition that was just written is missing")
    change.record(
        _EVENTS[order.action] if outcome in MOVED else f"{order.action}_{outcome}",
        f"{order.model}@{order.stage}",
        seq=transition.seq,
        reason=order.reason,
        outcome=outcome,
        **({"forced": True, "overrode": list(overrode)} if overrode else {}),
        # whoever finds a pipeline dead brings it to its end
        **({"by": actor.user} if actor is not None and actor.user != change.actor.user else {}),
        **{"from": transition.from_label, "to": transition.to_label},
    )
    if outcome in MOVED:
        why = f"{transition.to_label or 'nothing'} is live now"
        for episode, alert in alerts.end_all(change.connection, found.stage.id, at=change.at, why=why):
            change.record("alert_cleared", f"{order.model}@{order.stage}", alert=alert, episode=episode, why=why)
    if order.bad and outcome in MOVED and found.live is not None and found.live.to_version is not None:
        left = addresses.must_have(change.connection, found.live.to_version)
        marking.mark(change, left, VersionStatus.BAD, reason=order.reason)
    return transition


def _predecessor(order: Order, found: Ground) -> int | None:
    """Where a rollback from the new transition leads: as from the one gone back to, or to the one it replaces."""
    if order.action in {Action.ROLLBACK, Action.UNDO}:
        return None if found.gone_back_to is None else found.gone_back_to.predecessor
    return None if found.live is None else found.live.id
