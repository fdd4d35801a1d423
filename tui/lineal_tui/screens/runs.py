"""Runs of any number as a list reads them: by pages, from their neighbours, in any order, through any filter."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from lineal.records.base import Micros, RunId
from lineal.records.runs import RunStatus
from lineal_tui.view.pages import PAGE
from lineal_tui.view.run import RunPage
from lineal_tui.view.run_columns import RunsLook, TableState, kind_of, usual_columns
from lineal_tui.view.runs import ExperimentItem, runs_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.runs import Run, RunDetail
    from lineal.records.searching import Place
    from lineal.registry import Registry
    from lineal_tui.view.run_columns import Chosen, Sorting

_CURVES = 24
_POINTS = 400
"""Newest points of a metric that make its curve."""
_MEASURED = 64
"""Runs whose fields choose the columns."""
_PLACES = 40 * PAGE
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
_SCOPES = {"metric": "metrics", "param": "params", "tag": "tags"}


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
        while len(self.places) > _PLACES:
            self.places.popitem(last=False)
        return [each.item for each in found]


class RunsSource:
    """The runs of a table with what its columns show."""

    def __init__(self, registry: Registry, order: Order, count: int, look: RunsLook) -> None:
        """Fetch runs when they are asked for."""
        self._registry = registry
        self._order = order
        self._count = count
        self.look = look
        self.inner: OrderedDict[int, int] = OrderedDict()
        """How many runs fold under those at hand, by row number."""
        self.kept: tuple[Hashable, int] | None = None
        """A key whose place was looked up beforehand, as that may take long."""
        self.on_wider: Callable[[], None] | None = None
        """Called when rows came that need wider columns."""

    def count(self) -> int:
        """How many runs there are."""
        return self._count

    def key(self, row: RunDetail) -> Hashable:
        """Its start and row number."""
        return key_of(row.run)

    def position(self, key: Hashable) -> int | None:
        """Where a run is."""
        if self.kept is not None and key == self.kept[0]:
            return self.kept[1]
        match key:
            case (int(at), int(n)):
                return self._order.ahead(Micros(at), n)
            case _:
                return None

    def following(self, row: RunDetail | None, limit: int, skip: int = 0) -> Sequence[RunDetail]:
        """The runs after `row`."""
        return self.told(self._order.after(None if row is None else row.run, limit, skip))

    def preceding(self, row: RunDetail | None, limit: int) -> Sequence[RunDetail]:
        """The runs before `row`."""
        return self.told(self._order.before(None if row is None else row.run, limit))

    def told(self, runs: Sequence[Run], *, are_inner: bool = False) -> list[RunDetail]:
        """What the columns show of runs; `are_inner`: they are shown under their parent."""
        details = cells_of(self._registry, runs, self.look.columns)
        inner = self._registry.child_counts(runs) if isinstance(self._order, ByStart) else {}
        self.inner.update(inner)
        while len(self.inner) > _PLACES:
            self.inner.popitem(last=False)
        look = runs_measured(self.look, details, inner, are_inner=are_inner)
        if look is not self.look:
            self.look = look
            if self.on_wider is not None:
                self.on_wider()
        return details

    @property
    def folds(self) -> bool:
        """Whether nested runs fold under their parents."""
        return isinstance(self._order, ByStart)

    def nested(self, detail: RunDetail) -> list[RunDetail]:
        """What folds under a run."""
        return self.told(self._registry.nested_runs(detail.run), are_inner=True)


def key_of(run: Run) -> tuple[Micros, int]:
    """What tells a run from every other in a table."""
    return (run.started_at, run.n)


def cells_of(registry: Registry, runs: Sequence[Run], columns: Sequence[Chosen]) -> list[RunDetail]:
    """What columns show of runs."""
    names: dict[str, list[str]] = {"": [], "param": [], "metric": [], "tag": []}
    for column in columns:
        kind, name = kind_of(column.id)
        names[kind].append(name)
    return registry.run_cells(runs, params=names["param"], metrics=names["metric"], tags=names["tag"])


@dataclass(frozen=True, slots=True)
class Wish:
    """How a table is to be read."""

    asked: Asked
    state: TableState
    differing: tuple[Chosen, ...] | None
    """The columns in which marked runs differ, if only these are to be shown."""
    best: bool
    now: Micros
    keep: tuple[tuple[int, int], RunId] | None = None
    """Key and id of the run that the cursor stays on."""


def look_of(registry: Registry, wish: Wish, first: Sequence[Run]) -> RunsLook:
    """The columns that a person chose, or else those that the first runs have, as wide as these need them."""
    columns = wish.differing if wish.differing is not None else wish.state.columns
    usual = columns is None
    if columns is None:
        columns = usual_columns(registry.run_figures(first[:_MEASURED]), several=wish.asked.experiment is None)
    return RunsLook(
        columns,
        wish.now,
        fixed=not usual,
        best=wish.best,
        sorting=wish.state.sorting,
        named=wish.state.name_width,
        lost=registry.lost_runs(),
    )


def read_runs(
    registry: Registry,
    wish: Wish,
    *,
    stopped: Callable[[], bool] = lambda: False,
    first: Callable[[RunsSource], None] = lambda _: None,
) -> RunsSource:
    """Read what a table shows.

    Args:
        registry: Where to read.
        wish: What is wanted.
        stopped: Whether nobody waits for it any more.
        first: Told the first rows before the others are counted, where that may take long.

    Raises:
        LinealError: The filter is wrong, or it was called off.
    """
    asked = wish.asked
    if asked.where is None and asked.sort is None:
        order: Order = ByStart(registry, asked.experiment)
        look = look_of(registry, wish, order.after(None, min(PAGE, _MEASURED), 0))
        return RunsSource(registry, order, order.count(), look)
    search = BySearch(registry, asked, stopped)
    rows = search.after(None, PAGE, 0)
    look = look_of(registry, wish, rows)
    if len(rows) < PAGE:
        search.known = len(rows)
    elif asked.where is not None:
        first(RunsSource(registry, _Headed(search, rows), len(rows), look))
    source = RunsSource(registry, search, search.count(), look)
    if wish.keep is not None:
        key, run = wish.keep
        place = search.find(run)
        if place is not None:
            source.kept = (key, place)
    search.stopped = lambda: False
    return source


class _Headed:
    """The first rows of a search that goes on."""

    def __init__(self, search: BySearch, rows: Sequence[Run]) -> None:
        self._rows = list(rows)
        self._search = search

    def count(self) -> int:
        return len(self._rows)

    def after(self, run: Run | None, limit: int, skip: int) -> list[Run]:
        start = (0 if run is None else self._rows.index(run) + 1) + skip
        return self._rows[start : start + limit]

    def before(self, run: Run | None, limit: int) -> list[Run]:
        stop = len(self._rows) if run is None else self._rows.index(run)
        return self._rows[max(0, stop - limit) : stop]

    def ahead(self, at: Micros, number: int) -> int | None:
        return next((n for n, run in enumerate(self._rows) if key_of(run) == (at, number)), None)


def with_columns(source: RunsSource, columns: Sequence[Chosen]) -> None:
    """Show other columns of the same rows, which have to be fetched anew."""
    source.look = replace(source.look, columns=tuple(columns), fixed=True, widths=(), cursor=0, first=0)


def read_experiments(registry: Registry) -> list[ExperimentItem]:
    """Every experiment, below all of them together."""
    found = registry.experiments()
    return [
        ExperimentItem(None, sum(each.runs for each in found)),
        *(ExperimentItem(each, each.runs) for each in found),
    ]


def read_run(registry: Registry, run: Run) -> RunPage:
    """Everything that a run's page shows."""
    detail = registry.run_detail(registry.run(run.id))
    curves = {
        series.name: registry.points(detail.run, series.name, limit=_POINTS)
        for series in detail.metrics[:_CURVES]
        if series.count > 1
    }
    lost = detail.run.status is RunStatus.RUNNING and detail.run.id in registry.lost_runs()
    return RunPage(detail, curves, registry.uncommitted_changes(detail), lost=lost)
