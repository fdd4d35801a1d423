"""Marks on versions and runs, and the differences of what is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lineal.records.runs import RunDetail
from lineal_tui.places import View
from lineal_tui.screens.operating import Operating
from lineal_tui.view.drawing.lines import Tone
from lineal_tui.view.versioning.tree import TreeItem

if TYPE_CHECKING:
    from lineal_tui.widgets.lines import Lines

_MOST_MARKED = 1000


class Marking(Operating):
    """What is marked, and held against each other."""

    @property
    def lines(self) -> Lines:
        """The list that has the keys."""
        return self.panes[self.active].lines

    def toggle_mark(self) -> None:
        """Mark what is under the cursor, or take its mark away, and go on."""
        marked, key, ref = self._markable(self.lines.current)
        if key is not None and marked.pop(key, None) is None:
            marked[key] = ref
        if key is not None:
            self._show_marks()
            self.lines.move(1)

    def mark_range(self) -> None:
        """Mark everything from the last mark to the cursor."""
        lines = self.lines
        marked, _, _ = self._markable(lines.current)
        if not marked:
            self.toggle_mark()
            return
        last = lines.place_of(next(reversed(marked)))
        if last is None:
            return
        low, high = sorted((last, lines.cursor))
        if high - low >= _MOST_MARKED:
            self.say(f"that would mark {high - low + 1:,}; {_MOST_MARKED} at once are the most", tone=Tone.CHANGED)
            return
        for place in range(low, high + 1):
            _, key, ref = self._markable(lines.row_at(place))
            if key is not None:
                marked.setdefault(key, ref)
        self._show_marks()

    def _markable(self, row: object) -> tuple[dict[Any, str], Any, str]:
        """The marks of the list that has the keys, and of a row its key and address; None for what cannot be marked."""
        if self.active is View.RUNS:
            if isinstance(row, RunDetail):
                return self.marked_runs, (row.run.started_at, row.run.n), f"run:{row.run.id}"
            return self.marked_runs, None, ""
        if isinstance(row, TreeItem):
            return self.marked, row.version.id, row.version.ref
        return self.marked, None, ""

    def _show_marks(self) -> None:
        self.panes[View.TREE].lines.marks = frozenset(self.marked)
        if View.RUNS in self.panes:
            self.panes[View.RUNS].lines.marks = frozenset(self.marked_runs)
        self.draw_header()

    def diff_versions(self, *, beside: bool = False) -> None:
        """Show the difference of versions."""
        self.pinned = ()
        if beside:
            self.go_to(View.DIFF)
        else:
            self.open_view(View.DIFF)

    def diff_runs(self) -> None:
        """Show the difference of the marked runs, or of the marked one and the one under the cursor."""
        _, _, ref = self._markable(self.lines.current)
        refs = tuple(dict.fromkeys([*self.marked_runs.values(), *([ref] if len(self.marked_runs) < 2 and ref else [])]))
        if len(refs) < 2:
            self.say("mark two runs or more with space, then d holds them against the first", tone=Tone.CHANGED)
            return
        self.pinned = refs
        self.open_view(View.DIFF)
