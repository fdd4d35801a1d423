"""Bound stages and their pipelines as JSON."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from lineal.errors import LinealError
    from lineal.records.base import Micros
    from lineal.records.releases import Pipeline, Release, StageSettings, StageState
    from lineal.records.stages import Stage
    from lineal_tui.view.as_json.values import Json, Object


def settings(found: StageSettings) -> Object:
    """How a stage is bound; commands are lists of words."""
    return {
        "release": found.release,
        "hook": _words(found.hook),
        "health": _words(found.health),
        "health_url": found.health_url,
        "health_status": found.health_status,
        "health_text": found.health_text,
        "tries": found.tries,
        "interval": found.interval,
        "timeout": found.timeout,
        "keep": found.keep,
    }


def state(stage: Stage, found: StageState, failure: LinealError | None) -> Object:
    """A stage on this machine.

    Args:
        stage: itself.
        found: what is known of it here.
        failure: what its last pipeline ended with.
    """
    directory = None if found.settings is None else found.settings.release
    current = None if directory is None or found.points_at is None else str(PurePath(directory) / found.points_at)
    return {
        "ref": f"{found.model}@{found.stage}",
        "model": found.model,
        "name": found.stage,
        "position": stage.position,
        "live": found.live,
        "outcome": found.outcome,
        "forced": found.forced,
        "alarmed": found.alarmed,
        "bad": found.bad,
        "current": current,
        "settings": None if found.settings is None else settings(found.settings),
        "releases": [_release(found, each) for each in found.releases],
        "pipeline": None if found.pipeline is None else pipeline(found.pipeline, failure, is_running=found.is_running),
    }


def _release(stage: StageState, found: Release) -> Object:
    label = found.name.rpartition("-")[0]
    directory = "" if stage.settings is None else stage.settings.release
    return {
        "ref": f"{stage.model}:{label}",
        "name": found.name,
        "path": str(PurePath(directory) / found.name),
        "bytes": sum(file.size for file in found.files),
        "laid_at": utc_time(found.laid_at),
        "current": found.name == stage.points_at,
    }


def pipeline(found: Pipeline, failure: LinealError | None, *, is_running: bool) -> Object:
    """The journal of a pipeline.

    Args:
        found: the journal.
        failure: what it ended with; None when it went well, or is not over.
        is_running: whether a process moves its stage now.
    """
    order = found.order
    return {
        "ref": f"{order.model}@{order.stage}",
        "id": found.id,
        "action": order.action.value,
        "from": found.from_label,
        "to": found.to_label,
        "state": state_of(found, is_running=is_running),
        "step": found.running_step,
        "actor": found.actor.user,
        "claim": found.actor.claim,
        "reason": order.reason,
        "host": found.host,
        "pid": found.pid,
        "started_at": utc_time(found.started_at),
        "switched_at": _time(found.switched_at),
        "ended_at": _time(found.ended_at),
        "cancelled_by": found.cancelled_by,
        "failure": None
        if failure is None
        else {"error": type(failure).__name__, "message": str(failure), "hint": failure.hint},
        "steps": [
            {
                "name": step.name,
                "state": step.state.value,
                "started_at": _time(step.started_at),
                "ended_at": _time(step.ended_at),
                "output": step.output,
            }
            for step in found.steps
        ],
    }


def state_of(found: Pipeline, *, is_running: bool) -> str:
    """How a pipeline is, in a word: running, cancelling, dead (its process is gone), done or failed."""
    if found.ended_at is not None:
        return "done" if found.failure is None else "failed"
    if not is_running:
        return "dead"
    return "running" if found.cancelled_by is None else "cancelling"


def _words(command: tuple[str, ...] | None) -> Json:
    return None if command is None else list(command)


def _time(at: Micros | None) -> str | None:
    return None if at is None else utc_time(at)
