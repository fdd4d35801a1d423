"""What things came from, what they cost on disk, and what files tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.facade.upkeep import Upkeep

if TYPE_CHECKING:
    from lineal.records.comparison import Lineage


class Tracing(Upkeep):
    """What things came from, what they cost on disk, and what files tell."""

    def lineage(self, ref: str, *, up: int = 2, down: int = 1, limit: int = 50) -> Lineage:
        """What something came from and what came from it, so many levels each way; see `lineal.origins.trace`."""
        from lineal import origins  # noqa: PLC0415  rarely needed

        with self._context.read() as connection:
            return origins.trace(connection, ref, up=up, down=down, limit=limit)
