"""The ASCII twin of every sign that is drawn, cell for cell, for locales and terminals that know no others."""

from __future__ import annotations

from lineal_tui.view.drawing.lines import width_of

_TWINS = str.maketrans(
    {
        # lanes and rules
        **dict.fromkeys("─━╌┄═", "-"),
        **dict.fromkeys("│┃╎┆┊║", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╞╡", "+"),
        "\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}": "/",
        "╲": "\\",
        # nodes, marks and the cursor
        "○": "o",
        "◆": "@",
        "●": "*",
        "◇": "o",
        "◉": "@",
        "■": "#",
        "□": "o",
        "▪": "*",
        "•": "*",
        "▌": ">",
        "▏": "|",
        "▶": ">",
        "▸": ">",
        "▾": "v",
        "▹": ">",
        "►": ">",
        "◀": "<",
        "◂": "<",
        "\N{MULTIPLICATION SIGN}": "x",
        "✓": "*",
        "✔": "*",
        "✗": "x",
        "✕": "x",
        "✘": "x",
        # words and figures
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "↳": ">",
        "↦": ">",
        "⇒": ">",
        "▲": "^",
        "▼": "v",
        "△": "^",
        "▽": "v",
        "Δ": "d",
        "±": "~",
        "≈": "~",
        "≠": "!",
        "≤": "<",
        "≥": ">",
        "…": "~",
        "⋯": ":",
        "⋮": ":",
        "·": ".",
        "\N{EN DASH}": "-",
        "—": "-",
        "“": '"',
        "”": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{REPLACEMENT CHARACTER}": "?",
        "\N{NO-BREAK SPACE}": " ",
        # sparks, and bars by how full they are
        **dict(zip("▁▂▃▄▅▆▇█", "__..--^^", strict=True)),
        **dict(zip("▉▊▋▍▎▐░▒▓", "###||#.:#", strict=True)),
    }
)


def to_ascii(text: str) -> str:
    """The same text in ASCII, in as many cells; letters that have no twin become question marks."""
    if text.isascii():
        return text
    return "".join(
        letter if letter.isascii() else _braille(letter) or "?" * width_of(letter) for letter in text.translate(_TWINS)
    )


def _braille(letter: str) -> str | None:
    """A cell of a curve by where its dots are; None for what is no braille."""
    dots = ord(letter) - 0x2800
    if not 0 <= dots <= 0xFF:
        return None
    upper, lower = dots & 0b00011011, dots & 0b11100100
    return " " if not dots else ":" if upper and lower else "'" if upper else "."
