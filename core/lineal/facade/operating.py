"""What happens to versions once they are live: observations, ends, and what runs by itself."""

from __future__ import annotations

from lineal.facade.governing import Governing


class Operating(Governing):
    """What happens to versions once they are live: observations, ends, and what runs by itself."""
