"""Roles, gates, approvals, and the log of what was done."""

from __future__ import annotations

from lineal.facade.exploring import Exploring


class Governing(Exploring):
    """Roles, gates, approvals, and the log of what was done."""
