"""Proves that a fault can break a promise: its trials in a child of this process, with what guards against it out."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
from typing import TYPE_CHECKING

import guards
import run

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 120


def broken_without(guard: str, folder: Path, *, trials: int | None = None, seed: int = 0) -> list[str]:
    """What breaks without a guard, as `run.py --without` finds it.

    Args:
        guard: its name.
        folder: an empty one to work in.
        trials: how many at the most; as many as are promised unless given.
        seed: what the trials begin with.

    Raises:
        RuntimeError: the trials themselves went wrong.
    """
    told = folder / "told.json"
    child = os.fork()
    if child == 0:
        try:
            told.write_text(json.dumps(_tell(guard, folder, trials, seed)))
        finally:
            os._exit(0)
    end = time.monotonic() + _SECONDS
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise RuntimeError(f"it took longer than {_SECONDS} s")
        time.sleep(0.01)
    broken, error = json.loads(told.read_text()) if told.exists() else ([], "it died")
    if error:
        raise RuntimeError(error)
    return [str(each) for each in broken]


def _tell(guard: str, folder: Path, trials: int | None, seed: int) -> tuple[list[str], str]:
    row = guards.GUARDS[guard].row
    place = folder / "trials"
    place.mkdir()
    try:
        report = run.cause(row, place, run.ROWS[row].trials if trials is None else trials, seed, guard)
    except Exception:  # noqa: BLE001  whatever it is, the parent must hear of it
        return [], traceback.format_exc()
    return report.broken, ""
