"""Lineage: what things came from, and what came from them."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, show
from lineal_tui.cli.parameters import ADDRESS, as_json


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
