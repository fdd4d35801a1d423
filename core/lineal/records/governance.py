"""To whom roles are bound, and what that lets a person do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lineal.records.permissions import NEEDED, Permission, Role

if TYPE_CHECKING:
    from lineal.records.base import Micros


@dataclass(frozen=True, slots=True)
class Binding:
    """One role of one subject."""

    subject: str
    """A user's name, or `@` and a group's."""
    role: Role
    model: str | None
    """None: all models, and what belongs to none."""
    stage: str | None
    """None: all of the model."""
    granted_at: Micros
    granted_by: str
    """The user who granted it."""

    @property
    def place(self) -> str:
        """What it holds for, in words: `all models`, `fraud`, `fraud@production`."""
        if self.model is None:
            return "all models"
        return self.model if self.stage is None else f"{self.model}@{self.stage}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a permission is asked for."""

    model: str | None = None
    """None: no model, or all of them."""
    stage: str | None = None
    """None: all of the model."""
    is_of_none: bool = False
    """Whether it is a run, an experiment or data, which belong to no model."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one person may do in a registry."""

    user: str
    is_open: bool
    """Whether there are no bindings at all, so that everybody may do everything."""
    bindings: tuple[Binding, ...]
    """Those that hold for the person, by name or through a group."""

    def role(self, model: str | None = None, stage: str | None = None) -> Role | None:
        """The highest role for a stage, a model, or with neither for all of them; None without one."""
        return self._highest(Scope(model, stage))

    def may(self, permission: Permission, scope: Scope) -> bool:
        """Whether the person may."""
        if self.is_open:
            return True
        found = self._highest(scope, any_stage=permission in _AT_ANY_STAGE)
        return found is not None and found.rank >= NEEDED[permission].rank

    def _highest(self, scope: Scope, *, any_stage: bool = False) -> Role | None:
        holding = [
            binding.role
            for binding in self.bindings
            if binding.model is None
            or (scope.is_of_none and binding.stage is None)
            or (binding.model == scope.model and (any_stage or binding.stage in {None, scope.stage}))
        ]
        return max(holding, key=lambda role: role.rank, default=None)


_AT_ANY_STAGE: Final = frozenset({Permission.READ, Permission.MARK})
"""What whoever has the role at one stage of a model may do to the model."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Who may do what."""

    is_open: bool
    """Whether there are no bindings at all, so that everybody may do everything."""
    bindings: tuple[Binding, ...]
    """All models first, then by model and stage; within each the highest role first."""
