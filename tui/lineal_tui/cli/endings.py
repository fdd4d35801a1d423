"""Ending versions: deprecation, retirement, and the rules by which old ones lose their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, model_name, now, reason

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.endings import Ended

successor = click.option(
    "--successor", type=ADDRESS, metavar="REF", help="The version to use instead; everybody is told."
)


@click.command("retire", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@reason
@successor
@click.option("--purge", is_flag=True, help="Also drop the bytes that no other version needs; the record stays.")
@as_json
@click.pass_context
def retire_command(
    context: click.Context, *, ref: str, reason: str | None, successor: str | None, purge: bool, as_json: bool
) -> None:
    """End a version: nobody makes it live any more, and its record stays for ever.

    Refused for what is live, on its way, or where a rollback would lead. --purge also works later, on a version that is
    retired already.

    Examples:
      lineal retire fraud:1.0.0 --reason "replaced" --successor fraud:2.1.0
      lineal retire fraud:1.0.0 --purge
    """
    with session(context).open() as registry:
        ended = registry.retire(ref, reason=reason, successor=successor, purge=purge)
    if as_json:
        from lineal_tui.view.as_json import ending_json  # noqa: PLC0415  start-up is measured

        dump(ending_json.ended(ended))
        return
    say(ended.ref)
    narrate(_told(ended, purge=purge))


def _told(ended: Ended, *, purge: bool) -> str:
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  start-up is measured

    if not purge:
        return f"{ended.ref} is retired; its bytes stay until `lineal retire {ended.ref} --purge`"
    rest = f"; {size(ended.shared)} stay, as other versions need them" if ended.shared else ""
    return f"{ended.ref} is retired; purged {counted(ended.files, 'file')}, {size(ended.freed)}{rest}"


@click.command("deprecate", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--until", metavar="DATE", help="When it ends, such as 2027-01-31, or a length of time such as 30d.")
@click.option("--withdraw", is_flag=True, help="Take the deprecation back.")
@reason
@successor
@as_json
@click.pass_context
def deprecate_command(
    context: click.Context,
    *,
    ref: str,
    until: str | None,
    withdraw: bool,
    reason: str | None,
    successor: str | None,
    as_json: bool,
) -> None:
    """Say until when a version may be used; everybody sees it, and nothing stops working.

    Examples:
      lineal deprecate fraud:1.0.0 --until 30d --successor fraud:2.1.0
      lineal deprecate fraud:1.0.0 --withdraw
    """
    if (until is None) is not withdraw:
        raise click.UsageError("say --until DATE, or --withdraw, one of the two", context)
    with session(context).open() as registry:
        version = registry.deprecate(
            ref, until=None if until is None else _moment(until), reason=reason, successor=successor
        )
        if as_json:
            from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

            dump(json.version(registry.detail(version)))
            return
    say(version.ref)
    if version.deprecated_until is None:
        narrate(f"{version.ref} is not deprecated")
        return
    from lineal_tui.view.drawing.words import deprecated  # noqa: PLC0415  as above

    narrate(f"{version.ref} is {deprecated(version.deprecated_until, now())}")


def _moment(text: str) -> Micros:
    from lineal.gates import durations  # noqa: PLC0415  start-up is measured

    return durations.moment_from("--until", text, now())


@click.command("retention", cls=Command)
@click.argument("model", type=ADDRESS, metavar="[MODEL]", required=False)
@click.option("--keep-last", type=click.IntRange(min=1), metavar="N", help="Keep the bytes of the newest N.")
@click.option("--keep-younger", metavar="D", help="Keep what was registered within this time, such as 90d.")
@click.option("--keep-live", is_flag=True, help="Keep what was ever live at a stage.")
@click.option("--clear", is_flag=True, help="Keep everything again.")
@as_json
@click.pass_context
def retention_command(
    context: click.Context,
    *,
    model: str | None,
    keep_last: int | None,
    keep_younger: str | None,
    keep_live: bool,
    clear: bool,
    as_json: bool,
) -> None:
    """Say which versions of a model keep their bytes; without options, what the rules say and whom they do not keep.

    A version that any rule keeps stays; so does what is live, on its way, or where a rollback leads. Nothing happens
    before `lineal gc --retention`, which retires and purges the rest; the records stay.

    Examples:
      lineal retention fraud --keep-last 20 --keep-younger 90d --keep-live
      lineal retention
    """
    changes = keep_last is not None or keep_younger is not None or keep_live
    if changes and clear:
        raise click.UsageError("say what to keep, or --clear, one of the two", context)
    if (changes or clear) and model is None:
        raise click.UsageError("name the model that the rule is for", context)
    with session(context).open() as registry:
        name = None if model is None else model_name(model)
        if name is not None and (changes or clear):
            registry.set_retention(name, keep_last=keep_last, keep_live=keep_live, keep_younger=_seconds(keep_younger))
        rules, expired = registry.retention(name), registry.expired(name)
    from lineal_tui.view.as_json import ending_json  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.versioning import endings  # noqa: PLC0415  start-up is measured

    if as_json:
        dump(
            [
                {
                    **ending_json.rule(rule),
                    "expired": [
                        ending_json.expired(each) for each in expired if each.ref.partition(":")[0] == rule.model
                    ],
                }
                for rule in rules
            ]
        )
        return
    if not rules:
        narrate("no rule: every version keeps its bytes" if name is None else f"{name}: every version keeps its bytes")
        return
    from lineal_tui.view.drawing.lines import Tone  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.text import table  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  as above

    rows = []
    for rule in rules:
        mine = [each for each in expired if each.ref.partition(":")[0] == rule.model]
        rest = f"{counted(len(mine), 'version')}, {size(sum(each.bytes for each in mine))}" if mine else "-"
        rows.append(((rule.model, Tone.STRONG), (endings.keeps(rule), Tone.TEXT), (rest, Tone.MUTED)))
    show(table(("MODEL", "KEEPS", "NOT KEPT"), rows, width=width(), below=(1,)))
    if expired:
        narrate("`lineal gc --dry-run` names what is not kept; `lineal gc --retention` retires and purges it")


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    from lineal.gates import durations  # noqa: PLC0415  start-up is measured

    return durations.seconds("--keep-younger", text)
