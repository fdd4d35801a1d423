"""What an importer reads in another program's store, in words of our own, and what became of it here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.runs import Point, RunStatus


@dataclass(frozen=True, slots=True)
class ForeignStore:
    """A store that another program wrote."""

    program: str
    """`mlflow` or `trackio`."""
    uid: str
    """A UUID worked out from what the store holds, so that it stays the same when the store moves."""
    path: str
    """Where it was read."""
    schema: str
    """The layout it has, in the other program's words."""


@dataclass(frozen=True, slots=True)
class ForeignExperiment:
    """A named group of runs there."""

    id: str
    name: str
    created_at: Micros | None
    notes: str | None
    tags: dict[str, str]
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class ForeignData:
    """A state of some data, as far as the other program knows it; none of its bytes are there."""

    name: str
    digest: str
    """A short fingerprint in the other program's own form."""
    source_type: str
    source: str
    schema: str | None
    profile: str | None


@dataclass(frozen=True, slots=True)
class ForeignInput:
    """Data that a run there read."""

    data: ForeignData
    role: str | None
    """None when not said."""


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """One execution there, but for its metric histories."""

    id: str
    experiment: str
    """The id of its experiment."""
    name: str
    status: RunStatus
    started_at: Micros | None
    ended_at: Micros | None
    user: str | None
    parent: str | None
    """The id of the run it is part of."""
    params: dict[str, str]
    tags: dict[str, str]
    inputs: tuple[ForeignInput, ...] = ()
    mark: str | None = None
    """Changes when the run does; None while it is under way there, so that the next import looks again."""


@dataclass(frozen=True, slots=True)
class ForeignSeries:
    """Part of a metric's history; the parts of a history follow one another, by step, time and value."""

    run: str
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ForeignMetric:
    """A metric of a model itself."""

    name: str
    value: float
    data: ForeignData | None
    """What it was measured on; None when not said."""


@dataclass(frozen=True, slots=True)
class ForeignPointer:
    """Something there that points at one version of a model."""

    name: str
    number: int
    is_alias: bool
    """Whether it is an alias, and not one of the fixed stages."""
    changed_at: Micros
    """When the version that it points at was changed last; 0 when unknown."""


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """A name that versions have there, or that we give to models which were logged and never registered."""

    id: str
    name: str
    created_at: Micros | None
    notes: str | None
    tags: dict[str, str]
    is_registered: bool
    """Whether its versions have numbers; those of logged models have ids only."""
    pointers: tuple[ForeignPointer, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignVersion:
    """One state of a model there."""

    id: str
    """Unique among the versions of the store."""
    number: int | None
    """None for a model that was logged and never registered."""
    created_at: Micros | None
    user: str | None
    notes: str | None
    tags: dict[str, str]
    run: str | None
    files: str | None
    """The address of its folder as it is recorded there; None when it was erased."""
    mark: str
    """Changes when the version does."""
    params: dict[str, str] = field(default_factory=dict)
    """Over those of its run."""
    metrics: tuple[ForeignMetric, ...] = ()
    """Beside those of its run."""
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that could not be brought as it is."""

    kind: str
    """`run`, `version`, `metric`, ...: what it is about."""
    name: str
    problem: str
    is_lost: bool
    """Whether it is not here; False when it is here in another form."""


@dataclass(frozen=True, slots=True)
class ImportCount:
    """How many things of one kind an import met."""

    kind: str
    found: int
    """There, as far as the import looked: what lies in runs that are whole here already is not counted again."""
    added: int
    updated: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    store: ForeignStore
    counts: tuple[ImportCount, ...]
    remarks: tuple[Remark, ...]
