"""Who was live at the stage when, and how good that was: read when the history is first seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.curves import Drawing
from lineal_tui.view.staging.history import Timeline, timeline_lines

if TYPE_CHECKING:
    from lineal.registry import Registry
    from lineal_tui.screens.asked_curves import Asked
    from lineal_tui.view.drawing.lines import Line
    from lineal_tui.view.staging import observations
    from lineal_tui.view.staging.observations import Watched
else:
    observations = Later("lineal_tui.view.staging.observations")  # the first paint does without

_ROOM = 12
"""Rows of a pane from which on the timeline stands above the list; with less the list needs them all."""


@dataclass
class TimelineRead(Message):
    """The spells of a stage were read."""

    timeline: Timeline
    watched: Watched


def read_timeline(registry: Registry, model: str, stage: str, metric: str | None) -> Timeline:
    """Read which version was live when, and their values of a metric."""
    spells = registry.spans(model, stage)
    versions = registry.versions_by_id(list({spell.version for spell in spells}))
    values = registry.values(versions, metric) if metric is not None else {}
    return Timeline(model, stage, spells, metric, values)


def read_watched(registry: Registry, model: str, stage: str) -> Watched:
    """Read what was observed of what is live at a stage, and how its alerts are."""
    place = f"{model}@{stage}"
    series = tuple(registry.observed_at(place))
    return observations.Watched(
        series, {each.id: registry.observed_latest(each) for each in series}, tuple(registry.alerts(place))
    )


class Timelines(Drawing):
    """The timeline of the history."""

    _timeline: Timeline | None = None
    _watched: Watched | None = None
    _timeline_stale = True

    @property
    def timeline(self) -> Timeline | None:
        """That of the stage that is looked at; None before it was read."""
        found = self._timeline
        return found if found is not None and (found.model, found.stage) == (self.model, self.stage) else None

    def forget_previews(self) -> None:
        """Read everything again when it is next seen; what is on the screen stays until then."""
        super().forget_previews()
        self._timeline_stale = True

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        scene = self.scene
        if scene is None or scene.model is None or View.HISTORY not in self.visible_panes():
            return
        if self._timeline_stale or self.timeline is None:
            self._timeline_stale = False
            registry, model, stage, metric = self.registry, scene.model.name, scene.stage, scene.model.primary_metric

            def read() -> TimelineRead:
                return TimelineRead(read_timeline(registry, model, stage, metric), read_watched(registry, model, stage))

            self.work(read, "timeline")

    def on_timeline_read(self, message: TimelineRead) -> None:
        """Show the timeline above the history, and the metric beside its entries."""
        self._timeline, self._watched = message.timeline, message.watched
        if self.timeline is not None and View.HISTORY in self.panes:
            self.furnish(View.HISTORY)

    def _asked_here(self) -> Asked | None:
        if self.active is View.HISTORY and self._watched is not None and self._watched.series:
            return self._of_stage(self.address())
        return super()._asked_here()

    def draw_timeline(self, width: int, height: int) -> tuple[Line, ...]:
        """What stands above the history."""
        found, watched = self.timeline, self._watched
        if found is None or height < _ROOM:
            return ()
        lines = timeline_lines(found, self.clock(), width)
        if watched is not None and lines:
            lines += observations.watched_lines(watched, self.clock(), width, max(1, height // 4))
        return lines
