"""Puts versions, or runs, side by side and says of each field what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.diff.data import dataset_rows
from lineal.diff.files import file_rows
from lineal.diff.metrics import metric_rows, series_rows
from lineal.diff.nested import opened_rows
from lineal.diff.rows import by_name, in_order
from lineal.diff.structure import architecture_rows
from lineal.diff.surroundings import code_rows, environment_rows
from lineal.errors import UsageError
from lineal.records.comparison import Diff, Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.data import DatasetVersion
    from lineal.records.models import VersionDetail
    from lineal.records.runs import MetricDefinition, RunDetail


def diff(details: Sequence[VersionDetail], data: Mapping[tuple[str, str], DatasetVersion] | None = None) -> Diff:
    """Returns two or more versions side by side, equal fields included; the first is the baseline.

    Metrics are judged by their direction and tolerance, where they were measured on the same data.

    Args:
        details: The versions.
        data: What is known of dataset versions, by name and label; of those that are missing only labels are compared.

    Raises:
        UsageError: There are fewer than two versions.
    """
    _check_enough(details)
    rows = [
        *by_name(metric_rows(details)),
        *opened_rows(Section.PARAM, [detail.params for detail in details]),
        *dataset_rows([detail.datasets for detail in details], data or {}),
        *environment_rows([detail.environment for detail in details]),
        *code_rows(details),
        *architecture_rows(details),
        *file_rows([detail.artifact for detail in details]),
        *opened_rows(Section.TAG, [detail.tags for detail in details]),
    ]
    return Diff(tuple(detail.version.ref for detail in details), in_order(rows))


def run_diff(
    details: Sequence[RunDetail],
    definitions: Mapping[str, MetricDefinition] | None = None,
    data: Mapping[tuple[str, str], DatasetVersion] | None = None,
) -> Diff:
    """Returns two or more runs side by side, as `diff` does for versions.

    Args:
        details: The runs; the first is the baseline.
        definitions: How the metrics are to be read, by name; what is missing is guessed from the name.
        data: As for `diff`.

    Raises:
        UsageError: There are fewer than two runs.
    """
    _check_enough(details)
    rows = [
        *by_name(series_rows(details, definitions or {})),
        *opened_rows(Section.PARAM, [detail.params for detail in details]),
        *dataset_rows([detail.inputs for detail in details], data or {}),
        *environment_rows([detail.environment for detail in details]),
        *code_rows(details),
        *opened_rows(Section.TAG, [detail.tags for detail in details]),
    ]
    refs = tuple(f"run:{detail.run.id}" for detail in details)
    return Diff(refs, in_order(rows), names=tuple(detail.run.name for detail in details))


def _check_enough(details: Sequence[object]) -> None:
    if len(details) < 2:
        raise UsageError(what="a difference needs two or more versions or runs")
