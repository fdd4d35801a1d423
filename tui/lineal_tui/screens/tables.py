"""Experiments and their runs as tables: which rows they show, in which order, in which columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from lineal.errors import BadFilter, Cancelled, NotFound
from lineal.machine.lazily import Later
from lineal.records.runs import RunDetail
from lineal_tui.places import View
from lineal_tui.screens.messages import ExperimentGone, ExperimentsRead, FilterWrong, RunsRead
from lineal_tui.screens.seeing import Seeing
from lineal_tui.view.drawing.lines import Line, Tone, cut, rule
from lineal_tui.view.drawing.matching import in_experiment
from lineal_tui.view.drawing.pages import Listed, Pages
from lineal_tui.view.drawing.words import counted, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message

    from lineal.records.base import Micros
    from lineal.registry import Registry
    from lineal_tui.keys import Table
    from lineal_tui.screens import run_orders as orders
    from lineal_tui.screens import runs as reading
    from lineal_tui.screens.runs import RunsSource
    from lineal_tui.view.drawing import folding
    from lineal_tui.view.drawing.folding import Unfolded
    from lineal_tui.view.training import run_columns as columns
    from lineal_tui.view.training import runs as runs_list
    from lineal_tui.view.training.run_columns import Chosen, RunsLook, TableState
    from lineal_tui.view.training.runs import ExperimentItem, Fold
else:
    # none of it is on the first screen; each module costs that some milliseconds
    orders = Later("lineal_tui.screens.run_orders")
    reading = Later("lineal_tui.screens.runs")
    columns = Later("lineal_tui.view.training.run_columns")
    folding = Later("lineal_tui.view.drawing.folding")
    runs_list = Later("lineal_tui.view.training.runs")

_MOST_UNFOLDED = 50


class Tables(Seeing):
    """Experiments and runs."""

    experiment: str | None = None
    """The experiment whose runs are shown; None: of all."""
    best = False
    """Whether runs show the best values of their metrics; else the last."""
    differing: tuple[Chosen, ...] | None = None
    """The columns in which the marked runs differ, while only these are shown."""
    _runs: RunsSource | None = None
    _rows: Unfolded[RunDetail] | None = None
    _experiments: list[ExperimentItem] | None = None
    _total = 0
    _turn = 0
    """Tells the last reading of runs from those before it."""
    _to_top = False
    """Whether the cursor goes to the first run when the runs are read: they are in another order now."""

    def __init__(self, registry: Registry, clock: Callable[[], Micros], table: Table | None = None) -> None:
        """Look at a registry; ages are counted from what `clock` says, and keys are bound as in `table`."""
        super().__init__(registry, clock, table)
        self.marked_runs: dict[tuple[int, int], str] = {}
        """Marked runs: key in the list to address, in the order in which they were marked."""
        self.tables: dict[str | None, TableState] = {}
        """How the table of each experiment is wanted; None: of all."""
        self._unfolded: dict[tuple[int, int], RunDetail] = {}
        """Runs whose nested ones are shown."""
        self._nested: dict[int, int] = {}
        """Of the runs that are shown under others, by row number: under how many."""

    # experiments

    def follow_experiments(self) -> None:
        """Read the experiments, if they changed since."""
        if self._must_read(View.EXPERIMENTS, has=self._experiments is not None):
            self.work(lambda: ExperimentsRead(tuple(reading.read_experiments(self.registry))), "experiments")

    def on_experiments_read(self, message: ExperimentsRead) -> None:
        """Show the experiments."""
        first = self._experiments is None
        self._experiments = list(message.items)
        self.show_experiments()
        if first:
            self.panes[View.EXPERIMENTS].lines.find(self.experiment)

    def show_experiments(self) -> None:
        """Show the experiments that were read, as far as the filter lets them through."""
        known = self._experiments
        if known is None:
            return
        match = self.matcher(View.EXPERIMENTS)
        items = [each for each in known if not match or (each.experiment and in_experiment(match, each.experiment))]
        look = runs_list.experiments_look(items, self.clock())
        pane = self.panes[View.EXPERIMENTS]
        found = f"{number(len(items))} of " if match else ""
        pane.draw_title = lambda width, active: rule(
            (("experiments", Tone.TITLE if active else Tone.STRONG),),
            ((found + counted(len(known) - 1, "experiment"), Tone.MUTED),) if width > 40 else (),
            width,
        )
        pane.draw_heads = lambda width: runs_list.experiments_head(look, width)

        def paint(item: ExperimentItem, width: int) -> Line:
            return runs_list.experiment_line(item, look, width)

        keys = [item.experiment.name if item.experiment is not None else None for item in items]
        pane.lines.show(Listed(items, keys), paint)
        pane.redraw()

    def open_experiment(self) -> None:
        """Show the runs of the experiment under the cursor."""
        row = self.panes[View.EXPERIMENTS].lines.current
        if not isinstance(row, runs_list.ExperimentItem):
            return
        self.look_into(row.experiment.name if row.experiment is not None else None)
        self.give_screen_to(View.RUNS)
        self.call_after_refresh(self.follow_now)

    def look_into(self, experiment: str | None) -> None:
        """Show the runs of another experiment when runs are shown."""
        if experiment != self.experiment:
            self.experiment = experiment
            self.marked_runs.clear()
            self._unfolded.clear()
            self.differing = None
            self._runs = self._rows = None
            self._asked -= {View.RUNS}

    # runs

    @property
    def run_detail(self) -> RunDetail | None:
        """The run under the cursor of the runs, with what is shown of it; None when there is none."""
        if View.RUNS not in self.panes:
            return None
        row = self.panes[View.RUNS].lines.current
        return row if isinstance(row, RunDetail) else None

    @property
    def table_state(self) -> TableState:
        """How the table that is shown is wanted."""
        return self.tables.get(self.experiment) or columns.TableState()

    def runs_filter(self) -> str | None:
        """The filter of the runs, in the search language; None: all."""
        return self.filters.get(View.RUNS)

    def follow_runs(self) -> None:
        """Read the runs, if they changed since."""
        if self._must_read(View.RUNS, has=self._runs is not None):
            self.read_runs()

    def read_runs(self, *, to_top: bool = False) -> None:
        """Read the runs in the order and through the filter that are wanted; the cursor stays, or goes to the top."""
        state = self.table_state
        sorting = state.sorting
        sort = orders.order_of(sorting) if sorting is not None and orders.is_sortable(sorting.column) else None
        detail = None if to_top else self.run_detail
        wish = reading.Wish(
            orders.Asked(self.experiment, self.runs_filter(), sort),
            state,
            self.differing,
            self.best,
            self.clock(),
            self._runs.look.columns if self._runs is not None and not self._runs.look.fixed else None,
            (orders.key_of(detail.run), detail.run.id) if detail is not None else None,
        )
        self._turn += 1
        self._to_top = to_top
        if View.RUNS in self.panes:
            self.panes[View.RUNS].lines.is_whole = False
        turn, registry = self._turn, self.registry

        def read() -> Message:
            worker = get_current_worker()

            def first(source: RunsSource) -> None:
                self.post_message(RunsRead(turn, source, None, is_whole=False))

            try:
                found = reading.read_runs(registry, wish, stopped=lambda: worker.is_cancelled, first=first)
                return RunsRead(turn, found, registry.run_count(wish.asked.experiment))
            except NotFound:
                return ExperimentGone(str(wish.asked.experiment))
            except Cancelled:
                return RunsRead(-1, None, None)
            except BadFilter as error:
                return FilterWrong(View.RUNS, wish.asked.where or "", error)

        self.work(read, "runs")

    def on_experiment_gone(self, message: ExperimentGone) -> None:
        """Show all runs where those of one experiment were to be."""
        if message.name == self.experiment:
            self.look_into(None)
            self.say(f"there is no experiment {cut(message.name, 40)} any more; these are all runs", tone=Tone.CHANGED)
            self.follow_now()

    def on_runs_read(self, message: RunsRead) -> None:
        """Show the runs; the cursor stays on its run."""
        if message.turn != self._turn or message.source is None:
            return
        before = self._runs.look if self._runs is not None else None
        self._runs = message.source
        self._total = message.total if message.total is not None else max(self._total, message.source.count())
        look = message.source.look
        if before is not None and before.cursor and before.columns == look.columns:
            message.source.look = replace(look, cursor=before.cursor, first=before.first)
        lines = self.panes[View.RUNS].lines
        lines.is_whole = message.is_whole
        self.show_runs()
        if self._to_top and not lines.goes_to_end:
            lines.move_to(0)
        self._to_top = False
        self.runs_shown(message.source.count(), is_whole=message.is_whole)
        self.follow()

    def runs_shown(self, count: int, *, is_whole: bool) -> None:
        """Runs are on the screen; `is_whole`: all there are."""

    def show_runs(self) -> None:
        """Show the runs that were read."""
        source = self._runs
        if source is None:
            return
        pane = self.panes[View.RUNS]

        source.on_wider = pane.rows_changed
        rows = self._rows = folding.Unfolded(Pages[RunDetail](source), source.key)
        if source.folds:
            self._unfold_again(source, rows)

        def title(width: int, active: bool) -> Line:
            words = runs_list.RunsTitle(
                self.experiment,
                self._total,
                source.count() if self.runs_filter() is not None else None,
                len(self.marked_runs) if self.differing is not None else None,
            )
            return runs_list.runs_title(words, source.look, width, active=active)

        pane.older = "more" if source.look.sorting is not None else "older"
        pane.draw_title = title
        pane.draw_heads = lambda width: columns.heads(source.look, width)
        pane.lines.show(rows, self._paint)
        pane.lines.marks = frozenset(self.marked_runs)
        pane.redraw()

    def _paint(self, detail: RunDetail, width: int) -> Line:
        source = self._runs
        return () if source is None else runs_list.run_line(detail, source.look, width, self._fold_of(source, detail))

    def toggle_values(self) -> None:
        """Show the best values of the metrics, or their last ones."""
        self.best = not self.best
        self._relook(lambda look: replace(look, best=self.best))

    def _relook(self, change: Callable[[RunsLook], RunsLook]) -> None:
        source = self._runs
        if source is not None:
            source.look = change(source.look)
            pane = self.panes[View.RUNS]
            pane.lines.repaint()
            pane.redraw()

    def count_marks(self, view: View) -> int:
        """How many rows are marked in a view."""
        exploring = view in (View.RUNS, View.RUN, View.EXPERIMENTS, View.COLUMNS)
        return len(self.marked_runs) if exploring else super().count_marks(view)

    # nested runs

    def _fold_of(self, source: RunsSource, detail: RunDetail) -> Fold:
        if not source.folds:
            return runs_list.FLAT
        run = detail.run
        return runs_list.Fold(
            source.inner.get(run.n, 0),
            is_open=orders.key_of(run) in self._unfolded,
            depth=self._nested.get(run.n, 0),
        )

    def _unfold_again(self, source: RunsSource, rows: Unfolded[RunDetail]) -> None:
        self._nested.clear()
        for key, detail in list(self._unfolded.items()):  # what others are below was unfolded before them
            line = rows.position(key)
            if line is not None:
                self._put_below(source, rows, line, detail)

    def _put_below(self, source: RunsSource, rows: Unfolded[RunDetail], line: int, detail: RunDetail) -> None:
        depth = rows.depth(line) + 1
        inner = source.nested(detail, depth)
        self._nested.update((each.run.n, depth) for each in inner)
        rows.unfold(line, inner)

    def _unfold_run(self, detail: RunDetail) -> bool:
        """Show what folds under a run; False when nothing does, or it is shown already."""
        source, rows = self._runs, self._rows
        key = orders.key_of(detail.run)
        if source is None or rows is None or not source.inner.get(detail.run.n) or key in self._unfolded:
            return False
        if len(self._unfolded) >= _MOST_UNFOLDED:
            self.say(f"{_MOST_UNFOLDED} runs are unfolded; h folds one", tone=Tone.MUTED)
            return True
        self._unfolded[key] = detail
        self._put_below(source, rows, self.panes[View.RUNS].lines.cursor, detail)
        self._show_again(rows)
        return True

    def _fold_up(self, detail: RunDetail) -> bool:
        """Fold what is shown under a run, or go to what it is shown under; False when there is neither."""
        rows = self._rows
        lines = self.panes[View.RUNS].lines
        if rows is None or (self._runs is not None and not self._runs.folds):
            return False
        line = lines.cursor
        if self._unfolded.pop(orders.key_of(detail.run), None) is not None:
            for each in rows.fold(line):
                self._unfolded.pop(orders.key_of(each.run), None)
                self._nested.pop(each.run.n, None)
            self._show_again(rows)
            return True
        parent = rows.parent(line)
        if parent is not None:
            lines.move_to(parent)
        return parent is not None

    def _show_again(self, rows: Unfolded[RunDetail]) -> None:
        pane = self.panes[View.RUNS]
        pane.lines.show(rows, self._paint)
        pane.redraw()
