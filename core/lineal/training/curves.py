"""Drawing metrics of runs, and of all versions of a model, as curves over each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, inf
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadValue, OtherAddress
from lineal.queries import curves as rows
from lineal.queries import names, runs, stages, versions
from lineal.queries.values import number
from lineal.records.curves import Axis, Curve, Curves
from lineal.records.runs import RunStatus
from lineal.rules import refs
from lineal.rules.metrics import guess_direction
from lineal.training.dots import Scale, placed, spans

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from lineal.queries.curves import Series
    from lineal.records.curves import Dot, Span
    from lineal.records.models import Model
    from lineal.records.runs import Direction, Run
    from lineal.write_path.context import Context

MOST_COLUMNS = 10_000
EPOCH = "epoch"
"""The metric that tells the epoch."""

_KNOTS = 4096
_FINER = 4
"""Columns by step for each by epoch: how a step becomes an epoch may change within one."""


@dataclass(frozen=True, slots=True)
class _Line:
    curve: Curve
    run: Run | None = None
    series: Series | None = None
    epochs: Scale | None = None


def curves(
    context: Context,
    wanted: Sequence[str],
    metric: str,
    *,
    axis: Axis,
    columns: int,
    first: float | None,
    last: float | None,
) -> Curves:
    """One metric of several runs over each other.

    Args:
        context: the registry.
        wanted: addresses of runs, and of versions, which stand for the runs that produced them.
        metric: its name.
        axis: what they go by.
        columns: of the drawing.
        first: where on the axis it begins; None for the first point.
        last: where it ends; None for the last point.

    Raises:
        NotFound, BadAddress: an address names nothing, or neither runs nor versions.
        BadValue: there are no columns, or the range is none.
    """
    check_range(columns, first, last)
    if axis is Axis.VERSION:
        raise BadValue(field="axis", value="version", why="only a metric across a model's versions goes by it")
    with context.read() as connection:
        lines = [_line(connection, each, metric, axis) for each in wanted]
        ends = [_ends(connection, line, axis) for line in lines if line.curve.missing is None]
        low = first if first is not None else min((low for low, _ in ends), default=0)
        high = last if last is not None else max((high for _, high in ends), default=0)
        high = max(low, high)
        drawn = tuple(replace(line.curve, dots=_dots(connection, line, axis, low, high, columns)) for line in lines)
        run = next((line.run for line in lines if line.run is not None), None)
        direction = _direction(connection, run, metric)
    return Curves(metric, axis, columns, low, high, drawn, direction)


def axis_named(name: str) -> Axis:
    """The axis of this name.

    Raises:
        BadValue: there is none.
    """
    try:
        return Axis(name)
    except ValueError:
        raise BadValue(field="axis", value=name, why=f"it is one of {', '.join(Axis)}") from None


def check_range(columns: int, first: float | None, last: float | None) -> None:
    """Refuse a drawing without columns, and what is no range.

    Raises:
        BadValue: it is one.
    """
    if not 1 <= columns <= MOST_COLUMNS:
        raise BadValue(field="columns", value=columns, why=f"there are from 1 to {MOST_COLUMNS}")
    for name, value in (("first", first), ("last", last)):
        if value is not None and not -inf < value < inf:
            raise BadValue(field=name, value=value, why="a range has two ends")
    if first is not None and last is not None and first > last:
        raise BadValue(field="range", value=f"{first} to {last}", why="it ends before it begins")


def run_of(connection: sqlite3.Connection, text: str) -> tuple[str, str, Run | None]:
    """(full address, name, run) of a run or a version; the run is None when it is not known.

    Raises:
        NotFound, BadAddress: it names nothing, or something else.
    """
    ref = refs.parse(text)
    if isinstance(ref, refs.RunRef):
        run = addresses.run(connection, ref.prefix)
        return f"run:{run.id}", run.name, run
    if isinstance(ref, refs.DatasetRef | refs.DatasetVersionRef | refs.DigestRef):
        what = "bytes have" if isinstance(ref, refs.DigestRef) else "data has"
        why = f"{what} no curves; a run, a version, an experiment or one model has"
        raise OtherAddress(text=text, why=why, hint=f"`lineal lineage {text}` tells which runs and versions came of it")
    version = addresses.version(connection, text)
    found = runs.runs_by_prefix(connection, version.run, 1) if version.run is not None else []
    return version.ref, version.ref, found[0] if found else None


def _line(connection: sqlite3.Connection, text: str, metric: str, axis: Axis) -> _Line:
    address, name, run = run_of(connection, text)
    if run is None:
        return _Line(Curve(address, name, (), missing="it was registered without a run, and so has no curves"))
    series = rows.series_named(connection, [run.n], metric).get(run.n)
    if series is None:
        return _Line(Curve(address, name, (), missing=f"it has no metric {metric}"), run)
    curve = Curve(address, name, (), series.points, number(series.last), run.status is RunStatus.RUNNING)
    if axis is not Axis.EPOCH:
        return _Line(curve, run, series)
    epochs = _epochs(connection, run)
    if epochs is None:
        return _Line(replace(curve, missing=f"it logged no metric {EPOCH} to go by"), run)
    return _Line(curve, run, series, epochs)


def _epochs(connection: sqlite3.Connection, run: Run) -> Scale | None:
    series = rows.series_named(connection, [run.n], EPOCH).get(run.n)
    if series is None:
        return None
    first, last = rows.extent(connection, series, by_time=False)
    found = rows.pieces(connection, series, rows.Window(by_time=False, first=first, last=last, columns=_KNOTS))
    known = [(dot.first / 2 + dot.last / 2, dot.mean) for dot in _placed(found, 0, first, last, _KNOTS)]
    finite = [(step, mean) for step, mean in known if mean is not None]
    return Scale(finite) if finite else None


def _placed(pieces: Iterable[rows.Piece], shift: int, first: float, last: float, columns: int) -> tuple[Dot, ...]:
    return placed(((piece.first - shift, piece.last - shift, piece, None) for piece in pieces), first, last, columns)


def _shift(line: _Line, axis: Axis) -> int:
    return int(line.run.started_at) if axis is Axis.TIME and line.run is not None else 0


def _ends(connection: sqlite3.Connection, line: _Line, axis: Axis) -> tuple[float, float]:
    if line.epochs is not None:
        return line.epochs.ends
    if line.series is None:
        return 0, 0
    first, last = rows.extent(connection, line.series, by_time=axis is not Axis.STEP)
    shift = _shift(line, axis)
    return first - shift, last - shift


def _dots(
    connection: sqlite3.Connection, line: _Line, axis: Axis, first: float, last: float, columns: int
) -> tuple[Dot, ...]:
    if line.series is None:
        return ()
    if line.epochs is not None:
        return _dots_by_epoch(connection, line.series, line.epochs, first, last, columns)
    shift = _shift(line, axis)
    window = _window(first + shift, last + shift, columns, by_time=axis is not Axis.STEP)
    return _placed(rows.pieces(connection, line.series, window), shift, first, last, columns)


def _window(first: float, last: float, columns: int, *, by_time: bool) -> rows.Window:
    # SQLite's whole numbers end where a range may not
    low, high = (max(-(2**63), min(2**63 - 1, end)) for end in (ceil(first), floor(last)))
    return rows.Window(by_time, low, high, columns)


def _dots_by_epoch(
    connection: sqlite3.Connection, series: Series, epochs: Scale, first: float, last: float, columns: int
) -> tuple[Dot, ...]:
    steps = epochs.steps_within(first, last)
    if steps is None:
        return ()
    low, high = rows.extent(connection, series, by_time=False)
    window = _window(max(low, steps[0]), min(high, steps[1]), columns * _FINER, by_time=False)
    found = []
    for piece in rows.pieces(connection, series, window):
        begin, end = sorted((epochs(piece.first), epochs(piece.last)))
        if begin <= last and end >= first:
            found.append((begin, end, piece, None))
    return placed(found, first, last, columns)


def _direction(connection: sqlite3.Connection, run: Run | None, metric: str) -> Direction | None:
    if run is not None:
        experiment = runs.experiment_id(connection, run.experiment)
        known = names.metric_settings(connection, "experiment", experiment or 0).get(metric)
        if known is not None:
            return known.direction
    return guess_direction(metric)


def metrics_of(context: Context, wanted: Sequence[str]) -> tuple[str, ...]:
    """The metrics of runs and of versions' runs: those that most of them have, and have most points of, first."""
    with context.read() as connection:
        known = [run_of(connection, each)[2] for each in wanted]
        found = rows.metric_names(connection, [run.n for run in known if run is not None])
    return tuple(
        name for name, _, _ in sorted(found, key=lambda each: (each[0] == EPOCH, -each[1], each[2] == 1, each[0]))
    )


