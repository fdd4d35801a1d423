"""Moving stages: promote, roll back, undo, clear. What is confirmed is what was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session, stop
from lineal_tui.cli.output import dump, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lineal.records.stages import Plan
    from lineal.registry import Registry

NOTHING = "nothing"
"""What `--expect` calls a stage at which nothing is live; no version can have this address."""


def _plan_only(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--plan", "plan_only", is_flag=True, help="Show what would happen; change nothing.")(command)


def _expect(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--expect", type=ADDRESS, metavar="REF", help=f"Act only if this version is live now; or `{NOTHING}`."
    )(command)


@click.command("promote", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--to", "stage", required=True, metavar="STAGE", help="The stage, such as production.")
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def promote_command(
    context: click.Context,
    *,
    ref: str,
    stage: str,
    reason: str | None,
    plan_only: bool,
    expect: str | None,
    as_json: bool,
) -> None:
    """Make a version live at a stage.

    Promoting what is live already changes nothing and says so. With --plan, failed checks exit with 4.

    Examples:
      lineal promote fraud:2.4.1 --to production --plan
      lineal promote fraud:2.4.1 --to production --reason "better on mobile" --expect fraud:2.3.0
    """
    with session(context).open() as registry:
        plan = registry.plan_promote(ref, stage, reason=reason, with_diff=plan_only)
        _carry_out(registry, plan, expect=expect, plan_only=plan_only, as_json=as_json)


@click.command("rollback", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@click.option("--to", "target", type=ADDRESS, metavar="REF", help="A version that was live there in good health.")
@click.option("--bad", is_flag=True, help="Also mark what is left as bad.")
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def rollback_command(
    context: click.Context,
    *,
    stage: str,
    target: str | None,
    bad: bool,
    reason: str | None,
    plan_only: bool,
    expect: str | None,
    as_json: bool,
) -> None:
    """Put back what was live at a stage before.

    A second rollback goes further back. Versions that are bad or retired are passed over.

    Examples:
      lineal rollback fraud@production --plan
      lineal rollback fraud@production --bad --reason "wrong on mobile" --expect fraud:2.4.1
      lineal rollback fraud@production --to fraud:2.1.0
    """
    with session(context).open() as registry:
        plan = registry.plan_rollback(stage, to=target, reason=reason, with_diff=plan_only)
        _carry_out(registry, plan, expect=expect, plan_only=plan_only, as_json=as_json, bad=bad)


@click.command("undo", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def undo_command(
    context: click.Context, *, stage: str, reason: str | None, plan_only: bool, expect: str | None, as_json: bool
) -> None:
    """Take the last transition of a stage back; an undo of an undo is a redo.

    Examples:
      lineal undo fraud@production --reason "wrong terminal"
    """
    with session(context).open() as registry:
        plan = registry.plan_undo(stage, reason=reason, with_diff=plan_only)
        _carry_out(registry, plan, expect=expect, plan_only=plan_only, as_json=as_json)


@click.command("clear", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@reason
@_plan_only
@_expect
@as_json
@click.pass_context
def clear_command(
    context: click.Context, *, stage: str, reason: str | None, plan_only: bool, expect: str | None, as_json: bool
) -> None:
    """Make nothing live at a stage.

    Examples:
      lineal clear fraud@staging --reason "trial is over"
    """
    with session(context).open() as registry:
        plan = registry.plan_clear(stage, reason=reason)
        _carry_out(registry, plan, expect=expect, plan_only=plan_only, as_json=as_json)


def _carry_out(
    registry: Registry, plan: Plan, *, expect: str | None, plan_only: bool, as_json: bool, bad: bool = False
) -> None:
    place = f"{plan.model}@{plan.stage}"
    _check_expected(registry, plan, place, expect)
    if plan_only:
        _show(plan, place, as_json=as_json)
        return
    transition = registry.execute(plan, bad=bad)
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

        made = transition or plan.source_transition
        dump(None if made is None else json.transition(made))
        return
    say(NOTHING if plan.target is None else plan.target.ref)
    if transition is None:
        narrate(f"{plan.target.ref if plan.target else NOTHING} is live at {place} already; nothing was changed")
        return
    was = "nothing" if plan.source is None else plan.source.ref
    narrate(f"{place}: {was} → {NOTHING if plan.target is None else plan.target.ref}")
    for label, why in plan.skipped:
        narrate(f"passed over {plan.model}:{label}, which {why}")
    if bad and plan.source is not None:
        narrate(f"{plan.source.ref} is marked bad")


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


def _show(plan: Plan, place: str, *, as_json: bool) -> None:
    from lineal.errors import ExitCode  # noqa: PLC0415  as above

    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  as above

        dump(json.plan(plan))
    else:
        from lineal_tui.view import texts  # noqa: PLC0415  as above

        show(texts.plan(plan, width()))
        narrate(f"this was only the plan; {place} is as it was")
    if not all(check.passed for check in plan.checks):
        stop(ExitCode.REFUSED)
