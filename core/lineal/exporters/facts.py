"""Everything an export tells of a version, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.comparison import Lineage
    from lineal.records.data import DatasetVersion
    from lineal.records.models import Model, VersionDetail


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A version and what stands around it."""

    model: Model
    detail: VersionDetail
    datasets: tuple[tuple[DatasetVersion, str], ...]
    """(dataset version, role)."""
    lineage: Lineage

    @property
    def purpose(self) -> str | None:
        """What the version is for; what the model is for where the version does not say."""
        return self.detail.version.purpose or self.model.purpose

    @property
    def owner(self) -> str | None:
        """Who to ask: of the version, else of the model."""
        return self.detail.version.owner or self.model.owner
