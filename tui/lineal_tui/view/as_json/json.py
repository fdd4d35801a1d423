"""Records as JSON, in the shapes that scripts rely on: exact values, times in UTC, digests with their algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.as_json import ending_json
from lineal_tui.view.as_json.values import plain, scalar
from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lineal.addresses import Identified
    from lineal.records.base import Micros, Scalar
    from lineal.records.comparison import Diff, Lineage
    from lineal.records.data import Column, Dataset, DatasetVersion
    from lineal.records.models import Architecture, Model, Version, VersionDetail
    from lineal.records.observations import ObservedSeries
    from lineal.records.runs import CodeState, Environment, Experiment, RunData, RunDetail
    from lineal.records.stages import Event, LiveVersion, Plan, Stage, Transition
    from lineal_tui.view.as_json.values import Json, Object


def model(found: Model) -> Object:
    """A model."""
    return {
        "ref": found.name,
        "name": found.name,
        "scheme": found.scheme.value,
        "primary_metric": found.primary_metric,
        "stages": dict(found.stages),
        "forced": list(found.forced),
        "alarmed": list(found.alarmed),
        "bad": list(found.bad),
        "unhealthy": list(found.unhealthy),
        "versions": found.versions,
        "owner": found.owner,
        "purpose": found.purpose,
    }


def version(detail: VersionDetail) -> Object:
    """A version with all that it was registered with."""
    found = detail.version
    artifact = detail.artifact
    return {
        "ref": found.ref,
        "model": found.model,
        "label": found.label,
        "seq": found.seq,
        "uid": found.uid,
        "digest": found.digest,
        "parents": _parents(found),
        "run": None if found.run is None else f"run:{found.run}",
        "stages": list(found.stages),
        "forced": list(found.forced),
        "alarmed": list(found.alarmed),
        "unhealthy": list(found.unhealthy),
        "status": found.status.value,
        "owner": found.owner,
        "purpose": found.purpose,
        "notes": found.notes,
        "created_at": utc_time(found.created_at),
        "created_by": found.created_by,
        "params": _scalars(detail.params),
        "metrics": {name: scalar(value.value) for name, value in detail.metrics.items()},
        "datasets": _data(detail.datasets),
        "architecture": None if detail.architecture is None else _architecture(detail.architecture),
        "files": [{"path": file.path, "digest": file.digest, "size": file.size} for file in artifact.files]
        if artifact
        else [],
        "tags": dict(detail.tags),
        **ending_json.fields(detail),
    }


def whole_version(detail: VersionDetail) -> Object:
    """A version, and beside it how it came about."""
    return {
        **version(detail),
        "label_reason": detail.label_reason,
        "ask": detail.ask,
        "measured_on": {name: value.dataset for name, value in detail.metrics.items()},
        "experiment": detail.experiment,
        "command": _words(detail.command),
        "seed": detail.seed,
        "code": _code(detail.code),
        "environment": _environment(detail.environment),
        "observed": [observed(each) for each in detail.observed],
    }


def observed(found: ObservedSeries) -> Object:
    """What was observed of a version while one transition had made it live at a stage."""
    return {
        "ref": found.ref,
        "stage": found.stage,
        "metric": found.name,
        "last": scalar(found.last),
        "last_at": utc_time(found.last_at),
        "since": utc_time(found.first_at),
        "count": found.count,
        "odd": found.odd,
        "mean": scalar(found.mean),
        "min": scalar(found.least),
        "max": scalar(found.most),
    }


def live(found: LiveVersion, detail: VersionDetail) -> Object:
    """A version at a stage, with how it came there."""
    return {
        **version(detail),
        "since": utc_time(found.since),
        "actor": found.actor,
        "claim": found.transition.claim,
        "reason": found.reason,
    }


def experiment(found: Experiment) -> Object:
    """An experiment."""
    return {
        "ref": f"exp:{found.name}",
        "name": found.name,
        "runs": found.runs,
        "owner": found.owner,
        "purpose": found.purpose,
        "created_at": utc_time(found.created_at),
        "last_run_at": _time(found.last_run_at),
    }


def run(detail: RunDetail) -> Object:
    """A run; of each metric its last value."""
    found = detail.run
    return {
        "ref": f"run:{found.id}",
        "id": found.id,
        "name": found.name,
        "experiment": found.experiment,
        "kind": found.kind.value,
        "status": found.status.value,
        "started_at": utc_time(found.started_at),
        "ended_at": _time(found.ended_at),
        "params": _scalars(detail.params),
        "metrics": {series.name: scalar(series.last) for series in detail.metrics},
        "tags": dict(detail.tags),
        "inputs": _data(detail.inputs),
        "outputs": list(detail.outputs),
    }


def whole_run(detail: RunDetail) -> Object:
    """A run, and beside it its metrics summed up and what it executed on."""
    return {
        **run(detail),
        "actor": detail.run.actor,
        "parent": None if detail.parent is None else f"run:{detail.parent}",
        "children": [f"run:{child}" for child in detail.children],
        "series": [
            {
                "name": series.name,
                "count": series.count,
                "last": scalar(series.last),
                "last_step": series.last_step,
                "last_at": utc_time(series.last_at),
                "min": scalar(series.min),
                "max": scalar(series.max),
                "best": scalar(series.best),
                "dataset": series.dataset,
            }
            for series in detail.metrics
        ],
        "command": _words(detail.command),
        "seed": detail.seed,
        "code": _code(detail.code),
        "environment": _environment(detail.environment),
        "error": detail.error,
    }


def dataset(found: Dataset) -> Object:
    """A dataset."""
    return {
        "ref": f"data:{found.name}",
        "name": found.name,
        "versions": found.versions,
        "latest": found.latest,
        "owner": found.owner,
        "purpose": found.purpose,
        "notes": found.notes,
        "created_at": utc_time(found.created_at),
    }


def dataset_version(found: DatasetVersion) -> Object:
    """A version of a dataset, with its schema and profile."""
    return {
        "ref": found.ref,
        "name": found.dataset,
        "label": found.label,
        "seq": found.seq,
        "digest": found.digest,
        "uri": found.uri,
        "rows": found.rows,
        "bytes": found.bytes,
        "columns": None if found.columns is None else [_column(column) for column in found.columns],
        "parents": list(found.parents),
        "run": None if found.run is None else f"run:{found.run}",
        "created_at": utc_time(found.created_at),
        "created_by": found.created_by,
    }


def stage(found: Stage, label: str | None) -> Object:
    """A stage, and the label of what is live there."""
    return {
        "ref": f"{found.model}@{found.name}",
        "model": found.model,
        "name": found.name,
        "position": found.position,
        "live": label,
    }


def transition(found: Transition) -> Object:
    """An entry of a stage's history."""
    return {
        "ref": f"{found.model}@{found.stage}",
        "seq": found.seq,
        "model": found.model,
        "stage": found.stage,
        "action": found.action.value,
        "from": found.from_label,
        "to": found.to_label,
        "actor": found.actor,
        "claim": found.claim,
        "reason": found.reason,
        "at": utc_time(found.at),
        "outcome": found.outcome.value,
        "forced": found.forced,
        "reviewed_by": found.reviewed_by,
        "review_reason": found.review_reason,
    }


