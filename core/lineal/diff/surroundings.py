"""Environments and code side by side: machine, Python, packages; commit, branch, command."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lineal.diff.package_versions import later
from lineal.diff.rows import Cell, by_name, plain, row, rows_that_exist, short, union
from lineal.records.comparison import Change, DiffRow, Kind, Section, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lineal.records.base import Scalar
    from lineal.records.models import VersionDetail
    from lineal.records.runs import CodeState, Environment, RunDetail


def environment_rows(sides: Sequence[Environment | None]) -> list[DiffRow]:
    """Machine and packages; versions are upgraded or downgraded."""
    if sum(side is not None for side in sides) < 2:
        # Beside nothing, a hundred packages that were all added tell no more than one row does.
        recorded = [
            None if side is None else Cell(side.digest, f"python {side.python}, {side.platform}") for side in sides
        ]
        return rows_that_exist(Section.ENVIRONMENT, [("environment", recorded)])
    readings: tuple[tuple[str, Callable[[Environment], Scalar]], ...] = (
        ("implementation", lambda side: side.implementation),
        ("platform", lambda side: side.platform),
        ("cpu", lambda side: side.cpu),
        ("cpu cores", lambda side: side.cpu_count),
        ("gpus", lambda side: ", ".join(side.gpus) or None),
    )
    rows = rows_that_exist(
        Section.ENVIRONMENT,
        [(name, [plain(read(side)) if side else None for side in sides]) for name, read in readings],
    )
    python = row(Section.ENVIRONMENT, "python", [plain(side.python) if side else None for side in sides], _moved)
    rows.insert(0, python)
    memory = [plain(side.memory_bytes) if side else None for side in sides]
    if any(memory):
        rows.append(row(Section.ENVIRONMENT, "memory", memory, unit="bytes"))
    packages = [dict(side.packages) if side else {} for side in sides]
    rows += by_name(
        row(Section.ENVIRONMENT, f"package {name}", [plain(side.get(name)) for side in packages], _moved)
        for name in union(packages)
    )
    return rows


def _moved(first: Cell, other: Cell) -> Change:
    is_later = later(str(first.value), str(other.value))
    if is_later is None:
        return Change(Verdict.CHANGED)
    return Change(Verdict.CHANGED, kind=Kind.UPGRADED if is_later else Kind.DOWNGRADED)


def code_rows(details: Sequence[VersionDetail | RunDetail]) -> list[DiffRow]:
    """What was executed."""
    readings: tuple[tuple[str, Callable[[CodeState], Scalar]], ...] = (
        ("commit", lambda code: code.commit),
        ("branch", lambda code: code.branch),
        ("dirty", lambda code: code.dirty),
        ("uncommitted changes", lambda code: None if code.patch is None else short(code.patch)),
        ("repository", lambda code: code.repository),
        ("remote", lambda code: code.remote),
    )
    fields = [(name, [plain(read(one.code)) if one.code else None for one in details]) for name, read in readings]
    fields.append(("command", [plain(shlex.join(one.command)) if one.command else None for one in details]))
    fields.append(("seed", [plain(one.seed) for one in details]))
    return rows_that_exist(Section.CODE, fields)
