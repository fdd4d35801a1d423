"""What is shown before the toolkit is imported: it is what the application shows then, and it leaves no debris."""

from __future__ import annotations

import array
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest
from textual.events import Resize
from textual.geometry import Size

from lineal_tui.early import ENTER, Early, _lines
from lineal_tui.keys import BINDINGS
from lineal_tui.screens.scene import read_scene
from lineal_tui.terminal import Look, judge
from lineal_tui.view.drawing.colours import sequence_of
from lineal_tui.view.drawing.lines import Tone
from lineal_tui.view.versioning.first_picture import first_row, tree_pane

if TYPE_CHECKING:
    from tests.tui.conftest import Calendar, Opening
    from tests.tui.pty_session import PtySession

    from lineal.registry import Registry
else:
    from pty_session import PtySession

LEAVE = b"\x1b[?1049l"


def start(registry: Registry, **environment: str) -> PtySession:
    return PtySession(
        [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry.root)],
        environment={"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"], "LANG": "C.UTF-8", **environment},
    )


@pytest.mark.parametrize("size", [(60, 15), (61, 17), (80, 24), (119, 31), (120, 40), (133, 41), (150, 50), (177, 29)])
async def test_it_is_what_the_application_shows_then(
    registry: Registry, calendar: Calendar, opened: Opening, size: tuple[int, int]
) -> None:
    early = _lines(read_scene(registry, None, None, calendar.still), registry, size, BINDINGS, None)
    async with opened(registry, size=size) as session:
        shown = session.rows
    for placed in early:
        text = "".join(span for span, _ in placed.line)
        row = shown[placed.row].ljust(size[0])
        assert row[placed.column : placed.column + len(text)] == text
    assert any("PRODUCTION" in "".join(span for span, _ in placed.line) for placed in early)


@pytest.mark.parametrize(
    ("cursor", "first"), [(0, 0), (10, 0), (11, 6), (20, 15), (22, 17), (23, 18), (500, 495), (999, 989)]
)
def test_the_cursor_is_in_sight_where_the_list_would_have_it(cursor: int, first: int) -> None:
    pane = tree_pane(80, 24)
    assert pane.rows == 11
    assert first_row(cursor, pane, 1000) == first
    assert first <= cursor < first + pane.rows


def test_it_comes_before_the_application_and_is_entered_once(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        before = bytes(terminal.output)
        assert before.startswith(ENTER.encode())
        assert b"\x1b[?2004h" not in before  # bracketed paste is the toolkit's to ask for
        terminal.wait_for(lambda session: b"\x1b[?2004h" in session.output)
        terminal.wait_for("against 2.0.0")
        terminal.settle()
        assert terminal.output.count(ENTER.encode()) == 1
        terminal.send("qq")
        assert terminal.wait_for_end() == 0
        assert terminal.output.count(LEAVE) == 1
        assert termios.tcgetattr(terminal._fd)[3] & termios.ECHO


def test_what_is_typed_meanwhile_is_the_application_s(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        terminal.send("dry")
        terminal.wait_for("Roll fraud@production back")
        terminal.read(0.5)
        assert "Roll fraud@production back" in terminal.text  # the answer came before the question
        assert registry.live("fraud@production").version.label == "2.1.0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("seconds", [0, 0.1, 0.2, 0.3, 0.4])
def test_a_signal_meanwhile_gives_the_terminal_back(registry: Registry, number: signal.Signals, seconds: float) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        terminal.read(seconds)
        os.kill(terminal.pid, number)
        assert terminal.wait_for_end() == 128 + number
        assert b"Traceback" not in terminal.output
        if number is signal.SIGTERM:  # with the other, there is no terminal any more
            assert LEAVE in terminal.output
            assert termios.tcgetattr(terminal._fd)[3] & termios.ECHO


def test_a_signal_in_the_middle_of_writing_writes_too() -> None:
    code = (
        "import os, signal\nfrom lineal_tui import early\n"
        "def end(*_):\n    early._write('given back')\n    os._exit(143)\n"
        "signal.signal(signal.SIGTERM, end)\nearly._write('x' * 500_000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        waiting, held = array.array("i", [0]), 0
        while not held or held != waiting[0]:  # until it can write no more
            held = waiting[0]
            time.sleep(0.05)
            fcntl.ioctl(child.stderr, termios.FIONREAD, waiting)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        assert child.stderr.read().endswith(b"given back")
    assert child.returncode == 143


def test_nothing_is_taken_from_who_showed_nothing() -> None:
    with Early() as early, pytest.raises(AssertionError, match="nothing to take over"):
        early.take()


def test_every_tone_has_a_sequence_in_every_look() -> None:
    for look in Look:
        for tone in Tone:
            for exact in (True, False):
                assert sequence_of(look, tone, exact=exact).startswith("\x1b[22;27;")
    assert sequence_of(Look.DARK, Tone.LIVE, exact=True) == "\x1b[22;27;1;38;2;118;200;147m"
    assert sequence_of(Look.ANSI, Tone.LIVE, exact=False) == "\x1b[22;27;1;32m"
    assert sequence_of(Look.PLAIN, Tone.TITLE, exact=False) != sequence_of(Look.PLAIN, Tone.STRONG, exact=False)
    # bright black would be the ground itself in some palettes
    assert sequence_of(Look.ANSI, Tone.MUTED, exact=False) == "\x1b[22;27;2;39m"


async def test_a_small_terminal_gets_no_picture(registry: Registry, calendar: Calendar) -> None:
    small = judge({"TERM": "xterm"}, encoding="utf-8", size=(50, 10))
    with Early() as early:
        early.show(read_scene(registry, None, None, calendar.still), registry, small, BINDINGS)
        assert early.found is None


async def test_sizes_that_the_terminal_has_no_more_are_passed_over(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        before = session.rows
        for width in (60, 59, 60):
            session.workspace.post_message(Resize(Size(width, 15), Size(width, 15)))
        await session.settle()
        assert session.rows == before
        assert session.workspace.size == (80, 24)


def test_a_terminal_that_changes_while_it_comes_up_ends_with_its_last_size(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        for size in ((1, 1), (200, 60), (3, 50), (60, 15), (59, 15), (120, 30), (80, 24)):
            terminal.resize(size)
            terminal.read(0.03)
        terminal.wait_for("against 2.0.0")
        assert len(terminal.rows[-1]) <= 80
