"""Measures opening differences: `python tests/bench/diffing.py [--pty]`.

Of runs with 200 params and 200 metrics each, in process: reading them, comparing them, and making what a screen of
160x48 shows. Figures are the best and the median of several tries; the exit code is 1 when the budget is missed. With
`--pty`, the bytes that a move of the cursor costs in the application are counted, too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.registry import Registry, create_registry, open_registry
from lineal_tui.view.diffs.side_by_side import Board, Look, framed, side_head, side_items, side_painter, side_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.figures import NO_BUDGET, Report
    from tests.bench.ptys import Terminal
else:
    from figures import NO_BUDGET, Report
    from ptys import Terminal

BUDGET = 50.0
"""Milliseconds for two runs of 200 params and 200 metrics."""
BYTES = 150
PARAMS = METRICS = 200
TRIES = 15
WIDTH, HEIGHT = 160, 48


def fill(root: Path, runs: int = 20, params: int = PARAMS, metrics: int = METRICS) -> list[str]:
    """A registry with runs that differ in every fifth param and in all metrics; returns their addresses."""
    found = []
    with create_registry(root) as registry:
        for number in range(runs):
            values = {f"group{n % 7}.param_{n:03}": n * (1 + number * (n % 5 == 0)) for n in range(params)}
            with registry.start_run("search", name=f"trial-{number}", params=values) as run:
                run.log_metrics({f"metric_{n:03}/loss": n + number / 10 for n in range(metrics)}, step=1)
                found.append(f"run:{run.id}")
    return found


def draw(board: Board, look: Look) -> int:
    """Make what one screen shows; returns how many rows there are."""
    _, look = framed(board, look, WIDTH)
    side_title(board, look, WIDTH, stage=None, active=True)
    side_head(board, look, WIDTH)
    items, _ = side_items(board, look, WIDTH)
    paint = side_painter(board, look)
    for item in items[:HEIGHT]:
        paint(item, WIDTH)
    return len(items)


def opening(registry: Registry, refs: Sequence[str]) -> tuple[float, float, int]:
    """Seconds that reading and comparing take, seconds that drawing takes, and the rows."""
    start = time.perf_counter()
    found = registry.diff(*refs)
    read = time.perf_counter()
    rows = draw(Board(found), Look())
    return read - start, time.perf_counter() - read, rows


def measure(report: Report, root: Path, refs: Sequence[str], budget: float) -> None:
    """Tell what it takes for some runs."""
    with open_registry(root, read_only=True) as registry:
        opening(registry, refs)  # modules are imported once
        tries = [opening(registry, refs) for _ in range(TRIES)]
    whole = [core + view for core, view, _ in tries]
    median = statistics.median(whole)
    core, view = (statistics.median(each[part] for each in tries) * 1e3 for part in (0, 1))
    note = f"core {core:.1f}, view {view:.1f}, best {min(whole) * 1e3:.1f}"
    report.line(f"a difference of {len(refs)} runs, {tries[0][2]:,} rows", median * 1e3, budget, "ms", note)


def count_bytes(root: Path, refs: Sequence[str], size: tuple[int, int]) -> list[int]:
    """Bytes that each of 40 moves of the cursor costs in the application."""
    command = [sys.executable, "-m", "lineal_tui.main", "--registry", str(root)]
    with Terminal(command, size=size) as terminal:
        terminal.wait_for("lineal")
        terminal.settle()
        terminal.press(f":diff {' '.join(refs)}\r")
        terminal.wait_for("against")
        terminal.settle()
        return [terminal.press("j").bytes for _ in range(40)]


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pty", action="store_true", help="count bytes in a terminal, too")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "registry")
        refs = fill(root)
        for count in (2, 4, 8, 20):
            measure(report, root, refs[:count], BUDGET if count == 2 else NO_BUDGET)
        if options.pty:
            for size in ((80, 24), (160, 48)):
                moves = count_bytes(root, refs[:6], size)
                what = f"a move of the cursor in a difference, {size[0]}x{size[1]}"
                report.line(what, statistics.median(moves), BYTES, "B", f"most {max(moves)}")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
