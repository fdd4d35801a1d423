"""Measures filters and orders of the longest lists: when the first rows come, and what other keys cost meanwhile."""

from __future__ import annotations

import re
import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.measuring import Bench, p95
    from tests.bench.ptys import Terminal
else:
    from measuring import p95

FOUND = re.compile(rb"[\d,]+\+? found")
"""What stands beside a filter with its first rows."""
ALL_FOUND = re.compile(rb"[\d,]+ found")
"""What stands there once all of them were counted."""
ESCAPE = "\x1b"
TO_THE_RUNS = "7"
RUNS_SHOWN = "RUN"

COMMON, RARE, NONE = "metrics.auc > 0.9", "metrics.auc > 0.949", "metrics.auc > 7"
OF_VERSIONS = ("mixup", "fine", "zzzz", COMMON, RARE, NONE)
OF_RUNS = (COMMON, RARE, NONE, "params.lr < 0.0002", "status = 'failed'")


def filtering(bench: Bench) -> None:
    """The first rows of filters over all versions of a model, and over all runs."""
    report = bench.report
    with bench.application() as terminal:
        where = f"{max(model.versions for model in bench.registry.models()):,} versions"
        for text in OF_VERSIONS:
            measure(bench, terminal, text, where)
        calling_off(bench, terminal, where)
    with bench.application() as terminal:
        show_runs(terminal)
        where = f"{bench.registry.run_count():,} runs"
        for text in OF_RUNS:
            measure(bench, terminal, text, where)
        calling_off(bench, terminal, where)
        report.line(f"memory while filtering {where}", terminal.most_memory(), 90, "MB", "the most there ever was")


def show_runs(terminal: Terminal) -> None:
    """Go to the table of all runs."""
    terminal.send(TO_THE_RUNS)
    terminal.wait_for(RUNS_SHOWN)
    terminal.settle(0.6)


def measure(bench: Bench, terminal: Terminal, text: str, where: str) -> None:
    """Type a filter; what counts is the time from its last key to the first rows."""
    firsts, wholes = [], []
    for _ in range(max(3, bench.tries // 2)):
        terminal.send("/")
        terminal.read(0.1)
        terminal.send(text[:-1])
        terminal.settle(0.3)
        first, whole = found(terminal, text[-1])
        firsts.append(first * 1e3)
        wholes.append(whole * 1e3)
        terminal.send(ESCAPE)
        terminal.settle(0.3)
    note = f"most {max(firsts):.0f}; all of them after {statistics.median(wholes):.0f} ms"
    bench.report.line(f"first rows of /{text}, {where}", statistics.median(firsts), 100, "ms", note)


def found(terminal: Terminal, key: str) -> tuple[float, float]:
    """Seconds from a key to the frame with the first rows of a filter, and to the last byte."""
    before, chunk = len(terminal.output), len(terminal.chunks)
    at = terminal.send(key)
    if not terminal.read(20, until=lambda: FOUND.search(terminal.output, before) is not None):
        raise TimeoutError("nothing is told to be found:\n" + "\n".join(terminal.rows))
    match = FOUND.search(terminal.output, before)
    assert match is not None
    first = next(when for when, total in terminal.chunks[chunk:] if total >= match.end()) - at
    terminal.read(20, until=lambda: ALL_FOUND.search(terminal.output, before) is not None)
    whole = terminal.chunks[-1][0] - at
    terminal.settle(0.3)
    return first, whole


def calling_off(bench: Bench, terminal: Terminal, where: str) -> None:
    """Keys while a filter is being applied: the next letter, and the one that gives up."""
    letters, answers = [], []
    for _ in range(max(3, bench.tries // 2)):
        terminal.send("/")
        terminal.read(0.1)
        for letter in NONE[:-1]:
            terminal.send(letter)
            terminal.read(0.01)
        burst = terminal.during("7", 0.015)
        letters.append((burst.last or 0.015) * 1e3)
        burst = terminal.during("1", 0.05)
        letters.append((burst.last or 0.05) * 1e3)
        before, chunk = len(terminal.output), len(terminal.chunks)
        at = time.monotonic()
        terminal.send(ESCAPE)
        terminal.read(5, until=lambda: len(terminal.output) > before)  # noqa: B023  it is called before `before` changes
        answers.append((terminal.chunks[chunk][0] - at) * 1e3)
        terminal.settle(0.3)
    report = bench.report
    report.line(f"a letter while searching {where}, p95", p95(letters), 100, "ms", f"most {max(letters):.0f}")
    report.line(f"esc while searching {where}, p95", p95(answers), 100, "ms", "to its first byte")


def ordering(bench: Bench) -> None:
    """The runs by a column that has an index and by one that has none, and keys while that goes on."""
    report, runs = bench.report, f"{bench.registry.run_count():,} runs"
    with bench.application() as terminal:
        show_runs(terminal)
        columns = dict.fromkeys(re.findall(r"[a-z_]+", " ".join(terminal.rows[2:3])))
        report.note(f"columns: {' '.join(columns)}")
        for _ in range(8):
            terminal.press("l")
            terminal.send("s")
            taken = until_sorted(terminal)
            keys = [terminal.during("j", 0.1) for _ in range(10)]
            name = next((row for row in reversed(terminal.rows) if row.startswith("sorted by")), "sorted")
            terminal.settle(0.5, 60)
            times = [burst.last * 1e3 for burst in keys if burst.last is not None]
            report.line(
                f"keys after {name[:34]}, median",
                statistics.median(times),
                16,
                "ms",
                f"first rows {taken:.0f} ms, most {max(times):.0f}",
            )
        report.line(f"memory while sorting {runs}", terminal.most_memory(), 90, "MB", "the most there ever was")


def until_sorted(terminal: Terminal) -> float:
    """Milliseconds until the rows are there in another order."""
    before, chunk = len(terminal.output), len(terminal.chunks)
    at = time.monotonic()
    terminal.read(2, until=lambda: len(terminal.output) - before > 1_000)
    return (terminal.chunks[-1][0] - at) * 1e3 if len(terminal.chunks) > chunk else 2_000.0
