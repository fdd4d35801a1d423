"""Things whose pickles run commands, and what is said of their imports."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineal.records.contents import Concern, Pickled


class Runs:
    def __init__(self, what: str) -> None:
        self.what = what

    def __reduce__(self) -> tuple[Any, ...]:
        return {
            "os.system": (os.system, ("exit 1",)),
            "eval": (eval, ("1/0",)),
            "subprocess": (subprocess.check_output, (["false"],)),
            "getattr": (getattr, ("", "x")),
        }[self.what]


def names(found: Pickled, concern: Concern) -> list[str]:
    return [each.name for each in found.imports if each.concern is concern]
