"""The orders that a table of runs can have, each read by pages from the neighbours of what is at hand."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lineal.records.base import Micros, RunId
from lineal_tui.view.drawing.pages import PAGE
from lineal_tui.view.training.run_columns import kind_of

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from lineal.records.runs import Run
    from lineal.records.searching import Place
    from lineal.registry import Registry
    from lineal_tui.view.training.run_columns import Sorting

PLACES = 16 * PAGE
"""Places in an order that are kept: more than there are rows at hand."""

_FIELDS = {
    "name": "name",
    "status": "status",
    "age": "started",
    "took": "duration",
    "experiment": "experiment",
    "kind": "kind",
    "by": "actor",
    "id": "id",
}
"""What the search language calls a column that every run has a value for."""
_SCOPES = {"metric": "metrics", "curve": "metrics", "param": "params", "tag": "tags"}


def is_sortable(column: str) -> bool:
    """Whether the name of a column can be written in the search language."""
    return _quote_for(kind_of(column)[1]) is not None


def _quote_for(name: str) -> str | None:
    return next((quote for quote in '`"' if quote not in name), None)


def order_of(sorting: Sorting) -> str:
    """What a table is sorted by, in the search language; its column must be sortable."""
    kind, name = kind_of(sorting.column)
    # the youngest has the least age, and started last
    descending = sorting.descending is not (sorting.column == "age")
    direction = "DESC" if descending else "ASC"
    if not kind:
        return f"{_FIELDS[name]} {direction}"
    quote = _quote_for(name)
    return f"{_SCOPES[kind]}.{quote}{name}{quote} {direction}"


class Order(Protocol):
    """Runs in an order, by their neighbours in it."""

    def count(self) -> int:
        """How many there are."""
        ...

    def after(self, run: Run | None, limit: int, skip: int) -> list[Run]:
        """Those after a run, or the first."""
        ...

    def before(self, run: Run | None, limit: int) -> list[Run]:
        """Those before a run, or the last."""
        ...

    def ahead(self, at: Micros, number: int) -> int | None:
        """How many stand before the run with this start and row number; None when that is not known."""
        ...


class ByStart:
    """The latest first; nested runs are left out, as they fold under their parents."""

    def __init__(self, registry: Registry, experiment: str | None) -> None:
        """Runs of an experiment, or of all."""
        self._registry, self._experiment = registry, experiment

    def count(self) -> int:
        """How many there are."""
        return self._registry.run_count(self._experiment, outer=True)

    def after(self, run: Run | None, limit: int, skip: int) -> list[Run]:
        """Those that started before a run, or the latest."""
        before = None if run is None else key_of(run)
        return self._registry.runs_page(self._experiment, before=before, limit=limit, skip=skip, outer=True)

    def before(self, run: Run | None, limit: int) -> list[Run]:
        """Those that started after a run, or the earliest."""
        after = (Micros(-1), -1) if run is None else key_of(run)
        return self._registry.runs_page(self._experiment, after=after, limit=limit, outer=True)

    def ahead(self, at: Micros, number: int) -> int | None:
        """How many started later."""
        return self._registry.runs_later((at, number), self._experiment, outer=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs, in which order."""

    experiment: str | None
    """None: of all experiments."""
    where: str | None = None
    """A filter of the search language; None: all."""
    sort: str | None = None
    """None: the latest first."""


