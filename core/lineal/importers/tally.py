"""Counts what an import meets and does, and keeps what it could not bring as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lineal.records.imports import ImportCount, Remark

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("experiment", "run", "param", "tag", "metric point", "dataset", "input", "model", "version", "file", "stage")
"""What is counted, in the order in which it is told."""


@dataclass(slots=True)
class Tally:
    """How far an import is."""

    progress: Callable[[int, int], None] = lambda _, __: None
    """Told how many runs and versions were looked at, and how many there are; may raise to stop."""
    total: int = 0
    done: int = 0
    remarks: list[Remark] = field(default_factory=list)
    _found: dict[str, int] = field(default_factory=dict)
    _added: dict[str, int] = field(default_factory=dict)
    _updated: dict[str, int] = field(default_factory=dict)

    def tell(self, remark: Remark) -> None:
        """Keep a remark."""
        self.remarks.append(remark)

    def lost(self, kind: str, name: str, problem: str) -> None:
        """Something is not here."""
        self.remarks.append(Remark(kind, name, problem, is_lost=True))

    def changed(self, kind: str, name: str, problem: str) -> None:
        """Something is here in another form."""
        self.remarks.append(Remark(kind, name, problem, is_lost=False))

    def found(self, kind: str, count: int = 1) -> None:
        """Met things of a kind there."""
        self._found[kind] = self._found.get(kind, 0) + count

    def added(self, kind: str, count: int = 1) -> None:
        """Brought things of a kind."""
        self._added[kind] = self._added.get(kind, 0) + count

    def updated(self, kind: str, count: int = 1) -> None:
        """Brought things of a kind up to date."""
        self._updated[kind] = self._updated.get(kind, 0) + count

    def went_on(self, count: int) -> None:
        """Looked at so many more runs or versions."""
        self.done += count
        self.progress(self.done, max(self.done, self.total))

    @property
    def changes(self) -> int:
        """How many things were brought or brought up to date."""
        return sum(self._added.values()) + sum(self._updated.values())

    def counts(self) -> tuple[ImportCount, ...]:
        """All counts of kinds that were met."""
        return tuple(
            ImportCount(kind, self._found[kind], self._added.get(kind, 0), self._updated.get(kind, 0))
            for kind in KINDS
            if self._found.get(kind)
        )
