"""Figures of the audit log: `python tests/bench/auditing.py [--events N] [--at DIR]`.

Writes a log of a million events through the project's own append, and measures what appending one durably costs in it
and in a short one, how long checking all of it takes beside a writer, how much memory that needs, and what reading
it by a filter costs.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from lineal.records.auditing import EventFilter
from lineal.registry import create_registry, open_registry
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from tests.bench.figures import NO_BUDGET, Report

    from lineal.registry import Registry
else:
    from figures import NO_BUDGET, Report

SHORT = 1_000
_PARAMS = ("lr", "momentum", "dropout", "weight_decay", "warmup", "mixup")
_IN_ONE = 50_000
"""Events of one transaction."""
_APPENDED = 400
"""Changes of one event, each a transaction of its own, that are timed."""


def fill(root: Path, events: int) -> float:
    """Make a registry with so many events; returns seconds."""
    began = time.perf_counter()
    with create_registry(root) as registry:
        for start in range(0, events, _IN_ONE):
            with registry.context.change(Permission.DESCRIBE, "bench") as change:
                for number in range(start, min(start + _IN_ONE, events)):
                    action, ref, data = an_event(number)
                    change.record(action, ref, **data)
    return time.perf_counter() - began


def an_event(number: int) -> tuple[str, str, dict[str, object]]:
    """Action, address and data of a plausible event."""
    run = f"run:{number * 0x9E3779B97F4A7C15 % (1 << 128):032x}"
    match number % 4:
        case 0:
            params = dict.fromkeys(_PARAMS, number % 97 / 10)
            tags = {"team": "risk", "note": f"größer {number}"}
            return "run_started", run, {"experiment": "churn", "kind": "train", "params": params, "tags": tags}
        case 1:
            return "run_finished", run, {}
        case 2:
            return "dataset_read", run, {"dataset": f"data:customers:{number % 365}", "role": "train"}
        case _:
            ref = f"model{number % 50}:1.{number // 200}.0"
            return "evaluated", ref, {"metrics": {"auc": 0.9 + number % 1_000 / 1e5}, "measured_on": None}


def append(registry: Registry, number: int) -> float:
    """Append one event durably; returns seconds."""
    action, ref, data = an_event(number)
    began = time.perf_counter()
    with registry.context.change(Permission.DESCRIBE, "bench") as change:
        change.record(action, ref, **data)
    return time.perf_counter() - began


def appending(short: Path, long: Path, events: int) -> tuple[float, float]:
    """Seconds of an appended event in the short log and in the long one, in turn, so that both meet the same noise."""
    with open_registry(short) as one, open_registry(long) as other:
        times = [(append(one, n), append(other, n)) for n in range(events, events + _APPENDED)]
    return median(each[0] for each in times[20:]), median(each[1] for each in times[20:])


def checking(root: Path) -> tuple[float, float, int, int]:
    """Seconds of the check, the longest wait of a writer beside it, events checked, and how much memory it took."""
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        with open_registry(root) as registry:
            number = 0
            while not over.wait(0.02):
                waits.append(append(registry, number))
                number += 1

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open_registry(root) as registry:
        began = time.perf_counter()
        verdict = registry.verify_events()
        alone = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        writer = threading.Thread(target=write)
        writer.start()
        registry.verify_events()
        over.set()
        writer.join()
    if verdict.broken_at is not None or verdict.findings:
        raise SystemExit(f"the log is not whole: {verdict}")
    return alone, max(waits), verdict.checked, memory


def reading(root: Path) -> dict[str, float]:
    """Milliseconds until the first page of events that a filter wants, by what is wanted."""
    filters = {
        "no filter": EventFilter(),
        "a model": EventFilter(subject="model7"),
        "a version": EventFilter(subject="model7", ref="model7:1.100.0", label="1.100.0"),
        "two actions": EventFilter(actions=("evaluated", "run_finished")),
        "an actor nobody is": EventFilter(actor="nobody"),
        "words nobody said": EventFilter(words=("nobody said",)),
    }
    found = {}
    with open_registry(root) as registry:
        for name, wanted in filters.items():
            began = time.perf_counter()
            registry.events(wanted=wanted, limit=50)
            found[name] = (time.perf_counter() - began) * 1e3
    return found


def main() -> int:
    """Take the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Figures of the audit log.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--at", type=Path, help="a folder to keep the registries in")
    given = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as folder:
        home = given.at or Path(folder)
        short, long = home / "short", home / "long"
        if not long.exists():
            fill(short, SHORT)
            seconds = fill(long, given.events)
            size = (long / "registry.db").stat().st_size
            report.note(f"written: {given.events:,} events in {seconds:.1f} s, {size / given.events:.0f} bytes each")
        few, many = appending(short, long, given.events)
        note = f"{few * 1e3:.2f} ms and {many * 1e3:.2f} ms"
        report.line(f"an append at {given.events:,} events / at {SHORT:,}", many / few, 1.2, "x", note)
        alone, wait, checked, memory = checking(long)
        report.line(f"{checked:,} events checked", alone, 10, "s", f"{memory / 1024:.0f} MB more")
        report.line("a writer beside the check waited at the most", wait * 1e3, NO_BUDGET, "ms")
        for name, took in reading(long).items():
            report.line(f"a page of the log, {name}", took, NO_BUDGET, "ms")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
