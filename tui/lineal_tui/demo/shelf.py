"""Puts a story's data into the registry: a CSV file and a dataset version for every month, and one hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.demo.script import Rows

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.records.data import DatasetVersion
    from lineal.registry import Registry
    from lineal_tui.demo.calendar import Calendar
    from lineal_tui.demo.data import Table
    from lineal_tui.demo.script import Story


class Shelf:
    """The data of one story: what has arrived so far, as rows and as dataset versions."""

    def __init__(self, story: Story, folder: Path, calendar: Calendar) -> None:
        """Write the CSV files into `folder`, which must exist."""
        self._story = story
        self._folder = folder
        self._calendar = calendar
        self._whole = story.table()
        self._states: dict[tuple[int, Rows], DatasetVersion] = {}
        self._month = -1

    def hold_out_rows(self) -> Table:
        """The rows that versions are compared on."""
        return self._whole.hold_out()

    def rows(self, rows: Rows) -> Table:
        """The rows to train on, as of now."""
        return self._whole.of(self._month) if rows is Rows.LATEST else self._whole.until(self._month)

    def set_aside(self, registry: Registry) -> DatasetVersion:
        """Register the hold-out."""
        name = f"{self._whole.name}-holdout"
        state = registry.add_dataset(name, self._file(self.hold_out_rows(), name), label="1")
        purpose = f"the rows that every version of {self._story.model} is measured on and none is trained on"
        registry.set(f"data:{name}", {"owner": self._story.owner, "purpose": purpose})
        return state

    def arrive(self, month: int, registry: Registry) -> None:
        """Register what the table is after a month."""
        self._month = month
        before = [self._states[month - 1, Rows.ALL].ref] if month else []
        label = self._calendar.label(month)
        name = self._whole.name
        path = self._file(self.rows(Rows.ALL), f"{name}-{label}")
        self._states[month, Rows.ALL] = registry.add_dataset(name, path, label=label, parents=before)
        if not month:
            registry.set(f"data:{name}", {"owner": self._story.owner, "purpose": self._story.data_purpose})

    def state(self, rows: Rows, registry: Registry) -> DatasetVersion:
        """The dataset version of the rows to train on; the latest month's alone is registered when it is asked for."""
        whole = self._states[self._month, Rows.ALL]
        if rows is Rows.LATEST and (self._month, rows) not in self._states:
            label = f"{whole.label}-only"
            path = self._file(self.rows(rows), f"{whole.dataset}-{label}")
            added = registry.add_dataset(whole.dataset, path, label=label, parents=[whole.ref])
            self._states[self._month, rows] = added
        return self._states[self._month, rows]

    def _file(self, table: Table, name: str) -> Path:
        path = self._folder / f"{name}.csv"
        table.write(path)
        return path
