"""Texts that somebody evil would write, and what may never come out of them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from lineal.errors import LinealError
from lineal.rules import naming

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "\x1b]52;c;ZXZpbA==\x07"
"""Puts a text on the clipboard of whoever lets it through."""

CORPUS = (
    MARK,
    "\x1b[2J\x1b[31;7m red \x1b[0m",
    "\x9b2J\x9d52;c;aGk=\x9c",
    '\x1bP$q"p\x1b\\ \x1b_x\x1b\\',
    "[/] a[/b]c [bold red]x[/] [@click=app.quit]y[/]",
    "\u202egpj.exe\u2066 abc\u2069",
    "a\u200bb\u200dc\ufeff\u00ad",
    "one\ntwo\r\nthree\ttab\x0b\x0c\x85\u2028\u2029",
    "模型版本" * 40,
    "x" * 900,
    "e\u0301" * 100,
    "../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows",
    "-rf",
    "--help",
    "a\x00b",
    "\ud800half",
    "%s%n%d {0} {what!r} {} ${HOME} $(id) `id`",
    "'; DROP TABLE versions; --",
    '"quoted" \\ back\\slash',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "| a | pipe |\n|---|---|",
    "<script>alert(1)</script> &amp; <!-- -->",
    "---\nfield: value\n---",
    "```\ncode\n``` # head [link](javascript:x)",
    'digraph { a -> "b" } }; subgraph "x',
    'graph TD; A["x"] --> B; click A call()',
    "]]> ''' \"\"\" \\u0041 \\x1b",
    "data:run:exp:sha256:0000",
    "fraud@production~1",
    "NaN",
    "1e999",
    "null",
    "true",
    " ",
    "",
    ".",
    "..",
    "CON",
    "~root",
    "#!",
    "🏴\U000e0067\U000e0062 👩\u200d💻",
)

_NASTY = (
    "\x1b\x07\x08\x00\x7f\x9b\x9d\x85\u202e\u2066\u200b\ufeff\u2028\ud800\r\n\t"
    "[]{}()<>|\\\"'`$%&*#@:;~/.-=+,! aé界\U000e0041"
)

TEXTS = st.one_of(
    st.sampled_from(CORPUS),
    st.text(st.sampled_from(_NASTY), max_size=40),
    st.text(st.characters(), max_size=40),
    st.tuples(st.sampled_from(CORPUS), st.text(max_size=10), st.sampled_from(CORPUS)).map("".join),
)

_HIDDEN = frozenset(
    "\u00ad\u061c\u180e\ufeff"
    + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))))
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def unfit(text: str, *, coloured: bool = False) -> set[str]:
    """Letters of an output that command, reorder or hide; colours that lineal itself sets may be let through."""
    if coloured:
        text = _COLOUR.sub("", text)
    return {
        letter
        for letter in set(text)
        if letter != "\n" and (unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in _HIDDEN)
    }


def free(text: str, longest: int = 900) -> str:
    """A text as nearly as evil as it was that may stand where any text may."""
    return text.replace("\0", "").encode(errors="ignore").decode()[:longest]


def named(text: str, check: Callable[[str], str], fallback: str) -> str:
    """A name as nearly as evil as the text that passes a check."""
    for candidate in (text, "".join(letter for letter in text if not unfit(letter) - {"\n"}), _plain(text)):
        try:
            return check(candidate.strip()[:60])
        except LinealError:
            continue
    return fallback


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter in "[]{}()<>|$%&*=+,! ").strip()


def file_name(text: str, fallback: str) -> str:
    """A name of a file, as nearly as evil as the text."""
    name = "".join(letter for letter in text.replace("/", "_") if not (letter < " " or "\x7f" <= letter <= "\x9f"))
    cut = name.encode(errors="ignore")[:120].decode(errors="ignore")
    return fallback if cut.strip(" .") in {"", "lineal.json"} else cut


def label(text: str) -> str:
    """A label, as nearly as evil as the text."""
    return named("".join(letter for letter in text if letter.isalnum() or letter in "._+-"), naming.check_label, "v")
