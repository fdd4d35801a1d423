"""Reading what is live at a stage, what was, and who moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import NothingLive
from lineal.queries import models
from lineal.queries import stages as rows
from lineal.records.stages import LiveVersion
from lineal.rules import refs

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.base import Micros
    from lineal.records.stages import Stage, Transition
    from lineal.write_path.context import Context


def live_at(context: Context, address: str, at: Micros | None = None) -> LiveVersion:
    """What is live at a stage, or was at a time.

    Args:
        context: the registry.
        address: of the stage; `~N` only without `at`.
        at: the time; None for now.

    Raises:
        NotFound: there is no such stage.
        NothingLive: nothing is, or was.
    """
    ref = refs.parse(address)
    if not isinstance(ref, refs.StageRef) or (ref.back and at is not None):
        ref = addresses.stage_ref(address)
    with context.read() as connection:
        if at is None:
            return addresses.live_version(connection, ref)
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        found = _live_then(connection, stage, at)
    if found is None:
        raise NothingLive(ref=str(ref), when=" at that time")
    return found


def _live_then(connection: sqlite3.Connection, stage: Stage, at: Micros) -> LiveVersion | None:
    for transition in rows.switches_until(connection, stage.id, at):
        if transition.until is not None and transition.until <= at:
            continue
        if transition.to_version is None:
            break
        version = addresses.must_have(connection, transition.to_version)
        return LiveVersion(version, stage.name, transition.at, transition.actor, transition.reason, transition)
    return None


def everywhere_at(context: Context, model: str, at: Micros) -> list[tuple[str, LiveVersion | None]]:
    """(stage, what was live there at a time) of a model's stages, in order; None where nothing was.

    Raises:
        NotFound: there is no such model.
    """
    with context.read() as connection:
        found = rows.stages_of(connection, addresses.model(connection, model).id)
        return [(stage.name, _live_then(connection, stage, at)) for stage in found]


def stages_of(context: Context, model: str) -> list[Stage]:
    """The stages of a model, in order.

    Raises:
        NotFound: there is no such model.
    """
    with context.read() as connection:
        return rows.stages_of(connection, addresses.model(connection, model).id)


def history(
    context: Context, model: str, stage_name: str | None, *, limit: int | None, before: int | None
) -> list[Transition]:
    """The history of a stage or of all stages of a model, newest first.

    Raises:
        NotFound: there is no such model or stage.
    """
    with context.read() as connection:
        number = models.model_id(connection, model)
        if number is None or stage_name is not None:
            owner = addresses.model(connection, model)
            number = owner.id
        stage = None if stage_name is None else addresses.stage(connection, model, stage_name)[1].id
        return rows.history(connection, number, stage, before=before, limit=-1 if limit is None else limit)
