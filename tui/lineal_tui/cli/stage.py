"""The stages of a model: declared, shown, and bound to a directory on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lineal_tui.cli.app import Group, Sectioned, session
from lineal_tui.cli.output import dump, narrate, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json, now
from lineal_tui.cli.stages import place_of
from lineal_tui.cli.unfinished import tell_unfinished
from lineal_tui.view.guidance.typed import words_of

if TYPE_CHECKING:
    from lineal.errors import LinealError
    from lineal.records.alerts import AlertSetting
    from lineal.records.releases import Pipeline, StageSettings
    from lineal.registry import Registry

_DEMANDS = ("expressions", "require", "after", "soak", "approvals", "no_pickle")
"""Options that say what a promotion needs."""

_ALERTS = ("alerts", "gone", "alert_command", "alert_rollback", "cool_down")
"""Options that say what must hold of what is observed."""

_SECTIONS = {
    "What a promotion needs": _DEMANDS,
    "What must hold while it is live": _ALERTS,
    "A directory on this machine": (
        *("release", "hook", "health", "health_status", "health_text", "tries", "interval", "timeout", "keep"),
    ),
}
"""Options by what they are about."""


@click.group("stage", cls=Group)
def stage_command() -> None:
    """Declare, bind and show the stages of a model, and say what they demand.

    Examples:
      lineal stage show fraud@production
      lineal stage add fraud@canary --after staging
      lineal stage set fraud@production --gate 'metrics.auc >= live.metrics.auc' --approvals 1
    """


@stage_command.command("add")
@click.argument("place", type=ADDRESS, metavar="MODEL@STAGE")
@click.option("--after", metavar="STAGE", help="The stage that comes before it; without, it comes last.")
@as_json
@click.pass_context
def add(context: click.Context, *, place: str, after: str | None, as_json: bool) -> None:
    """Declare a stage of a model.

    Examples:
      lineal stage add fraud@canary --after staging
    """
    from lineal.addresses import stage_ref  # noqa: PLC0415  start-up is measured

    ref = stage_ref(place)
    with session(context).open() as registry:
        stage = registry.add_stage(ref.model, ref.stage, after=after)
        order = [each.name for each in registry.stages(ref.model)]
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump(json.stage(stage, None))
        return
    say(str(ref))
    narrate(f"the stages of {stage.model} are now {', '.join(order)}")
    if after is None and len(order) > 1:
        warn(
            f"{ref} is the last stage now, the one that is production; `lineal stage remove {ref}` takes that back, "
            "and --after STAGE puts a new one elsewhere"
        )


@stage_command.command("remove")
@click.argument("place", type=ADDRESS, metavar="MODEL@STAGE")
@as_json
@click.pass_context
def remove(context: click.Context, *, place: str, as_json: bool) -> None:
    """Take a stage away that was never used: one that was mistyped, or put in the wrong place.

    Once it has a history, demands, roles or alerts it stays, and the exit code is 4.

    Examples:
      lineal stage remove fraud@canray
    """
    with session(context).open() as registry:
        gone = registry.remove_stage(place)
        order = [each.name for each in registry.stages(gone.model)]
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump(json.stage(gone, None))
        return
    say(f"{gone.model}@{gone.name}")
    narrate(f"the stages of {gone.model} are now {', '.join(order)}")


@stage_command.command("set", cls=Sectioned, sections=_SECTIONS)
@click.argument("place", type=ADDRESS, metavar="MODEL@STAGE")
@click.option("--release", metavar="DIR", help="The directory that `current` is in; a server loads DIR/current.")
@click.option("--hook", metavar="CMD", help="Run after each switch, such as a reload; '' for none.")
@click.option("--health", metavar="CMD|URL", help="A command whose exit code, or http:// address, tells; '' for none.")
@click.option("--health-status", type=int, metavar="N", help="The status that the address answers with; 200.")
@click.option("--health-text", metavar="TEXT", help="A text that its answer must hold; '' for any answer.")
@click.option("--tries", type=int, metavar="N", help="How often health is asked before it counts as bad; 3.")
@click.option("--interval", type=float, metavar="S", help="Seconds between two tries; 1.")
@click.option("--timeout", type=float, metavar="S", help="Seconds that the hook, and each try, may take; 30.")
@click.option("--keep", type=int, metavar="N", help="Releases for rollbacks that stay beside the live one; 3.")
@click.option(
    "--gate",
    "expressions",
    multiple=True,
    metavar="EXPR",
    help="An expression that must hold; may be repeated; '' for none.",
)
@click.option("--require", metavar="FIELD,...", help="What must be known: owner, purpose, datasets, ...; '' for none.")
@click.option("--after", metavar="STAGE", help="Where a version must have been live in good health; '' for none.")
@click.option("--soak", metavar="D", help="How long at a stretch, such as 24h; 0 for no matter.")
@click.option("--approvals", type=int, metavar="N", help="How many others must approve of it; 0 for none.")
@click.option("--no-pickle/--pickle", "no_pickle", default=None, help="Whether to refuse files that run code.")
@click.option(
    "--alert", "alerts", multiple=True, metavar="EXPR", help="An expression over what is observed; may be repeated."
)
@click.option("--no-alert", "gone", multiple=True, metavar="EXPR|all", help="Take an alert away.")
@click.option("--alert-command", metavar="CMD", help="Run when one of these alerts fires; the event is on its stdin.")
@click.option("--alert-rollback", is_flag=True, help="Roll the stage back when one of these alerts fires.")
@click.option("--cool-down", metavar="D", help="How long after an automatic rollback there is no other one; 1h.")
@as_json
@click.pass_context
def set_stage(
    context: click.Context,
    /,
    *,
    place: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Say what a stage demands before a promotion, or bind it to a directory on this machine.

    A gate is an expression of the search language over the version, with `live.` for the one that it would replace;
    where nothing is live, that part passes. Fields that can be required: owner, purpose, notes, datasets, parent, run,
    code, environment, architecture, files, tags.NAME, params.NAME, metrics.NAME. Rollbacks meet no gates.

    With --release, promoting to the stage lays the version's files out in DIR, points DIR/current at them, runs the
    hook, asks health, and takes itself back when that fails. What is live now is laid out at once. Only what is named
    changes; an empty text ('') takes it away. Gates and required fields that are named take the place of all others.

    A command is split into words as a shell would, but runs without one: no pipes, no variables, no patterns. It runs
    in DIR, with LINEAL_MODEL, _STAGE, _ACTION (promote, rollback, undo, clear, revert), _FROM, _TO, _ACTOR, _REASON and
    _RELEASE in its environment.

    An alert is an expression over what `lineal observe` records: NAME is observed, promoted.NAME its mean in the first
    hour that it was observed after the version went live, metrics.NAME what the version was registered with. It fires
    when it does not hold, with `for 10m` when it has not held for ten minutes. --alert-rollback takes a promotion back
    once, as whoever observes, who has to be a deployer.

    All that is named is set in one transaction, or nothing is.

    Examples:
      lineal stage set fraud@production --release /srv/fraud --hook 'systemctl reload fraud'
      lineal stage set fraud@production --gate 'metrics.auc >= live.metrics.auc - 0.005' --require owner,purpose
      lineal stage set fraud@production --after staging --soak 24h --approvals 1 --no-pickle
      lineal stage set fraud@production --health http://127.0.0.1:8080/health --tries 5 --interval 2
      lineal stage set fraud@production --alert 'latency_p99 < 80 for 10m' --alert-rollback
      lineal stage set fraud@production --alert 'error_rate < promoted.error_rate * 1.5' --alert-command /opt/page-us
      lineal stage set fraud@production --hook 'sh -c "./warm-up | tail -1"' --health ''
    """
    named = {name: value for name, value in given.items() if value is not None and value != ()}
    demanded = _demanded({name: named.pop(name) for name in _DEMANDS if name in named})
    watched = {name: named.pop(name) for name in _ALERTS if name in named}
    if watched.pop("alert_rollback", False):
        watched["alert_rollback"] = True
    changes = _changes(named) if named or not (demanded or watched) else {}
    alerts = _alerts(watched)
    with session(context).open() as registry:
        registry.configure_stage(
            place, gates=demanded, no_alerts=watched.get("gone", ()), alerts=alerts, binding=changes
        )
        if as_json:
            _dump_set(registry, place, bound=bool(changes), demanded=bool(demanded), watched=bool(watched))
            return
        say(place)
        if changes:
            _tell_binding(registry, place, changes)
        if demanded:
            _tell_gates(registry, place)
        if watched:
            _tell_alerts(registry, place)


