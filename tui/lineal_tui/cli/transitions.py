"""Moving stages: promote, roll back, undo, clear. What is confirmed is what was shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from lineal.errors import GatesFailed, Refused
from lineal.records.stages import Action
from lineal_tui.cli.app import Command, session, stop
from lineal_tui.cli.output import dump, narrate, on_terminal, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, now, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.releases import StageSettings
    from lineal.records.stages import Plan, Transition
    from lineal.registry import Registry

NOTHING = "nothing"
"""What `--expect` calls a stage at which nothing is live; no version can have this address."""


def _plan_only(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--plan", "plan_only", is_flag=True, help="Show what would happen; change nothing.")(command)


def _expect(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--expect", type=ADDRESS, metavar="REF", help=f"Act only if this version is live now; or `{NOTHING}`."
    )(command)


def _verify(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--verify", is_flag=True, help="Hash the files of a release that lies there already.")(command)


def _skip_health(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--skip-health", is_flag=True, help="Do not ask health: the check itself is broken.")(command)


@click.command("promote", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--to", "stage", required=True, metavar="STAGE", help="The stage, such as production.")
@click.option("--force", is_flag=True, help="As an admin, go past gates and approvals; with --reason.")
@_verify
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def promote_command(
    context: click.Context,
    /,
    *,
    ref: str,
    stage: str,
    reason: str | None,
    **options: Any,
) -> None:
    """Make a version live at a stage.

    At a stage that is bound to a directory (`lineal stage set`) its files are laid out there, `current` is switched,
    the hook runs and health is asked; when one of them fails it is taken back, and the exit code is 6. It goes on when
    the terminal is closed; ctrl+c lets go of it.

    Promoting what is live already changes nothing and says so. Checks that fail are printed with what they wanted and
    saw, with --plan too, and the exit code is 4. What --force went past stays marked until another admin reviews it.

    Examples:
      lineal promote fraud:2.4.1 --to production --plan
      lineal promote fraud:2.4.1 --to production --reason "better on mobile" --expect fraud:2.3.0
    """
    with session(context).open() as registry:
        plan = registry.plan_promote(ref, stage, reason=reason, with_diff=options["plan_only"])
        wishes = _Wishes(**options)
        if wishes.force and not (reason and reason.strip()):
            raise click.UsageError("--force needs --reason: it is kept, and somebody reviews it")
        _carry_out(registry, plan, wishes)
        if not wishes.plan_only:
            _tell_lacks(registry, plan)


@click.command("rollback", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@click.option("--to", "target", type=ADDRESS, metavar="REF", help="A version that was live there in good health.")
@click.option("--bad", is_flag=True, help="Also mark what is left as bad.")
@_skip_health
@_verify
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def rollback_command(
    context: click.Context,
    /,
    *,
    stage: str,
    target: str | None,
    reason: str | None,
    **options: Any,
) -> None:
    """Put back what was live at a stage before.

    A second rollback goes further back. Versions that are bad or retired are passed over. When the health check of a
    stage that is bound to a directory fails, it stays, and the exit code is 6: go further back, or `lineal undo`.

    Examples:
      lineal rollback fraud@production --plan
      lineal rollback fraud@production --bad --reason "wrong on mobile" --expect fraud:2.4.1
      lineal rollback fraud@production --to fraud:2.1.0
    """
    with session(context).open() as registry:
        plan = registry.plan_rollback(stage, to=target, reason=reason, with_diff=options["plan_only"])
        _carry_out(registry, plan, _Wishes(**options))


@click.command("undo", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@_skip_health
@_verify
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def undo_command(context: click.Context, /, *, stage: str, reason: str | None, **options: Any) -> None:
    """Take the last transition of a stage back; an undo of an undo is a redo.

    Examples:
      lineal undo fraud@production --reason "wrong terminal"
    """
    with session(context).open() as registry:
        plan = registry.plan_undo(stage, reason=reason, with_diff=options["plan_only"])
        _carry_out(registry, plan, _Wishes(**options))


@click.command("clear", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def clear_command(context: click.Context, /, *, stage: str, reason: str | None, **options: Any) -> None:
    """Make nothing live at a stage.

    Examples:
      lineal clear fraud@staging --reason "trial is over"
    """
    with session(context).open() as registry:
        plan = registry.plan_clear(stage, reason=reason)
        _carry_out(registry, plan, _Wishes(**options))


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the options of a transition ask for."""

    expect: str | None
    plan_only: bool
    as_json: bool
    bad: bool = False
    skip_health: bool = False
    verify: bool = False
    force: bool = False


