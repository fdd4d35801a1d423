"""A process that writes to a registry until it is stopped or done, and says what was acknowledged.

Usage: worker.py [--without GUARD] [--limit BYTES] [--timed] register ROOT FILE | write ROOT FOLDER
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import guards

from lineal.errors import ExitCode, LinealError, Refused
from lineal.registry import create_registry, open_registry


class Clock:
    """Whether what is said ends with its time, in nanoseconds of the monotonic clock."""

    is_told = False


def say(*words: object) -> None:
    """Tell the parent, whole and at once, with a call that no fault is injected into."""
    if Clock.is_told and words != ("ready",):
        words = (*words, time.monotonic_ns())
    os.writev(1, [(" ".join(map(str, words)) + "\n").encode()])


def warm_up(file: Path) -> None:
    """Do everything once elsewhere, so that no fault meets an import."""
    folder = Path(tempfile.mkdtemp(prefix="lineal-worker-"))
    try:
        with create_registry(folder / "registry") as registry:
            registry.register("warm", file)
            registry.promote("warm:1.0.0", "production")
            with suppress(Refused):
                registry.rollback("warm@production")
            with registry.start_run("warm") as run:
                run.log_metric("loss", 1.0)
            registry.gc()
    finally:
        shutil.rmtree(folder)


def register(root: Path, file: Path) -> None:
    """Register one file."""
    with open_registry(root) as registry:
        registry.models()
        say("ready")
        signal.sigwait([signal.SIGUSR1])  # a read that waits would be a call that a fault could meet
        try:
            version = registry.register("m", file)
        except LinealError as error:
            word = "bug" if error.exit_code is ExitCode.BUG else "error"
            say(word, type(error).__name__, int(error.exit_code), error)
        except Exception as error:  # noqa: BLE001  what a person must never see is told to the trial
            say("bug", type(error).__name__, error, *traceback.format_exc().splitlines()[-3:-1])
        else:
            say("version", version.ref, version.digest)
    os._exit(0)


def write(root: Path, folder: Path) -> None:
    """Do one change after another, and say what was acknowledged."""
    say("ready")
    own = folder / f"file-{os.getpid()}"
    dice = random.Random(os.getpid())  # noqa: S311  no secret
    with open_registry(root) as registry:
        for count in itertools.count():
            try:
                what = dice.choice(["register", "register", "promote", "rollback", "points", "describe", "gc"])
                if what == "register":
                    own.write_bytes(b"%d %d" % (os.getpid(), count))
                    version = registry.register("m", own)
                    say("version", version.ref, version.digest)
                elif what == "promote":
                    newest = registry.versions("m", limit=8)
                    moved = registry.promote(dice.choice(newest).ref, "production")
                    if moved is not None:
                        say("transition", "m@production", moved.seq)
                elif what == "rollback":
                    say("transition", "m@production", registry.rollback("m@production").seq)
                elif what == "points":
                    with registry.start_run("e") as run:
                        for step in range(20):
                            run.log_metric("loss", step, step=step)
                    say("points", run.ref, 20)
                elif what == "describe":
                    registry.set("m", {"notes": f"{count}"})
                else:
                    registry.gc()
            except LinealError as error:
                if error.exit_code not in {ExitCode.REFUSED, ExitCode.CONFLICT}:
                    say("bad", type(error).__name__, error)


def main() -> None:
    """Take the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", choices=sorted(guards.GUARDS))
    parser.add_argument("--limit", type=int)
    parser.add_argument("--timed", action="store_true")
    parser.add_argument("role", choices=["register", "write"])
    parser.add_argument("root", type=Path)
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    sys.modules["pandas"] = None  # type: ignore[assignment]  # sqlite-utils imports it, which takes half a second
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])  # before there are threads, which take it over
    Clock.is_told = given.timed
    if given.role == "register":
        warm_up(given.path)
    if given.without:
        guards.GUARDS[given.without].take_out()
    if given.limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.limit, given.limit))
    (register if given.role == "register" else write)(given.root, given.path)


if __name__ == "__main__":
    main()
