"""Pipelines of stages bound to a directory: their beginning, one at a time; cancelling; and what the dead left."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Conflict, LinealError, ReleaseFailed, from_fields
from lineal.queries import pipelines as rows
from lineal.queries import releases as release_rows
from lineal.queries import stages as stage_rows
from lineal.records.releases import STEPS, StepState
from lineal.records.stages import Action
from lineal.staging import layout
from lineal.staging.moving import Work
from lineal.staging.transitions import PERMISSIONS, Ground, ground
from lineal.staging.turns import alone
from lineal.write_path.context import boot_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.releases import Order, Pipeline, StageSettings
    from lineal.records.stages import Stage, Transition
    from lineal.write_path.context import Context


def perform(
    context: Context,
    order: Order,
    *,
    started: Callable[[int], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Transition | None:
    """Move a stage that is bound to a directory, to the end of it.

    Args:
        context: the registry.
        order: what was confirmed.
        started: told the pipeline's number once its journal is open.
        notice: told what was brought in order first, after a process that died.
        progress: told bytes as they are hashed or copied.

    Returns:
        The transition; None when the target was live already and a promotion had nothing to do.

    Raises:
        Busy: another pipeline moves the stage.
        OutOfDate, Refused: it may not begin; nothing is recorded.
        Damaged: a file of the target is not what it was; nothing moved.
        ReleaseFailed: it was taken back, or stays unhealthy; the history tells.
        Cancelled: somebody stopped it.
    """
    with context.read() as connection:
        _, stage = addresses.stage(connection, order.model, order.stage)
    context.check(PERMISSIONS[order.action], f"{order.model}@{order.stage}")
    with alone(context, stage):
        recover(context, stage, notice=notice)
        work = _begin(context, order, stage, progress)
        if work is None:
            return None
        started(work.number)
        transition, failure = work.run()
        if order.action is Action.PROMOTE:  # a rollback is quick, and what it left may be put back: it removes nothing
            _tidy_quietly(context, stage)
    if failure is not None:
        raise failure
    return transition


def _begin(context: Context, order: Order, stage: Stage, progress: Callable[[int], None]) -> Work | None:
    with context.change(PERMISSIONS[order.action], f"{order.model}@{order.stage}") as change:
        connection = change.connection
        found = ground(change, order)
        order = replace(order, overrode=found.overrode)
        settings = release_rows.settings(connection, stage.id)
        if settings is None:
            raise ReleaseFailed(what=f"{order.model}@{order.stage}", why="it is no longer bound to a directory")
        if order.action is Action.PROMOTE and found.is_live_already:
            return None
        number = rows.insert(
            connection,
            stage.id,
            order,
            source=None if found.live is None else found.live.to_version,
            actor=change.actor,
            host=platform.node(),
            boot=boot_id(),
            pid=os.getpid(),
            at=change.at,
            steps=STEPS,
        )
        rows.set_step(connection, number, STEPS[0], StepState.RUNNING, change.at)
        change.record("pipeline_started", f"{order.model}@{order.stage}", pipeline=number, action=order.action)
        return Work(context, number, order, found, settings, change.actor, change.at, progress)


def recover(context: Context, stage: Stage, *, notice: Callable[[str], None] = lambda _: None) -> Transition | None:
    """Bring a stage in order whose pipeline's process died; the caller holds the stage's lock.

    A promotion that had switched is taken back; a rollback, an undo or a clearing goes on where it was; what had not
    switched is recorded as failed.

    Returns:
        The transition it was recorded as; None when there was nothing to do.
    """
    with context.read() as connection:
        dead = rows.running(connection, stage.id)
        settings = release_rows.settings(connection, stage.id)
    if dead is None:
        return None
    place = f"{stage.model}@{stage.name}"
    work, has_switched = _left_behind(context, dead, settings)
    step = dead.running_step or "between two steps"
    why = f"its process {dead.pid} on {dead.host} ended while at: {step}"
    with context.journal(place) as connection:
        rows.take_over(connection, dead.id, platform.node(), boot_id(), os.getpid())
    if not has_switched:
        transition, _ = work.abandon(why)
    elif dead.order.action is Action.PROMOTE or dead.cancelled_by is not None:
        transition, _ = work.take_back(why)
    else:
        transition, _ = work.resume()
    notice(
        f"{place}: a {dead.order.action} by {dead.actor.user} was left unfinished ({why}); it is now recorded as "
        f"{transition.outcome}"
    )
    _tidy_quietly(context, stage)
    return transition


def _left_behind(context: Context, dead: Pipeline, settings: StageSettings | None) -> tuple[Work, bool]:
    """The work of a dead pipeline, and whether it had switched `current`."""
    place = f"{dead.order.model}@{dead.order.stage}"
    if settings is None:
        raise ReleaseFailed(what=place, why="an unfinished pipeline is left, but the stage is bound to no directory")
    with context.read() as connection:
        _, stage = addresses.stage(connection, dead.order.model, dead.order.stage)
        live = stage_rows.live(connection, stage.id)
        target = None if dead.order.target is None else addresses.must_have(connection, dead.order.target)
        back = dead.order.target_transition
        gone_back_to = None if back is None else stage_rows.transition(connection, back)
        known = {release.version: release.name for release in release_rows.releases_of(connection, stage.id)}
    directory = Path(settings.release)
    _sweep(directory)
    now = layout.points_at(directory)
    wanted = None if target is None else layout.release_name(target)
    before = None if live is None or live.to_version is None else known.get(live.to_version)
    has_switched = dead.switched_at is not None or (now == wanted and wanted != before)
    work = Work(
        context,
        dead.id,
        dead.order,
        Ground(stage, live, target, gone_back_to),
        settings,
        dead.actor,
        dead.started_at,
        lambda _: None,
    )
    if has_switched:
        work.adopt(dead.switched_at or context.clock(), dead.cancelled_by)
    elif target is not None and target.id not in known and now != wanted:
        layout.retire(directory, layout.release_name(target))  # laid out, but nobody wrote down that it was
    return work, has_switched


def failure_of(pipeline: Pipeline) -> LinealError | None:
    """The error that a pipeline ended with; None when it went well, or runs."""
    return None if pipeline.failure is None else from_fields(json.loads(pipeline.failure))


def cancel(context: Context, address: str) -> Pipeline:
    """Ask the pipeline that moves a stage to take itself back.

    Raises:
        NotFound: there is no such stage.
        Conflict: no pipeline moves it.
    """
    ref = addresses.stage_ref(address)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
    with context.change(PERMISSIONS[Action.ROLLBACK], str(ref)) as change:
        found = rows.running(change.connection, stage.id)
        if found is None:
            raise Conflict(what=f"cancelling at {ref}", why="no pipeline is running there")
        rows.cancel(change.connection, found.id, change.actor.user)
        change.record("pipeline_cancelled", str(ref), pipeline=found.id)
        return replace(found, cancelled_by=found.cancelled_by or change.actor.user)


def _sweep(directory: Path) -> None:
    """Remove what processes left that died; the caller holds the stage's lock."""
    for path in layout.debris(directory):
        layout.remove(path)


