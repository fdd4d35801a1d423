"""The columns of a table of runs: which there are, how wide they are, and which of them are in sight."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.runs import Direction
from lineal.rules.metrics import guess_direction
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import GAP, Column, arrange
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, left, right, width_of
from lineal_tui.view.drawing.words import scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lineal.records.base import Micros, RunId
    from lineal.records.runs import MetricSeries, Run, RunDetail

WIDEST = 60
NARROWEST = 3
_WIDEST_NAME = 28
_WIDEST_VALUE = 12
_WIDEST_EXPERIMENT = 20
"""Experiments are told apart by their ends as often as not; where there is little room, figures tell more."""
_ROOMY = 100
"""Cells from which on there is more."""
_WIDEST_TITLE = 13
_MOST_METRICS = 6
_MOST_PARAMS = 8
_CURVE = 10
"""Cells of the history of a metric, unless a person gave it others."""

OWN = {
    "status": ("STATUS", "how it goes, or how it ended", 8),
    "age": ("AGE", "how long ago it started", 4),
    "took": ("TOOK", "how long it took, or takes so far", 4),
    "experiment": ("EXPERIMENT", "the experiment it is of", 10),
    "kind": ("KIND", "train, evaluate, transform or import", 9),
    "by": ("BY", "who started it", 8),
    "id": ("ID", "the beginning of its id", 12),
}
"""The columns that every run has a value for, by id: title, what it shows, and cells."""

_RIGHT = frozenset({"age", "took"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A column that is shown."""

    id: str
    """One of `OWN`, or `metric:`, `curve:`, `param:` or `tag:` and a name."""
    width: int | None = None
    """Cells that a person gave it; None: as wide as its values."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """What a table is sorted by."""

    column: str
    """An id, or `name`."""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class TableState:
    """How a person wants a table of runs to be; remembered."""

    columns: tuple[Chosen, ...] | None = None
    """None: what its first runs have, and as many of it as fit."""
    sorting: Sorting | None = None
    """None: the latest first, nested runs under their parents."""
    name_width: int | None = None
    """Cells of the names; None: as wide as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class RunsLook:
    """What all rows of one table of runs have in common; compared by identity, as it is asked for with every row."""

    columns: tuple[Chosen, ...]
    """All but the names, which always come first."""
    now: Micros
    fixed: bool = False
    """Whether a person chose them; else the least important are left out where there is no room for all."""
    best: bool = False
    """Whether metrics show their best values; their last ones otherwise."""
    sorting: Sorting | None = None
    widths: tuple[int, ...] = ()
    """How wide the values of each column are."""
    name_width: int = 8
    named: int | None = None
    """Cells that a person gave the names."""
    cursor: int = 0
    """The column that keys are about: 0 the names, n the n-th of `columns`."""
    first: int = 0
    """The leftmost of `columns` that is in sight when not all of them are."""
    lost: frozenset[RunId] = frozenset()
    """Runs that are recorded as running but whose process is gone."""
    folds: bool = False
    """Whether runs fold under others."""
    history: Callable[[Run, MetricSeries], Sequence[float]] | None = None
    """Reads what a metric was from beginning to end, in at least as many values as have room; None: nothing does."""


def kind_of(column: str) -> tuple[str, str]:
    """`metric`, `curve` (its history), `param` or `tag` and a name; or nothing and the id of what all runs have."""
    kind, colon, name = column.partition(":")
    return (kind, name) if colon else ("", column)


def title_of(column: str) -> str:
    """What stands above a column."""
    kind, name = kind_of(column)
    return name if kind else "RUN" if name == "name" else OWN[name][0]


def heading_of(column: str) -> str:
    """What stands above a column in the table, where the history of a metric stands beside its value."""
    return f"~{title_of(column)}" if kind_of(column)[0] == "curve" else title_of(column)


def next_sorting(now: Sorting | None, column: str) -> Sorting | None:
    """What sorting by a column means: the best metrics first, the latest runs, all else upwards; again, the reverse.

    Args:
        now: what it is sorted by.
        column: an id, or `name`.
    """
    if now is not None and now.column == column:
        back = replace(now, descending=not now.descending)
        return None if back == Sorting("age") else back
    if column == "age":
        return Sorting("age", descending=True) if now is None else None
    kind, name = kind_of(column)
    return Sorting(column, descending=kind in ("metric", "curve") and guess_direction(name) is not Direction.LOWER)


