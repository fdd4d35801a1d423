"""The last row: hints, a message, or a question, and whether what it says has been painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.widgets.painting import Bar

if TYPE_CHECKING:
    from textual.strip import Strip

    from lineal_tui.view.drawing.lines import Line


class Status(Bar):
    """A bar that knows which question it painted last."""

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__(id="status")
        self.turn: int | None = None
        self.rendered: int | None = None
        """The turn of the question whose last row was rendered; None when something else was."""

    def ask(self, turn: int, lines: tuple[Line, ...]) -> None:
        """Show a question; `rendered` becomes its turn when it has been drawn."""
        self.turn, self.rendered = turn, None
        if lines == self.lines:
            self.refresh()
        self.lines = lines

    def tell(self, lines: tuple[Line, ...]) -> None:
        """Show anything else."""
        self.turn = self.rendered = None
        self.lines = lines

    def render_line(self, y: int) -> Strip:
        """The strip of one row."""
        if y == len(self.lines) - 1:
            self.rendered = self.turn
        return super().render_line(y)