def plan(found: Plan) -> Object:
    """What a transition would do."""
    return {
        "action": found.action.value,
        "model": found.model,
        "stage": found.stage,
        "from": None if found.source is None else found.source.label,
        "to": None if found.target is None else found.target.label,
        "diff": None if found.diff is None else diff(found.diff),
        "checks": [
            {"name": check.name, "passed": check.passed, "wanted": check.wanted, "saw": check.saw}
            for check in found.checks
        ],
        "copies_bytes": found.copies_bytes,
        "steps": list(found.steps),
    }


def diff(found: Diff) -> Object:
    """Things side by side, with what is equal."""
    from lineal_tui.view.as_json.diff_json import diff_object  # noqa: PLC0415  few outputs have one

    return diff_object(found)


def lineage(found: Lineage) -> Object:
    """A graph of origins and results."""
    return {
        "nodes": [{"id": node.id, "kind": node.kind.value, "name": node.name} for node in found.nodes],
        "edges": [{"from": edge.source, "to": edge.target, "role": edge.role} for edge in found.edges],
        "truncated": found.truncated,
        "beyond": [
            {"id": each.node, "way": each.way.value, "count": each.count, "exact": each.exact} for each in found.beyond
        ],
    }


def identified(found: Identified) -> Object:
    """Something that has given bytes."""
    return {"ref": found.ref, "kind": found.kind, "digest": found.digest, "path": found.path}


def event(found: Event) -> Object:
    """An entry of the audit log."""
    return {
        "seq": found.seq,
        "at": utc_time(found.at),
        "actor": found.actor.user,
        "uid": found.actor.uid,
        "claim": found.actor.claim,
        "action": found.action,
        "ref": found.ref,
        "data": plain(found.data),
        "prev": found.prev,
        "hash": found.hash,
    }


def _parents(found: Version) -> Json:
    return [{"ref": parent.ref, "relation": parent.relation.value} for parent in found.parents]


def _scalars(values: Mapping[str, Scalar]) -> Json:
    return {name: scalar(value) for name, value in values.items()}


def _data(used: Iterable[RunData]) -> Json:
    return [{"name": data.name, "label": data.label, "role": data.role, "digest": data.digest} for data in used]


def _architecture(found: Architecture) -> Json:
    return {
        "digest": found.digest,
        "kind": found.kind,
        "parameters": found.parameters,
        "tensors": [
            {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape), "digest": tensor.digest}
            for tensor in found.tensors
        ],
        "metadata": dict(found.metadata),
    }


def _column(found: Column) -> Json:
    return {
        "name": found.name,
        "type": found.type,
        "missing": found.missing,
        "distinct": found.distinct,
        "min": scalar(found.min),
        "max": scalar(found.max),
        "mean": scalar(found.mean),
    }


def _code(found: CodeState | None) -> Json:
    if found is None:
        return None
    return {
        "commit": found.commit,
        "branch": found.branch,
        "dirty": found.dirty,
        "repository": found.repository,
        "remote": found.remote,
        "folder": found.folder,
        "patch": found.patch,
        "patch_missing": found.patch_missing,
        "untracked": list(found.untracked),
    }


def _environment(found: Environment | None) -> Json:
    if found is None:
        return None
    return {
        "digest": found.digest,
        "python": found.python,
        "implementation": found.implementation,
        "platform": found.platform,
        "packages": dict(found.packages),
        "cpu": found.cpu,
        "cpu_count": found.cpu_count,
        "memory_bytes": found.memory_bytes,
        "gpus": list(found.gpus),
    }


def _words(command: tuple[str, ...] | None) -> Json:
    return None if command is None else list(command)


def _time(at: Micros | None) -> str | None:
    return None if at is None else utc_time(at)
