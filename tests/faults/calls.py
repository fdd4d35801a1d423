"""Rows 4 and 6: a system call that fails while a version is registered."""

from __future__ import annotations

import re
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from trial import (
    Report,
    Worker,
    copy_registry,
    is_missing,
    make_file,
    make_registry,
    start_worker,
    what_is_broken,
    what_stays_after_collection,
)

from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CALLS = (
    "openat",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "copy_file_range",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "link",
    "unlink",
    "mkdir",
    "chmod",
    "fcntl",
    "flock",
    "newfstatat",
    "fstat",
    "lseek",
    "close",
)
"""What registering a version calls, on x86-64."""

SYNCS = ("fsync", "fdatasync")
_WRITES = {"openat", "write", "pwrite64", "copy_file_range", "ftruncate", "mkdir", "rename", "link", *SYNCS}


def is_possible() -> bool:
    """Whether this machine lets a process be traced."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(["strace", "-f", "-e", "trace=none", "true"], capture_output=True, check=False)
    return tried.returncode == 0


class Tracer:
    """Strace, attached to a worker that waits."""

    def __init__(self, worker: Worker, log: Path, *options: str) -> None:
        """Attach, and return when it is."""
        self._process = subprocess.Popen(
            ["strace", "-f", "-y", "-o", str(log), "-p", str(worker.process.pid), *options],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        ready, _, _ = select.select([self._process.stderr], [], [], 10)
        line = self._process.stderr.readline() if ready else "strace said nothing"
        if "attached" not in line:
            self._process.kill()
            raise RuntimeError(line)

    def end(self) -> None:
        """Wait until the traced process is gone."""
        try:
            self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate()


def counted(root: Path, file: Path, folder: Path, calls: Sequence[str]) -> dict[str, int]:
    """How often each call is made while a version is registered."""
    target, log = copy_registry(root, folder / "counted"), folder / "counted.log"
    worker = start_worker("register", target, file)
    worker.wait_until_ready()
    tracer = Tracer(worker, log, "-e", f"trace={','.join('?' + call for call in calls)}")
    worker.go()
    told, complaints = worker.end()
    tracer.end()
    if not told or not told[0].startswith("version"):
        raise RuntimeError(f"{told} {complaints}")
    found = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    return {call: found.count(call) for call in calls if call in found}


def faults(counts: dict[str, int], errors: Sequence[str] | None) -> Iterator[tuple[str, int, str]]:
    """(call, which, error) of every fault to cause."""
    for call, count in counts.items():
        for which in range(1, count + 1):
            for error in errors or (("EIO", "ENOSPC", "EDQUOT") if call in _WRITES else ("EIO",)):
                yield call, which, error


def run(
    folder: Path, *, trials: int | None, only_syncs: bool = False, without: str | None = None, offset: int = 0
) -> Report:
    """Let each call fail in turn, or `trials` of them spread evenly, beginning at `offset`."""
    root = make_registry(folder)
    file = make_file(folder, "new.bin", seed=99)
    calls = SYNCS if only_syncs else CALLS
    every = list(faults(counted(root, file, folder, calls), ("EIO", "ENOSPC") if only_syncs else None))
    step = 1 if trials is None or trials >= len(every) else len(every) / trials
    chosen = every if step == 1 else [every[(offset + int(n * step)) % len(every)] for n in range(trials or 0)]
    report = Report()
    for call, which, error in chosen:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            _try(root, file, Path(place), f"{call}:error={error}:when={which}", report, without, only_syncs=only_syncs)
        if without is not None and report.broken:
            break
    return report


def _try(
    root: Path, file: Path, place: Path, fault: str, report: Report, without: str | None, *, only_syncs: bool
) -> None:
    target, log = copy_registry(root, place / "registry"), place / "log"
    worker = start_worker("register", target, file, without=without)
    worker.wait_until_ready()
    call, _, _ = fault.partition(":")
    tracer = Tracer(worker, log, "-e", f"trace={call}", "-e", f"inject={fault}")
    worker.go()
    told, complaints = worker.end()
    tracer.end()
    report.trials += 1
    struck = [line for line in log.read_text().splitlines() if "(INJECTED)" in line]
    report.struck += bool(struck)
    said = told[0].split() if told else ["nothing"]
    broken = []
    if complaints or said[0] not in {"version", "error"}:
        broken.append(f"no clear error: {told} {complaints.strip()[-300:]}")
    report.note("acknowledged in spite of it" if said[0] == "version" else "an error told")
    if only_syncs and struck and said[0] == "version":
        if _is_of_the_new_journal(struck[0], target, log):
            report.note("passed over by SQLite: the sync of the folder after its journal was made")
        else:
            broken.append(f"acknowledged: {struck[0]}")
    with open_registry(target) as registry:
        broken += what_is_broken(registry)
        if said[0] == "version" and is_missing(registry, "version", said[1:]):
            broken.append("acknowledged and lost")
        if registry.live("m@production").version.label != "1.0.2":
            broken.append("what was live is not any more")
        broken += [f"not collected: {path}" for path in what_stays_after_collection(registry)]
    report.broken += [f"{fault}: {each}" for each in broken]


def _is_of_the_new_journal(struck: str, root: Path, log: Path) -> bool:
    """Whether SQLite syncs the folder because it made its journal, and not because it committed, which comes last."""
    syncs = [line for line in log.read_text().splitlines() if "sync(" in line]
    return f"<{root}>" in struck and syncs[-1] != struck
