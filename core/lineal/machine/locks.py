"""Advisory locks between processes and threads, which go with the process that holds them."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lineal.errors import Locked, MachineError
from lineal.machine.forks import unforked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_held: set[int] = set()
_PATIENCE_SECONDS = 1.0


def _drop_in_child() -> None:
    # A flock belongs to the open file, which a forked child shares: kept open there, it would outlive its holder.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_drop_in_child)


def _open(path: Path) -> int:
    try:
        with unforked():  # a child that came between the two would keep the lock
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            _held.add(descriptor)
    except OSError as error:
        raise MachineError(path=path, why=error.strerror) from error
    return descriptor


def _close(descriptor: int, *, signed: bool = False) -> None:
    with unforked():
        if descriptor in _held:  # not in a child that was forked meanwhile
            _held.discard(descriptor)
            if signed:
                with suppress(OSError):  # whoever signs next writes over it
                    os.truncate(descriptor, 0)
            with suppress(OSError):  # the lock is gone all the same, and what was done under it is done
                os.close(descriptor)


@contextmanager
def exclusive(
    path: Path, *, holder: str, seconds: float, waiting: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Hold the lock at `path` for the block.

    Args:
        path: the lock file; created if missing, never removed.
        holder: who takes it, told to whoever waits, and taken away with the lock.
        seconds: how long to wait.
        waiting: told once who holds it, after a second of waiting.

    Raises:
        Locked: it was not let go within `seconds`.
        MachineError: the file cannot be opened or locked.
    """
    descriptor = _open(path)
    is_ours = False
    try:
        _wait(descriptor, path, seconds, waiting)
        is_ours = True
        _sign(descriptor, path, holder)
        yield
    finally:
        _close(descriptor, signed=is_ours)


def _sign(descriptor: int, path: Path, holder: str) -> None:
    try:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0)
    except OSError as error:
        # On a full disk the lock holds all the same; only whoever waits would not learn by whom.
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise MachineError(path=path, why=error.strerror) from error


def _wait(descriptor: int, path: Path, seconds: float, waiting: Callable[[str], None]) -> None:
    began = time.monotonic()
    deadline = began + seconds
    pause = 0.0002
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                by = _holder(descriptor)
                raise Locked(path=path, by=f" by {by}" if by else "", seconds=seconds) from None
            if not is_told and time.monotonic() - began >= _PATIENCE_SECONDS:
                waiting(_holder(descriptor) or "somebody")
                is_told = True
            time.sleep(pause)
            pause = min(pause * 1.5, 0.005)
        except OSError as error:
            raise MachineError(path=path, why=f"cannot be locked here ({error.strerror})") from error
        else:
            return


def _holder(descriptor: int) -> str:
    try:
        return os.pread(descriptor, 400, 0).decode(errors="replace")
    except OSError:
        return ""  # a disk that is gone; that the lock is held is known all the same


@contextmanager
def taken(path: Path) -> Iterator[int | None]:
    """Take the lock at `path` for the block if nobody has it; yields None if somebody has.

    A process that is started in the block and inherits the descriptor keeps the lock after it.

    Raises:
        MachineError: the file cannot be opened or locked.
    """
    descriptor = _open(path)
    try:
        yield descriptor if _takes(descriptor, path) else None
    finally:
        _close(descriptor)


def _takes(descriptor: int, path: Path) -> bool:
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.001)  # `is_held` has it for a moment
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError as error:
        raise MachineError(path=path, why=f"cannot be locked here ({error.strerror})") from error
    return False


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


_HAS_RANGES = hasattr(fcntl, "F_OFD_SETLK")


class Marks:
    """Names in use: any number of threads and processes hold a name together, and whoever would remove it asks first.

    A name is a byte of one file, and holding it a read lock on that byte, which ends with the process at the latest.
    Where the system locks no ranges for an open file, every name is the whole file.
    """

    def __init__(self, path: Path) -> None:
        """Bind the file at `path`; it is made when the first name is held, and never removed."""
        self._path = path
        self._descriptor: int | None = None

    def hold(self, name: str, *, seconds: float = 15.0) -> None:
        """Hold a name until it is dropped or this is closed, waiting while it is being removed.

        Raises:
            Locked: whoever removes it did not end within `seconds`.
            MachineError: the file cannot be opened or locked.
        """
        if self._descriptor is None:
            self._descriptor = _open(self._path)
        deadline = time.monotonic() + seconds
        while not self._lock(self._descriptor, name, fcntl.F_RDLCK):
            if time.monotonic() >= deadline:
                raise Locked(path=self._path, by=" by a collection", seconds=seconds)
            time.sleep(0.001)

    def drop(self, name: str) -> None:
        """Hold a name no longer."""
        if self._descriptor is not None and _HAS_RANGES:
            self._lock(self._descriptor, name, fcntl.F_UNLCK)

    def close(self) -> None:
        """Drop all names."""
        if self._descriptor is not None:
            _close(self._descriptor)
        self._descriptor = None

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Keep everybody from holding a name for the block; yields False, and keeps nobody, if somebody does.

        Raises:
            MachineError: the file cannot be opened or locked.
        """
        descriptor = _open(self._path)
        try:
            yield self._lock(descriptor, name, fcntl.F_WRLCK)
        finally:
            _close(descriptor)

    def _lock(self, descriptor: int, name: str, kind: int) -> bool:
        from hashlib import sha256  # noqa: PLC0415  readers never hold a name

        try:
            if _HAS_RANGES:
                place = int.from_bytes(sha256(name.encode()).digest()[:7])
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, place, 1, 0))
            else:
                fcntl.flock(descriptor, (fcntl.LOCK_EX if kind == fcntl.F_WRLCK else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False  # somebody else's lock is in the way; which of the two it raises is the system's choice
        except OSError as error:
            raise MachineError(path=self._path, why=f"cannot be locked here ({error.strerror})") from error
        return True
