"""What explores history: searches, curves, what things cost."""

from __future__ import annotations

from lineal.facade.charting import Charting
from lineal.facade.searching import Searching
from lineal.facade.tracing import Tracing


class Exploring(Searching, Tracing, Charting):
    """What explores history: searches, curves, what things cost."""