def widened(look: RunsLook, column: str, by: int) -> tuple[Chosen, ...]:
    """The columns with one of them wider by some cells, or narrower; as they are before any row was measured."""
    if len(look.widths) < len(look.columns):
        return look.columns
    return tuple(
        replace(each, width=max(NARROWEST, min(WIDEST, (each.width or look.widths[n]) + by)))
        if each.id == column
        else each
        for n, each in enumerate(look.columns)
    )


def is_known(column: str) -> bool:
    """Whether there can be such a column."""
    kind, name = kind_of(column)
    return bool(name) and kind in ("metric", "curve", "param", "tag") if kind else name in OWN or name == "name"


def known(wanted: Sequence[tuple[str, int | None]]) -> tuple[Chosen, ...]:
    """Columns that were kept, each once, without those that there cannot be."""
    return tuple(
        Chosen(column, None if width is None else max(NARROWEST, min(WIDEST, width)))
        for column, width in dict(wanted).items()
        if is_known(column) and column != "name"
    )


def usual_columns(details: Sequence[RunDetail], *, several: bool) -> tuple[Chosen, ...]:
    """The columns that tell most of these runs: the most frequent metrics, and params, those that differ first.

    Args:
        details: of the runs that are looked at first.
        several: whether runs of several experiments are shown.
    """
    metrics = Counter(series.name for detail in details for series in detail.metrics)
    params: dict[str, set[str]] = {}
    for detail in details:
        for name, value in detail.params.items():
            params.setdefault(name, set()).add(scalar(value))
    # what a single run has is no column that tells many of them apart
    rare = max(metrics.values(), default=0) // 10
    ranked = sorted((name for name in metrics if metrics[name] > rare), key=lambda name: (-metrics[name], name))
    having = Counter(name for detail in details for name in detail.params)
    rare = max(having.values(), default=0) // 10
    chosen = sorted((name for name in params if having[name] > rare), key=lambda name: (len(params[name]) < 2, name))
    ids = ["status", "age", "took", *(["experiment"] if several else [])]
    ids += [f"metric:{name}" for name in ranked[:_MOST_METRICS]]
    lasting = Counter(series.name for detail in details for series in detail.metrics if series.count > 1)
    if lasting:
        ids.append(f"curve:{max(sorted(lasting), key=lasting.__getitem__)}")
    ids += [f"param:{name}" for name in chosen[:_MOST_PARAMS]]
    return tuple(Chosen(each) for each in ids)


def differing_columns(details: Sequence[RunDetail]) -> tuple[Chosen, ...]:
    """The params, metrics and tags in which runs differ; one that only some of them have is a difference."""
    ids: list[str] = []
    for kind, values in (
        ("param", [{name: scalar(value) for name, value in each.params.items()} for each in details]),
        ("metric", [{series.name: repr((series.last, series.best)) for series in each.metrics} for each in details]),
        ("tag", [each.tags for each in details]),
    ):
        names = dict.fromkeys(name for each in values for name in each)
        ids.extend(f"{kind}:{name}" for name in names if len({each.get(name) for each in values}) > 1)
    return tuple(Chosen(each) for each in ids)


def measured(look: RunsLook, names: Sequence[str], texts: Sequence[Sequence[str]]) -> RunsLook:
    """The same look, with columns wide enough for these rows too; the very same if they are already.

    Args:
        look: how wide they are so far.
        names: what stands in the column of names.
        texts: of each row, what stands in the other columns.
    """
    widths = list(look.widths)
    if len(widths) != len(look.columns):
        widths = [_least(column.id) for column in look.columns]
    widest = [_WIDEST_EXPERIMENT if column.id == "experiment" else _WIDEST_VALUE for column in look.columns]
    for row in texts:
        for n, text in enumerate(row):
            if len(text) > widths[n] < widest[n]:
                widths[n] = min(widest[n], width_of(text))
    longest = max((width_of(one_line(name)) for name in names), default=0)
    name_width = min(_WIDEST_NAME, max(look.name_width, longest))
    if tuple(widths) == look.widths and name_width == look.name_width:
        return look
    return replace(look, widths=tuple(widths), name_width=name_width)


