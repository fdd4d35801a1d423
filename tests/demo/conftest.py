"""The demo's registry, built once however many processes run the tests."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from lineal_tui.demo import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def demo_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    # Under pytest-xdist every worker has a folder of its own inside the session's.
    session = base.parent if base.name.startswith("popen-") else base
    registry = session / "demo"
    with (session / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (session / "demo.done").exists():
            build(registry)
            (session / "demo.done").touch()
    return registry
