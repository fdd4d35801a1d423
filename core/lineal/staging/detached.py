"""Pipelines in a process of their own, so that they outlive the terminal they were started from.

The process is the leader of its own session, without a terminal: neither a hang-up nor `ctrl+c` reaches it. What still
can end it is logind with `KillUserProcesses=yes`, which ends everything of a session that closes unless the user
lingers (`loginctl enable-linger`). What it leaves then, the next transition or `lineal doctor --repair` settles.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from lineal.errors import LinealError, from_fields, to_fields
from lineal.queries import pipelines as rows
from lineal.queries import stages as stage_rows
from lineal.staging import pipelines, turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.releases import Order, Pipeline
    from lineal.records.stages import Transition
    from lineal.write_path.context import Context

_POLLS = (0.002, 0.005, 0.01, 0.02, 0.05)


def fork(context: Context, order: Order) -> int | None:
    """Start a pipeline in a forked process; only for a process with a single thread.

    Returns:
        The pipeline's number; None when there was nothing to do.

    Raises:
        LinealError: it may not begin.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            os.setsid()
            if os.fork() == 0:  # the grandchild is nobody's child, and so no zombie of a long-lived parent
                let_go_of_terminal()
                serve(context, order, writer)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as stream:
        return _answer(stream.read())


def spawn(context: Context, order: Order) -> int | None:
    """Start a pipeline in a new process; for a process with threads. Returns and raises as `fork`."""
    actor = context.actor
    content = {
        "order": asdict(order),
        "root": str(context.root),
        "claim": actor.claim,
        "vouched": actor.user if actor.is_vouched else None,
    }
    process = subprocess.run(
        [sys.executable, "-P", "-m", "lineal.processes.runner"],  # -P: nothing is imported from where the person stands
        input=json.dumps(content).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    return _answer(process.stdout)


def _answer(told: bytes) -> int | None:
    if not told:
        raise LinealError(what="the pipeline's process ended before it began", hint="see `lineal doctor`")
    answer = json.loads(told)
    if "error" in answer:
        raise from_fields(answer)
    number: int | None = answer["pipeline"]
    return number


def let_go_of_terminal() -> None:
    """Ignore hang-ups, and read and write nowhere."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, lambda *_: None)  # unlike "ignore", it is not handed on to hooks and their servers
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def serve(context: Context, order: Order, writer: int) -> None:
    """Run a pipeline to its end; tell once whether it began."""

    def tell(answer: dict[str, object]) -> None:
        nonlocal writer
        if writer >= 0:
            with suppress(BrokenPipeError):  # whoever asked is gone already; the journal tells the next one
                os.write(writer, json.dumps(answer).encode())
            os.close(writer)
            writer = -1

    try:
        pipelines.perform(context, order, started=lambda number: tell({"pipeline": number}))
    except LinealError as error:
        tell(to_fields(error))  # once it began, the journal tells
    except BaseException as error:
        tell(to_fields(LinealError(what=f"the pipeline's process ended before it began: {error!r}")))
        raise
    tell({"pipeline": None})


def follow(
    context: Context,
    number: int,
    *,
    changed: Callable[[Pipeline], None] = lambda _: None,
    tick: Callable[[], None] = lambda: None,
) -> tuple[Pipeline, Transition | None]:
    """Wait for a pipeline to end.

    Args:
        context: the registry.
        number: the pipeline's.
        changed: told the journal whenever it has changed.
        tick: called between two looks; what it raises ends the wait.

    Returns:
        The journal and the transition it ended with; None when its process died, which `recover` settles.
    """
    last, turn = None, 0
    while True:
        with context.read() as connection:
            found = rows.pipeline(connection, number)
        if found is None:
            raise LinealError(what=f"pipeline {number} is missing")
        if found != last:
            changed(found)
            last, turn = found, 0
        if found.transition is not None:
            with context.read() as connection:
                return found, stage_rows.transition(connection, found.transition)
        if not turns.is_running(context, found.stage_id):
            with context.read() as connection:
                again = rows.pipeline(connection, number)
            if again is not None and again.transition is None:
                return again, None
            continue
        tick()
        time.sleep(_POLLS[min(turn, len(_POLLS) - 1)])
        turn += 1
