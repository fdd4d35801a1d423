"""What explores history: searches, curves, what things cost."""

from __future__ import annotations

from lineal.facade.tables import Tables


class Exploring(Tables):
    """What explores history: searches, curves, what things cost."""
