"""The filter of each view: a draft while it is typed, applied with enter, shown until it is cleared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from lineal.errors import BadFilter, Cancelled
from lineal.machine.lazily import Later
from lineal_tui.places import View
from lineal_tui.screens.matching import MatchSource, search
from lineal_tui.screens.messages import FilterWrong, VersionsFound
from lineal_tui.screens.prompting import Prompt, Prompting
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, rule
from lineal_tui.view.drawing.matching import Matcher, matcher
from lineal_tui.view.drawing.pages import PAGE, Pages
from lineal_tui.view.drawing.prompt import Draft
from lineal_tui.view.drawing.words import counted, number
from lineal_tui.view.versioning.tree import TreeItem, tree_head, tree_line

if TYPE_CHECKING:
    from textual.message import Message

    from lineal.search import parsing as language
    from lineal_tui.screens.scene import Scene
else:
    # nobody filters before the first paint
    language = Later("lineal.search.parsing")


_FIELD = re.compile(r"(?i)\b(?:metrics?|params?|parameters?|tags?|attributes?|attr)\.")
"""What begins an expression, and no word that anybody looks for."""

_QUOTES = "texts stand in quotes"
"""The end of advice that is short enough to be given while somebody types."""


class FilterPrompt(Prompt):
    """The filter of one view, while it is typed."""

    sign = "/"

    def __init__(self, screen: Filtering, view: View) -> None:
        """Begin with the filter that is applied."""
        self._screen, self.view = screen, view
        text = screen.filters.get(view, "")
        super().__init__(Draft(text, len(text)))

    def changed(self) -> None:
        """Show what it lets through."""
        if self.view in (View.RUNS, View.TREE) and self.draft.text.strip():
            self.remark = (("searching", Tone.MUTED),)
            if _FIELD.search(self.draft.text) and language.is_plain(self.draft.text):
                self._screen.wait_for_more(self.view, self.draft.text.strip())
        self._screen.refilter(self.view)

    def accepted(self) -> None:
        """Keep it."""
        self._screen.apply_filter(self.view, self.draft.text)

    def given_up(self) -> None:
        """Show what was there before."""
        self._screen.refilter(self.view)


class Filtering(Prompting):
    """Filters."""

    searching = False
    """Whether versions are being searched."""
    _applied = ""
    """The filter that was applied last since the start: one that was kept from before is no reason to take the keys."""
    _wrong: tuple[View, str] | None = None
    """What was typed for a view and makes no sense, or not yet: the view shows what it showed before."""
    _search = 0
    """Tells the last search from those before it."""

    def ask_filter(self) -> None:
        """Type a filter for the view that has the keys."""
        self.begin_prompt(FilterPrompt(self, self.active))

    def filter_text(self, view: View) -> str:
        """The filter that is being typed for a view, else the one that is applied; empty for none."""
        if isinstance(self.prompt, FilterPrompt) and self.prompt.view is view:
            text = self.prompt.draft.text
            if (view, text.strip()) != self._wrong:
                return text
        return self.filters.get(view, "")

    def matcher(self, view: View) -> Matcher:
        """What a view lets through now, by plain words."""
        return matcher(self.filter_text(view))

    def runs_filter(self) -> str | None:
        """What the runs are filtered by, in the search language; None: all."""
        return self.filter_text(View.RUNS).strip() or None

    def apply_filter(self, view: View, text: str) -> None:
        """Keep a filter for a view; an empty one lets everything through."""
        self._applied = text.strip()
        if text.strip():
            self.filters[view] = text.strip()
        else:
            self.filters.pop(view, None)
        self.panes[view].filter = self.filters.get(view)
        self.refilter(view)
        self.lay_out()

    def way_back(self) -> str | None:
        """What stepping out does here: first it takes a filter away."""
        return "all again" if self.active in self.filters else super().way_back()

    def clear_filter(self, view: View) -> bool:
        """Let a view show everything again; False when it does already."""
        if view not in self.filters:
            return False
        self.apply_filter(view, "")
        return True

    def refilter(self, view: View) -> None:
        """Show what a view's filter lets through."""
        scene = self.scene
        if scene is None:
            return
        match view:
            case View.TREE:
                self._show_tree(scene)
            case View.RUNS:
                self.read_runs()
            case View.MODELS:
                self.show_models()
            case View.HISTORY:
                self._show_history(scene)
            case View.EXPERIMENTS:
                self.show_experiments()
            case View.STAGES:
                self.show_stages()
            case View.COLUMNS:
                self.draw_columns()
            case _:
                self.redraw_page(view, anew=True)
        if view not in (View.TREE, View.RUNS):
            self._remark(self.panes[view].lines.count, is_whole=True)

    def wait_for_more(self, view: View, text: str) -> None:
        """Show what a view showed before while what is typed for it is the beginning of an expression."""
        self._wrong = (view, text)
        if self.prompt is not None:
            self.prompt.remark = (("not yet: a field is to be compared, as in metrics.auc > 0.9", Tone.MUTED),)

    def runs_shown(self, count: int, *, is_whole: bool) -> None:
        """Tell how many runs a filter lets through while it is typed."""
        super().runs_shown(count, is_whole=is_whole)
        if isinstance(self.prompt, FilterPrompt) and self.prompt.view is View.RUNS:
            self._remark(count, is_whole=is_whole)

    def _remark(self, count: int, *, is_whole: bool) -> None:
        if isinstance(self.prompt, FilterPrompt):
            if self._wrong == (self.prompt.view, self.prompt.draft.text.strip()):
                return
            words = f"{number(count)}{'' if is_whole else '+'} found" if self.prompt.draft.text.strip() else ""
            self.prompt.remark = ((words, Tone.MUTED),) if words else ()
            self.draw_status()

    def on_filter_wrong(self, message: FilterWrong) -> None:
        """Say what is wrong with a filter: beside it while it is typed, under it once it was to be applied."""
        view, error = message.view, message.error
        if isinstance(self.prompt, FilterPrompt):
            if self.prompt.view is view and self.prompt.draft.text.strip() == message.text:
                self._wrong = (view, message.text)
                quotes = "; " + _QUOTES if error.hint is not None and error.hint.endswith(_QUOTES) else ""
                self.prompt.remark = ((f"not yet: {one_line(str(error.data['why']))}{quotes}", Tone.MUTED),)
                self.refilter(view)
                self.draw_status()
            return
        if self.filters.get(view) != message.text:
            return
        del self.filters[view]
        self.panes[view].filter = None
        self.panes[view].redraw()
        if self.asking.busy or self.active is not view or message.text != self._applied:
            self.say(str(error), error.hint)
            return
        prompt = FilterPrompt(self, view)
        prompt.draft = Draft(message.text, max(0, min(int(str(error.data["at"])), len(message.text))))
        prompt.wrong = (str(error.data["why"]), error.hint)
        self._wrong = (view, message.text)
        self.begin_prompt(prompt)
        self.refilter(view)

    # versions

    def _show_tree(self, scene: Scene) -> None:
        text = self.filter_text(View.TREE).strip()
        self._search += 1
        self.searching = bool(text) and scene.tree is not None and scene.model is not None
        self.panes[View.TREE].lines.is_whole = not self.searching
        if not self.searching or scene.tree is None or scene.model is None:
            self.workers.cancel_group(self, "filter")
            self._remark(0, is_whole=True)
            super()._show_tree(scene)
            return
        registry, model, newest, turn = self.registry, scene.model.name, scene.tree.newest, self._search

        def find() -> Message:
            worker = get_current_worker()
            found: list[tuple[int, int]] = []
            was_told = False
            try:
                for stretch in search(registry, model, text, newest, lambda: worker.is_cancelled):
                    found.extend(stretch)
                    if worker.is_cancelled:
                        break
                    if len(found) >= PAGE and not was_told:
                        was_told = True
                        self.post_message(VersionsFound(turn, tuple(found), is_whole=False))
            except Cancelled:
                return VersionsFound(-1, (), is_whole=True)
            except BadFilter as error:
                return FilterWrong(View.TREE, text, error)
            return VersionsFound(turn, tuple(found), is_whole=True)

        self.work(find, "filter")

    def on_versions_found(self, message: VersionsFound) -> None:
        """Show the versions that a filter lets through, unless it is another one by now."""
        scene = self.scene
        if message.turn != self._search or scene is None or scene.tree is None or scene.model is None:
            return
        self.searching = not message.is_whole
        source = MatchSource(self.registry, message.found, scene.tree.look)
        pane, name, total = self.panes[View.TREE], scene.model.name, scene.model.versions
        pane.lines.is_whole = message.is_whole

        def paint(item: TreeItem, width: int) -> Line:
            return tree_line(item, source.look, width)

        source.on_wider = pane.rows_changed
        pane.draw_title = lambda width, active: rule(
            ((cut_middle(name, max(8, width // 2)), Tone.TITLE if active else Tone.STRONG),),
            ((f"{number(source.count())} of {counted(total, 'version')}", Tone.MUTED),),
            width,
        )
        pane.draw_heads = lambda width: tree_head(source.look, width)
        pane.lines.show(Pages[TreeItem](source), paint)
        pane.lines.marks = frozenset(self.marked)
        pane.redraw()
        self._remark(source.count(), is_whole=message.is_whole)

    def find_version(self, row: int) -> None:
        """Put the cursor of the tree on a version, if need be without the filter that hides it."""
        lines = self.panes[View.TREE].lines
        if not lines.find(row) and self.clear_filter(View.TREE):
            lines.find(row)

    # from match to match

    def next_match(self, direction: int) -> None:
        """Go to the next match, or the one before; in a difference, to the next field that changed."""
        lines = self.panes[self.active].lines
        if self.active is View.DIFF:
            self.next_change(direction)
        elif self.active is View.CURVES:
            self.turn_metric(direction)
        elif self.active not in self.filters:
            self.say("nothing is filtered here", "/ filters", tone=Tone.MUTED)
        elif lines.has_cursor and not 0 <= lines.cursor + direction < lines.count:
            self.say("the last match" if direction > 0 else "the first match", tone=Tone.MUTED)
        else:
            lines.move(direction)
