"""Copying over any connection: OSC 52, through whatever multiplexer stands between us and the terminal."""

from __future__ import annotations

from base64 import b64encode

LARGEST = 74_994
"""Bytes that terminals take: more than 100,000 characters of base64 are dropped by most, or shown as garbage."""
_SCREEN_CHUNK = 700
"""Characters that screen passes on in one string; it ignores longer ones."""


def sequence(text: str, *, multiplexer: str | None) -> str | None:
    """What has to be written so that the terminal puts a text on its clipboard.

    Args:
        text: What to copy.
        multiplexer: `tmux`, `screen`, or None; each has to be told to pass the sequence on.

    Returns:
        The control sequence; None for a text that is too large.
    """
    data = text.encode(errors="replace")
    if len(data) > LARGEST:
        return None
    plain = f"\x1b]52;c;{b64encode(data).decode()}\a"
    if multiplexer == "tmux":
        # with set-clipboard on, tmux takes the plain form; with allow-passthrough on, the wrapped one reaches outside
        return plain + "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if multiplexer == "screen":
        pieces = [plain[at : at + _SCREEN_CHUNK] for at in range(0, len(plain), _SCREEN_CHUNK)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
