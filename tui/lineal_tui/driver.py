"""Reads keys as the toolkit does, but takes a terminal that went away for what it is: the end, not a mistake."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message


class HungUp(Message):
    """The terminal is gone: nothing can be read any more, and nothing that is written arrives."""


class TerminalDriver(LinuxDriver):
    """A driver whose terminal may be closed at any moment."""

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:
            self._app.post_message(HungUp())
