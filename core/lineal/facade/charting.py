"""Metrics as curves, and who was live when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.facade.upkeep import Upkeep
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros
    from lineal.records.curves import Curves, Span
    from lineal.records.stages import LiveVersion
    from lineal.staging import histories
    from lineal.training import curves as drawing
else:
    drawing = Later("lineal.training.curves")
    histories = Later("lineal.staging.histories")

_COLUMNS = 1000


class Charting(Upkeep):
    """Curves over each other, and stages over time."""

    def curves(
        self,
        refs: Sequence[str],
        metric: str,
        *,
        by: str = "step",
        columns: int = _COLUMNS,
        first: float | None = None,
        last: float | None = None,
    ) -> Curves:
        """One metric of several runs over each other, summed up in columns, however long the histories are.

        Every point counts in one dot, so that least and greatest values, NaN and infinities are never lost; a dot is
        where its points are to within a column.

        Args:
            refs: addresses of runs, and of versions, which stand for the runs that produced them.
            metric: its name.
            by: `step`, `time` (microseconds since each run's start), `clock` (microseconds since 1970), or `epoch` (by
                the metric of that name).
            columns: the most dots of a curve.
            first: where on that axis to begin; None for the first point.
            last: where to end; None for the last point.

        Raises:
            NotFound, BadAddress: an address names nothing, or neither a run nor a version.
            BadValue: there is no such axis, or nothing between the ends.
        """
        axis = drawing.axis_named(by)
        return drawing.curves(self._context, refs, metric, axis=axis, columns=columns, first=first, last=last)

    def curve_metrics(self, refs: Sequence[str]) -> tuple[str, ...]:
        """The metrics of runs and of versions' runs: those that most of them have first."""
        return drawing.metrics_of(self._context, refs)

    def metric_across(
        self,
        model: str,
        metric: str,
        *,
        stage: str | None = None,
        by: str = "version",
        columns: int = _COLUMNS,
        first: float | None = None,
        last: float | None = None,
    ) -> Curves:
        """One metric across all versions of a model, with the spells in which versions were live at a stage.

        Args:
            model: its name.
            metric: its name.
            stage: None for the model's last one.
            by: `version` (the sequence number) or `clock` (when they were registered, in microseconds since 1970).
            columns: the most dots.
            first: where on that axis to begin; None for the first version.
            last: where to end; None for the last version, and by the clock for now.

        Raises:
            NotFound: there is no such model or stage.
            BadValue: there is no such axis, or nothing between the ends.
        """
        axis = drawing.axis_named(by)
        return drawing.across(
            self._context, model, metric, stage=stage, axis=axis, columns=columns, first=first, last=last
        )

    def metrics_across(self, model: str) -> tuple[str, ...]:
        """The metrics of a model's versions: its primary one first, then those that most of them have."""
        return drawing.metrics_across(self._context, model)

    def spans(self, model: str, stage: str) -> tuple[Span, ...]:
        """Which version was live at a stage when: spells without overlap, oldest first, those reverted included."""
        return drawing.spans_of(self._context, model, stage)

    def live_at(self, model: str, at: Micros) -> list[tuple[str, LiveVersion | None]]:
        """(stage, what was live there at a time) of a model's stages in order; None where nothing was."""
        return histories.everywhere_at(self._context, model, at)
