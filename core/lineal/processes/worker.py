"""The process that runs what automations wait for: `python -m lineal.processes.worker DIR LOCK`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lineal.errors import LinealError
from lineal.operations import delivering
from lineal.registry import open_registry
from lineal.staging.detached import let_go_of_terminal


def main() -> int:
    """Run what waits until nothing does."""
    let_go_of_terminal()
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # a shell's background job ignores them, and would hand that on
    os.environ.pop("LINEAL_RUN", None)  # the run of whoever caused the event is none of the commands'
    root, lock = Path(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(lock, False)
    try:
        with open_registry(root) as registry:
            delivering.drain(registry.context, lock)
    except LinealError as error:
        return error.exit_code  # moved, full, read-only: what waits is in the registry, and doctor tells
    return 0


if __name__ == "__main__":
    sys.exit(main())
