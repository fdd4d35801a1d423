"""A program in a real terminal: a pty, and pyte as the screen at its other end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType


class _Screen(pyte.Screen):
    """A screen that answers the program's questions, as terminals do."""

    def __init__(self, columns: int, lines: int, reply: Callable[[bytes], None]) -> None:
        super().__init__(columns, lines)
        self._reply = reply

    def write_process_input(self, data: str) -> None:
        self._reply(data.encode())

    def report_device_status(self, mode: int, **_options: bool) -> None:
        super().report_device_status(mode)

    def select_graphic_rendition(self, *attributes: int, **_options: bool) -> None:
        super().select_graphic_rendition(*attributes)


class PtySession:
    """A running program, what it shows, and what it wrote."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
        answers: bool = True,
    ) -> None:
        """Start `command` in a terminal of `size`; `answers`: the terminal tells where its cursor is when asked."""
        self.output = bytearray()
        self._answers = answers
        width, height = size
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})})
            for name in ("SSH_CONNECTION", "NO_COLOR", "TMUX", "STY", "COLUMNS", "LINES"):
                if name not in (environment or {}):
                    os.environ.pop(name, None)
            os.execvp(command[0], list(command))  # noqa: S606  no shell is wanted
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen = _Screen(width, height, self._reply)
        self._stream = pyte.ByteStream(self._screen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def rows(self) -> list[str]:
        """The screen as text."""
        return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.rows)

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size."""
        width, height = size
        self._screen.resize(height, width)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._fd, keys.encode())

    def read(self, seconds: float) -> bool:
        """Take what the program writes for so long; False when it has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._fd], [], [], left)
            if not ready:
                break
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.output += data
            self._stream.feed(data)
        return True

    def wait_for(self, condition: str | Callable[[PtySession], bool], seconds: float = 60.0) -> None:
        """Wait until a text is on the screen, or a condition holds.

        Raises:
            TimeoutError: It did not come; the message has the screen.
        """
        end = time.monotonic() + seconds
        runs = True
        while not (condition in self.text if isinstance(condition, str) else condition(self)):
            if time.monotonic() > end or not runs:
                raise TimeoutError(f"no {condition!r} on the screen:\n{self.text}")
            runs = self.read(0.02)

    def settle(self, quiet: float = 0.4, longest: float = 30.0) -> None:
        """Take what the program writes until it has been quiet for so long."""
        end, before = time.monotonic() + longest, -1
        while before != len(self.output) and time.monotonic() < end:
            before = len(self.output)
            quiet_at = time.monotonic() + quiet
            while (left := quiet_at - time.monotonic()) > 0:
                if not self.read(left):
                    return

    def wait_for_end(self, seconds: float = 60.0) -> int:
        """Wait until the program has ended; its exit code."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise TimeoutError(f"it does not end:\n{self.text}")

    def close(self) -> None:
        """End the program if it still runs, and the terminal."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        os.close(self._fd)

    def _reply(self, data: bytes) -> None:
        if self._answers:
            os.write(self._fd, data)
