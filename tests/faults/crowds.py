"""Row 8: eight processes promote, roll back, register and collect at once; history reads as one line."""

from __future__ import annotations

import os
import random
import traceback
from typing import TYPE_CHECKING

import bound
import guards
from trial import Report

from lineal.errors import ExitCode, LinealError
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from bound import Bound

PROCESSES = 8
_EXPECTED = {ExitCode.CONFLICT, ExitCode.REFUSED}


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Let processes work until they have done `trials` operations together."""
    report = Report()
    where = bound.make(folder)
    if without is not None:
        guards.GUARDS[without].take_out()
    children = []
    for number in range(PROCESSES):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(reader)
                told = _work(where, folder, trials // PROCESSES, random.Random(seed * 100 + number))  # noqa: S311
                with os.fdopen(writer, "w") as stream:
                    stream.write("\n".join(told))
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        children.append((child, reader))
    for child, reader in children:
        with os.fdopen(reader) as stream:
            lines = stream.read().splitlines()
        _, status = os.waitpid(child, 0)
        if status:
            report.broken.append(f"a process ended with {status}")
        for line in lines:
            kind, _, what = line.partition(" ")
            if kind == "bad":
                report.broken.append(what)
            else:
                report.trials += 1
                report.note(line)
    report.struck = report.notes.get("production Busy", 0)
    report.broken += _as_one_line(where)
    if without is None or not report.broken:
        report.broken += bound.aftermath(where, {"1", "2", "3", "4", *map(str, range(5, trials))})
    return report


def _work(where: Bound, folder: Path, count: int, dice: random.Random) -> list[str]:
    told = []
    own = folder / f"file-{os.getpid()}"
    with open_registry(where.root) as registry:
        for turn in range(count):
            what = dice.choice(["promote", "promote", "rollback", "rollback", "register", "gc"])
            stage = dice.choice(["production", "staging"])
            try:
                if what == "register":
                    own.write_bytes(b"%d %d" % (dice.randrange(40), dice.randrange(2)))  # often known already
                    registry.register("m", own)
                elif what == "gc":
                    registry.gc()
                elif what == "promote":
                    newest = registry.versions("m", limit=6)
                    registry.promote(dice.choice(newest).ref, stage)
                else:
                    registry.rollback(f"m@{stage}")
                told.append(f"{what} done")
            except LinealError as error:
                if error.exit_code not in _EXPECTED:
                    told.append(f"bad {what} {turn}: {type(error).__name__} {error}")
                told.append(f"{stage} {type(error).__name__}")
            except Exception:  # noqa: BLE001  whatever it is, the parent must hear of it
                told.append("bad " + traceback.format_exc().replace("\n", " | "))
    return told


def _as_one_line(where: Bound) -> list[str]:
    broken = []
    with open_registry(where.root) as registry:
        for stage in ("production", "staging"):
            live = None
            history = registry.history("m", stage, limit=100_000)[::-1]
            if [each.seq for each in history] != list(range(1, len(history) + 1)):
                broken.append(f"{stage}: the sequence has gaps")
            for each in history:
                if each.from_label != live:
                    broken.append(f"{stage} {each.seq}: from {each.from_label}, but {live} was live")
                if each.outcome in {"healthy", "unchecked", "unhealthy"}:
                    live = each.to_label
            if dict(registry.model("m").stages)[stage] != live:
                broken.append(f"{stage}: the history ends with {live}, but something else is live")
    return broken
