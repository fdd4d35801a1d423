"""The page of the run under the cursor of the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.lazily import Later
from lineal_tui.keys import View
from lineal_tui.screens.choosing import Choosing
from lineal_tui.screens.messages import RunRead
from lineal_tui.view.lines import Tone, cut_middle, rule

if TYPE_CHECKING:
    from lineal_tui.screens import runs as reading
    from lineal_tui.view import run as run_page
    from lineal_tui.view import runs as runs_list
else:
    # none of it is on the first screen; each module costs that some milliseconds
    reading = Later("lineal_tui.screens.runs")
    run_page = Later("lineal_tui.view.run")
    runs_list = Later("lineal_tui.view.runs")


class RunPages(Choosing):
    """A run's page."""

    _run_read: RunRead | None = None

    def follow_run(self) -> None:
        """Read the run under the cursor, if it is another one or changed since."""
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
