"""What was observed of live versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.alerts import Fired
    from lineal.records.base import Micros


@dataclass(frozen=True, slots=True)
class Observation:
    """A metric measured on a live version, as it is handed over."""

    name: str
    """The metric's."""
    value: float
    at: Micros | None = None
    """When; None for now."""
    origin: str | None = None
    """Where it was read, such as `line 7`, for messages; None when nobody read it."""


@dataclass(frozen=True, slots=True)
class ObservedSeries:
    """A metric of what one transition made live at a stage."""

    id: int
    transition: int
    """The transition's row number."""
    model: str
    stage: str
    label: str
    """Of the version."""
    name: str
    """The metric's."""
    count: int
    odd: int
    """How many of them are NaN or infinite, and in no mean."""
    mean: float
    """Of the finite values; NaN without any."""
    least: float | None
    """Of the finite values; None without any."""
    most: float | None
    """As `least`."""
    last: float
    last_at: Micros
    first_at: Micros

    @property
    def ref(self) -> str:
        """The version's address."""
        return f"{self.model}:{self.label}"


@dataclass(frozen=True, slots=True)
class ObservedHour:
    """What the values of an hour came to."""

    name: str
    """The metric's."""
    label: str
    """Of the version."""
    at: Micros
    """When the hour began."""
    count: int
    odd: int
    """As `ObservedSeries.odd`."""
    mean: float
    """Of the finite values; NaN without any."""
    least: float | None
    """Of the finite values; None without any."""
    most: float | None
    """As `least`."""
    last: float
    last_at: Micros


@dataclass(frozen=True, slots=True)
class ObservedValue:
    """A single value."""

    name: str
    """The metric's."""
    label: str
    """Of the version."""
    at: Micros
    value: float


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of handing observations over."""

    model: str
    stage: str
    recorded: int
    known: int
    """Those that had been recorded before, with the same time and value."""
    labels: tuple[str, ...]
    """Of the versions that they are about."""
    fired: tuple[Fired, ...]
    cleared: tuple[str, ...]
    """Alerts that fired and do no longer."""
    pipeline: int | None = None
    """Number of the pipeline that rolls the stage back; None for none, and where the stage is a pointer only."""
    rolled_back_to: str | None = None
    """Label of the version that an automatic rollback leads to; None without one."""
