"""Advisory locks between processes and threads, which go with the process that holds them."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineal.errors import Locked, MachineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_held: set[int] = set()


def _drop_in_child() -> None:
    # A flock belongs to the open file, which a forked child shares: kept open there, it would outlive its holder.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_drop_in_child)


@contextmanager
def exclusive(path: Path, *, holder: str, seconds: float) -> Iterator[None]:
    """Hold the lock at `path` for the block.

    Args:
        path: the lock file; created if missing, never removed.
        holder: who takes it, told to whoever waits in vain.
        seconds: how long to wait.

    Raises:
        Locked: it was not let go within `seconds`.
        MachineError: the file cannot be opened or locked.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise MachineError(path=path, why=error.strerror) from error
    _held.add(descriptor)
    try:
        _wait(descriptor, path, seconds)
        _sign(descriptor, holder)
        yield
    finally:
        if descriptor in _held:  # not in a child that was forked meanwhile
            _held.discard(descriptor)
            os.close(descriptor)


def _sign(descriptor: int, holder: str) -> None:
    try:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0)
    except OSError as error:
        # On a full disk the lock holds all the same; only whoever waits would not learn by whom.
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise


def _wait(descriptor: int, path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    pause = 0.0002
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                by = os.pread(descriptor, 200, 0).decode(errors="replace")
                raise Locked(path=path, by=f" by {by}" if by else "", seconds=seconds) from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.005)
        except OSError as error:
            raise MachineError(path=path, why=f"cannot be locked here ({error.strerror})") from error
        else:
            return


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock at `path` now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
