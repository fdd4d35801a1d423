"""What the terminal at hand can do, and what the application makes of that, decided in one place before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMALLEST = (60, 15)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal, and how the application appears there."""

    term: str
    """`TERM`; empty when it is not set."""
    colorterm: str
    """`COLORTERM`; empty when it is not set."""
    colours: int
    """How many it says it has; 0 for none, or when nobody wants them."""
    encoding: str
    is_utf8: bool
    """Whether lanes, lines and signs can be drawn as they are meant."""
    ssh: str | None
    """The address that somebody came from over SSH; None for who sits here."""
    multiplexer: str | None
    """`tmux` or `screen`; None outside of one."""
    size: tuple[int, int] | None
    """Columns and rows; None when there is no terminal."""
    theme: str
    """The theme that the application would take."""
    has_mouse: bool
    """Whether the application would listen to the mouse."""
    refusal: str | None
    """Why the application would not start; None when it would."""

    @property
    def is_small(self) -> bool:
        """Whether the application has no room to show more than a message."""
        return self.size is not None and (self.size[0] < _SMALLEST[0] or self.size[1] < _SMALLEST[1])


def judge(environment: Mapping[str, str], *, encoding: str, size: tuple[int, int] | None) -> Terminal:
    """What an environment tells of its terminal.

    Over SSH (`SSH_CONNECTION`), and where `NO_COLOR` is set, the application uses the terminal's own sixteen colours;
    over SSH it also leaves the mouse alone, whose every motion would cross the wire.

    Args:
        environment: The process's.
        encoding: Of its standard output.
        size: Columns and rows; None when input or output is no terminal.
    """
    term = environment.get("TERM", "")
    colorterm = environment.get("COLORTERM", "")
    is_plain = bool(environment.get("NO_COLOR"))
    connection = environment.get("SSH_CONNECTION", "").split()
    is_remote = "SSH_CONNECTION" in environment
    refusal = None
    if size is None or term == "dumb":
        refusal = "the application needs a terminal; use the commands here"
    return Terminal(
        term=term,
        colorterm=colorterm,
        colours=0 if is_plain else _colours(term, colorterm),
        encoding=encoding,
        is_utf8=encoding.lower().replace("-", "").replace("_", "") == "utf8",
        ssh=(connection[0] if connection else "somewhere") if is_remote else None,
        multiplexer="tmux" if environment.get("TMUX") else "screen" if environment.get("STY") else None,
        size=size,
        theme="ansi-dark" if is_remote or is_plain else "textual-dark",
        has_mouse=not is_remote,
        refusal=refusal,
    )


def _colours(term: str, colorterm: str) -> int:
    if term in {"", "dumb", "vt100", "vt220"}:
        return 0
    if colorterm.lower() in {"truecolor", "24bit"} or term.endswith("-direct"):
        return 1 << 24
    return 256 if "256color" in term else 16


def here() -> Terminal:
    """The terminal of this process."""
    import os  # noqa: PLC0415  all above is pure
    import sys  # noqa: PLC0415  as above

    size = None
    if sys.stdin.isatty() and sys.stdout.isatty():
        found = os.get_terminal_size(sys.stdout.fileno())
        size = (found.columns, found.lines)
    return judge(os.environ, encoding=sys.stdout.encoding or "", size=size)
