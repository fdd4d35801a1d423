"""Searches for runs, versions and datasets by filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.facade.tables import Tables
from lineal.machine.lazily import Later

if TYPE_CHECKING:
    import sqlite3
    from array import array
    from collections.abc import Callable

    from lineal.queries import known, searching
    from lineal.records.data import DatasetVersion
    from lineal.records.models import Model, Version
    from lineal.records.runs import Experiment, Run
    from lineal.records.searching import Found, Place
else:
    # What most commands leave untouched; start-up is measured.
    known = Later("lineal.queries.known")
    searching = Later("lineal.queries.searching")


class Searching(Tables):
    """Searches.

    Searches take a filter and an order, and a function that is asked now and then whether the search is called off.
    The order is a field, such as `metrics.auc`, `params.lr`, `tags.team`, `started` or `name`, and after it ASC or
    DESC; without, metrics are sorted the best first, times the latest first, all else upwards. What lacks the field
    stands last, either way, and NaN before it; among equals, what is newer stands first.
    """

    def search_runs(
        self,
        where: str | None = None,
        *,
        experiment: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        after: Place | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> list[Run]:
        """Runs that a filter lets through.

        Args:
            where: the filter, such as `metrics.auc > 0.9 AND params.lr = 0.01`; None lets all through.
            experiment: only of this one.
            sort: the order; None for the latest first.
            limit: at most so many; None for all.
            after: only those that stand after this place.
            stopped: whether the search is called off.

        Raises:
            BadFilter: the filter or the order makes no sense.
            NotFound: there is no such experiment.
            Cancelled: it was called off.
        """
        found = self.search_runs_page(
            where, experiment=experiment, sort=sort, limit=-1 if limit is None else limit, after=after, stopped=stopped
        )
        return [each.item for each in found]

    def search_runs_page(
        self,
        where: str | None = None,
        *,
        experiment: str | None = None,
        sort: str | None = None,
        limit: int = 256,
        after: Place | None = None,
        before: Place | None = None,
        skip: int = 0,
        from_end: bool = False,
        outer: bool = False,
        stopped: Callable[[], bool] | None = None,
    ) -> list[Found[Run]]:
        """Part of the runs that a filter lets through, in their order, each with its place.

        Args:
            where: as `search_runs`.
            experiment: as `search_runs`.
            sort: as `search_runs`.
            limit: how many; -1 for all.
            after: those next after this place.
            before: those last before this place; not with `after`.
            skip: leave out so many of the first; with `before` or `from_end`, of the last.
            from_end: the last ones.
            outer: only those whose parent is not of the same experiment.
            stopped: as `search_runs`.

        Raises:
            LinealError: as `search_runs`.
        """
        with self._context.read() as connection:
            return searching.runs(
                connection,
                searching.Asked(where, sort, self._context.clock(), stopped),
                self._experiment_number(connection, experiment),
                searching.Window(limit, after, before, skip, from_end),
                outer=outer,
            )

    def search_run_numbers(
        self,
        where: str | None = None,
        *,
        experiment: str | None = None,
        sort: str | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> array[int]:
        """The row numbers of the runs that a filter lets through, in their order, for orders that no index has.

        A page of such an order takes as long as all of it; its numbers are few bytes. Arguments and errors are those of
        `search_runs`.
        """
        with self._context.read() as connection:
            asked = searching.Asked(where, sort, self._context.clock(), stopped)
            return searching.run_numbers(connection, asked, self._experiment_number(connection, experiment))

    def count_runs(
        self,
        where: str | None = None,
        *,
        experiment: str | None = None,
        sort: str | None = None,
        ahead_of: Place | None = None,
        outer: bool = False,
        stopped: Callable[[], bool] | None = None,
    ) -> int:
        """How many runs a filter lets through; with `ahead_of`, how many of them stand before that place.

        Raises:
            LinealError: as `search_runs`.
        """
        with self._context.read() as connection:
            asked = searching.Asked(where, sort, self._context.clock(), stopped)
            number = self._experiment_number(connection, experiment)
            return searching.count_runs(connection, asked, number, ahead_of=ahead_of, outer=outer)

    def scopes_of(self, name: str, *, of: str = "run") -> tuple[str, ...]:
        """Whether a name is that of a metric, a param or a tag (`metrics`, `params`, `tags`) of any run, or version.

        Args:
            name: the name, without its scope.
            of: `run` or `version`.
        """
        with self._context.read() as connection:
            return known.scopes_of(connection, name, of)

    def search_versions(
        self,
        model: str | None = None,
        where: str | None = None,
        *,
        sort: str | None = None,
        limit: int | None = None,
        include_retired: bool = False,
        stopped: Callable[[], bool] | None = None,
    ) -> list[Version]:
        """Versions that a filter lets through, the newest first unless `sort` says otherwise.

        Args:
            model: only of this one; None for all.
            where: the filter; retired versions show only if it asks for a status, or with `include_retired`.
            sort: the order; as `search_runs`.
            limit: at most so many; None for all.
            include_retired: also retired ones.
            stopped: as `search_runs`.

        Raises:
            LinealError: as `search_runs`.
        """
        found = self.search_versions_page(
            model,
            where,
            sort=sort,
            limit=-1 if limit is None else limit,
            include_retired=include_retired,
            stopped=stopped,
        )
        return [each.item for each in found]

    def search_versions_page(
        self,
        model: str | None = None,
        where: str | None = None,
        *,
        sort: str | None = None,
        limit: int = 256,
        after: Place | None = None,
        before: Place | None = None,
        skip: int = 0,
        from_end: bool = False,
        include_retired: bool = False,
        stopped: Callable[[], bool] | None = None,
    ) -> list[Found[Version]]:
        """Part of the versions that a filter lets through; as `search_runs_page` and `search_versions`."""
        with self._context.read() as connection:
            return searching.versions(
                connection,
                searching.Asked(where, sort, self._context.clock(), stopped),
                self._model_number(connection, model),
                searching.Window(limit, after, before, skip, from_end),
                include_retired=include_retired,
            )

    def count_versions(
        self,
        model: str | None = None,
        where: str | None = None,
        *,
        sort: str | None = None,
        include_retired: bool = False,
        ahead_of: Place | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> int:
        """How many versions a filter lets through; as `count_runs` and `search_versions`."""
        with self._context.read() as connection:
            asked = searching.Asked(where, sort, self._context.clock(), stopped)
            number = self._model_number(connection, model)
            return searching.count_versions(
                connection, asked, number, include_retired=include_retired, ahead_of=ahead_of
            )

    def _model_number(self, connection: sqlite3.Connection, model: str | None) -> int | None:
        return None if model is None else addresses.model(connection, model).id

    def search_datasets(
        self,
        where: str | None = None,
        *,
        dataset: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> list[DatasetVersion]:
        """Versions of datasets that a filter lets through, the newest first unless `sort` says otherwise.

        Args:
            where: the filter; None lets all through.
            dataset: only of this one.
            sort: the order; as `search_runs`.
            limit: at most so many; None for all.
            stopped: as `search_runs`.

        Raises:
            LinealError: as `search_runs`.
        """
        with self._context.read() as connection:
            asked = searching.Asked(where, sort, self._context.clock(), stopped)
            number = None if dataset is None else addresses.dataset(connection, dataset).id
            window = searching.Window(-1 if limit is None else limit)
            found = searching.datasets(connection, asked, window, dataset=number)
        return [each.item for each in found]

    def search_models(
        self,
        where: str | None = None,
        *,
        sort: str | None = None,
        limit: int | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> list[Model]:
        """Models that a filter lets through, by name unless `sort` says otherwise; those all retired, too.

        Raises:
            LinealError: as `search_runs`.
        """
        with self._context.read() as connection:
            asked = searching.Asked(where, "name" if sort is None else sort, self._context.clock(), stopped)
            found = searching.models(connection, asked, searching.Window(-1 if limit is None else limit))
        return [each.item for each in found]

    def search_experiments(
        self,
        where: str | None = None,
        *,
        sort: str | None = None,
        limit: int | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> list[Experiment]:
        """Experiments that a filter lets through, the one that ran last first unless `sort` says otherwise.

        Raises:
            LinealError: as `search_runs`.
        """
        with self._context.read() as connection:
            asked = searching.Asked(where, "last_run" if sort is None else sort, self._context.clock(), stopped)
            found = searching.experiments(connection, asked, searching.Window(-1 if limit is None else limit))
        return [each.item for each in found]
