"""What a person arranged is there again at the next start: view, filters, cursors, marks, and tables of runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.remembered import Key, Place, Table
from lineal_tui.screens.copying import Copying

if TYPE_CHECKING:
    from lineal_tui.view.training import run_columns as columns
    from lineal_tui.view.training.run_columns import TableState
else:
    # the first screen has no runs
    columns = Later("lineal_tui.view.training.run_columns")

_OPENED = {
    View.MODELS: View.MODELS,
    View.LINEAGE: View.LINEAGE,
    View.HISTORY: View.HISTORY,
    View.EXPERIMENTS: View.EXPERIMENTS,
    View.RUNS: View.RUNS,
    View.COLUMNS: View.RUNS,
    View.RUN: View.RUNS,
    View.STAGES: View.STAGES,
    View.STAGE: View.STAGES,
    View.ALERTS: View.ALERTS,
    View.ALERT: View.ALERTS,
    View.AUTOMATIONS: View.AUTOMATIONS,
    View.DELIVERIES: View.AUTOMATIONS,
    View.DELIVERY: View.AUTOMATIONS,
}
"""Where one opens again after having left in a view; in the tree after any other."""
_WITH_CURSOR = (
    *(View.MODELS, View.TREE, View.HISTORY, View.EXPERIMENTS, View.RUNS, View.STAGES, View.ALERTS, View.AUTOMATIONS),
)
_NO_FILTER = (View.HELP, View.COLUMNS)


class Remembering(Copying):
    """From the last time to this one."""

    left_from: View | None = None
    """The view in which one began to step out, and so was last; None: one did something else since."""
    _kept_tables: tuple[tuple[str | None, Table], ...] = ()
    """Tables of runs as they were, until one of them is looked at."""

    def restore(self, place: Place) -> None:
        """Arrange everything as it was."""
        super().restore(place)
        known = {view.value: view for view in View}
        self.filters.update((known[view], text) for view, text in place.filters if view in known and text.strip())
        self.expected.update((known[view], key) for view, key in place.cursors if view in known and key is not None)
        self.is_arranged = View.TREE in self.expected
        self.marks.update((model, dict(marks)) for model, marks in place.marks)
        self.marked_runs.update(((at, row), ref) for at, row, ref in place.marked_runs)
        self.experiment, self.best = place.experiment, place.best
        self._kept_tables = place.tables
        for view, pane in self.panes.items():
            pane.filter = self.filters.get(view)
            if view in self.expected:
                pane.lines.expect(self.expected.pop(view))
        if place.view in known and known[place.view] in _OPENED:
            self.shown = self.active = known[place.view]

    def step_back(self) -> bool:
        """Go out by one layer; False at the root."""
        self.left_from = self.left_from or self.shown
        return super().step_back()

    @property
    def place(self) -> Place:
        """Where one is, and how it is arranged."""
        cursors: dict[View, Key] = {view: _key(key) for view, key in self.expected.items()}
        cursors |= {view: _key(self.panes[view].lines.key) for view in _WITH_CURSOR if view in self.panes}
        live = self.scene.live if self.scene is not None else None
        if live is not None and cursors.get(View.TREE) == live.version.id:
            del cursors[View.TREE]  # the next start is on what is live then
        tables = dict(self._kept_tables) | {name: _plain(state) for name, state in self.tables.items()}
        return replace(
            super().place,
            view=_OPENED.get(self.left_from or self.shown, View.TREE).value,
            experiment=self.experiment,
            best=self.best,
            filters=tuple((view.value, text) for view, text in self.filters.items() if view not in _NO_FILTER),
            cursors=tuple((view.value, key) for view, key in cursors.items() if key is not None),
            marks=tuple((model, tuple(marks.items())) for model, marks in self.marks.items() if marks),
            marked_runs=tuple((at, row, ref) for (at, row), ref in self.marked_runs.items()),
            tables=tuple(tables.items()),
        )

    @property
    def table_state(self) -> TableState:
        """How the table that is shown is wanted."""
        kept, self._kept_tables = self._kept_tables, ()
        for name, table in kept:
            self.tables.setdefault(name, _state(table))
        return super().table_state


def _state(table: Table) -> TableState:
    return columns.TableState(
        None if table.columns is None else columns.known(table.columns),
        None if table.sorting is None or not columns.is_known(table.sorting[0]) else columns.Sorting(*table.sorting),
        table.name_width,
    )


def _plain(state: TableState) -> Table:
    return Table(
        None if state.columns is None else tuple((column.id, column.width) for column in state.columns),
        None if state.sorting is None else (state.sorting.column, state.sorting.descending),
        state.name_width,
    )


def _key(key: object) -> Key:
    if isinstance(key, tuple):
        parts = tuple(part for part in key if part is None or isinstance(part, int | str))
        return parts if len(parts) == len(key) else None
    return key if isinstance(key, int | str) else None
