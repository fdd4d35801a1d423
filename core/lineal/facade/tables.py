"""Runs as rows of a table, fetched by pages with the values that have a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.facade.upkeep import Upkeep
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lineal.queries import run_tables
    from lineal.queries import runs as run_rows
    from lineal.records.runs import Run, RunDetail, RunFields
    from lineal.versioning import code_between
else:
    code_between = Later("lineal.versioning.code_between")
    run_rows = Later("lineal.queries.runs")
    run_tables = Later("lineal.queries.run_tables")

_CHILDREN = 1_000
"""Runs that unfold under one at most."""


class Tables(Upkeep):
    """Tables of runs."""

    def runs_by_number(self, numbers: Sequence[int]) -> list[Run]:
        """The runs in these rows, in this order, without those that are gone."""
        with self._context.read() as connection:
            found = run_rows.by_numbers(connection, numbers)
        return [found[number] for number in numbers if number in found]

    def run_cells(
        self,
        runs: Sequence[Run],
        *,
        params: Collection[str] = (),
        metrics: Collection[str] = (),
        tags: Collection[str] = (),
    ) -> list[RunDetail]:
        """Runs, in their order, with these of their params, metrics and tags, and nothing else about them."""
        with self._context.read() as connection:
            return run_tables.cells(connection, runs, params=params, metrics=metrics, tags=tags)

    def run_fields(self, runs: Sequence[Run]) -> RunFields:
        """Which params, metrics and tags these runs have, each with how many of them have it."""
        with self._context.read() as connection:
            return run_tables.fields(connection, [run.n for run in runs])

    def child_counts(self, runs: Sequence[Run]) -> dict[int, int]:
        """How many runs fold under each of these, by row number: those of the same experiment that it started."""
        with self._context.read() as connection:
            return run_tables.child_counts(connection, [run.n for run in runs])

    def nested_runs(self, run: Run) -> list[Run]:
        """The runs that fold under one, the latest first, a thousand at most."""
        with self._context.read() as connection:
            return run_tables.children(connection, run.n, _CHILDREN)

    def uncommitted_changes(self, detail: RunDetail) -> str | None:
        """The beginning of what a run had not committed, as a patch; None: nothing, or it is not kept."""
        if detail.code is None:
            return None
        return code_between.kept(self._context, detail.code.patch)[0]
