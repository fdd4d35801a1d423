"""The audit log on the screen: entries of any number, filtered, opened, and followed to what they changed."""

from __future__ import annotations

import shlex
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from lineal.errors import LinealError
from lineal.lazily import Later
from lineal.records.auditing import EventFilter
from lineal.records.stages import Event
from lineal_tui.keys import View
from lineal_tui.screens.filtering import FilterPrompt
from lineal_tui.screens.messages import ThingFound
from lineal_tui.screens.watching import Watching
from lineal_tui.view.lines import Line, Tone
from lineal_tui.view.matching import in_line
from lineal_tui.view.pages import PAGE, Listed, Pages
from lineal_tui.view.words import number

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.screens import found_page
    from lineal_tui.view import audit as entries
    from lineal_tui.view.audit import AuditLook, EventRow
    from lineal_tui.view.commands import Command
else:
    # nobody reads the log before the first paint
    entries = Later("lineal_tui.view.audit")
    found_page = Later("lineal_tui.screens.found_page")

_NAMES = ("about", "actor", "action", "since", "until")
"""What a filter may name, as `NAME=VALUE`; every other word has to be somewhere in an entry."""


class EventsSource:
    """Entries of the log, newest first, fetched by their numbers as they are looked at."""

    def __init__(self, registry: Registry, found: Found, look: AuditLook) -> None:
        """Keep which entries they are."""
        self._registry = registry
        self._numbers = found.numbers
        self.look = look
        self.on_wider: Callable[[], None] | None = None
        """Called when rows came that need wider columns."""

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

    def following(self, row: Event | None, limit: int, skip: int = 0) -> Sequence[Event]:
        """The entries before `row`."""
        start = (0 if row is None else (self.position(row.seq) or 0) + 1) + skip
        return self._fetch(start, start + limit)

    def preceding(self, row: Event | None, limit: int) -> Sequence[Event]:
        """The entries after `row`."""
        stop = len(self._numbers) if row is None else self.position(row.seq) or 0
        return self._fetch(max(0, stop - limit), stop)

    def _fetch(self, start: int, stop: int) -> list[Event]:
        found = self._registry.events_numbered(list(self._numbers[start:stop]))
        look = entries.measured(self.look, found)
        if look != self.look:
            self.look = look
            if self.on_wider is not None:
                self.on_wider()
        return found


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


@dataclass
class AuditRead(Message):
    """The log was searched, or the first of it that a filter lets through was found."""

    turn: int
    """Which search it is."""
    found: Found
    is_whole: bool


@dataclass
class AuditRefused(Message):
    """A filter makes no sense, or not yet: it is being typed."""

    turn: int
    error: LinealError


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
    from lineal_tui.cli.parameters import moment  # noqa: PLC0415  few filters name a time

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
    return " ".join(map(_quoted, kept))


def _quoted(part: str) -> str:
    """A part of a filter that is read as one again; quotes only where they are needed, since people read it."""
    return shlex.quote(part) if any(letter.isspace() or letter in "'\"\\" for letter in part) else part


