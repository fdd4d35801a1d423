"""Files, stages and findings: what is looked at beside the tree and the runs, read when it is first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.messages import Examined, FilesRead, StagesRead
from lineal_tui.screens.scene import read_live
from lineal_tui.screens.timeline import Timelines
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, rule
from lineal_tui.view.drawing.matching import in_line
from lineal_tui.view.drawing.pages import Listed
from lineal_tui.view.drawing.words import counted

if TYPE_CHECKING:
    from lineal.records.models import VersionDetail
    from lineal.staging import pipelines
    from lineal_tui.view.staging import stage_page
    from lineal_tui.view.staging import stages as stages_list
    from lineal_tui.view.staging.stages import StageItem
    from lineal_tui.view.versioning import files as files_page
else:
    # none of it is on the first screen; each module costs that some milliseconds
    pipelines = Later("lineal.staging.pipelines")
    files_page = Later("lineal_tui.view.versioning.files")
    stage_page = Later("lineal_tui.view.staging.stage_page")
    stages_list = Later("lineal_tui.view.staging.stages")

_ALL = 200
"""Cells in which a whole row fits, to look for words in it."""
_BETWEEN_EXAMINATIONS = 60.0
_BEFORE_THE_FIRST = 1.0
"""Seconds after the start, so that the first paint waits for nothing."""


class Exploring(Timelines):
    """The views that are not about the tree or the runs."""

    _files: tuple[VersionDetail, VersionDetail | None] | None = None
    _stages: list[StageItem] | None = None

    # when to read

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        for view, show in (
            (View.EXPERIMENTS, self.follow_experiments),
            (View.RUNS, self.follow_runs),
            (View.COLUMNS, self.follow_columns),
            (View.RUN, self.follow_run),
            (View.FILES, self._follow_files),
            (View.STAGES, self._follow_stages),
            (View.STAGE, self._show_stage),
            (View.FINDINGS, self.show_findings),
        ):
            if view in visible:
                show()

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
        self.redraw_page(View.FILES, anew=True)

    # stages

    def _follow_stages(self) -> None:
        scene = self.scene
        if scene is None or scene.model is None or not self._must_read(View.STAGES, has=self._stages is not None):
            return
        model, stages = scene.model.name, scene.stages

        def read() -> StagesRead:
            items = []
            for stage in reversed(stages):
                place = f"{model}@{stage}"
                state, alerts = self.registry.stage_state(place), tuple(self.registry.alerts(place))
                live = read_live(self.registry, model, stage)
                failure = pipelines.failure_of(state.pipeline) if state.pipeline is not None else None
                items.append(stages_list.StageItem(state, failure, live.since if live is not None else None, alerts))
            return StagesRead(model, tuple(items))

        self.work(read, "stages")

    def on_stages_read(self, message: StagesRead) -> None:
        """Show the stages and the page of the one under the cursor."""
        if message.model != self.model:
            return
        first = self._stages is None
        self._stages = list(message.items)
        self.show_stages()
        if first:
            self.panes[View.STAGES].lines.find(self.stage)
        self._show_stage()

    def show_stages(self) -> None:
        """Show the stages that were read, as far as the filter lets them through."""
        known, match = self._stages, self.matcher(View.STAGES)
        if known is None:
            return
        look = stages_list.stages_look(known, self.clock())
        items = [item for item in known if not match or in_line(match, stages_list.stage_line(item, look, _ALL))]
        pane = self.panes[View.STAGES]
        pane.draw_title = lambda width, active: stages_list.stages_title(self.model or "", width, active=active)
        pane.draw_heads = lambda width: stages_list.stages_head(look, width)

        def paint(item: StageItem, width: int) -> Line:
            return stages_list.stage_line(item, look, width)

        pane.lines.show(Listed(items, [item.state.stage for item in items]), paint)
        pane.redraw()

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

        def draw(width: int) -> list[Line]:
            room = max(20, width)
            lines = stage_page.stage(item.state, item.failure, self.clock(), room)[1:]
            return [*lines, *stage_page.watched(item.alerts, self.clock(), room)] if item.alerts else lines

        self.show_page(View.STAGE, draw)

    def address(self, stage: str | None = None) -> str:
        """The address of a stage: of the one under the cursor where stages or models are listed, else where one is."""
        if stage is None and self.active is View.MODELS:
            row = self.panes[View.MODELS].lines.current
            if isinstance(row, tuple):
                model, its_stage = row
                return f"{model.name}@{its_stage or model.stages[-1][0]}"
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
