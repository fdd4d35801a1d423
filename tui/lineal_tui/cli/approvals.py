"""People's words: approving and rejecting versions, reviewing what was forced, and what waits for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lineal_tui.cli.app import Command, session, stop
from lineal_tui.cli.output import dump, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.gates import Assessment, Decision
    from lineal.registry import Registry


def _for(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--for", "stage", required=True, metavar="STAGE", help="The stage, such as production.")(
        command
    )


def _reason(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--reason", metavar="TEXT", help="Why; kept with it.")(command)


def _expect(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--expect", metavar="sha256:DIGEST", help="Act only if these are the version's files; as `show` prints them."
    )(command)


@click.command("approve", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@_for
@_reason
@_expect
@click.option("--show", "show_only", is_flag=True, help="Show how the version stands there; decide nothing.")
@as_json
@click.pass_context
def approve_command(
    context: click.Context,
    *,
    ref: str,
    stage: str,
    reason: str | None,
    expect: str | None,
    show_only: bool,
    as_json: bool,
) -> None:
    """Approve of a version for a stage.

    It counts as long as the version has the files that it was given for, you have the role of an approver there, and
    you do not reject it later. Nobody approves of a version that they registered, or whose run they started.

    Examples:
      lineal approve fraud:2.4.1 --for production --reason "checked on the hold-out"
      lineal approve fraud:2.4.1 --for production --show
    """
    with session(context).open() as registry:
        if show_only:
            _show(registry.assess(ref, stage), as_json=as_json)
        else:
            _tell(registry, registry.approve(ref, stage, reason=reason, expect=expect), as_json=as_json)


@click.command("reject", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@_for
@_reason
@_expect
@as_json
@click.pass_context
def reject_command(
    context: click.Context, *, ref: str, stage: str, reason: str | None, expect: str | None, as_json: bool
) -> None:
    """Reject a version for a stage, or take your approval back.

    It stands, whatever others approve, until you approve, or somebody who is an admin there approves later.

    Examples:
      lineal reject fraud:2.4.1 --for production --reason "worse on mobile"
    """
    with session(context).open() as registry:
        _tell(registry, registry.reject(ref, stage, reason=reason, expect=expect), as_json=as_json)


def _tell(registry: Registry, made: Decision, *, as_json: bool) -> None:
    if as_json:
        from lineal_tui.view.as_json import gate_json  # noqa: PLC0415  start-up is measured

        dump(gate_json.decision(made))
        return
    say(made.ref)
    found = registry.assess(made.ref, made.stage)
    saw = next((check.saw for check in found.checks if check.name == "approvals"), None)
    narrate(f"{made.ref} is {made.verdict} for {made.stage} by {made.actor.user}" + (f"; {saw}" if saw else ""))
    if not found.gates.approvals:  # what is live already is not asked for them
        narrate(
            f"{made.stage} demands no approvals; `lineal stage set {found.version.model}@{made.stage} --approvals N`"
        )


def _show(found: Assessment, *, as_json: bool) -> None:
    from lineal.errors import ExitCode  # noqa: PLC0415  start-up is measured

    if as_json:
        from lineal_tui.view.as_json import gate_json  # noqa: PLC0415  as above

        dump(gate_json.assessment(found))
    else:
        from lineal_tui.view.governance import gates  # noqa: PLC0415  as above

        show(gates.assessment(found, now(), width()))
    if not found.passed:
        stop(ExitCode.REFUSED)


@click.command("review", cls=Command)
@click.argument("transition", metavar="MODEL@STAGE#N")
@_reason
@as_json
@click.pass_context
def review_command(context: click.Context, *, transition: str, reason: str | None, as_json: bool) -> None:
    """Say that you have looked at a forced transition; it is shown as FORCED until then.

    N is its number in the history of the stage; alone it suffices where only one stage has a forced one with it.
    Whoever forced it does not review it.

    Examples:
      lineal review fraud@production#12 --reason "the gate was measured on the wrong data"
      lineal inbox
    """
    with session(context).open() as registry:
        made = registry.review(transition, reason=reason)
    if as_json:
        from lineal_tui.view.as_json import gate_json  # noqa: PLC0415  start-up is measured

        dump(gate_json.review(made))
        return
    found = made.transition
    say(f"{found.model}@{found.stage}#{found.seq}")
    narrate(f"the {found.action} of {found.model}:{found.to_label} by {found.actor} is reviewed by {made.actor.user}")


@click.command("inbox", cls=Command)
@as_json
@click.pass_context
def inbox_command(context: click.Context, *, as_json: bool) -> None:
    """List what waits for your approval or review.

    A version waits when it was registered after the one that is live, passes everything else that the stage demands,
    and you may approve of it and have not said anything yet.

    Examples:
      lineal inbox
      lineal inbox --json
    """
    with session(context).open() as registry:
        found = registry.inbox()
    if as_json:
        from lineal_tui.view.as_json import gate_json  # noqa: PLC0415  start-up is measured

        dump(gate_json.inbox(found))
        return
    from lineal_tui.view.governance import gates  # noqa: PLC0415  as above

    show(gates.inbox(found, now(), width()))
    if not found.count:
        narrate("nothing waits for you")
