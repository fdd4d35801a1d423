"""What explores history: searches, curves, what things cost."""

from __future__ import annotations

from lineal.facade.searching import Searching
from lineal.facade.tracing import Tracing


class Exploring(Searching, Tracing):
    """What explores history: searches, curves, what things cost."""
