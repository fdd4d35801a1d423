"""The one place where a tone becomes a colour, for terminals with all colours and for those with sixteen."""

from __future__ import annotations

from functools import cache

from rich.style import Style

from lineal_tui.view.lines import Tone

_FULL = {
    Tone.TEXT: "#d7dae0",
    Tone.MUTED: "#8b919c",
    Tone.FAINT: "#525862",
    Tone.STRONG: "bold #f2f4f8",
    Tone.HEAD: "#767d89",
    Tone.TITLE: "bold #7aa7e8",
    Tone.KEY: "#d9a860",
    Tone.LIVE: "bold #76c893",
    Tone.STAGED: "#d8b767",
    Tone.BETTER: "#76c893",
    Tone.WORSE: "#e2777a",
    Tone.CHANGED: "#7aa7e8",
    Tone.CURSOR: "bold #7aa7e8",
    Tone.MARK: "bold #c48fe0",
    Tone.QUESTION: "bold #f0c674",
    Tone.ANSWER: "bold #f2f4f8",
    Tone.FAILED: "bold #e2777a",
}

GROUND = "#121212"
"""What all colours stand on: the background of the dark theme."""

_SIXTEEN = {
    Tone.TEXT: "default",
    Tone.MUTED: "bright_black",
    Tone.FAINT: "bright_black",
    Tone.STRONG: "bold default",
    Tone.HEAD: "bright_black",
    Tone.TITLE: "bold blue",
    Tone.KEY: "yellow",
    Tone.LIVE: "bold green",
    Tone.STAGED: "yellow",
    Tone.BETTER: "green",
    Tone.WORSE: "red",
    Tone.CHANGED: "blue",
    Tone.CURSOR: "bold blue",
    Tone.MARK: "bold magenta",
    Tone.QUESTION: "bold yellow",
    Tone.ANSWER: "bold default",
    Tone.FAILED: "bold red",
}


@cache
def styles(*, sixteen: bool) -> dict[Tone, Style]:
    """The style of every tone.

    Args:
        sixteen: Only the terminal's own colours, as they come over SSH; else any.
    """
    if sixteen:
        return {tone: Style.parse(text) for tone, text in _SIXTEEN.items()}
    # these colours are meant for a dark ground, and the terminal's own may be light
    return {tone: Style.parse(f"{text} on {GROUND}") for tone, text in _FULL.items()}
