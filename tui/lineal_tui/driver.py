"""Takes the terminal over as it was found, and takes one that went away for what it is: the end, not a mistake."""

from __future__ import annotations

import os
from codecs import getincrementaldecoder
from selectors import EVENT_READ, SelectSelector
from typing import TYPE_CHECKING

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from lineal_tui.early import ENTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lineal_tui.early import Early

_LOOK_AROUND = 0.1
"""Seconds after which whoever waits for keys looks whether to go on."""


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

    def run_input_thread(self) -> None:
        """Tell of keys until the end; `escape` alone is one as soon as `ESCDELAY` is over, and no other key goes on.

        The toolkit's own way sees that only when it looks around, ten times a second.

        Raises:
            OSError: the terminal is gone.
        """
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        patience = _LOOK_AROUND
        with SelectSelector() as selector:
            selector.register(self.fileno, EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(patience):
                    read = os.read(self.fileno, 4_096)
                    if not read:
                        raise OSError
                    text = decode(read)
                    if text:  # of a letter there may be the first byte only; nothing at all would end the parser
                        self._tell(parser.feed(text))
                    patience = constants.ESCAPE_DELAY
                else:
                    patience = _LOOK_AROUND
                self._tell(parser.tick())

    def _tell(self, found: Iterable[Message]) -> None:
        for each in found:
            self.process_message(each)
