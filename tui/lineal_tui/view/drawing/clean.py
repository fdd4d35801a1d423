"""Text from others may carry terminal commands; everything that is shown passes through here first."""

from __future__ import annotations

import re

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_DANGEROUS = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # draw nothing, or as wide as the terminal likes
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reorder what stands beside them
    "\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # zero width
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # surrogates: undecodable bytes of a file name; no terminal can be sent them
    "]"
)


def clean(text: str, *, keep_newlines: bool = False) -> str:
    r"""Replace every character that could move, hide, reorder or command by U+FFFD.

    Args:
        text: Anything, from anyone.
        keep_newlines: Keep `\n` (also for `\r\n`) and widen tabs to four blanks, for text shown as a page.

    Returns:
        Text without C0, C1, DEL, bidirectional controls, zero-width characters, separators of lines and paragraphs, and
        surrogates. It is safe in a terminal, not in markup.
    """
    if text.isascii() and text.isprintable():
        return text
    if not keep_newlines:
        return _DANGEROUS.sub(_REPLACEMENT, text)
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(_DANGEROUS.sub(_REPLACEMENT, line) for line in lines)


def one_line(text: str) -> str:
    """Clean a text of several lines for a place that has only one: runs of white space become one blank."""
    return clean(" ".join(text.split()))
