"""The entry point, which answers what it can before anything is imported."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lineal` as the shell does.

    Args:
        arguments: what stands after the program's name; None for this process's own.

    Returns:
        The exit code, one of `lineal.errors.ExitCode`.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words in (["--version"], ["-V"]) and sys.stdout is not None:
        from lineal import __version__  # noqa: PLC0415  start-up is measured

        sys.stdout.write(f"lineal {__version__}\n")
        return 0
    if arguments is not None:
        return _run(words)
    # Next to nothing that a command makes is garbage; looking for it costs a tenth of the time of a short one.
    gc.set_threshold(50_000)
    try:
        return _run(words)
    except KeyboardInterrupt:  # before there was a command to cancel
        return 130
    finally:
        gc.freeze()


def _run(words: list[str]) -> int:
    from lineal_tui.cli.edge import run  # noqa: PLC0415  brings click, four times a bare start

    return run(words)


if __name__ == "__main__":
    sys.exit(main())
