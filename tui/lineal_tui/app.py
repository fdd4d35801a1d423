"""The application: its theme, its one screen, and what it asks of the terminal."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import App

from lineal_tui.screens.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType
    from textual.events import CursorPosition
    from textual.screen import Screen

    from lineal.records.base import Micros
    from lineal.registry import Registry

_WHERE_IS_THE_CURSOR = "\x1b[6n"
_PATIENCE = 1.0
"""Seconds after which a terminal that answered before is no longer waited for."""


class LinealApp(App[None], inherit_bindings=False):
    """lineal in a terminal."""

    CSS_PATH = "app.tcss"
    TITLE = "lineal"
    AUTO_FOCUS: ClassVar[str | None] = ""
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(self, registry: Registry, clock: Callable[[], Micros], *, theme: str = "textual-dark") -> None:
        """Show a registry; ages are counted from what `clock` says."""
        super().__init__()
        self.registry = registry
        self.clock = clock
        self.theme = theme
        self._terminal_answers = False
        self._probed = False
        self._waiting: list[Callable[[float], None]] = []

    def get_default_screen(self) -> Screen[None]:
        """The one screen."""
        return Workspace(self.registry, self.clock)

    # When is something on the screen?

    def post_display_hook(self) -> None:
        """Something was written to the terminal."""
        if not self._probed and self.is_running:
            self._probed = True
            self._ask_terminal()
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, Workspace):
            screen.painted(self.when_shown)

    def when_shown(self, then: Callable[[float], None]) -> None:
        """Call `then` with the time at which the terminal had everything that was written so far.

        A terminal answers where its cursor is after it has shown what came before, and the answer stands in line with
        the keys: what was typed before it was typed before the showing, however slow the connection. For a terminal
        that never answered, the time of writing has to do.
        """
        if not self._terminal_answers:
            then(monotonic())
            return
        self._waiting.append(then)
        self._ask_terminal()
        self.set_timer(_PATIENCE, lambda: self._answered(then, monotonic()))

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
