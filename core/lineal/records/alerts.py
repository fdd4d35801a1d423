"""Alerts over what is observed of live versions, and each time that one fired."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lineal.records.base import Micros


COOL_DOWN: Final = 3_600
"""Seconds between two automatic rollbacks of a stage, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class AlertSetting:
    """What must hold of what is observed at a stage, and what happens when it does not."""

    text: str
    """As `--alert` takes it: what must hold, and `for` how long it must not."""
    command: tuple[str, ...] | None = None
    """Argument list that is run when it fires; None for none."""
    rolls_back: bool = False
    cool_down: int = COOL_DOWN
    """Seconds after an automatic rollback in which there is no other one."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What must hold of what is observed at a stage."""

    id: int
    model: str
    stage: str
    text: str
    """As `--alert` takes it: what must hold, and `for` how long it must not."""
    expression: str
    """What must hold, in the search language."""
    lasting: int
    """Seconds for which it must not hold before the alert fires."""
    command: tuple[str, ...] | None
    """Argument list that is run when it fires; None for none."""
    rolls_back: bool
    """Whether the stage is rolled back when it fires."""
    cool_down: int
    """Seconds after an automatic rollback in which there is no other one."""


class Phase(StrEnum):
    """How an alert is."""

    UNKNOWN = "unknown"
    """Nothing was observed yet that it could be judged by."""
    OK = "ok"
    PENDING = "pending"
    """It does not hold, but not for long enough."""
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class AlertState:
    """How an alert is now."""

    rule: AlertRule
    phase: Phase
    since: Micros | None
    """Time of the observation from which on it does not hold; None while it holds or nothing is known."""
    saw: str
    """The figures it was judged by last; empty before."""
    judged_at: Micros | None
    """Time of the newest of them; None before."""
    episode: Episode | None
    """The one that goes on; None unless it fires."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that an alert fired."""

    id: int
    model: str
    stage: str
    label: str
    """Of the version that was live."""
    alert: str
    since: Micros
    """Time of the observation from which on it did not hold."""
    fired_at: Micros
    saw: str
    cleared_at: Micros | None
    """None while it fires."""
    cleared_why: str | None
    """None while it fires."""
    output: str | None
    """What its command printed; None before it ended, and without one."""
    rollback: str | None
    """`begins`, `begun`, or why there was none; None where the alert does not roll back."""

    @property
    def ref(self) -> str:
        """The stage's address."""
        return f"{self.model}@{self.stage}"


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that fired just now, and what it sets off."""

    rule: AlertRule
    episode: int
    """Its row number."""
    transition: int
    """Row number of the transition that had made live what it is about."""
    label: str
    """Of the version."""
    since: Micros
    saw: str
    rolls_back: bool
    """Whether the stage is to be rolled back now."""
    why_not: str | None
    """Why it is not, though the alert says so; None otherwise."""