def _dump_set(registry: Registry, place: str, *, bound: bool, demanded: bool, watched: bool) -> None:
    """Print what was set, in the fields of all kinds of it."""
    found: dict[str, Any] = {"ref": place}
    settings = registry.binding(place) if bound else None
    if settings is not None:
        from lineal_tui.view.as_json import stage_json  # noqa: PLC0415  start-up is measured

        found |= stage_json.settings(settings)
    if demanded:
        from lineal_tui.view.as_json import gate_json  # noqa: PLC0415  as above

        found |= gate_json.gates(registry.gates(place))
    if watched:
        from lineal_tui.view.as_json import observation_json  # noqa: PLC0415  as above

        found |= {"alerts": [observation_json.alert(each) for each in registry.alerts(place)]}
    dump(found)


def _tell_binding(registry: Registry, place: str, changes: dict[str, Any]) -> None:
    from lineal_tui.view.staging import stage_page  # noqa: PLC0415  start-up is measured

    bound, live = registry.binding(place), registry.stage_state(place).live
    if bound is None:
        return  # somebody unbound it meanwhile
    for name in ("hook", "health"):
        if name in changes:
            _warn_unless_there(name, bound)
    show(stage_page.settings(bound))
    if "release" in changes:
        narrate(f"{live or 'nothing'} is live there; a server loads {bound.release}/current")


