"""Metrics side by side: better or worse by direction and tolerance, and only on the same data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.diff.rows import Cell, change_of, delta, row_of, union
from lineal.records.comparison import Change, Kind, Section, Verdict
from lineal.records.runs import MetricDefinition
from lineal.rules.metrics import better, guess_direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lineal.records.base import Digest
    from lineal.records.comparison import DiffRow
    from lineal.records.models import VersionDetail
    from lineal.records.runs import MetricSeries, RunDetail


@dataclass(frozen=True, slots=True)
class _Measured:
    value: float
    dataset: str | None


def metric_rows(details: Sequence[VersionDetail]) -> Iterable[DiffRow]:
    """The metrics of versions."""
    known = {f"data:{data.name}:{data.label}": data.digest for detail in details for data in detail.datasets}
    for name in union(detail.metrics for detail in details):
        found = [detail.metrics.get(name) for detail in details]
        definition = next(
            (detail.definitions[name] for detail in reversed(details) if name in detail.definitions), _guessed(name)
        )
        yield _metric_row(
            name, [_Measured(metric.value, metric.dataset) if metric else None for metric in found], definition, known
        )


def series_rows(details: Sequence[RunDetail], definitions: Mapping[str, MetricDefinition]) -> Iterable[DiffRow]:
    """The metrics of runs: their last values, and their best ones where these are others."""
    known = {f"data:{data.name}:{data.label}": data.digest for detail in details for data in detail.inputs}
    runs: list[dict[str, MetricSeries]] = [{series.name: series for series in detail.metrics} for detail in details]
    for name in union(runs):
        found = [run.get(name) for run in runs]
        definition = definitions.get(name) or _guessed(name)
        last = [_Measured(series.last, series.dataset) if series else None for series in found]
        yield _metric_row(name, last, definition, known)
        best = [_Measured(one.best, one.dataset) if one and one.best is not None else None for one in found]
        if any(one is not None and one != other for one, other in zip(best, last, strict=True)):
            yield _metric_row(f"{name} (best)", best, definition, known)


def _guessed(name: str) -> MetricDefinition:
    return MetricDefinition(name, guess_direction(name))


def _metric_row(
    field: str, found: Sequence[_Measured | None], definition: MetricDefinition, known: Mapping[str, Digest]
) -> DiffRow:
    first = found[0]
    changes = [_change(first, other, definition, known) for other in found[1:]]
    return row_of(Section.METRIC, field, [one.value if one else None for one in found], changes)


def _change(
    first: _Measured | None, other: _Measured | None, definition: MetricDefinition, known: Mapping[str, Digest]
) -> Change:
    if first is None or other is None:
        return change_of(_cell(first), _cell(other))
    # Two names for the same bytes are the same data.
    one, another = (known.get(each.dataset or "", each.dataset) for each in (first, other))
    if one != another:
        listed = " and ".join(each.dataset or "data not named" for each in (first, other))
        note = f"{Kind.NOT_COMPARABLE.value}: measured on {listed}"
        return Change(Verdict.CHANGED, None, Kind.NOT_COMPARABLE, note)
    judged = better(definition.direction, definition.tolerance, first.value, other.value)
    less = delta(first.value, other.value)
    if judged is Verdict.SAME and change_of(_cell(first), _cell(other)).verdict is not Verdict.SAME:
        return Change(Verdict.SAME, less, Kind.WITHIN)
    return Change(judged, less)


def _cell(measured: _Measured | None) -> Cell | None:
    return Cell(measured.value, measured.value) if measured else None
