"""Row 11: the clock jumps; what came later stays later."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import bound
import guards
from trial import Report

from lineal.errors import LinealError
from lineal.records.base import Micros
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 12


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Move stages by a clock that jumps to and fro between two looks at it."""
    dice = random.Random(seed)  # noqa: S311  no secret
    report = Report()
    where = bound.make(folder)
    if without is not None:
        guards.GUARDS[without].take_out()

    def clock() -> Micros:
        return Micros(1_800_000_000_000_000 + dice.randint(-(10**12), 10**12))

    with open_registry(where.root, clock=clock) as registry:
        for _ in range(trials):
            report.trials += 1
            report.struck += 1
            for stage in ("production", "staging"):
                before = [each.seq for each in registry.history("m", stage)]
                expected = dict(registry.model("m").stages)[stage]
                for _ in range(STEPS // 2):
                    expected = _move(registry.root, clock, stage, dice, expected, report)
                    live = dict(registry.model("m").stages)[stage]
                    if live != expected or (stage == "production" and where.points_at() != expected):
                        report.broken.append(f"{stage}: {live} is live, not {expected}")
                        expected = live
                after = [each.seq for each in registry.history("m", stage)]
                if after != list(range(len(after), 0, -1)) or after[len(after) - len(before) :] != before:
                    report.broken.append(f"{stage}: the history is out of order: {after}")
            if without is not None and report.broken:
                return report
        if registry.verify_events().broken_at is not None:
            report.broken.append("the audit log's chain is broken")
    report.broken += bound.aftermath(where, {"1", "2", "3", "4"})
    return report


def _move(root: Path, clock: object, stage: str, dice: random.Random, live: str | None, report: Report) -> str | None:
    with open_registry(root, clock=clock) as registry:  # type: ignore[arg-type]  # it is one
        try:
            if dice.random() < 0.5:
                label = dice.choice("1234")
                registry.promote(f"m:{label}", stage)
                return label
            plan = registry.plan_rollback(f"m@{stage}")
            if plan.source is None or plan.source.label != live:
                report.broken.append(f"{stage}: rolls back from {plan.source and plan.source.label}, not {live}")
            registry.execute(plan)
        except LinealError:
            return live  # nowhere to go
        return plan.target.label if plan.target else None
