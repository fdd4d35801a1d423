"""The policy of a whole registry, as a file that can live in git: who may do what, what stages demand and keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.endings import RetentionRule
    from lineal.records.gates import Gates
    from lineal.records.permissions import Role


@dataclass(frozen=True, slots=True)
class PolicyRole:
    """A role of somebody at a place."""

    subject: str
    """A user's name, or `@` and a group's."""
    role: Role
    model: str | None = None
    """None for all of them."""
    stage: str | None = None
    """None for all of the model."""

    @property
    def place(self) -> str:
        """Where it holds, in words."""
        if self.model is None:
            return "all models"
        return self.model if self.stage is None else f"{self.model}@{self.stage}"


@dataclass(frozen=True, slots=True)
class PolicyStage:
    """What a stage demands before a promotion, and keeps."""

    model: str
    stage: str
    gates: Gates
    keep: int | None = None
    """Releases that stay on disk; None to leave it as it is."""

    @property
    def ref(self) -> str:
        """The stage's full address."""
        return f"{self.model}@{self.stage}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. What has no part in a file is left as it is."""

    roles: tuple[PolicyRole, ...] | None
    """All there are; None to leave them as they are."""
    stages: tuple[PolicyStage, ...] | None
    """All that demand something; None to leave them as they are."""
    retention: tuple[RetentionRule, ...] | None = None
    """Every model's rule of which versions keep their bytes; None to leave them as they are."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One thing that applying a policy changes."""

    ref: str
    """Address of the stage, or whose role it is."""
    field: str
    before: str | None
    """None for nothing."""
    after: str | None
    """None for nothing."""
    remark: str | None = None
    """Why it is not changed after all; None when it is."""
