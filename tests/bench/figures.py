"""How every benchmark tells its figures: each beside its budget and, where asked for, kept for one table of all."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NO_BUDGET = math.inf
KEPT = "BENCH_FIGURES"
"""The variable that names a file to which figures are added, as JSON lines: what, figure, budget, unit, note."""


class Report:
    """Figures as they come, and which of them missed their budgets."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        print(f"  {'':<68} {'figure':>10} {'':<5} {'budget':>8}  ratio", flush=True)

    def line(self, what: str, figure: float, budget: float, unit: str, note: str = "") -> None:
        """Print one figure beside its budget."""
        over = figure > budget
        if over:
            self.missed.append(what)
        ratio = f"{figure / budget:6.2f}" if budget else "   yes" if not figure else "    no"
        mark = "*" if over else " "
        beside = f"{'':>8} {'':>6}" if math.isinf(budget) else f"{budget:8,.1f} {ratio}"
        print(f"{mark} {what:<68} {figure:10,.2f} {unit:<5} {beside}  {note}".rstrip(), flush=True)
        if KEPT in os.environ:
            kept = {"what": what, "figure": figure, "unit": unit, "note": note}
            with Path(os.environ[KEPT]).open("a", encoding="utf-8") as file:
                file.write(json.dumps({**kept, "budget": None if math.isinf(budget) else budget}) + "\n")

    def note(self, text: str) -> None:
        """Print what has no budget."""
        print(f"    {text}", flush=True)

    def end(self) -> int:
        """Name what was missed; returns the exit code."""
        if self.missed:
            print("missed: " + "; ".join(self.missed))
        return 1 if self.missed else 0


def median_ms(work: Callable[[], object], times: int = 7) -> float:
    """The median time of a call, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1e3)
    return statistics.median(taken)
