"""The smallest Textual application, one label that answers a key: what a start costs that nobody can go below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.widgets import Label

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Smallest(App[None]):
    """Shows one label, tells on it that a key was pressed, and ends on `q`."""

    BINDINGS = [("q", "quit", "quit")]  # noqa: RUF012  as its documentation writes it

    def compose(self) -> ComposeResult:
        """The label."""
        yield Label("The smallest application")

    def on_key(self) -> None:
        """Answer."""
        self.query_one(Label).update("It answers")


if __name__ == "__main__":
    Smallest().run()
