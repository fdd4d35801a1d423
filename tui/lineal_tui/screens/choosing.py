"""Choosing the columns of a table of runs: which, in what order, how wide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.runs import RunFields
from lineal_tui.places import View
from lineal_tui.screens.arranging import Arranging
from lineal_tui.screens.messages import FieldsRead
from lineal_tui.view.drawing.lines import Line, Tone, cut
from lineal_tui.view.drawing.pages import Listed

if TYPE_CHECKING:
    from lineal_tui.view.training import choosing
    from lineal_tui.view.training import run_columns as columns
    from lineal_tui.view.training.choosing import ColumnItem
    from lineal_tui.view.training.run_columns import Chosen
else:
    # nobody chooses columns before the first paint
    choosing = Later("lineal_tui.view.training.choosing")
    columns = Later("lineal_tui.view.training.run_columns")

_LOOKED_AT = 500
"""The latest runs, whose fields are offered."""


class Choosing(Arranging):
    """The list of columns, above the table that it is about."""

    _fields = RunFields()
    _looked_at = 0
    _items: list[ColumnItem] | None = None
    """The columns in the order in which they are listed, which stays while the list is open."""

    def choose_columns(self) -> None:
        """Open the list."""
        self._items = None
        self.give_screen_to(View.COLUMNS)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    def follow_columns(self) -> None:
        """Look up which params, metrics and tags the runs have, when the list is opened."""
        if self._items is not None:
            return
        if View.COLUMNS in self._asked:
            return
        self._asked |= {View.COLUMNS}
        registry, experiment = self.registry, self.experiment

        def read() -> FieldsRead:
            runs = registry.runs_page(experiment, limit=_LOOKED_AT)
            return FieldsRead(experiment, registry.run_fields(runs), len(runs))

        self.work(read, "fields")

    def on_fields_read(self, message: FieldsRead) -> None:
        """Show the columns that there are."""
        self._asked -= {View.COLUMNS}
        if message.experiment != self.experiment:
            return
        self._fields, self._looked_at = message.fields, message.looked_at
        self._items = choosing.column_items(self.shown_columns, self._fields)
        self.draw_columns()
        self.panes[View.COLUMNS].lines.find(self.run_column)

    @property
    def shown_columns(self) -> tuple[Chosen, ...]:
        """The columns of the table, but for those of a comparison of what is marked."""
        if self.table_state.columns is not None:
            return self.table_state.columns
        return self._runs.look.columns if self._runs is not None and self.differing is None else ()

    def draw_columns(self) -> None:
        """Show the columns, as far as the filter lets them through."""
        known = self._items
        if known is None:
            return
        match = self.matcher(View.COLUMNS)
        items = [item for item in known if choosing.in_column(match, item)]
        shown = self.shown_columns
        look = choosing.columns_look(known, shown, self.table_state.sorting, self._looked_at)
        pane = self.panes[View.COLUMNS]
        found = len(items) if match else None
        pane.draw_title = lambda width, active: choosing.columns_title(
            len(shown), len(known), found, width, active=active
        )
        pane.draw_heads = lambda width: choosing.columns_head(look, width)

        def paint(item: ColumnItem, width: int) -> Line:
            return choosing.column_line(item, look, width)

        pane.lines.show(Listed(items, [item.id for item in items]), paint)
        pane.redraw()

    def _under_cursor(self) -> str | None:
        row = self.panes[View.COLUMNS].lines.current
        return row.id if isinstance(row, choosing.ColumnItem) else None

    def toggle_column(self) -> None:
        """Show the column under the cursor, or do not, and go on."""
        column = self._under_cursor()
        if column is None:
            return
        shown = self.shown_columns
        if any(each.id == column for each in shown):
            shown = tuple(each for each in shown if each.id != column)
        else:
            shown = (*shown, columns.Chosen(column))
        self._show_chosen(shown, column)
        self.panes[View.COLUMNS].lines.move(1)

    def move_shown(self, direction: int) -> None:
        """Move the column under the cursor a place further in the table."""
        column, shown = self._under_cursor(), list(self.shown_columns)
        place = next((n for n, each in enumerate(shown) if each.id == column), None)
        if column is None or place is None:
            self.say("space shows the column first", tone=Tone.MUTED)
            return
        other = place + direction
        if not 0 <= other < len(shown):
            return
        shown[place], shown[other] = shown[other], shown[place]
        items = self._items or []
        ids = [item.id for item in items]
        if shown[place].id in ids:  # a column that no run at hand has may be shown, and is not listed
            here, there = ids.index(column), ids.index(shown[place].id)
            items[here], items[there] = items[there], items[here]
        self._show_chosen(tuple(shown), column)

    def use_usual_columns(self) -> None:
        """Show the columns that the runs suggest."""
        self.differing = None
        self.show_columns(None)
        self.say("the columns that the runs suggest", tone=Tone.MUTED)

    def column_open(self) -> None:
        """Go to the column in the table."""
        column = self._under_cursor()
        self.step_back()
        if column is not None:
            self.stand_on(column)

    def runs_shown(self, count: int, *, is_whole: bool) -> None:
        """The list shows the same columns as the table."""
        super().runs_shown(count, is_whole=is_whole)
        if View.COLUMNS in self.visible_panes() and self._items is not None:
            self.draw_columns()

    def _show_chosen(self, shown: tuple[Chosen, ...], column: str) -> None:
        self.differing = None
        self.show_columns(shown)
        self.stand_on(column)
        self.draw_columns()

    def sort_runs(self) -> None:
        """Sort by the column under the cursor, here or in the table; again, the other way round."""
        column = self._under_cursor() if self.active is View.COLUMNS else self.run_column
        if column is not None:
            self.sort_by(column)

    def resize_column(self, by: int) -> None:
        """Make a column wider or narrower."""
        if self.active is not View.COLUMNS:
            self.widen(by)
            return
        column, shown = self._under_cursor(), self.shown_columns
        if column is None or all(each.id != column for each in shown):
            self.say(f"space shows {cut(column or 'a column', 30)} first", tone=Tone.MUTED)
            return
        if self.table_state.columns is None:
            self.keep_table(replace(self.table_state, columns=shown))
        self.widen(by, column)
        self.draw_columns()
