"""Following the audit log: each entry as it is appended, until nobody listens or a signal ends it."""

from __future__ import annotations

import select
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineal.errors import Damaged
from lineal_tui.cli.output import show, width

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from lineal.records.auditing import EventFilter
    from lineal.records.stages import Event
    from lineal.registry import Registry

_POLL_MS = 200
"""Between looks at the registry, each of which costs some microseconds."""
_AT_ONCE = 1_000


class _Told(Exception):
    """The process was told to end."""


def follow_log(registry: Registry, wanted: EventFilter, *, after: int | None, as_json: bool) -> None:
    """Print events as they are appended; returns when told to end by SIGTERM.

    Args:
        registry: which log.
        wanted: which of its events.
        after: go on after this number; None for what is appended from now on.
        as_json: one object on each line.

    Raises:
        BrokenPipeError: nobody listens any more.
        Damaged: what was told already is no longer there.
    """
    last, known = _start(registry, after)
    seen = -1
    with _until_told():
        while True:
            changed = registry.data_version()
            if changed != seen:
                seen = changed
                last, known = _tell(registry, wanted, last, known, as_json=as_json)
            _rest()


def _start(registry: Registry, after: int | None) -> tuple[int, str | None]:
    """Where to begin: the number of an event, and its hash if it is there."""
    _, newest = registry.event_totals()
    last = newest if after is None else after
    if last > newest:
        why = f"the audit log ends at event {newest}, before event {last}: it was cut off, or this is another registry"
        raise Damaged(path=registry.root, why=why)
    found = registry.events_numbered([last])
    return last, found[0].hash if found else None


def _tell(
    registry: Registry, wanted: EventFilter, last: int, known: str | None, *, as_json: bool
) -> tuple[int, str | None]:
    """Print what came after event `last`, whose hash is `known`; returns the last one there is."""
    _, newest = registry.event_totals()
    if last and known is not None:
        found = registry.events_numbered([last])
        if not found or found[0].hash != known:
            why = f"event {last} of the audit log, which was told already, is {'another' if found else 'gone'} now"
            raise Damaged(path=registry.root, why=why, hint="see `lineal audit verify`")
    while last < newest:
        upto = min(newest, last + _AT_ONCE)
        for event in registry.events_since(last, upto, wanted=wanted):
            _print(event, as_json=as_json)
        last = upto
    found = registry.events_numbered([last])
    return last, found[0].hash if found else None


def _print(event: Event, *, as_json: bool) -> None:
    if as_json:
        from json import dumps  # noqa: PLC0415  start-up is measured

        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        sys.stdout.write(dumps(json.event(event), allow_nan=False) + "\n")
    else:
        from lineal_tui.view.governance import audit  # noqa: PLC0415  as above

        show([audit.told(event, width())])
    sys.stdout.flush()


def _rest() -> None:
    """Wait until it is time to look again; a pipe that nobody reads any more says so at once."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    for _, happened in poll.poll(_POLL_MS):
        if happened & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            raise BrokenPipeError


@contextmanager
def _until_told() -> Iterator[None]:
    """End the block in good order when SIGTERM comes."""

    def told(_number: int, _frame: FrameType | None) -> None:
        raise _Told

    before = signal.signal(signal.SIGTERM, told)
    try:
        yield
    except _Told:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
