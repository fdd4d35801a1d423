"""A registry with a stage that is bound to a directory, for tests of releases from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SLOW = """\
import os, pathlib, sys, time
here = pathlib.Path(sys.argv[1])
(here / ("began-" + os.environ["LINEAL_ACTION"])).touch()
while not (here / "go").exists():
    time.sleep(0.01)
print("went on")
"""
"""A hook that waits until it may go on."""


@dataclass(frozen=True)
class Bound:
    """A registry whose `fraud@production` is bound; 1.0.0 and then 1.1.0 were live there, 1.2.0 waits."""

    root: Path
    release: Path
    signs: Path
    """Where a slow hook leaves and finds its signs."""

    @property
    def live(self) -> str:
        """The label that the folder `current` points at has."""
        return (self.release / "current").readlink().name.rpartition("-")[0]

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "lineal_tui.main", "--registry", str(self.root), *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_slow_hook(self) -> None:
        """From now on the hook waits for `go`."""
        with open_registry(self.root) as registry:
            registry.bind_stage("fraud@production", hook=(sys.executable, "-c", SLOW, str(self.signs)))

    def go(self) -> None:
        """Let the slow hook go on."""
        (self.signs / "go").touch()

    def wait_for_hook(self, action: str) -> None:
        """Wait until the slow hook runs."""
        self.wait_until((self.signs / f"began-{action}").exists)

    def wait_until_over(self) -> None:
        """Wait until no pipeline runs and none is left unfinished."""
        with open_registry(self.root, read_only=True) as registry:
            self.wait_until(lambda: not registry.running_pipelines())

    @staticmethod
    def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for a condition.

        Raises:
            TimeoutError: it did not come true.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("it did not come true")
            time.sleep(0.01)


def build(folder: Path) -> Bound:
    """Make the registry in a folder."""
    bound = Bound(folder / "registry", folder / "srv", folder / "signs")
    bound.signs.mkdir(parents=True)
    create_registry(bound.root).close()
    with open_registry(bound.root) as registry:
        for label in ("1.0.0", "1.1.0", "1.2.0"):
            weights = folder / "weights.json"
            weights.write_text(json.dumps({"label": label}))
            registry.register("fraud", weights, label=label, owner="ana", purpose="cards")
        registry.bind_stage("fraud@production", release=bound.release, interval=0.05, tries=2, timeout=20)
        registry.promote("fraud:1.0.0", "production")
        registry.promote("fraud:1.1.0", "production")
    return bound


def program(folder: Path, name: str, text: str) -> Path:
    """A shell script that may be run."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)  # noqa: PTH101, S103  a hook
    return path
