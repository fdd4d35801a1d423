"""Measures the application against its budgets: `python tests/bench/run.py [--registry DIR] [--small]`.

It runs in a real terminal, on a registry that `generate.py` wrote (one is made when none is given), beside the smallest
Textual application in the same run. Figures are medians or 95th percentiles of several tries; `*` stands at what is
missed, and the exit code is 1 then. The registry is rolled back and put right again once, so use a generated one.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.registry import Registry, open_registry
from lineal_tui.remembered import Place, remember, state_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.generate import generate
    from tests.bench.ptys import Burst, Link, Terminal
    from tests.bench.rows import Sizes
else:
    from generate import generate
    from ptys import Link, Terminal
    from rows import Sizes

MODEL, STAGE = "fraud", "production"
TO_THE_RUNS = "7"
"""Keys that lead from the tree to the table of all runs; empty: the tree is measured alone."""
RUNS_SHOWN = "RUN"
"""What is on the screen when the runs are."""
FILTER = ""
"""Keys that filter the tree for FILTERED, typed one after the other; empty: it cannot be filtered yet."""
FILTERED = "mixup"

USEFUL = "PRODUCTION"
"""Once this is written, a person sees the newest versions and what is live."""
PAGE_DOWN, PAGE_UP, HALF_DOWN = "\x1b[6~", "\x1b[5~", "\x04"
SLOW = Link(rate=10_000, delay=0.3)
HELD = 60
"""Presses of a held key on the slow link, 30 a second."""


class Report:
    """Figures as they come, and which of them missed their budgets."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def line(self, what: str, figure: float, budget: float, unit: str, note: str = "") -> None:
        """Print one figure beside its budget."""
        over = figure > budget
        if over:
            self.missed.append(what)
        ratio = f"{figure / budget:6.2f}" if budget else "   yes" if not figure else "    no"
        mark = "*" if over else " "
        print(f"{mark} {what:<58} {figure:10,.1f} {unit:<5} {budget:8,.1f} {ratio}  {note}", flush=True)

    def note(self, text: str) -> None:
        """Print what has no budget."""
        print(f"    {text}", flush=True)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how often it is measured."""

    registry: Registry
    state: Path
    """Where the application keeps what it remembers."""
    report: Report
    tries: int
    """Starts, or keys divided by ten, for one figure."""
    pages: int
    """Pages that are scrolled before memory is looked at."""

    @contextmanager
    def application(self, *, size: tuple[int, int] = (120, 40), link: Link | None = None) -> Iterator[Terminal]:
        """The application, on the tree of the largest model, settled."""
        with self.start(size=size, link=link) as terminal:
            terminal.wait_for(USEFUL, 60)
            terminal.settle()
            yield terminal

    def start(self, *, size: tuple[int, int] = (120, 40), link: Link | None = None) -> Terminal:
        """The application, just started."""
        remember(self.state / "lineal" / state_name(self.registry.uid, self.registry.root), Place(MODEL, STAGE))
        command = [sys.executable, "-m", "lineal_tui.main", "--registry", str(self.registry.root)]
        environment = {"XDG_STATE_HOME": str(self.state)}
        if link is not None:
            environment["SSH_CONNECTION"] = "192.0.2.1 50000 192.0.2.2 22"
        return Terminal(command, size=size, link=link, environment=environment)


def p95(values: Sequence[float]) -> float:
    """The value that 95 of a hundred do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def first_paint(bench: Bench) -> None:
    """Starts of the application and of the smallest one, in turn."""
    smallest = [sys.executable, str(Path(__file__).with_name("smallest.py"))]
    ours, least, settled, bytes_, cpu = [], [], [], [], []
    for number in range(bench.tries + 1):
        with Terminal(smallest) as terminal:
            base = terminal.wait_for("The smallest application") - terminal.started
            terminal.settle()
            base_memory = terminal.memory()
        with bench.start() as terminal:
            painted = terminal.wait_for(USEFUL, 60) - terminal.started
            terminal.settle()
            if number:  # the first start of each fills the caches
                least.append(base)
                ours.append(painted)
                settled.append(terminal.chunks[-1][0] - terminal.started)
                bytes_.append(len(terminal.output))
                cpu.append(terminal.cpu())
    what = "first useful paint / the smallest application's"
    base, painted = statistics.median(least), statistics.median(ours)
    note = f"{painted * 1e3:.0f} ms, {base * 1e3:.0f} ms"
    bench.report.line(what, statistics.median(o / b for o, b in zip(ours, least, strict=True)), 1.5, "x", note)
    bench.report.note(
        f"all panes there after {statistics.median(settled) * 1e3:.0f} ms, {statistics.median(cpu) * 1e3:.0f} ms of "
        f"processor, {statistics.median(bytes_):,.0f} bytes; the smallest has {base_memory[0]:.0f} MB"
    )
    with bench.application(size=(80, 24)) as terminal:
        bench.report.line("bytes of the first screen, 80x24", len(terminal.output), 14_000, "bytes")


