"""The application as people have it: a process in a terminal."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.pty_session import PtySession

    from lineal.registry import Registry
else:
    from pty_session import PtySession


def start(registry: Registry, state: Path, *, answers: bool = True, **environment: str) -> PtySession:
    return PtySession(
        [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry.root)],
        environment={"XDG_STATE_HOME": str(state), **environment},
        answers=answers,
    )


@pytest.mark.parametrize("answers", [True, False], ids=["a terminal that answers", "a terminal that does not"])
def test_from_launch_r_and_y_roll_production_back(registry: Registry, tmp_path: Path, answers: bool) -> None:
    with start(registry, tmp_path / "state", answers=answers) as terminal:
        terminal.wait_for("◀ live")
        terminal.send("r")
        terminal.wait_for("Roll fraud@production back to 2.0.0")
        terminal.read(0.1 if answers else 1.2)  # for a second after the start, a terminal may still come to answer
        assert registry.live("fraud@production").version.label == "2.1.0"
        terminal.send("y")
        terminal.wait_for("2.0.0 is live")
        assert registry.live("fraud@production").version.label == "2.0.0"
        terminal.send("qq")
        assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("answers", [True, False], ids=["a terminal that answers", "a terminal that does not"])
def test_keys_typed_ahead_never_answer(registry: Registry, tmp_path: Path, answers: bool) -> None:
    with start(registry, tmp_path / "state", answers=answers) as terminal:
        terminal.wait_for("◀ live")
        terminal.send("ryyyy")
        terminal.wait_for("Roll fraud@production back to 2.0.0")
        terminal.read(0.5)
        assert registry.live("fraud@production").version.label == "2.1.0"
        assert "Roll fraud@production" in terminal.text


def test_keys_typed_before_a_slow_screen_shows_the_question_never_answer(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state") as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.settle()
        terminal.send("r")
        # the question has been written by now, but the connection is slow: this screen has not got it yet
        time.sleep(0.4)
        assert "Roll fraud" not in terminal.text
        terminal.send("y")
        terminal.wait_for("Roll fraud@production back to 2.0.0")
        terminal.read(0.3)
        assert registry.live("fraud@production").version.label == "2.1.0"
        terminal.send("y")
        terminal.wait_for("2.0.0 is live")


def test_a_cursor_move_and_a_question_cost_few_bytes(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state", answers=False) as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.settle()
        assert "fraud ▸ tree" in terminal.rows[0]
        assert "? help" in terminal.rows[-1]
        assert len(terminal.output) < 14_000
        terminal.send("H")
        terminal.wait_for("history of")
        terminal.settle()
        for key in "jkjk":
            before = len(terminal.output)
            terminal.send(key)
            terminal.settle()
            assert 0 < len(terminal.output) - before <= 150, key
        before = len(terminal.output)
        terminal.send("r")
        terminal.wait_for("Roll fraud@production")
        terminal.read(0.5)
        assert len(terminal.output) - before <= 250


def test_escape_alone_is_a_key_as_soon_as_nothing_follows(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state", answers=False) as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.settle()
        for _ in range(5):  # a busy machine may be late, but not always
            terminal.send("/")
            terminal.settle(0.2)
            before, at = len(terminal.output), time.monotonic()
            terminal.send("\x1b")
            while len(terminal.output) == before and time.monotonic() < at + 5:
                terminal.read(0.002)
            taken = time.monotonic() - at
            if taken < 0.09:
                return
            terminal.settle(0.2)
        pytest.fail(f"it took {taken:.3f} seconds")


def test_a_key_that_comes_in_parts_is_the_key_and_no_escape(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state", answers=False, ESCDELAY="2000") as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.send("H")
        terminal.wait_for("history of")
        terminal.settle()
        first = next(row for row in terminal.rows if row.startswith("▌"))
        for part in ("\x1b", "[", "B"):
            terminal.send(part)
            terminal.read(0.15)
        terminal.settle()
        assert "history of" in terminal.text
        assert next(row for row in terminal.rows if row.startswith("▌")) != first


def test_letters_come_in_parts_and_bytes_that_are_none_stop_nothing(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state", answers=False) as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.send("/")
        terminal.settle()
        for part in (b"\xc3", b"\xa9", b"\xff", b"z"):
            os.write(terminal._fd, part)
            terminal.read(0.05)
        terminal.wait_for("/é\ufffdz")


def test_over_ssh_there_is_no_mouse_and_no_colour_of_its_own(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state", SSH_CONNECTION="10.0.0.1 1 10.0.0.2 22") as terminal:
        terminal.wait_for("◀ live")
        terminal.read(0.2)
        assert b"\x1b[?1003h" not in terminal.output
        assert b"38;2;" not in terminal.output
        assert b"38;5;" not in terminal.output


def test_nothing_is_written_while_nothing_happens(registry: Registry, tmp_path: Path) -> None:
    with start(registry, tmp_path / "state") as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.settle()
        before = len(terminal.output)
        terminal.read(1.2)
        assert len(terminal.output) == before
        os.kill(terminal.pid, 0)