def _demanded(given: dict[str, Any]) -> dict[str, Any]:
    """Options as fields of the gates."""
    changes = dict(given)
    if "expressions" in given:
        changes["expressions"] = tuple(text for text in given["expressions"] if text.strip())
    if "require" in given:
        changes["require"] = tuple(name for name in given["require"].split(",") if name.strip())
    if "after" in given:
        changes["after"] = given["after"] or None
    return changes


def _alerts(given: dict[str, Any]) -> list[AlertSetting]:
    """Options as alerts."""
    if not given:
        return []
    if "alerts" not in given and given.keys() - {"gone"}:
        raise click.UsageError("--alert-command, --alert-rollback and --cool-down say what an --alert does; name that")
    from lineal.gates.durations import seconds  # noqa: PLC0415  start-up is measured
    from lineal.records.alerts import AlertSetting  # noqa: PLC0415  as above

    command = words_of("alert-command", given["alert_command"]) if given.get("alert_command") else None
    cool_down = seconds("cool-down", given.get("cool_down", "1h"))
    rolls_back = given.get("alert_rollback", False)
    return [AlertSetting(text, command, rolls_back, cool_down) for text in given.get("alerts", ())]


def _tell_alerts(registry: Registry, place: str) -> None:
    from lineal_tui.view.staging import observations  # noqa: PLC0415  start-up is measured

    found = registry.alerts(place)
    show(observations.alerts(found, now(), width()))
    for name in registry.unobserved(place):
        narrate(f"{name} was never observed at {place} yet; the alert waits for it")
    if not found:
        narrate(f"{place} has no alerts")


def _tell_gates(registry: Registry, place: str) -> None:
    from lineal_tui.view.governance import gates  # noqa: PLC0415  start-up is measured

    found = registry.gates(place)
    show(gates.gates(found))
    if found.is_open:
        narrate(f"{place} demands nothing before a promotion")


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    """Options as fields of the settings."""
    if not given:
        raise click.UsageError("name what is to be set, such as --release DIR")
    if given.get("release") == "":
        raise click.UsageError("--release is empty; `lineal stage unset` makes the stage a pointer only")
    changes = dict(given)
    if "health" in given:
        is_address = "://" in given["health"].split(" ", 1)[0]
        changes["health"] = None if is_address else words_of("health", given["health"])
        changes["health_url"] = given["health"] if is_address else None
    if "hook" in given:
        changes["hook"] = words_of("hook", given["hook"])
    if "health_text" in given:
        changes["health_text"] = given["health_text"] or None
    return changes


