"""Where words go: data to stdout, narration to stderr, colours only to a terminal, and never a control character."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from lineal_tui.view.drawing.lines import Line

_LONGEST = 1_000
"""Characters of an error: a name in it may have any length."""
ROWS = 50
"""What a list shows on a terminal unless a limit is given."""


def on_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


def has_colours(stream: TextIO) -> bool:
    """Whether a stream is to be coloured: a terminal that can, and nobody said `NO_COLOR`."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int | None:
    """Cells in a line of stdout; None when no person reads it, so that nothing is cut."""
    if not on_terminal():
        return None
    from shutil import get_terminal_size  # noqa: PLC0415  only a terminal has a size

    return get_terminal_size().columns


def say(text: str) -> None:
    """Print one line of data; control characters are replaced."""
    sys.stdout.write(clean(text) + "\n")


def show(lines: Iterable[Line]) -> None:
    """Print lines of cleaned spans."""
    from lineal_tui.view.drawing.text import painted  # noqa: PLC0415  JSON needs none of it

    colours = has_colours(sys.stdout)
    sys.stdout.write("".join(painted(line, colours=colours) + "\n" for line in lines))


def dump(value: object) -> None:
    """Print a JSON value; everything outside ASCII is escaped."""
    from json import dumps  # noqa: PLC0415  most commands print words

    sys.stdout.write(dumps(value, indent=2, allow_nan=False) + "\n")


def narrate(text: str) -> None:
    """Tell what was done or is to be known, on stderr."""
    sys.stderr.write(one_line(text) + "\n")


def warn(text: str) -> None:
    """Tell what is missing, on stderr."""
    _marked("warning", "33", text)


def complain(message: str, hint: str | None, *, pointer: Sequence[str] = ()) -> None:
    """Tell what went wrong and what to do about it, on stderr; `pointer` are lines that show the place."""
    sys.stdout.flush()
    _marked("error", "31", message)
    sys.stderr.write("".join(f"  {clean(line)}\n" for line in pointer))
    if hint:
        _marked("hint", "36", hint)


def _marked(word: str, colour: str, text: str) -> None:
    mark = f"\x1b[1;{colour}m{word}:\x1b[0m" if has_colours(sys.stderr) else f"{word}:"
    told = one_line(text)
    if len(told) > _LONGEST:
        told = f"{told[: _LONGEST // 2]} … {told[-_LONGEST // 2 :]}"
    sys.stderr.write(f"{mark} {told}\n")


def first(rows: Sequence[object], limit: int | None) -> int:
    """How many rows of a list to show: the limit, else all, but to a terminal 50; stderr learns how many are left."""
    shown = limit if limit is not None else ROWS if on_terminal() else len(rows)
    if limit is None:
        tell_rest(shown, len(rows))
    return min(shown, len(rows))


def at_most(limit: int | None, *, as_json: bool) -> int | None:
    """How many rows to read at the most: the limit, else to a terminal 50; None for all."""
    return limit if limit is not None or as_json or not on_terminal() else ROWS


def tell_rest(shown: int, total: int) -> None:
    """Say how many rows there are beside those that are shown."""
    if total > shown:
        narrate(f"{total - shown:,} more; --limit {total} shows all")
