"""What MLflow's words mean here, whichever of its stores they come from."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lineal.records.base import Micros
from lineal.records.imports import ForeignModel, ForeignPointer, ForeignRun, ForeignVersion
from lineal.records.runs import RunStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from lineal.records.imports import ForeignInput, ForeignMetric

LARGEST = 1.7976931348623157e308
"""What MLflow writes to a database for infinity, which not every one of them can keep."""

NOTE = "mlflow.note.content"
LIFECYCLE = "mlflow.lifecycle_stage"
"""The tag that a run or an experiment gets here which is deleted there."""
STAGE = "mlflow.stage"
"""The tag that a version gets here whose stage there is no place where something is live."""
HISTORY = "mlflow.log-model.history"
PROMPT = "mlflow.prompt.is_prompt"
DELETED = "Deleted_Internal"
POINTING = ("Staging", "Production")
"""The fixed stages at which versions are live."""

_LOGGED = re.compile(r"\bm-[0-9a-f]{32}\b")
_IN_RUN = re.compile(r"\b([0-9a-f]{32})/(?:artifacts/)?(.+?)/*$")
_STATUS = {
    "RUNNING": RunStatus.RUNNING,
    "SCHEDULED": RunStatus.RUNNING,
    "FINISHED": RunStatus.FINISHED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.KILLED,
    "1": RunStatus.RUNNING,
    "2": RunStatus.RUNNING,
    "3": RunStatus.FINISHED,
    "4": RunStatus.FAILED,
    "5": RunStatus.KILLED,
}


def micros(milliseconds: float | None) -> Micros | None:
    """A time of MLflow; None when it has none."""
    return None if milliseconds is None else Micros(int(milliseconds) * 1_000)


def measured(number: float | None, is_nan: object) -> float:
    """A value as MLflow's databases hold it."""
    if is_nan or number is None:
        return math.nan
    return math.copysign(math.inf, number) if abs(number) >= LARGEST else float(number)


def status(word: object) -> RunStatus:
    """A run's status, written as a word or as MLflow's number."""
    return _STATUS.get(str(word), RunStatus.KILLED)


def mark(word: object, end_time: int | None, lifecycle: str | None) -> str | None:
    """What changes when a run does; None while it runs."""
    return None if status(word) is RunStatus.RUNNING else f"{word} {end_time} {lifecycle}"


def run(
    *,
    run_id: str,
    experiment: str,
    name: str | None,
    word: object,
    start_time: int | None,
    end_time: int | None,
    user: str | None,
    lifecycle: str | None,
    params: Mapping[str, str],
    tags: Mapping[str, str],
    inputs: tuple[ForeignInput, ...],
) -> ForeignRun:
    """A run of MLflow."""
    kept = dict(tags)
    if lifecycle == "deleted":
        kept[LIFECYCLE] = "deleted"
    return ForeignRun(
        id=run_id,
        experiment=experiment,
        name=tags.get("mlflow.runName") or name or run_id[:8],
        status=status(word),
        started_at=micros(start_time),
        ended_at=micros(end_time),
        user=tags.get("mlflow.user") or user or None,
        parent=tags.get("mlflow.parentRunId") or None,
        params=dict(params),
        tags=kept,
        inputs=inputs,
        mark=mark(word, end_time, lifecycle),
    )


def logged_model(kind: str, experiment: str, experiment_name: str, name: str) -> ForeignModel:
    """The model that the logged and never registered models of an experiment become versions of."""
    return ForeignModel(
        id=f"{kind}:{experiment}:{name}",
        name=f"{experiment_name} {name}",
        created_at=None,
        notes="Models that were logged in this experiment and never registered.",
        tags={},
        is_registered=False,
    )


def version(
    *,
    version_id: str,
    number: int | None,
    created: int | None,
    changed: int | None,
    user: str | None,
    description: str | None,
    tags: Mapping[str, str],
    run_id: str | None,
    files: str | None,
    stage: str | None,
    params: Mapping[str, str],
    metrics: tuple[ForeignMetric, ...],
    is_deleted: bool = False,
) -> ForeignVersion:
    """A version of MLflow; what it erased from a deleted one is left out."""
    kept = dict(tags)
    if stage not in {None, "None", DELETED, *POINTING}:
        kept[STAGE] = str(stage)
    return ForeignVersion(
        id=version_id,
        number=number,
        created_at=micros(created),
        user=user,
        notes=description or None,
        tags=kept,
        run=None if run_id is None or run_id.startswith("REDACTED") else run_id,
        files=None if files is None or files.startswith("REDACTED") else files,
        mark=f"{changed} {stage}",
        params=dict(params),
        metrics=metrics,
        is_deleted=is_deleted or stage == DELETED,
    )


def source_address(
    source: str | None, storage: str | None, logged: Mapping[str, str], runs: Mapping[str, str]
) -> str | None:
    """Where the files of a version are, as MLflow tells.

    Args:
        source: what was registered: a path, `models:/ID`, or `runs:/ID/PATH`.
        storage: where they were put then; None in older stores.
        logged: the folders of logged models by id.
        runs: the folders of runs by id.
    """
    for address in (storage, source):
        if not address or address.startswith("REDACTED"):
            continue
        if address.startswith("models:/"):
            found = logged.get(address.removeprefix("models:/").strip("/"))
            if found:
                return found
        elif address.startswith("runs:/"):
            run_id, _, rest = address.removeprefix("runs:/").strip("/").partition("/")
            if run_id in runs:
                return f"{runs[run_id].rstrip('/')}/{rest}"
        else:
            return address
    return None


def history(run_id: str, folder: str, text: str) -> list[tuple[str, str, int]]:
    """The models that a run of MLflow 2 logged, from its tag: (id, address, time in milliseconds)."""
    try:
        return [
            (
                str(each.get("model_uuid") or f"{run_id}/{each['artifact_path']}"),
                f"{folder.rstrip('/')}/{each['artifact_path']}",
                _milliseconds(str(each.get("utc_time_created", ""))),
            )
            for each in json.loads(text)
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []  # long ones are cut off there, and then they tell nothing


def from_history(
    run_id: str, folder: str, user: str | None, text: str, taken: Collection[str]
) -> Iterator[ForeignVersion]:
    """The models that a run of MLflow 2 logged, but for those that were registered (`taken`, as `place` tells them)."""
    for logged, address, created in history(run_id, folder, text):
        if place(address) not in taken:
            yield version(
                version_id=logged,
                number=None,
                created=created or None,
                changed=created,
                user=user,
                description=None,
                tags={},
                run_id=run_id,
                files=address,
                stage=None,
                params={},
                metrics=(),
            )


def _milliseconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)
    except ValueError:
        return 0


def place(address: str) -> str | None:
    """What tells a recorded folder apart wherever it lies: a logged model's id, or a run's and the path in it."""
    match = _LOGGED.search(address)
    if match:
        return match.group()
    match = _IN_RUN.search(address)
    return f"{match.group(1)}/{match.group(2)}" if match else None


def pointers(aliases: Mapping[str, int], staged: list[ForeignPointer]) -> tuple[ForeignPointer, ...]:
    """Aliases first, then fixed stages, the version that was changed last first."""
    named = [ForeignPointer(name, number, True, Micros(0)) for name, number in sorted(aliases.items())]
    return (*named, *sorted(staged, key=lambda each: (each.name, -each.changed_at, -each.number)))
