"""Recording runs: their start, what they log and read, and how they end."""

from __future__ import annotations

import os
import platform
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.data.fingerprint import digest_bytes
from lineal.errors import BadValue, Conflict
from lineal.queries import artifacts as artifact_rows
from lineal.queries import datasets as dataset_rows
from lineal.queries import metrics as metric_rows
from lineal.queries import names as name_rows
from lineal.queries import runs as rows
from lineal.records.base import RunId, Scalar
from lineal.records.runs import CodeState, Environment, Point, Run, RunKind, RunStatus
from lineal.rules import naming
from lineal.rules.canonical import canonical_json
from lineal.rules.metrics import guess_direction
from lineal.rules.values import after_step, as_number, as_step, check_params, check_tags, plain_params
from lineal.training import datasets
from lineal.write_path.context import boot_id
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from lineal.records.data import DatasetVersion
    from lineal.records.runs import Direction
    from lineal.storage.objects import StoredObject
    from lineal.write_path.context import Change, Context

_ADJECTIVES = (
    "amber bold brisk calm clear deep fair fleet grand keen late light long mild neat pale plain quick quiet rare"
)
_NOUNS = "ash bay brook cliff cove dale dune fen field fjord glen grove heath lake marsh moor peak ridge shore vale"


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that is about to start."""

    experiment: str
    name: str | None = None
    """None for a made-up one."""
    kind: RunKind = RunKind.TRAIN
    parent: str | None = None
    """Address of the run it is part of."""
    params: dict[str, Scalar] | None = None
    tags: dict[str, str] | None = None
    seed: int | None = None
    command: tuple[str, ...] | None = None
    code: CodeState | None = None
    patch: bytes | None = None
    """The changes that `code` names by their digest."""
    environment: Environment | None = None


def start(context: Context, new: NewRun) -> Run:
    """Record that a run starts; the experiment is made with its first run.

    Raises:
        BadName, BadValue: something in it cannot be recorded.
        NotFound: there is no such parent run.
        LinealError: the registry cannot be written.
    """
    experiment = naming.check_experiment_name(new.experiment.removeprefix("exp:"))
    if new.name is not None:
        naming.check_text("run name", new.name, 250)
    params = plain_params(new.params or {})
    tags = dict(new.tags or {})
    check_params(params)
    check_tags(tags)
    if new.seed is not None and not -(2**63) <= new.seed < 2**63:
        raise BadValue(field="seed", value=new.seed, why="it does not fit 64 bits")
    if new.patch is None:
        return _start(context, new, experiment, None)
    context.check(Permission.LOG, f"exp:{experiment}")
    with context.storing() as objects:
        return _start(context, new, experiment, objects.put_bytes(new.patch))


def _start(context: Context, new: NewRun, experiment: str, patch: StoredObject | None) -> Run:
    params, tags = plain_params(new.params or {}), dict(new.tags or {})
    run_id = RunId(secrets.token_hex(16))
    with context.change(Permission.LOG, f"exp:{experiment}") as change:
        connection = change.connection
        number = rows.experiment_id(connection, experiment)
        if number is None:
            number = rows.insert_experiment(connection, experiment, change.at, change.actor.user)
        parent = None if new.parent is None else addresses.run(connection, new.parent.removeprefix("run:")).n
        n = rows.insert(
            connection,
            run_id=run_id,
            experiment_number=number,
            name=new.name or _made_up_name(run_id),
            kind=new.kind,
            at=change.at,
            actor=change.actor,
            parent=parent,
            command=new.command,
            seed=new.seed,
            code=None if new.code is None else intern_code(change, new.code, patch),
            environment=None if new.environment is None else rows.intern_environment(connection, new.environment),
            process=f"{platform.node()}/{boot_id()}/{os.getpid()}",
        )
        rows.set_params(connection, n, params)
        name_rows.set_tags(connection, "run", n, dict(tags))
        change.record("run_started", f"run:{run_id}", experiment=experiment, kind=new.kind, params=params, tags=tags)
        started = rows.run(connection, n)
    if started is None:
        raise Conflict(what=f"run {run_id}", why="it is missing after it was written")
    return started


def intern_code(change: Change, code: CodeState, patch: StoredObject | None) -> int:
    """The row of a code state; `patch` is the object with its changes, where they came along."""
    connection = change.connection
    stored = None
    if patch is not None:
        stored = artifact_rows.intern_object(connection, patch.digest, patch.size, change.at)
    return rows.intern_code(connection, digest_bytes(canonical_json(asdict(code)).encode()), code, patch=stored)


def _made_up_name(run_id: RunId) -> str:
    adjectives, nouns = _ADJECTIVES.split(), _NOUNS.split()
    number = int(run_id[:8], 16)
    return f"{adjectives[number % 20]}-{nouns[number // 20 % 20]}-{number // 400 % 1000}"


def log_params(context: Context, run: Run, params: Mapping[str, object]) -> None:
    """Add params to a run; a param keeps the value it was given first.

    Raises:
        BadName, BadValue: a name or value cannot be recorded.
        Conflict: one has another value already; none is recorded then.
    """
    plain = plain_params(params)
    check_params(plain)
    with context.change(Permission.LOG, f"run:{run.id}") as change:
        clashes = rows.set_params(change.connection, run.n, plain)
        if clashes:
            raise Conflict(what=f"param {clashes[0]} of run:{run.id}", why="it has another value already")
        if plain:
            change.record("params_logged", f"run:{run.id}", params=plain)


def set_tags(context: Context, run: Run, tags: Mapping[str, str | None]) -> None:
    """Set tags of a run; None takes one away.

    Raises:
        BadName, BadValue: a name or value cannot be recorded.
    """
    check_tags(tags)
    with context.change(Permission.LOG, f"run:{run.id}") as change:
        name_rows.set_tags(change.connection, "run", run.n, tags)
        if tags:
            change.record("tags_set", f"run:{run.id}", tags=dict(tags))


def append_points(
    context: Context, run: Run, points: Mapping[tuple[str, int | None], Sequence[Point]]
) -> dict[str, str]:
    """Add points to metric histories, durable when it returns.

    Args:
        context: the registry.
        run: whose metrics they are.
        points: by metric name and the row number of the dataset version they were measured on (None: not said).

    Returns:
        What could not be recorded, by metric name: why.
    """
    with context.measure(f"run:{run.id}") as connection:
        return _append(connection, run, points)


def _append(
    connection: sqlite3.Connection, run: Run, points: Mapping[tuple[str, int | None], Sequence[Point]]
) -> dict[str, str]:
    refused: dict[str, str] = {}
    experiment = rows.experiment_id(connection, run.experiment)
    settings = name_rows.metric_settings(connection, "experiment", experiment or 0)
    ids = name_rows.intern(connection, [name for name, _ in points])
    for (name, dataset), values in points.items():
        known = settings.get(name)
        direction: Direction | None = known.direction if known else guess_direction(name)
        if not metric_rows.append(connection, run.n, ids[name], dataset, direction, values):
            refused[name] = "it was measured on another dataset version before; log it under a name of its own"
    return refused


def read_dataset(
    context: Context, run: Run, data: datasets.NewData | str, *, role: str, output: bool = False
) -> DatasetVersion:
    """Note that a run read a state of a dataset (recorded now, or by its address), or with `output` that it wrote one.

    Raises:
        NotFound: there is no such dataset version.
        AlreadyExists: other bytes have the label.
        BadValue: the role is no single word.
    """
    datasets.check_role(role)
    with context.change(Permission.LOG, f"run:{run.id}") as change:
        connection = change.connection
        if isinstance(data, str):
            version = addresses.one_dataset_version(connection, data)
        else:
            version = datasets.add_in(change, data, run=run.n if output else None)
        if not output:
            dataset_rows.add_run_input(connection, run.n, version.id, role)
        change.record("dataset_written" if output else "dataset_read", f"run:{run.id}", dataset=version.ref, role=role)
        return version


def keep_output(context: Context, run: Run, output: str) -> None:
    """Keep what the command of a run printed."""
    with context.change(Permission.LOG, f"run:{run.id}") as change:
        rows.set_output(change.connection, run.n, output)
        change.record("output_kept", f"run:{run.id}", characters=len(output))


def log_figures(context: Context, run: Run, figures: Mapping[str, float], *, step: int | None = None) -> None:
    """Add one point to each of several metrics of a run that another process records.

    Args:
        context: the registry.
        run: whose metrics they are.
        figures: name to value.
        step: None for one more than each metric's highest so far.

    Raises:
        BadName, BadValue: one cannot be recorded; none is then.
    """
    checked = {naming.check_metric_name(name): as_number(name, value) for name, value in figures.items()}
    step = None if step is None else as_step(step)
    at = context.clock()
    with context.measure(f"run:{run.id}") as connection:
        known = {series.name: series for series in metric_rows.series_of(connection, [run.n], among=checked)[run.n]}
        points: dict[tuple[str, int | None], list[Point]] = {}
        for name, value in checked.items():
            following = step
            if following is None:
                following = after_step(name, known[name].last_step) if name in known else 0
            points[name, None] = [Point(following, at, value)]
        _append(connection, run, points)


def finish(context: Context, run: Run, status: RunStatus, error: str | None = None) -> None:
    """Record how a run ended."""
    with context.change(Permission.LOG, f"run:{run.id}") as change:
        rows.finish(change.connection, run.n, status, change.at, error)
        change.record(f"run_{status}", f"run:{run.id}")
