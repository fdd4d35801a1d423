"""A registry, a calendar, files and processes for the tests of the core; all of them real."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from lineal.records.base import Micros
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.core.automated import Automated

    from lineal.registry import Registry
else:
    from automated import Automated


@dataclass
class Calendar:
    """A clock that goes on by a second whenever somebody looks at it."""

    at: int = 1_767_225_600_000_000
    step: int = 1_000_000

    def __call__(self) -> Micros:
        self.at += self.step
        return Micros(self.at)


class Weights(Protocol):
    """Makes a small model file whose bytes depend on `value`."""

    def __call__(self, value: float = 0.0, *, name: str = "model.safetensors", width: int = 2) -> Path: ...


class Script(Protocol):
    """Starts a program in a process of its own; its arguments are in `sys.argv[1:]`."""

    def __call__(self, code: str, *arguments: object) -> subprocess.Popen[str]: ...


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new registry that nobody uses: tests work on copies."""
    root = tmp_path_factory.mktemp("fresh") / "registry"
    create_registry(root).close()
    return root


@pytest.fixture
def root(fresh: Path, tmp_path: Path) -> Path:
    """The directory of a new registry."""
    return Path(shutil.copytree(fresh, tmp_path / "registry"))


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def registry(root: Path, calendar: Calendar) -> Iterator[Registry]:
    with open_registry(root, clock=calendar) as opened:
        yield opened


@pytest.fixture
def sql(root: Path) -> Callable[..., list[tuple[object, ...]]]:
    """Runs one statement on the registry's database past the library, without its pragmas."""

    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(root / "registry.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    return run


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    def make(value: float = 0.0, *, name: str = "model.safetensors", width: int = 2) -> Path:
        data = struct.pack(f"<{width}f", *[value] * width)
        header = json.dumps({"w": {"dtype": "F32", "shape": [width], "data_offsets": [0, len(data)]}}).encode()
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(struct.pack("<Q", len(header)) + header + data)
        return path

    return make


@pytest.fixture
def script() -> Iterator[Script]:
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@dataclass
class Served:
    """A model `m` with versions 1 to 6, and its stage `production`, bound to `directory`; nothing is live."""

    registry: Registry
    directory: Path
    folder: Path
    """For scripts and what they write."""

    place = "m@production"

    def set(self, **changes: object) -> None:
        self.registry.bind_stage(self.place, **changes)

    def script(self, name: str, body: str) -> tuple[str, ...]:
        """A shell script as a stage's command; `$F` in it is `folder`."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nF={self.folder}\n{body}\n")
        path.chmod(0o755)
        return (str(path),)

    def log(self) -> list[str]:
        """What scripts wrote to `$F/log`."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def live(self) -> str | None:
        """The label that is live: registry, link and files must agree on it."""
        label = dict(self.registry.model("m").stages)["production"]
        current = self.directory / "current"
        if label is None:
            assert not os.path.lexists(current)
            return None
        assert current.readlink().name.rpartition("-")[0] == label
        assert (current / "model.bin").read_text() == f"version {label}"
        assert (current / "sub" / "config.json").read_text() == "{}"
        return label

    def outcomes(self) -> list[str]:
        """The history, oldest first, as `action to outcome`."""
        found = self.registry.history("m", "production")[::-1]
        return [f"{each.action} {each.to_label or '-'} {each.outcome}" for each in found]


@pytest.fixture(scope="session")
def stocked_root(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with six versions of a folder of two files."""
    folder = tmp_path_factory.mktemp("stocked")
    root = Path(shutil.copytree(fresh, folder / "registry"))
    (folder / "model" / "sub").mkdir(parents=True)
    (folder / "model" / "sub" / "config.json").write_text("{}")
    with open_registry(root) as registry:
        for label in range(1, 7):
            (folder / "model" / "model.bin").write_text(f"version {label}")
            registry.register("m", folder / "model", scheme="sequence")
    return root


@pytest.fixture
def served(stocked_root: Path, tmp_path: Path, calendar: Calendar) -> Iterator[Served]:
    root = Path(shutil.copytree(stocked_root, tmp_path / "registry"))
    with open_registry(root, clock=calendar) as registry:
        found = Served(registry, tmp_path / "srv", tmp_path)
        found.set(release=str(found.directory), interval=0.01, timeout=5.0)
        yield found


@pytest.fixture
def stocked(registry: Registry, tmp_path: Path) -> Registry:
    """A model `m` with versions 1 to 4; data `test` with versions 1 and 2; 1 is live at production."""
    for label in ("1", "2"):
        data = tmp_path / f"{label}.csv"
        data.write_text(f"a,b\n{label},2\n")
        registry.add_dataset("test", data, label=label)
    for auc, on in ((0.93, "1"), (0.91, "1"), (0.95, "2"), (0.96, "1")):
        registry.register(
            "m",
            scheme="sequence",
            metrics={"auc": auc},
            measured_on=f"data:test:{on}",
            parent="m:#1" if registry.models() else None,
        )
    registry.promote("m:1", "production")
    return registry


@pytest.fixture
def automated(served: Served) -> Automated:
    served.registry.unbind_stage(served.place)  # what a pointer does is quick
    return Automated(served.registry, served.folder)


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system of its own, as only root may."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"tmpfs-{len(mounted)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False, capture_output=True
        )
        if done.returncode:
            pytest.skip("only root may mount")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)
