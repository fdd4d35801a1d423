"""The one place where a tone becomes a colour: on dark and light grounds, with sixteen colours, and with none."""

from __future__ import annotations

from functools import cache

from lineal_tui.terminal import Look
from lineal_tui.view.drawing.lines import Tone

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
    Tone.CURVE_1: "#7aa7e8",
    Tone.CURVE_2: "#d9a860",
    Tone.CURVE_3: "#76c893",
    Tone.CURVE_4: "#e2777a",
    Tone.CURVE_5: "#c48fe0",
    Tone.CURVE_6: "#5cc5cf",
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
    Tone.CURVE_1: "#1c56a8",
    Tone.CURVE_2: "#8a5a00",
    Tone.CURVE_3: "#11703a",
    Tone.CURVE_4: "#b3262b",
    Tone.CURVE_5: "#7b2fa0",
    Tone.CURVE_6: "#00697a",
}

GROUNDS = {Look.DARK: "#121212", Look.LIGHT: "#e0e0e0"}
"""What all colours stand on: the backgrounds of the two themes."""

_SIXTEEN = {
    Tone.TEXT: "default",
    # bright black is the ground itself in some palettes, such as Solarized
    Tone.MUTED: "dim default",
    Tone.FAINT: "dim default",
    Tone.STRONG: "bold default",
    Tone.HEAD: "dim default",
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
    Tone.CURVE_1: "blue",
    Tone.CURVE_2: "yellow",
    Tone.CURVE_3: "green",
    Tone.CURVE_4: "red",
    Tone.CURVE_5: "magenta",
    Tone.CURVE_6: "cyan",
}

_PLAIN = {
    **dict.fromkeys(Tone, "none"),
    **dict.fromkeys((Tone.STRONG, Tone.LIVE, Tone.CURSOR, Tone.MARK), "bold"),
    # which pane has the keys is told by its title alone
    Tone.TITLE: "bold reverse",
    **dict.fromkeys((Tone.QUESTION, Tone.ANSWER, Tone.FAILED, Tone.KEY), "bold"),
    **dict.fromkeys((Tone.FAINT, Tone.MUTED, Tone.HEAD), "dim"),
    Tone.CARET: "reverse",
}

_WORDS = {Look.DARK: _DARK, Look.LIGHT: _LIGHT, Look.ANSI: _SIXTEEN, Look.PLAIN: _PLAIN}
_SIGNS = {"bold": "1", "dim": "2", "reverse": "7", "default": "39", "none": "39"}
_NAMED = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_SIGNS |= {name: str(30 + place) for place, name in enumerate(_NAMED)}
_SIGNS |= {f"bright_{name}": str(90 + place) for place, name in enumerate(_NAMED)}


def words_of(look: Look) -> dict[Tone, str]:
    """How every tone looks, in words such as `bold #7aa7e8 on #121212`."""
    if look not in GROUNDS:
        return dict(_WORDS[look])
    # these colours are meant for one ground, and the terminal's own may be the other
    return {tone: f"{words} on {GROUNDS[look]}" for tone, words in _WORDS[look].items()}


def ground_of(look: Look, *, exact: bool) -> str:
    """The escape sequence from which all tones go on; `exact` for a terminal that knows more than 256 colours."""
    return f"\x1b[0;{_colour(48, GROUNDS[look], exact=exact)}m" if look in GROUNDS else "\x1b[0m"


@cache
def sequence_of(look: Look, tone: Tone, *, exact: bool) -> str:
    """The escape sequence that goes from any tone to this one, on the ground."""
    words = _WORDS[look][tone].split()
    codes = [_colour(38, word, exact=exact) if word.startswith("#") else _SIGNS[word] for word in words]
    return f"\x1b[22;27;{';'.join(codes)}m"


def _colour(kind: int, word: str, *, exact: bool) -> str:
    red, green, blue = (int(word[at : at + 2], 16) for at in (1, 3, 5))
    return f"{kind};2;{red};{green};{blue}" if exact else f"{kind};5;{_nearest(red, green, blue)}"


def _nearest(red: int, green: int, blue: int) -> int:
    """The colour of the 256 that is nearest: of its cube of 6x6x6, or of its 24 greys."""
    if max(red, green, blue) - min(red, green, blue) < 16:
        grey = (red + green + blue) // 3
        return 16 if grey < 4 else 231 if grey > 246 else 232 + min(23, max(0, round((grey - 8) / 10)))
    steps = [0 if each < 48 else 1 if each < 115 else min(5, (each - 35) // 40) for each in (red, green, blue)]
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
