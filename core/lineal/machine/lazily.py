"""Modules that are imported at their first use, so that a command pays only for the nouns it touches."""

from __future__ import annotations

from importlib import import_module


class Later:
    """Stands for a module until something of it is asked for.

    Type checkers are to see the import itself, under `TYPE_CHECKING`.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Stand for the module of this full name."""
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        return getattr(import_module(self._name), attribute)
