"""Runs of any number as a list reads them: by pages, from their neighbours, in any order, through any filter."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from math import nan
from time import perf_counter
from typing import TYPE_CHECKING

from lineal.records.base import Micros
from lineal.records.runs import RunStatus
from lineal_tui.screens.run_orders import PLACES, Asked, ByNumber, BySearch, ByStart, Headed, Order, key_of
from lineal_tui.screens.sources import Widening
from lineal_tui.view.drawing.pages import PAGE
from lineal_tui.view.training.run import RunPage
from lineal_tui.view.training.run_columns import RunsLook, TableState, kind_of, usual_columns
from lineal_tui.view.training.runs import ExperimentItem, runs_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.base import RunId
    from lineal.records.runs import MetricSeries, Run, RunDetail
    from lineal.registry import Registry
    from lineal_tui.view.training.run_columns import Chosen

_CURVES = 24
_POINTS = 400
"""Newest points of a metric that make its curve."""
_HISTORY = 60
"""Values that a metric's history in a row is summed up in: as many as the widest column has cells."""
_HISTORIES = 2_000
"""Histories that are kept."""
_MEASURED = 64
"""Runs whose fields choose the columns."""
_SLOW = 0.02
"""Seconds for a page, from which on it is better to know the whole order."""


class RunsSource(Widening[RunsLook]):
    """The runs of a table with what its columns show."""

    def __init__(self, registry: Registry, order: Order, count: int, look: RunsLook) -> None:
        """Fetch runs when they are asked for."""
        super().__init__(replace(look, history=self._history))
        self._registry = registry
        self._order = order
        self._count = count
        self._histories: OrderedDict[tuple[int, str, int], tuple[float, ...]] = OrderedDict()
        self.inner: OrderedDict[int, int] = OrderedDict()
        """How many runs fold under those at hand, by row number."""
        self.kept: tuple[Hashable, int] | None = None
        """A key whose place was looked up beforehand, as that may take long."""

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

    def told(self, runs: Sequence[Run], *, depth: int = 0) -> list[RunDetail]:
        """What the columns show of runs that are shown under so many others."""
        details = cells_of(self._registry, runs, self.look.columns)
        inner = self._registry.child_counts(runs) if isinstance(self._order, ByStart) else {}
        self.inner.update(inner)
        while len(self.inner) > PLACES:
            self.inner.popitem(last=False)
        self.measure(runs_measured(self.look, details, inner, depth=depth))
        return details

    def _history(self, run: Run, series: MetricSeries) -> Sequence[float]:
        """What a metric was, of a run that is in sight."""
        key = (run.n, series.name, series.count)
        if key not in self._histories:
            if series.count <= _POINTS:
                values = tuple(point.value for point in self._registry.points(run, series.name, limit=_POINTS))
            else:
                curve = self._registry.curves([f"run:{run.id}"], series.name, columns=_HISTORY).curves[0]
                values = tuple(dot.mean if dot.mean is not None else nan for dot in curve.dots)
            self._histories[key] = values
            if len(self._histories) > _HISTORIES:
                self._histories.popitem(last=False)
        return self._histories[key]

    @property
    def folds(self) -> bool:
        """Whether nested runs fold under their parents."""
        return isinstance(self._order, ByStart)

    def nested(self, detail: RunDetail, depth: int) -> list[RunDetail]:
        """What folds under a run, and is shown under so many."""
        return self.told(self._registry.nested_runs(detail.run), depth=depth)


def cells_of(registry: Registry, runs: Sequence[Run], columns: Sequence[Chosen]) -> list[RunDetail]:
    """What columns show of runs."""
    names: dict[str, list[str]] = {"": [], "param": [], "metric": [], "tag": []}
    for column in columns:
        kind, name = kind_of(column.id)
        names["metric" if kind == "curve" else kind].append(name)
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
    usual: tuple[Chosen, ...] | None = None
    """The columns that were suggested before, which stay while runs are sorted and filtered; None: none were."""
    keep: tuple[tuple[int, int], RunId] | None = None
    """Key and id of the run that the cursor stays on."""


def look_of(registry: Registry, wish: Wish, first: Sequence[Run]) -> RunsLook:
    """The columns that a person chose, or else those that the first runs have, as wide as these need them."""
    columns = wish.differing if wish.differing is not None else wish.state.columns
    usual = columns is None
    is_other = wish.asked.where is not None or wish.asked.sort is not None
    if columns is None and is_other:
        columns = wish.usual
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
    try:
        return _read_runs(registry, wish, stopped, first)
    finally:
        if wish.asked.where is not None or wish.asked.sort is not None:
            give_back()


def _read_runs(
    registry: Registry, wish: Wish, stopped: Callable[[], bool], first: Callable[[RunsSource], None]
) -> RunsSource:
    asked = wish.asked
    if asked.where is None and asked.sort is None:
        order: Order = ByStart(registry, asked.experiment)
        look = look_of(registry, wish, order.after(None, min(PAGE, _MEASURED), 0))
        return RunsSource(registry, order, order.count(), look)
    search = BySearch(registry, asked, stopped)
    begun = perf_counter()
    rows = search.after(None, PAGE, 0)
    is_slow = perf_counter() - begun > _SLOW
    look = look_of(registry, wish, rows)
    if len(rows) < PAGE:
        search.known = len(rows)
    elif asked.where is not None or is_slow:
        first(RunsSource(registry, Headed(rows), len(rows), look))
    if is_slow and len(rows) == PAGE:
        numbers = registry.search_run_numbers(
            asked.where, experiment=asked.experiment, sort=asked.sort, stopped=stopped
        )
        found = RunsSource(registry, ByNumber(registry, numbers), len(numbers), look)
        if wish.keep is not None and (place := found.position(wish.keep[0])) is not None:
            found.kept = (wish.keep[0], place)
        return found
    source = RunsSource(registry, search, search.count(), look)
    if wish.keep is not None:
        key, run = wish.keep
        place = search.find(run)
        if place is not None:
            source.kept = (key, place)
    search.stopped = lambda: False
    return source


def give_back() -> None:
    """Hand back what a search took in memory: C's allocator would keep it, once for each thread."""
    import ctypes  # noqa: PLC0415  only after searches

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none, nor need any
    if trim is not None:
        trim(0)


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
