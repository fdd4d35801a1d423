"""A registry with a past, and two ways to type a command: in this process, and as a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lineal.registry import create_registry, open_registry
from lineal_tui.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.cli.bound_stage import Bound, build
    from tests.cli.command_line import Hours, Processed, Ran, Typed, populate
else:
    from bound_stage import Bound, build
    from command_line import Hours, Processed, Ran, Typed, populate


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample registry, which nobody changes."""
    folder = tmp_path_factory.mktemp("sample")
    root = folder / "registry"
    clock = Hours()
    create_registry(root, clock=clock).close()
    with open_registry(root, clock=clock) as registry:
        populate(registry, folder)
    return root


@pytest.fixture
def registry(sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample that may be changed."""
    root = tmp_path / "registry"
    shutil.copytree(sample, root)
    return root


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typed:
    """Types commands in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAL_REGISTRY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def run(*words: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in words])
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return run


@pytest.fixture
def processed(tmp_path: Path) -> Processed:
    """Runs commands as processes, in an empty folder."""

    def run(
        *words: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = 30,
        typed: str | None = None,
    ) -> Ran:
        kept = {name: value for name, value in os.environ.items() if name not in {"LINEAL_REGISTRY", "LINEAL_DEBUG"}}
        done = subprocess.run(
            [sys.executable, "-m", "lineal_tui.main", *(str(word) for word in words)],
            cwd=cwd or tmp_path,
            env={**kept, "XDG_DATA_HOME": str(tmp_path / "data"), **(env or {})},
            input=(typed or "").encode(),
            capture_output=True,
            check=False,
            timeout=seconds,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def bound(tmp_path: Path) -> Bound:
    """A registry with a bound stage, to be changed."""
    return build(tmp_path / "bound")
