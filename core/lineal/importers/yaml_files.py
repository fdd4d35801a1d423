"""Reads the small YAML files of other programs into fields, without executing anything in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import Damaged
from lineal.formats.opening import opened, read_exactly

if TYPE_CHECKING:
    from pathlib import Path

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
