"""The audit log."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Group, session
from lineal_tui.cli.output import ROWS, dump, narrate, on_terminal, say, show, width
from lineal_tui.cli.parameters import as_json, limit


@click.group("audit", cls=Group, invoke_without_command=True)
@click.pass_context
def audit_command(context: click.Context) -> None:
    """The log of every change, chained by hashes; alone it prints the log.

    Examples:
      lineal audit log --limit 20
      lineal audit head
      lineal audit verify
    """
    if context.invoked_subcommand is None:
        context.invoke(log, limit=None, as_json=False)


@audit_command.command("log")
@limit
@as_json
@click.pass_context
def log(context: click.Context, *, limit: int | None, as_json: bool) -> None:
    """Print the log, newest first.

    Examples:
      lineal audit log --limit 20
      lineal audit log --json
    """
    shortened = limit if limit is not None or as_json or not on_terminal() else ROWS
    with session(context).open() as registry:
        found = registry.events(limit=shortened)
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

        dump([json.event(each) for each in found])
        return
    from lineal_tui.view import listing  # noqa: PLC0415  as above

    show(listing.events(found, width()))
    if limit is None and found and found[-1].seq > 1 and shortened is not None:
        narrate(f"{found[-1].seq - 1:,} more; --limit {found[0].seq} shows all")


@audit_command.command("head")
@as_json
@click.pass_context
def head(context: click.Context, *, as_json: bool) -> None:
    """Print the number and hash of the last event, to be kept elsewhere.

    Examples:
      lineal audit head >> /elsewhere/anchors
    """
    with session(context).open() as registry:
        found = registry.events(limit=1)
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

        dump(json.event(found[0]) if found else None)
    elif found:
        say(f"{found[0].seq} {found[0].hash}")
    else:
        narrate("the log is empty")


@audit_command.command("verify")
@as_json
@click.pass_context
def verify(context: click.Context, *, as_json: bool) -> None:
    """Check every event against its hash and the one before it; exits with 7 when one was changed.

    Examples:
      lineal audit verify
    """
    from lineal.errors import Damaged  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        verdict = registry.verify_events()
        path = registry.root
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  as above

        dump(json.verdict(verdict))
    elif verdict.broken_at is None:
        say(f"{verdict.checked} events, head {verdict.head}")
    if verdict.broken_at is not None:
        raise Damaged(path=path, why=f"event {verdict.broken_at} of the audit log: {verdict.why}")
