"""Keys, pastes and sizes at random: nothing may crash, and nothing may change but by a `y` to a question on the screen.

`python tests/tui/fuzz.py --minutes 5` runs for so long, with new seeds; the suite runs a few of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from textual.events import Key, Paste

from lineal.registry import create_registry, open_registry
from lineal_tui.app import LinealApp
from lineal_tui.keys import BINDINGS
from lineal_tui.screens.asking import Phase
from lineal_tui.screens.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.pilot import Pilot

    from lineal.records.base import Micros
    from lineal.registry import Registry

HOSTILE = ["plain", "[/] a[/b]c", "\x1b]52;c;aGk=\x07", "\u202egnp.exe", "é界\u200b", "'\"`$(x)", "%_\\", "x" * 300]
SIZES = [(1, 1), (2, 1), (10, 3), (59, 15), (60, 15), (80, 24), (119, 30), (120, 30), (150, 20), (160, 48), (300, 90)]
NOT_PRESSED = {"suspend"}
KEYS = sorted(
    {
        stroke
        for binding in BINDINGS
        if binding.id not in NOT_PRESSED
        for key in binding.keys
        for stroke in key.split(" ")
    }
    | set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    | {"backspace", "delete", "ctrl+w", "ctrl+k", "ctrl+e", "f1", "minus", "at", "number_sign"}
)
LEAVING = {"q", "escape", "ctrl+c"}
TYPED = [
    "models",
    "diff fraud:1.0.0 fraud:2.0.0",
    "show fraud@production",
    "help",
    "fraud:#2",
    "nonsense",
    "promote",
    "audit",
    "lineage data:customers:1",
    "",
]
FILTERS = ["metrics.auc > 0.3", "metrics.auc > ", "fraud", "params.lr < 1 and status = 'finished'", "[/] a", "zzz", "'"]
JOURNEYS = (
    ("7",),
    ("7", "space", "j", "space", "C"),
    ("7", "space", "j", "space", "j", "d"),
    ("7", "l", "l", "l", "s"),
    ("7", "c", "space", "J"),
    ("7", "enter"),
    ("e", "j", "enter"),
    ("2", "space", "j", "space", "j", "space", "d"),
    ("2", "C"),
    ("4", "l", "h", "o"),
    ("2", "L", "h", "h", "l", "plus", "minus"),
    ("5",),
    ("6",),
    ("8",),
    ("9",),
    ("0", "l", "j", "enter"),
    ("0", "L"),
    ("A", "j", "enter"),
    ("A", "w", "t"),
    ("P",),
    ("i", "enter"),
    ("exclamation_mark",),
    ("x",),
    ("question_mark", "slash"),
)
"""Keys that lead to a view, which keys at random seldom find."""
ANSWERS = {"y", "n", "b"}
"""Keys that may change something when a question is open: yes, a rejection, a version marked bad."""


def furnish(registry: Registry, folder: Path, chance: random.Random) -> None:
    """Runs, data and versions with hostile fields; some live, some gated, and one that an alert is about."""
    table = folder / "table.csv"
    for number in range(3):
        table.write_text("id,amount\n" + "".join(f"{row},{row * number}\n" for row in range(5 + number)))
        registry.add_dataset("customers", table, notes=chance.choice(HOSTILE))
    add_runs(registry, chance)
    weights = folder / "weights.bin"
    for number in range(8):
        weights.write_bytes(bytes([number]) * 10)
        registry.register(
            "fraud",
            weights,
            label=f"{1 + number // 4}.{number % 4}.0",
            parents=[f"fraud:#{chance.randint(1, number)}"] if number else [],
            datasets=[f"data:customers:{1 + number % 3}"],
            metrics={"auc": chance.random(), chance.choice(["loss", "error"]): chance.random()},
            params={"lr": chance.random(), "text": chance.choice(HOSTILE)},
            owner=chance.choice(HOSTILE),
            purpose=chance.choice(HOSTILE),
            notes=chance.choice(HOSTILE),
            tags={"team": chance.choice(HOSTILE)},
        )
    for number in (1, 3, 5):
        registry.promote(f"fraud:#{number}", "production", reason=chance.choice(HOSTILE))
    registry.promote("fraud:#6", "staging")
    registry.set_gates("fraud@staging", expressions=("metrics.auc > 0.5",), approvals=1)
    registry.set_alerts("fraud@production", "latency < 80")
    for value in (70.0, 75.0, 91.0):
        registry.observe("fraud@production", {"latency": value, "errors": chance.random()})


def add_runs(registry: Registry, chance: random.Random) -> None:
    """Some runs with curves, one within another, one that failed."""
    for number in range(4):
        with registry.start_run(
            chance.choice(["training", "search"]),
            name=chance.choice(HOSTILE)[:200],
            params={"lr": chance.random(), "text": chance.choice(HOSTILE)},
        ) as run:
            for step in range(chance.choice([1, 2, 40])):
                run.log_metrics(
                    {"auc": chance.choice([0.5, float("nan"), 1e300, -1.0]), "loss": chance.random()}, step=step
                )
            if number == 1:
                with registry.start_run("training", name="within", parent=run) as inner:
                    inner.log_metrics({"auc": 0.1}, step=0)


async def session(registry: Registry, seed: int, steps: int, *, may_accept: bool) -> int:
    """One run of the application; returns how many questions were accepted."""
    chance = random.Random(seed)  # noqa: S311  nothing secret
    before = len(registry.events())
    accepted = 0
    app = LinealApp(registry, lambda: at(seed))
    async with app.run_test(size=chance.choice(SIZES)) as pilot:
        await pilot.pause(0.05)
        for _ in range(steps):
            if not app.is_running or app._exit:
                break
            accepted += await step(app, pilot, chance, may_accept=may_accept)
        await pilot.pause(0.1)
        if app._exception is not None:
            raise app._exception
    after = len(registry.events())
    if after - before > accepted * 4:
        raise AssertionError(f"seed {seed}: {after - before} events for {accepted} accepted questions")
    return accepted


async def step(app: LinealApp, pilot: Pilot[None], chance: random.Random, *, may_accept: bool) -> int:
    """One thing that a person, or a cat, may do; returns 1 when a question was accepted."""
    kind = chance.random()
    screen = app.screen
    assert isinstance(screen, Workspace)
    accepted = 0
    if kind < 0.06:
        await pilot.resize_terminal(*chance.choice(SIZES))
    elif kind < 0.10:
        app.post_message(Paste(chance.choice([*HOSTILE, "ry", "y\ry\r"])))
    elif kind < 0.14:
        screen.poll()
    elif kind < 0.18 and screen.asking.phase is Phase.NONE:
        type_in(app, [":", *chance.choice(TYPED)])
    elif kind < 0.22 and screen.asking.phase is Phase.NONE:
        type_in(app, ["/", *chance.choice(FILTERS)])
    elif kind < 0.34 and screen.asking.phase is Phase.NONE:
        for key in chance.choice(JOURNEYS):
            press(app, key)
            await pilot.pause(chance.choice([0, 0.01]))
    else:
        for _ in range(chance.choice([1, 1, 1, 2, 5])):
            key = chance.choice(KEYS)
            if key in LEAVING and chance.random() < 0.95:
                continue
            if accepts(screen, key):
                # a question is on the screen: only now may this be an answer
                if not may_accept:
                    continue
                accepted = 1
            press(app, key)
    await pilot.pause(chance.choice([0, 0, 0.005, 0.02]))
    return accepted


def accepts(screen: Workspace, key: str) -> bool:
    """Whether a key may be taken for a yes: only while a question is open, which has been painted by then."""
    return screen.asking.phase is Phase.OPEN and key in ANSWERS


def type_in(app: LinealApp, letters: Sequence[str]) -> None:
    """Type a line, and accept it."""
    for letter in letters:
        press(app, letter)
    press(app, "enter")


def press(app: LinealApp, key: str) -> None:
    """Send a key as a terminal does."""
    letter = key if len(key) == 1 else None
    names = {":": "colon", " ": "space", "@": "at", "#": "number_sign", ".": "full_stop", "/": "slash"}
    app.post_message(Key(names.get(key, key), letter))


def at(seed: int) -> Micros:
    """A clock that stands still."""
    from lineal.records.base import Micros

    return Micros(1_800_000_000_000_000 + seed)


def run(seed: int, steps: int, folder: Path) -> int:
    """One seed, on a registry of its own: accepting nothing, then accepting, then reading only."""
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    root = folder / "registry"
    with create_registry(root) as registry:
        furnish(registry, folder, random.Random(seed))  # noqa: S311  as above
        events = len(registry.events())
        asyncio.run(session(registry, seed, steps, may_accept=False))
        if len(registry.events()) != events:
            last = registry.events(limit=1)[0]
            raise AssertionError(f"seed {seed}: {last.action} {last.ref} though nothing was accepted")
        accepted = asyncio.run(session(registry, seed + 1, steps, may_accept=True))
    with open_registry(root, read_only=True) as reader:
        events = len(reader.events())
        asyncio.run(session(reader, seed + 2, steps, may_accept=True))
        if len(reader.events()) != events:
            raise AssertionError(f"seed {seed}: a registry that may only be read was changed")
    return accepted


def main() -> int:
    """Run new seeds until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    end, seed, accepted = time.monotonic() + options.minutes * 60, options.seed, 0
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            accepted += run(seed, options.steps, Path(folder))
        sys.stdout.write(f"seed {seed}: {options.steps} steps, {accepted} questions accepted so far\n")
        sys.stdout.flush()
        seed += 10
    return 0


if __name__ == "__main__":
    sys.exit(main())
