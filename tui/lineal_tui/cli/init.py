"""Making a registry."""

from __future__ import annotations

from pathlib import Path

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import narrate, say


@click.command("init", cls=Command)
@click.argument("directory", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.pass_context
def init_command(context: click.Context, directory: Path | None) -> None:
    """Make a new, empty registry.

    DIR is the registry itself; without it, .lineal in this folder, which every command below this folder then finds.

    Examples:
      lineal init
      lineal init /srv/models
    """
    from lineal.registry import create_registry  # noqa: PLC0415  start-up is measured

    target = directory or session(context).registry or Path(".lineal")
    with create_registry(target) as registry:
        say(str(registry.root))
        narrate("made a registry; `lineal register MODEL FILE` puts the first version in")
