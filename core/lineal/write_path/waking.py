"""Starting the one process that runs what automations wait for, without waiting for it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from lineal.errors import MachineError
from lineal.machine.locks import is_held, taken

if TYPE_CHECKING:
    from pathlib import Path

_BACKGROUND = '"$@" &'


def lock_path(root: Path) -> Path:
    """The lock that the worker holds, in the registry's directory `root`."""
    return root / "automation.lock"


def is_working(root: Path) -> bool:
    """Whether a worker runs what waits; without one, what is said to run is lost."""
    return is_held(lock_path(root))


def depth() -> int:
    """How many deliveries led to this process, one through another; 0 for a person's."""
    told = os.environ.get("LINEAL_ON_DEPTH", "")
    if not told:
        return 0
    return min(int(told), 1_000) if told.isascii() and told.isdigit() and len(told) < 10 else 1


def wake(root: Path) -> None:
    """See to it that a worker runs what waits; it outlives this process and its terminal.

    It has the lock from its very beginning, so that a second one is never started; and it looks again after it has let
    go, so that nothing is left that came while it held it.
    """
    # What happened is recorded. Where no worker can be started, the next change or `lineal on run` tries again.
    with suppress(OSError, MachineError), taken(lock_path(root)) as lock:
        if lock is not None:
            _start(root, lock)


def _start(root: Path, lock: int) -> None:
    import fcntl  # noqa: PLC0415  only where something waits
    import subprocess  # noqa: PLC0415  as above

    # A new interpreter, as a caller may have threads, and much memory; the shell's end makes it nobody's child, and so
    # no zombie of a long-lived caller. The words are the shell's arguments, no part of its script.
    handed = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 3)  # those below are taken away from the worker
    try:
        subprocess.run(  # noqa: S603  our own module
            ["/bin/sh", "-c", _BACKGROUND, "sh", *_worker(root, handed)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(handed,),
            check=False,
        )
    finally:
        os.close(handed)


def _worker(root: Path, lock: int) -> list[str]:
    # -P: nothing is imported from where the person stands
    return [sys.executable, "-P", "-m", "lineal.processes.worker", os.path.abspath(root), str(lock)]  # noqa: PTH100  links stay
