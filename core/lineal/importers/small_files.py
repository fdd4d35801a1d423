"""Finds and reads the small files that other programs keep their records in, without executing anything in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import Damaged, LinealError, NoSource
from lineal.formats.opening import machine_errors, opened, read_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 8 << 20


@dataclass(frozen=True, slots=True)
class Fields:
    """What a YAML file says, field by field."""

    content: dict[object, object]

    def text(self, name: str) -> str | None:
        """A field as text; None when it is missing or empty."""
        value = self.content.get(name)
        return None if value is None or isinstance(value, dict | list) else str(value)

    def number(self, name: str) -> int | None:
        """A field as a whole number; None when it is none."""
        value = self.content.get(name)
        if isinstance(value, str) and value.strip().isdigit():
            return int(value)
        return int(value) if isinstance(value, int | float) else None

    def below(self, name: str) -> Fields:
        """The fields within a field; none when it has none."""
        value = self.content.get(name)
        return Fields(value if isinstance(value, dict) else {})


def read_fields(path: Path) -> Fields:
    """Read a YAML file.

    Raises:
        Damaged: it is none, or says no fields.
        NoSource, NotReadable: it cannot be read.
    """
    import yaml  # noqa: PLC0415  only an import needs it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with opened(path) as file:
        content = read_exactly(file, _LARGEST + 1)
    if len(content) > _LARGEST:
        raise Damaged(path=path, why="it is too large to be what it is called")
    try:
        # Both loaders make plain values only, whatever the file asks for.
        found = yaml.load(content, Loader=loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Damaged(path=path, why=f"it is no YAML ({error})") from error
    if not isinstance(found, dict):
        raise Damaged(path=path, why="it names no fields")
    return Fields(found)


def folders(folder: Path) -> list[os.DirEntry[str]]:
    """The folders in a folder, by name; links are not followed. None where it is missing or may not be read."""
    try:
        with machine_errors(folder), os.scandir(folder) as listing:
            return sorted((each for each in listing if each.is_dir(follow_symlinks=False)), key=lambda each: each.name)
    except LinealError:
        return []  # a store need not have every folder


def files(folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """Files below a folder; a name with slashes lies in folders of its own. Links are not followed."""
    try:
        with machine_errors(folder), os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda each: each.name)
    except NoSource:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files(Path(entry.path), f"{prefix}{entry.name}/")
        elif entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, Path(entry.path)
