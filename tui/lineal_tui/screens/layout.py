"""Which panes are on the screen, and which of them has the keys."""

from __future__ import annotations

from lineal_tui.places import View
from lineal_tui.screens.desk import SMALLEST, Desk
from lineal_tui.view.drawing.lines import Tone, fit
from lineal_tui.view.versioning.first_picture import WIDE, WIDEST

_WHOLE = (
    View.VERSION,
    View.HELP,
    View.DIFF,
    View.RUN,
    View.LINEAGE,
    View.FILES,
    View.FILE,
    View.DATASETS,
    View.DATASET,
    View.CURVES,
    View.STAGES,
    View.STAGE,
    View.FINDINGS,
    View.ALERTS,
    View.ALERT,
    View.AUTOMATIONS,
    View.DELIVERIES,
    View.DELIVERY,
    View.AUDIT,
    View.EVENT,
    View.POLICY,
    View.INBOX,
)
"""Views that take the whole screen when it is given to them."""
_EXPLORING = (View.EXPERIMENTS, View.RUNS, View.RUN)
"""The same for experiments and their runs."""
_PREVIEWS = {
    View.TREE: View.DIFF,
    View.RUNS: View.RUN,
    View.COLUMNS: View.RUNS,
    View.STAGES: View.STAGE,
    View.DATASETS: View.DATASET,
    View.ALERTS: View.ALERT,
    View.AUTOMATIONS: View.DELIVERIES,
    View.DELIVERIES: View.DELIVERY,
    View.AUDIT: View.EVENT,
}
"""What stands below a list and follows its cursor."""
_BESIDE = (View.MODELS, View.TREE, View.DIFF, View.LINEAGE, View.HISTORY)
"""Panes that stand beside one another on a wide screen, in the order of tab."""


class Layout(Desk):
    """Views and panes."""

    trail: tuple[View, ...] = ()
    """The views that `esc` leads back to, the nearest last."""
    root: View | None = None
    """Where it leads at last in a registry without models; None: to the tree, and from there to the models."""

    @property
    def beside(self) -> tuple[View, ...]:
        """The panes that stand beside one another at this width; the list of models is the first to fold away."""
        if self.shown in _EXPLORING:
            return _EXPLORING if self.is_wide else ()
        if self.is_widest:
            return _BESIDE
        return _BESIDE[1:] if self.is_wide else ()

    @property
    def is_grid(self) -> bool:
        """Whether panes stand beside one another now."""
        return self.shown in self.beside and self.shown not in _WHOLE

    def visible_panes(self) -> tuple[View, ...]:
        """The panes on the screen, in the order of tab."""
        if self.is_grid:
            return self.beside
        if self.shown in _PREVIEWS:
            return (self.shown, _PREVIEWS[self.shown])
        return (self.shown,)

    def first_views(self) -> tuple[View, ...]:
        """The panes that the first paint needs."""
        width = self.app.size.width
        return _BESIDE if width >= WIDEST else _BESIDE[1:] if width >= WIDE else (View.TREE, View.DIFF)

    def furnish(self, view: View) -> None:
        """Fill a list that was just made; what follows a cursor is filled by that."""

    def give_screen_to(self, view: View) -> None:
        """Show a view, alone or with what belongs beside it, and let `esc` lead back."""
        if view is self.shown:
            self.give_keys_to(view)
            return
        beside = self.is_grid and view in self.beside and view not in _WHOLE
        if not beside and view not in (View.MODELS, View.TREE):
            self.trail = (*(seen for seen in self.trail if seen is not view), self.shown)
        elif view in (View.MODELS, View.TREE):
            self.trail = ()
        self.shown = view
        self.active = view
        self.lay_out()

    def give_keys_to(self, view: View) -> None:
        """Let a pane that is visible have the keys."""
        self.active = view
        if self.is_grid and view not in _WHOLE:
            self.shown = view
        self.lay_out()

    def step_back(self) -> bool:
        """Go out by one layer; False at the root."""
        if self.active is not self.shown:
            self.active = self.shown
        elif self.trail:
            *rest, last = self.trail
            self.trail = tuple(rest)
            self.shown = self.active = last
        elif self.shown in (View.MODELS, self.root):
            return False
        elif self.root is not None:
            self.shown = self.active = self.root
        else:
            self.shown = self.active = View.TREE if self.shown is not View.TREE else View.MODELS
        self.lay_out()
        return True

    def way_back(self) -> str | None:
        """What stepping out does here, in a word; None where it leads to what is known as the start."""
        starts = (View.TREE, View.MODELS, self.root)
        return "back" if self.active is not self.shown or self.trail or self.shown not in starts else None

    def next_pane(self, direction: int) -> None:
        """Give the keys to the pane after this one, or before it."""
        panes = self.visible_panes()
        at = panes.index(self.active) if self.active in panes else 0
        self.give_keys_to(panes[(at + direction) % len(panes)])

    def lay_out(self) -> None:
        """Show and hide panes for the view and the size there are."""
        width, height = self.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self._dress(
            {
                "-small": small,
                "-wide": self.is_grid,
                "-widest": self.is_widest,
                "-exploring": self.is_grid and self.shown in _EXPLORING,
            }
        )
        visible = self.visible_panes()
        for view in visible:
            if view not in self.panes:
                self.panes[view].active = view is self.active
                self.furnish(view)
        for view, pane in self.panes.items():
            pane.display = view in visible
            pane.active = view is self.active
            pane.title.display = self.is_grid or view not in (View.MODELS, View.TREE) or pane.filter is not None
            pane.lines.active = view is self.active
        if small:
            words = f"lineal needs {SMALLEST[0]}x{SMALLEST[1]}; this is {width}x{height}"
            self.small.lines = (fit(((words, Tone.TEXT),), max(1, width)),)
        self.draw_header()
        self.draw_status()

    def _dress(self, classes: dict[str, bool]) -> None:
        before = self.classes
        for name, is_set in classes.items():
            self.set_class(is_set, name, update=False)
        if self.classes == before:
            return
        # their rules tell where panes stand; those of all that is in them took a third of the time of a key
        parts = (self, self.small, self.header, self.body, self.status, *self.panes.values())
        self.app.stylesheet.update_nodes(part for part in parts if part.is_attached)