def _tidy_quietly(context: Context, stage: Stage) -> None:
    with suppress(LinealError):  # the transition is over; what cannot be removed now, the next one removes
        tidy(context, stage)


def tidy(context: Context, stage: Stage) -> list[str]:
    """Remove releases that are not live, were not live just before, and that `keep` rollbacks could not reach.

    Returns:
        The names of those that were removed.
    """
    with context.read() as connection:
        settings = release_rows.settings(connection, stage.id)
        if settings is None:
            return []
        live = stage_rows.live(connection, stage.id)
        kept = set() if live is None else {live.to_version}
        if live is not None and live.replaced is not None:  # a server may still be reading it, and undoing leads there
            replaced = stage_rows.transition(connection, live.replaced)
            kept |= set() if replaced is None else {replaced.to_version}
        for place, (version, _) in enumerate(addresses.rollback_chain(connection, live)):
            if place >= settings.keep:
                break
            kept.add(version.id)
        old = [release for release in release_rows.releases_of(connection, stage.id) if release.version not in kept]
    directory = Path(settings.release)
    _sweep(directory)
    if not old:
        return []
    for release in old:  # first the files: what is forgotten too early, nobody would ever remove
        layout.retire(directory, release.name)
    with context.journal(f"{stage.model}@{stage.name}") as connection:
        for release in old:
            release_rows.drop_release(connection, release.id)
    return [release.name for release in old]
