"""The application: its theme, its one screen, what it asks of the terminal, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.filter import Monochrome, NoColor

from lineal_tui import clipboard
from lineal_tui.driver import HungUp, TerminalDriver
from lineal_tui.keys import Table
from lineal_tui.screens.workspace import Workspace
from lineal_tui.terminal import Look, judge
from lineal_tui.widgets.ascii import InAscii

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType
    from textual.driver import Driver
    from textual.events import CursorPosition
    from textual.screen import Screen

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.early import Early
    from lineal_tui.first_look import FirstLook
    from lineal_tui.keys import Binding
    from lineal_tui.terminal import Terminal

_WHERE_IS_THE_CURSOR = "\x1b[6n"
_PATIENCE = 1.0
"""Seconds after which a terminal that never answered is taken for one that does not."""
_LONG_PATIENCE = 5.0
"""Seconds after which one that answered before is no longer waited for."""


class LinealApp(App[None], inherit_bindings=False):
    """lineal in a terminal."""

    CSS_PATH = "app.tcss"
    TITLE = "lineal"
    AUTO_FOCUS: ClassVar[str | None] = ""
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], Micros],
        *,
        terminal: Terminal | None = None,
        bindings: tuple[Binding, ...] | None = None,
        first_look: FirstLook | None = None,
        early: Early | None = None,
    ) -> None:
        """Show a registry.

        Args:
            registry: Open; the caller closes it.
            clock: What ages are counted from.
            terminal: What it is shown on; None for one that can do everything.
            bindings: The keys, checked already; None for the keys as they come.
            first_look: The first state of the registry, if it is being read already.
            early: Who shows a picture of it on the terminal already, if somebody does.
        """
        super().__init__(driver_class=TerminalDriver)
        self.registry = registry
        self.clock = clock
        self.terminal = terminal or judge({"TERM": "xterm-direct"}, encoding="utf-8", size=None)
        self.table = Table() if bindings is None else Table(bindings)
        self.theme = self.terminal.theme
        self._first_look = first_look
        self._early = early
        self._terminal_answers = False
        self._probed_at: float | None = None
        self._waiting: list[Callable[[float], None]] = []
        # the toolkit chooses its filter before it knows the theme
        self._filters = [known for known in self._filters if not isinstance(known, (Monochrome, NoColor))]
        self.no_color = self.terminal.look is Look.PLAIN
        if self.no_color:
            self._filters.append(NoColor())
        if self.terminal.is_ascii:
            self._filters.append(InAscii())

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
        driver = super()._build_driver(headless, inline, mouse, size)
        if isinstance(driver, TerminalDriver):
            driver.early = self._early
        return driver

    def get_default_screen(self) -> Screen[None]:
        """The one screen."""
        workspace = Workspace(self.registry, self.clock, self.table)
        workspace.first_look = self._first_look
        return workspace

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the terminal's clipboard, unless it is more than terminals take."""
        self._clipboard = text
        written = clipboard.sequence(text, multiplexer=self.terminal.multiplexer)
        if written is not None and self._driver is not None:
            self._driver.write(written)

    # ending

    def on_mount(self) -> None:
        """Leave in good order when the system says so, and come back from the background as if one had never left."""
        if self.is_headless:
            return
        self.app_resume_signal.subscribe(self, lambda _: self.paint_anew())
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._told_to_end)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self.hang_up)
        told = self._early.told if self._early is not None else None
        if told is not None:
            (self.hang_up if told == signal.SIGHUP else self._told_to_end)()

    def paint_anew(self) -> None:
        """Send everything again: what the terminal shows is not what was sent."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, Workspace):
            screen.hide_question()
            screen.refresh()

    def on_hung_up(self, message: HungUp) -> None:
        """The terminal is gone."""
        message.stop()
        self.hang_up()

    def hang_up(self) -> None:
        """End without a terminal: what would still be written goes nowhere, so that nothing fails on the way out."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os.close(nowhere)
        self.exit(return_code=128 + signal.SIGHUP)

    def _told_to_end(self) -> None:
        self.exit(return_code=128 + signal.SIGTERM)

    # When is something on the screen?

    def post_display_hook(self) -> None:
        """Something was written to the terminal."""
        if self._probed_at is None and self.is_running:
            self._probed_at = monotonic()
            self._ask_terminal()
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, Workspace):
            screen.painted(self.when_shown)

    def when_shown(self, then: Callable[[float], None]) -> None:
        """Call `then` with the time at which the terminal had everything that was written so far.

        A terminal answers where its cursor is after it has shown what came before, and the answer stands in line with
        the keys: what was typed before it was typed before the showing, however slow the connection. For a terminal
        that does not answer, the time of writing has to do.
        """
        now = monotonic()
        if not self._terminal_answers and (self.is_headless or now - (self._probed_at or now) > _PATIENCE):
            then(now)
            return
        self._waiting.append(then)
        self._ask_terminal()
        patience = _LONG_PATIENCE if self._terminal_answers else _PATIENCE
        self.set_timer(patience, lambda: self._answered(then, monotonic()))

    def on_cursor_position(self, event: CursorPosition) -> None:
        """The terminal answered."""
        self._terminal_answers = True
        if self._waiting:
            self._answered(self._waiting[0], event.time)

    def _answered(self, then: Callable[[float], None], at: float) -> None:
        if then in self._waiting:
            self._waiting.remove(then)
            then(at)

    def _ask_terminal(self) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(_WHERE_IS_THE_CURSOR)
