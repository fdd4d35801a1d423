"""Experiments, runs, and what a run recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Digest, Micros, RunId, Scalar


class RunStatus(StrEnum):
    """Where a run is in its life."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"


class RunKind(StrEnum):
    """What a run did."""

    TRAIN = "train"
    EVALUATE = "evaluate"
    TRANSFORM = "transform"
    IMPORT = "import"


class Direction(StrEnum):
    """Which values of a metric are better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named group of runs."""

    id: int
    name: str
    created_at: Micros
    owner: str | None
    purpose: str | None
    runs: int
    """How many runs it has."""
    last_run_at: Micros | None
    """When its latest run started; None without runs."""


@dataclass(frozen=True, slots=True)
class CodeState:
    """The state of the source that a run executed, as git told it."""

    commit: str
    """Full commit id."""
    branch: str | None
    """None on a detached head."""
    dirty: bool
    """Whether tracked files differed from the commit."""
    repository: str | None
    """The work tree's top folder on the machine of the run; None when unknown."""
    remote: str | None = None
    """The URL of `origin` without credentials; None when there is none."""
    folder: str = ""
    """Where in the repository the run was started, with `/`; empty for its top."""
    patch: Digest | None = None
    """Of the binary diff of tracked files against the commit, which is an object; None when clean or not kept."""
    patch_missing: str | None = None
    """Why the changes of a dirty tree were not kept; None when they were, or there are none."""
    untracked: tuple[str, ...] = ()
    """Files and folders that git neither tracks nor ignores, at most 100 of them; their content is not kept."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a run executed on. Stored once for each distinct content."""

    digest: Digest
    python: str
    """For example `3.11.7`."""
    implementation: str
    """For example `CPython`."""
    platform: str
    """For example `Linux-6.1.0-x86_64-with-glibc2.36`."""
    packages: tuple[tuple[str, str], ...]
    """(normalised name, version), sorted by name."""
    cpu: str | None
    cpu_count: int | None
    """Cores this process may use."""
    memory_bytes: int | None
    gpus: tuple[str, ...]
    """Names of the accelerators that show; empty when none does."""


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """How the values of a metric are to be read."""

    name: str
    direction: Direction | None
    """None: unknown, so values are neither better nor worse."""
    tolerance: float = 0.0
    """Differences up to this, in the metric's unit, are noise."""


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The history of one metric of one run, summed up."""

    id: int
    name: str
    count: int
    """Points logged."""
    last: float
    """The value of the point with the highest (step, time)."""
    last_step: int
    last_at: Micros
    min: float | None
    """None when no point is a number."""
    max: float | None
    best: float | None
    """`max` or `min` by direction; None when the direction is unknown."""
    dataset: str | None
    """Address of the dataset version the values were measured on; None when not said."""


@dataclass(frozen=True, slots=True)
class Point:
    """One logged value of a metric."""

    step: int
    at: Micros
    value: float
    """May be NaN or infinite."""


@dataclass(frozen=True, slots=True)
class RunData:
    """A dataset version that a run read or wrote."""

    name: str
    label: str
    role: str
    """`train`, `test`, `eval`, or any other word."""
    digest: Digest


@dataclass(frozen=True, slots=True)
class Run:
    """One execution, as lists show it."""

    n: int
    """The row number inside this registry."""
    id: RunId
    name: str
    experiment: str
    kind: RunKind
    status: RunStatus
    started_at: Micros
    ended_at: Micros | None
    """None while it runs."""
    actor: str


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything about one run but its metric points."""

    run: Run
    params: dict[str, Scalar] = field(default_factory=dict)
    metrics: tuple[MetricSeries, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    inputs: tuple[RunData, ...] = ()
    outputs: tuple[str, ...] = ()
    """Addresses of the versions and dataset versions it produced."""
    parent: RunId | None = None
    children: tuple[RunId, ...] = ()
    command: tuple[str, ...] | None = None
    """The argument list; None when unknown."""
    seed: int | None = None
    code: CodeState | None = None
    environment: Environment | None = None
    error: str | None = None
    """The traceback of a failed run; None when there is none."""
    output: str | None = None
    """What a wrapped command printed, its beginning and its end; None when it was not kept."""


@dataclass(frozen=True, slots=True)
class RunFields:
    """What some runs have beside their own fields: names, each with how many of the runs have it."""

    params: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
