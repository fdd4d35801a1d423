"""Finds the files that a store names by an address, wherever the store was moved to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?://)?")
_KEY = re.compile(r"(m-)?[0-9a-f]{32}")
"""The part of an address that is the id of a run or a logged model, and so found nowhere else by accident."""


class Locator:
    """Looks for folders by their recorded addresses."""

    def __init__(self, near: Sequence[Path], root: Path | None) -> None:
        """Look in some places.

        Args:
            near: folders beside the store, where what it names often lies.
            root: where somebody says that the files are; None when nobody does.
        """
        self._root = root
        self._near = tuple(near)

    def find(self, address: str) -> tuple[Path | None, str]:
        """The folder or file that an address names, or None and why it was not found.

        What was recorded is another's word: an address is followed only where a part of it is the id of a run or a
        model, and never upwards or through links that lead out of where it was found.
        """
        scheme, parts = _parts(address)
        if ".." in parts:
            return None, f"its address {address} leads upwards"
        keys = [place for place, part in enumerate(parts) if _KEY.fullmatch(part)]
        if not keys:
            return None, f"its address {address} names no run and no model"
        tails = [Path(*parts[start:]) for start in range(keys[-1] + 1)]
        bases = ((self._root,) if self._root is not None else ()) + self._near
        for base in bases:
            for tail in tails:
                found = base / tail
                if found.exists() and _is_below(found, base):
                    return found, ""
        recorded = Path("/", *parts)
        if scheme == "file" and address.startswith(("/", "file:")) and recorded.exists():
            if any(_KEY.fullmatch(part) for part in recorded.resolve().parts):
                return recorded, ""
            return None, f"{address} is a link to somewhere else"
        where = f"not below {self._root}" if self._root is not None else "neither there nor beside the store"
        return None, f"its files are recorded at {address} and are {where}"


def _parts(address: str) -> tuple[str, list[str]]:
    scheme = "file"
    match = _SCHEME.match(address)
    if match is not None:
        scheme, address = match.group(1).lower(), address[match.end() :]
        if scheme == "file":
            address = unquote(address)
    return scheme, [part for part in address.replace("\\", "/").split("/") if part not in {"", "."}]


def _is_below(path: Path, base: Path) -> bool:
    return path.resolve().is_relative_to(base.resolve())


def strays(folder: Path, files: Sequence[Path]) -> Path | None:
    """The first of some files below a folder that is a link leading out of it; None when all stay inside."""
    inside = folder.resolve()
    inside = inside if inside.is_dir() else inside.parent
    for file in files:
        if file.is_symlink() and not file.resolve().is_relative_to(inside):
            return file
    return None