def metrics_across(context: Context, model: str) -> tuple[str, ...]:
    """The metrics of a model's versions: its primary one first, then those that most of them have."""
    with context.read() as connection:
        found = addresses.model(connection, model)
        known = rows.version_metric_names(connection, found.id)
    return tuple(
        name for name, _ in sorted(known, key=lambda each: (each[0] != found.primary_metric, -each[1], each[0]))
    )


def across(
    context: Context,
    model: str,
    metric: str,
    *,
    stage: str | None,
    axis: Axis,
    columns: int,
    first: float | None,
    last: float | None,
) -> Curves:
    """One metric across all versions of a model, and when they were live at a stage.

    Args:
        context: the registry.
        model: its name.
        metric: its name.
        stage: whose history is told; None for the model's last one.
        axis: `version` or `clock`.
        columns: of the drawing.
        first: a sequence number, or a time; None for the first version.
        last: None for the last version, and by the clock for now.

    Raises:
        NotFound: there is no such model or stage.
        BadValue: there are no columns, or the range or the axis is none.
    """
    check_range(columns, first, last)
    if axis not in (Axis.VERSION, Axis.CLOCK):
        raise BadValue(field="axis", value=str(axis), why="versions go by their number (version) or the time (clock)")
    by_time = axis is Axis.CLOCK
    with context.read() as connection:
        found = addresses.model(connection, model)
        name = (
            addresses.stage_name(found.name, stage)
            if stage is not None
            else found.stages[-1][0]
            if found.stages
            else None
        )
        told = () if name is None else stage_spans(connection, found, name)
        ends = rows.versions_extent(connection, found.id, metric, by_time=by_time)
        low, high, count = ends or (0, 0, 0)
        if ends is not None and by_time:
            high = max(high, context.clock())
        begin, end = (low if first is None else first), (high if last is None else last)
        end = max(begin, end)
        pieces = rows.versions_of(connection, found.id, metric, _window(begin, end, columns, by_time=by_time))
        dots = placed(((piece.first, piece.last, piece, label) for piece, label in pieces), begin, end, columns)
        known = names.metric_settings(connection, "model", found.id).get(metric)
    direction = known.direction if known is not None else guess_direction(metric)
    missing = None if ends is not None else f"no version of it has a metric {metric}"
    curve = Curve(found.name, found.name, dots, count, missing=missing)
    return Curves(metric, axis, columns, begin, end, (curve,), direction, told, name)


def stage_spans(connection: sqlite3.Connection, model: Model, stage: str) -> tuple[Span, ...]:
    """Which version was live at a stage when: spells without overlap, oldest first."""
    place = addresses.stage(connection, model.name, stage)[1]
    history = stages.history(connection, model.id, place.id, before=None, limit=-1)
    led_to = {each.to_version for each in history if each.to_version is not None}
    return spans(history, versions.by_ids(connection, led_to))


def spans_of(context: Context, model: str, stage: str) -> tuple[Span, ...]:
    """Which version was live at a stage when: spells without overlap, oldest first.

    Raises:
        NotFound: there is no such model or stage.
    """
    with context.read() as connection:
        return stage_spans(connection, addresses.model(connection, model), stage)