def _warn_unless_there(field: str, bound: StageSettings) -> None:
    """Tell before the first promotion what could not be run."""
    import os  # noqa: PLC0415  start-up is measured
    from shutil import which  # noqa: PLC0415  as above

    words: tuple[str, ...] | None = getattr(bound, field)
    if words is None:
        return
    program = os.path.join(bound.release, words[0]) if "/" in words[0] else words[0]  # noqa: PTH118  "./x" stays so
    if which(program) is None:
        warn(f"the {field} {words[0]} is no program that can be run here")


@stage_command.command("unset")
@click.argument("place", type=ADDRESS, metavar="MODEL@STAGE")
@as_json
@click.pass_context
def unset(context: click.Context, *, place: str, as_json: bool) -> None:
    """Make a stage a pointer only; its directory stays as it is.

    Examples:
      lineal stage unset fraud@production
    """
    from lineal.staging.layout import MARK  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        was = registry.unbind_stage(place)
    if as_json:
        from lineal_tui.view.as_json import stage_json  # noqa: PLC0415  start-up is measured

        dump({"ref": place, **stage_json.settings(was)})
        return
    say(place)
    narrate(f"it is a pointer only now; what lies in {was.release} stays there, `current` too")
    narrate(f"{was.release}/{MARK} keeps the folder for {place}; delete both to use the folder for something else")


@stage_command.command("show")
@click.argument("place", type=ADDRESS, metavar="MODEL[@STAGE]")
@as_json
@click.pass_context
def show_stages(context: click.Context, *, place: str, as_json: bool) -> None:
    """Show the stages of a model; or of one, how it is bound, what lies there, and what moved it last.

    Examples:
      lineal stage show fraud
      lineal stage show fraud@production --json
    """
    name, wanted = place_of(place)
    if wanted is not None:
        _show_one(context, place, as_json=as_json)
        return
    with session(context).open() as registry:
        model = registry.model(name)
        labels = dict(model.stages)
        found = [(stage, labels.get(stage.name)) for stage in registry.stages(name)]
        for stage, _ in found:
            tell_unfinished(registry, f"{name}@{stage.name}")
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump([json.stage(stage, label) for stage, label in found])
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.stages(found, width(), forced=model.forced))


def _show_one(context: click.Context, place: str, *, as_json: bool) -> None:
    with session(context).open() as registry:
        state = registry.stage_state(place)
        tell_unfinished(registry, place)
        stage = next(each for each in registry.stages(state.model) if each.name == state.stage)
        demanded = registry.gates(place)
        watched = registry.alerts(place)
    failure = failure_of(state.pipeline)
    if as_json:
        from lineal_tui.view.as_json import gate_json, observation_json, stage_json  # noqa: PLC0415  start-up is measured

        alerts = [observation_json.alert(each) for each in watched]
        dump({**stage_json.state(stage, state, failure), "gates": gate_json.gates(demanded), "alerts": alerts})
        return
    from lineal_tui.view.drawing.text import heading  # noqa: PLC0415  as above
    from lineal_tui.view.governance import gates  # noqa: PLC0415  as above
    from lineal_tui.view.staging import stage_page  # noqa: PLC0415  as above

    show(stage_page.stage(state, failure, now(), width()))
    if not demanded.is_open:
        show([(), heading("Before a promotion"), *gates.gates(demanded)])
    if watched:
        show(stage_page.watched(watched, now(), width()))


def failure_of(pipeline: Pipeline | None) -> LinealError | None:
    """What a pipeline ended with; None when it went well, is not over, or is none."""
    from lineal.staging import pipelines  # noqa: PLC0415  start-up is measured

    return None if pipeline is None else pipelines.failure_of(pipeline)
