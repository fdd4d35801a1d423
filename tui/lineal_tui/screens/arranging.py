"""Arranging a table of runs: which column keys are about, how wide each is, what it is sorted by, what differs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.messages import Differing
from lineal_tui.screens.tables import Tables
from lineal_tui.view.drawing.lines import GUTTER, Tone, cut

if TYPE_CHECKING:
    from lineal_tui.screens import run_orders as orders
    from lineal_tui.screens import runs as reading
    from lineal_tui.view.training import run_columns as columns
    from lineal_tui.view.training.run_columns import Chosen, TableState
else:
    # none of it is on the first screen; each module costs that some milliseconds
    orders = Later("lineal_tui.screens.run_orders")
    reading = Later("lineal_tui.screens.runs")
    columns = Later("lineal_tui.view.training.run_columns")

_MOST_HELD = 200
"""Marked runs of which it is looked up in what they differ."""


class Arranging(Tables):
    """Columns of runs."""

    def move_column(self, direction: int) -> None:
        """Go to the next column; from the names, first unfold or fold what is under the cursor."""
        source, detail = self._runs, self.run_detail
        if source is None:
            return
        if not source.look.cursor and detail is not None:
            if direction > 0 and self._unfold_run(detail):
                return
            if direction < 0:
                self._fold_up(detail)
                return
        pane = self.panes[View.RUNS]
        before, width = source.look, pane.lines.size.width - GUTTER
        source.look = columns.moved(before, direction, width)
        if columns.laid_out(before, width) != columns.laid_out(source.look, width):
            pane.lines.repaint()
        pane.redraw()

    @property
    def run_column(self) -> str:
        """The column that keys are about."""
        look = self._runs.look if self._runs is not None else None
        return "name" if look is None or not look.cursor else look.columns[look.cursor - 1].id

    def sort_runs(self) -> None:
        """Sort by the column of the cursor; again, the other way round."""
        self.sort_by(self.run_column)

    def sort_by(self, column: str) -> None:
        """Sort the runs by a column, first the way that is asked for most; if they are already, the other way round."""
        state = self.table_state
        sorting = columns.next_sorting(state.sorting, column)
        if sorting is not None and not orders.is_sortable(column):
            self.say("its name has every sort of quotes; it cannot be sorted by", tone=Tone.CHANGED)
            return
        self.keep_table(replace(state, sorting=sorting))
        self.read_runs(to_top=True)
        how = "latest first" if sorting is None else "downwards" if sorting.descending else "upwards"
        self.say(f"sorted by {cut(columns.title_of(column), 40)}, {how}", tone=Tone.MUTED)

    def keep_table(self, state: TableState) -> None:
        """Keep how the table that is shown is wanted."""
        self.tables[self.experiment] = state

    def show_columns(self, wanted: tuple[Chosen, ...] | None) -> None:
        """Show other columns; None: those that the runs suggest."""
        self.keep_table(replace(self.table_state, columns=wanted))
        source = self._runs
        if source is None or wanted is None:
            self.read_runs()
            return
        column = self.run_column
        reading.with_columns(source, wanted)
        self.show_runs()
        self.stand_on(column)

    def stand_on(self, column: str) -> None:
        """Put the cursor on a column, if it is shown."""
        source = self._runs
        if source is None:
            return
        pane = self.panes[View.RUNS]
        places = [each.id for each in source.look.columns]
        cursor = places.index(column) + 1 if column in places else 0
        source.look = columns.in_sight(replace(source.look, cursor=cursor), pane.lines.size.width - GUTTER)
        pane.lines.repaint()
        pane.redraw()

    def widen(self, by: int, column: str | None = None) -> None:
        """Give a column more cells, or fewer."""
        source = self._runs
        if source is None:
            return
        state, column = self.table_state, column or self.run_column
        if column == "name":
            width = max(columns.NARROWEST, min(columns.WIDEST, (source.look.named or source.look.name_width) + by))
            self.keep_table(replace(state, name_width=width))
            self._relook(lambda look: replace(look, named=width))
            return
        wanted = columns.widened(source.look, column, by)
        if self.differing is None:
            self.keep_table(replace(state, columns=wanted))
        self._relook(lambda look: replace(look, columns=wanted, fixed=True))
        self.stand_on(column)

    # what differs

    def toggle_differing(self) -> None:
        """Show only the columns in which the marked runs differ, or all again."""
        if self.differing is not None:
            self.differing = None
            self.read_runs()
            return
        refs = list(self.marked_runs.values())
        if len(refs) < 2:
            self.say("mark two runs or more with space, then = shows in what they differ", tone=Tone.CHANGED)
            return
        registry = self.registry

        def compare() -> Differing:
            found = registry.run_figures([registry.run(ref) for ref in refs[:_MOST_HELD]])
            return Differing(columns.differing_columns(found))

        self.work(compare, "differing")

    def on_differing(self, message: Differing) -> None:
        """Show the columns in which marked runs differ."""
        if not message.columns:
            self.say("the marked runs differ in no param, metric or tag", tone=Tone.MUTED)
            return
        self.differing = message.columns
        self.read_runs()
