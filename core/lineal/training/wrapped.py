"""Any command, in any language, as a run: started here, its output shown and kept, its end recorded."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Self

from lineal.errors import MachineError, NoSource
from lineal.machine.commands import Kept
from lineal.records.runs import RunStatus
from lineal.training.surroundings import REGISTRY, RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lineal.training.recording import RunHandle

_CHUNK = 65_536
_POLL_SECONDS = 0.1
_MOST_LEFT_OVER = 1 << 20
"""Bytes that are read of what a command left in the pipe: what it left behind may write for ever."""


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
    end. `ctrl+c` and signals to end go to the command, which decides, and what becomes of it is recorded. What it
    leaves in the background is not waited for; where its output can be shown no more, it goes on all the same.

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
        NoSource, MachineError: there is no such command, or it cannot be run; the run is recorded as failed.
        OSError: its output could not be shown; how it ended is recorded.
    """
    told = {**environment, RUN: run.ref, REGISTRY: root}
    kept = Kept()
    with _Signals() as signals:
        try:
            process = subprocess.Popen(  # noqa: S603  the person named the command; no shell is involved
                list(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=told, cwd=folder
            )
        except OSError as error:
            run.finish(RunStatus.FAILED, f"{arguments[0]}: {error.strerror}")
            if isinstance(error, FileNotFoundError):
                raise NoSource(path=arguments[0]) from error
            raise MachineError(path=arguments[0], why=f"cannot be run ({error.strerror})") from error
        with process:
            signals.leave_to(process)
            failure = _pass_on(process, kept, output)
            code = process.wait()
    run.keep_output(kept.text())
    if code == 0:
        run.finish(RunStatus.FINISHED)
    elif code < 0:
        run.finish(RunStatus.KILLED, f"ended by signal {-code} ({_signal_name(-code)})")
    else:
        run.finish(RunStatus.FAILED, f"exit code {code}")
    if failure is not None and not isinstance(failure, BrokenPipeError):
        raise failure
    return 128 - code if code < 0 else code


class _Signals:
    """A block in which a command decides what signals to end mean, so that its end is there to be recorded."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # before there is a command: it may run before whoever started it goes on
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._told)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def leave_to(self, process: subprocess.Popen[bytes]) -> None:
        """From now on it is told, and of what came before it, too."""
        # a terminal tells the command of this one, too; not earlier, for what is ignored a command inherits
        self._previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._process = process
        while self._early:
            self._told(self._early.pop(0), None)

    def _told(self, number: int, _frame: object) -> None:
        if self._process is None:
            self._early.append(number)
            return
        with suppress(PermissionError):  # it became another user, as `sudo` does, whom this one may not end
            self._process.send_signal(number)


def _pass_on(process: subprocess.Popen[bytes], kept: Kept, output: IO[bytes]) -> OSError | None:
    """Show and keep what a command prints until it ends: what it leaves in the background is not waited for.

    Returns:
        Why it could not be shown any more, while the command went on; None when all of it was.
    """
    if process.stdout is None:
        raise AssertionError("a command's output is always asked for")
    failure: OSError | None = None
    left = _MOST_LEFT_OVER
    with selectors.DefaultSelector() as selector, process.stdout as stream:
        selector.register(stream, selectors.EVENT_READ)
        while left > 0:
            has_ended = process.poll() is not None
            if not selector.select(0 if has_ended else _POLL_SECONDS):
                if has_ended:
                    break
                continue
            chunk = os.read(stream.fileno(), _CHUNK)
            if not chunk:
                break
            left -= len(chunk) if has_ended else 0
            kept.add(chunk)
            if failure is None:
                try:
                    output.write(chunk)
                    output.flush()
                except OSError as error:  # whoever read it has gone, or its disk is full; the command goes on
                    failure = error
    return failure


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return signal.strsignal(number) or "unknown"  # real-time signals have no names of their own
