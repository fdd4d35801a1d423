"""Commands that run when something happens: added, listed, kept from running, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Group, session
from lineal_tui.cli.output import ROWS, dump, narrate, on_terminal, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit, now

if TYPE_CHECKING:
    from lineal.records.automation import Automation, Delivery
    from lineal.registry import Registry


@click.group("on", cls=Group)
def on_command() -> None:
    """Run commands when something happens; `lineal guide automate` has the events.

    Examples:
      lineal on add promoted fraud@production --run "logger fraud moved"
      lineal on list
      lineal on log
    """


@on_command.command("add")
@click.argument("event", metavar="EVENT")
@click.argument("place", type=ADDRESS, metavar="[MODEL|MODEL@STAGE]", required=False)
@click.option("--run", "command", required=True, metavar="CMD", help="What to run; no shell takes part in it.")
@click.option("--timeout", type=float, default=30.0, metavar="S", help="Seconds that it may take; 30.")
@click.option("--name", metavar="NAME", help="What it is called; else after its event.")
@as_json
@click.pass_context
def add(
    context: click.Context,
    *,
    event: str,
    place: str | None,
    command: str,
    timeout: float,
    name: str | None,
    as_json: bool,
) -> None:
    """Run a command whenever something happens from now on.

    EVENT is registered, approved, rejected, promoted, rolled_back, undone, cleared, moved (any of those four, or an
    import), failed (a transition that was taken back, failed or was cancelled), alert, alert_cleared, marked_bad,
    retired or deprecated. Without a model, those of all models.

    The command reads the event as JSON, as `lineal audit log --json` prints it, with event, automation, delivery,
    registry, model, stage, from, to, reason and version (ref, label, seq, uid, digest) beside it. In its environment
    are LINEAL_EVENT, _MODEL, _STAGE, _REF (of the version) and _REGISTRY. It runs in the registry's folder, split into
    words as by a shell, but without one.

    Each event runs it at most once, in the order in which they happened, one after another. What changed the registry
    does not wait for it, and is not taken back when it fails; `lineal on log` tells. Whoever may change the registry
    may have it run under their account.

    Examples:
      lineal on add promoted fraud@production --run 'systemctl reload fraud'
      lineal on add alert --run /usr/local/bin/page-somebody --timeout 10 --name page
    """
    from lineal_tui.view.guidance.typed import words_of  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        new = registry.add_automation(event, place, words_of("run", command) or (), timeout=timeout, name=name)
    _warn_unless_there(new)
    if as_json:
        _dump(new)
        return
    from lineal_tui.view.operations.automation import word  # noqa: PLC0415  as above

    say(new.name)
    narrate(f"runs from now on, on {word(new.event)} of {new.place or 'all models'}")


def _warn_unless_there(new: Automation) -> None:
    from shutil import which  # noqa: PLC0415  start-up is measured

    if which(new.command[0]) is None:
        warn(f"{new.command[0]}: there is no such program here now; it is looked for again when it runs")


@on_command.command("list")
@as_json
@click.pass_context
def list_(context: click.Context, *, as_json: bool) -> None:
    """List what runs when something happens.

    Examples:
      lineal on list
    """
    from lineal_tui.view.operations import automation as view  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        found = registry.automations()
    if as_json:
        dump([view.json_automation(each) for each in found])
    elif found:
        show(view.automations(found, width()))
    else:
        narrate("nothing runs by itself; `lineal on add EVENT --run CMD` adds a command")


@on_command.command("show")
@click.argument("what", metavar="NAME|NUMBER")
@as_json
@click.pass_context
def show_one(context: click.Context, *, what: str, as_json: bool) -> None:
    """Show an automation with what it did last, or all about one delivery with what was printed.

    Examples:
      lineal on show page
      lineal on show 17
    """
    from lineal_tui.view.operations import automation as view  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        if what.isdigit():
            (delivery,) = _truthful(registry, [registry.delivery(int(what))])
            if as_json:
                dump(view.json_delivery(delivery))
            else:
                show(view.delivery(delivery, now()))
            return
        found = registry.automation(what)
        last = _truthful(registry, registry.deliveries(what, limit=10))
    if as_json:
        dump({**view.json_automation(found), "deliveries": [view.json_delivery(each) for each in last]})
        return
    show(view.automation(found, now()))
    if last:
        show([(), *view.deliveries(last, now(), width())])


@on_command.command("log")
@click.argument("name", metavar="[NAME]", required=False)
@limit
@as_json
@click.pass_context
def log(context: click.Context, *, name: str | None, limit: int | None, as_json: bool) -> None:
    """List what was run, newest first: waiting, running, done, failed, timed out, or lost.

    A delivery is lost when the process that ran it died: what the command did is not known, and it does not run again
    by itself. The last 1,000 of each automation are kept.

    Examples:
      lineal on log
      lineal on log page --limit 5 --json
    """
    from lineal_tui.view.operations import automation as view  # noqa: PLC0415  start-up is measured

    shown = limit if limit is not None or as_json or not on_terminal() else ROWS + 1
    with session(context).open() as registry:
        found = _truthful(registry, registry.deliveries(name, limit=shown))
    if as_json:
        dump([view.json_delivery(each) for each in found])
        return
    if limit is None and on_terminal() and len(found) > ROWS:
        narrate(f"only the last {ROWS}; --limit N shows more")
        found = found[:ROWS]
    if found:
        show(view.deliveries(found, now(), width()))
    else:
        narrate("nothing was run yet")


def _truthful(registry: Registry, found: list[Delivery]) -> list[Delivery]:
    from lineal_tui.view.operations.automation import truthful  # noqa: PLC0415  start-up is measured

    is_working = registry.runs_automations()
    return [truthful(each, is_working=is_working) for each in found]


@on_command.command("remove")
@click.argument("name", metavar="NAME")
@as_json
@click.pass_context
def remove(context: click.Context, *, name: str, as_json: bool) -> None:
    """Take an automation away, with what waits for it; its log stays.

    Examples:
      lineal on remove page
    """
    with session(context).open() as registry:
        found = registry.remove_automation(name)
    _tell(found, "is removed", as_json=as_json)


@on_command.command("enable")
@click.argument("name", metavar="NAME")
@as_json
@click.pass_context
def enable(context: click.Context, *, name: str, as_json: bool) -> None:
    """Let an automation run again, from the next event on, and what waited before it was disabled.

    Examples:
      lineal on enable page
    """
    with session(context).open() as registry:
        found = registry.enable_automation(name)
    _tell(found, "is enabled", as_json=as_json)


@on_command.command("disable")
@click.argument("name", metavar="NAME")
@as_json
@click.pass_context
def disable(context: click.Context, *, name: str, as_json: bool) -> None:
    """Keep an automation from running; what happens meanwhile is none of its events.

    Examples:
      lineal on disable page
    """
    with session(context).open() as registry:
        found = registry.enable_automation(name, enabled=False)
    _tell(found, "is disabled", as_json=as_json)


@on_command.command("again")
@click.argument("number", type=click.IntRange(min=1), metavar="NUMBER")
@as_json
@click.pass_context
def again(context: click.Context, *, number: int, as_json: bool) -> None:
    """Run a delivery once more: the same event, the same command.

    Examples:
      lineal on again 17
    """
    with session(context).open() as registry:
        new = registry.deliver_again(number)
    if as_json:
        from lineal_tui.view.operations.automation import json_delivery  # noqa: PLC0415  start-up is measured

        dump(json_delivery(new))
        return
    say(str(new.id))
    narrate(f"{new.automation} runs again on event {new.seq}; `lineal on show {new.id}` tells how it ended")


@on_command.command("run")
@click.pass_context
def run(context: click.Context) -> None:
    """Run what waits, and wait until all of it is over; ctrl+c lets go of it, and it runs on.

    What waits is run by itself. This is for the end of a script whose processes are ended with it, and for what a
    crash left waiting.

    Examples:
      lineal on run
    """
    with session(context).open() as registry:
        registry.settle_automations()
    narrate("nothing waits and nothing runs")


def _tell(found: Automation, what: str, *, as_json: bool) -> None:
    if as_json:
        _dump(found)
        return
    say(found.name)
    narrate(f"{found.name} {what}")


def _dump(found: Automation) -> None:
    from lineal_tui.view.operations.automation import json_automation  # noqa: PLC0415  start-up is measured

    dump(json_automation(found))
