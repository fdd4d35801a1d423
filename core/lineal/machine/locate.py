"""Which registry is meant when nobody says, from the environment and the folders above."""

from __future__ import annotations

import os
from pathlib import Path


def find_registry(given: str | os.PathLike[str] | None = None) -> Path:
    """The registry's directory: given, else `LINEAL_REGISTRY`, else the nearest `.lineal` upwards, else the user's own.

    Args:
        given: the directory itself; None to look for one.

    Returns:
        A directory, which need not exist.
    """
    if given is not None:
        return at_home(given)
    named = os.environ.get("LINEAL_REGISTRY")
    if named:
        return at_home(named)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".lineal" / "registry.db").exists():
            return folder / ".lineal"
    from platformdirs import user_data_path  # noqa: PLC0415  costs more than opening the registry

    return user_data_path("lineal") / "registry"


def at_home(path: str | os.PathLike[str]) -> Path:
    """A path with `~` as its owner's home; where there is no such person, `~` is a name like any other."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  Path.expanduser raises RuntimeError then
