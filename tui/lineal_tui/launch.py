"""The only way into the application: it settles what has to be settled before the toolkit is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.base import Micros
    from lineal.registry import Registry


def launch(registry: Registry, *, clock: Callable[[], Micros] | None = None) -> int:
    """Open the application on a registry and stay until it is left.

    What the terminal can do decides on theme and mouse; see `lineal_tui.terminal.judge`.

    Args:
        registry: Open; the caller closes it.
        clock: What ages are counted from; None: this machine's clock.

    Returns:
        The exit code: 0, or 1 when the application ended by a mistake of its own.
    """
    # read by the toolkit when it is imported: animated page keys cost fifty kilobytes each
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("ESCDELAY", "50")
    from lineal.context import now  # noqa: PLC0415  with the rest of what only the application needs
    from lineal_tui.app import LinealApp  # noqa: PLC0415  after the environment is set
    from lineal_tui.terminal import here  # noqa: PLC0415  as above

    terminal = here()
    app = LinealApp(registry, clock or now, theme=terminal.theme)
    app.run(mouse=terminal.has_mouse)
    return app.return_code or 0
