"""Which curves are asked for, and reading them: nobody does before the first paint, which is spared these classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lineal_tui.view.training.curves import plot_columns

if TYPE_CHECKING:
    from lineal.records.curves import Curves
    from lineal.registry import Registry


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be drawn."""

    refs: tuple[str, ...] = ()
    """Of runs and versions; none: the metric across the versions of `model`."""
    model: str | None = None
    stage: str | None = None
    """Whose spells are shown across versions."""
    observed: str | None = None
    """The address of a stage of which it is what was observed; None: it is what was logged or registered."""
    is_whole: bool = False
    """Whether all versions that were live there are meant; else the one that is."""
    metric: str | None = None
    """None for the first there is."""
    axis: str = "step"
    part: tuple[float, float] | None = None
    """None for all of it."""


@dataclass
class CurvesRead(Message):
    """Curves were read."""

    asked: Asked
    width: int
    metrics: tuple[str, ...]
    curves: Curves | None
    """None when nothing was measured."""


def read_curves(registry: Registry, asked: Asked, width: int) -> CurvesRead:
    """Read what is asked for, in as many columns as there are dots in this width."""
    if asked.observed is not None:
        names = registry.observed_metrics(asked.observed, whole=asked.is_whole)
    else:
        names = registry.curve_metrics(asked.refs) if asked.refs else registry.metrics_across(asked.model or "")
    if not names:
        return CurvesRead(asked, width, (), None)
    metric = asked.metric if asked.metric in names else names[0]
    columns = plot_columns(width)
    first, last = asked.part or (None, None)
    if asked.observed is not None:
        found = registry.observed_curve(
            asked.observed, metric, whole=asked.is_whole, columns=columns, first=first, last=last
        )
    elif asked.refs:
        found = registry.curves(asked.refs, metric, by=asked.axis, columns=columns, first=first, last=last)
    else:
        found = registry.metric_across(
            asked.model or "", metric, stage=asked.stage, by=asked.axis, columns=columns, first=first, last=last
        )
    return CurvesRead(asked, width, names, found)
