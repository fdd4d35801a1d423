"""Measures the core and the start of the command line against the machine's own limits: `python tests/bench/core.py`.

Each figure is printed beside its target and the ratio to it; the exit code is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lineal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.figures import Report, median_ms

    from lineal.registry import Registry
else:
    from figures import Report, median_ms

MIB = 1 << 20


def command_line(report: Report, root: Path, times: int) -> None:
    """Starts of the command line as multiples of an empty Python."""

    def start(*command: str) -> float:
        return median_ms(lambda: subprocess.run(command, check=True, capture_output=True), times)

    lineal_command = [sys.executable, "-m", "lineal_tui.main"]
    installed = shutil.which("lineal", path=str(Path(sys.executable).parent))
    if installed:
        lineal_command = [installed]
    start(sys.executable, "-c", "pass")
    empty = start(sys.executable, "-c", "pass")
    report.note(f"python -c pass: {empty:.1f} ms")
    report.line("lineal --version / python -c pass", start(*lineal_command, "--version") / empty, 4, "x")
    live = start(*lineal_command, "--registry", str(root), "live", "bench@production")
    report.line("lineal live MODEL@production / python -c pass", live / empty, 8, "x")


def logging(report: Report, registry: Registry) -> None:
    """Logging runs and metric points."""

    def log_run() -> None:
        params = {f"param_{number}": number / 7 for number in range(20)}
        with registry.start_run("bench", params=params, tags={"team": "risk", "kind": "bench", "try": "1"}) as run:
            run.log_metrics({f"metric_{number}": number / 3 for number in range(20)})

    log_run()
    report.line("a run with 20 params, 20 metrics, 3 tags", median_ms(log_run, 100), 6, "ms")
    with registry.start_run("bench") as run:

        def thousand() -> None:
            for _ in range(1_000):
                run.log_metric("loss", 0.5)
            run.flush()

        report.line("1,000 metric points, durable", median_ms(thousand, 30), 10, "ms")

        def hundred_thousand() -> None:
            for _ in range(10_000):
                run.log_metric("other", 0.5)

        report.line("a metric logged in a loop, in the caller", median_ms(hundred_thousand, 5) / 10, 5, "us")


def transitions(report: Report, registry: Registry, versions: int) -> None:
    """Promotion and rollback as a model grows."""
    labels = []
    marks = [number for number in (100, 1_000, 10_000) if number <= versions] or [versions]
    for number in range(1, versions + 1):
        labels.append(registry.register("bench", label=f"{number}.0.0", metrics={"auc": number / versions}).label)
        if number in marks:
            newest = iter(labels[-60:])
            promoted = median_ms(partial(_promote_next, registry, newest), 50)
            report.line(f"promote at {number:,} versions", promoted, 10, "ms")
            rolled = median_ms(lambda: registry.rollback("bench@production"), 40)
            report.line(f"roll back at {number:,} versions", rolled, 10, "ms")


def _promote_next(registry: Registry, labels: Iterator[str]) -> None:
    registry.promote(f"bench:{next(labels)}", "production")


def registering(report: Report, registry: Registry, folder: Path, size: int) -> None:
    """A large file into the store, against copying and hashing it durably."""
    source = folder / "weights.bin"
    with source.open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))

    def copy_and_hash(copy: Path) -> None:
        shutil.copyfile(source, copy)
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
            hashlib.file_digest(file, "sha256")

    ratios = []
    for number in range(3):
        # Each copy stays, as what is registered does: memory that was freed just now would be faster than new memory.
        base = median_ms(partial(copy_and_hash, folder / f"copy-{number}.bin"), 1)
        with source.open("rb+") as changed:
            changed.write(number.to_bytes(8, "big"))  # other bytes each time, so that nothing is there already
            os.fsync(changed.fileno())
        taken = median_ms(lambda: registry.register("large", source), 1)
        report.note(f"copy, fsync and hash {base:.0f} ms; register {taken:.0f} ms")
        ratios.append(taken / base)
    report.line(f"register {size // MIB} MiB / copying and hashing it", statistics.median(ratios), 1.25, "x")


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--mib", type=int, default=1_024, help="size of the large file")
    parser.add_argument("--starts", type=int, default=21, help="processes started for each figure")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as name:
        folder = Path(name)
        with lineal.create_registry(folder / "registry") as registry:
            logging(report, registry)
            transitions(report, registry, options.versions)
            command_line(report, registry.root, options.starts)
            registering(report, registry, folder, options.mib * MIB)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
