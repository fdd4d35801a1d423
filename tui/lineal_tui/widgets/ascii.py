"""Puts everything that is about to be written into ASCII, after all else has been drawn and measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

from lineal_tui.view.drawing.ascii import to_ascii

if TYPE_CHECKING:
    from textual.color import Color


class InAscii(LineFilter):
    """Every sign by its twin."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in ASCII, each as wide as before."""
        del background
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
