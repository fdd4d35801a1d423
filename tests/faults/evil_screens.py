"""Every view of the application, on a registry that somebody evil filled in."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from evil_texts import MARK, unfit
from textual.events import Key
from textual.worker import WorkerCancelled, WorkerFailed

from lineal.registry import open_registry
from lineal.write_path.context import now
from lineal_tui.app import LinealApp
from lineal_tui.places import View
from lineal_tui.screens.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evil_registry import Names
    from textual.pilot import Pilot
    from trial import Report

SIZES = ((80, 24), (160, 48), (60, 15), (300, 90), (121, 31), (81, 20))

WAYS: dict[View, tuple[str, ...]] = {
    View.MODELS: ("1", "j", "k", "s", "slash", "a", "enter", "escape"),
    View.TREE: ("2", "G", "space", "g", "j", "space", "equals_sign", "l", "h"),
    View.DIFF: ("3", "equals_sign", "z", "j", "j", "enter", "l", "B", "G"),
    View.LINEAGE: ("4", "plus", "j", "l", "minus", "h"),
    View.HISTORY: ("5", "j", "G", "enter", "escape"),
    View.VERSION: ("6", "ctrl+d", "ctrl+d", "G"),
    View.RUNS: ("7", "l", "l", "s", "t", "greater_than_sign", "v", "G", "equals_sign"),
    View.COLUMNS: ("7", "c", "j", "space", "J", "G"),
    View.EXPERIMENTS: ("7", "e", "G"),
    View.RUN: ("7", "enter", "j", "l", "j", "l", "j", "l", "G", "ctrl+u"),
    View.FILES: ("8", "j", "j", "G"),
    View.FILE: ("8", "g", "j", "j", "j", "enter", "G", *("escape", "j", "enter") * 5),
    View.DATASETS: ("0", "l", "j"),
    View.DATASET: ("0", "l", "j", "enter", "ctrl+d", "G"),
    View.CURVES: ("C", "right_square_bracket", "x", "S", "o", "plus", "l", "m"),
    View.STAGES: ("9", "j", "G"),
    View.STAGE: ("9", "G", "enter", "ctrl+d", "ctrl+d"),
    View.FINDINGS: ("exclamation_mark", "j", "G"),
    View.ALERTS: ("W", "j", "s", "G"),
    View.ALERT: ("W", "g", "enter", "ctrl+d", "G"),
    View.AUTOMATIONS: ("O", "j", "s", "G", "g"),
    View.DELIVERIES: ("O", "g", "enter", "s", "G"),
    View.DELIVERY: ("O", "g", "enter", "g", "enter", "ctrl+d", "G"),
    View.AUDIT: ("A", "j", "w", "w", "t", "t", "m", "m", "G"),
    View.EVENT: ("A", "j", "enter", "ctrl+d"),
    View.POLICY: ("2", "P", "ctrl+d", "G"),
    View.INBOX: ("i", "j", "enter"),
    View.HELP: ("question_mark", "ctrl+d"),
}
"""What is pressed to come to each view, and to see its ends; the screen is read after every key."""

QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("2", "g", "p", "escape"),
    ("2", "r", "escape"),
    ("2", "u", "escape"),
    ("2", "a", "escape"),
    ("2", "b", "escape"),
    ("7", "R", "enter", "enter", "escape", "escape"),
    ("O", "g", "e", "escape"),
    ("O", "g", "x", "escape"),
    ("O", "g", "enter", "g", "a", "escape"),
    ("W", "g", "x", "escape"),
    ("9", "C", "m", "right_square_bracket", "escape"),
    ("colon", "o", "n", "space", "l", "o", "g", "enter", "escape"),
    ("colon", "s", "h", "o", "w", "space", "tab", "enter", "escape"),
    ("2", "slash", "t", "a", "g", "s", "full_stop", "tab", "escape", "escape"),
    ("y", "i"),
    ("2", "y", "j"),
    ("y", "u"),
)
"""Questions that are asked and not answered, prompts, and copies."""


def look(
    names: Names,
    size: tuple[int, int],
    report: Report,
    *,
    views: Sequence[View],
    may_fail: bool,
    questions: Sequence[tuple[str, ...]] = QUESTIONS,
) -> None:
    """Walk through views at a size.

    Args:
        names: of the registry.
        size: of the terminal.
        report: to add to; each key is a trial.
        views: those to walk through.
        may_fail: whether the registry is damaged, so that a view need not come.
        questions: keys that are pressed after these views.
    """
    ways = [*((str(view), WAYS[view]) for view in views), *(("a question", way) for way in questions)]
    asyncio.run(_look(names, size, report, views, ways, may_fail=may_fail))


async def _look(
    names: Names,
    size: tuple[int, int],
    report: Report,
    views: Sequence[View],
    ways: Sequence[tuple[str, tuple[str, ...]]],
    *,
    may_fail: bool,
) -> None:
    with open_registry(names.root) as registry:
        events = len(registry.events())
        app = LinealApp(registry, now)
        where = f"{size[0]}x{size[1]}"
        seen: set[View] = set()
        try:
            async with app.run_test(size=size) as pilot:
                assert isinstance(app.screen, Workspace)
                await _settle(app, pilot)
                for view, keys in ways:
                    for key in ("escape", "escape", *keys):
                        app.post_message(Key(key, key if len(key) == 1 else _LETTERS.get(key)))
                        await _settle(app, pilot)
                        report.trials += 1
                        seen.add(app.screen.shown)
                        seen.add(app.screen.active)
                        _read(app, f"{where}, {view}, {key}", report)
        except Exception as error:  # noqa: BLE001  whatever ends the application is what is looked for
            report.broken.append(f"{where}: {type(error).__name__}: {error}")
            return
        if app._exception is not None:  # what a worker raised
            report.broken.append(f"{where}: {app._exception!r}")
        missed = {view for view in views if view not in seen}
        if missed and not may_fail and size[0] >= 80:
            report.broken.append(f"{where}: no key led to {', '.join(sorted(missed))}")
        if not may_fail and len(registry.events()) != events:
            report.broken.append(f"{where}: something was changed without an answer")


_LETTERS = {"slash": "/", "colon": ":", "space": " ", "full_stop": ".", "at": "@"}


def bytes_of(command: Sequence[str], keys: Sequence[str]) -> bytes:
    """What a program writes to a terminal while keys are pressed."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        os.execvp(command[0], list(command))  # noqa: S606  no shell is wanted
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
    written = bytearray()
    try:
        _wait_for(terminal, written, b"lineal", 20.0)
        _wait_for(terminal, written, None, 1.0)
        for key in keys:
            os.write(terminal, key.encode())
            _wait_for(terminal, written, None, 0.4)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    return bytes(written)


