"""Runs as a table: how each went, and what it has in the columns that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.runs import RunStatus
from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Span, Tone, cut, left, rule, width_of
from lineal_tui.view.drawing.sparks import sparkline
from lineal_tui.view.drawing.words import age, counted, figure, lasted, number, scalar
from lineal_tui.view.training.run_columns import RunsLook, kind_of, laid_out, measured, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.runs import Experiment, Run, RunDetail

STATUS_TONES = {
    RunStatus.RUNNING: Tone.CHANGED,
    RunStatus.FINISHED: Tone.MUTED,
    RunStatus.FAILED: Tone.FAILED,
    RunStatus.KILLED: Tone.WORSE,
}


@dataclass(frozen=True, slots=True)
class Fold:
    """How a run stands among those that fold under others."""

    inner: int = 0
    """Runs that fold under it."""
    is_open: bool = False
    depth: int = 0
    """Under how many others it is shown."""


FLAT = Fold()


def runs_measured(
    look: RunsLook, details: Sequence[RunDetail], inner: Mapping[int, int], *, depth: int = 0
) -> RunsLook:
    """The same look, with columns wide enough for these runs too.

    Args:
        look: how wide they are so far.
        details: the runs.
        inner: how many fold under each, by row number.
        depth: under how many others they are shown.
    """
    folds = look.folds or bool(inner)
    names = [
        ("--" * (depth + 1) if depth or folds else "") + _name(detail.run, Fold(inner.get(detail.run.n, 0)))
        for detail in details
    ]
    wider = measured(
        look, names, [[_cell(detail, column.id, look)[0] for column in look.columns] for detail in details]
    )
    if folds != wider.folds:
        from dataclasses import replace  # noqa: PLC0415  few registries have nested runs

        return replace(wider, folds=folds)
    return wider


def run_line(detail: RunDetail, look: RunsLook, width: int, fold: Fold = FLAT) -> Line:
    """One run."""
    run = detail.run
    failed = run.status in {RunStatus.FAILED, RunStatus.KILLED}
    columns = laid_out(look, width)
    cells: dict[str, Line] = {
        column.id: (
            _curve(detail, column, look) if kind_of(column.id)[0] == "curve" else _cell(detail, column.id, look),
        )
        for column in columns
        if column.id not in ("name", "rest")
    }
    cells["name"] = _name_cell(run, fold, columns[0].width, Tone.MUTED if failed else Tone.STRONG, folds=look.folds)
    return row(columns, cells)


def _name(run: Run, fold: Fold) -> str:
    return f"{run.name} +{fold.inner}" if fold.inner else run.name


def _name_cell(run: Run, fold: Fold, width: int, tone: Tone, *, folds: bool) -> Line:
    """The name of a run, below others a little further right; of those that others fold under with a sign."""
    if not folds:
        return ((run.name, tone),)
    name = _name(run, fold)
    sign = ("▼ " if fold.is_open else "▸ ") if fold.inner else "↳ " if fold.depth else "  "
    # however deep it is, half of the cells are for the name
    room = max(width // 2, width - len(sign) - width_of(one_line(name)))
    sign = " " * min(2 * fold.depth, room) + sign
    return ((sign[:width], Tone.KEY), (left(name, max(0, width - len(sign))), tone))


def _cell(detail: RunDetail, column: str, look: RunsLook) -> Span:
    kind, name = kind_of(column)
    if kind == "metric":
        series = next((known for known in detail.metrics if known.name == name), None)
        if series is None:
            return ("-", Tone.FAINT)
        return (figure(series.best if look.best and series.best is not None else series.last), Tone.TEXT)
    if kind == "param":
        return (scalar(detail.params[name]), Tone.MUTED) if name in detail.params else ("-", Tone.FAINT)
    if kind == "curve":
        return ("", Tone.FAINT)
    if kind == "tag":
        return (one_line(detail.tags[name]), Tone.MUTED) if name in detail.tags else ("-", Tone.FAINT)
    return _own_cell(detail.run, name, look)


def _curve(detail: RunDetail, column: Column, look: RunsLook) -> Span:
    name = kind_of(column.id)[1]
    series = next((known for known in detail.metrics if known.name == name), None)
    if series is None or series.count < 2 or look.history is None:
        return ("", Tone.FAINT)
    return (sparkline(look.history(detail.run, series), column.width), Tone.CHANGED)


def _own_cell(run: Run, column: str, look: RunsLook) -> Span:
    ended = run.ended_at if run.ended_at is not None else look.now
    match column:
        case "status":
            return ("lost", Tone.FAILED) if run.id in look.lost else (str(run.status), STATUS_TONES[run.status])
        case "age":
            return (age(run.started_at, look.now), Tone.MUTED)
        case "took":
            return (lasted(run.started_at, ended) if ended > run.started_at else "", Tone.MUTED)
        case "experiment":
            return (one_line(run.experiment), Tone.MUTED)
        case "kind":
            return (str(run.kind), Tone.MUTED)
        case "by":
            return (one_line(run.actor), Tone.MUTED)
        case _:
            return (run.id[:12], Tone.MUTED)


@dataclass(frozen=True, slots=True)
class RunsTitle:
    """What stands above a table of runs."""

    experiment: str | None
    """None: all."""
    count: int
    """Runs there are, those that fold under others included."""
    found: int | None = None
    """Those that a filter lets through; None without one."""
    differing: int | None = None
    """Marked runs between which only what differs is shown; None: everything is."""


def runs_title(title: RunsTitle, look: RunsLook, width: int, *, active: bool) -> Line:
    """The rule above the runs."""
    name = "all runs" if title.experiment is None else cut(title.experiment, max(8, width // 2))
    start: Line = ((name, Tone.TITLE if active else Tone.STRONG),)
    if title.experiment is not None:
        start = (("runs of ", Tone.MUTED), *start)
    end: list[Span] = []
    if title.differing is not None:
        end.append((f"what differs between {title.differing} (=), ", Tone.CHANGED))
    found = "" if title.found is None else f"{number(title.found)} of "
    words = f"{found}{counted(title.count, 'run')}"
    if look.sorting is not None:
        words += f", by {cut(title_of(look.sorting.column), 20)}"
    end.append((f"{words}, {'best' if look.best else 'last'} values (t)", Tone.MUTED))
    return rule(start, tuple(end), width)


# experiments


@dataclass(frozen=True, slots=True)
class ExperimentItem:
    """An experiment; or all of them together."""

    experiment: Experiment | None
    """None: all."""
    runs: int


@dataclass(frozen=True, slots=True)
class ExperimentsLook:
    """What all rows of the list of experiments have in common."""

    name_width: int
    now: Micros
    runs_width: int = 7


def experiments_look(items: Sequence[ExperimentItem], now: Micros) -> ExperimentsLook:
    """Measure the experiments."""
    names = [width_of(one_line(item.experiment.name)) for item in items if item.experiment is not None]
    widest = max((len(number(item.runs)) for item in items), default=0)
    return ExperimentsLook(min(36, max([len("all experiments"), *names])), now, max(7, widest))


@lru_cache(maxsize=8)
def experiments_columns(look: ExperimentsLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    return arrange(
        [
            Column("name", "EXPERIMENT", min(look.name_width, max(8, width - look.runs_width - 2))),
            Column("runs", "RUNS", look.runs_width, right=True, rank=1),
            Column("age", "LAST", 4, right=True, rank=2),
            Column("owner", "OWNER", 10, rank=3),
            Column("purpose", "PURPOSE", 12, grows=True, rank=4),
        ],
        width,
    )


def experiments_head(look: ExperimentsLook, width: int) -> Line:
    """The titles of the columns."""
    return head(experiments_columns(look, width))


def experiment_line(item: ExperimentItem, look: ExperimentsLook, width: int) -> Line:
    """One experiment."""
    each = item.experiment
    last = each.last_run_at if each is not None else None
    return row(
        experiments_columns(look, width),
        {
            "name": ((each.name if each is not None else "all experiments", Tone.STRONG if each else Tone.TEXT),),
            "runs": ((number(item.runs), Tone.MUTED),),
            "age": ((age(last, look.now) if last is not None else "", Tone.MUTED),),
            "owner": (((each.owner if each else None) or "-", Tone.MUTED),),
            "purpose": (((each.purpose if each else None) or "", Tone.MUTED),),
        },
    )


def run_ref(run: Run) -> str:
    """A run's address as people type it."""
    return f"run:{run.id[:12]}"
