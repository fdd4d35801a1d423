"""What a file tells of itself without being loaded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.models import FileEntry, Tensor


class Concern(StrEnum):
    """What is to be thought of a name that a pickle imports."""

    USUAL = "usual"
    """Models of well-known libraries have it."""
    UNKNOWN = "unknown"
    """Whatever its module does."""
    DANGEROUS = "dangerous"
    """It runs commands or code, opens files or connections."""


@dataclass(frozen=True, slots=True)
class Import:
    """A name that loading a pickle imports, and mostly calls."""

    name: str
    """Module and name, as `os.system`."""
    concern: Concern


@dataclass(frozen=True, slots=True)
class Pickled:
    """What the opcodes of a pickle tell."""

    protocol: int
    """The highest that it names; 0 for none."""
    imports: tuple[Import, ...]
    """The dangerous ones first."""
    tensors: tuple[Tensor, ...]
    """Arrays whose type and shape could be made out, in the pickle's order."""
    root: str | None
    """What it is a pickle of, such as `sklearn.pipeline.Pipeline` or `dict`; None where that cannot be made out."""
    trouble: str | None = None
    """Why it was not read to its end; None when it was."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file tells."""

    format: str
    executes: bool
    """Whether loading it runs code that the file names."""
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value of what the format says of itself, such as its version."""
    tensors: tuple[Tensor, ...] = ()
    pickled: Pickled | None = None
    """None for what holds no pickle."""
    members: tuple[tuple[str, int], ...] = ()
    """(name, bytes) of what an archive holds."""
    trouble: str | None = None
    """Why there is no more to tell; None when all was read."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file of a version, as far as it can be shown."""

    ref: str
    """Address of the version."""
    entry: FileEntry
    text: str | None = None
    """Its text, if it is one."""
    whole: bool = True
    """Whether `text` is all of it."""
    contents: Contents | None = None
    """What it tells, if it is no text."""
