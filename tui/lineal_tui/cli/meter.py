"""A progress bar on stderr, for what may take over a second."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_SOON = 0.5
_EVERY = 0.1


class Meter:
    """Shows how far something is, on a terminal only, and only once it has taken half a second."""

    def __init__(self, what: str, unit: str | None = None) -> None:
        """`what` is being done; counted in `unit`, or else in bytes."""
        self._what = what
        self._unit = unit
        self._next = time.monotonic() + _SOON
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")

    def show(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        if not sys.stderr.isatty() or time.monotonic() < self._next:
            return
        from lineal_tui.view.drawing.words import size  # noqa: PLC0415  start-up is measured

        filled = round(30 * done / max(total, 1))
        far = f"{size(done)} of {size(total)}" if self._unit is None else f"{done:,} of {total:,} {self._unit}"
        sys.stderr.write(f"\r\x1b[2K{self._what} {'█' * filled}{'░' * (30 - filled)} {far}")
        sys.stderr.flush()
        self._next, self._drawn = time.monotonic() + _EVERY, True
