"""What explores history: searches, curves, what things cost."""

from __future__ import annotations

from lineal.facade.upkeep import Upkeep


class Exploring(Upkeep):
    """What explores history: searches, curves, what things cost."""
