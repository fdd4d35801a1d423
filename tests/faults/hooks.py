"""Row 9: hooks and health checks that hang, crash, flap, fork and flood take bounded time and leave the old release."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import bound
import guards
from trial import Report

from lineal.errors import LinealError, ReleaseFailed
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from bound import Bound

    from lineal.registry import Registry

TIMEOUT = 0.25
WELL = {
    "well": "echo fine",
    "chatty": "seq 30000",
    "leaves a server": "sleep 2 & echo started",
    "escapes": r"printf '\033]0;x\007\033[2J\0\377'",
}
ILL = {
    "hangs": "sleep 60",
    "forks and hangs": "sleep 60 & sleep 60 & wait",
    "is deaf": "trap '' TERM; sleep 0.1; exit 4",
    "floods": "yes",
    "crashes": "kill -SEGV $$",
    "says no": "echo no; exit 3",
    "floods and says no": "seq 30000; exit 1",
    "is gone": None,
    "may not be run": None,
}


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Move a stage whose commands misbehave at random."""
    dice = random.Random(seed)  # noqa: S311  no secret
    report = Report()
    where = bound.make(folder)
    if without is not None:
        guards.GUARDS[without].take_out()
    with open_registry(where.root) as registry:
        names = {name: (str(folder / name),) for name in ("hook", "health")}
        registry.bind_stage(bound.PLACE, **names, tries=2, timeout=TIMEOUT, interval=0.01)
        for _ in range(trials):
            _try(registry, where, folder, dice, report)
            report.trials += 1
            if without is not None and report.broken:
                break
    report.broken += bound.aftermath(where, {"1", "2", "3", "4"})
    return report


def _try(registry: Registry, where: Bound, folder: Path, dice: random.Random, report: Report) -> None:
    kinds = {name: dice.choice([*WELL, *ILL]) for name in ("hook", "health")}
    flaps = dice.random() < 0.3
    reverts_well = dice.random() < 0.8
    for name, kind in kinds.items():
        _write(folder / name, kind, flaps=flaps and name == "health", reverts_well=reverts_well)
    rolls_back = dice.random() < 0.4
    plan = registry.plan_promote(dice.choice(["m:1", "m:2", "m:3", "m:4"]), "production")
    if rolls_back:
        try:
            plan = registry.plan_rollback(bound.PLACE)
        except LinealError:
            rolls_back = False  # there is nowhere to go
    if plan.changes_nothing:
        report.note("nothing to do")
        return
    old = where.live(registry)
    ill = kinds["hook"] in ILL or (kinds["health"] in ILL and not (flaps and ILL[kinds["health"]] is not None))
    report.struck += ill
    told = f"{kinds}{' flaps' if flaps else ''} {plan.action} {old}"
    began = time.monotonic()
    try:
        registry.execute(plan)
    except ReleaseFailed as error:
        if not ill:
            report.broken.append(f"{told}: failed without need: {error}")
        if not reverts_well and plan.action == "promote" and "FAILED" not in str(error):
            report.broken.append(f"{told}: a failed take-back was not loud: {error}")
        wanted = old if plan.action == "promote" else plan.target and plan.target.label
        newest = registry.history("m", "production")[0]
        if newest.outcome != ("reverted" if plan.action == "promote" else "unhealthy"):
            report.broken.append(f"{told}: recorded as {newest.outcome}")
        output = [step.output for step in registry.pipelines(bound.PLACE)[0].steps if step.state == "failed"]
        if not any(output) or max(map(len, output)) > 70_000:
            report.broken.append(f"{told}: its output was not kept, or is boundless")
        report.note("taken back" if plan.action == "promote" else "stays unhealthy")
    else:
        if ill:
            report.broken.append(f"{told}: nobody noticed")
        wanted = plan.target.label if plan.target else None
        report.note("healthy")
    taken = time.monotonic() - began
    if taken > 6 * TIMEOUT + 1.5:
        report.broken.append(f"{told}: took {taken:.1f} s")
    if not where.live(registry) == where.points_at() == wanted:
        report.broken.append(f"{told}: {where.live(registry)} is live, current leads to {where.points_at()}")


def _write(path: Path, kind: str, *, flaps: bool, reverts_well: bool) -> None:
    path.unlink(missing_ok=True)
    body = WELL.get(kind) or ILL.get(kind)
    if kind == "is gone":
        return
    flap = f'if test -e "{path}.once"; then rm "{path}.once"; exit 0; else touch "{path}.once"; fi\n' if flaps else ""
    revert = 'test "$LINEAL_ACTION" != revert || exit ' + ("0" if reverts_well else "5")
    path.write_text(f"#!/bin/sh\n{revert}\n{flap}{body or 'echo x'}\n")
    path.chmod(0o644 if kind == "may not be run" else 0o755)
    path.with_name(f"{path.name}.once").unlink(missing_ok=True)
