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
    """For example `within tolerance` or `not comparable: measured on different data`."""


@dataclass(frozen=True, slots=True)
class Diff:
    """Two or more versions side by side; the first is the baseline."""

    versions: tuple[str, ...]
    """Full addresses."""
    rows: tuple[DiffRow, ...]
    """In the order of `Section`, by field name within; equal rows included."""

    @property
    def changed(self) -> tuple[DiffRow, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if row.verdict is not Verdict.SAME)


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


@dataclass(frozen=True, slots=True)
class Lineage:
    """What something came from and what came from it."""

    focus: str
    """Address of what was asked for."""
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    truncated: bool = False
    """Whether more lies beyond the levels asked for."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One version in a drawn version tree."""

    id: int
    """The version's row number."""
    lane: int
    """The column of its node, from 0."""
    cells: str
    """The drawn graph in box-drawing characters, two columns per lane, `○` where the node is; the view swaps glyphs."""
