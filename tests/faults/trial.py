"""What every fault trial needs: a registry to harm, a worker process, and the promises that must hold afterwards."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import LinealError
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from lineal.registry import Registry

_MOVED = ("promoted", "rolled_back", "undone", "cleared", "*_reverted", "*_failed", "*_cancelled")
WORKER = Path(__file__).with_name("worker.py")


@dataclass(slots=True)
class Report:
    """What the trials of one fault found."""

    trials: int = 0
    struck: int = 0
    """Trials in which the fault met lineal at work."""
    broken: list[str] = field(default_factory=list)
    """Promises that did not hold, in words."""
    notes: dict[str, int] = field(default_factory=dict)
    """Other counts, by what was counted."""

    def note(self, what: str) -> None:
        """Count something once more."""
        self.notes[what] = self.notes.get(what, 0) + 1


def make_registry(folder: Path) -> Path:
    """A registry with a model that is live, in `folder`; files to register lie beside it."""
    root = folder / "registry"
    create_registry(root).close()
    with open_registry(root) as registry:
        for number in range(3):
            registry.register(
                "m",
                make_file(folder, f"m{number}.bin", seed=number),
                owner="ana",
                purpose="a model with a past",
                params={"lr": 0.01 * number, "optimizer": "adam", "layers": 12},
                metrics={"auc": 0.9 + 0.01 * number, "loss": 0.2},
                tags={"team": "risk"},
            )
        registry.register("m", make_file(folder, "m0.bin", seed=0))  # the bytes of the first once more
        for label in ("1.0.0", "1.0.1", "1.0.2"):
            registry.promote(f"m:{label}", "production")
    return root


def make_file(folder: Path, name: str, *, seed: int, size: int = 3_000) -> Path:
    """A file whose bytes depend on a seed."""
    path = folder / name
    path.write_bytes(b"".join(hashlib.sha256(b"%d %d" % (seed, n)).digest() for n in range(size // 32 + 1))[:size])
    return path


def copy_registry(root: Path, target: Path) -> Path:
    """A registry to harm; the one that is copied must not be open in this process."""
    shutil.copytree(root, target)
    return target


def start_worker(
    role: str, *arguments: object, without: str | None = None, limit: int | None = None, timed: bool = False
) -> Worker:
    """Start a worker process, which says `ready` when everything it needs is loaded; `timed`, it says when it says."""
    options = [] if without is None else ["--without", without]
    options += [] if limit is None else ["--limit", str(limit)]
    options += ["--timed"] if timed else []
    return Worker(
        subprocess.Popen(
            [sys.executable, str(WORKER), *options, role, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


@dataclass(slots=True)
class Worker:
    """A worker process."""

    process: subprocess.Popen[str]

    def wait_until_ready(self) -> None:
        """Wait until it has everything loaded.

        Raises:
            RuntimeError: it ended instead.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise RuntimeError(line + self.process.communicate()[1])

    def go(self) -> None:
        """Let it begin."""
        self.process.send_signal(signal.SIGUSR1)

    def end(self, seconds: float = 60) -> tuple[list[str], str]:
        """Wait for its end: the lines it said, and what it said on stderr."""
        try:
            told, complaints = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            told, complaints = self.process.communicate()
            complaints += "it hung"
        return told.splitlines(), complaints


def what_is_broken(registry: Registry) -> list[str]:
    """Promises about a registry that do not hold: it is whole, and every change has its event."""
    broken = [f"{finding.kind} {finding.ref or ''} {finding.problem}" for finding in registry.verify().damage]
    with registry._context.read() as connection:
        for table, events in (
            ("versions", "action = 'version_registered'"),
            ("transitions", " OR ".join(f"action GLOB '{each}'" for each in _MOVED)),
            ("models", "action = 'model_created'"),
            ("runs", "action = 'run_started'"),
        ):
            rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  constants
            told = connection.execute(f"SELECT count(*) FROM events WHERE {events}").fetchone()[0]  # noqa: S608  as above
            if rows != told:
                broken.append(f"{rows} {table}, {told} events of them")
    return broken


def what_stays_after_collection(registry: Registry) -> list[str]:
    """Files in the store that nothing refers to and that a collection does not take."""
    registry.gc()
    return [leftover.path for leftover in registry.gc(dry_run=True).removed] + [
        leftover.path for leftover in registry.gc(dry_run=True).unknown
    ]


def is_missing(registry: Registry, kind: str, words: list[str]) -> bool:
    """Whether something that a worker was told is done is not there."""
    try:
        if kind == "version":
            ref, digest = words
            return registry.version(ref).digest != digest
        if kind == "transition":
            place, seq = words
            model, stage = place.split("@")
            return all(found.seq != int(seq) for found in registry.history(model, stage))
        run, points = words
        return len(registry.points(run, "loss")) < int(points)
    except LinealError:
        return True
