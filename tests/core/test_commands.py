"""Hooks and health checks that hang, fork, flood, or say odd things: bounded in time and size, ended as a group."""

from __future__ import annotations

import os
import shutil
import signal
import socketserver
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.machine import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.core.conftest import Script


def _run(folder: Path, body: str, seconds: float = 5.0, stop: Callable[[], bool] = lambda: False) -> commands.Finished:
    script = folder / "command.sh"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return commands.run([str(script)], environment={"GREETING": "hello"}, folder=folder, seconds=seconds, stop=stop)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _eventually(is_so: Callable[[], bool], seconds: float = 3.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_command_gets_its_environment_and_folder_and_no_input(tmp_path: Path) -> None:
    finished = _run(tmp_path, 'echo "$GREETING from $PWD"; cat; echo oops >&2')
    assert finished == commands.Finished(True, f"hello from {tmp_path}\noops\n", finished.seconds, exit_code=0)


def test_a_command_is_no_shells(tmp_path: Path) -> None:
    finished = commands.run(["echo", "$HOME; exit 1", "*"], environment={}, folder=tmp_path, seconds=5)
    assert (finished.succeeded, finished.output) == (True, "$HOME; exit 1 *\n")


@pytest.mark.parametrize(
    ("body", "why"), [("echo no; exit 3", "no\n[exit code 3]"), ("kill -9 $$", "[ended by signal 9]")]
)
def test_a_command_that_fails_says_how(body: str, why: str, tmp_path: Path) -> None:
    finished = _run(tmp_path, body)
    assert (finished.succeeded, finished.output) == (False, why)


@pytest.mark.parametrize(("mode", "why"), [(0o644, "Permission denied"), (0o755, "Exec format error")])
def test_what_cannot_be_run_fails_and_says_why(mode: int, why: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\0\0")
    (tmp_path / "x").chmod(mode)
    finished = commands.run([str(tmp_path / "x")], environment={}, folder=tmp_path, seconds=5)
    assert (finished.succeeded, finished.output) == (False, f"{tmp_path / 'x'}: cannot be run: {why}")
    finished = commands.run([str(tmp_path / "y")], environment={}, folder=tmp_path, seconds=5)
    assert (finished.succeeded, finished.output.rpartition(": ")[2]) == (False, "No such file or directory")


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    finished = _run(tmp_path, "sleep 60 & echo $! > child\necho waiting\nsleep 60", seconds=0.3)
    assert time.monotonic() - began < 2
    assert (finished.succeeded, finished.output) == (False, "waiting\n[took longer than 0.3 s and was stopped]")
    assert _eventually(lambda: not _is_alive(int((tmp_path / "child").read_text())))


def test_a_command_deaf_to_being_asked_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_GRACE_SECONDS", 0.2)
    (tmp_path / "deaf.py").write_text(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.fork()\nopen(f'pid-{os.getpid()}', 'w').close()\ntime.sleep(60)"
    )
    command = [sys.executable, str(tmp_path / "deaf.py")]
    finished = commands.run(command, environment={}, folder=tmp_path, seconds=0.5)
    assert not finished.succeeded
    pids = [int(path.name[4:]) for path in tmp_path.glob("pid-*")]
    assert len(pids) == 2
    assert _eventually(lambda: not any(_is_alive(pid) for pid in pids))


def test_a_command_that_became_another_user_is_let_go_of_in_time(shared_folder: Path, script: Script) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() or setpriv is None:
        pytest.skip("only root becomes others")
    become = Path(shutil.copy(setpriv, shared_folder / "become"))
    become.chmod(0o4755)
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom lineal.machine import commands\n"
        "commands._GRACE_SECONDS = 0.2\nos.setgroups([])\nos.setresgid(*[65534] * 3)\nos.setresuid(*[65534] * 3)\n"
        "command = [sys.argv[1], '--reuid=12345', 'sh', '-c', 'echo $$; exec sleep 60']\n"
        "print(commands.run(command, environment={}, folder=Path('/'), seconds=0.5).output)"
    )
    process = script(code, become)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    pid, why = out.splitlines()
    os.kill(int(pid), signal.SIGKILL)
    assert why == "[took longer than 0.5 s and cannot be stopped: it runs on]"


def test_a_command_that_ends_may_leave_a_server_behind(tmp_path: Path) -> None:
    began = time.monotonic()
    finished = _run(tmp_path, "sleep 60 & echo $! > child\necho started")
    assert (finished.succeeded, finished.output) == (True, "started\n")
    assert time.monotonic() - began < 2  # although the server holds the pipe open
    server = int((tmp_path / "child").read_text())
    assert _is_alive(server)
    os.kill(server, signal.SIGKILL)


def test_what_is_left_behind_is_not_listened_to(tmp_path: Path) -> None:
    began = time.monotonic()
    finished = _run(tmp_path, "yes & echo $! > child\necho started", seconds=4)
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    assert finished.succeeded
    assert time.monotonic() - began < 2


def test_a_command_that_closes_its_output_is_still_timed(tmp_path: Path) -> None:
    finished = _run(tmp_path, "exec >&- 2>&-\nsleep 60", seconds=0.2)
    assert (finished.succeeded, finished.output) == (False, "[took longer than 0.2 s and was stopped]")


def test_a_flood_is_kept_by_its_beginning_and_its_end(tmp_path: Path) -> None:
    finished = _run(tmp_path, "echo first; seq 400000; echo last")
    assert finished.succeeded
    assert finished.output.startswith("first\n1\n2\n")
    assert finished.output.endswith("\n400000\nlast\n")
    assert len(finished.output) < commands.MOST_OUTPUT + 100
    total = len("first\nlast\n") + sum(len(f"{number}\n") for number in range(1, 400_001))
    assert f"[… {total - commands.MOST_OUTPUT} bytes left out …]" in finished.output


def test_an_endless_flood_can_be_stopped_before_its_time(tmp_path: Path) -> None:
    began = time.monotonic()
    finished = _run(tmp_path, "yes", seconds=20, stop=lambda: time.monotonic() - began > 0.2)
    assert not finished.succeeded
    assert finished.output.endswith("[cancelled]")
    assert time.monotonic() - began < 3


def test_odd_bytes_are_kept_as_text_that_a_database_takes(tmp_path: Path) -> None:
    finished = _run(tmp_path, r"printf 'a\0b\377c\033[31md\n'")
    assert finished.output == "a�b�c\x1b[31md\n"  # whoever shows it cleans it


def test_a_hook_gets_signals_as_any_program_does(tmp_path: Path) -> None:
    finished = _run(tmp_path, "grep SigIgn /proc/self/status")
    ignored = int(finished.output.split()[1], 16)
    assert not ignored & (1 << (signal.SIGHUP - 1) | 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGINT - 1))


