"""Row 3: the power goes while writers write; what was acknowledged is on the disk, and nothing is torn."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import random
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bound
from trial import Report, is_missing, start_worker, what_is_broken, what_stays_after_collection

from lineal.data.fingerprint import hash_file
from lineal.errors import LinealError
from lineal.registry import open_registry
from lineal.upkeep import doctor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bound import Bound

_SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN."""
_NO_LOG_FLUSH = 2
"""Whatever is not on the disk yet never comes there, as when the power goes."""
_ON_THE_WAY = 50_000_000
"""Nanoseconds that a writer may take to say what a sync told it while the power was being cut."""
WORKERS = 2
ROUND = 20
"""Cuts that a disk sees before there is a new one."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A kind of file system that can be cut off."""

    make: tuple[str, ...]
    options: str
    size: int
    """Bytes of a disk, of which most are never written."""


FILE_SYSTEMS = {
    "ext4": FileSystem(("mkfs.ext4", "-q", "-F"), "noatime", 192 << 20),
    "xfs": FileSystem(("mkfs.xfs", "-q", "-f"), "noatime,nouuid", 320 << 20),
}


@contextmanager
def mounted(image: Path, place: Path, options: str) -> Iterator[Path]:
    """The file system in an image; whatever happens, neither its mount nor its loop device stays."""
    place.mkdir(exist_ok=True)
    device = _told("losetup", "--find", "--show", str(image)).strip()
    try:
        _told("mount", "-o", options, device, str(place))
        try:
            yield place
        finally:
            _unmount(place)
    finally:
        _told("losetup", "--detach", device)


def _told(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _unmount(place: Path) -> None:
    for _ in range(50):  # a process that was killed has its files open for a moment longer
        if subprocess.run(["umount", str(place)], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    _told("umount", "--lazy", str(place))


def make_disk(image: Path, kind: FileSystem) -> Path:
    """An empty disk."""
    with image.open("wb") as file:
        file.truncate(kind.size)
    _told(*kind.make, str(image))
    return image


def cut(place: Path) -> None:
    """Take the power from a disk."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
    finally:
        os.close(descriptor)


def possible(folder: Path) -> list[str]:
    """The file systems that can be made, mounted and cut off here."""
    found = []
    for name, kind in FILE_SYSTEMS.items():
        if shutil.which(kind.make[0]) is None:
            continue
        image = folder / f"try-{name}.img"
        with suppress(subprocess.CalledProcessError, OSError):
            make_disk(image, kind)
            with mounted(image, folder / f"try-{name}", kind.options) as place:
                cut(place)
                found.append(name)
        image.unlink(missing_ok=True)
    return found


def run(
    folder: Path, *, trials: int, seed: int = 0, without: str | None = None, kinds: tuple[str, ...] | None = None
) -> Report:
    """Cut the power so many times on each kind of file system there is."""
    dice = random.Random(seed)  # noqa: S311  no secret
    report = Report()
    for name in kinds or possible(folder):
        kind = FILE_SYSTEMS[name]
        whole = make_disk(folder / f"{name}.img", kind)
        place = folder / name
        with mounted(whole, place, kind.options):
            bound.make(place)
        image = folder / f"{name}-cut.img"
        for number in range(trials):
            if number % ROUND == 0:
                _told("cp", "--sparse=always", str(whole), str(image))
            told = _cut_one(image, place, kind, dice, report, without)
            report.note(f"cut on {name}")
            with mounted(image, place, kind.options):
                _look(_bound(place), told, report, f"{name}, cut {number + 1}")
            if without is not None and report.broken:
                return report
            if report.broken and number % ROUND != ROUND - 1:
                _told("cp", "--sparse=always", str(whole), str(image))  # a broken disk would break every trial after it
        image.unlink()
        whole.unlink()
    if not report.trials:
        report.note("nothing: file systems cannot be made and mounted here")
    return report


def _bound(place: Path) -> Bound:
    return bound.Bound(place / "registry", place / "srv")


def _cut_one(
    image: Path, place: Path, kind: FileSystem, dice: random.Random, report: Report, without: str | None
) -> list[str]:
    """Let writers write, and cut: the lines that they said."""
    with mounted(image, place, kind.options):
        workers = [
            start_worker("write", place / "registry", image.parent, without=without, timed=True) for _ in range(WORKERS)
        ]
        try:
            for worker in workers:
                worker.wait_until_ready()
            time.sleep(dice.uniform(0, 0.4))
            began = time.monotonic_ns()
            cut(place)
            ended = time.monotonic_ns() + _ON_THE_WAY
            time.sleep(0.1)  # what is said without a disk is a promise, too
        finally:
            for worker in workers:
                worker.process.kill()
            ends = [worker.end() for worker in workers]
        report.trials += 1
        told = []
        for line in (line for lines, _ in ends for line in lines):
            words, _, at = line.rpartition(" ")
            if began <= int(at) <= ended:
                # a file system that is being shut down may tell of a sync that it no longer does; power just goes
                report.note("said while the power was being cut, which is neither before nor after")
            else:
                told.append(words)
        report.struck += bool(told)
        report.broken += [complaint for _, complaint in ends if complaint and "lineal.errors." not in complaint]
        return told


def _look(where: Bound, told: list[str], report: Report, when: str) -> None:
    """Whether everything that was said is true, once the power is back."""
    broken = []
    try:
        broken += _release(where)
        with open_registry(where.root) as registry:
            # releases that no rollback reaches go before they are forgotten; what is live was looked at already
            broken += [each for each in what_is_broken(registry) if not each.startswith("release ")]
            doctor.repair(registry.context)
            broken += [f"stays: {finding.kind} {finding.problem}" for finding in doctor.examine(registry.context)]
            broken += what_is_broken(registry)
            if where.live(registry) != where.points_at():
                broken.append(f"{where.live(registry)} is live and current leads to {where.points_at()}")
            for kind, *words in map(str.split, told):
                if kind == "bad":
                    continue  # a writer whose disk is gone has every reason to complain
                report.note(f"acknowledged {kind}")
                if is_missing(registry, kind, words):
                    broken.append(f"acknowledged and lost: {kind} {' '.join(words)}")
            broken += [f"not collected: {path}" for path in what_stays_after_collection(registry)]
        broken += _release(where)
    except Exception as error:  # noqa: BLE001  whatever keeps it from being opened is what is looked for
        broken.append(f"{type(error).__name__}: {error}")
    report.broken += [f"{when}: {each}" for each in broken]


def _release(where: Bound) -> list[str]:
    """What is wrong with what a server would load."""
    current = where.directory / "current"
    try:
        target = current.resolve(strict=True)
    except OSError as error:
        return [f"current {'dangles' if error.errno == errno.ENOENT else error}"]
    try:
        listed = json.loads((target / "lineal.json").read_text())["files"]
        torn = [file["path"] for file in listed if hash_file(target / file["path"]) != (file["digest"], file["size"])]
    except (OSError, ValueError, LinealError) as error:
        return [f"the release {target.name} is torn: {error}"]
    return [f"{path} of the release {target.name} is torn" for path in torn]
