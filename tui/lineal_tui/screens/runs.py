"""Runs of any number as a list reads them: by pages, from their neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.base import Micros
from lineal_tui.view.pages import PAGE
from lineal_tui.view.runs import ExperimentItem, runs_look, runs_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.runs import Point, Run, RunDetail
    from lineal.registry import Registry
    from lineal_tui.view.runs import RunsLook

_CURVES = 12
_POINTS = 400
"""Newest points of a metric that make its curve."""


class RunsSource:
    """The runs of an experiment, or of all, latest first, with their params and metrics."""

    def __init__(self, registry: Registry, experiment: str | None, count: int, look: RunsLook) -> None:
        """Fetch runs when they are asked for."""
        self._registry = registry
        self.experiment = experiment
        """None: of all experiments."""
        self._count = count
        self.look = look
        self.on_wider: Callable[[], None] | None = None
        """Called when rows came that need wider columns."""

    def count(self) -> int:
        """How many runs there are."""
        return self._count

    def key(self, row: RunDetail) -> Hashable:
        """Its start and row number, which also tell its place."""
        return _key(row.run)

    def position(self, key: Hashable) -> int | None:
        """Where a run is."""
        match key:
            case (int(at), int(n)):
                return self._registry.runs_later((Micros(at), n), self.experiment)
            case _:
                return None

    def following(self, row: RunDetail | None, limit: int, skip: int = 0) -> Sequence[RunDetail]:
        """The runs before `row`."""
        before = None if row is None else _key(row.run)
        return self._told(self._registry.runs_page(self.experiment, before=before, limit=limit, skip=skip))

    def preceding(self, row: RunDetail | None, limit: int) -> Sequence[RunDetail]:
        """The runs after `row`."""
        after = (Micros(-1), -1) if row is None else _key(row.run)
        return self._told(self._registry.runs_page(self.experiment, after=after, limit=limit))

    def _told(self, runs: Sequence[Run]) -> list[RunDetail]:
        details = self._registry.run_figures(runs)
        look = runs_measured(self.look, details)
        if look != self.look:
            self.look = look
            if self.on_wider is not None:
                self.on_wider()
        return details


def _key(run: Run) -> tuple[Micros, int]:
    return (run.started_at, run.n)


def read_runs(registry: Registry, experiment: str | None, now: Micros) -> RunsSource:
    """Count the runs of an experiment, or of all, and choose the columns by the latest."""
    count = registry.run_count(experiment)
    first = registry.run_figures(registry.runs_page(experiment, limit=min(PAGE, 64)))
    return RunsSource(registry, experiment, count, runs_look(first, now, several=experiment is None))


def read_experiments(registry: Registry) -> list[ExperimentItem]:
    """Every experiment, below all of them together."""
    found = registry.experiments()
    return [
        ExperimentItem(None, sum(each.runs for each in found)),
        *(ExperimentItem(each, each.runs) for each in found),
    ]


def read_curves(registry: Registry, detail: RunDetail) -> dict[str, list[Point]]:
    """The newest points of a run's first metrics that have several, by name."""
    return {
        series.name: registry.points(detail.run, series.name, limit=_POINTS)
        for series in detail.metrics[:_CURVES]
        if series.count > 1
    }
