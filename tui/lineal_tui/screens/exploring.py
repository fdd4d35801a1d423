"""Experiments and runs, files, stages and findings: what is looked at beside the tree, read when it is first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.lazily import Later
from lineal.records.runs import RunDetail
from lineal_tui.keys import View
from lineal_tui.screens.messages import Examined, ExperimentsRead, FilesRead, RunRead, RunsRead, StagesRead
from lineal_tui.screens.previews import Previews
from lineal_tui.screens.scene import read_live
from lineal_tui.view.lines import Line, Tone, cut_middle, rule
from lineal_tui.view.pages import Listed, Pages
from lineal_tui.view.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal import pipelines
    from lineal.records.base import Micros
    from lineal.records.models import VersionDetail
    from lineal.registry import Registry
    from lineal_tui.keys import Table
    from lineal_tui.screens import runs as reading
    from lineal_tui.screens.runs import RunsSource
    from lineal_tui.view import files as files_page
    from lineal_tui.view import run as run_page
    from lineal_tui.view import runs as runs_list
    from lineal_tui.view import stage_page
    from lineal_tui.view import stages as stages_list
    from lineal_tui.view.runs import ExperimentItem, RunsLook
    from lineal_tui.view.stages import StageItem
else:
    # none of it is on the first screen; each module costs that some milliseconds
    pipelines = Later("lineal.pipelines")
    reading = Later("lineal_tui.screens.runs")
    files_page = Later("lineal_tui.view.files")
    run_page = Later("lineal_tui.view.run")
    runs_list = Later("lineal_tui.view.runs")
    stage_page = Later("lineal_tui.view.stage_page")
    stages_list = Later("lineal_tui.view.stages")

_BETWEEN_EXAMINATIONS = 60.0
_BEFORE_THE_FIRST = 1.0
"""Seconds after the start, so that the first paint waits for nothing."""


class Exploring(Previews):
    """The views that are not about the tree."""

    experiment: str | None = None
    """The experiment whose runs are shown; None: of all."""
    best = False
    """Whether runs show the best values of their metrics; else the last."""
    _runs: RunsSource | None = None
    _experiments: list[ExperimentItem] | None = None
    _files: tuple[VersionDetail, VersionDetail | None] | None = None
    _stages: list[StageItem] | None = None
    _run_read: RunRead | None = None
    _stale = frozenset[View]()
    """What was read before the registry changed."""
    _asked = frozenset[View]()
    """What is being read."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__(registry, clock, table)
        self.marked_runs: dict[tuple[int, int], str] = {}
        """Marked runs: key in the list to address, in the order in which they were marked."""

    # when to read

    def forget_previews(self) -> None:
        """Read everything again when it is next seen; what is on the screen stays until then."""
        super().forget_previews()
        self._asked = frozenset()
        self._stale = frozenset({View.EXPERIMENTS, View.RUNS, View.RUN, View.FILES, View.STAGES})

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        for view, show in (
            (View.EXPERIMENTS, self._follow_experiments),
            (View.RUNS, self._follow_runs),
            (View.RUN, self._follow_run),
            (View.FILES, self._follow_files),
            (View.STAGES, self._follow_stages),
            (View.STAGE, self._show_stage),
            (View.FINDINGS, self.show_findings),
        ):
            if view in visible:
                show()

    def follows(self, view: View) -> bool:
        """Whether other panes follow the cursor of this one."""
        return view in (View.TREE, View.RUNS, View.STAGES)

    def _is_fresh(self, view: View) -> bool:
        if view in self._stale:
            self._stale -= {view}
            return False
        return True

    def _must_read(self, view: View, *, has: bool) -> bool:
        """Whether a list has to be read: it is stale, or not there, and not on its way already."""
        if self._is_fresh(view) and (has or view in self._asked):
            return False
        self._asked |= {view}
        return True

    # experiments and runs

    @property
    def run_detail(self) -> RunDetail | None:
        """The run under the cursor of the runs; None when there is none."""
        if View.RUNS not in self.panes:
            return None
        row = self.panes[View.RUNS].lines.current
        return row if isinstance(row, RunDetail) else None

    def _follow_experiments(self) -> None:
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

    def _follow_runs(self) -> None:
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

    def _follow_run(self) -> None:
        detail = self.run_detail
        if detail is None:
            self.show_page(View.RUN, lambda _width: [(("no run yet", Tone.MUTED),)])
            return
        if self._is_fresh(View.RUN) and self._run_read is not None and self._run_read.detail.run.n == detail.run.n:
            self._show_run()
            return
        run = detail.run

        def read() -> RunRead:
            full = self.registry.run_detail(self.registry.run(run.id))
            return RunRead(full, reading.read_curves(self.registry, full))

        self.work(read, "run")

    def on_run_read(self, message: RunRead) -> None:
        """Show a run, unless the cursor has gone on."""
        self._run_read = message
        if self.run_detail is not None and self.run_detail.run.n == message.detail.run.n:
            self._show_run()

    def _show_run(self) -> None:
        found = self._run_read
        if found is None:
            return
        pane = self.panes[View.RUN]
        run = found.detail.run
        pane.draw_title = lambda width, active: rule(
            ((cut_middle(run.name, max(8, width - 30)), Tone.TITLE if active else Tone.STRONG),),
            ((runs_list.run_ref(run), Tone.MUTED),),
            width,
        )
        self.show_page(View.RUN, lambda width: run_page.run_lines(found.detail, found.curves, self.clock(), width))

    def count_marks(self, view: View) -> int:
        """How many rows are marked in a view."""
        exploring = view in (View.RUNS, View.RUN, View.EXPERIMENTS)
        return len(self.marked_runs) if exploring else super().count_marks(view)

    # files

    def _follow_files(self) -> None:
        version = self.version
        if version is None:
            return
        if self._is_fresh(View.FILES) and self._files is not None and self._files[0].version.id == version.id:
            self._show_files()
            return
        live = self.scene.live.version if self.scene is not None and self.scene.live is not None else None

        def read() -> FilesRead:
            against = self.registry.detail(live) if live is not None and live.id != version.id else None
            return FilesRead(self.registry.detail(version), against)

        self.work(read, "files")

    def on_files_read(self, message: FilesRead) -> None:
        """Show files, unless the cursor has gone on."""
        self._files = (message.detail, message.against)
        if self.version is not None and self.version.id == message.detail.version.id:
            self._show_files()

    def _show_files(self) -> None:
        if self._files is None:
            return
        detail, against = self._files
        pane = self.panes[View.FILES]
        pane.draw_title = lambda width, active: files_page.files_title(detail, against, width, active=active)
        self.show_page(View.FILES, lambda width: files_page.files_lines(detail, against, width))

    # stages

    def _follow_stages(self) -> None:
        scene = self.scene
        if scene is None or scene.model is None or not self._must_read(View.STAGES, has=self._stages is not None):
            return
        model, stages = scene.model.name, scene.stages

        def read() -> StagesRead:
            items = []
            for stage in reversed(stages):
                state = self.registry.stage_state(f"{model}@{stage}")
                live = read_live(self.registry, model, stage)
                failure = pipelines.failure_of(state.pipeline) if state.pipeline is not None else None
                items.append(stages_list.StageItem(state, failure, live.since if live is not None else None))
            return StagesRead(model, tuple(items))

        self.work(read, "stages")

    def on_stages_read(self, message: StagesRead) -> None:
        """Show the stages and the page of the one under the cursor."""
        if message.model != self.model:
            return
        first = self._stages is None
        items = self._stages = list(message.items)
        look = stages_list.stages_look(items, self.clock())
        pane = self.panes[View.STAGES]
        pane.draw_title = lambda width, active: stages_list.stages_title(self.model or "", width, active=active)
        pane.draw_heads = lambda width: stages_list.stages_head(look, width)

        def paint(item: StageItem, width: int) -> Line:
            return stages_list.stage_line(item, look, width)

        pane.lines.show(Listed(items, [item.state.stage for item in items]), paint)
        if first:
            pane.lines.find(self.stage)
        pane.redraw()
        self._show_stage()

    def _show_stage(self) -> None:
        row = self.panes[View.STAGES].lines.current if View.STAGES in self.panes else None
        if not isinstance(row, stages_list.StageItem):
            return
        item = row
        pane = self.panes[View.STAGE]
        name = f"{item.state.model}@{item.state.stage}"
        pane.draw_title = lambda width, active: rule(
            ((cut_middle(name, max(8, width - 8)), Tone.TITLE if active else Tone.STRONG),), (), width
        )
        self.show_page(
            View.STAGE, lambda width: stage_page.stage(item.state, item.failure, self.clock(), max(20, width))[1:]
        )

    def address(self, stage: str | None = None) -> str:
        """The address of a stage: of the one under the cursor where stages are listed, else of the one looked at."""
        if stage is None and self.active in (View.STAGES, View.STAGE) and View.STAGES in self.panes:
            row = self.panes[View.STAGES].lines.current
            if isinstance(row, stages_list.StageItem):
                return f"{row.state.model}@{row.state.stage}"
        return super().address(stage)

    # findings

    def examine_now_and_then(self) -> None:
        """Compare the registry with the disk soon, and every minute from then on."""
        self.set_timer(_BEFORE_THE_FIRST, self.examine)
        self.set_interval(_BETWEEN_EXAMINATIONS, self.examine)

    def examine(self) -> None:
        """Compare the registry with the disk."""
        self.work(lambda: Examined(tuple(self.registry.examine())), "examination")

    def on_examined(self, message: Examined) -> None:
        """Show a red mark when something does not agree."""
        found = tuple(finding for finding in message.findings if finding.kind != "pipeline_running")
        if found != self.findings:
            self.findings = found
            self.draw_header()
        if View.FINDINGS in self.visible_panes():
            self.show_findings()

    def show_findings(self) -> None:
        """Draw what was found."""
        pane = self.panes[View.FINDINGS]
        found = self.findings
        pane.draw_title = lambda width, active: rule(
            (("registry against disk", Tone.TITLE if active else Tone.STRONG),),
            ((counted(len(found), "finding"), Tone.FAILED if found else Tone.MUTED),),
            width,
        )
        self.show_page(View.FINDINGS, lambda width: stages_list.findings_lines(found, width))


def _with_best(look: RunsLook, *, best: bool) -> RunsLook:
    from dataclasses import replace  # noqa: PLC0415  only when somebody asks

    return replace(look, best=best)
