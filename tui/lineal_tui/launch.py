"""The only way into the application: it settles what has to be settled before the toolkit is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.settings import Settings


_PATIENCE = 0.3
"""Seconds after which the application comes up without a picture: another program holds the registry."""


def launch(
    registry: Registry,
    *,
    clock: Callable[[], Micros] | None = None,
    settings: Settings | None = None,
) -> int:
    """Open the application on a registry and stay until it is left.

    Args:
        registry: Open; the caller closes it.
        clock: What ages are counted from; None: this machine's clock.
        settings: What is settled; None to read the person's configuration. The environment decides on the rest.

    Returns:
        The exit code: 0, 1 when the application ended by a mistake of its own, 128 and the signal's number when it was
        told to end.

    Raises:
        BadSettings: The configuration or the file of keys cannot be used.
    """
    # read by the toolkit when it is imported: animated page keys cost fifty kilobytes each
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # over a network, what a key sends may come in parts
    os.environ.setdefault("ESCDELAY", "50" if "SSH_CONNECTION" in os.environ else "25")
    if not os.environ.get("NO_COLOR"):
        # set to nothing, it says nothing; the toolkit would take it for a wish
        os.environ.pop("NO_COLOR", None)
    from lineal.write_path.context import now  # noqa: PLC0415  with the rest of what only the application needs
    from lineal_tui.early import Early  # noqa: PLC0415  as above
    from lineal_tui.first_look import FirstLook  # noqa: PLC0415  as above
    from lineal_tui.keys import BINDINGS  # noqa: PLC0415  as above
    from lineal_tui.settings import config_file, settings_of  # noqa: PLC0415  as above
    from lineal_tui.terminal import here  # noqa: PLC0415  as above

    bindings = BINDINGS
    settings = settings or settings_of(config_file())
    if settings.keymap is not None:
        from lineal_tui.keymap import keymap_of  # noqa: PLC0415  most people have none

        bindings = keymap_of(settings.keymap)
    first_look = FirstLook(registry, clock or now)
    terminal = here(settings)
    with Early() as early:
        scene = first_look.scene(within=_PATIENCE)
        if scene is not None and first_look.place.is_in_tree:
            early.show(scene, registry, terminal, bindings, version=first_look.place.version)
        from lineal_tui.app import LinealApp  # noqa: PLC0415  after the environment is set, and what is live is shown

        app = LinealApp(
            registry, clock or now, terminal=terminal, bindings=bindings, first_look=first_look, early=early
        )
        app.run(mouse=terminal.has_mouse)
    return app.return_code or 0
