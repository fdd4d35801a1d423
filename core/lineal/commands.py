"""Running hooks and health checks: no shell, a time limit for all they start, output kept within bounds."""

from __future__ import annotations

import http.client
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MOST_OUTPUT = 64 * 1024
"""Bytes kept of what a command prints: its beginning and its end."""

_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.1
_MOST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command or a question ended."""

    succeeded: bool
    output: str
    """What it printed, and why it failed."""
    seconds: float


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
) -> Finished:
    """Run a command to its end, or to its time limit, or until `stop` says so.

    It gets a process group of its own, which is ended as a whole: first asked (SIGTERM), then killed.

    Args:
        arguments: the argument list; no shell is involved.
        environment: set over this process's own.
        folder: where it runs.
        seconds: how long it may take.
        stop: asked several times a second.
    """
    began = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603  the stage's owner chose the command; it is no shell's
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **environment},
            process_group=0,
        )
    except OSError as error:
        what = error.strerror or str(error)
        return Finished(False, f"{arguments[0]}: cannot be run: {what}", time.monotonic() - began)
    kept = Kept()
    why = _watch(process, kept, began + seconds, stop)
    _end_group(process)
    output = kept.text()
    if why is None and process.returncode != 0:
        code = process.returncode
        why = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    elif why == "time":
        why = f"took longer than {seconds:g} s and was stopped"
    if why is not None:
        output += f"{'' if not output or output.endswith(chr(10)) else chr(10)}[{why}]"
    return Finished(why is None, output, time.monotonic() - began)


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
            if not is_open:
                time.sleep(0 if ended else _POLL_SECONDS / 10)
            elif ended or selector.select(_POLL_SECONDS):
                chunk = _read(stream.fileno())
                if chunk:
                    kept.add(chunk)
                is_open = chunk is None or bool(chunk)
                if chunk and time.monotonic() < deadline:
                    continue  # there may be more, also after the end
            if ended:
                return None
            if time.monotonic() >= deadline:
                return "time"
            if stop():
                return "cancelled"


def _read(descriptor: int) -> bytes | None:
    """What can be read now: None when nothing can be yet, empty at the end."""
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group; a hook's own daemons have left it (a service manager's are never in it)."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
        _signal_group(process.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # nobody is left


def ask(url: str, *, status: int, text: str | None, seconds: float) -> Finished:
    """Ask an address over HTTP and judge its answer.

    Args:
        url: `http://HOST[:PORT]/PATH`.
        status: the status wanted; redirects are not followed.
        text: what the answer must hold; None for anything.
        seconds: how long it may take in all.
    """
    began = time.monotonic()
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        kept = bytearray()
        while len(kept) < _MOST_ANSWER and (chunk := answer.read1(8_192)):
            kept += chunk
            if time.monotonic() - began > seconds:
                return Finished(False, f"[the answer took longer than {seconds:g} s]", time.monotonic() - began)
    except (OSError, http.client.HTTPException) as error:
        return Finished(False, f"[{url}: {error or type(error).__name__}]", time.monotonic() - began)
    finally:
        connection.close()
    body = bytes(kept[:_MOST_ANSWER]).decode("utf-8", "replace").replace("\0", "\ufffd")
    if answer.status != status:
        return Finished(False, f"{body}\n[status {answer.status}, not {status}]", time.monotonic() - began)
    if text is not None and text not in body:
        return Finished(False, f"{body}\n[the answer does not hold {text!r}]", time.monotonic() - began)
    return Finished(True, body, time.monotonic() - began)