def _carry_out(registry: Registry, plan: Plan, wishes: _Wishes) -> None:
    place = f"{plan.model}@{plan.stage}"
    _check_expected(registry, plan, place, wishes.expect)
    bound = registry.binding(place)
    if wishes.plan_only:
        _show(registry, plan, place, wishes, bound)
        return
    if plan.failed and not plan.changes_nothing:
        _tell_failed(registry, plan, place, wishes)
    try:
        if bound is None:
            transition = registry.execute(plan, bad=wishes.bad, force=wishes.force)
        else:
            transition = _move(registry, plan, place, wishes)
    except GatesFailed as error:  # the figures were told above, unless it failed only meanwhile
        if not plan.failed:
            raise
        why = f"the stage's checks fail: {error.names}"
        raise Refused(what=f"{plan.action} to {place}", why=why, hint=error.hint) from error
    if wishes.as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        made = transition or plan.source_transition
        dump({**({} if made is None else json.transition(made)), "changed": transition is not None})
        return
    say(NOTHING if plan.target is None else plan.target.ref)
    if transition is None:
        narrate(f"{plan.target.ref if plan.target else NOTHING} is live at {place} already; nothing was changed")
        return
    was = "nothing" if plan.source is None else plan.source.ref
    outcome = "" if bound is None else f", {transition.outcome}"
    narrate(f"{place}: {was} → {NOTHING if plan.target is None else plan.target.ref}{outcome}")
    if transition.forced:
        narrate(f"FORCED: shown as such until another admin runs `lineal review {place}#{transition.seq}`")
    for label, why in plan.skipped:
        narrate(f"passed over {plan.model}:{label}, which {why}")
    _tell_deprecated(registry, plan)
    if wishes.bad and plan.source is not None:
        narrate(f"{plan.source.ref} is marked bad")
    elif plan.action is Action.ROLLBACK and plan.source is not None and on_terminal():
        bad = f"`lineal mark {plan.source.ref} --bad` keeps it from coming back"
        narrate(f"`lineal undo {place}` takes this back; {bad}")


def _tell_failed(registry: Registry, plan: Plan, place: str, wishes: _Wishes) -> None:
    """Print what stands in the way; with --force only that it is gone past."""
    from lineal_tui.cli.output import warn  # noqa: PLC0415  only mistakes need it

    if wishes.force and all(check.is_gate for check in plan.failed):
        from lineal.records.permissions import Permission  # noqa: PLC0415  as above

        if registry.why_not(Permission.FORCE, place) is None:
            for check in plan.failed:
                warn(f"forced past {check.name}: wanted {check.wanted}, saw {check.saw}")
        return
    if wishes.as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump(json.plan(plan))
        return
    for check in plan.failed if any(check.is_gate for check in plan.failed) else ():
        narrate(f"FAILED {check.name}: wanted {check.wanted}, saw {check.saw}")


def _tell_lacks(registry: Registry, plan: Plan) -> None:
    """Warn of what nobody will know about the version that was promoted; what was demanded was told of already."""
    if plan.target is None or plan.changes_nothing:
        return
    from lineal_tui.cli.output import warn  # noqa: PLC0415  as above

    told = {check.name for check in plan.checks}
    lacks = [words for name, words in registry.lacks(plan.target).items() if name not in told]
    if lacks:
        warn(f"{plan.target.ref} has no {' and no '.join(lacks)}")


def _tell_deprecated(registry: Registry, plan: Plan) -> None:
    """Warn that what is live now is to end, and name what is to be used instead."""
    if plan.target is None or plan.target.deprecated_until is None:
        return
    from lineal_tui.cli.output import warn  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.words import deprecated  # noqa: PLC0415  as above

    said = registry.detail(plan.target).deprecation
    instead = f"; use {said.successor} instead" if said is not None and said.successor else ""
    warn(f"{plan.target.ref} is {deprecated(plan.target.deprecated_until, now())}{instead}")


def _move(registry: Registry, plan: Plan, place: str, wishes: _Wishes) -> Transition | None:
    """Move a bound stage in a process of its own, which goes on when this one or its terminal ends."""
    from lineal_tui.cli.following import follow, let_go_in, settle_first, tell_settled  # noqa: PLC0415  as above

    left = settle_first(registry, place)
    try:
        with let_go_in(place, "if it began, it runs on"):
            number = registry.begin(
                plan,
                bad=wishes.bad,
                skip_health=wishes.skip_health,
                verify=wishes.verify,
                force=wishes.force,
                threads=False,
            )
    finally:
        if left is not None:
            tell_settled(registry, place, left)
    return None if number is None else follow(registry, number, place)


def _check_expected(registry: Registry, plan: Plan, place: str, expect: str | None) -> None:
    if expect is None:
        return
    wanted = None if expect == NOTHING else registry.version(expect)
    if (wanted and wanted.id) != (plan.source and plan.source.id):
        from lineal.errors import OutOfDate  # noqa: PLC0415  only mistakes need it

        raise OutOfDate(
            ref=place,
            now=plan.source.ref if plan.source else NOTHING,
            then=wanted.ref if wanted else NOTHING,
            hint="look again, then decide; nothing was changed",
        )


def _show(registry: Registry, plan: Plan, place: str, wishes: _Wishes, bound: StageSettings | None) -> None:
    from lineal.errors import ExitCode  # noqa: PLC0415  as above

    if wishes.skip_health:
        plan = replace(plan, steps=tuple(step for step in plan.steps if step != "health"))
    if wishes.as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump(json.plan(plan))
    else:
        from lineal_tui.view.printed import plan_page  # noqa: PLC0415  as above

        show(plan_page.plan(plan, width(), bound, now=now()))
        was, is_to_be = (NOTHING if each is None else each.ref for each in (plan.source, plan.target))
        narrate(f"this was only the plan, {was} → {is_to_be}; {place} is as it was")
    if plan.failed and not _may_force(registry, plan, place, wishes):
        stop(ExitCode.REFUSED)


def _may_force(registry: Registry, plan: Plan, place: str, wishes: _Wishes) -> bool:
    from lineal.records.permissions import Permission  # noqa: PLC0415  only mistakes need it

    if not wishes.force or not all(check.is_gate for check in plan.failed):
        return False
    return registry.why_not(Permission.FORCE, place) is None