class BySearch:
    """What a filter lets through, sorted by a field."""

    def __init__(self, registry: Registry, asked: Asked, stopped: Callable[[], bool] = lambda: False) -> None:
        """Search when rows are asked for; `stopped` calls off the counting, which may take long."""
        self._registry, self._asked = registry, asked
        self.stopped: Callable[[], bool] = stopped
        self.known: int | None = None
        """How many there are, once they are counted."""
        self.places: OrderedDict[int, Place] = OrderedDict()

    def count(self) -> int:
        """How many there are."""
        if self.known is None:
            asked = self._asked
            if asked.where is None:
                self.known = self._registry.run_count(asked.experiment)
            else:
                self.known = self._registry.count_runs(asked.where, experiment=asked.experiment, stopped=self.stopped)
        return self.known

    def after(self, run: Run | None, limit: int, skip: int) -> list[Run]:
        """Those after a run, or the first."""
        return self._page(limit, after=self._place(run), skip=skip)

    def before(self, run: Run | None, limit: int) -> list[Run]:
        """Those before a run, or the last."""
        return self._page(limit, before=self._place(run), from_end=run is None)

    def ahead(self, _at: Micros, number: int) -> int | None:
        """How many stand before one that is at hand."""
        place = self.places.get(number)
        return None if place is None else self._ahead_of(place)

    def find(self, run: RunId) -> int | None:
        """How many stand before a run; None when it is not there any more."""
        where = f"id = '{run}'"
        found = self._registry.search_runs_page(where, sort=self._asked.sort, limit=1)
        if not found:
            return None
        self.places[found[0].item.n] = found[0].place
        return self._ahead_of(found[0].place)

    def _ahead_of(self, place: Place) -> int:
        asked = self._asked
        return self._registry.count_runs(
            asked.where, experiment=asked.experiment, sort=asked.sort, ahead_of=place, stopped=self.stopped
        )

    def _place(self, run: Run | None) -> Place | None:
        return None if run is None else self.places.get(run.n)

    def _page(
        self,
        limit: int,
        *,
        after: Place | None = None,
        before: Place | None = None,
        skip: int = 0,
        from_end: bool = False,
    ) -> list[Run]:
        asked = self._asked
        found = self._registry.search_runs_page(
            asked.where,
            experiment=asked.experiment,
            sort=asked.sort,
            limit=limit,
            after=after,
            before=before,
            skip=skip,
            from_end=from_end,
            stopped=self.stopped,
        )
        for each in found:
            self.places[each.item.n] = each.place
        while len(self.places) > PLACES:
            self.places.popitem(last=False)
        return [each.item for each in found]


class ByNumber:
    """What a filter lets through in an order that no index has: all of it was read once, as row numbers."""

    def __init__(self, registry: Registry, numbers: array[int]) -> None:
        """Fetch runs when they are asked for."""
        self._registry, self._numbers = registry, numbers
        self._places: OrderedDict[int, int] = OrderedDict()

    def count(self) -> int:
        """How many there are."""
        return len(self._numbers)

    def after(self, run: Run | None, limit: int, skip: int) -> list[Run]:
        """Those after a run, or the first."""
        return self._page((0 if run is None else self._place(run.n) + 1) + skip, limit)

    def before(self, run: Run | None, limit: int) -> list[Run]:
        """Those before a run, or the last."""
        stop = len(self._numbers) if run is None else self._place(run.n)
        start = max(0, stop - limit)
        return self._page(start, stop - start)

    def ahead(self, _at: Micros, number: int) -> int | None:
        """How many stand before a run."""
        try:
            return self._place(number)
        except ValueError:
            return None

    def _place(self, number: int) -> int:
        known = self._places.get(number)
        return self._numbers.index(number) if known is None else known

    def _page(self, start: int, limit: int) -> list[Run]:
        numbers = self._numbers[start : start + limit]
        self._places.update((number, start + n) for n, number in enumerate(numbers))
        while len(self._places) > PLACES:
            self._places.popitem(last=False)
        return self._registry.runs_by_number(numbers)


class Headed:
    """The first rows of a search that goes on."""

    def __init__(self, rows: Sequence[Run]) -> None:
        """Keep them."""
        self._rows = list(rows)

    def count(self) -> int:
        """How many there are."""
        return len(self._rows)

    def after(self, run: Run | None, limit: int, skip: int) -> list[Run]:
        """Those after a run, or the first."""
        start = (0 if run is None else self._rows.index(run) + 1) + skip
        return self._rows[start : start + limit]

    def before(self, run: Run | None, limit: int) -> list[Run]:
        """Those before a run, or the last."""
        stop = len(self._rows) if run is None else self._rows.index(run)
        return self._rows[max(0, stop - limit) : stop]

    def ahead(self, at: Micros, number: int) -> int | None:
        """How many stand before a run."""
        return next((n for n, run in enumerate(self._rows) if key_of(run) == (at, number)), None)


def key_of(run: Run) -> tuple[Micros, int]:
    """What tells a run from every other in a table."""
    return (run.started_at, run.n)
