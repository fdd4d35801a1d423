"""What an alert sets off once it is recorded: a rollback through the stage's own pipeline, and a command."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Conflict, LinealError
from lineal.machine import commands
from lineal.queries import alerts as rows
from lineal.queries import releases as release_rows
from lineal.rules.canonical import rfc3339
from lineal.staging import detached, stages, transitions

if TYPE_CHECKING:
    from lineal.records.alerts import Episode, Fired
    from lineal.records.observations import Observed
    from lineal.write_path.context import Context

COMMAND_SECONDS = 60.0
"""How long an alert's command may take."""


def react(context: Context, observed: Observed) -> Observed:
    """Do what the alerts say that fired: roll back first, then begin their commands, which run on by themselves.

    What keeps a stage from being rolled back is recorded, and not tried again.
    """
    place = f"{observed.model}@{observed.stage}"
    fired = []
    for each in observed.fired:
        told = each
        if each.rolls_back:
            try:
                pipeline, label = _roll_back(context, place, each)
                observed = replace(observed, pipeline=pipeline, rolled_back_to=label)
                with context.journal(place) as connection:
                    rows.begun_rollback(connection, each.episode)
            except LinealError as error:
                told = replace(each, rolls_back=False, why_not=str(error))
                _record_refusal(context, place, told)
        fired.append(told)
    for each in fired:
        if each.rule.command is not None:
            _begin_command(context, each.episode)
    return replace(observed, fired=tuple(fired))


def _roll_back(context: Context, place: str, fired: Fired) -> tuple[int | None, str | None]:
    """Begin to roll a stage back; returns the pipeline's number, None for a pointer, and where it leads."""
    reason = f"alert: {fired.rule.text}; saw {fired.saw} (automatic)"
    plan = stages.plan_rollback(context, place, reason=reason)
    if plan.source_transition is None or plan.source_transition.id != fired.transition:
        raise Conflict(what=f"rolling {place} back", why="somebody else moved it meanwhile")
    order = transitions.order_of(plan)
    ref = addresses.stage_ref(place)
    with context.read() as connection:
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        is_bound = release_rows.settings(connection, stage.id) is not None
    label = None if plan.target is None else plan.target.label
    if is_bound:
        return detached.spawn(context, order), label
    stages.execute(context, order)
    return None, label


def _record_refusal(context: Context, place: str, fired: Fired) -> None:
    with context.conclude(place) as change:
        rows.refuse_rollback(change.connection, fired.episode, fired.why_not or "refused")
        change.record("alert_not_rolled_back", place, alert=fired.rule.text, episode=fired.episode, why=fired.why_not)


def _begin_command(context: Context, episode: int) -> None:
    actor = context.actor
    content = {
        "root": str(context.root),
        "episode": episode,
        "claim": actor.claim,
        "vouched": actor.user if actor.is_vouched else None,
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "lineal.processes.alert_runner",
        ],  # -P: nothing is imported from where the person stands
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps(content).encode())
        process.stdin.close()
    process.wait()  # it goes on in a process of its own, which is nobody's child


def run_command(context: Context, number: int) -> None:
    """Run the command of an alert that fired, to its end, and keep what it printed."""
    with context.read() as connection:
        found = rows.episode(connection, number)
        command = rows.command_of(connection, number)
    if found is None or command is None:
        return
    finished = commands.run(
        command,
        environment={"LINEAL_MODEL": found.model, "LINEAL_STAGE": found.stage, "LINEAL_REGISTRY": str(context.root)},
        folder=context.root,
        seconds=COMMAND_SECONDS,
        given=json.dumps(event(found)).encode() + b"\n",
    )
    with context.journal(found.ref) as connection:
        rows.keep_output(connection, number, finished.output)


def event(found: Episode) -> dict[str, object]:
    """What a command is told on its standard input; times are RFC 3339 in UTC."""
    return {
        "action": "alert_fired",
        "ref": found.ref,
        "model": found.model,
        "stage": found.stage,
        "version": found.label,
        "alert": found.alert,
        "saw": found.saw,
        "since": rfc3339(found.since),
        "fired_at": rfc3339(found.fired_at),
        "rollback": found.rollback,
    }
