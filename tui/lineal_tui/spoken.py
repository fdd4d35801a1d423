"""What was typed after `:` before, kept from one start to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.remembered import Unreadable, write_whole
from lineal_tui.view.drawing.clean import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEPT = 200
"""Lines that are kept."""


def spoken_file() -> Path:
    """The file for all registries."""
    from platformdirs import user_state_path  # noqa: PLC0415  it asks the environment, so when it is needed

    return user_state_path("lineal") / "commands"


def recall_spoken(path: Path) -> list[str]:
    """The lines that were typed before, the latest last.

    Raises:
        Unreadable: The file is there and may not be read, or is no text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise Unreadable(f"what you typed before cannot be read: {path}: {error}") from error
    return [one_line(line) for line in lines[-KEPT:] if line.strip()]


def keep_spoken(path: Path, lines: Sequence[str]) -> None:
    """Write the lines, whole or not at all.

    Raises:
        Unreadable: The folder cannot be written.
    """
    try:
        write_whole(path, "".join(f"{one_line(line)}\n" for line in lines[-KEPT:]))
    except (OSError, ValueError) as error:
        raise Unreadable(f"what you typed cannot be kept for the next time: {error}") from error
