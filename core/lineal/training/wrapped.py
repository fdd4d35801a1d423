"""Any command, in any language, as a run: started here, its output shown and kept, its end recorded."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import IO, TYPE_CHECKING

from lineal.errors import NoSource
from lineal.machine.commands import Kept
from lineal.records.runs import RunStatus
from lineal.training.surroundings import REGISTRY, RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lineal.training.recording import RunHandle


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
