"""Row 1: a process that is killed at each of its system calls in turn leaves the old or the new, and nothing between.

Only calls that change something, lock something or open something are counted: between two of them, nothing on the
disk differs.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import bound
import guards
from trial import Report, make_file

from lineal.errors import LinealError, NoRegistry
from lineal.registry import create_registry, open_registry
from lineal.storage import db, migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bound import Bound

CALLS = (
    *("openat", "write", "pwrite64", "copy_file_range", "sendfile", "ioctl", "ftruncate", "truncate", "fsync"),
    *("fdatasync", "rename", "renameat", "renameat2", "link", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir"),
    *("mkdir", "chmod", "fchmod", "fchmodat", "fcntl", "flock", "close"),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that is interrupted."""

    act: Callable[[Bound, Path], object]
    allowed: frozenset[str | None]
    """What may be live afterwards."""


def _promote(where: Bound, _: Path) -> None:
    with open_registry(where.root) as registry:
        registry.promote("m:3", "production")


def _roll_back(where: Bound, _: Path) -> None:
    with open_registry(where.root) as registry:
        registry.rollback(bound.PLACE)


def _register(where: Bound, file: Path) -> None:
    with open_registry(where.root) as registry:
        registry.register("m", file, label="9")


def _collect(where: Bound, _: Path) -> None:
    with open_registry(where.root) as registry:
        registry.gc()


def _purge(where: Bound, _: Path) -> None:
    with open_registry(where.root) as registry:
        registry.retire("m:4", reason="not needed", purge=True)


def _create(where: Bound, _: Path) -> None:
    create_registry(where.root.with_name("created")).close()


def _upgrade(where: Bound, _: Path) -> None:
    migrations.upgrade(where.root.with_name("older"))


OPERATIONS = {
    "promote": Operation(_promote, frozenset({"2", "3"})),
    "rollback": Operation(_roll_back, frozenset({"1", "2"})),
    "register": Operation(_register, frozenset({"2"})),
    "gc": Operation(_collect, frozenset({"2"})),
    "purge": Operation(_purge, frozenset({"2"})),
    "create": Operation(_create, frozenset({"2"})),
    "migrate": Operation(_upgrade, frozenset({"2"})),
}


def _prepare(where: Bound, saved: Path) -> None:
    """A registry with something to collect, and an older one beside it."""
    bound.put_back(saved, where)
    stray = where.root / "objects" / "ab" / ("c" * 62)
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("nobody's")
    for name in ("created", "older"):
        shutil.rmtree(where.root.with_name(name), ignore_errors=True)
    older = where.root.with_name("older")
    for folder in ("objects", "releases"):
        (older / folder).mkdir(parents=True)
    with closing(sqlite3.connect(older / "registry.db")) as connection:
        connection.execute(f"PRAGMA application_id = {db.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 0")


def _traced(act: Callable[[], object], log: Path, *options: str) -> int:
    """Do something in a child that strace watches; returns how it ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.read(reader, 1)
            act()
            code = 0
        finally:
            os._exit(code)
    os.close(reader)
    tracer = subprocess.Popen(
        ["strace", "-o", str(log), "-p", str(child), *options], stderr=subprocess.PIPE, text=True, bufsize=0
    )
    try:
        assert tracer.stderr is not None
        ready, _, _ = select.select([tracer.stderr], [], [], 10)
        line = tracer.stderr.readline() if ready else "strace said nothing"
        if "attached" not in line:
            raise RuntimeError(line)
        os.write(writer, b"x")
    finally:
        os.close(writer)
        _, status = os.waitpid(child, 0)
        tracer.communicate(timeout=30)
    return os.waitstatus_to_exitcode(status)


def _calls(where: Bound, saved: Path, file: Path, operation: Operation, folder: Path) -> Iterator[tuple[str, int]]:
    """(call, which) of everything that the operation calls."""
    _prepare(where, saved)
    log = folder / "counted.log"
    code = _traced(partial(operation.act, where, file), log, "-e", f"trace={','.join('?' + call for call in CALLS)}")
    if code:
        raise RuntimeError(f"ended with {code} although nobody struck")
    found = re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE)
    for call in CALLS:
        for which in range(1, found.count(call) + 1):
            yield call, which


def run(
    folder: Path,
    *,
    trials: int | None,
    seed: int = 0,
    without: str | None = None,
    only: tuple[str, ...] = tuple(OPERATIONS),
) -> Report:
    """Kill each operation at each call, or at `trials` of them spread evenly, beginning at `seed`."""
    report = Report()
    where = bound.make(folder)
    saved = bound.save(where, folder / "saved")
    file = make_file(folder, "new.bin", seed=99)
    for name in only:  # what is imported or prepared once is no part of it
        _prepare(where, saved)
        OPERATIONS[name].act(where, file)
    calls = set(CALLS)
    if without is not None:
        guards.GUARDS[without].take_out()
        only, calls = ("rollback",), {"symlink", "rename", "unlink"}
    every = [
        (name, call, which)
        for name in only
        for call, which in _calls(where, saved, file, OPERATIONS[name], folder)
        if call in calls
    ]
    step = 1.0 if trials is None or trials >= len(every) else len(every) / trials
    chosen = every if step == 1 else [every[(seed + int(n * step)) % len(every)] for n in range(trials or 0)]
    for name, call, which in chosen:
        _prepare(where, saved)
        operation = OPERATIONS[name]
        fault = f"{call}:signal=SIGKILL:when={which}"
        with tempfile.TemporaryDirectory(dir=folder) as place:
            act = partial(operation.act, where, file)
            code = _traced(act, Path(place) / "log", "-e", f"trace={call}", "-e", f"inject={fault}")
        report.trials += 1
        report.struck += code == -signal.SIGKILL
        report.note(f"{name} killed" if code == -signal.SIGKILL else f"{name} ended with {code}")
        found = bound.aftermath(where, set(operation.allowed)) + _beside(where, name)
        report.broken += [f"{name} {fault}: {each}" for each in found]
        if without is not None and report.broken:
            break
    return report


def _beside(where: Bound, name: str) -> list[str]:
    """What does not hold of a registry that was being made or upgraded, or of a version that was being registered."""
    try:
        if name == "create":
            try:
                open_registry(where.root.with_name("created")).close()
            except NoRegistry:
                create_registry(where.root.with_name("created")).close()
        elif name == "migrate":
            migrations.upgrade(where.root.with_name("older"))
            assert migrations.upgrade(where.root.with_name("older")) is None
        elif name == "register":
            with open_registry(where.root) as registry:
                labels = sorted(version.label for version in registry.versions("m"))
            if labels not in (["1", "2", "3", "4"], ["1", "2", "3", "4", "9"]):
                return [f"the versions are {labels}"]
        elif name == "purge":
            return _half_purged(where)
    except LinealError as error:
        return [f"{type(error).__name__}: {error}"]
    return []


def _half_purged(where: Bound) -> list[str]:
    """What does not hold of a version whose end was struck: it goes on with its bytes, or is retired without them."""
    with open_registry(where.root) as registry:
        detail = registry.detail("m:4")
        assert detail.artifact is not None
        here = all(registry.context.objects.path(file.digest).exists() for file in detail.artifact.files)
        over = detail.retirement
        if over is None and detail.version.status.value == "active" and here:
            registry.promote("m:4", "staging")
            return []
        if over is not None and over.purged_at is not None and not here:
            return []
        return [f"{detail.version.status} with {over}, and its bytes are {'here' if here else 'gone'}"]
