"""The application in terminals of every kind: what they can show, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest

from lineal_tui.settings import Settings
from lineal_tui.terminal import Look, judge
from lineal_tui.view.drawing.ascii import to_ascii
from lineal_tui.view.drawing.lines import width_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.pty_session import PtySession

    from lineal.registry import Registry
else:
    from pty_session import PtySession

UTF8 = {"LANG": "C.UTF-8", "LC_ALL": "", "LC_CTYPE": ""}


def start(registry: Registry, *options: str, size: tuple[int, int] = (80, 24), **environment: str) -> PtySession:
    return PtySession(
        [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry.root), *options],
        size=size,
        environment={"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"], **UTF8, **environment},
    )


# what a terminal tells


@pytest.mark.parametrize(
    ("environment", "look", "is_ascii", "has_mouse"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Look.DARK, False, True),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, Look.LIGHT, False, True),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;0"}, Look.DARK, False, True),
        ({"TERM": "screen"}, Look.ANSI, False, True),
        ({"TERM": "linux"}, Look.ANSI, True, True),
        ({"TERM": "vt100"}, Look.PLAIN, True, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, Look.PLAIN, False, True),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Look.DARK, False, True),
        ({"TERM": "tmux-256color", "SSH_CONNECTION": "a 1 b 22"}, Look.ANSI, False, False),
        ({"TERM": "xterm-256color", "LANG": "C"}, Look.DARK, True, True),
        ({"TERM": "xterm-256color", "LANG": "C", "LC_CTYPE": "C.UTF-8"}, Look.DARK, True, True),
        ({"TERM": "xterm-256color", "LANG": "de_DE.ISO-8859-1"}, Look.DARK, True, True),
        ({"TERM": "xterm-256color", "LANG": "C", "LC_ALL": "en_US.utf8"}, Look.DARK, False, True),
        ({"TERM": "xterm-256color", "LANG": "en_US.UTF-8@euro"}, Look.DARK, False, True),
        ({"TERM": "xterm-256color", "LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, Look.DARK, True, True),
    ],
)
def test_the_environment_decides(environment: dict[str, str], look: Look, is_ascii: bool, has_mouse: bool) -> None:
    found = judge(environment, encoding="utf-8", size=(80, 24))
    assert (found.look, found.is_ascii, found.has_mouse) == (look, is_ascii, has_mouse)


def test_what_is_settled_goes_before_the_environment() -> None:
    environment = {"TERM": "xterm-256color", "SSH_CONNECTION": "a 1 b 22", "LANG": "C"}
    found = judge(
        environment, encoding="utf-8", size=(80, 24), settled=Settings(theme="light", ascii=False, mouse=True)
    )
    assert (found.look, found.is_ascii, found.has_mouse) == (Look.LIGHT, False, True)


@pytest.mark.parametrize("text", ["▌• ○─╮◆✓→▲▼Δ…⋯·", "▁▂▃▄▅▆▇█", "⠀⠁⣀⣿", "naïve 界 \u202e", "plain"])
def test_every_sign_has_a_twin_in_ascii_of_the_same_width(text: str) -> None:
    assert to_ascii(text).isascii()
    assert len(to_ascii(text)) == width_of(text)


def test_every_sign_that_is_written_in_the_sources_has_a_twin() -> None:
    from pathlib import Path

    import lineal_tui

    folder = Path(lineal_tui.__file__).parent
    signs = {
        sign
        for part in ("screens", "widgets", "view")
        for path in (folder / part).glob("*.py")
        if path.name not in {"clean.py", "ascii.py"}
        for sign in path.read_text(encoding="utf-8")
        if not sign.isascii()
    }
    assert {sign for sign in signs if to_ascii(sign) == "?"} == set()


# what it shows


def test_in_ascii_nothing_else_is_written(registry: Registry) -> None:
    with start(registry, "--ascii", size=(160, 48)) as terminal:
        terminal.wait_for("< live")
        terminal.send("?")
        terminal.wait_for("keys in")
        assert bytes(terminal.output).isascii()
        terminal.send("q")
        terminal.wait_for("> 2.1.0")
        assert "@" in terminal.text


def test_a_locale_without_utf_8_is_drawn_in_ascii(registry: Registry) -> None:
    with start(registry, LANG="C") as terminal:
        terminal.wait_for("against 2.0.0")
        assert bytes(terminal.output).isascii()


@pytest.mark.parametrize("term", ["xterm-256color", "screen", "xterm"])
def test_with_no_color_there_is_none(registry: Registry, term: str) -> None:
    with start(registry, NO_COLOR="1", TERM=term) as terminal:
        terminal.wait_for("◀ live")
        terminal.send("r")
        terminal.wait_for("Roll fraud")
        written = bytes(terminal.output)
        assert b"38;" not in written
        assert b"48;" not in written
        assert not any(b"\x1b[%dm" % code in written for code in (*range(30, 38), *range(90, 98)))


def test_sixteen_colours_are_the_terminal_s_own(registry: Registry) -> None:
    with start(registry, TERM="screen", COLORTERM="") as terminal:
        terminal.wait_for("against 2.0.0")
        assert b"38;" not in terminal.output


def test_a_light_ground_has_dark_letters(registry: Registry) -> None:
    with start(registry, COLORFGBG="0;15") as terminal:
        terminal.wait_for("against 2.0.0")
        assert b"48;2;224;224;224" in terminal.output


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}])
def test_without_a_terminal_the_commands_are_named(registry: Registry, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry.root)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 2
    assert "use the commands" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_read_only_is_said_and_holds(registry: Registry) -> None:
    with start(registry, "--read-only") as terminal:
        terminal.wait_for(" RO ")
        terminal.wait_for("◀ live")
        terminal.send("r")
        terminal.wait_for("nothing can be changed here")


def test_read_only_may_be_settled(registry: Registry) -> None:
    from lineal_tui.settings import config_file

    config_file().parent.mkdir(parents=True)
    config_file().write_text("[tui]\nread_only = true\n")
    with start(registry, XDG_CONFIG_HOME=os.environ["XDG_CONFIG_HOME"]) as terminal:
        terminal.wait_for(" RO ")


def test_a_configuration_that_is_wrong_is_told_before_anything_is_drawn(registry: Registry) -> None:
    from lineal_tui.settings import config_file

    config_file().parent.mkdir(parents=True)
    config_file().with_name("keymap.toml").write_text('promote = "r"\n')
    with start(registry, XDG_CONFIG_HOME=os.environ["XDG_CONFIG_HOME"]) as terminal:
        assert terminal.wait_for_end() == 2
        assert "roll_back already" in terminal.text
        assert b"\x1b[?1049h" not in terminal.output


# how it ends


def test_sigterm_ends_it_and_gives_the_terminal_back(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("against 2.0.0")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait_for_end() == 128 + signal.SIGTERM
        for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1003l"):
            assert sequence in terminal.output
        assert b"Traceback" not in terminal.output
        assert termios.tcgetattr(terminal._fd)[3] & termios.ECHO


def test_sighup_ends_it(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("against 2.0.0")
        os.kill(terminal.pid, signal.SIGHUP)
        assert terminal.wait_for_end() == 128 + signal.SIGHUP
        assert b"Traceback" not in terminal.output


def test_a_terminal_that_is_closed_ends_it(registry: Registry, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    program = (
        "import sys, faulthandler\n"
        "from lineal_tui.main import main\n"
        f"code = main(['--registry', {str(registry.root)!r}])\n"
        f"open({str(trace)!r}, 'w').write(str(code))\n"
    )
    terminal = PtySession(
        [sys.executable, "-c", program], environment={"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"], **UTF8}
    )
    terminal.wait_for("against 2.0.0")
    os.close(terminal._fd)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        pid, status = os.waitpid(terminal.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    else:
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        pytest.fail("it does not end when its terminal does")
    assert os.waitstatus_to_exitcode(status) == 0
    assert trace.read_text() == str(128 + signal.SIGHUP)


def test_ctrl_z_suspends_and_it_comes_back_painted(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        terminal.send("r")
        terminal.wait_for("Roll fraud")
        terminal.read(0.2)
        terminal.send("\x1b")
        terminal.wait_for("? help")
        terminal.send("\x1a")
        _, status = os.waitpid(terminal.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        terminal.read(0.2)
        assert bytes(terminal.output).rstrip().endswith(b"\x1b[?1004l")
        before = len(terminal.output)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for(lambda session: "◀ live".encode() in bytes(session.output[before:]))
        terminal.send("j")
        terminal.wait_for("▌ 2.0.0")
        terminal.send("qq")
        assert terminal.wait_for_end() == 0


def test_it_survives_any_size_at_any_moment(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        for size in ((1, 1), (200, 60), (3, 50), (60, 15), (59, 15), (120, 30), (80, 24)):
            terminal.resize(size)
            terminal.send("jk")
            terminal.read(0.1)
        terminal.wait_for("◀ live")
        terminal.send("qq")
        assert terminal.wait_for_end() == 0


def test_a_paste_into_the_list_is_no_row_of_keys(registry: Registry) -> None:
    with start(registry) as terminal:
        terminal.wait_for("◀ live")
        terminal.send("\x1b[200~ry\ry\x1b[201~")
        terminal.wait_for("does nothing here")
        assert registry.live("fraud@production").version.label == "2.1.0"
