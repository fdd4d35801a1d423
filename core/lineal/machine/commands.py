"""Running hooks and health checks: no shell, a time limit for all they start, output kept within bounds."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MOST_OUTPUT = 64 * 1024
"""Bytes kept of what a command prints: its beginning and its end."""

_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.1
_MOST_ANSWER = 64 * 1024
_MOST_LEFT_OVER = 1 << 20


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command or a question ended."""

    succeeded: bool
    output: str
    """What it printed, and why it failed."""
    seconds: float
    exit_code: int | None = None
    """None for a question, and for a command that could not be run, took too long, or was ended by a signal."""
    is_late: bool = False
    """Whether the time limit ended it."""


class Kept:
    """The beginning and the end of a stream of bytes."""

    def __init__(self) -> None:
        """Empty."""
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, chunk: bytes) -> None:
        """Take more of the stream."""
        room = MOST_OUTPUT // 2 - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room > 0 else chunk
        excess = len(self._tail) - MOST_OUTPUT // 2
        if excess > 0:
            del self._tail[:excess]
            self._dropped += excess

    def text(self) -> str:
        """What was kept, with a word on what was not."""
        gap = f"\n[… {self._dropped} bytes left out …]\n".encode() if self._dropped else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", "replace").replace("\0", "\ufffd")


def run(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    seconds: float,
    stop: Callable[[], bool] = lambda: False,
    given: bytes = b"",
) -> Finished:
    """Run a command to its end, or to its time limit, or until `stop` says so.

    It gets a process group of its own, which is ended as a whole: first asked (SIGTERM), then killed.

    Args:
        arguments: the argument list; no shell is involved.
        environment: set over this process's own.
        folder: where it runs.
        seconds: how long it may take.
        stop: asked several times a second.
        given: what it can read on its standard input.
    """
    began = time.monotonic()
    source = _source(given)
    try:
        process = subprocess.Popen(  # noqa: S603  the stage's owner chose the command; it is no shell's
            list(arguments),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environment},
            process_group=0,
        )
    except OSError as error:
        what = error.strerror or str(error)
        return Finished(False, f"{arguments[0]}: cannot be run: {what}", time.monotonic() - began)
    finally:
        os.close(source)
    kept = Kept()
    try:
        why = _watch(process, kept, began + seconds, stop)
    finally:
        is_over = _end_group(process)
    output, is_late, code = kept.text(), why == "time", process.returncode
    if why is None and code != 0:
        why = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    elif is_late:
        why = f"took longer than {seconds:g} s and {'was stopped' if is_over else 'cannot be stopped: it runs on'}"
    elif not is_over:
        why = f"{why}, but cannot be stopped: it runs on"
    if why is not None:
        output += f"{'' if not output or output.endswith(chr(10)) else chr(10)}[{why}]"
    ended_by = None if is_late or code is None or code < 0 else code
    return Finished(why is None, output, time.monotonic() - began, exit_code=ended_by, is_late=is_late)


def _source(given: bytes) -> int:
    """A descriptor to read from; a file, since a pipe would wait for a command that never reads."""
    if not given:
        return os.open(os.devnull, os.O_RDONLY)
    from tempfile import TemporaryFile  # noqa: PLC0415  hooks read nothing

    with TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        return os.dup(file.fileno())


def _watch(process: subprocess.Popen[bytes], kept: Kept, deadline: float, stop: Callable[[], bool]) -> str | None:
    """Read until the command itself ends: what it leaves in the background may keep the pipe open for ever."""
    if process.stdout is None:
        raise AssertionError("a command's output is always asked for")
    with selectors.DefaultSelector() as selector, process.stdout as stream:
        os.set_blocking(stream.fileno(), False)
        selector.register(stream, selectors.EVENT_READ)
        is_open = True
        while True:
            ended = process.poll() is not None
            if ended:
                _drain(stream.fileno(), kept)
                return None
            if time.monotonic() >= deadline:
                return "time"
            if stop():
                return "cancelled"
            if not is_open:
                time.sleep(_POLL_SECONDS / 10)
            elif selector.select(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic()))):
                chunk = _read(stream.fileno())
                if chunk:
                    kept.add(chunk)
                is_open = chunk is None or bool(chunk)


def _drain(descriptor: int, kept: Kept) -> None:
    """Take what a command left in the pipe, but do not listen to what still writes there."""
    taken = 0
    while taken < _MOST_LEFT_OVER and (chunk := _read(descriptor)):
        kept.add(chunk)
        taken += len(chunk)


def _read(descriptor: int) -> bytes | None:
    """What can be read now: None when nothing can be yet, empty at the end."""
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return None


def _end_group(process: subprocess.Popen[bytes]) -> bool:
    """End the group of a command that did not end by itself; one that did may leave a server behind.

    Returns:
        False when it runs on: it became another user, as `sudo` does, whom this one may not end.
    """
    if process.poll() is not None:
        return True
    _signal_group(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_group(process.pid, signal.SIGKILL)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
    _signal_group(process.pid, signal.SIGKILL)
    return True


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left, or nobody whom this user may end


def ask(
    url: str, *, status: int, text: str | None, seconds: float, stop: Callable[[], bool] = lambda: False
) -> Finished:
    """Ask an address over HTTP and judge its answer.

    Args:
        url: `http://HOST[:PORT]/PATH`.
        status: the status wanted; redirects are not followed.
        text: what the answer must hold; None for anything.
        seconds: how long it may take in all, looking the host's name up included.
        stop: asked several times a second.
    """
    began = time.monotonic()
    question = _Question(url, seconds)
    question.start()  # a server that sends a byte now and then would hold up a plain read for ever
    why = None
    while question.is_alive() and why is None:
        question.join(_POLL_SECONDS / 10)
        if time.monotonic() - began >= seconds:
            why = f"no whole answer within {seconds:g} s"
        elif question.is_alive() and stop():
            why = "cancelled"
    if why is not None and question.is_alive():
        question.break_off()
    else:
        why = question.failure
    body = bytes(question.kept[:_MOST_ANSWER]).decode("utf-8", "replace").replace("\0", "\ufffd")
    if why is None and question.status != status:
        why = f"status {question.status}, not {status}"
    if why is None and text is not None and text not in body:
        why = f"the answer does not hold {text!r}"
    output = body if why is None else f"{body}{chr(10) if body else ''}[{url}: {why}]"
    return Finished(why is None, output, time.monotonic() - began)


class _Question(threading.Thread):
    """A request that is on its way."""

    def __init__(self, url: str, seconds: float) -> None:
        super().__init__(daemon=True)
        import http.client  # noqa: PLC0415  half of what a rollback imports, and most ask no address

        parts = urlsplit(url)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
        self._socket: socket.socket | None = None
        self.status: int | None = None
        self.kept = bytearray()
        self.failure: str | None = None

    def run(self) -> None:
        """Ask, and keep the beginning of the answer."""
        from http.client import HTTPException  # noqa: PLC0415  as above

        try:
            self._connection.connect()
            self._socket = self._connection.sock  # the connection lets go of it when the server closes
            self._connection.request("GET", self._path, headers={"Connection": "close"})
            answer = self._connection.getresponse()
            self.status = answer.status
            while len(self.kept) < _MOST_ANSWER and (chunk := answer.read1(8_192)):
                self.kept += chunk
        except (OSError, HTTPException, ValueError) as error:
            self.failure = str(error) or type(error).__name__
        finally:
            self._connection.close()

    def break_off(self) -> None:
        """Wake the thread up; it ends by itself."""
        if self._socket is not None:
            try:
                self._socket.shutdown(2)
            except OSError:
                return  # it is closed already
