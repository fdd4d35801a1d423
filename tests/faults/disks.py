"""Row 5: a disk that fills up, and a file that may not grow: an object is absent or whole."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trial import (
    Report,
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
    from collections.abc import Iterator
    from pathlib import Path

_SIZE = 4_000_000
"""Bytes of the file that does not fit: more than the database has, so that it is met first as often as not."""


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path | None]:
    """A file system in memory of so many bytes; None where this process may not mount one."""
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Register a file where it does not fit, at one size after another."""
    dice = random.Random(seed)  # noqa: S311  no secret
    root = make_registry(folder)
    taken = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    file = make_file(folder, "large.bin", seed=7, size=_SIZE)
    report = Report()
    for number in range(trials):
        if number % 2:
            with small_disk(folder / f"disk{number}", taken + dice.randrange(40_000, _SIZE + 200_000)) as disk:
                if disk is None:
                    report.note("no file system could be mounted")
                else:
                    _try(copy_registry(root, disk / "registry"), file, None, report, without)
        else:
            limit = dice.randrange(4_096, _SIZE + 100_000, 512)
            _try(copy_registry(root, folder / f"limited{number}"), file, limit, report, without)
        if without is not None and report.broken:
            break
    return report


def _try(target: Path, file: Path, limit: int | None, report: Report, without: str | None) -> None:
    worker = start_worker("register", target, file, without=without, limit=limit)
    worker.wait_until_ready()
    worker.go()
    told, complaints = worker.end()
    report.trials += 1
    said = told[0].split() if told else ["nothing"]
    report.struck += said[0] != "version"
    broken = []
    if complaints or said[0] not in {"version", "error"}:
        broken.append(f"no clear error: {told} {complaints.strip()[-300:]}")
    with open_registry(target) as registry:
        if said[0] == "version":
            if is_missing(registry, "version", said[1:]):
                broken.append("acknowledged and lost")
            artifact = registry.detail(said[1]).artifact
            whole = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
            if artifact is None or artifact.files[0].digest != whole:
                broken.append("the object is not what was registered")
        broken += what_is_broken(registry)
        if os.statvfs(target).f_bavail > 100:  # a collection of a full disk has no room for its event
            broken += [f"not collected: {path}" for path in what_stays_after_collection(registry)]
    report.broken += [f"limit {limit}: {each}" for each in broken]
