"""What travels in a bundle: versions and everything they came from, under names and digests, never row numbers.

Values of params are (kind, text) as the registry lays them down; a metric that is NaN is None.
"""

from __future__ import annotations

from dataclasses import dataclass

Param = tuple[str, str, str]
"""(name, kind, text)."""


@dataclass(frozen=True, slots=True)
class BundledModel:
    """A model."""

    name: str
    scheme: str
    primary_metric: str | None
    owner: str | None
    purpose: str | None
    notes: str | None


@dataclass(frozen=True, slots=True)
class BundledData:
    """A dataset version."""

    dataset: str
    label: str
    digest: str
    uri: str | None
    rows: int | None
    bytes: int | None
    columns: str | None
    notes: str | None
    parents: tuple[tuple[str, str], ...]
    """(dataset, label) of each."""
    created_at: int
    created_by: str


@dataclass(frozen=True, slots=True)
class BundledSeries:
    """The history of a metric of a run."""

    name: str
    dataset: tuple[str, str] | None
    points: tuple[tuple[int, int, float | None], ...]
    """(step, time in microseconds, value)."""


@dataclass(frozen=True, slots=True)
class BundledRun:
    """A run that produced one of the versions."""

    id: str
    experiment: str
    name: str
    kind: str
    status: str
    started_at: int
    ended_at: int | None
    actor: str
    claim: str | None
    command: str | None
    seed: int | None
    code: str | None
    environment: tuple[str, str] | None
    """(digest, content)."""
    error: str | None
    params: tuple[Param, ...]
    series: tuple[BundledSeries, ...]
    tags: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, str, str], ...]
    """(dataset, label, role)."""


@dataclass(frozen=True, slots=True)
class BundledArtifact:
    """The files of a version."""

    digest: str
    size: int
    tensors: str | None
    metadata: str | None
    files: tuple[tuple[str, str, int, str], ...]
    """(path, digest, size, format)."""


@dataclass(frozen=True, slots=True)
class BundledArchitecture:
    """A structure."""

    digest: str
    kind: str
    parameters: int | None
    tensors: str


@dataclass(frozen=True, slots=True)
class BundledRetirement:
    """How a version ended."""

    at: int
    actor: str
    claim: str | None
    reason: str
    successor: str | None
    """The uid of the version to use instead, which need not come along."""
    purged_at: int | None
    purged_by: str | None


@dataclass(frozen=True, slots=True)
class BundledDeprecation:
    """Until when a version may be used."""

    until: int
    reason: str | None
    successor: str | None
    """The uid of the version to use instead, which need not come along."""
    at: int
    actor: str


@dataclass(frozen=True, slots=True)
class BundledVersion:
    """A version."""

    uid: str
    model: str
    label: str
    label_reason: str
    seq: int
    status: str
    owner: str | None
    purpose: str | None
    notes: str | None
    created_at: int
    created_by: str
    claim: str | None
    run: str | None
    artifact: str | None
    architecture: str | None
    signature: str | None
    parents: tuple[tuple[str, str], ...]
    """(uid, relation) of each."""
    params: tuple[Param, ...]
    metrics: tuple[tuple[str, float | None, tuple[str, str] | None], ...]
    """(name, value, (dataset, label) it was measured on)."""
    datasets: tuple[tuple[str, str, str], ...]
    """(dataset, label, role)."""
    tags: tuple[tuple[str, str], ...]
    retirement: BundledRetirement | None
    """None unless its status is retired."""
    deprecation: BundledDeprecation | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything but the bytes."""

    focus: str
    """The uid of the version that was asked for."""
    registry: str
    """The uid of the registry it comes from."""
    models: tuple[BundledModel, ...]
    data: tuple[BundledData, ...]
    """Parents before what was derived from them."""
    runs: tuple[BundledRun, ...]
    artifacts: tuple[BundledArtifact, ...]
    architectures: tuple[BundledArchitecture, ...]
    versions: tuple[BundledVersion, ...]
    """Parents before their children."""
    objects: tuple[tuple[str, int], ...]
    """(digest, size) of the files that come along, in the order in which they come."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What importing a bundle did."""

    ref: str
    """Address of the version that was asked for."""
    versions: int
    """How many were new."""
    objects: int
    """How many files came along."""
    bytes: int
