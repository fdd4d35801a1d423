"""Runs a program in a real terminal and measures it from outside: when it paints, how many bytes, how much memory.

Time is taken when bytes arrive; the screen is emulated (pyte) only when somebody looks at it, as that is slow and would
be measured too. The terminal answers what programs ask of it. With a `Link`, bytes pass as over a slow connection.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

_ASKED = re.compile(rb"\x1b\[(?:6n|c|\?2026\$p)")
_ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62;22c", b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
"""Where the cursor is, what terminal this is, and that it can hold a paint until it is whole."""
_GONE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "NO_COLOR", "TMUX", "STY", "LINEAL_REGISTRY")

BURST = 0.05
"""Seconds without a byte after which what a key set off is over."""


@dataclass(frozen=True, slots=True)
class Link:
    """A slow connection."""

    rate: float
    """Bytes a second towards the person."""
    delay: float
    """Seconds that a byte is on its way, in either direction."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What a key set off."""

    first: float | None
    """Seconds until its first byte; None: no byte came."""
    last: float | None
    """Seconds until its last byte."""
    bytes: int
    frames: int
    """Paints: each ends with the terminal being told to show what it has."""


class Terminal:
    """A program in a pty, everything it wrote, and when."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        environment: Mapping[str, str] | None = None,
        link: Link | None = None,
    ) -> None:
        """Start `command` in a terminal of `size` columns and rows."""
        self.output = bytearray()
        self.chunks: list[tuple[float, int]] = []
        """When bytes arrived, and how many there were then."""
        self._link = link
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        self._outgoing: deque[tuple[float, bytes]] = deque()
        self._answered = self._fed = 0
        width, height = size
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)
        known = {key: value for key, value in os.environ.items() if key not in _GONE}
        known |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **(environment or {})}
        self.started = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            os.execvpe(command[0], list(command), known)  # noqa: S606  a shell would be measured too
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # what it shows

    @property
    def rows(self) -> list[str]:
        """The screen as text."""
        if self._fed < len(self.output):
            # pyte takes a cursor style for a graphic rendition with a private mark, which it does not know
            data = re.sub(rb"\x1b\[[?>=][0-9;]*[mu]", b"", bytes(self.output[self._fed :]))
            self._stream.feed(data)
            self._fed = len(self.output)
        return [row.rstrip() for row in self._screen.display]

    # typing and reading

    def send(self, keys: str | bytes) -> float:
        """Type; returns when."""
        data = keys.encode() if isinstance(keys, str) else keys
        at = time.monotonic()
        if self._link is None:
            os.write(self._fd, data)
        else:
            self._outgoing.append((at + self._link.delay, data))
        return at

    def read(self, seconds: float, *, until: Callable[[], bool] | None = None) -> bool:
        """Take what the program writes for so long, or until something holds.

        Returns:
            Whether `until` came to hold; without it, whether the program still runs.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if until is not None and until():
                return True
            if not self._pass(left):
                return until is not None and until()
        return until is None or until()

    def settle(self, quiet: float = 0.4, longest: float = 20.0) -> None:
        """Take what the program writes until it has been quiet for so long."""
        end = time.monotonic() + longest
        while time.monotonic() < end:
            before = len(self.output)
            self.read(quiet)
            if len(self.output) == before and not self._under_way:
                return
        raise TimeoutError("it does not become quiet:\n" + "\n".join(self.rows))

    def wait_for(self, text: str, seconds: float = 30.0) -> float:
        """Wait until a text was written; returns when its last byte arrived.

        Raises:
            TimeoutError: it did not come; the message has the screen.
        """
        wanted = text.encode()
        if not self.read(seconds, until=lambda: wanted in self.output):
            raise TimeoutError(f"no {text!r} on the screen:\n" + "\n".join(self.rows))
        end = self.output.index(wanted) + len(wanted)
        return next(at for at, total in self.chunks if total >= end)

    def press(self, key: str | bytes, *, quiet: float = BURST, longest: float = 2.0) -> Burst:
        """Press a key and take what it sets off, until nothing more comes for `quiet` seconds."""
        before, chunk = len(self.output), len(self.chunks)
        at = self.send(key)
        end = at + longest
        self.read(longest, until=lambda: len(self.output) > before)
        while time.monotonic() < end:
            seen = len(self.output)
            self.read(quiet, until=lambda: len(self.output) > seen)  # noqa: B023  it is called before `seen` changes
            if len(self.output) == seen:
                break
        return self._burst(at, before, chunk)

    def during(self, key: str | bytes, seconds: float) -> Burst:
        """Press a key and take what comes in so many seconds."""
        before, chunk = len(self.output), len(self.chunks)
        at = self.send(key)
        self.read(seconds)
        return self._burst(at, before, chunk)

    def _burst(self, at: float, before: int, chunk: int) -> Burst:
        times = [arrived for arrived, _ in self.chunks[chunk:]]
        written = bytes(self.output[before:])
        frames = written.count(b"\x1b[?2026l") or (1 if written else 0)
        if not times:
            return Burst(None, None, 0, 0)
        return Burst(times[0] - at, times[-1] - at, len(written), frames)

    def _pass(self, left: float) -> bool:
        """Let bytes pass in both directions once; False when the program has ended."""
        now = time.monotonic()
        while self._outgoing and self._outgoing[0][0] <= now:
            os.write(self._fd, self._outgoing.popleft()[1])
        while self._under_way and self._under_way[0][0] <= now:
            self._arrive(self._under_way.popleft()[1])
        due = [queue[0][0] for queue in (self._outgoing, self._under_way) if queue]
        wait = min([left, *(max(0.0, at - now) for at in due)])
        ready, _, _ = select.select([self._fd], [], [], wait)
        if not ready:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            data = b""
        if not data:
            return bool(self._under_way)
        if self._link is None:
            self._arrive(data)
            return True
        for start in range(0, len(data), 64):
            piece = data[start : start + 64]
            self._free_at = max(self._free_at, time.monotonic()) + len(piece) / self._link.rate
            self._under_way.append((self._free_at + self._link.delay, piece))
        return True

    def _arrive(self, data: bytes) -> None:
        self.output += data
        self.chunks.append((time.monotonic(), len(self.output)))
        for asked in _ASKED.finditer(self.output, self._answered):
            self.send(_ANSWERS[asked[0]])
            self._answered = asked.end()

    # what it costs

    def memory(self) -> tuple[float, float]:
        """Resident and proportional memory of the program, in MB of 1,000,000 bytes."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        found = dict(re.findall(r"^(Rss|Pss):\s+(\d+) kB", text, re.MULTILINE))
        return int(found["Rss"]) * 1024 / 1e6, int(found["Pss"]) * 1024 / 1e6

    def most_memory(self) -> float:
        """The most that was ever resident, in MB of 1,000,000 bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(re.findall(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)[0]) * 1024 / 1e6

    def cpu(self) -> float:
        """Seconds of processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the program and the terminal."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
            os.close(self._fd)
