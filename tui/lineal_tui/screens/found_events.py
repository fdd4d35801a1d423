"""Which entries of the audit log a filter asks for, found and fetched without a word about screens."""

from __future__ import annotations

import shlex
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.auditing import EventFilter
from lineal_tui.screens.sources import Placed
from lineal_tui.view.drawing.pages import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.base import Micros
    from lineal.records.stages import Event
    from lineal.registry import Registry
    from lineal_tui.view.governance import audit as entries
    from lineal_tui.view.governance.audit import AuditLook
else:
    # nobody reads the log before the first paint
    entries = Later("lineal_tui.view.governance.audit")

_NAMES = ("about", "actor", "action", "since", "until")
"""What a filter may name, as `NAME=VALUE`; every other word has to be somewhere in an entry."""


@dataclass(frozen=True, slots=True)
class Found:
    """The entries that a filter lets through."""

    text: str
    """The filter, as it was typed."""
    numbers: Sequence[int]
    """Newest first."""
    total: int
    """How many entries the log has."""
    last: int
    """The number of its last one, and its hash."""
    head: str


class EventsSource(Placed["Event", "AuditLook"]):
    """Entries of the log, newest first, fetched by their numbers as they are looked at."""

    def __init__(self, registry: Registry, found: Found, look: AuditLook) -> None:
        """Keep which entries they are."""
        super().__init__(look)
        self._registry = registry
        self._numbers = found.numbers

    def count(self) -> int:
        """How many entries there are."""
        return len(self._numbers)

    def key(self, row: Event) -> Hashable:
        """The entry's number."""
        return row.seq

    def position(self, key: Hashable) -> int | None:
        """Where an entry is."""
        if not isinstance(key, int):
            return None
        place = bisect_left(self._numbers, -key, key=lambda seq: -seq)
        return place if place < len(self._numbers) and self._numbers[place] == key else None

    def fetch(self, start: int, stop: int) -> list[Event]:
        """Entries by their places."""
        found = self._registry.events_numbered(list(self._numbers[start:stop]))
        self.measure(entries.measured(self.look, found))
        return found


def search(
    registry: Registry,
    wanted: EventFilter,
    text: str,
    old: Found | None,
    tell: Callable[[Found], None],
    go_on: Callable[[], bool],
) -> Found:
    """The entries that are wanted; those that were found before are not looked for again.

    Args:
        registry: whose log.
        wanted: which entries.
        text: what they were asked for by.
        old: what was found for the same text before; None when nothing was.
        tell: told the first that were found.
        go_on: whether the rest is still wanted.
    """
    total, last = registry.event_totals()
    newest = registry.events_numbered([last])
    head = newest[0].hash if newest else ""
    if not wanted and total == last:
        return Found(text, range(last, 0, -1), total, last, head)
    before = registry.events_numbered([old.last]) if old is not None and old.last <= last else []
    known = old if old is not None and before and before[0].hash == old.head else None
    numbers, was_told = array("q"), known is not None
    for stretch in registry.event_numbers(wanted, after=None if known is None else known.last):
        numbers.extend(stretch)
        if not go_on():
            break
        if not was_told and len(numbers) >= PAGE:
            was_told = True
            tell(Found(text, numbers[:], total, last, head))
    if known is not None:
        numbers.extend(known.numbers)
    return Found(text, numbers, total, last, head)


def wanted_by(registry: Registry, text: str) -> EventFilter:
    """What a filter asks for: `actor=ana action=promoted about=fraud since=2026-03-01`, and words.

    Raises:
        LinealError: it names what is not there, or no time.
    """
    try:
        parts = shlex.split(text)
    except ValueError:
        parts = text.split()
    named: dict[str, str] = {}
    words: list[str] = []
    for part in parts:
        name, equals, value = part.partition("=")
        name = "about" if name == "model" else name
        if equals and name in _NAMES and value:
            named[name] = value
        elif not (equals and name in _NAMES):
            words.append(part)
    if not named:
        return EventFilter(words=tuple(words))
    return registry.event_filter(
        actor=named.get("actor"),
        about=named.get("about"),
        action=named.get("action"),
        since=_moment(named.get("since")),
        until=_moment(named.get("until")),
        words=words,
    )


def _moment(text: str | None) -> Micros | None:
    if text is None:
        return None
    from lineal_tui.view.guidance.typed import moment  # noqa: PLC0415  few filters name a time

    return moment(text)


def with_part(text: str, name: str, value: str) -> str:
    """A filter with `NAME=VALUE` put in; taken out again if it was in there."""
    try:
        parts = shlex.split(text)
    except ValueError:
        parts = text.split()
    kept = [part for part in parts if not part.startswith(f"{name}=")]
    if f"{name}={value}" not in parts:
        kept.append(f"{name}={value}")
    return " ".join(map(quoted, kept))


def quoted(part: str) -> str:
    """A part of a filter that is read as one again; quotes only where they are needed, since people read it."""
    return shlex.quote(part) if any(letter.isspace() or letter in "'\"\\" for letter in part) else part
