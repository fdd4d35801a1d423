"""Datasets: named data, and its immutable states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Digest, Micros


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of one column of tabular data."""

    name: str
    type: str
    """`int`, `float`, `bool`, `str`, or the format's own word."""
    missing: int = 0
    """Empty or null values."""
    distinct: int | None = None
    """Distinct values, exact up to 1,000; None past that or when not counted."""
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    """Only for numbers."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What reading some data told: its identity, its size, its columns."""

    digest: Digest
    bytes: int
    rows: int | None = None
    """None when the data is not tabular or was not counted."""
    columns: tuple[Column, ...] | None = None
    """None when the data is not tabular."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Named data."""

    id: int
    name: str
    owner: str | None
    purpose: str | None
    notes: str | None
    created_at: Micros
    versions: int
    """How many versions it has."""
    latest: str | None
    """The label of the newest version; None without versions."""


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One immutable state of a dataset."""

    id: int
    dataset: str
    seq: int
    label: str
    digest: Digest
    uri: str | None
    """Where the data was when it was recorded; None when it was handed over in memory."""
    rows: int | None
    bytes: int | None
    columns: tuple[Column, ...] | None
    """Schema and profile; None when the data is not tabular."""
    parents: tuple[str, ...]
    """Addresses of the dataset versions it was derived from."""
    run: str | None
    """Id of the run that produced it; None when none is known."""
    created_at: Micros
    created_by: str

    @property
    def ref(self) -> str:
        """Its full address."""
        return f"data:{self.dataset}:{self.label}"


@dataclass(frozen=True, slots=True)
class DataUse:
    """A version of a dataset, and who used it."""

    version: DatasetVersion
    runs: int
    """How many runs read it."""
    models: int
    """How many versions of models it went into, so far as they say so."""
    derived: int
    """How many versions of datasets were derived from it."""
    purpose: str | None
    """Of its dataset."""
    owner: str | None
    """Of its dataset."""
