"""The styles that the toolkit paints tones with."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rich.style import Style

from lineal_tui.view.drawing.colours import words_of

if TYPE_CHECKING:
    from lineal_tui.terminal import Look
    from lineal_tui.view.drawing.lines import Tone


@cache
def styles(look: Look) -> dict[Tone, Style]:
    """The style of every tone."""
    return {tone: Style.parse(words) for tone, words in words_of(look).items()}