_QUIET = 0.15
"""Seconds without output after which a screen is drawn."""


def _wait_for(terminal: int, written: bytearray, wanted: bytes | None, seconds: float) -> None:
    """Read until something was written, or for so long; questions about the cursor are answered."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (wanted is None or wanted not in written):
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        if ready:
            chunk = os.read(terminal, 1 << 16)
            end = end if wanted else time.monotonic() + _QUIET
            written += chunk
            if b"\x1b[6n" in chunk or b"\x1b[?6n" in chunk:
                os.write(terminal, b"\x1b[?1;1R" if b"\x1b[?6n" in chunk else b"\x1b[1;1R")


async def _settle(app: LinealApp, pilot: Pilot[None]) -> None:
    """Wait until what the last key led to is on the screen."""
    at_rest = 0
    for _ in range(200):
        await pilot.pause()
        with suppress(WorkerFailed, WorkerCancelled):
            await app.workers.wait_for_complete()
        screen = app.screen
        busy = screen.message_queue_size or app.message_queue_size or any(not each.is_finished for each in app.workers)
        at_rest = 0 if busy else at_rest + 1
        if at_rest == 2 or app._exit:
            return


def _read(app: LinealApp, where: str, report: Report) -> None:
    """Whether a screen says nothing but text, and whether nothing came to the clipboard that was not cleaned."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()[:height]
    for strip in strips:
        letters = unfit(strip.text)
        if letters:
            report.broken.append(f"{where}: the screen has {sorted(letters)!a} in {strip.text!a}")
        if strip.cell_length > width:
            report.broken.append(f"{where}: a row of {strip.cell_length} cells")
    if MARK in app.clipboard:
        report.broken.append(f"{where}: an escape came to the clipboard")
