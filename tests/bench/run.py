"""Measures the application against its budgets: `python tests/bench/run.py [--registry DIR] [--small]`.

It runs in a real terminal, on a registry that `generate.py` wrote (one is made when none is given), beside the smallest
Textual application in the same run. Figures are medians or 95th percentiles of several tries; `*` stands at what is
missed, and the exit code is 1 then. The registry is rolled back and put right again once, so use a generated one.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.finding import filtering, ordering, show_runs
    from tests.bench.generate import generate
    from tests.bench.measuring import MODEL, NO_BUDGET, STAGE, USEFUL, WHOLE, Bench, Report
    from tests.bench.ptys import Link, Terminal
    from tests.bench.rows import Sizes
else:
    from finding import filtering, ordering, show_runs
    from generate import generate
    from measuring import MODEL, NO_BUDGET, STAGE, USEFUL, WHOLE, Bench, Report
    from ptys import Link, Terminal
    from rows import Sizes

PAGE_DOWN, PAGE_UP, HALF_DOWN = "\x1b[6~", "\x1b[5~", "\x04"
SLOW = Link(rate=10_000, delay=0.3)
HELD = 60
"""Presses of a held key on the slow link, 30 a second."""
SMALLEST = [sys.executable, str(Path(__file__).with_name("smallest.py"))]


def first_paint(bench: Bench) -> None:
    """Starts of the application and of the smallest one, in turn: until something useful shows, and answers a key."""
    ours, least, settled, bytes_, cpu = [], [], [], [], []
    for number in range(bench.tries + 1):
        with Terminal(SMALLEST) as terminal:
            base = terminal.wait_for("The smallest application") - terminal.started
            terminal.settle()
            base_memory = terminal.memory()
        with bench.start() as terminal:
            painted = terminal.wait_for(USEFUL, 60) - terminal.started
            terminal.wait_for(WHOLE, 60)
            terminal.settle()
            if number:  # the first start of each fills the caches
                least.append(base)
                ours.append(painted)
                settled.append(terminal.chunks[-1][0] - terminal.started)
                bytes_.append(len(terminal.output))
                cpu.append(terminal.cpu())
    beside(bench, "first useful paint / the smallest application's", ours, least, 1.5)
    answering, base_answering = [], []
    for _ in range(bench.tries):
        with Terminal(SMALLEST) as terminal:
            base_answering.append(answered(terminal, "It answers"))
        with bench.start() as terminal:
            answering.append(answered(terminal, "keys in"))
    beside(bench, "a key typed at the start answered / the smallest's", answering, base_answering, NO_BUDGET)
    bench.report.note(
        f"all panes there after {statistics.median(settled) * 1e3:.0f} ms, {statistics.median(cpu) * 1e3:.0f} ms of "
        f"processor, {statistics.median(bytes_):,.0f} bytes; the smallest has {base_memory[0]:.0f} MB"
    )
    with bench.application(size=(80, 24)) as terminal:
        bench.report.line("bytes of the first screen, 80x24", len(terminal.output), 14_000, "bytes")


def answered(terminal: Terminal, text: str) -> float:
    """Seconds from the start until a key that was typed at once is answered by a text."""
    terminal.send("?")
    return terminal.wait_for(text, 60) - terminal.started


def beside(bench: Bench, what: str, ours: list[float], least: list[float], budget: float) -> None:
    """Times of the application and of the smallest one that ran beside it."""
    note = f"{statistics.median(ours) * 1e3:.0f} ms, {statistics.median(least) * 1e3:.0f} ms"
    bench.report.line(what, statistics.median(o / b for o, b in zip(ours, least, strict=True)), budget, "x", note)


def moving(bench: Bench, terminal: Terminal, where: str) -> None:
    """Single keys in a list."""
    keys = bench.tries * 10
    bursts = [terminal.during("j", 0.07) for _ in range(keys)]  # no pane follows before the cursor rests
    bench.report.times(f"cursor, {where}, p95", bursts, 16)
    steps = sorted(burst.bytes for burst in bursts)
    bench.report.line(f"bytes of a cursor move, {where}", statistics.median(steps), 150, "bytes", f"most {steps[-1]:,}")
    terminal.settle()
    for what, key in (("page down", PAGE_DOWN), ("half page", HALF_DOWN)):
        bursts = [terminal.during(key, 0.1) for _ in range(max(20, keys // 2))]
        bench.report.times(f"{what}, {where}, p95", bursts, 40)
        terminal.settle()
    first = terminal.press("G")
    bench.report.note(f"the first G, {where}: {(first.last or 0) * 1e3:.1f} ms")
    terminal.settle()
    bursts = []
    for key in "gG" * max(10, keys // 10):
        bursts.append(terminal.during(key, 0.1))
        terminal.settle(0.3)
    bench.report.times(f"G and g, {where}, p95", bursts, 40)


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
        terminal.wait_for(WHOLE, 60)
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
        show_runs(terminal)
        runs = f"{bench.registry.run_count():,} runs"
        moving(bench, terminal, runs)
        for key in (PAGE_UP, PAGE_DOWN):
            for _ in range(bench.pages // 20):
                terminal.send(key * 20)
                terminal.settle(0.1, 60)
        rss, pss = terminal.memory()
        note = f"{pss:.0f} MB proportional; {start[0]:.0f} MB at first; {bench.pages * 2:,} pages"
        bench.report.line(f"memory after scrolling in {runs}", rss, 90, "MB", note)
        bench.report.line("the most there ever was", terminal.most_memory(), 90, "MB")


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


PARTS: dict[str, Callable[[Bench], None]] = {
    "paint": first_paint,
    "idle": idle,
    "asking": asking,
    "link": slow_link,
    "filter": filtering,
    "order": ordering,
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
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as name:
        root = options.registry
        if root is None:
            root = Path(name) / "registry"
            sizes = Sizes(10_000, 10_000, 100_000) if options.small else Sizes(100_000, 1_000_000, 10_000_000)
            generate(root, sizes)
        with open_registry(root) as registry:
            tries, pages = (3, 100) if options.small else (10, 1_000)
            report = Report()
            bench = Bench(registry, Path(name) / "state", report, tries, options.pages or pages)
            for part in options.only or PARTS:
                PARTS[part](bench)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
