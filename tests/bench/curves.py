"""Figures of curves: `python tests/bench/curves.py [--points N] [--at DIR]`.

Writes eight runs of a hundred thousand points through the writer that runs use, then measures what reading them as
curves costs for each axis and for parts of it, what memory that needs, what drawing them costs, and in a real terminal
what a move of the cursor sends. A second registry has series of a million points.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from lineal.queries import metrics as metric_rows
from lineal.records.base import Micros
from lineal.records.runs import Direction, Point
from lineal.registry import create_registry, open_registry
from lineal_tui.view.training import curves as drawing

if TYPE_CHECKING:
    from tests.bench.figures import NO_BUDGET, Report, median_ms
    from tests.bench.ptys import Terminal

    from lineal.records.curves import Curves
    from lineal.registry import Registry
else:
    from figures import NO_BUDGET, Report, median_ms
    from ptys import Terminal

RUNS = 8
_BATCH = 1_000
_START = 1_767_225_600_000_000


def fill(registry: Registry, points: int) -> tuple[list[str], float]:
    """Log runs of so many points, a batch in a statement as a flush does; returns addresses, seconds in the writer."""
    chance = random.Random(1)  # noqa: S311  values to draw
    refs = []
    taken = 0.0
    for k in range(RUNS):
        with registry.start_run("bench", name=f"run {k}") as run:
            run.log_metric("loss", 3.0, step=0, at=Micros(_START))
        refs.append(run.ref)
        number = registry.run(run.ref).n
        with registry.context.measure("bench") as connection:
            (name,) = connection.execute("SELECT id FROM names WHERE name = 'loss'").fetchone()
            for start in range(1, points, _BATCH):
                batch = [
                    Point(n, Micros(_START + n * 200_000), 3 * math.exp(-n * (k + 1) / points) + chance.random() / 10)
                    for n in range(start, min(start + _BATCH, points))
                ]
                began = time.perf_counter()
                metric_rows.append(connection, number, name, None, Direction.LOWER, batch)
                taken += time.perf_counter() - began
    return refs, taken


def reading(report: Report, registry: Registry, refs: list[str], points: int) -> None:
    """Read curves for a plot of 160 cells."""
    columns = drawing.plot_columns(160)

    def read(**options: object) -> Curves:
        return registry.curves(refs, "loss", columns=columns, **options)  # type: ignore[arg-type]

    found = read()
    assert all(sum(dot.count for dot in curve.dots) == points for curve in found.curves)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    what = f"{RUNS} curves of {points:,} points"
    report.line(f"{what}, by step", median_ms(read), 100, "ms")
    report.line(f"{what}, by time", median_ms(lambda: read(by="time")), 100, "ms")
    for share in (0.2, 0.01, 0.0005):
        first = points // 3
        part = median_ms(lambda first=first, share=share: read(first=first, last=first + points * share))  # type: ignore[misc]
        report.line(f"{what}, {share:.2%} of the steps", part, 100, "ms")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    report.line(f"{what}, memory above what the first took", grown / 1024, 8, "MiB")


def drawn(report: Report, found: Curves) -> None:
    """Draw curves that were read."""
    look = drawing.PlotLook(160, 40)
    report.line(
        f"{len(found.curves)} curves drawn into 160x40",
        median_ms(lambda: drawing.plot_lines(found, look)),
        NO_BUDGET,
        "ms",
    )


def two_drawn(report: Report, registry: Registry) -> None:
    """Two curves of a thousand points, read and drawn, beside the 12 ms that a first try at it took."""
    refs = []
    registry.register("bench", metrics={"loss": 0.1})
    for k in range(2):
        with registry.start_run("small") as run:
            for n in range(1000):
                run.log_metric("loss", math.sin(n / (30 + k)), step=n)
        refs.append(run.ref)
    look = drawing.PlotLook(120, 40)
    found = registry.curves(refs, "loss", columns=drawing.plot_columns(120))
    report.line("2 curves of 1,000 points drawn", median_ms(lambda: drawing.plot_lines(found, look)), 12, "ms")


def in_a_terminal(report: Report, root: Path) -> None:
    """Moves of the cursor over two curves in a real terminal."""
    command = [str(Path(sys.executable).parent / "lineal"), "--registry", str(root)]
    with tempfile.TemporaryDirectory() as home, Terminal(command, environment={"XDG_STATE_HOME": home}) as terminal:
        terminal.settle()
        for key in ("7", " ", " ", "C"):
            terminal.press(key)
            terminal.settle()
        bursts = [terminal.press("l") for _ in range(31)][1:]
        report.line(
            "a move of the cursor, values of 2 curves told, median", median(burst.bytes for burst in bursts), 250, "B"
        )
        report.line(
            "a move of the cursor, to its last byte", median((burst.last or 0) * 1e3 for burst in bursts), 16, "ms"
        )


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--long", type=int, default=1_000_000, help="points of the second registry; 0 for none")
    parser.add_argument("--at", type=Path, help="keep the registries here")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as name:
        folder = options.at or Path(name)
        for points in (options.points, options.long):
            if not points:
                continue
            root = folder / f"curves-{points}"
            if not root.exists():
                with create_registry(root) as registry:
                    _, taken = fill(registry, points)
                report.line(
                    f"adding points to long series, of {points:,}", taken / points / RUNS * 1e6, NO_BUDGET, "us"
                )
            with open_registry(root) as registry:
                refs = [f"run:{run.id}" for run in registry.runs("bench")]
                reading(report, registry, refs, points)
                drawn(report, registry.curves(refs, "loss", columns=drawing.plot_columns(160)))
                if points == options.points:
                    two_drawn(report, registry)
            if points == options.points:
                in_a_terminal(report, root)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
