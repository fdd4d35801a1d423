"""One pipeline per stage at a time: whoever moves or binds a stage holds its lock."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lineal.errors import Busy, Locked
from lineal.machine.locks import exclusive, is_held
from lineal.queries import pipelines as rows
from lineal.staging import layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.records.stages import Stage
    from lineal.write_path.context import Context

_TIDYING_SECONDS = 15.0


def is_running(context: Context, stage: int) -> bool:
    """Whether a process moves this stage now."""
    return is_held(layout.stage_lock(context.root, stage))


@contextmanager
def alone(context: Context, stage: Stage) -> Iterator[None]:
    """Hold a stage's lock for the block.

    Raises:
        ReadOnlyRegistry: changes are not possible here.
        Busy: another pipeline moves the stage; one that is over and only tidies up is waited for.
    """
    context.db.check_writable()
    path = layout.stage_lock(context.root, stage.id)
    holder = f"{context.actor.user}, process {os.getpid()}"
    deadline = time.monotonic() + _TIDYING_SECONDS
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(exclusive(path, holder=holder, seconds=0.05))
                break
            except Locked as error:
                with context.read() as connection:
                    is_under_way = rows.running(connection, stage.id) is not None
                if is_under_way or time.monotonic() > deadline:
                    raise busy(context, stage) from error
        yield


def busy(context: Context, stage: Stage) -> Busy:
    """The error of whoever comes second."""
    with context.read() as connection:
        found = rows.running(connection, stage.id)
    actor, since, step = "somebody", "now", "its old releases are being removed"
    if found is not None:
        actor = found.actor.user
        since = time.strftime("%H:%M:%S", time.localtime(found.started_at / 1e6))
        step = found.running_step or "between two steps"
    return Busy(ref=f"{stage.model}@{stage.name}", actor=actor, since=since, step=step)
