"""Differences: beside the tree that of its cursor, and with the screen to themselves versions and runs in columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.comparison import Section
from lineal_tui.places import View
from lineal_tui.screens.layout import Layout
from lineal_tui.screens.messages import Compared
from lineal_tui.view.diffs.diff import diff_lines, diff_title
from lineal_tui.view.drawing.lines import GUTTER, Tone, cut_middle, rule
from lineal_tui.view.drawing.pages import Listed

if TYPE_CHECKING:
    from collections.abc import Hashable

    from lineal.records.comparison import Diff
    from lineal.records.models import Version
    from lineal_tui.view.diffs import side_by_side
    from lineal_tui.view.diffs.side_by_side import Board, Item, Look
else:
    # what the first paint does without
    side_by_side = Later("lineal_tui.view.diffs.side_by_side")

_KEPT = 64
_MOST = 100
"""Versions that are put side by side at once."""


class Comparing(Layout):
    """Versions and runs side by side."""

    equal = False
    """Whether what is equal is listed in differences."""
    pinned: tuple[str, ...] = ()
    """Versions or runs that a difference was asked of by name; none: of what is marked, or under the cursor."""
    baseline: str | None = None
    """What the others are held against; None: the first of them."""
    _board: Board | None = None
    """The difference that has the screen; None: there is none, or it stands beside the tree."""
    _board_look: Look | None = None
    _board_items: tuple[Item, ...] = ()
    _board_keys: tuple[Hashable, ...] = ()
    _board_drawn: tuple[object, ...] = ()
    """What the rows of the board were drawn for."""
    _board_anew = False
    """Whether the cursor is to go to the first row: another difference was asked for."""

    def forget_diffs(self) -> None:
        """Read differences again when they are next needed."""
        self._diffs: dict[tuple[str, ...], Diff] = {}
        self._wanted: tuple[str, ...] = ()
        self._why = ""

    def keep_diff(self, refs: tuple[str, ...], diff: Diff) -> None:
        """Keep a difference for when it is shown."""
        if len(self._diffs) >= _KEPT:
            self._diffs.clear()
        self._diffs[refs] = diff

    @property
    def has_columns(self) -> bool:
        """Whether a difference has the screen, so that it has a cursor and columns."""
        return self._board is not None

    def is_about_model(self, view: View) -> bool:
        """Whether what a view shows belongs to the model that is looked at: a difference of runs does not."""
        if view is View.DIFF and any(ref.startswith("run:") for ref in self.pinned):
            return False
        return super().is_about_model(view)

    # what is compared

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
        if len(refs) > _MOST:
            self.say(f"the first {_MOST} of {len(refs):,} are compared", tone=Tone.CHANGED)
            refs = refs[:_MOST]
        if self.baseline in refs and self.shown is View.DIFF:
            refs = (self.baseline, *(ref for ref in refs if ref != self.baseline))
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
            self.work(lambda: Compared(refs, self.registry.diff(*refs)), "diff")

    def on_compared(self, message: Compared) -> None:
        """Show a difference, unless the cursor has gone on."""
        self.keep_diff(message.key, message.diff)
        if message.key == self._wanted and self.asking.question is None:
            self.draw_diff()

    def _ask_git(self, diff: Diff) -> None:
        """Ask what lies between the commits, where there is anything to ask."""
        refs = self._wanted
        if not diff.code and any(
            row.section is Section.CODE and row.field in ("commit", "uncommitted changes") and row.tells
            for row in diff.rows
        ):
            self.work(lambda: Compared(refs, self.registry.diff(*refs, code=True, here=".")), "code")

    # drawing

    def draw_diff(self, diff: Diff | None = None) -> None:
        """Draw a difference: the one of a question, or the one that is wanted."""
        known = diff if diff is not None else self._diffs.get(self._wanted)
        if known is not None and diff is None and self.shown is View.DIFF:
            self._show_board(known)
            return
        view = View.DIFF
        pane = self.panes[view]
        self._leave_board()
        if known is None:
            title = self.version.label if self.version is not None else "difference"
            pane.draw_title = lambda width, active: rule(
                ((cut_middle(title, max(8, width - 8)), Tone.TITLE if active else Tone.STRONG),), (), width
            )
            why = self._why
            self.show_page(view, lambda _width: [((f" {why}", Tone.MUTED),)] if why else [])
            return
        stage, equal = self._stage_of(known), self.equal
        version = self.version
        parents = version.parents if version is not None and version.ref == known.versions[-1] else ()
        of_parent = tuple(parent.ref for parent in parents[:1]) == known.versions[:-1]
        pane.draw_title = lambda width, active: diff_title(
            known, width, stage=stage, active=active, equal_shown=equal, of_parent=of_parent
        )
        self.show_page(view, lambda width: diff_lines(known, width, equal=equal))

    def _stage_of(self, diff: Diff) -> str | None:
        """The stage at which the baseline is live, of those that are looked at."""
        live = self.scene.live if self.scene is not None else None
        return self.stage if live is not None and diff.versions[0] == live.version.ref else None

    def _leave_board(self) -> None:
        pane = self.panes[View.DIFF]
        self._board = None
        if pane.lines.has_cursor:
            pane.lines.has_cursor = False
            pane.add_class("-plain")
            pane.lines.repaint()

    def _show_board(self, diff: Diff) -> None:
        pane = self.panes[View.DIFF]
        look = self._board_look or side_by_side.Look()
        before = self._board
        if before is None or set(before.diff.versions) != set(diff.versions):
            look = side_by_side.Look(folded=look.folded)
            self._board_anew = True
        elif before.diff.versions != diff.versions:
            look = replace(look, chosen=1, first=1)
        elif before.diff.code and not diff.code:
            # the registry changed; what was executed once did not
            diff = self._diffs[self._wanted] = replace(diff, code=before.diff.code)
        if before is None or before.diff is not diff:
            self._ask_git(diff)
            self._board = side_by_side.Board(diff)
        self._board_look = replace(look, equal=self.equal)
        if not pane.lines.has_cursor:
            pane.lines.has_cursor = True
            pane.remove_class("-plain")
        stage = self._stage_of(diff)

        def title(width: int, active: bool) -> tuple[tuple[str, Tone], ...]:
            if self._board is None or self._board_look is None:
                return ()
            return side_by_side.side_title(self._board, self._board_look, width, stage=stage, active=active)

        def heads(width: int) -> tuple[tuple[str, Tone], ...]:
            if self._board is None or self._board_look is None:
                return ()
            return side_by_side.side_head(self._board, self._board_look, width)

        pane.draw_title, pane.draw_heads = title, heads
        self.redraw_page(View.DIFF, anew=True)

    def redraw_page(self, view: View, *, anew: bool = False) -> None:
        """Draw a page for the width that its pane has now; `anew` also when it was drawn for that."""
        if view is not View.DIFF or self._board is None or self._board_look is None:
            super().redraw_page(view, anew=anew)
            return
        pane = self.panes[view]
        room = pane.size.width - GUTTER
        if room > 0:
            _, self._board_look = side_by_side.framed(self._board, self._board_look, room)
            match = self.matcher(view)
            state = (self._board, self._board_look, room, match)
            if anew or state != self._board_drawn:
                self._board_drawn = state
                items, keys = side_by_side.side_items(self._board, self._board_look, room, match or None)
                self._board_items, self._board_keys = tuple(items), tuple(keys)
                rows = Listed[object](items, keys)
                pane.lines.show(rows, side_by_side.side_painter(self._board, self._board_look))
                if self._board_anew:
                    self._board_anew = False
                    pane.lines.move_to(min(1, len(items) - 1))
        pane.redraw()

    # what keys do

    def toggle_equal(self) -> None:
        """Show or hide what is equal in differences."""
        self.equal = not self.equal
        self.draw_diff()

    def turn_column(self, direction: int) -> None:
        """Choose the version further right, or further left."""
        if self._board is None or self._board_look is None:
            return
        if self._board.is_pair:
            self.say("two versions: both are shown", "space marks more in the tree", tone=Tone.MUTED)
            return
        chosen = max(1, min(self._board_look.chosen + direction, len(self._board.labels) - 1))
        if chosen != self._board_look.chosen:
            self._board_look = replace(self._board_look, chosen=chosen)
            self.redraw_page(View.DIFF)

    def choose_baseline(self) -> None:
        """Hold the others against the chosen version."""
        if self._board is None or self._board_look is None:
            return
        self.baseline = self._board.diff.versions[self._board_look.chosen]
        self.say(f"against {self._board.labels[self._board_look.chosen]}", tone=Tone.MUTED)
        self.compare(*(self.pinned or self.pair(self.version)))

    def unfold(self) -> None:
        """Fold or unfold the section under the cursor; open or close what is below its row."""
        lines = self.panes[View.DIFF].lines
        if self._board is None or self._board_look is None or not 0 <= lines.cursor < len(self._board_items):
            return
        item, look = self._board_items[lines.cursor], self._board_look
        if isinstance(item, side_by_side.Head):
            self._board_look = replace(look, folded=look.folded ^ {item.section})
        else:
            key = self._board_keys[lines.cursor]
            if not isinstance(key, tuple):
                return
            owner = (key[0], key[1])
            if len(key) > 2:
                lines.find(owner)
            self._board_look = replace(look, opened=look.opened ^ {owner})
        self.redraw_page(View.DIFF)

    def fold_all(self) -> None:
        """Fold every section, or unfold all when every one is folded."""
        if self._board is None or self._board_look is None:
            return
        there = frozenset(row.section for row in self._board.rows(equal=self._board_look.equal))
        folded = frozenset() if there <= self._board_look.folded else there
        item = self._board_items[self.panes[View.DIFF].lines.cursor] if self._board_items else None
        section = item.row.section if isinstance(item, side_by_side.Field) else None
        self._board_look = replace(self._board_look, folded=folded)
        if section is not None and folded:
            self.panes[View.DIFF].lines.find(section)
        self.redraw_page(View.DIFF)

    def next_change(self, direction: int) -> None:
        """Go to the next field that changed, or the one before."""
        lines = self.panes[View.DIFF].lines
        if self._board is None:
            self._scroll_to_change(direction)
            return
        place = lines.cursor
        while 0 <= (place := place + direction) < len(self._board_items):
            item = self._board_items[place]
            if isinstance(item, side_by_side.Field) and item.row.tells:
                lines.move_to(place)
                return
        folded = any(isinstance(item, side_by_side.Head) and item.folded for item in self._board_items)
        self.say(
            f"no other field that changed lies {'further on' if direction > 0 else 'before this one'}",
            "z unfolds the sections" if folded else None,
            tone=Tone.MUTED,
        )

    def _scroll_to_change(self, direction: int) -> None:
        lines = self.panes[View.DIFF].lines
        before = top = lines.scroll_offset.y
        while 0 <= (top := top + direction) < lines.count:
            row = lines.row_at(top)
            if isinstance(row, tuple) and not any(text == " = " for text, _ in row):
                lines.move_to(top)
                break
        if lines.scroll_offset.y == before:
            self.say("no other field that changed lies further on", tone=Tone.MUTED)
