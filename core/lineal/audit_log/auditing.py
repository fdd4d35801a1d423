"""Reading the audit log by what is wanted of it, and checking it as a whole."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, NotFound
from lineal.queries import agreement
from lineal.queries import events as rows
from lineal.records.auditing import Breach, EventFilter
from lineal.records.upkeep import Finding, FindingKind
from lineal.rules import refs
from lineal.upkeep import verification
from lineal.write_path import audit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lineal.records.auditing import Anchor, Verdict
    from lineal.records.base import Micros
    from lineal.records.stages import Event
    from lineal.write_path.context import Context

_STRETCH = 50_000
"""Events among which those that are wanted are looked for at once, so that no writer waits long."""
_MOVED_BY = 10_000
"""Entries that may have been taken out for a later one to be recognised in its new place."""
_FINDINGS = 100
"""Disagreements that are worth reading."""
_TABLES = ("events", "transitions", "versions", "decisions", "reviews")
"""What must be append-only for the log to mean something."""
_RESTORE = "compare with a backup or an export that was kept elsewhere"


def wanted(
    context: Context,
    *,
    actor: str | None = None,
    about: str | None = None,
    action: str | None = None,
    since: Micros | None = None,
    until: Micros | None = None,
    words: Sequence[str] = (),
) -> EventFilter:
    """The filter that people's words mean.

    Args:
        context: the registry.
        actor: a user's name; `as:NAME` or `sudo:NAME` for a claim.
        about: an address: a model, a version, a stage, a dataset, a run, an experiment.
        action: an action; `*` and `?` stand for anything in it.
        since: at this time or later.
        until: before this time.
        words: all of these are somewhere in the event.

    Raises:
        BadAddress: `about` is no address.
        NotFound: it names nothing; no event has this actor or action.
        BadValue: the time ends before it begins.
    """
    if since is not None and until is not None and until <= since:
        raise BadValue(field="time", value=None, why="it ends before it begins", hint="--since is the earlier one")
    with context.read() as connection:
        subject, ref, label = (None, None, None) if about is None else _about(connection, about)
        actions: tuple[str, ...] = ()
        if action is not None:
            known = rows.distinct(connection, "action")
            actions = tuple(each for each in known if fnmatchcase(each, action))
            if not actions:
                near = refs.nearest(action, known)
                raise NotFound(kind="action", name=action, where=" in the audit log", nearest=near)
        if actor is not None and not actor.startswith(("as:", "sudo:")):
            known = rows.distinct(connection, "actor")
            if actor not in known:
                hint = None if refs.nearest(actor, known) else "names that were only claimed are as:NAME or sudo:NAME"
                near = refs.nearest(actor, known)
                raise NotFound(kind="actor", name=actor, where=" in the audit log", nearest=near, hint=hint)
    return EventFilter(actor, subject, ref, label, actions, since, until, tuple(words))


def _about(connection: sqlite3.Connection, text: str) -> tuple[str, str | None, str | None]:
    """What an address begins with, all of it, and the label if it is a version's."""
    ref = refs.parse(text)
    match ref:
        case refs.StageRef(model, stage, back):
            if back:
                raise BadValue(field="address", value=text, why="the log is of stages, not of what a rollback leads to")
            owner, found = addresses.stage(connection, model, stage)
            return owner.name, f"{owner.name}@{found.name}", None
        case refs.LabelRef() | refs.SeqRef():
            version = addresses.version(connection, text)
            return version.model, version.ref, version.label
        case refs.ModelRef(name):
            return addresses.model(connection, name).name, None, None
        case refs.DatasetRef(name):
            return f"data:{addresses.dataset(connection, name).name}", None, None
        case refs.DatasetVersionRef(name, label):
            whole = addresses.dataset_version(connection, name, label).ref
            return f"data:{name}", whole, None
        case refs.RunRef(prefix):
            whole = f"run:{addresses.run(connection, prefix).id}"
            return whole, None, None
        case refs.ExperimentRef(name):
            return f"exp:{addresses.experiment(connection, name).name}", None, None
        case refs.DigestRef():
            raise BadValue(field="address", value=text, why="events are not about bytes; see `lineal identify`")


