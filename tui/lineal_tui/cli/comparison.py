"""Differences."""

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
