"""Experiments and their runs as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.lazily import Later
from lineal.records.runs import RunDetail
from lineal_tui.keys import View
from lineal_tui.screens.messages import ExperimentsRead, RunsRead
from lineal_tui.screens.seeing import Seeing
from lineal_tui.view.lines import Line, Tone, rule
from lineal_tui.view.pages import Listed, Pages
from lineal_tui.view.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.keys import Table
    from lineal_tui.screens import runs as reading
    from lineal_tui.screens.runs import RunsSource
    from lineal_tui.view import runs as runs_list
    from lineal_tui.view.runs import ExperimentItem, RunsLook
else:
    # none of it is on the first screen; each module costs that some milliseconds
    reading = Later("lineal_tui.screens.runs")
    runs_list = Later("lineal_tui.view.runs")


class Tables(Seeing):
    """Experiments and runs."""

    experiment: str | None = None
    """The experiment whose runs are shown; None: of all."""
    best = False
    """Whether runs show the best values of their metrics; else the last."""
    _runs: RunsSource | None = None
    _experiments: list[ExperimentItem] | None = None

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__(registry, clock, table)
        self.marked_runs: dict[tuple[int, int], str] = {}
        """Marked runs: key in the list to address, in the order in which they were marked."""

    @property
    def run_detail(self) -> RunDetail | None:
        """The run under the cursor of the runs; None when there is none."""
        if View.RUNS not in self.panes:
            return None
        row = self.panes[View.RUNS].lines.current
        return row if isinstance(row, RunDetail) else None

    def follow_experiments(self) -> None:
        """Read the experiments, if they changed since."""
        if self._must_read(View.EXPERIMENTS, has=self._experiments is not None):
            self.work(lambda: ExperimentsRead(tuple(reading.read_experiments(self.registry))), "experiments")

    def on_experiments_read(self, message: ExperimentsRead) -> None:
        """Show the experiments."""
        first = self._experiments is None
        items = self._experiments = list(message.items)
        look = runs_list.experiments_look(items, self.clock())
        pane = self.panes[View.EXPERIMENTS]
        pane.draw_title = lambda width, active: rule(
            (("experiments", Tone.TITLE if active else Tone.STRONG),),
            ((counted(len(items) - 1, "experiment"), Tone.MUTED),) if width > 40 else (),
            width,
        )
        pane.draw_heads = lambda width: runs_list.experiments_head(look, width)

        def paint(item: ExperimentItem, width: int) -> Line:
            return runs_list.experiment_line(item, look, width)

        keys = [item.experiment.name if item.experiment is not None else None for item in items]
        pane.lines.show(Listed(items, keys), paint)
        if first:
            pane.lines.find(self.experiment)
        pane.redraw()

    def open_experiment(self) -> None:
        """Show the runs of the experiment under the cursor."""
        row = self.panes[View.EXPERIMENTS].lines.current
        if not isinstance(row, runs_list.ExperimentItem):
            return
        name = row.experiment.name if row.experiment is not None else None
        if name != self.experiment:
            self.experiment = name
            self.marked_runs.clear()
            self._runs = None
            self._asked -= {View.RUNS}
        self.give_screen_to(View.RUNS)
        self.call_after_refresh(self.follow_now)

    def follow_runs(self) -> None:
        """Read the runs, if they changed since."""
        if self._must_read(View.RUNS, has=self._runs is not None):
            experiment, now = self.experiment, self.clock()
            self.work(lambda: RunsRead(reading.read_runs(self.registry, experiment, now)), "runs")

    def on_runs_read(self, message: RunsRead) -> None:
        """Show the runs; the cursor stays on its run."""
        if message.source.experiment == self.experiment:
            self._runs = message.source
            self.show_runs()
            self.follow()

    def show_runs(self) -> None:
        """Show the runs that were read."""
        source = self._runs
        if source is None:
            return
        pane = self.panes[View.RUNS]
        if source.look.best is not self.best:
            source.look = _with_best(source.look, best=self.best)

        def wider() -> None:
            self.call_later(pane.lines.repaint)
            self.call_later(pane.redraw)

        def paint(detail: RunDetail, width: int) -> Line:
            return runs_list.run_line(detail, source.look, width)

        source.on_wider = wider
        pane.draw_title = lambda width, active: runs_list.runs_title(
            source.experiment, source.count(), width, best=self.best, active=active
        )
        pane.draw_heads = lambda width: runs_list.runs_head(source.look, width)
        pane.lines.show(Pages[RunDetail](source), paint)
        pane.lines.marks = frozenset(self.marked_runs)
        pane.redraw()

    def toggle_values(self) -> None:
        """Show the best values of the metrics, or their last ones."""
        self.best = not self.best
        self.show_runs()

    def count_marks(self, view: View) -> int:
        """How many rows are marked in a view."""
        exploring = view in (View.RUNS, View.RUN, View.EXPERIMENTS)
        return len(self.marked_runs) if exploring else super().count_marks(view)


def _with_best(look: RunsLook, *, best: bool) -> RunsLook:
    from dataclasses import replace  # noqa: PLC0415  only when somebody asks

    return replace(look, best=best)
