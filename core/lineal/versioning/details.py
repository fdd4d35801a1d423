"""Everything about versions and runs, put together from their rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.queries import (
    artifacts,
    datasets,
    endings,
    metrics,
    models,
    names,
    observations,
    registered,
    runs,
)
from lineal.records.models import VersionDetail
from lineal.records.runs import MetricDefinition, RunDetail
from lineal.rules.metrics import guess_direction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.records.models import Version
    from lineal.records.runs import Run


def of_versions(connection: sqlite3.Connection, wanted: Sequence[Version]) -> list[VersionDetail]:
    """Everything about versions, in their order."""
    ids = [version.id for version in wanted]
    facts = registered.facts_of(connection, ids)
    params = registered.params_of(connection, ids)
    values = registered.metrics_of(connection, ids)
    used = datasets.used_by_versions(connection, ids)
    tags = names.tags_of(connection, "version", ids)
    files = artifacts.files_of(connection, ids)
    architectures = artifacts.architectures_of(connection, ids)
    ends, ending = endings.retirements(connection, ids), endings.deprecations(connection, ids)
    surroundings = runs.surroundings(connection, {fact[2] for fact in facts.values() if fact[2] is not None})
    observed = observations.series_of_versions(connection, ids)
    details = []
    for version in wanted:
        reason, signature, run, model, experiment = facts[version.id]
        code, environment, command, seed = surroundings.get(run, (None, None, None, None)) if run else (None,) * 4
        producer = None if run is None else runs.run(connection, run)
        details.append(
            VersionDetail(
                version=version,
                label_reason=reason,
                params=params[version.id],
                metrics=values[version.id],
                definitions=definitions(connection, list(values[version.id]), model=model, experiment=experiment),
                datasets=used[version.id],
                tags=tags[version.id],
                artifact=files.get(version.id),
                architecture=architectures.get(version.id),
                signature=None if signature is None else _fields(signature),
                code=code,
                environment=environment,
                command=command,
                seed=seed,
                experiment=None if producer is None else producer.experiment,
                deprecation=ending.get(version.id),
                retirement=ends.get(version.id),
                observed=observed.get(version.id, ()),
                model_owner=models.owner_of(connection, model),
            )
        )
    return details


def definitions(
    connection: sqlite3.Connection, metric_names: Sequence[str], *, model: int | None, experiment: int | None
) -> dict[str, MetricDefinition]:
    """How metrics are to be read: as a person said for the model, else for the experiment, else by name."""
    said: dict[str, MetricDefinition] = {}
    if experiment is not None:
        said |= names.metric_settings(connection, "experiment", experiment)
    if model is not None:
        said |= names.metric_settings(connection, "model", model)
    return {name: said.get(name) or MetricDefinition(name, guess_direction(name)) for name in metric_names}


def of_runs(connection: sqlite3.Connection, wanted: Sequence[Run]) -> list[RunDetail]:
    """Everything about runs but their metric points, in their order."""
    numbers = [run.n for run in wanted]
    params = runs.params_of(connection, numbers)
    series = metrics.series_of(connection, numbers)
    tags = names.tags_of(connection, "run", numbers)
    inputs = datasets.used_by_runs(connection, numbers)
    surroundings = runs.surroundings(connection, numbers)
    details = []
    for run in wanted:
        parent, children, error = runs.family(connection, run.n)
        code, environment, command, seed = surroundings[run.n]
        details.append(
            RunDetail(
                run=run,
                params=params[run.n],
                metrics=series[run.n],
                tags=tags[run.n],
                inputs=inputs[run.n],
                outputs=runs.outputs(connection, run.n),
                parent=parent,
                children=children,
                command=command,
                seed=seed,
                code=code,
                environment=environment,
                error=error,
                output=runs.output(connection, run.n),
            )
        )
    return details


def figures_of_runs(connection: sqlite3.Connection, wanted: Sequence[Run]) -> list[RunDetail]:
    """Of runs, in their order, what a table of many shows: params and metrics."""
    numbers = [run.n for run in wanted]
    params = runs.params_of(connection, numbers)
    series = metrics.series_of(connection, numbers)
    return [RunDetail(run=run, params=params[run.n], metrics=series[run.n]) for run in wanted]


def _fields(text: str) -> dict[str, object]:
    """A JSON object; anything else breaks a rule of the table, and so is damage."""
    found = json.loads(text)
    if not isinstance(found, dict):
        msg = "a signature that is no object"
        raise ValueError(msg)  # noqa: TRY004  a value that was read, not one that was passed
    return found
