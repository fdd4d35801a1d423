"""Takes the terminal over as it was found, and takes one that went away for what it is: the end, not a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from lineal_tui.early import ENTER

if TYPE_CHECKING:
    from lineal_tui.early import Early


class HungUp(Message):
    """The terminal is gone: nothing can be read any more, and nothing that is written arrives."""


class TerminalDriver(LinuxDriver):
    """A driver whose terminal may show a picture already, and may be closed at any moment."""

    early: Early | None = None
    """Who showed a picture before there was an application; None when nobody did."""
    _is_there = False

    def start_application_mode(self) -> None:
        """Begin; the first time, what the terminal was like is known to who showed the picture."""
        early = self.early
        if early is None or early.found is None:
            super().start_application_mode()  # type: ignore[no-untyped-call]  # as the toolkit has it
            return
        self._is_there = True
        found = early.take()  # first: a signal must not end what has begun to read keys
        super().start_application_mode()  # type: ignore[no-untyped-call] # as above
        self.attrs_before = found

    def write(self, data: str) -> None:
        """Write, but do not go where the picture is a second time: some terminals would forget the way back."""
        if self._is_there and data == ENTER:
            self._is_there = False
            return
        super().write(data)

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:
            self._app.post_message(HungUp())
