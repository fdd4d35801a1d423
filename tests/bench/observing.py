"""Figures of observations: `python tests/bench/observing.py [--years N] [--at DIR]`.

Observes five metrics a minute for simulated years, and measures what one observation costs at the beginning and at the
end, in this process and as a command, with and without alerts, and how the file grows.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from lineal.records.base import Micros
from lineal.records.observations import Observation
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from tests.bench.figures import NO_BUDGET, Report

    from lineal.registry import Registry
else:
    from figures import NO_BUDGET, Report

PLACE = "fraud@production"
NAMES = ("latency_p50", "latency_p99", "error_rate", "auc", "requests")
MINUTE = 60_000_000
DAY = 1_440 * MINUTE
_ALERTS = ("latency_p99 < 800 for 10m", "error_rate < promoted.error_rate * 1e6", "auc >= metrics.auc - 5")
_TIMES = 200


class Simulated:
    """A clock that a test sets."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> Micros:
        return Micros(self.at)


def main() -> int:
    """Measure and print; returns the exit code."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--years", type=float, default=3.0)
    asked.add_argument("--at", type=Path)
    options = asked.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="lineal-observing-") as folder:
        root = (options.at or Path(folder)) / "registry"
        days = round(options.years * 365)
        now = time.time_ns() // 1_000
        clock = Simulated(now - (days + 1) * DAY)
        create_registry(root, clock=clock).close()
        with open_registry(root, clock=clock) as registry:
            weights = Path(folder) / "weights.bin"
            for label in ("1.0.0", "2.0.0"):
                weights.write_text(label)
                registry.register("fraud", weights, label=label, metrics={"auc": 0.9})
                registry.promote(f"fraud:{label}", "production")
            clock.at += MINUTE
            measure(report, registry, clock, "at the beginning")
            began = time.perf_counter()
            sizes = fill(registry, clock, days)
            took = time.perf_counter() - began
            report.note(f"{days} days of {len(NAMES)} metrics a minute, a day at a time: {took:.0f} s")
            for name, size in sizes:
                report.line(f"registry.db {name}", size / 1e6, NO_BUDGET, "MB")
            measure(report, registry, clock, f"after {days} days")
            registry.set_alerts(PLACE, *_ALERTS)
            measure(report, registry, clock, f"after {days} days, with {len(_ALERTS)} alerts")
        command(report, root)
    return report.end()


def fill(registry: Registry, clock: Simulated, days: int) -> list[tuple[str, int]]:
    """Observe day after day; returns how large the file was when."""
    chance = random.Random(8)  # noqa: S311  figures to look at, no secrets
    sizes = []
    for day in range(days):
        begin = clock.at + MINUTE
        clock.at += DAY + MINUTE
        registry.observe_all(
            PLACE,
            [
                Observation(name, chance.gauss(50, 5), Micros(begin + minute * MINUTE))
                for minute in range(1_440)
                for name in NAMES
            ],
        )
        if day + 1 in {30, days} or (day + 1) % 365 == 0:
            sizes.append((f"after {day + 1} days", (registry.root / "registry.db").stat().st_size))
    return sizes


def measure(report: Report, registry: Registry, clock: Simulated, when: str) -> None:
    """One observation of five metrics after the other."""
    took = []
    for _ in range(_TIMES):
        clock.at += MINUTE
        began = time.perf_counter()
        registry.observe(PLACE, dict.fromkeys(NAMES, 50.0))
        took.append((time.perf_counter() - began) * 1e3)
    took.sort()
    note = f"p95 {took[int(_TIMES * 0.95)]:.1f} ms"
    report.line(f"{len(NAMES)} metrics observed {when}", median(took), NO_BUDGET, "ms", note)


def command(report: Report, root: Path) -> None:
    """The same as a command, start-up included, with the alerts; beside the smallest command."""
    words = [f"{name}={50}" for name in NAMES]
    for name, arguments in (
        ("lineal --version", ["--version"]),
        ("lineal live", ["--registry", str(root), "live", PLACE]),
        ("lineal observe", ["--registry", str(root), "observe", PLACE, *words]),
    ):
        took = []
        for _ in range(20):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "lineal_tui.main", *arguments], check=True, capture_output=True)
            took.append((time.perf_counter() - began) * 1e3)
        report.line(f"{name} as a process", median(took), NO_BUDGET, "ms", f"most {max(took):.0f}")


if __name__ == "__main__":
    sys.exit(main())
