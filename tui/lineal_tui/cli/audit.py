"""The audit log: read, followed, checked, and taken elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lineal_tui.cli.app import Group, session
from lineal_tui.cli.output import at_most, dump, narrate, on_terminal, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit, with_offset
from lineal_tui.view.guidance.typed import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lineal.records.auditing import Anchor, EventFilter, Verdict
    from lineal.records.stages import Event
    from lineal.registry import Registry

_AT_ONCE = 5_000
"""Events that are printed together, so that a log of any length needs no more memory than these."""


@click.group("audit", cls=Group, invoke_without_command=True)
@click.pass_context
def audit_command(context: click.Context) -> None:
    """The log of every change, chained by hashes; alone it prints the log.

    Examples:
      lineal audit log --model fraud --action promoted
      lineal audit head --json > /elsewhere/anchor
      lineal audit verify --anchor /elsewhere/anchor
    """
    if context.invoked_subcommand is None:
        context.invoke(log, limit=None, as_json=False)


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--text", "words", metavar="WORDS", help="Whatever holds all of these words."),
        click.option("--until", metavar="TIME", help="Before this time."),
        click.option("--since", metavar="TIME", help="At this time or later; local unless it has an offset."),
        click.option("--action", metavar="ACTION", help="What was done, such as promoted; * is anything in it."),
        click.option("--model", "about", type=ADDRESS, metavar="REF", help="A model, a version, a stage, data, a run."),
        click.option("--actor", metavar="USER", help="Who did it; as:NAME or sudo:NAME for a claim."),
    ):
        command = option(command)
    return command


@audit_command.command("log")
@_filters
@limit
@click.option("--follow", is_flag=True, help="Go on with what is appended, until stopped.")
@click.option("--after", type=click.IntRange(min=0), metavar="SEQ", help="Only what comes after this entry.")
@as_json
@click.pass_context
def log(
    context: click.Context,
    *,
    actor: str | None = None,
    about: str | None = None,
    action: str | None = None,
    since: str | None = None,
    until: str | None = None,
    words: str | None = None,
    limit: int | None = None,
    follow: bool = False,
    after: int | None = None,
    as_json: bool = False,
) -> None:
    """Print the log, newest first; with --follow oldest first, each entry as it is appended.

    Followed as JSON, it is one object on each line; --after takes it up again where a listener left it.

    Examples:
      lineal audit log --limit 20
      lineal audit log --model fraud@production --since '2026-03-01 03:00' --json
      lineal audit log --follow --json --after 1200
    """
    times = {"since": _time("since", since), "until": _time("until", until)}
    if follow and (limit is not None or until is not None):
        raise click.UsageError("--follow ends when it is stopped, and takes neither --limit nor --until", context)
    with session(context).open() as registry:
        wanted = registry.event_filter(actor=actor, about=about, action=action, words=(words or "").split(), **times)
        if follow:
            from lineal_tui.cli.audit_following import follow_log  # noqa: PLC0415  start-up is measured

            follow_log(registry, wanted, after=after, as_json=as_json)
            return
        pages = _pages(registry, wanted, after, limit, as_json=as_json)
        if as_json:
            _print_json(pages)
        else:
            _print_table(pages)


def _time(name: str, text: str | None) -> Any:
    if text is None:
        return None
    found = moment(text)
    narrate(f"{name} {with_offset(found)}")
    return found


def _pages(
    registry: Registry, wanted: EventFilter, after: int | None, limit: int | None, *, as_json: bool
) -> Iterator[Sequence[Event]]:
    left = at_most(limit, as_json=as_json)
    before: int | None = None
    while left is None or left > 0:
        size = _AT_ONCE if left is None else min(left, _AT_ONCE)
        found = registry.events(wanted=wanted, after=after, before=before, limit=size)
        if found:
            yield found
        if len(found) < size:
            return
        before, left = found[-1].seq, None if left is None else left - size
    if limit is None and registry.events(wanted=wanted, after=after, before=before, limit=1):
        narrate("there are more; --limit N shows N of them")


def _print_json(pages: Iterator[Sequence[Event]]) -> None:
    from json import dumps  # noqa: PLC0415  start-up is measured
    from textwrap import indent  # noqa: PLC0415  as above

    from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

    opened = False
    for page in pages:
        for each in page:
            text = indent(dumps(json.event(each), indent=2, allow_nan=False), "  ")
            click.echo((",\n" if opened else "[\n") + text, nl=False)
            opened = True
    click.echo("\n]" if opened else "[]")


def _print_table(pages: Iterator[Sequence[Event]]) -> None:
    from lineal_tui.view.governance import audit  # noqa: PLC0415  start-up is measured

    first = True
    for page in pages:
        show(audit.table_of(page, width())[0 if first else 1 :])
        first = False


@audit_command.command("head")
@as_json
@click.pass_context
def head(context: click.Context, *, as_json: bool) -> None:
    """Print the number and hash of the last entry: an anchor, to be kept elsewhere.

    Examples:
      lineal audit head >> /elsewhere/anchors
      lineal audit head --json > /elsewhere/anchor
    """
    with session(context).open() as registry:
        found = registry.audit_head()
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump(json.event(found) if found else None)
    elif found:
        say(f"{found.seq} {found.hash}")
    else:
        narrate("the log is empty")


@audit_command.command("verify")
@click.option(
    "--anchor", "anchors", multiple=True, metavar="FILE|SEQ:HASH", help="What `head` printed once; - reads stdin."
)
@click.option("--file", "export", type=click.Path(), metavar="EXPORT", help="Check an export instead of the registry.")
@as_json
@click.pass_context
def verify(context: click.Context, *, anchors: tuple[str, ...], export: str | None, as_json: bool) -> None:
    """Check every entry against its hash and the one before it, and the registry against the log.

    Exits with 7, and names the first entry that was edited, removed or moved. A log that was cut at its end, or
    written anew as a whole, is found through an anchor only.

    Examples:
      lineal audit verify
      lineal audit verify --anchor /elsewhere/anchor
      lineal audit verify --file audit.jsonl
    """
    from pathlib import Path  # noqa: PLC0415  start-up is measured

    from lineal.errors import Damaged  # noqa: PLC0415  as above
    from lineal_tui.cli.meter import Meter  # noqa: PLC0415  as above

    kept = [anchor for text in anchors for anchor in _anchors(text)]
    if export is not None:
        from lineal.audit_log.audit_files import verify_export  # noqa: PLC0415  as above

        path = Path(export)
        with Meter("checking") as meter:
            verdict = verify_export(path, kept, progress=meter.show)
    else:
        with session(context).open() as registry, Meter("checking", "entries") as meter:
            path = registry.root
            verdict = registry.verify_events(kept, progress=meter.show)
    if as_json:
        from lineal_tui.view.as_json import upkeep_json  # noqa: PLC0415  as above

        dump(upkeep_json.verdict(verdict))
    elif verdict.broken_at is None and not verdict.findings:
        say(_praise(verdict))
    if verdict.broken_at is not None:
        hint = "keep what is there as it is, and compare it with a backup or an export; `lineal audit log` shows it"
        raise Damaged(path=path, why=f"event {verdict.broken_at} of the audit log: {verdict.why}", hint=hint)
    if verdict.findings:
        for other in verdict.findings[1:]:
            warn(f"{other.ref or 'the database'}: {other.problem}")
        first = verdict.findings[0]
        more = f" (and {len(verdict.findings) - 1} more)" if len(verdict.findings) > 1 else ""
        why = f"the log is whole, but {first.ref or 'of its database'}: {first.problem}{more}"
        raise Damaged(path=path, why=why, hint=first.repair)


def _praise(verdict: Verdict) -> str:
    several = f"{verdict.checked} events" if verdict.checked != 1 else "1 event"
    start = f" from {verdict.first} on" if verdict.first > 1 else ""
    held = f", {verdict.anchors} {'anchor fits' if verdict.anchors == 1 else 'anchors fit'}" if verdict.anchors else ""
    return f"whole: {several}{start}, head {verdict.head}{held}"


def _anchors(text: str) -> list[Anchor]:
    from pathlib import Path  # noqa: PLC0415  start-up is measured

    from lineal.audit_log.anchors import anchor, anchors_in  # noqa: PLC0415  as above
    from lineal.errors import MachineError, NoSource  # noqa: PLC0415  as above

    if text == "-":
        return anchors_in(sys.stdin.read(), "standard input")
    seq, colon, _ = text.partition(":")
    if colon and seq.isdigit():
        return [anchor(text)]
    try:
        return anchors_in(Path(text).read_text(encoding="utf-8", errors="replace"), text)
    except FileNotFoundError as error:
        raise NoSource(path=text, hint="an anchor is a file that `lineal audit head` wrote, or SEQ:HASH") from error
    except OSError as error:
        raise MachineError(path=text, why=error.strerror or str(error)) from error


@audit_command.command("export")
@click.argument("file", type=click.Path(), metavar="FILE")
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="SEQ", help="Only what comes after this entry.")
@click.pass_context
def export(context: click.Context, *, file: str, after: int) -> None:
    """Write the log as lines of JSON that can be checked without the registry; - is standard output.

    Each line is what its hash is over, with the hash put in at its end: the SHA-256 of the line without
    `,"hash":"..."` is that hash, and `prev` is the hash of the line before.

    Examples:
      lineal audit export audit.jsonl
      lineal audit export audit-2.jsonl --after 1200
    """
    from lineal_tui.cli.meter import Meter  # noqa: PLC0415  start-up is measured

    if file == "-" and on_terminal():
        why = "the exact letters that were recorded may command a terminal"
        raise click.UsageError(
            f"{why}: name a file, or send it through a pipe; `lineal audit log` is for reading", context
        )
    with session(context).open() as registry, Meter("exporting", "entries") as meter:
        target = sys.stdout.buffer if file == "-" else file
        written, last = registry.export_events(target, after=after, progress=meter.show)
    narrate(f"{written} {'event' if written == 1 else 'events'} written" + (f", head {last}" if written else ""))
