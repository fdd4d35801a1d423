"""The policy of a whole registry, as a file that can live in git: who may do what, what is demanded, kept and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.records.automation import TIMEOUT

if TYPE_CHECKING:
    from lineal.records.alerts import AlertSetting
    from lineal.records.automation import Occasion
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
class PolicyAutomation:
    """A command that runs when something happens."""

    name: str
    event: Occasion
    model: str | None
    """None for all of them."""
    stage: str | None
    """None for all of the model."""
    command: tuple[str, ...]
    timeout: float = TIMEOUT
    """Seconds that it may take."""
    enabled: bool = True

    @property
    def place(self) -> str | None:
        """The address of the model or stage that it is for; None for all."""
        return self.model if self.stage is None else f"{self.model}@{self.stage}"


@dataclass(frozen=True, slots=True)
class PolicyStage:
    """What a stage demands before a promotion, what must hold there afterwards, and what it keeps."""

    model: str
    stage: str
    gates: Gates
    keep: int | None = None
    """Releases that stay on disk; None to leave it as it is."""
    alerts: tuple[AlertSetting, ...] = ()

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
    """All that demand or watch something; None to leave them as they are."""
    retention: tuple[RetentionRule, ...] | None = None
    """Every model's rule of which versions keep their bytes; None to leave them as they are."""
    automations: tuple[PolicyAutomation, ...] | None = None
    """All commands that run when something happens, by name; None to leave them as they are."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One thing that applying a policy changes."""

    ref: str
    """Address of the stage, whose role it is, or the automation's name."""
    field: str
    before: str | None
    """None for nothing."""
    after: str | None
    """None for nothing."""
    remark: str | None = None
    """Why it is not changed after all; None when it is."""
