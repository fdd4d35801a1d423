"""The page of a run: of the one under the cursor of the runs, or of one that an address led to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.choosing import Choosing
from lineal_tui.screens.messages import RunRead
from lineal_tui.view.drawing.lines import GUTTER, Line, Tone, cut_middle, rule
from lineal_tui.view.drawing.matching import in_line
from lineal_tui.view.drawing.pages import Listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.runs import Run, RunDetail
    from lineal_tui.screens import runs as reading
    from lineal_tui.view.training import run as run_page
    from lineal_tui.view.training import runs as runs_list
    from lineal_tui.view.training.run import PageItem
else:
    # none of it is on the first screen; each module costs that some milliseconds
    reading = Later("lineal_tui.screens.runs")
    run_page = Later("lineal_tui.view.training.run")
    runs_list = Later("lineal_tui.view.training.runs")


class RunPages(Choosing):
    """A run's page."""

    visited: tuple[Run, ...] = ()
    """The runs that addresses led to, the one that is shown last; none: it is the one under the cursor."""
    _run_read: RunRead | None = None
    _opened = frozenset[str]()
    """The sections of the page that are open."""
    _run_drawn: tuple[object, ...] = ()
    """What the page was drawn for."""

    @property
    def run_detail(self) -> RunDetail | None:
        """The run that keys are about: that of the page an address led to, else the one under the cursor."""
        if self.visited and self.active is View.RUN:
            found = self._run_read.page.detail if self._run_read is not None else None
            return found if found is not None and found.run.n == self.visited[-1].n else None
        return super().run_detail

    @property
    def _run_wanted(self) -> Run | None:
        if self.visited and self.shown is View.RUN:
            return self.visited[-1]
        detail = super().run_detail
        return None if detail is None else detail.run

    def visit_run(self, run: Run) -> None:
        """Show the page of a run that an address led to."""
        self.visited = (*self.visited, run)
        self.give_screen_to(View.RUN)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    def step_back(self) -> bool:
        """From a run that an address led to, back to where that was."""
        if self.visited and self.shown is View.RUN:
            self.visited = self.visited[:-1]
            if self.visited:
                return True
        return super().step_back()

    def follow_run(self) -> None:
        """Read the run that is wanted, if it is another one or changed since."""
        run = self._run_wanted
        if run is None:
            self._run_read = None
            self.redraw_page(View.RUN, anew=True)
            return
        if self._is_fresh(View.RUN) and self._run_read is not None and self._run_read.page.detail.run.n == run.n:
            self.redraw_page(View.RUN)
            return
        registry = self.registry

        def read() -> RunRead:
            return RunRead(reading.read_run(registry, run))

        self.work(read, "run")

    def on_run_read(self, message: RunRead) -> None:
        """Show a run, unless the cursor has gone on."""
        wanted = self._run_wanted
        if wanted is not None and wanted.n == message.page.detail.run.n:
            self._run_read = message
            self.redraw_page(View.RUN, anew=True)

    def redraw_page(self, view: View, *, anew: bool = False) -> None:
        """Draw a page for the width that its pane has now; `anew` also when it was drawn for that."""
        if view is not View.RUN:
            super().redraw_page(view, anew=anew)
            return
        pane, found = self.panes[view], self._run_read
        room = pane.size.width - GUTTER
        if room <= 0:
            return
        match = self.matcher(view)
        state = (found, room, self._opened, match)
        if anew or state != self._run_drawn:
            self._run_drawn = state
            pane.add_class("-plain")
            items = [run_page.PageItem("none", (("no run", Tone.MUTED),))]
            pane.draw_title = lambda width, _active: rule((("run", Tone.STRONG),), (), width)
            if found is not None:
                run = found.page.detail.run
                pane.draw_title = lambda width, active: rule(
                    ((cut_middle(run.name, max(8, width - 30)), Tone.TITLE if active else Tone.STRONG),),
                    ((runs_list.run_ref(run), Tone.MUTED),),
                    width,
                )
                items = run_page.run_items(found.page, self.clock(), room, self._opened)
            if match:
                items = [item for item in items if in_line(match, item.line)]
            pane.lines.show(Listed(items, [item.key for item in items]), _line_of)
        pane.redraw()

    # what keys do

    def open_item(self) -> None:
        """Open or fold the section under the cursor, or follow the address in it."""
        item = self._item
        if item is None:
            return
        if item.section is not None:
            self._opened ^= {item.section}
            self.redraw_page(View.RUN)
        elif item.ref is not None:
            self.visit(item.ref)

    def open_section(self, *, is_open: bool) -> None:
        """Open the section under the cursor, or fold it."""
        item = self._item
        if item is not None and item.section is not None:
            self._opened = self._opened | {item.section} if is_open else self._opened - {item.section}
            self.redraw_page(View.RUN)

    @property
    def _item(self) -> PageItem | None:
        row = self.panes[View.RUN].lines.current
        return row if isinstance(row, run_page.PageItem) else None

    # what other parts of the screen do and this only calls

    visit: Callable[[str], None]


def _line_of(item: PageItem, _width: int) -> Line:
    return item.line
