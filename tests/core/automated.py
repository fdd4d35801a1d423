"""Commands of automations for tests, what they wrote down, and the process that runs them."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineal.records.automation import Delivery
    from lineal.registry import Registry


@dataclass
class Automated:
    """A model `m` of six versions, and scripts that write down what they are told."""

    registry: Registry
    folder: Path

    def script(self, name: str, body: str) -> tuple[str, ...]:
        """A shell script; `$F` in it is `folder`."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nF={self.folder}\n{body}\n")
        path.chmod(0o755)
        return (str(path),)

    def add(
        self, event: str, place: str | None = "m", body: str = 'echo "$LINEAL_REF" >> "$F/log"', **more: Any
    ) -> str:
        """Add an automation that runs such a script; returns its name."""
        command = self.script(f"script-{len(list(self.folder.iterdir()))}", body)
        return self.registry.add_automation(event, place, command, **more).name

    def settle(self) -> list[Delivery]:
        """Wait until nothing waits and nothing runs; what was run, oldest first."""
        deadline = time.monotonic() + 60

        def tick() -> None:
            assert time.monotonic() < deadline

        self.registry.settle_automations(tick=tick)
        return self.registry.deliveries()[::-1]

    def states(self) -> list[str]:
        """How all ended, oldest first."""
        return [each.state.value for each in self.settle()]

    def log(self, name: str = "log") -> list[str]:
        """The lines that scripts wrote to `$F/log`."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def told(self) -> list[dict[str, Any]]:
        """What scripts copied from their standard input to `$F/told`, a line each."""
        return [json.loads(line) for line in self.log("told")]

    def workers(self) -> list[int]:
        """The processes that run what waits in this registry."""
        return workers(self.registry.root)


def workers(root: Path) -> list[int]:
    """The processes that run what waits in a registry."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdigit():
            continue
        try:
            words = (each / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if b"lineal.processes.worker" in words and os.fsencode(root.absolute()) in words and words[0] != b"/bin/sh":
            found.append(int(each.name))
    return found
