"""`lineal keys`: the table that the application's help is made from, with the ids that a keymap file uses."""

from __future__ import annotations

import click

from lineal_tui.cli.app import Command
from lineal_tui.cli.output import dump, show, width
from lineal_tui.cli.parameters import as_json


@click.command("keys", cls=Command)
@as_json
def keys_command(as_json: bool) -> None:
    """The application's keys: what they do, where, and the ids by which a keymap file changes them.

    A file keymap.toml beside the configuration, or the one that its `keymap` names, holds lines such as
    `half_down = "ctrl+d, J"`; a binding without keys is off.

    Examples:
      lineal keys
      lineal keys --json
    """
    from lineal_tui.keys import BINDINGS, shown, where  # noqa: PLC0415  start-up is measured
    from lineal_tui.settings import config_file, settings_of  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.lines import Tone  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.text import table  # noqa: PLC0415  as above

    bindings = BINDINGS
    keymap = settings_of(config_file()).keymap
    if keymap is not None:
        from lineal_tui.keymap import keymap_of  # noqa: PLC0415  most people have none

        bindings = keymap_of(keymap)
    if as_json:
        dump(
            [
                {
                    "id": binding.id,
                    "keys": [shown(key) for key in binding.keys],
                    "does": binding.does,
                    "views": sorted(binding.views),
                    "changes": binding.changes,
                }
                for binding in bindings
            ]
        )
        return
    rows = [
        (
            ("  ".join(shown(key) for key in binding.keys), Tone.KEY),
            (binding.id, Tone.STRONG),
            (where(binding), Tone.MUTED),
            (binding.does, Tone.TEXT),
        )
        for binding in bindings
    ]
    show(table(("KEYS", "ID", "WHERE", "DOES"), rows, width=width(), below=(3, 2)))
