"""Reads what versions or runs are to be compared by: their details, their data, and their code where it is at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.diff import diff, run_diff
from lineal.errors import BadValue
from lineal.queries import datasets, names
from lineal.rules import refs
from lineal.versioning import details

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from lineal.records.comparison import Diff
    from lineal.records.data import DatasetVersion
    from lineal.records.models import Version, VersionDetail
    from lineal.records.runs import MetricDefinition, RunData, RunDetail
    from lineal.write_path.context import Context


def compare(
    context: Context,
    things: Sequence[Version | str],
    *,
    baseline: Version | str | None = None,
    code: bool = False,
    here: Path | None = None,
) -> Diff:
    """Two or more versions, or two or more runs, side by side; the first is the baseline unless another is named.

    Args:
        context: The registry.
        things: The versions, or addresses of versions or of runs.
        baseline: What the others are held against; it comes first, whether or not it is among them.
        code: Whether to ask git what lies between the baseline's commit and the others'.
        here: A folder in a clone, for code whose own work tree is not on this machine.

    Raises:
        BadValue: versions and runs are mixed.
        UsageError: there are fewer than two.
        NotFound: there is no such version or run.
    """
    asked = [*([baseline] if baseline is not None else []), *things]
    are_runs = [isinstance(each, str) and isinstance(refs.parse(each), refs.RunRef) for each in asked]
    if any(are_runs) and not all(are_runs):
        raise BadValue(field="comparison", value=str(asked[0]), why="runs compare with runs only")
    found: list[VersionDetail] | list[RunDetail]
    with context.read() as connection:
        if any(are_runs):
            runs = [addresses.run(connection, _run_prefix(str(each))) for each in asked]
            if baseline is not None:
                runs = [runs[0], *(run for run in runs[1:] if run.n != runs[0].n)]
            found = details.of_runs(connection, runs)
            told = run_diff(found, _definitions(connection, found), _data(connection, [one.inputs for one in found]))
        else:
            versions = [addresses.version(connection, each) if isinstance(each, str) else each for each in asked]
            if baseline is not None:
                versions = [versions[0], *(version for version in versions[1:] if version.id != versions[0].id)]
            found = details.of_versions(connection, versions)
            told = diff(found, _data(connection, [one.datasets for one in found]))
    if not code:
        return told
    from lineal.versioning.code_between import code_between  # noqa: PLC0415  only who asks for it waits for git

    base, *others = [one.code for one in found]
    return replace(told, code=tuple(code_between(context, base, other, here) for other in others))


def _run_prefix(text: str) -> str:
    ref = refs.parse(text)
    return ref.prefix if isinstance(ref, refs.RunRef) else text


def _definitions(connection: sqlite3.Connection, runs: Iterable[RunDetail]) -> dict[str, MetricDefinition]:
    """How the metrics are to be read, as was said for the experiments; for the last run's where they disagree."""
    found: dict[str, MetricDefinition] = {}
    for name in dict.fromkeys(detail.run.experiment for detail in runs):
        experiment = addresses.experiment(connection, name)
        found |= names.metric_settings(connection, "experiment", experiment.id)
    return found


def _data(connection: sqlite3.Connection, sides: Sequence[Sequence[RunData]]) -> dict[tuple[str, str], DatasetVersion]:
    """The dataset versions that differ between sides; schemas of the others would be read for nothing."""
    used: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for side in sides:
        for data in side:
            used.setdefault((data.name, data.role), set()).add((data.label, data.digest))
    wanted = {(name, label) for (name, _), states in used.items() if len(states) > 1 for label, _ in states}
    return datasets.versions_by_name(connection, wanted) if wanted else {}
