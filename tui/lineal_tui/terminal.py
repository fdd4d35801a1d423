"""What the terminal at hand can do, and what the application makes of that, decided in one place before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lineal_tui.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMALLEST = (60, 15)


class Look(StrEnum):
    """Which colours the application draws in."""

    DARK = "dark"
    LIGHT = "light"
    ANSI = "ansi"
    """The terminal's own sixteen."""
    PLAIN = "plain"
    """None: bold and dim tell what colours would."""


_THEMES = {Look.DARK: "textual-dark", Look.LIGHT: "textual-light", Look.ANSI: "ansi-dark", Look.PLAIN: "ansi-dark"}


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
    look: Look
    """The colours that the application would draw in."""
    is_ascii: bool
    """Whether it would draw in ASCII."""
    has_mouse: bool
    """Whether the application would listen to the mouse."""
    refusal: str | None
    """Why the application would not start; None when it would."""

    @property
    def theme(self) -> str:
        """The toolkit's theme that goes with the colours."""
        return _THEMES[self.look]

    @property
    def is_small(self) -> bool:
        """Whether the application has no room to show more than a message."""
        return self.size is not None and (self.size[0] < _SMALLEST[0] or self.size[1] < _SMALLEST[1])


def judge(
    environment: Mapping[str, str],
    *,
    encoding: str,
    size: tuple[int, int] | None,
    settled: Settings | None = None,
) -> Terminal:
    """What an environment tells of its terminal, and what a person settled instead.

    Over SSH (`SSH_CONNECTION`), and on a terminal with sixteen colours, the application uses the terminal's own; with
    `NO_COLOR` none; over SSH it also leaves the mouse alone, whose every motion would cross the wire. It draws in ASCII
    where the locale names another encoding than UTF-8, and on consoles whose fonts have little more; a locale that
    names none is taken for UTF-8, as Python does.

    Args:
        environment: The process's.
        encoding: Of its standard output.
        size: Columns and rows; None when input or output is no terminal.
        settled: What the configuration and the command line say; it goes before what the environment tells.
    """
    settled = settled or Settings()
    term = environment.get("TERM", "")
    colorterm = environment.get("COLORTERM", "")
    is_plain = bool(environment.get("NO_COLOR"))
    colours = 0 if is_plain else _colours(term, colorterm)
    connection = environment.get("SSH_CONNECTION", "").split()
    is_remote = "SSH_CONNECTION" in environment
    refusal = None
    if size is None or term == "dumb":
        refusal = "the application needs a terminal; use the commands here"
    is_utf8 = _is_utf8(encoding) and _locale_is_utf8(environment)
    if settled.theme is not None:
        look = Look(settled.theme)
    elif is_plain or term in _MONOCHROME:
        look = Look.PLAIN
    elif is_remote or colours <= 16:
        look = Look.ANSI
    else:
        look = Look.LIGHT if _is_light(environment) else Look.DARK
    return Terminal(
        term=term,
        colorterm=colorterm,
        colours=colours,
        encoding=encoding,
        is_utf8=is_utf8,
        ssh=(connection[0] if connection else "somewhere") if is_remote else None,
        multiplexer="tmux" if environment.get("TMUX") else "screen" if environment.get("STY") else None,
        size=size,
        look=look,
        is_ascii=not is_utf8 or term in _WITH_FEW_SIGNS if settled.ascii is None else settled.ascii,
        has_mouse=not is_remote if settled.mouse is None else settled.mouse,
        refusal=refusal,
    )


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def _locale_is_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale that a person chose can show more than ASCII.

    Python takes the locale "C" for UTF-8 and sets `LC_CTYPE` itself (PEP 538), so the encoding alone does not tell.
    """
    charset = environment.get("LC_CTYPE", "")
    if charset in {"C.UTF-8", "C.utf8", "UTF-8"} and environment.get("LANG") in {"C", "POSIX"}:
        charset = ""
    chosen = environment.get("LC_ALL") or charset or environment.get("LANG") or ""
    return not chosen or _is_utf8(chosen.partition(".")[2].partition("@")[0] or chosen)


def _is_light(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that its ground is light; most say nothing."""
    return environment.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}


_MONOCHROME = frozenset({"vt100", "vt102", "vt220"})
_WITH_FEW_SIGNS = _MONOCHROME | {"linux"}
"""Consoles: what a font of 256 or 512 signs lacks, such as all of braille, they show as blanks or boxes."""


def _colours(term: str, colorterm: str) -> int:
    if term in {"", "dumb"} or term in _MONOCHROME:
        return 0
    if colorterm.lower() in {"truecolor", "24bit"} or term.endswith("-direct"):
        return 1 << 24
    return 256 if "256color" in term else 16


def here(settled: Settings | None = None) -> Terminal:
    """The terminal of this process; see `judge`."""
    import os  # noqa: PLC0415  all above is pure
    import sys  # noqa: PLC0415  as above

    size = None
    if sys.stdin.isatty() and sys.stdout.isatty():
        found = os.get_terminal_size(sys.stdout.fileno())
        size = (found.columns, found.lines)
    return judge(os.environ, encoding=sys.stdout.encoding or "", size=size, settled=settled)
