"""Differences and lineage."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json


@click.command("diff", cls=Command)
@click.argument("refs", nargs=-1, required=True, type=ADDRESS, metavar="REF REF...")
@click.option("--all", "everything", is_flag=True, help="Also what is equal; JSON always has it.")
@as_json
@click.pass_context
def diff_command(context: click.Context, *, refs: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Put versions, or runs, side by side; the first is the baseline.

    Examples:
      lineal diff fraud@production fraud:2.4.1
      lineal diff fraud:2.3.0 fraud:2.4.0 fraud:2.4.1 --all
    """
    if len(refs) < 2:
        raise click.UsageError("name two versions or more", context)
    with session(context).open() as registry:
        found = registry.diff(*refs)
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

        dump(json.diff(found))
        return
    from lineal_tui.view import texts  # noqa: PLC0415  as above

    show(texts.diff(found, width(), equal=everything))
    same = len(found.rows) - len(found.changed)
    narrate(f"{len(found.changed)} changed, {same} same" + (" (--all shows them)" if same and not everything else ""))


@click.command("lineage", cls=Command)
@click.argument("ref", type=ADDRESS, metavar="REF")
@click.option("--up", type=click.IntRange(min=0), default=2, show_default=True, metavar="N", help="Levels of origins.")
@click.option("--down", type=click.IntRange(min=0), default=1, show_default=True, metavar="N", help="Of results.")
@as_json
@click.pass_context
def lineage_command(context: click.Context, *, ref: str, up: int, down: int, as_json: bool) -> None:
    """What something came from, and what came from it.

    Examples:
      lineal lineage fraud@production
      lineal lineage data:payments:2026-11 --up 0 --down 5
    """
    with session(context).open() as registry:
        found = registry.lineage(ref, up=up, down=down)
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

        dump(json.lineage(found))
        return
    from lineal_tui.view import texts  # noqa: PLC0415  as above

    show(texts.lineage(found))
    if found.truncated:
        narrate("there is more beyond; --up and --down reach further")
