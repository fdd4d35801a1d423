"""Lets no process fork while another thread of it is inside SQLite: a child could neither use nor mend that state."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_LONGEST_WAIT = 5.0
"""Seconds until a fork goes ahead all the same: the child may then be unable to write."""


class _Gate:
    """Counts the threads that are inside; whoever forks waits until no other is."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._threads = 0
        self._own = threading.local()

    @contextmanager
    def inside(self) -> Iterator[None]:
        depth: int = getattr(self._own, "depth", 0)
        if not depth:
            with self._changed:
                self._threads += 1
        self._own.depth = depth + 1
        try:
            yield
        finally:
            self._own.depth -= 1
            if not depth:
                with self._changed:
                    self._threads -= 1
                    self._changed.notify_all()

    def shut(self) -> None:
        """Wait for the others, and let nobody in until `open`."""
        mine = 1 if getattr(self._own, "depth", 0) else 0
        self._changed.acquire()
        self._changed.wait_for(lambda: self._threads <= mine, _LONGEST_WAIT)

    def open(self) -> None:
        """Let the others in again."""
        self._changed.release()

    def reopen_in_child(self) -> None:
        """Forget the threads that only the parent has."""
        self._changed = threading.Condition(threading.Lock())
        self._threads = 1 if getattr(self._own, "depth", 0) else 0


_gate = _Gate()

os.register_at_fork(before=_gate.shut, after_in_parent=_gate.open, after_in_child=_gate.reopen_in_child)


def unforked() -> AbstractContextManager[None]:
    """A block in which this thread uses SQLite: another thread that wants to fork waits for its end."""
    return _gate.inside()
