"""Runs as a table: how each went, and the params and metrics that most of them have as columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from lineal.records.runs import RunStatus
from lineal_tui.view.clean import one_line
from lineal_tui.view.columns import Column, arrange, head, row
from lineal_tui.view.lines import Line, Tone, cut, rule, width_of
from lineal_tui.view.words import age, counted, figure, number, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Micros
    from lineal.records.runs import Experiment, Run, RunDetail

_WIDEST_NAME = 28
_WIDEST_VALUE = 12
_MOST_METRICS = 6
_MOST_PARAMS = 8

STATUS_TONES = {
    RunStatus.RUNNING: Tone.CHANGED,
    RunStatus.FINISHED: Tone.MUTED,
    RunStatus.FAILED: Tone.FAILED,
    RunStatus.KILLED: Tone.WORSE,
}


@dataclass(frozen=True, slots=True)
class RunsLook:
    """What all rows of one table of runs have in common."""

    metrics: tuple[str, ...]
    """The metrics with a column, the most frequent first."""
    params: tuple[str, ...]
    """The params with a column, those that differ between runs first."""
    now: Micros
    best: bool = False
    """Whether metrics show their best values; their last ones otherwise."""
    experiment: bool = False
    """Whether the runs are of several experiments."""
    name_width: int = 8
    experiment_width: int = 10
    widths: tuple[int, ...] = ()
    """Of the metrics, then of the params."""


def runs_look(details: Sequence[RunDetail], now: Micros, *, several: bool) -> RunsLook:
    """Choose the columns by what the first runs have.

    Args:
        details: of the runs that are looked at first.
        now: to count ages from.
        several: whether runs of several experiments are shown.
    """
    metrics = Counter(series.name for detail in details for series in detail.metrics)
    params: dict[str, set[str]] = {}
    for detail in details:
        for name, value in detail.params.items():
            params.setdefault(name, set()).add(scalar(value))
    chosen = sorted(params, key=lambda name: (len(params[name]) < 2, name))[:_MOST_PARAMS]
    ranked = sorted(metrics, key=lambda name: (-metrics[name], name))[:_MOST_METRICS]
    heads = [*ranked, *chosen]
    look = RunsLook(
        tuple(ranked), tuple(chosen), now, experiment=several, widths=tuple(width_of(cut(name, 10)) for name in heads)
    )
    return runs_measured(look, details)


def runs_measured(look: RunsLook, details: Sequence[RunDetail]) -> RunsLook:
    """The same look, with columns wide enough for these runs too."""
    widths = list(look.widths)
    for detail in details:
        for n, text in enumerate(_values(detail, look)):
            widths[n] = min(_WIDEST_VALUE, max(widths[n], width_of(text)))
    names = [width_of(one_line(detail.run.name)) for detail in details]
    experiments = [width_of(one_line(detail.run.experiment)) for detail in details]
    return replace(
        look,
        widths=tuple(widths),
        name_width=min(_WIDEST_NAME, max([look.name_width, *names])),
        experiment_width=min(20, max([look.experiment_width, *experiments])),
    )


@lru_cache(maxsize=8)
def runs_columns(look: RunsLook, width: int) -> tuple[Column, ...]:
    """The columns that fit: metrics stay longer than params, the first of each longest."""
    columns = [
        Column("name", "RUN", look.name_width),
        Column("status", "STATUS", 8, rank=2),
        Column("age", "AGE", 4, right=True, rank=1),
        Column("took", "TOOK", 4, right=True, rank=12),
    ]
    if look.experiment:
        columns.append(Column("experiment", "EXPERIMENT", look.experiment_width, rank=8))
    columns.extend(
        Column(f"metric:{name}", cut(name, 12), look.widths[n], right=True, rank=3 + 2 * n)
        for n, name in enumerate(look.metrics)
    )
    columns.extend(
        Column(f"param:{name}", cut(name, 12), look.widths[len(look.metrics) + n], right=True, rank=6 + 2 * n)
        for n, name in enumerate(look.params)
    )
    columns.append(Column("rest", "", 0, grows=True))
    return arrange(columns, width)


def runs_head(look: RunsLook, width: int) -> Line:
    """The titles of the columns."""
    return head(runs_columns(look, width))


def run_line(detail: RunDetail, look: RunsLook, width: int) -> Line:
    """One run."""
    run = detail.run
    failed = run.status in {RunStatus.FAILED, RunStatus.KILLED}
    ended = run.ended_at if run.ended_at is not None else look.now
    cells: dict[str, Line] = {
        "name": ((run.name, Tone.MUTED if failed else Tone.STRONG),),
        "status": ((str(run.status), STATUS_TONES[run.status]),),
        "age": ((age(run.started_at, look.now), Tone.MUTED),),
        "took": ((age(run.started_at, ended) if ended > run.started_at else "", Tone.MUTED),),
        "experiment": ((run.experiment, Tone.MUTED),),
    }
    values = _values(detail, look)
    for n, name in enumerate(look.metrics):
        cells[f"metric:{name}"] = ((values[n], Tone.TEXT),)
    for n, name in enumerate(look.params):
        cells[f"param:{name}"] = ((values[len(look.metrics) + n], Tone.MUTED),)
    return row(runs_columns(look, width), cells)


def runs_title(experiment: str | None, count: int, width: int, *, best: bool, active: bool) -> Line:
    """The rule above the runs."""
    name = "all runs" if experiment is None else cut(experiment, max(8, width // 2))
    start: Line = ((name, Tone.TITLE if active else Tone.STRONG),)
    if experiment is not None:
        start = (("runs of ", Tone.MUTED), *start)
    return rule(start, ((f"{counted(count, 'run')}, {'best' if best else 'last'} values (t)", Tone.MUTED),), width)


def _values(detail: RunDetail, look: RunsLook) -> list[str]:
    series = {each.name: each for each in detail.metrics}
    texts = []
    for name in look.metrics:
        each = series.get(name)
        value = None if each is None else each.best if look.best and each.best is not None else each.last
        texts.append("-" if value is None else figure(value))
    texts.extend(scalar(detail.params[name]) if name in detail.params else "-" for name in look.params)
    return texts


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


def experiments_look(items: Sequence[ExperimentItem], now: Micros) -> ExperimentsLook:
    """Measure the experiments."""
    names = [width_of(one_line(item.experiment.name)) for item in items if item.experiment is not None]
    return ExperimentsLook(min(36, max([len("all experiments"), *names])), now)


@lru_cache(maxsize=8)
def experiments_columns(look: ExperimentsLook, width: int) -> tuple[Column, ...]:
    """The columns that fit."""
    return arrange(
        [
            Column("name", "EXPERIMENT", min(look.name_width, max(8, width - 9))),
            Column("runs", "RUNS", 7, right=True, rank=1),
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