class Auditing(Watching):
    """The log and its entries."""

    _log: Found | None = None
    _log_turn = 0
    _log_searching = False
    _log_stale = True
    _entry: tuple[int, int, str] | None = None
    """Number, width and filter that the entry's page was drawn for."""

    # when to read

    def forget_previews(self) -> None:
        """Read the log again when it is next seen; what is on the screen stays until then."""
        super().forget_previews()
        self._log_stale = True
        self._entry = None

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        if View.AUDIT in visible and (self._log_stale or self._log is None or self._log.text != self._log_filter()):
            self._read_log()
        if View.EVENT in visible:
            self._show_entry()

    def follows(self, view: View) -> bool:
        """Whether other panes follow the cursor of this one."""
        return view is View.AUDIT or super().follows(view)

    def refilter(self, view: View) -> None:
        """Show what a view's filter lets through."""
        if view is View.AUDIT:
            self._read_log()
        elif view is View.EVENT:
            self._show_entry()
        else:
            super().refilter(view)

    # the log

    def _log_filter(self) -> str:
        if isinstance(self.prompt, FilterPrompt) and self.prompt.view is View.AUDIT:
            return self.prompt.draft.text.strip()
        return self.filters.get(View.AUDIT, "")

    def _read_log(self) -> None:
        self._log_stale = False
        self._log_turn += 1
        turn, text, registry, old = self._log_turn, self._log_filter(), self.registry, self._log
        if old is not None and (old.text != text or self._log_searching):
            old = None
        self._log_searching = True

        def read() -> AuditRead | AuditRefused:
            worker = get_current_worker()

            def first(found: Found) -> None:
                self.post_message(AuditRead(turn, found, is_whole=False))

            try:
                wanted = wanted_by(registry, text)
            except LinealError as error:
                return AuditRefused(turn, error)
            return AuditRead(
                turn, search(registry, wanted, text, old, first, lambda: not worker.is_cancelled), is_whole=True
            )

        self.work(read, "audit")

    def on_audit_refused(self, message: AuditRefused) -> None:
        """Say what is wrong with a filter: beside it while it is typed."""
        if message.turn != self._log_turn:
            return
        self._log_searching = False
        if isinstance(self.prompt, FilterPrompt):
            self.prompt.remark = ((str(message.error), Tone.MUTED),)
            self.draw_status()
            return
        self._show_log(Found(self._log_filter(), (), self._log.total if self._log else 0, 0, ""))
        self.say(str(message.error), message.error.hint)

    def on_audit_read(self, message: AuditRead) -> None:
        """Show the entries, unless others are wanted by now; the cursor stays on its entry."""
        if message.turn != self._log_turn:
            return
        self._log_searching = not message.is_whole
        self._show_log(message.found)
        if isinstance(self.prompt, FilterPrompt):
            words = f"{number(len(message.found.numbers))}{'' if message.is_whole else '+'} found"
            self.prompt.remark = ((words, Tone.MUTED),) if message.found.text else ()
            self.draw_status()

    def _show_log(self, found: Found) -> None:
        self._log = found
        pane = self.panes[View.AUDIT]
        source = EventsSource(self.registry, found, entries.AuditLook(self.clock(), len(str(found.last))))

        def paint(event: Event, width: int) -> Line:
            return entries.audit_line(event, source.look, width)

        def wider() -> None:
            self.call_later(pane.lines.repaint)
            self.call_later(pane.redraw)

        pane.draw_title = lambda width, active: entries.audit_title(
            len(found.numbers), found.total, width, active=active, searching=self._log_searching
        )
        pane.draw_heads = lambda width: entries.audit_head(source.look, width)
        pane.lines.show(Pages[Event](source), paint)
        source.on_wider = wider
        pane.redraw()
        if not found.numbers:
            self._show_entry()

    def open_audit(self, text: str | None = None) -> None:
        """Show the log; with `text` what this filter lets through."""
        if text is not None:
            self.filters.pop(View.AUDIT, None)
            if text:
                self.filters[View.AUDIT] = text
            self.panes[View.AUDIT].filter = text or None
        self.go_to(View.AUDIT)
        self.call_after_refresh(self.follow_now)

    def open_events(self) -> None:
        """Show the entries about the version under the cursor."""
        if self.version is not None:
            self.open_audit(_quoted(f"about={self.version.ref}"))

    def audit_asked(self, command: Command) -> None:
        """Show what `:audit` asks for."""
        parts = [f"{name}={value}" for name, value in command.options.items()]
        if command.first is not None:
            parts.insert(0, f"about={command.first}")
        self.open_audit(" ".join(map(_quoted, parts)))

    def only(self, name: str) -> None:
        """Show only entries like the one under the cursor: of its actor, its action, or about the same thing."""
        event = self.event
        if event is None:
            return
        value = {"actor": entries.narrowest(event), "action": event.action, "about": entries.subject(event)}[name]
        if not value:
            self.say("this entry is about no one thing", tone=Tone.MUTED)
            return
        self.apply_filter(View.AUDIT, with_part(self.filters.get(View.AUDIT, ""), name, value))

    # an entry

    @property
    def event(self) -> Event | None:
        """The entry under the cursor of the log; None when there is none."""
        row = self.panes[View.AUDIT].lines.current if View.AUDIT in self.panes else None
        return row if isinstance(row, Event) else None

    def _show_entry(self) -> None:
        pane, event = self.panes[View.EVENT], self.event
        pane.add_class("-plain")
        match = self.matcher(View.EVENT)
        now = (event.seq if event is not None else 0, pane.size.width, " ".join(match.words))
        if now == self._entry or not pane.size.width:
            return
        is_other = self._entry is None or self._entry[0] != now[0]
        self._entry = now
        if event is None:
            pane.draw_title = lambda _width, _active: ()
            rows = [entries.EventRow((("no entry", Tone.MUTED),))]
        else:
            pane.draw_title = lambda width, active: entries.event_title(event, width, active=active)
            rows = entries.event_rows(event, self.clock(), pane.size.width - 2)
        if match:
            rows = [row for row in rows if in_line(match, row.line)]
        pane.lines.show(Listed(rows, [(now[0], place) for place in range(len(rows))]), _as_it_is)
        if is_other:
            pane.lines.move_to(next((place for place, row in enumerate(rows) if row.leads_to), 0))
        pane.redraw()

    def follow_link(self, row: object) -> None:
        """Go to what an entry changed."""
        from lineal import refs  # noqa: PLC0415  few start here

        if not isinstance(row, entries.EventRow) or row.leads_to is None:
            self.say("this row leads nowhere; those with → do", tone=Tone.MUTED)
            return
        address, registry, clock = row.leads_to, self.registry, self.clock
        ref = refs.parse(address)
        if isinstance(ref, refs.StageRef):
            # its history: what is live there now may be something else, or nothing
            self._go(ref.model, ref.stage, None, View.HISTORY)
            return
        self.work(lambda: ThingFound("open", address, *found_page.read_found(registry, address, clock())), "command")


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


def _as_it_is(row: EventRow, _width: int) -> Line:
    return row.line
