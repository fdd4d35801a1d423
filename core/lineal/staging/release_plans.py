"""What moving a bound stage would take: bytes to copy, and steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lineal.queries import artifacts as artifact_rows
from lineal.queries import releases as rows
from lineal.records.releases import STEPS
from lineal.staging import layout

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.models import Version
    from lineal.records.stages import Stage


def facts(connection: sqlite3.Connection, stage: Stage, target: Version | None) -> tuple[int, tuple[str, ...]] | None:
    """(bytes to copy, steps) of moving a stage to a version; None for a stage that is a pointer only."""
    settings = rows.settings(connection, stage.id)
    if settings is None:
        return None
    copies = 0
    if target is not None:
        release = rows.release(connection, stage.id, target.id)
        lies_there = (
            release is not None and layout.what_differs(Path(settings.release) / release.name, release.files) is None
        )
        artifact = artifact_rows.files_of(connection, [target.id]).get(target.id)
        copies = 0 if lies_there or artifact is None else artifact.size
    steps = [name for name in STEPS if target is not None or name not in {"verify", "lay out", "health"}]
    if settings.hook is None:
        steps.remove("hook")
    if not settings.checks_health and "health" in steps:
        steps.remove("health")
    if not copies and "lay out" in steps:
        steps.remove("lay out")
    return copies, tuple(steps)