def find(
    context: Context,
    asked: EventFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[Event]:
    """Events that are wanted, newest first; `before` and `after` are numbers that are left out themselves.

    Each reading is short, so that no writer waits for all of it.
    """
    found: list[Event] = []
    for low, high in _stretches(context, asked, before, after, whole=limit is not None):
        left = -1 if limit is None else limit - len(found)
        with context.read() as connection:
            found += rows.page(connection, asked, after=low, before=high, limit=left)
        if len(found) == limit:
            break
    return found


def following(context: Context, asked: EventFilter, *, after: int, upto: int) -> list[Event]:
    """Events that are wanted past `after` up to `upto`, oldest first."""
    with context.read() as connection:
        return rows.page(connection, asked, after=after, before=upto + 1, oldest_first=True)


def numbers(
    context: Context, asked: EventFilter, *, before: int | None = None, after: int | None = None
) -> Iterator[list[int]]:
    """The numbers of events that are wanted, newest first, a stretch at a time."""
    for low, high in _stretches(context, asked, before, after):
        with context.read() as connection:
            found = rows.numbers(connection, asked, after=low, before=high)
        yield found


def _stretches(
    context: Context, asked: EventFilter, before: int | None, after: int | None, *, whole: bool = False
) -> Iterator[tuple[int, int]]:
    """The numbers between which to look, the newest first; `whole`: all at once where an index finds what is wanted."""
    with context.read() as connection:
        _, last = rows.totals(connection)
        low, high = rows.bounds(connection, asked.since, asked.until)
    low = max(low - 1, -1 if after is None else after)
    high = min(high, last + 1, last + 1 if before is None else before)
    step = 1 << 62 if whole and rows.is_indexed(asked) else _STRETCH
    while high - 1 > low:
        start = max(low, high - 1 - step)
        yield start, high
        high = start + 1


# checking


def verify(
    context: Context, anchors: Iterable[Anchor] = (), *, progress: Callable[[int, int], None] = lambda _, __: None
) -> Verdict:
    """Check the chain from its first event to its last, then whether the registry agrees with it.

    Read in short statements, so that no writer waits for it; memory does not grow with the log.

    Args:
        context: the registry.
        anchors: heads that were kept elsewhere.
        progress: told events checked and events there are; may raise to stop.
    """
    with context.read() as connection:
        total = (rows.head(connection) or (0, ""))[0]
    chain = audit.Chain(anchors)
    last: int | None = None
    while True:
        with context.read() as connection:
            batch = rows.raw(connection, after=last)
        if not batch or not chain.follow(batch):
            break
        last = batch[-1][0]
        progress(last, max(total, last))
    verdict = chain.end()
    if verdict.breach is Breach.EDITED and chain.suspect is not None:
        was = audit.number_when_sealed(chain.suspect, total + _MOVED_BY)
        if was is not None:
            chain.explain(
                f"it was event {was} when it was written: it was moved, or what was before it taken out", Breach.MOVED
            )
            verdict = chain.end()
    if verdict.broken_at is not None:
        return verdict
    return replace(verdict, findings=tuple(_findings(context)))


def _findings(context: Context) -> list[Finding]:
    """What the registry says otherwise than the log, and what no longer guards the log."""
    path = str(context.db.path)
    with context.read() as connection:
        faults = verification.schema_faults(connection, _TABLES)
    found = [Finding(FindingKind.EVENTS, None, path, fault, _RESTORE) for fault in faults]
    for compare in agreement.EVERYTHING:
        after: int | None = 0
        while after is not None and len(found) < _FINDINGS:
            with context.read() as connection:
                after, wrong = compare(connection, after)
            found += [Finding(FindingKind.EVENTS, ref, path, problem, _RESTORE) for ref, problem in wrong]
    return found[:_FINDINGS]
