"""Row 10: the terminal goes while a pipeline runs; it ends all the same, and the next login sees how."""

from __future__ import annotations

import os
import pty
import random
import signal
import time
from typing import TYPE_CHECKING

import bound
import guards
from trial import Report

from lineal.errors import LinealError
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from bound import Bound

WAYS = ("close the terminal", "hang up the session", "kill the session's leader", "ctrl+c", "ctrl+\\")
_HOOK = "#!/bin/sh\nsleep 0.15\necho done\n"


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Start pipelines in terminals, and take these away at random moments."""
    dice = random.Random(seed)  # noqa: S311  no secret
    report = Report()
    where = bound.make(folder)
    hook = folder / "hook"
    hook.write_text(_HOOK)
    hook.chmod(0o755)
    with open_registry(where.root) as registry:
        registry.bind_stage(bound.PLACE, hook=(str(hook),))
    if without is not None:
        guards.GUARDS[without].take_out()
    for _ in range(trials):
        _try(where, WAYS[report.trials % len(WAYS)], dice, report)
        report.trials += 1
        if without is not None and report.broken:
            break
    report.broken += bound.aftermath(where, {"1", "2", "3", "4"})
    return report


def _try(where: Bound, way: str, dice: random.Random, report: Report) -> None:
    with open_registry(where.root) as registry:
        before = len(registry.history("m", "production"))
        old = where.live(registry)
    new = dice.choice([label for label in "1234" if label != old])
    reader, writer = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        code = 1
        try:
            with open_registry(where.root) as registry:
                number = registry.begin(registry.plan_promote(f"m:{new}", "production"), threads=False)
                os.write(writer, b"begun")
                registry.follow(number or 0)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    begun = os.read(reader, 5) == b"begun"
    os.close(reader)
    time.sleep(dice.uniform(0, 0.08))
    _take_away(way, child, terminal)
    _, status = os.waitpid(child, 0)
    if way in WAYS[3:]:
        os.close(terminal)
    report.struck += bool(status)
    told = f"{way} while {old} became {new}"
    with open_registry(where.root) as registry:
        deadline = time.monotonic() + 10
        while registry.running_pipelines():
            if time.monotonic() > deadline:
                report.broken.append(f"{told}: left unfinished, the process is gone")
                try:
                    registry.promote(f"m:{new}", "production")
                except LinealError as error:
                    report.broken.append(f"{told}: {error}")
                return
            if not registry.stage_state(bound.PLACE).is_running and registry.running_pipelines():
                deadline = min(deadline, time.monotonic() + 0.2)
            time.sleep(0.005)
        history = registry.history("m", "production")
        live = where.live(registry)
        if len(history) != before + begun or live != (new if begun else old) or live != where.points_at():
            report.broken.append(f"{told}: {live} is live, {len(history) - before} entries, begun {begun}")
        report.note("went on without its terminal" if status else "was over before")


def _take_away(way: str, child: int, terminal: int) -> None:
    if way == WAYS[0]:
        os.close(terminal)
    elif way == WAYS[1]:
        os.killpg(child, signal.SIGHUP)
        os.close(terminal)
    elif way == WAYS[2]:
        os.kill(child, signal.SIGKILL)
        os.close(terminal)
    else:
        os.write(terminal, b"\x03" if way == "ctrl+c" else b"\x1c")
