"""Curves of what is marked, or is under the cursor: read as wide as they are drawn, and again as runs go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal_tui.places import WITH_ALERT, View
from lineal_tui.screens.run_pages import RunPages
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, rule
from lineal_tui.view.drawing.pages import Listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.curves import Curves
    from lineal_tui.screens import asked_curves as reading
    from lineal_tui.screens.asked_curves import Asked, CurvesRead
    from lineal_tui.view.training import curve_words as words
    from lineal_tui.view.training import curves as drawing
else:
    # nobody draws curves before the first paint
    reading = Later("lineal_tui.screens.asked_curves")
    drawing = Later("lineal_tui.view.training.curves")
    words = Later("lineal_tui.view.training.curve_words")

_MOST = 26
_EPOCH = "epoch"
_RUN_AXES = ("step", "time", "clock", _EPOCH)
_MODEL_AXES = ("version", "clock")
_REF = 40
"""Letters of an address in the title."""
_LEAST = 8
"""Rows of a plot with its axes; with less room the page scrolls."""


class Drawing(RunPages):
    """The view of curves."""

    _wish: Asked | None = None
    _curves: CurvesRead | None = None
    _curves_stale = True
    _reading: tuple[Asked, int] | None = None
    """What was read last or is being read, and the cells it is for."""
    _whole: tuple[float, float] = (0.0, 0.0)
    """Both ends of the axis when all of it was read last."""
    _place: float | None = None
    """Where on the axis the cursor is; None: nowhere, and the legend tells of the whole."""
    _logarithmic = False
    _smoothing = 0
    _plot: tuple[object, tuple[Line, ...]] = (None, ())
    """The plot that was drawn last, and what for: moving the cursor draws none."""

    # what is drawn

    @property
    def _asked_curves(self) -> Asked:
        return self._wish if self._wish is not None else reading.Asked()

    def open_curves(self) -> None:
        """Draw what is marked, or under the cursor; from the tree without marks, the metric across all versions."""
        asked = self._asked_here()
        if asked is None:
            self.say("nothing here has curves: mark runs or versions with space, then C", tone=Tone.CHANGED)
            return
        self._show_curves(asked)

    def _show_curves(self, asked: Asked) -> None:
        self._ask_curves(asked)
        self.give_screen_to(View.CURVES)
        self.call_after_refresh(self.redraw_all)
        self.call_after_refresh(self.follow_now)

    def open_observed(self, place: str) -> None:
        """Draw what was observed of what is live at a stage."""
        self._show_curves(self._of_stage(place))

    def _of_stage(self, place: str) -> Asked:
        metric = self.watched_metric or self._known.metric
        return reading.Asked((), self.model, self.stage, place, metric=metric, axis="clock")

    @property
    def watched_metric(self) -> str | None:
        """The metric that is observed and meant by what is under the cursor; None when none is."""
        return None

    def _asked_here(self) -> Asked | None:
        known = self._known
        if self.active in WITH_ALERT or (self.model is not None and self.active in (View.STAGES, View.STAGE)):
            return self._of_stage(self.address())
        if self.active in (View.RUNS, View.RUN, View.COLUMNS, View.EXPERIMENTS):
            refs = tuple(self.marked_runs.values()) if self.active is not View.RUN else ()
            detail = self.run_detail
            if not refs and detail is not None:
                refs = (f"run:{detail.run.id}",)
            return self._of_runs(refs, known) if refs else None
        if self.model is None:
            return None
        marked = tuple(self.marked.values())
        if self.active in (View.TREE, View.DIFF) and marked:
            return self._of_runs(marked, known)
        if self.active in (View.VERSION, View.FILES, View.LINEAGE) and self.version is not None:
            return self._of_runs((self.version.ref,), known)
        return self._across(known)

    @property
    def _known(self) -> Asked:
        """What is drawn, with the metric that it came to."""
        curves = self._curves.curves if self._curves is not None else None
        if curves is None or self._asked_curves.metric is not None:
            return self._asked_curves
        return replace(self._asked_curves, metric=curves.metric)

    def _of_runs(self, refs: tuple[str, ...], known: Asked) -> Asked:
        if len(refs) > _MOST:
            self.say(f"the first {_MOST} of {len(refs)} are drawn", tone=Tone.CHANGED)
        axis = known.axis if known.axis in _RUN_AXES else _RUN_AXES[0]
        return reading.Asked(refs[:_MOST], self.model, metric=known.metric, axis=axis)

    def _across(self, known: Asked) -> Asked:
        axis = known.axis if known.axis in _MODEL_AXES else _MODEL_AXES[0]
        return reading.Asked((), self.model, self.stage, metric=known.metric, axis=axis)

    def _ask_curves(self, asked: Asked) -> None:
        if replace(asked, part=None) != replace(self._asked_curves, part=None):
            self._place = None
        self._wish = asked
        self._curves_stale = True
        if View.CURVES in self.visible_panes():
            self.follow_curves()

    # reading

    def forget_previews(self) -> None:
        """Read everything again when it is next seen; what is on the screen stays until then."""
        super().forget_previews()
        self._curves_stale = True

    def follow_now(self) -> None:
        """Show what belongs to the row under the cursor, in every pane that is visible."""
        super().follow_now()
        if self.scene is not None and self.asking.question is None and View.CURVES in self.visible_panes():
            self.follow_curves()

    def follow_curves(self) -> None:
        """Read the curves, if they are others, or of another width, or may have gone on."""
        width = self.panes[View.CURVES].size.width - 2
        asked, found, registry = self._asked_curves, self._curves, self.registry
        if width < 1:
            return
        if not asked.refs and asked.observed is None and asked.model is None:
            asked = self._wish = self._across(asked)
        if not self._curves_stale and self._reading == (asked, width):
            if found is not None and (found.asked, found.width) == self._reading:
                self.redraw_page(View.CURVES)
            return
        self._curves_stale, self._reading = False, (asked, width)
        self.work(lambda: reading.read_curves(registry, asked, width), "curves")

    def on_curves_read(self, message: CurvesRead) -> None:
        """Show curves, unless others are wanted by now."""
        if message.asked != self._asked_curves:
            return
        self._curves = message
        if message.curves is not None and message.asked.part is None:
            self._whole = (message.curves.first, message.curves.last)
        self.redraw_page(View.CURVES, anew=True)

    # drawing

    def redraw_page(self, view: View, *, anew: bool = False) -> None:
        """Draw a page for the size that its pane has now; `anew` also when it was drawn for that."""
        if view is not View.CURVES:
            super().redraw_page(view, anew=anew)
            return
        pane, found = self.panes[view], self._curves
        width, height = pane.size.width - 2, pane.lines.size.height
        if width < 1 or height < 1:
            return
        if self._curves_stale or self._reading is None or self._reading[1] != width:
            self.follow_curves()  # its size was not known before, or not while it was out of sight
        curves = found.curves if found is not None else None
        if found is None or curves is None:
            pane.draw_title = lambda width, active: rule(
                (("curves", Tone.TITLE if active else Tone.STRONG),), ((self._about(), Tone.MUTED),), width
            )
            lines = () if found is None else words.nothing_lines(found.asked.observed)
            pane.lines.show(Listed[object](lines), _indented)
            pane.redraw()
            return
        about, part = self._about(), found.asked.part is not None
        look = drawing.PlotLook(width, max(_LEAST, height), self._logarithmic, drawing.SMOOTHINGS[self._smoothing])
        pane.draw_title = lambda width, active: drawing.plot_title(
            curves, look, width, about=about, active=active, part=part
        )
        pane.lines.show(Listed[object](self._page(curves, look, height)), _indented)
        pane.redraw()

    def _page(self, curves: Curves, look: drawing.PlotLook, height: int) -> Sequence[Line]:
        cursor = self._cursor(curves)
        legend = words.cursor_lines(curves, look.width, cursor=cursor, smoothing=look.smoothing)
        legend += words.legend_lines(curves, look.width)
        look = replace(look, height=max(_LEAST, height - len(legend)))
        if self._plot[0] != (id(curves), look):
            self._plot = ((id(curves), look), drawing.plot_lines(curves, look))
        return [*drawing.with_cursor(self._plot[1], curves, cursor), *legend]

    def _about(self) -> str:
        asked = self._asked_curves
        if asked.observed is not None:
            return f"{'all at ' if asked.is_whole else ''}{cut_middle(asked.observed, 40)}"
        if asked.refs:
            ref = asked.refs[0]
            shown = ref[: len("run:") + 8] if ref.startswith("run:") else ref[:_REF]
            return shown if len(asked.refs) == 1 else f"{len(asked.refs)} over each other"
        return f"across {cut_middle(asked.model or '', 30)}"

    def _cursor(self, curves: Curves) -> int | None:
        if self._place is None:
            return None
        span = curves.last - curves.first
        share = (self._place - curves.first) / span if span else 0.0
        return max(0, min(curves.columns - 1, int(share * curves.columns)))

    # keys

    def turn_metric(self, direction: int) -> None:
        """Draw the metric after this one, or before it, of those that the filter lets through."""
        if self._curves is None or not self._curves.metrics:
            return
        match = self.matcher(View.CURVES)
        names = [name for name in self._curves.metrics if not match or match(name)]
        if not names:
            self.say("no metric has what the filter looks for", "esc clears it", tone=Tone.MUTED)
            return
        shown = self._curves.curves.metric if self._curves.curves is not None else None
        at = names.index(shown) + direction if shown in names else 0
        if len(names) == 1 and names[0] == shown:
            self.say("there is no other metric", tone=Tone.MUTED)
            return
        self._ask_curves(replace(self._asked_curves, metric=names[at % len(names)]))

    def turn_axis(self) -> None:
        """Let curves go by the next axis."""
        asked = self._asked_curves
        if asked.observed is not None:
            self.say("what is observed goes by the clock", tone=Tone.MUTED)
            return
        axes: tuple[str, ...] = _RUN_AXES if asked.refs else _MODEL_AXES
        if asked.refs and self._curves is not None and _EPOCH not in self._curves.metrics:
            axes = _RUN_AXES[:-1]
        at = axes.index(asked.axis) if asked.axis in axes else -1
        self._ask_curves(replace(asked, axis=axes[(at + 1) % len(axes)], part=None))

    def toggle_across(self) -> None:
        """From the curves of runs to the metric across the versions of the model, and back.

        What is observed goes from the version that is live to all that were, and back.
        """
        asked = self._known
        if asked.observed is not None:
            self._ask_curves(replace(asked, is_whole=not asked.is_whole, part=None))
            return
        if asked.refs:
            if self.model is None:
                self.say("there is no model here", tone=Tone.MUTED)
                return
            self._ask_curves(self._across(asked))
            return
        refs = tuple(self.marked.values()) or ((self.version.ref,) if self.version is not None else ())
        if refs:
            self._ask_curves(self._of_runs(refs, asked))

    def toggle_logarithmic(self) -> None:
        """A logarithmic axis, or a linear one."""
        self._logarithmic = not self._logarithmic
        self.redraw_page(View.CURVES, anew=True)

    def turn_smoothing(self) -> None:
        """Smooth more; after the most, not at all."""
        self._smoothing = (self._smoothing + 1) % len(drawing.SMOOTHINGS)
        self.redraw_page(View.CURVES, anew=True)

    def move_cursor(self, direction: int) -> None:
        """Move the cursor by a cell; at the end of a part, show what lies beyond it."""
        curves = self._curves.curves if self._curves is not None else None
        if curves is None:
            return
        at = self._cursor(curves)
        span = curves.last - curves.first
        step = 2 * direction
        if at is None:
            at = 0 if direction > 0 else curves.columns - 1
        elif not 0 <= at + step < curves.columns:
            self._shift(curves, direction)
            return
        else:
            at += step
        self._place = curves.first + (at + 0.5) / curves.columns * span
        self.redraw_page(View.CURVES, anew=True)

    def _shift(self, curves: Curves, direction: int) -> None:
        if self._asked_curves.part is None:
            return
        half = (curves.last - curves.first) / 2
        low, high = self._whole
        by = min(half, high - curves.last) if direction > 0 else -min(half, curves.first - low)
        if by:
            self._ask_curves(replace(self._asked_curves, part=(curves.first + by, curves.last + by)))

    def zoom(self, factor: float) -> None:
        """Show a smaller part of the axis around the cursor, or a larger one."""
        curves = self._curves.curves if self._curves is not None else None
        if curves is None:
            return
        part = drawing.zoomed(curves, factor, self._cursor(curves), self._whole)
        self._ask_curves(replace(self._asked_curves, part=part))

    def show_whole(self) -> None:
        """Show all of the axis again."""
        self._place = None
        self._ask_curves(replace(self._asked_curves, part=None))
        self.redraw_page(View.CURVES, anew=True)


def _indented(line: Line, _width: int) -> Line:
    return ((" ", Tone.TEXT), *line)
