"""Making names on a disk survive a power cut."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_name(partial: Path, target: Path) -> None:
    """Give a file that is whole its name, which it never takes from another file.

    Raises:
        FileExistsError: something has that name.
        OSError: it cannot have it.
    """
    try:
        os.link(partial, target)  # unlike a rename, it never replaces what came there meanwhile
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError from None
        partial.rename(target)  # a file system without links
