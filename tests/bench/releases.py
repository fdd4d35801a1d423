"""Measures rollbacks of stages that are bound to a directory: `python tests/bench/releases.py`.

Each figure is printed beside its target; the exit code is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import lineal

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from tests.bench.figures import Report

    from lineal.registry import Registry
else:
    from figures import Report

MIB, GIB = 1 << 20, 1 << 30
PLACE = "bench@production"


def started(command: list[str]) -> float:
    """The time that a process takes from its start to its end, in milliseconds."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1e3


def prepare(folder: Path, size: int) -> Registry:
    """A registry with two versions of `size` bytes that were both live, and a stage that is bound to a directory."""
    registry = lineal.create_registry(folder / "registry")
    model = folder / "model"
    model.mkdir()
    for number in (1, 2):
        with (model / "weights.bin").open("wb") as file:
            file.truncate(size)
            file.write(b"%d" % number)
        (model / "config.json").write_text(f"{number}")
        registry.register("bench", model, label=str(number), scheme="sequence")
    registry.bind_stage(PLACE, release=str(folder / "srv"))
    registry.promote("bench:1", "production")
    registry.promote("bench:2", "production")
    return registry


def bytes_moved() -> int:
    """Bytes that this process read and wrote, from the disk or from memory."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["rchar"]) + int(lines["wchar"])


def in_process(report: Report, registry: Registry, what: str, times: int) -> None:
    """Rolling back to a release that lies there, in this process."""

    moved: list[int] = []
    taken: list[float] = []
    for _ in range(times):
        before, began = bytes_moved(), time.perf_counter()
        registry.rollback(PLACE)
        taken.append((time.perf_counter() - began) * 1e3)
        moved.append(bytes_moved() - before)
        registry.undo(PLACE)
    report.line(f"roll back in process, {what}", statistics.median(taken), 50, "ms")
    report.line(f"bytes read and written by it, {what}", max(moved) / 1024, 4096, "KiB")


def from_the_shell(report: Report, registry: Registry, times: int) -> None:
    """`lineal rollback` as a multiple of an empty Python."""
    command = [sys.executable, "-m", "lineal_tui.main"]
    installed = Path(sys.executable).with_name("lineal")
    if installed.exists():
        command = [str(installed)]
    command += ["--registry", str(registry.root), "rollback", PLACE, "--reason", "bench"]
    empty: list[float] = []
    taken: list[float] = []
    for _ in range(times):
        empty.append(started([sys.executable, "-c", "pass"]))
        taken.append(started(command))
        while True:  # the pipeline may still be tidying up
            state = registry.stage_state(PLACE)
            if state.live == "1" and not state.is_running:
                break
        registry.undo(PLACE)
    ratio = statistics.median(taken) / statistics.median(empty)
    report.line("lineal rollback / python -c pass", ratio, 12, "x")


def _read_link(root: Path, directory: Path, stop: Event, told: multiprocessing.Queue[tuple[str, int, int]]) -> None:
    del root
    reads = missing = 0
    while not stop.is_set():
        for name in ("config.json", "weights.bin", "lineal.json"):
            reads += 1
            try:
                (directory / "current" / name).open("rb").close()
            except FileNotFoundError:
                missing += 1
    told.put(("missing files through current", reads, missing))


def _read_resolved(root: Path, directory: Path, stop: Event, told: multiprocessing.Queue[tuple[str, int, int]]) -> None:
    del directory
    reads = mixed = 0
    with lineal.open_registry(root) as registry:
        while not stop.is_set():
            folder = registry.current("bench", "production")
            with (folder / "weights.bin").open("rb") as file:
                first = file.read(1)
            reads += 1
            mixed += first != (folder / "config.json").read_bytes()
    told.put(("mixed releases through reg.current", reads, mixed))


def busy_readers(report: Report, registry: Registry, directory: Path, seconds: float) -> None:
    """Two readers while the stage is swapped to and fro."""
    stop = multiprocessing.Event()
    told: multiprocessing.Queue[tuple[str, int, int]] = multiprocessing.Queue()
    readers = [
        multiprocessing.Process(target=read, args=(registry.root, directory, stop, told))
        for read in (_read_link, _read_resolved)
    ]
    for reader in readers:
        reader.start()
    until, swaps = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        registry.rollback(PLACE)
        registry.undo(PLACE)
        swaps += 2
    stop.set()
    for _ in readers:
        what, reads, bad = told.get()
        report.line(f"{what}: {reads} reads, {swaps} swaps", bad, 0, "")
    for reader in readers:
        reader.join()


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description="Measure rollbacks of bound stages.")
    parser.add_argument("--gib", type=float, default=4, help="size of the large artifact; 0 for none")
    parser.add_argument("--starts", type=int, default=21, help="processes started for each figure")
    parser.add_argument("--seconds", type=float, default=10, help="of reading while swapping")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as name:
        folder = Path(name)
        (folder / "small").mkdir()
        with prepare(folder / "small", MIB) as registry:
            in_process(report, registry, "1 MiB", 40)
            busy_readers(report, registry, folder / "small" / "srv", options.seconds)
            from_the_shell(report, registry, options.starts)
        if options.gib:
            (folder / "large").mkdir()
            with prepare(folder / "large", int(options.gib * GIB)) as registry:
                os.sync()
                in_process(report, registry, f"{options.gib:g} GiB", 20)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