class _Answers(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        answer: Callable[[socketserver.StreamRequestHandler], None] = self.server.answer  # type: ignore[attr-defined]
        answer(self)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is what is tested."""


@contextmanager
def _server(answer: Callable[[socketserver.StreamRequestHandler], None]) -> Iterator[str]:
    with _Server(("127.0.0.1", 0), _Answers) as server:
        server.answer = answer  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _says(status: str, body: bytes) -> Callable[[socketserver.StreamRequestHandler], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return lambda handler: (handler.wfile.write(head + body), None)[1]


@pytest.mark.parametrize(
    ("status", "text", "why"),
    [
        (200, None, None),
        (200, "model 2", None),
        (200, "model 3", "the answer does not hold 'model 3'"),
        (204, None, "status 200, not 204"),
    ],
)
def test_an_address_is_judged_by_status_and_text(status: int, text: str | None, why: str | None) -> None:
    with _server(_says("200 OK", b"serving model 2")) as url:
        finished = commands.ask(f"{url}/health?full=1", status=status, text=text, seconds=5)
    assert finished.succeeded is (why is None)
    if why is None:
        assert finished.output == "serving model 2"
    else:
        assert finished.output == f"serving model 2\n[{url}/health?full=1: {why}]"


def test_redirects_are_not_followed() -> None:
    with _server(_says("302 Found\r\nLocation: /", b"")) as url:
        assert "status 302, not 200" in commands.ask(url, status=200, text=None, seconds=5).output


def test_nobody_at_an_address_is_said_plainly() -> None:
    with _server(_says("200 OK", b"")) as url:
        pass
    assert "Connection refused" in commands.ask(url, status=200, text=None, seconds=5).output


@pytest.mark.parametrize("answer", [b"", b"not http\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"\0" * 200_000])
def test_an_answer_that_is_no_http_fails(answer: bytes) -> None:
    with _server(lambda handler: (handler.wfile.write(answer), None)[1]) as url:
        assert not commands.ask(url, status=200, text=None, seconds=5).succeeded


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_an_answer_that_trickles_is_broken_off_in_time(head: bytes) -> None:
    def trickle(handler: socketserver.StreamRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in range(100):
            handler.wfile.write(b"H")
            time.sleep(0.1)

    with _server(trickle) as url:
        began = time.monotonic()
        finished = commands.ask(url, status=200, text=None, seconds=0.3)
    assert not finished.succeeded
    assert "no whole answer within 0.3 s" in finished.output
    assert time.monotonic() - began < 1


def test_an_endless_answer_is_judged_by_its_beginning() -> None:
    def flood(handler: socketserver.StreamRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nready ")
        while True:
            handler.wfile.write(b"x" * 65_536)

    with _server(flood) as url:
        finished = commands.ask(url, status=200, text="ready", seconds=5)
    assert finished.succeeded
    assert len(finished.output) == 65_536


def test_a_question_can_be_stopped() -> None:
    with _server(lambda _: time.sleep(1)) as url:
        began = time.monotonic()
        finished = commands.ask(url, status=200, text=None, seconds=20, stop=lambda: time.monotonic() - began > 0.1)
    assert "cancelled" in finished.output
    assert finished.seconds < 0.5


def test_no_threads_or_descriptors_stay(tmp_path: Path) -> None:
    with _server(_says("200 OK", b"")) as url:
        commands.ask(url, status=200, text=None, seconds=5)
        _run(tmp_path, "echo x")
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            commands.ask(url, status=200, text=None, seconds=5)
            _run(tmp_path, "echo x")
        assert _eventually(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)
