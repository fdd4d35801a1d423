"""Row 13: hostile names, paths, links, escapes and markup stay text, and stay where they belong."""

from __future__ import annotations

import errno
import os
import random
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import evil_archives
import evil_commands
import evil_exports
import guards
from evil_registry import Builder, poison
from evil_texts import CORPUS, TEXTS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from trial import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY = Path("/dev/shm")  # noqa: S108  where syncing costs nothing, as no trial is about a power cut


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None, with_screens: bool = True) -> Report:
    """Fill registries and look at them in every way, until there were so many trials; each thing looked at is one.

    Without what guards against it, the first one that breaks a promise is the last.
    """
    if without is not None:
        guards.GUARDS[without].take_out()
    del folder
    report = Report()
    while report.trials < trials and not (without is not None and report.broken):
        _one(seed + report.trials, report, trials, with_screens=with_screens, until_broken=without is not None)
    report.struck = report.trials
    return report


def _one(seed: int, report: Report, trials: int, *, with_screens: bool, until_broken: bool) -> None:
    """A registry that is as it may be, damaged by rows that keep the rules, or by rows that break them, in turn."""
    kind = report.notes.get("registries", 0) % 4

    @seeded(seed)
    @settings(
        max_examples=1, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def look(data: st.DataObject) -> None:
        dice = random.Random(seed)  # noqa: S311  no secret
        _look(dice, lambda: data.draw(TEXTS), kind, report, trials, with_screens, until_broken)

    look()
    report.note("registries")


def _look(
    dice: random.Random,
    drawn: Callable[[], str],
    kind: int,
    report: Report,
    trials: int,
    with_screens: bool,
    until_broken: bool,
) -> None:
    def draw() -> str:
        # the first example of a strategy is the simplest there is
        return drawn() if dice.random() < 0.5 else dice.choice(CORPUS)

    with _place() as folder:
        names = Builder(folder, draw).build()
        for field in names.refused:
            report.note(f"refused: {field}")
        if kind >= 2:
            poison(names.root, draw, against_rules=kind == 3)
        with evil_commands.standing_in(_made(folder / "standing")):
            for number, line in enumerate(evil_commands.lines_of(names, [draw(), draw()])):
                report.trials += 1
                asked = line if kind < 2 else evil_commands.Line(line.words, is_json=line.is_json)
                on_terminal = number % 2 == 1 and not evil_commands.refuses_terminals(asked)
                report.broken += evil_commands.wrong(asked, terminal=on_terminal)
                if until_broken and report.broken:
                    return
        if kind < 2 and not report.broken:
            evil_exports.check(names, _made(folder / "exports"), report)
            evil_archives.check(names, _made(folder / "archives"), dice, report, draw)
        if with_screens and report.trials < trials and not report.broken:
            import evil_screens  # the application takes its time, and whoever asks for commands only needs none of it

            from lineal_tui.places import View

            evil_screens.look(names, dice.choice(evil_screens.SIZES), report, views=tuple(View), may_fail=kind >= 2)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextmanager
def _place() -> Iterator[Path]:
    """A folder in memory, and a home of its own for what the application remembers."""
    folder = Path(tempfile.mkdtemp(prefix="lineal-evil-", dir=MEMORY if MEMORY.is_dir() else None))
    kept = {name: os.environ.get(name) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    os.environ |= {name: str(folder / "home" / name) for name in kept}
    try:
        yield folder
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder, again where a process that runs automations was still writing into it."""
    end = time.monotonic() + 10
    while True:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.ENOENT} or time.monotonic() > end:
                raise
            time.sleep(0.02)
        if not folder.exists():
            return
