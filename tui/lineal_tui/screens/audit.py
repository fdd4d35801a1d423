"""The audit log on the screen: entries of any number, filtered, opened, and followed to what they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from lineal.errors import LinealError
from lineal.machine.lazily import Later
from lineal.records.stages import Event
from lineal_tui.places import View
from lineal_tui.screens.filtering import FilterPrompt
from lineal_tui.screens.found_events import EventsSource, Found, quoted, search, wanted_by, with_part
from lineal_tui.screens.messages import ThingFound
from lineal_tui.screens.watching import Watching
from lineal_tui.view.drawing.lines import Line, Tone
from lineal_tui.view.drawing.matching import in_line
from lineal_tui.view.drawing.pages import Listed, Pages
from lineal_tui.view.drawing.words import number

if TYPE_CHECKING:
    from lineal_tui.screens import found_page
    from lineal_tui.view.governance import audit as entries
    from lineal_tui.view.governance.audit import EventRow
    from lineal_tui.view.guidance.commands import Command
else:
    # nobody reads the log before the first paint
    entries = Later("lineal_tui.view.governance.audit")
    found_page = Later("lineal_tui.screens.found_page")


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
        self.panes[View.AUDIT].lines.is_whole = False

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
        self.panes[View.AUDIT].lines.is_whole = message.is_whole
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

        pane.draw_title = lambda width, active: entries.audit_title(
            len(found.numbers), found.total, width, active=active, searching=self._log_searching
        )
        pane.draw_heads = lambda width: entries.audit_head(source.look, width)
        pane.lines.show(Pages[Event](source), paint)
        source.on_wider = pane.rows_changed
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
            self.open_audit(quoted(f"about={self.version.ref}"))

    def audit_asked(self, command: Command) -> None:
        """Show what `:audit` asks for."""
        parts = [f"{name}={value}" for name, value in command.options.items()]
        if command.first is not None:
            parts.insert(0, f"about={command.first}")
        self.open_audit(" ".join(map(quoted, parts)))

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
        from lineal.rules import refs  # noqa: PLC0415  few start here

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


def _as_it_is(row: EventRow, _width: int) -> Line:
    return row.line
