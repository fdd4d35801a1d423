"""What it takes to train a version again, and how a machine compares with that."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.records.base import Digest, RunId, Scalar
    from lineal.records.comparison import Diff
    from lineal.records.runs import CodeState, Environment, RunKind


@dataclass(frozen=True, slots=True)
class RecipeData:
    """A dataset version that the run read."""

    ref: str
    """Its full address."""
    role: str
    digest: Digest
    uri: str | None
    """Where it was when it was recorded; None for data that was handed over in memory."""
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to check out, install and run to train something again."""

    ref: str
    """Full address of what is trained again: a version, or a run."""
    version: str | None
    """Full address of the version; None for a run that is asked for itself."""
    run: RunId
    experiment: str
    kind: RunKind
    code: CodeState | None
    patch: Digest | None
    """Of the uncommitted changes that are kept here; None when there are none, or not here."""
    data: tuple[RecipeData, ...]
    environment: Environment | None
    command: tuple[str, ...] | None
    seed: int | None
    params: dict[str, Scalar] = field(default_factory=dict)


class Subject(StrEnum):
    """What a point of a comparison is about."""

    COMMAND = "command"
    CODE = "code"
    CHANGES = "changes"
    UNTRACKED = "untracked"
    DATA = "data"
    PYTHON = "python"
    PACKAGE = "package"
    GPUS = "gpus"


class Answer(StrEnum):
    """How this machine answers to a point."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """It was not recorded, or cannot be compared; it stands in nobody's way."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One point of what a run had, and what this machine has."""

    subject: Subject
    name: str
    wanted: str
    found: str
    answer: Answer

    @property
    def holds(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.answer in {Answer.SAME, Answer.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A folder that is ready to run."""

    folder: Path
    source: Path | None
    """The checkout in it; None for a run whose code is not known."""
    working: Path
    """Where the command runs."""
    command: tuple[str, ...]
    """The recorded one, with this machine's Python and the checkout in place of the run's."""
    data: tuple[str, ...]
    """Addresses of the data that is there."""
    lacking: tuple[str, ...]
    """What could not be put there, in words."""


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What running it again gave."""

    run: str
    """Address of the new run that has the figures."""
    version: str | None
    """Address of the version that it registered; None when it registered none."""
    code: int
    """The command's exit code."""
    diff: Diff | None
    """Against the original; None when the command failed."""
