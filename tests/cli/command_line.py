"""What a typed command answers, and a sample registry with words of somebody evil in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lineal.records.base import Micros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lineal.registry import Registry

EVIL = "\x1b]52;c;aGk=\x07\x9b31m[/red]\u202etxt.exe\u200b"
"""A clipboard command, a colour, markup, and letters that reorder and hide."""
START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, when the sample begins; each change is an hour later."""


@dataclass(frozen=True)
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Its stdout line by line."""
        return self.out.splitlines()


class Typed(Protocol):
    """Types a command line in this process."""

    def __call__(self, *words: object) -> Ran: ...


class Processed(Protocol):
    """Runs a command line as a process."""

    def __call__(
        self,
        *words: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = 30,
        typed: str | None = None,
    ) -> Ran: ...


@dataclass
class Hours:
    """A clock that goes on by an hour whenever it is read."""

    at: int = START

    def __call__(self) -> Micros:
        self.at += 3_600_000_000
        return Micros(self.at)


def populate(registry: Registry, folder: Path) -> None:
    """Three versions with a past at production, a run, data with a parent, and words of somebody evil."""
    january = folder / "january.csv"
    january.write_text("age,amount\n31,10.5\n44,\n")
    february = folder / "february.csv"
    february.write_text("age,amount\n31,10.5\n44,7\n28,3\n")
    registry.add_dataset("payments", january, label="2026-01")
    registry.add_dataset("payments", february, label="2026-02", parents=["data:payments:2026-01"], notes=EVIL)

    def weights(text: str) -> Path:
        path = folder / "model.bin"
        path.write_text(text)
        return path

    registry.register(
        "fraud",
        weights("one"),
        label="1.0.0",
        datasets=["data:payments:2026-01=train"],
        params={"lr": 0.1, "depth": 3, "warm": False, "note": EVIL, "none": None},
        metrics={"auc": 0.90, "loss": float("nan")},
        measured_on="data:payments:2026-01",
        owner="ana",
        purpose="card payments",
    )
    with registry.start_run("churn", params={"lr": 0.2}, tags={"team": "risk"}, name="first") as run:
        run.use_dataset("payments", february, label="2026-02")
        for step, value in enumerate((0.5, 0.25, float("inf"))):
            run.log_metric("loss", value, step=step)
        run.register("fraud", weights("two"), label="1.1.0", parent="fraud:1.0.0=finetune", metrics={"auc": 0.93})
    registry.register(
        "fraud",
        weights("three"),
        label="1.2.0",
        parent="fraud:1.1.0",
        metrics={"auc": 0.91},
        notes=f"two\nlines {EVIL}",
        owner=EVIL,
        tags={"evil": EVIL},
    )
    registry.promote("fraud:1.0.0", "production", reason="first")
    registry.promote("fraud:1.1.0", "production", reason=EVIL)
    registry.promote("fraud:1.2.0", "staging")
    registry.register("größe 大", weights("four"), label="1", scheme="sequence", purpose="another script")
