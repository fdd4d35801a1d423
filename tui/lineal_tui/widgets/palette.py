"""The one place where a tone becomes a colour: on dark and light grounds, with sixteen colours, and with none."""

from __future__ import annotations

from functools import cache

from rich.style import Style

from lineal_tui.terminal import Look
from lineal_tui.view.lines import Tone

_DARK = {
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
    Tone.CARET: "reverse #d7dae0",
}

_LIGHT = {
    Tone.TEXT: "#24272e",
    Tone.MUTED: "#5b616c",
    Tone.FAINT: "#a3a9b4",
    Tone.STRONG: "bold #0b0d11",
    Tone.HEAD: "#6b717c",
    Tone.TITLE: "bold #1c56a8",
    Tone.KEY: "#8a5a00",
    Tone.LIVE: "bold #11703a",
    Tone.STAGED: "#7d5c00",
    Tone.BETTER: "#11703a",
    Tone.WORSE: "#b3262b",
    Tone.CHANGED: "#1c56a8",
    Tone.CURSOR: "bold #1c56a8",
    Tone.MARK: "bold #7b2fa0",
    Tone.QUESTION: "bold #7d4a00",
    Tone.ANSWER: "bold #0b0d11",
    Tone.FAILED: "bold #b3262b",
    Tone.CARET: "reverse #24272e",
}

GROUNDS = {Look.DARK: "#121212", Look.LIGHT: "#e0e0e0"}
"""What all colours stand on: the backgrounds of the two themes."""

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
    Tone.CARET: "reverse default",
}

_PLAIN = {
    **dict.fromkeys(Tone, "none"),
    **dict.fromkeys((Tone.STRONG, Tone.TITLE, Tone.LIVE, Tone.CURSOR, Tone.MARK), "bold"),
    **dict.fromkeys((Tone.QUESTION, Tone.ANSWER, Tone.FAILED, Tone.KEY), "bold"),
    **dict.fromkeys((Tone.FAINT, Tone.MUTED, Tone.HEAD), "dim"),
    Tone.CARET: "reverse",
}


@cache
def styles(look: Look) -> dict[Tone, Style]:
    """The style of every tone."""
    if look is Look.PLAIN:
        return {tone: Style.parse(text) for tone, text in _PLAIN.items()}
    if look is Look.ANSI:
        return {tone: Style.parse(text) for tone, text in _SIXTEEN.items()}
    # these colours are meant for one ground, and the terminal's own may be the other
    colours = _LIGHT if look is Look.LIGHT else _DARK
    return {tone: Style.parse(f"{text} on {GROUNDS[look]}") for tone, text in colours.items()}
