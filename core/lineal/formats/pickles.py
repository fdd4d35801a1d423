"""Tells what a pickle would do when it is loaded, from its opcodes alone: nothing in it is ever run."""

from __future__ import annotations

from lineal.formats.sniff import PICKLING


def executes_code(format_: str) -> bool:
    """Whether loading a file of this format runs code that the file names; `format_` as `sniff` recorded it."""
    return format_ in PICKLING
