"""What is live, and what was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, first, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit, now, with_offset
from lineal_tui.cli.unfinished import tell_unfinished
from lineal_tui.view.guidance.typed import moment

if TYPE_CHECKING:
    from lineal.records.base import Micros


@click.command("live", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@click.option("--at", metavar="TIME", help="At this time; local unless it has an offset.")
@as_json
@click.pass_context
def live_command(context: click.Context, *, stage: str, at: str | None, as_json: bool) -> None:
    """Tell which version is live at a stage, now or at a time.

    Examples:
      lineal live fraud@production
      lineal live fraud@production --at '2026-03-01 03:00'
      lineal live fraud@production~1
    """
    when = None if at is None else moment(at)
    if when is not None:
        narrate(f"at {with_offset(when)}")
    with session(context).open() as registry:
        if when is None:
            tell_unfinished(registry, stage.partition("~")[0])
        found = registry.live(stage, at=when)
        if as_json:
            from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

            dump(json.live(found, registry.detail(found.version)))
            return
    from lineal_tui.view.drawing import words  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.clean import one_line  # noqa: PLC0415  as above

    transition = found.transition
    say(found.version.ref)
    say_field("since", words.when(found.since, now()))
    say_field("by", one_line(words.who(found.actor, transition.claim)))
    say_field("reason", found.reason)
    if found.version.status.value == "bad":
        say_field("BAD", f"marked so; `lineal rollback {found.version.model}@{found.stage}` leaves it")
    if found.stage in found.version.alarmed:
        say_field("ALERT", f"see `lineal alerts {found.version.model}@{found.stage}`")
    if transition.is_alarming:
        from lineal_tui.view.governance.gates import transition_ref  # noqa: PLC0415  as above

        say_field("FORCED", f"not reviewed yet; `lineal review {transition_ref(transition)}`")


def say_field(name: str, value: str | None) -> None:
    """Print a line below what it belongs to; nothing without a value."""
    if value:
        from lineal_tui.view.drawing.clean import one_line  # noqa: PLC0415  as above

        click.echo(f"  {name:<8}{one_line(value)}", color=False)


@click.command("history", cls=Command)
@click.argument("place", type=ADDRESS, metavar="MODEL[@STAGE]")
@click.option("--at", metavar="TIME", help="Who was live then: one answer for each stage. Local without an offset.")
@limit
@as_json
@click.pass_context
def history_command(context: click.Context, *, place: str, at: str | None, limit: int | None, as_json: bool) -> None:
    """Who was live at a stage, for how long, and who moved it; newest first.

    Examples:
      lineal history fraud@production
      lineal history fraud --json
      lineal history fraud --at '2026-03-01 03:00'
    """
    model, stage = place_of(place)
    if at is not None:
        _show_live_then(context, model, stage, moment(at), as_json=as_json)
        return
    with session(context).open() as registry:
        found = registry.history(model, stage, limit=limit)
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump([json.transition(each) for each in found])
        return
    if not found:
        narrate(f"nothing was ever live at {place}")
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.history(found[: first(found, limit)], now(), width(), stage=stage))


def _show_live_then(context: click.Context, model: str, stage: str | None, at: Micros, *, as_json: bool) -> None:
    narrate(f"at {with_offset(at)}")
    with session(context).open() as registry:
        if stage is not None:
            registry.history(model, stage, limit=1)  # a stage that there is none of is an error
        found = [(name, live) for name, live in registry.live_at(model, at) if stage in (None, name)]
        if as_json:
            from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

            dump(
                [
                    {"stage": name, "live": None if live is None else json.live(live, registry.detail(live.version))}
                    for name, live in found
                ]
            )
            return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.live_then(found, at, width()))


def place_of(text: str) -> tuple[str, str | None]:
    """The model, and the stage if one is named."""
    from lineal.errors import OtherAddress  # noqa: PLC0415  as above
    from lineal.rules import refs  # noqa: PLC0415  as above

    ref = refs.parse(text)
    if isinstance(ref, refs.ModelRef):
        return ref.name, None
    if isinstance(ref, refs.StageRef) and not ref.back:
        return ref.model, ref.stage
    raise OtherAddress(text=text, why="a model or a stage is wanted here, such as fraud or fraud@production")