def moving(bench: Bench, terminal: Terminal, where: str) -> None:
    """Single keys in a list."""
    keys = bench.tries * 10
    bursts = [terminal.during("j", 0.07) for _ in range(keys)]  # no pane follows before the cursor rests
    report_times(bench, f"cursor, {where}, p95", bursts, 16)
    steps = sorted(burst.bytes for burst in bursts)
    bench.report.line(f"bytes of a cursor move, {where}", statistics.median(steps), 150, "bytes", f"most {steps[-1]:,}")
    terminal.settle()
    for what, key in (("page down", PAGE_DOWN), ("half page", HALF_DOWN)):
        bursts = [terminal.during(key, 0.1) for _ in range(max(20, keys // 2))]
        report_times(bench, f"{what}, {where}, p95", bursts, 40)
        terminal.settle()
    first = terminal.press("G")
    bench.report.note(f"the first G, {where}: {(first.last or 0) * 1e3:.1f} ms")
    terminal.settle()
    bursts = []
    for key in "gG" * max(10, keys // 10):
        bursts.append(terminal.during(key, 0.1))
        terminal.settle(0.3)
    report_times(bench, f"G and g, {where}, p95", bursts, 40)


def report_times(bench: Bench, what: str, bursts: Sequence[Burst], budget: float) -> None:
    """The time from a key to its last byte."""
    times = [burst.last * 1e3 for burst in bursts if burst.last is not None]
    silent = len(bursts) - len(times)
    size = statistics.median(burst.bytes for burst in bursts)
    note = f"median {statistics.median(times):.1f}, most {max(times):.1f}, {size:,.0f} bytes"
    bench.report.line(what, p95(times), budget, "ms", note + (f", {silent} keys without a byte" if silent else ""))


def asking(bench: Bench) -> None:
    """A question, an answer that came before it, and a roll back in two keys."""
    with bench.application() as terminal:
        bursts = []
        for _ in range(3):
            bursts.append(terminal.press("r", quiet=0.4))
            terminal.press("\x1b", quiet=0.4)
        most = max(burst.bytes for burst in bursts)
        bench.report.line(
            "bytes of a question", most, 250, "bytes", f"{(bursts[0].last or 0) * 1e3:.0f} ms to the last"
        )
    before = live(bench)
    with bench.start() as terminal:
        terminal.wait_for(USEFUL, 60)
        terminal.send("ryyyy")
        terminal.settle()
        bench.report.line("answers typed before their question that counted", live(bench) != before, 0, "")
    with bench.application() as terminal:
        terminal.press("r", quiet=0.4)
        terminal.press("y", quiet=0.8, longest=10)
        bench.report.line("keys from launch to a rolled back production", 2 if live(bench) != before else 99, 2, "keys")
    if live(bench) != before:
        bench.registry.undo(f"{MODEL}@{STAGE}", reason="the measurement is over")


def live(bench: Bench) -> str:
    """The label of what is live."""
    return bench.registry.live(f"{MODEL}@{STAGE}").version.label


def idle(bench: Bench) -> None:
    """Nothing is done."""
    with bench.application() as terminal:
        terminal.read(1.0)
        before, spent = len(terminal.output), terminal.cpu()
        terminal.read(5.0)
        note = f"{(terminal.cpu() - spent) * 1e3 / 5:.0f} ms of processor a second"
        bench.report.line("bytes in 5 s of doing nothing", len(terminal.output) - before, 0, "bytes", note)


def scrolling(bench: Bench) -> None:
    """Keys in the longest lists, and what they leave in memory."""
    with bench.application() as terminal:
        start = terminal.memory()
        moving(bench, terminal, f"{bench.registry.version_count(MODEL):,} versions")
        if TO_THE_RUNS:
            terminal.send(TO_THE_RUNS)
            terminal.wait_for(RUNS_SHOWN)
            terminal.settle()
            moving(bench, terminal, f"{bench.registry.run_count():,} runs")
        for key in (PAGE_UP, PAGE_DOWN):
            for _ in range(bench.pages // 20):
                terminal.send(key * 20)
                terminal.settle(0.1, 60)
        rss, pss = terminal.memory()
        note = f"{pss:.0f} MB proportional; {start[0]:.0f} MB at first; {bench.pages * 2:,} pages"
        bench.report.line("memory after scrolling", rss, 90, "MB", note)


def slow_link(bench: Bench) -> None:
    """A key held on a slow connection."""
    skeleton = bench.registry.tree_skeleton(MODEL)
    at = next(
        place for place, row in enumerate(skeleton) if row[0] == bench.registry.live(f"{MODEL}@{STAGE}").version.id
    )
    goal = bench.registry.version(f"{MODEL}:#{skeleton[at + HELD][1]}").label
    here = re.compile(rf"▌.?\s*{re.escape(goal)}\s")
    taken = []
    for _ in range(3):
        with bench.application(link=SLOW) as terminal:
            before = len(terminal.output)
            began = time.monotonic()
            for number in range(HELD):
                terminal.read(max(0.0, began + number / 30 - time.monotonic()))
                terminal.send("j")
            last = time.monotonic()
            terminal.read(20, until=lambda: any(here.search(row) for row in terminal.rows))
            taken.append(time.monotonic() - last)
            bytes_ = len(terminal.output) - before
            terminal.settle(1.0, 30)
            settled = terminal.chunks[-1][0] - last
    note = f"{bytes_:,} bytes; all panes after {settled:.2f} s; the way there and back takes {SLOW.delay * 2:.1f} s"
    bench.report.line(f"slow link: caught up after {HELD} held j", statistics.median(taken), 1.0, "s", note)


def filtering(bench: Bench) -> None:
    """The first rows of a filter over all versions of a model."""
    if not FILTER:
        bench.report.note("the tree cannot be filtered yet")
        return
    times = []
    for _ in range(bench.tries):
        with bench.application() as terminal:
            terminal.press(FILTER)
            terminal.settle()
            for key in FILTERED[:-1]:
                terminal.send(key)
                terminal.read(0.03)
            times.append((terminal.press(FILTERED[-1], quiet=0.2).last or 0) * 1e3)
    bench.report.line("filter: to the last byte of the first rows", statistics.median(times), 100, "ms")


PARTS = {
    "paint": first_paint,
    "idle": idle,
    "asking": asking,
    "link": slow_link,
    "filter": filtering,
    "scrolling": scrolling,
}


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--registry", type=Path, metavar="DIR", help="one that generate.py wrote; else one is made")
    parser.add_argument("--small", action="store_true", help="10,000 versions and runs, few tries")
    parser.add_argument("--only", choices=PARTS, action="append", help="some parts only")
    parser.add_argument("--pages", type=int, help="pages to scroll before memory is looked at")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as name:
        root = options.registry
        if root is None:
            root = Path(name) / "registry"
            sizes = Sizes(10_000, 10_000, 100_000) if options.small else Sizes(100_000, 1_000_000, 10_000_000)
            generate(root, sizes)
        with open_registry(root) as registry:
            tries, pages = (3, 100) if options.small else (10, 1_000)
            bench = Bench(registry, Path(name) / "state", report, tries, options.pages or pages)
            print(f"  {'':<58} {'figure':>10} {'':<5} {'budget':>8}  ratio", flush=True)
            for part in options.only or PARTS:
                PARTS[part](bench)
    if report.missed:
        print("missed: " + "; ".join(report.missed))
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
