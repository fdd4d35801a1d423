"""Differences, version trees and lineage, as pure functions return them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Scalar


class Section(StrEnum):
    """What part of a version a difference is in."""

    METRIC = "metric"
    PARAM = "param"
    DATASET = "dataset"
    ENVIRONMENT = "environment"
    CODE = "code"
    ARCHITECTURE = "architecture"
    FILE = "file"
    TAG = "tag"


class Verdict(StrEnum):
    """What a row of a difference says."""

    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    SAME = "same"


class Kind(StrEnum):
    """What sort of change it is, where the verdict alone does not tell."""

    WITHIN = "within tolerance"
    NOT_COMPARABLE = "not comparable"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    RESHAPED = "reshaped"
    RETYPED = "retyped"
    VALUES = "other values"
    """The same shape and type, filled with something else."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one field on the way from the baseline to one other version."""

    verdict: Verdict
    delta: float | None = None
    """Its value less the baseline's, for numbers that can be compared; None otherwise."""
    kind: Kind | None = None
    """None where the verdict says all."""
    note: str | None = None
    """For example `not comparable: measured on data:h:1 and data:h:2`."""

    @property
    def tells(self) -> bool:
        """Whether there is anything to see: it differs, be it by no more than noise."""
        return self.verdict is not Verdict.SAME or self.kind is Kind.WITHIN


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One field of two or more versions, side by side."""

    section: Section
    field: str
    values: tuple[Scalar, ...]
    """One for each version, in order; None where it has none."""
    delta: float | None
    """Last value less first, for numbers that can be compared; None otherwise."""
    verdict: Verdict
    """Of the last against the first; for more than two, `same` only when all are equal."""
    note: str | None = None
    """For example `within tolerance` or `not comparable: measured on different data`; of the last against the first."""
    kind: Kind | None = None
    """Of the last against the first."""
    unit: str | None = None
    """What values and delta count: `bytes`; None when they are plain."""
    under: str | None = None
    """The field of this section that sums this one up with its like; None: it stands for itself."""
    changes: tuple[Change, ...] = ()
    """One for each version after the first, against the first; empty where only the last is told."""

    def change(self, place: int) -> Change:
        """What became of it in the version at a place; from 1."""
        return self.changes[place - 1] if self.changes else Change(self.verdict, self.delta, self.kind, self.note)

    @property
    def tells(self) -> bool:
        """Whether any version differs from the first, be it by no more than noise."""
        return self.verdict is not Verdict.SAME or self.kind is Kind.WITHIN or any(each.tells for each in self.changes)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as the log of a repository has it."""

    id: str
    at: int
    """Seconds since 1970, as the committer's clock said."""
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of a source file between two commits."""

    path: str
    added: int | None
    """Lines; None for a file that is not text."""
    removed: int | None
    """As `added`."""


@dataclass(frozen=True, slots=True)
class CodeBetween:
    """What lies between the code of the baseline and that of another version."""

    repository: str | None = None
    """The folder on this machine whose repository told it; None when none did."""
    missing: str | None = None
    """Why commits and their diff are not told; None when they are."""
    ahead: tuple[Commit, ...] = ()
    """Commits that the other has and the baseline has not, newest first; not more than asked for."""
    behind: tuple[Commit, ...] = ()
    """Commits that the baseline has and the other has not, likewise."""
    ahead_count: int = 0
    behind_count: int = 0
    shallow: bool = False
    """Whether the repository's history is cut off, so that there may be more commits."""
    files: tuple[FileChange, ...] = ()
    patch: str | None = None
    """`git diff` from one commit to the other; None when it was not told."""
    patch_cut: bool = False
    """Whether the patch is longer than this."""
    uncommitted: tuple[str | None, str | None] = (None, None)
    """The changes that the baseline and the other had not committed; None when there were none, or none kept."""
    uncommitted_cut: bool = False
    """Whether either of those is longer than this."""


@dataclass(frozen=True, slots=True)
class Diff:
    """Two or more versions side by side; the first is the baseline."""

    versions: tuple[str, ...]
    """Full addresses."""
    rows: tuple[DiffRow, ...]
    """In the order of `Section`; equal rows included, but for tensors and columns that are alike."""
    code: tuple[CodeBetween | None, ...] = ()
    """One for each version after the first; None where one has no code or both have the same. Empty: not asked."""
    names: tuple[str, ...] = ()
    """What people call each; empty where the addresses tell."""

    @property
    def changed(self) -> tuple[DiffRow, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if row.verdict is not Verdict.SAME)

    @property
    def telling(self) -> tuple[DiffRow, ...]:
        """The rows that differ, be it by no more than noise."""
        return tuple(row for row in self.rows if row.tells)


class NodeKind(StrEnum):
    """What a node of a lineage graph is."""

    DATASET = "dataset"
    RUN = "run"
    VERSION = "version"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A thing in a lineage graph."""

    id: str
    """Its full address."""
    kind: NodeKind
    name: str
    """What people call it."""


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """Something that went from one thing into another."""

    source: str
    """Address of the origin."""
    target: str
    """Address of what came from it."""
    role: str
    """`train`, `retrain`, `output`, `live`, ..."""


class Way(StrEnum):
    """Where something lies from a thing in a lineage."""

    FOCUS = "focus"
    """It is the thing itself."""
    UP = "up"
    """Towards its origins."""
    DOWN = "down"
    """Towards what came from it."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a lineage leaves out on one side of one of its nodes."""

    node: str
    """Its address."""
    way: Way
    count: int
    """How many things lie there directly."""
    exact: bool = True
    """False when there are at least so many."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What something came from and what came from it."""

    focus: str
    """Address of what was asked for."""
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    truncated: bool = False
    """Whether more lies beyond the levels or the number asked for."""
    beyond: tuple[Beyond, ...] = ()
    """Where more lies, and how much."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One version in a drawn version tree."""

    id: int
    """The version's row number."""
    lane: int
    """The column of its node, from 0."""
    cells: str
    """The drawn graph in box-drawing characters, two columns per lane, `○` where the node is; the view swaps glyphs."""
