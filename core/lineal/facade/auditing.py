"""The audit log: read, checked, taken elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

from lineal.facade.staging import Staging
from lineal.machine.lazily import Later
from lineal.records.auditing import EventFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lineal.audit_log import audit_files, auditing
    from lineal.facade.door import StrPath
    from lineal.queries import events as event_rows
    from lineal.records.auditing import Anchor, Verdict
    from lineal.records.base import Micros
    from lineal.records.stages import Event
else:
    # What most commands leave untouched; start-up is measured.
    audit_files = Later("lineal.audit_log.audit_files")
    auditing = Later("lineal.audit_log.auditing")
    event_rows = Later("lineal.queries.events")

_ALL = EventFilter()


class Auditing(Staging):
    """What was done to the registry, by whom."""

    def event_filter(
        self,
        *,
        actor: str | None = None,
        about: str | None = None,
        action: str | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
        words: Sequence[str] = (),
    ) -> EventFilter:
        """Which events are wanted: of an actor, about an address, an action (`*` in it is anything), of a time.

        Raises:
            BadAddress: `about` is no address.
            NotFound: it names nothing; no event has this actor or action.
        """
        return auditing.wanted(
            self._context, actor=actor, about=about, action=action, since=since, until=until, words=words
        )

    def events(
        self,
        *,
        limit: int | None = None,
        before: int | None = None,
        after: int | None = None,
        wanted: EventFilter = _ALL,
    ) -> list[Event]:
        """The audit log, newest first; `before` and `after` are the `seq` of events that are left out themselves."""
        return auditing.find(self._context, wanted, before=before, after=after, limit=limit)

    def events_since(self, seq: int, upto: int, *, wanted: EventFilter = _ALL) -> list[Event]:
        """The events after number `seq` up to number `upto`, oldest first."""
        return auditing.following(self._context, wanted, after=seq, upto=upto)

    def events_numbered(self, numbers: Sequence[int]) -> list[Event]:
        """The events with these numbers, newest first."""
        with self._context.read() as connection:
            return event_rows.by_seq(connection, numbers)

    def event_numbers(self, wanted: EventFilter, *, after: int | None = None) -> Iterator[list[int]]:
        """The numbers of events that are wanted, newest first, a stretch at a time."""
        return auditing.numbers(self._context, wanted, after=after)

    def event_totals(self) -> tuple[int, int]:
        """How many events there are, and the number of the last."""
        with self._context.read() as connection:
            return event_rows.totals(connection)

    def audit_head(self) -> Event | None:
        """The last event, whose number and hash are an anchor; None in an empty log."""
        return next(iter(self.events(limit=1)), None)

    def verify_events(
        self, anchors: Iterable[Anchor] = (), *, progress: Callable[[int, int], None] = lambda _, __: None
    ) -> Verdict:
        """Check the audit log from its first event to its last, and whether the registry agrees with it.

        Args:
            anchors: heads that were kept elsewhere.
            progress: told events checked and events there are; may raise to stop.
        """
        return auditing.verify(self._context, anchors, progress=progress)

    def export_events(
        self,
        target: StrPath | IO[bytes],
        *,
        after: int = 0,
        progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> tuple[int, str]:
        """Write the log as lines of JSON that can be checked elsewhere; returns their number and the last hash.

        Args:
            target: a file to make, which is never replaced, or an open stream.
            after: the last event that is left out.
            progress: told events written and events there are; may raise to stop.

        Raises:
            AlreadyExists: there is such a file.
            MachineError: it cannot be written.
        """
        if isinstance(target, (str, bytes)) or hasattr(target, "__fspath__"):
            return audit_files.export_to(self._context, Path(target), after=after, progress=progress)
        return audit_files.export(self._context, target, after=after, progress=progress)
