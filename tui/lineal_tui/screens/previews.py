"""What stands beside the tree follows its cursor: the difference, the lineage, and a version's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.lazily import Later
from lineal_tui.keys import View
from lineal_tui.screens.asking import Phase
from lineal_tui.screens.layout import Layout
from lineal_tui.screens.messages import Compared, DetailRead, LineageTraced
from lineal_tui.view.diff import diff_lines, diff_title
from lineal_tui.view.lines import Tone, cut_middle, rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from lineal.records.comparison import Diff, Lineage
    from lineal.records.models import Version, VersionDetail
    from lineal_tui.view import lineage as lineage_page
    from lineal_tui.view import lineage_drawing, side_by_side
    from lineal_tui.view import version as version_page
    from lineal_tui.view.lines import Line
else:
    # what the first paint does without; each module costs it some milliseconds
    lineage_page = Later("lineal_tui.view.lineage")
    lineage_drawing = Later("lineal_tui.view.lineage_drawing")
    side_by_side = Later("lineal_tui.view.side_by_side")
    version_page = Later("lineal_tui.view.version")

_REST = 0.12
"""Seconds that the cursor rests before the panes beside it follow: held keys then cost two cells each."""
_KEPT = 64


class Previews(Layout):
    """The panes that follow the cursor."""

    column = 1
    """Which of several versions is the leftmost beside the baseline."""
    equal = False
    """Whether what is equal is listed in differences."""
    pinned: tuple[str, ...] = ()
    """Versions or runs that a difference was asked of by name; none: of what is marked, or under the cursor."""
    _timer: Timer | None = None

    def forget_previews(self) -> None:
        """Read everything again when it is next needed: the registry has changed."""
        self._diffs: dict[tuple[str, ...], tuple[Diff, tuple[Diff, ...]]] = {}
        self._lineage: Lineage | None = None
        self._detail: VersionDetail | None = None
        self._wanted: tuple[str, ...] = ()
        self._why = ""

    def follow(self) -> None:
        """Let the panes follow once the cursor rests."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_REST, self.follow_now)

    def follow_now(self) -> None:
        """Show what belongs to the version under the cursor."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.scene is None or self.asking.question is not None:
            return
        visible = self.visible_panes()
        if View.DIFF in visible:
            self.compare(*self.pair(self.version))
        version = self.version
        if version is None:
            return
        if View.LINEAGE in visible:
            if self._lineage is None or self._lineage.focus != version.ref:
                self.work(lambda: LineageTraced(version.ref, self.registry.lineage(version.ref)), "lineage")
            else:
                self.show_lineage()
        if View.VERSION in visible:
            if self._detail is None or self._detail.version.id != version.id:
                self.work(lambda: DetailRead(self.registry.detail(version)), "detail")
            else:
                self.show_version()

    @property
    def waits(self) -> bool:
        """Whether something is on its way to the screen."""
        on_its_way = (Phase.PREPARING, Phase.HIDDEN, Phase.RUNNING)
        return self.scene is None or self._timer is not None or self.asking.phase in on_its_way

    # differences

    def pair(self, version: Version | None) -> tuple[str, ...]:
        """What a difference is shown of now: the marked versions, or the cursor's against what is live."""
        if self.pinned and self.shown is View.DIFF:
            return self.pinned
        marked = list(self.marked.values())
        if version is None or self.scene is None:
            return ()
        if len(marked) > 1 and self.shown is View.DIFF:
            return tuple(marked)
        if len(marked) == 1 and marked[0] != version.ref and self.shown is View.DIFF:
            return (marked[0], version.ref)
        live = self.scene.live.version if self.scene.live is not None else None
        if live is not None and live.id != version.id:
            return (live.ref, version.ref)
        if version.parents:
            return (version.parents[0].ref, version.ref)
        return ()

    def compare(self, *refs: str) -> None:
        """Show the difference of these versions, the baseline first; of fewer than two, say why there is none."""
        self._wanted = refs
        if len(refs) < 2:
            version = self.version
            self._why = "the first of its line: nothing to hold it against"
            if version is None:
                self._why = "nothing matches the filter" if self.matcher(View.TREE) else "no versions yet"
            self.draw_diff()
        elif refs in self._diffs:
            self.draw_diff()
        else:
            self.work(lambda: self._compared(refs), "diff")

    def _compared(self, refs: tuple[str, ...]) -> Compared:
        pairs = tuple(self.registry.diff(refs[0], other) for other in refs[1:]) if len(refs) > 2 else ()
        return Compared(refs, self.registry.diff(*refs), pairs)

    def turn_column(self, direction: int) -> None:
        """Scroll several versions beside one another by a column."""
        self.column = max(1, min(self.column + direction, len(self._wanted) - 1))
        self.draw_diff()

    def on_compared(self, message: Compared) -> None:
        """Show a difference, unless the cursor has gone on."""
        if len(self._diffs) >= _KEPT:
            self._diffs.clear()
        self._diffs[message.key] = (message.diff, message.pairs)
        if message.key == self._wanted:
            self.draw_diff()

    def draw_diff(self, diff: Diff | None = None) -> None:
        """Draw a difference: the one of a question, or the one that is wanted."""
        view = View.DIFF
        pane = self.panes[view]
        known = (diff, ()) if diff is not None else self._diffs.get(self._wanted)
        if known is None:
            title = self.version.label if self.version is not None else "difference"
            pane.draw_title = lambda width, active: rule(
                ((cut_middle(title, max(8, width - 8)), Tone.TITLE if active else Tone.STRONG),), (), width
            )
            why = self._why
            self.show_page(view, lambda _width: [((f" {why}", Tone.MUTED),)] if why else [])
            return
        shown, pairs = known
        if pairs:
            self._draw_several(shown, pairs)
            return
        live = self.scene.live if self.scene is not None else None
        stage = self.stage if live is not None and shown.versions[0] == live.version.ref else None
        equal = self.equal
        pane.draw_title = lambda width, active: diff_title(shown, width, stage=stage, active=active, equal_shown=equal)
        self.show_page(view, lambda width: diff_lines(shown, width, equal=equal))

    def _draw_several(self, shown: Diff, pairs: tuple[Diff, ...]) -> None:
        pane = self.panes[View.DIFF]
        first = self.column = max(1, min(self.column, len(shown.versions) - 1))
        equal = self.equal
        pane.draw_title = lambda width, active: side_by_side.side_title(
            shown, width, active=active, equal_shown=equal, first=first
        )
        self.show_page(View.DIFF, lambda width: side_by_side.side_lines(shown, pairs, width, equal=equal, first=first))

    # lineage and the version's page

    def on_lineage_traced(self, message: LineageTraced) -> None:
        """Show a lineage, unless the cursor has gone on."""
        self._lineage = message.lineage
        if self.version is not None and self.version.ref == message.ref:
            self.show_lineage()

    def show_lineage(self) -> None:
        """Draw the lineage that was read."""
        lineage = self._lineage
        if lineage is None:
            return
        view = View.LINEAGE
        pane = self.panes[view]
        pane.draw_title = lambda width, active: lineage_page.lineage_title(lineage.focus, width, active=active)

        def draw(width: int) -> Sequence[Line]:
            drawn = lineage_drawing.lineage_drawing(lineage, width) if self.is_wide else None
            return lineage_page.lineage_lines(lineage, width) if drawn is None else drawn

        self.show_page(view, draw)

    def on_detail_read(self, message: DetailRead) -> None:
        """Show a version's page, unless the cursor has gone on."""
        self._detail = message.detail
        if self.version is not None and self.version.id == message.detail.version.id:
            self.show_version()

    def show_version(self) -> None:
        """Draw the page of the version that was read."""
        detail = self._detail
        if detail is None:
            return
        view = View.VERSION
        pane = self.panes[view]
        ref = detail.version.ref
        pane.draw_title = lambda width, active: rule(
            ((cut_middle(ref, max(8, width - 8)), Tone.TITLE if active else Tone.STRONG),), (), width
        )
        self.show_page(view, lambda width: version_page.version_lines(detail, self.clock(), width))
