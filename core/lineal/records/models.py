"""Models, their versions, and the files that versions consist of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Digest, Micros, RunId, Scalar, Uid
    from lineal.records.endings import Deprecation, Retirement
    from lineal.records.observations import ObservedSeries
    from lineal.records.runs import CodeState, Environment, MetricDefinition, RunData


class VersionStatus(StrEnum):
    """Whether a version may still be used. Being in production is no status: stages tell that."""

    ACTIVE = "active"
    BAD = "bad"
    RETIRED = "retired"


class Relation(StrEnum):
    """How a version came from its parent."""

    RETRAIN = "retrain"
    FINETUNE = "finetune"
    DISTILL = "distill"
    QUANTIZE = "quantize"
    PRUNE = "prune"
    MERGE = "merge"


class Scheme(StrEnum):
    """How a model's versions are labelled."""

    SEMVER = "semver"
    TIMESTAMP = "timestamp"
    EXPERIMENT = "experiment"
    SEQUENCE = "sequence"
    MANUAL = "manual"


class Bump(StrEnum):
    """Which part of a semantic version goes up."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of an artifact."""

    path: str
    """Relative, with `/`; never empty, absolute, or with `..`."""
    digest: Digest
    size: int
    """Bytes."""
    format: str = "unknown"
    """What the bytes are: `safetensors`, `npy`, `json`, `pickle`, ...; `unknown` when nothing tells."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """The files of a version."""

    digest: Digest
    """Digest of the manifest: the same files under the same paths have the same digest."""
    files: tuple[FileEntry, ...]
    """Sorted by path."""
    size: int
    """Bytes of all files."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One array inside a model file."""

    name: str
    dtype: str
    """The format's own word, for example `F32`."""
    shape: tuple[int, ...]
    digest: Digest | None = None
    """Digest of its raw bytes; None when it was not computed."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the model files tell of the model's structure, read without executing anything."""

    digest: Digest
    """Of names, types and shapes (of file types and names where no tensors can be read), not of values."""
    kind: str
    """The formats it was read from, joined by a plus sign."""
    parameters: int | None
    """Numbers in all tensors; None when no tensor could be read."""
    tensors: tuple[Tensor, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    """What the files say of themselves (a safetensors header's `__metadata__`)."""


@dataclass(frozen=True, slots=True)
class Parent:
    """Where a version came from."""

    ref: str
    """Full address of the parent."""
    relation: Relation
    id: int
    """The parent's row number inside this registry."""


@dataclass(frozen=True, slots=True)
class Model:
    """A registered name."""

    id: int
    name: str
    scheme: Scheme
    primary_metric: str | None
    """None until it is set, or a version has a metric whose direction is known."""
    owner: str | None
    purpose: str | None
    notes: str | None
    created_at: Micros
    versions: int
    """How many versions it has."""
    stages: tuple[tuple[str, str | None], ...]
    """(stage, label of the version live there or None), in the stages' order."""
    updated_at: Micros
    """When its latest version was registered, or its latest transition made."""
    forced: tuple[str, ...] = ()
    """Stages where what is live was forced in, and nobody has reviewed that."""
    alarmed: tuple[str, ...] = ()
    """Stages where an alert fires."""
    bad: tuple[str, ...] = ()
    """Stages where what is live is bad."""
    unhealthy: tuple[str, ...] = ()
    """Stages where what is live did not come through its health check."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a model, as lists show it."""

    id: int
    model: str
    label: str
    seq: int
    """Given once per model, from 1, never reused."""
    uid: Uid
    digest: Digest | None
    """The artifact's; None for a version registered without files."""
    status: VersionStatus
    owner: str | None
    purpose: str | None
    notes: str | None
    created_at: Micros
    created_by: str
    run: RunId | None
    """The run that produced it; None when none is known."""
    parents: tuple[Parent, ...] = ()
    stages: tuple[str, ...] = ()
    """Stages where it is live."""
    forced: tuple[str, ...] = ()
    """Those of them where it was forced in, and nobody has reviewed that."""
    alarmed: tuple[str, ...] = ()
    """Those of them where an alert fires."""
    unhealthy: tuple[str, ...] = ()
    """Those of them where it did not come through its health check."""
    primary: float | None = None
    """Its value of the model's primary metric; None when it has none."""
    deprecated_until: Micros | None = None
    """Until when it may be used; None when it is not deprecated."""

    @property
    def ref(self) -> str:
        """Its full address."""
        return f"{self.model}:{self.label}"


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric as a version was registered with it, or as a later evaluation found it."""

    name: str
    value: float
    dataset: str | None
    """Address of the dataset version it was measured on; None when not said."""
    later: bool = False
    """Whether a later evaluation found it."""


@dataclass(frozen=True, slots=True)
class VersionDetail:
    """Everything about one version."""

    version: Version
    label_reason: str
    """Why it has this label, for example `minor: other training data than 2.3.0`."""
    params: dict[str, Scalar] = field(default_factory=dict)
    metrics: dict[str, MetricValue] = field(default_factory=dict)
    definitions: dict[str, MetricDefinition] = field(default_factory=dict)
    """How its metrics are to be read, by name."""
    datasets: tuple[RunData, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    artifact: Artifact | None = None
    architecture: Architecture | None = None
    signature: dict[str, object] | None = None
    """Inputs and outputs as the caller described them; None when not described."""
    code: CodeState | None = None
    environment: Environment | None = None
    command: tuple[str, ...] | None = None
    seed: int | None = None
    experiment: str | None = None
    model_owner: str | None = None
    """Who owns the model."""
    deprecation: Deprecation | None = None
    retirement: Retirement | None = None
    observed: tuple[ObservedSeries, ...] = ()
    """What was observed of it, wherever it was live; the newest spell first."""

    @property
    def ask(self) -> str:
        """Who to ask about it: its owner, else the model's, else whoever registered it."""
        return self.version.owner or self.model_owner or self.version.created_by
