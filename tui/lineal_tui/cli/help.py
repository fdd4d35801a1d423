"""`lineal help`, for whoever types it as with other programs."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Command, lineal


@click.command("help", cls=Command)
@click.argument("words", nargs=-1, metavar="[COMMAND...]")
@click.pass_context
def help_command(context: click.Context, *, words: tuple[str, ...]) -> None:
    """Tell about a command, as --help after it does; without one, about all of them.

    Examples:
      lineal help rollback
      lineal help stage set
    """
    command: click.Command = lineal
    place = click.Context(lineal, info_name="lineal", **lineal.context_settings)
    for word in words:
        if not isinstance(command, click.Group):
            raise click.UsageError(f"{place.command_path} has no commands of its own", context)
        _, below, _ = command.resolve_command(place, [word])
        command = below or command
        place = click.Context(command, info_name=word, parent=place, **command.context_settings)
    click.echo(command.get_help(place))
