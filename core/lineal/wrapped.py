"""Any command, in any language, as a run: started here, its output shown and kept, its end recorded."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import IO, TYPE_CHECKING

from lineal import addresses
from lineal.commands import Kept
from lineal.errors import BadAddress, NoSource, NotFound
from lineal.records.runs import RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lineal.context import Context
    from lineal.recording import RunHandle
    from lineal.registry import Registry

RUN = "LINEAL_RUN"
"""Names the run to what the command starts: to `lineal log`, and to `lineal.start_run`, whose runs are its children."""

REGISTRY = "LINEAL_REGISTRY"

REPRODUCES = "LINEAL_REPRODUCES"
"""Names the version that a command trains again, and that what it registers of the same model is a retraining of."""


def surrounding_run(registry: Registry) -> str | None:
    """Address of the run whose command this process is part of; None when there is none, or none in this registry."""
    ref = os.environ.get(RUN)
    if not ref:
        return None
    try:
        return f"run:{registry.run(ref).id}"
    except (BadAddress, NotFound):
        return None  # it is another registry's


def reproduced_version(context: Context, model: str) -> str | None:
    """`REF=retrain` of the version of a model that this process trains again; None when it does not."""
    ref = os.environ.get(REPRODUCES)
    if not ref:
        return None
    try:
        with context.read() as connection:
            found = addresses.version(connection, ref)
    except (BadAddress, NotFound):
        return None  # it is another registry's
    return f"{found.ref}=retrain" if found.model == model else None


def run_command(
    run: RunHandle,
    arguments: Sequence[str],
    *,
    root: str,
    output: IO[bytes],
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> int:
    """Run a command to its end as a run.

    Standard output and standard error are shown as they come, together, and kept with the run: the beginning and the
    end. `ctrl+c` goes to the command; the run is then recorded as killed.

    Args:
        run: started for it; ended here.
        arguments: the argument list.
        root: the registry's directory, which the command is told.
        output: where what it prints is shown.
        environment: of the command.
        folder: that it runs in; None for the working folder.

    Returns:
        Its exit code; 128 and the signal's number when one ended it.

    Raises:
        NoSource: there is no such command; the run is recorded as failed.
    """
    told = {**environment, RUN: run.ref, REGISTRY: root}
    kept = Kept()
    try:
        process = subprocess.Popen(  # noqa: S603  the person named the command; no shell is involved
            list(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=told, cwd=folder
        )
    except OSError as error:
        run.finish(RunStatus.FAILED, f"{arguments[0]}: {error.strerror}")
        raise NoSource(path=arguments[0]) from error
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the command too, which decides
    try:
        with process:
            if process.stdout is not None:
                while chunk := os.read(process.stdout.fileno(), 65_536):
                    kept.add(chunk)
                    output.write(chunk)
                    output.flush()
            code = process.wait()
    finally:
        signal.signal(signal.SIGINT, previous)
    run.keep_output(kept.text())
    if code == 0:
        run.finish(RunStatus.FINISHED)
    elif code < 0:
        run.finish(RunStatus.KILLED, f"ended by signal {-code} ({signal.Signals(-code).name})")
    else:
        run.finish(RunStatus.FAILED, f"exit code {code}")
    return 128 - code if code < 0 else code
