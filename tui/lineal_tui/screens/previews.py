"""What stands beside the tree follows its cursor: a version's page, as the difference does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.asking import Phase
from lineal_tui.screens.comparing import Comparing
from lineal_tui.screens.messages import DetailRead
from lineal_tui.view.drawing.lines import Tone, cut_middle, rule

if TYPE_CHECKING:
    from textual.timer import Timer

    from lineal.records.costs import VersionCost
    from lineal.records.models import Version, VersionDetail
    from lineal_tui.view.versioning import version as version_page
else:
    # what the first paint does without; each module costs it some milliseconds
    version_page = Later("lineal_tui.view.versioning.version")

_REST = 0.12
"""Seconds that the cursor rests before the panes beside it follow: held keys then cost two cells each."""


class Previews(Comparing):
    """The panes that follow the cursor."""

    _timer: Timer | None = None

    def forget_previews(self) -> None:
        """Read everything again when it is next needed: the registry has changed."""
        self.forget_diffs()
        self._detail: VersionDetail | None = None
        self._cost: VersionCost | None = None

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
        if View.VERSION in visible:
            if self._detail is None or self._detail.version.id != version.id:
                self.work(lambda: self._read_detail(version), "detail")
            else:
                self.show_version()

    @property
    def waits(self) -> bool:
        """Whether something is on its way to the screen."""
        on_its_way = (Phase.PREPARING, Phase.HIDDEN, Phase.RUNNING)
        return self.scene is None or self._timer is not None or self.asking.phase in on_its_way

    # the version's page

    def _read_detail(self, version: Version) -> DetailRead:
        (cost,) = self.registry.version_costs([version])
        return DetailRead(self.registry.detail(version), cost)

    def on_detail_read(self, message: DetailRead) -> None:
        """Show a version's page, unless the cursor has gone on."""
        self._detail, self._cost = message.detail, message.cost
        if self.version is not None and self.version.id == message.detail.version.id:
            self.show_version()

    def show_version(self) -> None:
        """Draw the page of the version that was read."""
        detail, cost = self._detail, self._cost
        if detail is None:
            return
        view = View.VERSION
        pane = self.panes[view]
        ref = detail.version.ref
        pane.draw_title = lambda width, active: rule(
            ((cut_middle(ref, max(8, width - 8)), Tone.TITLE if active else Tone.STRONG),), (), width
        )
        self.show_page(view, lambda width: version_page.version_lines(detail, self.clock(), width, cost))
