"""What people type as the value of an option: a command, a figure, a time; the command line and `:` take the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros

_SHELL_WORDS = frozenset({"|", "||", "|&", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>>", "2>&1", "&>"})
"""Words that are meant for a shell."""


def words_of(field: str, text: str) -> tuple[str, ...] | None:
    """The words of a command; None for an empty text."""
    from shlex import split  # noqa: PLC0415  start-up is measured

    from lineal.errors import BadValue  # noqa: PLC0415  as above

    try:
        words = tuple(split(text))
    except ValueError as error:
        raise BadValue(field=field, value=text, why=str(error).lower()) from error
    bare = _SHELL_WORDS.intersection(words, text.split())  # in quotes they are words like others
    if bare:
        raise BadValue(
            field=field,
            value=text,
            why=f"no shell runs it, so {' '.join(sorted(bare))} would be plain words of the command",
            hint="put it into a script and name that, or say sh -c '...'",
        )
    return words or None


def figures(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Metrics from `NAME=VALUE`; NaN and infinities are figures.

    Raises:
        BadValue: a value is no number.
    """
    from lineal.errors import BadValue  # noqa: PLC0415  as above

    found = {}
    for name, text in pairs:
        try:
            found[name] = float(text)
        except ValueError:
            raise BadValue(field=f"metric {name}", value=text, why="it is no number") from None
    return found


def moment(text: str) -> Micros:
    """A time, without an offset a local one; or how long ago, as the search language has it: `7 days ago`, `yesterday`.

    Raises:
        BadValue: it is none.
    """
    from datetime import datetime  # noqa: PLC0415  as above

    from lineal.errors import BadValue  # noqa: PLC0415  as above
    from lineal.records.base import Micros  # noqa: PLC0415  as above

    try:
        found = datetime.fromisoformat(text.strip()).astimezone()
        return Micros(round(found.timestamp() * 1_000_000))
    except (ValueError, OverflowError, OSError):
        told = text.strip().lower()
        if told.endswith(" ago") or told in {"now", "today", "yesterday"}:
            from lineal.search.moments import span_of_time  # noqa: PLC0415  as above
            from lineal.write_path.context import now as clock  # noqa: PLC0415  as above

            span = span_of_time(told, clock())
            if span is not None:
                return Micros(span[0])
        hint = "such as '2026-03-01 03:00', which is local, 2026-03-01T03:00:00Z, or '7 days ago'"
        raise BadValue(field="time", value=text, why="it is no date or time", hint=hint) from None
