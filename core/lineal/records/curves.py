"""Metrics as curves: what a drawing needs of histories of any length, and the spells in which versions were live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.base import Micros
    from lineal.records.runs import Direction
    from lineal.records.stages import Outcome


class Axis(StrEnum):
    """What a curve goes by."""

    STEP = "step"
    TIME = "time"
    """Microseconds since the run started."""
    CLOCK = "clock"
    """Microseconds since 1970 in UTC."""
    EPOCH = "epoch"
    """What the run logged as the metric `epoch` at these steps."""
    VERSION = "version"
    """Sequence numbers of a model's versions."""


@dataclass(frozen=True, slots=True)
class Dot:
    """What the points of a metric in one column of a drawing come to."""

    column: int
    """From 0, at the left."""
    first: float
    """Where on the axis its points begin."""
    last: float
    """And where they end."""
    count: int
    """Points in it, those that are no numbers too."""
    least: float | None
    """Of the finite values; None when none is."""
    most: float | None
    mean: float | None
    nans: int = 0
    odd: int = 0
    """Values that were NaN or infinite, of which it is not known any more which."""
    above: int = 0
    """Values that were plus infinity."""
    below: int = 0
    """Values that were minus infinity."""
    label: str | None = None
    """Of the version that it is; None for points of a run, and for several versions."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run, or of all versions of a model, drawn into columns."""

    ref: str
    """Full address of the run, the version or the model."""
    name: str
    """What people call it."""
    dots: tuple[Dot, ...]
    """By column; only columns with points."""
    count: int = 0
    """Points that the whole history has."""
    last: float | None = None
    """The value that was logged last; None across versions, and when there is nothing to draw."""
    running: bool = False
    """Whether more may come."""
    missing: str | None = None
    """Why there is nothing to draw, in words; None when there is something."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time without a break in which one version was live at a stage."""

    stage: str
    label: str
    version: int
    """Its row number."""
    seq: int
    """Its sequence number."""
    began: Micros
    ended: Micros | None
    """None while it is live."""
    outcome: Outcome
    """Of the transition that made it live."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where an alert of a stage draws the line for a metric."""

    value: float
    operator: str
    """What must hold of the metric against the value, such as `<`."""
    alert: str
    """The alert's whole text."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One time that an alert over a metric fired."""

    alert: str
    label: str
    """Of the version that was live."""
    began: Micros
    """When what it says was broken."""
    ended: Micros | None
    """None while it fires."""
    saw: str


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of one metric over each other, in the columns of one drawing."""

    metric: str
    axis: Axis
    columns: int
    first: float
    """Where on the axis the first column begins."""
    last: float
    """Where the last one ends: the end of the range, which belongs to it."""
    curves: tuple[Curve, ...]
    direction: Direction | None = None
    """Which values are better; None: unknown."""
    spans: tuple[Span, ...] = ()
    """When versions were live, oldest first; of a metric across versions only."""
    stage: str | None = None
    """Where they were live."""
    observed: bool = False
    """Whether it is what was observed at the stage."""
    thresholds: tuple[Threshold, ...] = ()
    """Of what was observed only."""
    alarms: tuple[Alarm, ...] = ()
    """Of what was observed, those that touch the range, oldest first."""
