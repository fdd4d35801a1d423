"""What moves a stage now: listed, followed, cancelled, from any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Group, session
from lineal_tui.cli.output import dump, first, narrate, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit, now

if TYPE_CHECKING:
    from lineal.records.releases import Pipeline
    from lineal.registry import Registry

_MANY = 1_000_000


@click.group("pipeline", cls=Group, invoke_without_command=True)
@click.pass_context
def pipeline_command(context: click.Context) -> None:
    """What moves a stage that is bound to a directory: list it, follow it, cancel it; alone it lists what runs.

    Examples:
      lineal pipeline list
      lineal pipeline follow fraud@production
      lineal pipeline cancel fraud@production
    """
    if context.invoked_subcommand is None:
        context.invoke(list_pipelines, place=None, limit=None, as_json=False)


@pipeline_command.command("list")
@click.argument("place", type=ADDRESS, required=False, metavar="[MODEL@STAGE]")
@limit
@as_json
@click.pass_context
def list_pipelines(context: click.Context, *, place: str | None, limit: int | None, as_json: bool) -> None:
    """List what runs now; of a stage also what ran, newest first.

    Examples:
      lineal pipeline list
      lineal pipeline list fraud@production --limit 5 --json
    """
    with session(context).open() as registry:
        if place is None:
            journals = registry.running_pipelines()
        else:
            journals = registry.pipelines(place, limit=_MANY if limit is None else limit)
        found = [(each, _is_running(registry, each)) for each in journals]
    if as_json:
        from lineal_tui.cli.stage import failure_of  # noqa: PLC0415  start-up is measured
        from lineal_tui.view.as_json import stage_json  # noqa: PLC0415  as above

        dump([stage_json.pipeline(each, failure_of(each), is_running=running) for each, running in found[:limit]])
        return
    if not found:
        narrate("no pipeline runs" if place is None else f"no pipeline ever moved {place}")
        return
    from lineal_tui.view.staging import stage_page  # noqa: PLC0415  as above

    show(stage_page.pipelines(found[: first(found, limit)], now(), width()))


def _is_running(registry: Registry, pipeline: Pipeline) -> bool:
    if pipeline.ended_at is not None:
        return False
    return registry.stage_state(f"{pipeline.order.model}@{pipeline.order.stage}").is_running


@pipeline_command.command("follow")
@click.argument("place", type=ADDRESS, required=False, metavar="[MODEL@STAGE]")
@as_json
@click.pass_context
def follow_pipeline(context: click.Context, *, place: str | None, as_json: bool) -> None:
    """Follow what moves a stage to its end; or tell how the last one ended. It exits as the transition itself does.

    Without a stage, the one that moves now is meant. ctrl+c lets go of it.

    Examples:
      lineal pipeline follow fraud@production
    """
    from lineal.errors import LinealError, NotFound  # noqa: PLC0415  start-up is measured
    from lineal_tui.cli.following import follow  # noqa: PLC0415  as above
    from lineal_tui.view.staging.stage_page import moves  # noqa: PLC0415  as above

    with session(context).open() as registry:
        where = _only_place(registry) if place is None else place
        newest = registry.pipelines(where, limit=1)
        if not newest:
            raise NotFound(kind="pipeline", name=where, hint="none ever moved this stage")
        found = newest[0]
        narrate(f"{where}: {moves(found)}, by {found.actor.user}{'' if found.ended_at is None else ' (over)'}")
        try:
            transition = follow(registry, found.id, where)
        except LinealError:
            if as_json:
                _dump_failed(registry, found)
            raise
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump(json.transition(transition))
        return
    label = transition.to_label
    say("nothing" if label is None else f"{transition.model}:{label}")
    narrate(f"{where}: {transition.outcome}")


def _dump_failed(registry: Registry, followed: Pipeline) -> None:
    """Print what a pipeline that did not go well recorded, if it came to that."""
    from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

    order = followed.order
    ended = next((each for each in registry.pipelines(f"{order.model}@{order.stage}") if each.id == followed.id), None)
    for entry in registry.history(order.model, order.stage):
        if ended is not None and entry.id == ended.transition:
            dump(json.transition(entry))


@pipeline_command.command("cancel")
@click.argument("place", type=ADDRESS, required=False, metavar="[MODEL@STAGE]")
@as_json
@click.pass_context
def cancel_pipeline(context: click.Context, *, place: str | None, as_json: bool) -> None:
    """Stop what moves a stage, whoever started it: what was live stays, or is put back with its hook and health.

    It asks nothing and does not wait; `lineal pipeline follow` tells how it ends. Without a stage, the one that moves
    now is meant.

    Examples:
      lineal pipeline cancel fraud@production
    """
    with session(context).open() as registry:
        where = _only_place(registry) if place is None else place
        found = registry.cancel_pipeline(where)
        is_running = registry.stage_state(where).is_running
    if as_json:
        from lineal_tui.view.as_json import stage_json  # noqa: PLC0415  start-up is measured

        dump(stage_json.pipeline(found, None, is_running=is_running))
        return
    from lineal_tui.view.staging.stage_page import moves  # noqa: PLC0415  as above

    say(where)
    old = found.from_label or "nothing"
    if is_running:
        narrate(f"{where}: asked {moves(found)}, by {found.actor.user}, to stop; {old} stays live or is put back")
    else:
        warn(f"its process is gone; `lineal doctor --repair` puts {old} back")


def _only_place(registry: Registry) -> str:
    """The stage that moves now, when there is just one."""
    from lineal.errors import NothingRuns  # noqa: PLC0415  only mistakes need it

    places = [f"{each.order.model}@{each.order.stage}" for each in registry.running_pipelines()]
    if not places:
        raise NothingRuns
    if len(places) > 1:
        raise click.UsageError(f"name the stage; there are {', '.join(places)}")
    return places[0]
