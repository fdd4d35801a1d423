"""Row 2: writers that are killed at random lose nothing that was acknowledged, and leave nothing half done."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from trial import Report, Worker, is_missing, make_registry, start_worker, what_is_broken, what_stays_after_collection

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = 4


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None, check_every: int = 50) -> Report:
    """Kill writers and start others, and look at the registry again and again."""
    dice = random.Random(seed)  # noqa: S311  no secret
    root = make_registry(folder)
    report = Report()
    acknowledged: list[tuple[str, list[str]]] = []

    def start() -> Worker:
        return start_worker("write", root, folder, without=without)

    workers = [start() for _ in range(WORKERS)]
    try:
        while report.trials < trials:
            victim = workers.pop(0)
            victim.wait_until_ready()
            time.sleep(dice.uniform(0, 0.15))
            victim.process.kill()
            told, complaints = victim.end()
            report.trials += 1
            report.struck += bool(told)
            report.broken += [f"a worker said {line}" for line in told if line.startswith("bad")]
            if complaints:
                report.broken.append(complaints.strip().splitlines()[-1])
            acknowledged += [(kind, words) for kind, *words in map(str.split, told) if kind != "bad"]
            if report.trials + WORKERS <= trials:
                workers.append(start())
            if report.trials % check_every == 0 or report.trials == trials:
                _look(root, acknowledged, report)
                acknowledged.clear()
            if without is not None and report.broken:
                break
    finally:
        for worker in workers:
            worker.process.kill()
            worker.end()
    with open_registry(root) as registry:
        report.broken += [f"not collected: {path}" for path in what_stays_after_collection(registry)]
    return report


def _look(root: Path, acknowledged: list[tuple[str, list[str]]], report: Report) -> None:
    with open_registry(root) as registry:
        report.broken += what_is_broken(registry)
        for kind, words in acknowledged:
            report.note(f"acknowledged {kind}")
            if is_missing(registry, kind, words):
                report.broken.append(f"acknowledged and lost: {kind} {' '.join(words)}")