def _least(column: str) -> int:
    kind, name = kind_of(column)
    if kind == "curve":
        return max(_CURVE, min(_WIDEST_TITLE, width_of(one_line(heading_of(column)))))
    return min(_WIDEST_TITLE, width_of(one_line(name))) if kind else OWN[name][2]


@lru_cache(maxsize=8)
def laid_out(look: RunsLook, width: int) -> tuple[Column, ...]:
    """The columns in sight, the names first."""
    names = Column("name", "RUN", look.named or look.name_width)
    widths = look.widths or tuple(_least(column.id) for column in look.columns)  # without runs none was measured
    if width < _ROOMY:
        widths = tuple(
            min(_WIDEST_VALUE, cells) if column.id == "experiment" else cells
            for column, cells in zip(look.columns, widths, strict=True)
        )
    columns = [
        Column(
            column.id,
            heading_of(column.id),
            column.width or _width(column.id, widths[n], look.sorting),
            right=column.id in _RIGHT or kind_of(column.id)[0] in ("metric", "param"),
            rank=_rank(column.id, n, look),
        )
        for n, column in enumerate(look.columns)
    ]
    needed = names.width + sum(len(GAP) + column.width for column in columns)
    rest = Column("rest", "", 0, grows=True)
    if needed <= width or (not look.fixed and not look.cursor):
        return arrange([names, *columns, rest], width)
    if not look.named and names.width > width // 3:
        names = replace(names, width=max(12, width // 3))
    kept, used = [names], names.width
    for column in columns[look.first :]:
        if used + len(GAP) + column.width > width:
            break
        kept.append(column)
        used += len(GAP) + column.width
    return arrange([*kept, rest], width)


def _width(column: str, width: int, sorting: Sorting | None) -> int:
    is_sorted = sorting is not None and sorting.column == column
    return max(width, min(_WIDEST_TITLE, width_of(one_line(heading_of(column)))) + 2) if is_sorted else width


def _rank(column: str, place: int, look: RunsLook) -> int:
    kind, name = kind_of(column)
    if not kind:
        return {"age": 1, "status": 2, "experiment": 2, "took": 12}.get(name, 20)
    same = sum(1 for known in look.columns[:place] if kind_of(known.id)[0] == kind)
    return {"metric": 3, "param": 6, "curve": 7}.get(kind, 9) + 2 * same


def moved(look: RunsLook, direction: int, width: int) -> RunsLook:
    """The same look with the cursor a column further, which is in sight."""
    cursor = max(0, min(len(look.columns), look.cursor + direction))
    return in_sight(replace(look, cursor=cursor), width)


def in_sight(look: RunsLook, width: int) -> RunsLook:
    """The same look, scrolled so that the column of its cursor is in sight."""
    if not look.cursor:
        return replace(look, first=0) if look.first else look
    column = look.columns[look.cursor - 1].id
    first = min(look.first, look.cursor - 1)
    while True:
        look = replace(look, first=first)
        if first >= look.cursor - 1 or any(known.id == column for known in laid_out(look, width)):
            return look
        first += 1


def heads(look: RunsLook, width: int) -> Line:
    """The titles: the one that keys are about stands out, and what it is sorted by has a sign."""
    columns = laid_out(look, width)
    under = look.columns[look.cursor - 1].id if look.cursor else None
    spans: list[Span] = []
    for n, column in enumerate(columns):
        if n:
            spans.append((GAP, Tone.HEAD))
        title = column.title
        if look.sorting is not None and look.sorting.column == column.id:
            sign = "▼" if look.sorting.descending else "▲"
            title = cut(title, max(1, column.width - 1)) + sign
        text = (right if column.right else left)(title, column.width)
        spans.append((text, Tone.CARET if column.id == under else Tone.HEAD))
    last = next((known.id for known in reversed(columns) if known.id not in ("rest", "name")), None)
    if look.columns and last != look.columns[-1].id and not (not look.fixed and not look.cursor):
        used = sum(width_of(text) for text, _ in spans[:-2])
        if used + 1 <= width:
            spans = [*spans[:-2], (right("▸", width - used), Tone.KEY)]
    return tuple(spans)
