"""Who may do what: granting, revoking, telling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json, model_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lineal.registry import Registry

OPEN = "nobody has a role: the registry is open, and whoever may write its files may do everything"

_ROLE = click.Choice(["viewer", "contributor", "approver", "deployer", "admin"])


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--stage", metavar="STAGE", help="For one of its stages only.")(command)
    return click.option("--model", type=ADDRESS, metavar="MODEL", help="For one model only.")(command)


@click.command("grant", cls=Command)
@click.argument("subject", metavar="SUBJECT")
@click.argument("role", type=_ROLE, metavar="ROLE")
@_where
@as_json
@click.pass_context
def grant_command(
    context: click.Context, *, subject: str, role: str, model: str | None, stage: str | None, as_json: bool
) -> None:
    """Give a user or a group of this machine a role, instead of the one they have at the same place.

    SUBJECT is a user, or @GROUP. ROLE is viewer, contributor (log, register, describe), approver, deployer (promote,
    roll back, mark, repair) or admin (everything); each may do what those before it may. The first role in a registry
    is that of an admin of all models; without any, the registry is open.

    Examples:
      lineal grant ana admin
      lineal grant @ml contributor
      lineal grant ben deployer --model fraud --stage production
    """
    with session(context).open() as registry:
        model = model and model_name(model)
        was_open = registry.roles().is_open
        binding, before = registry.grant(subject, role, model=model, stage=stage)
        standing = registry.standing()
    if as_json:
        from lineal_tui.view.as_json import roles_json  # noqa: PLC0415  start-up is measured

        dump(roles_json.binding(binding))
    else:
        say(f"{binding.subject} is {binding.role} of {binding.place}")
        if before is not None:
            narrate("as before" if before is binding.role else f"instead of {before}")
    if was_open:
        narrate("the registry is no longer open: from now on everybody needs a role")
        if not standing.bindings:
            warn(f"you, {standing.user}, have none")


@click.command("revoke", cls=Command)
@click.argument("subject", metavar="SUBJECT")
@click.argument("role", type=_ROLE, metavar="ROLE")
@_where
@as_json
@click.pass_context
def revoke_command(
    context: click.Context, *, subject: str, role: str, model: str | None, stage: str | None, as_json: bool
) -> None:
    """Take a role away from a user or a group. What they did stays done; what they do next is refused.

    The last admin of all models stays.

    Examples:
      lineal revoke ben deployer --model fraud --stage production
    """
    with session(context).open() as registry:
        model = model and model_name(model)
        binding = registry.revoke(subject, role, model=model, stage=stage)
    if as_json:
        from lineal_tui.view.as_json import roles_json  # noqa: PLC0415  start-up is measured

        dump(roles_json.binding(binding))
        return
    say(f"{binding.subject} is no longer {binding.role} of {binding.place}")


@click.command("roles", cls=Command)
@click.argument("ref", required=False, type=ADDRESS, metavar="[REF]")
@click.option("--me", is_flag=True, help="Only what holds for you, by name or through a group.")
@as_json
@click.pass_context
def roles_command(context: click.Context, *, ref: str | None, me: bool, as_json: bool) -> None:
    """Tell who may do what, where.

    REF is a model, a version or a stage: then only what matters there.

    Examples:
      lineal roles
      lineal roles fraud@production
      lineal roles --me --json
    """
    with session(context).open() as registry:
        found = registry.roles(ref)
        own = registry.standing().bindings
        bindings = [each for each in found.bindings if not me or each in own]
        if as_json:
            from lineal_tui.view.as_json import roles_json  # noqa: PLC0415  start-up is measured

            dump([roles_json.binding(each) for each in bindings])
            return
        if found.is_open:
            narrate(OPEN)
            narrate(f"`lineal grant {registry.actor.user} admin` makes you its first admin")
            return
        _tell(registry, bindings, me=me)


def _tell(registry: Registry, bindings: list[Any], *, me: bool) -> None:
    from lineal.governance.roles import members  # noqa: PLC0415  start-up is measured
    from lineal_tui.cli.parameters import now  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.lines import Tone  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.text import table  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.words import age  # noqa: PLC0415  as above

    user = registry.actor.user
    if me and not bindings:
        narrate(f"{user} has no role here; `lineal roles` tells who has one")
        return
    at = now()
    rows = []
    for each in bindings:
        behind = members(each.subject)
        names = ", ".join(behind) if len(behind) <= 6 else f"{', '.join(behind[:5])} and {len(behind) - 5} more"
        stands_for = (names or "nobody") if each.subject.startswith("@") else ""
        rows.append(
            (
                (each.place, Tone.TEXT),
                (each.role.value, Tone.STRONG),
                (each.subject, Tone.TEXT),
                (stands_for, Tone.MUTED),
                (each.granted_by, Tone.MUTED),
                (age(each.granted_at, at), Tone.MUTED),
            )
        )
    show(table(("FOR", "ROLE", "SUBJECT", "WHO THAT IS", "GRANTED BY", "AGE"), rows, width=width(), words=(3, 4)))
