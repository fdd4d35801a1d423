"""What is looked at beside the tree is read when it is first seen, and again when the registry has changed since."""

from __future__ import annotations

from lineal_tui.places import View
from lineal_tui.screens.walking import Walking

_READ = frozenset(
    {
        View.EXPERIMENTS,
        View.RUNS,
        View.RUN,
        View.FILES,
        View.DATASETS,
        View.STAGES,
        View.ALERTS,
        View.AUTOMATIONS,
        View.DELIVERIES,
        View.DELIVERY,
    }
)
"""Views that are read when they are seen."""


class Seeing(Walking):
    """What was read, and what of it is stale."""

    _stale = frozenset[View]()
    """What was read before the registry changed."""
    _asked = frozenset[View]()
    """What is being read."""

    def forget_previews(self) -> None:
        """Read everything again when it is next seen; what is on the screen stays until then."""
        super().forget_previews()
        self._asked = frozenset()
        self._stale = _READ

    def follows(self, view: View) -> bool:
        """Whether other panes follow the cursor of this one."""
        return view in (View.TREE, View.RUNS, View.STAGES)

    def _is_fresh(self, view: View) -> bool:
        if view in self._stale:
            self._stale -= {view}
            return False
        return True

    def _must_read(self, view: View, *, has: bool) -> bool:
        """Whether a list has to be read: it is stale, or not there, and not on its way already."""
        if self._is_fresh(view) and (has or view in self._asked):
            return False
        self._asked |= {view}
        return True
