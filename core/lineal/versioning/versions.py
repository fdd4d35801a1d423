"""Registering versions of models, and changing what may change of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import AlreadyExists, BadValue, Conflict, MachineError, Refused
from lineal.queries import artifacts as artifact_rows
from lineal.queries import datasets as dataset_rows
from lineal.queries import metrics as metric_rows
from lineal.queries import models as model_rows
from lineal.queries import names as name_rows
from lineal.queries import registered as registered_rows
from lineal.queries import runs as run_rows
from lineal.queries import stages as stage_rows
from lineal.queries import versions as rows
from lineal.records.base import Micros, Scalar, Uid
from lineal.records.models import Bump, Relation, Scheme, Version, VersionStatus
from lineal.rules import naming, refs
from lineal.rules.canonical import canonical_json
from lineal.rules.metrics import guess_direction
from lineal.rules.values import as_number, check_params, check_tags
from lineal.versioning import artifacts, marking
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from lineal.records.data import DatasetVersion
    from lineal.records.models import Architecture, Artifact, Model
    from lineal.records.runs import Run
    from lineal.write_path.context import Change, Context

FIRST_STAGES = ("staging", "production")
"""The stages that a new model starts with, in order."""

_TRAINING_ROLES_NOT = frozenset({"test", "eval", "evaluation", "validation", "val", "valid", "dev", "holdout"})


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that is to be registered."""

    model: str
    paths: tuple[Path, ...] = ()
    label: str | None = None
    """None to let the model's scheme decide."""
    bump: Bump | None = None
    """Only for semantic versions; None to work it out."""
    scheme: Scheme | None = None
    """For a model that is new; None for semantic versions."""
    parents: tuple[str, ...] = ()
    """`REF` or `REF=relation`."""
    run: str | None = None
    """Address of the run that produced it, whose params, metrics and data it takes over."""
    datasets: tuple[str, ...] = ()
    """`data:NAME[:LABEL]` or that and `=role`."""
    measured_on: str | None = None
    """Address of the dataset version that `metrics` were measured on."""
    params: dict[str, Scalar] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    owner: str | None = None
    purpose: str | None = None
    notes: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    signature: dict[str, object] | None = None
    move: bool = False
    """Whether the files are taken away from where they are."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the registry says to a version that is to be registered."""

    model: Model | None
    parents: tuple[tuple[Version, Relation], ...]
    run: Run | None
    datasets: tuple[tuple[DatasetVersion, str], ...]
    measured_on: DatasetVersion | None


def register(context: Context, new: NewVersion) -> Version:
    """Register a version: store its files, then record it with everything it came from.

    Raises:
        BadName, BadValue, BadAddress: something in it is not as it must be.
        NotFound: a parent, run or dataset does not exist.
        AlreadyExists: the label is taken.
        NoSource, NotReadable, SourceChanged, BadFormat: a file cannot be taken.
        LinealError: the registry cannot be written. In every case nothing is registered.
    """
    _check(new)
    context.check(Permission.REGISTER, new.model)
    with context.read() as connection:  # before gigabytes are copied for a version that cannot be
        _look_up(connection, new)
    sources = artifacts.gather(new.paths)
    artifact = architecture = None
    with context.storing() as objects:
        if sources:
            artifact, architecture = artifacts.take_in(objects, sources, move=new.move)
        with context.change(Permission.REGISTER, new.model) as change:
            version = _insert(change, new, artifact, architecture)
    if new.move:
        _remove_sources(sources)
    return version


def _check(new: NewVersion) -> None:
    naming.check_model_name(new.model)
    check_params(new.params)
    check_tags(new.tags)
    for name, value in new.metrics.items():
        as_number(naming.check_metric_name(name), value)
    for word, content in (("owner", new.owner), ("purpose", new.purpose), ("notes", new.notes)):
        if content is not None:
            naming.check_text(word, content)
    if new.label is not None:
        naming.check_label(new.label)
    if new.signature is not None:
        canonical_json(new.signature)
    for text in new.parents:
        refs.parse(refs.split_relation(text)[0])


def _look_up(connection: sqlite3.Connection, new: NewVersion) -> _Ground:
    model = model_rows.model(connection, naming.check_model_name(new.model))
    if model is not None and new.scheme not in {None, model.scheme}:
        raise Conflict(what=f"scheme {new.scheme}", why=f"labels of {model.name} are {model.scheme} already")
    if new.label is not None:
        scheme = (new.scheme or Scheme.SEMVER) if model is None else model.scheme
        label = naming.next_label(scheme, existing=(), ended_at=Micros(0), seq=1, label=new.label).label
        if model is not None and rows.label_is_taken(connection, model.id, label):
            raise AlreadyExists(kind="version", name=f"{model.name}:{label}")
    parents: list[tuple[Version, Relation]] = []
    for text in new.parents:
        address, relation = refs.split_relation(text)
        parent = addresses.version(connection, address)
        if any(parent.id == known.id for known, _ in parents):
            raise BadValue(field="parent", value=text, why="it is named twice")
        parents.append((parent, relation))
    datasets = []
    for text in new.datasets:
        address, role = refs.split_role(text, "train")
        datasets.append((addresses.one_dataset_version(connection, address), role))
    run = None if new.run is None else addresses.run(connection, new.run.removeprefix("run:"))
    measured_on = None if new.measured_on is None else addresses.one_dataset_version(connection, new.measured_on)
    return _Ground(model, tuple(parents), run, tuple(datasets), measured_on)


def _insert(change: Change, new: NewVersion, artifact: Artifact | None, architecture: Architecture | None) -> Version:
    connection = change.connection
    ground = _look_up(connection, new)
    if artifact is not None:
        artifacts.check_claims(connection, artifact)
    model = ground.model or _new_model(change, new)
    params, metrics, datasets = _taken_over(connection, new, ground)
    seq = rows.next_seq(connection, model.id)
    signature = None if new.signature is None else canonical_json(new.signature)
    training = frozenset(data.digest for data, role in datasets.values() if role not in _TRAINING_ROLES_NOT)
    facts = naming.BumpFacts(signature, None if architecture is None else architecture.digest, training)
    label = _label(change, new, ground, model, seq, facts)
    version = rows.insert(
        connection,
        uid=Uid(str(uuid.uuid4())),
        model=model.id,
        seq=seq,
        label=label.label,
        label_reason=label.reason,
        run=None if ground.run is None else ground.run.n,
        artifact=None if artifact is None else artifact_rows.insert(connection, artifact, architecture, change.at),
        architecture=None if architecture is None else artifact_rows.intern_architecture(connection, architecture),
        signature=signature,
        owner=new.owner,
        purpose=new.purpose,
        notes=new.notes,
        at=change.at,
        actor=change.actor,
    )
    rows.insert_parents(connection, version, [(parent.id, relation) for parent, relation in ground.parents])
    rows.insert_params(connection, version, params)
    rows.insert_metrics(connection, version, metrics)
    rows.insert_datasets(connection, version, [(data.id, role) for data, role in datasets.values()])
    name_rows.set_tags(connection, "version", version, dict(new.tags))
    if model.primary_metric is None:
        choose_primary(connection, model.id, metrics)
    registered = addresses.must_have(connection, version)
    change.record(
        "version_registered",
        registered.ref,
        uid=registered.uid,
        seq=seq,
        digest=registered.digest,
        parents=[f"{parent.ref}={parent.relation}" for parent in registered.parents],
        run=registered.run,
        owner=new.owner,
        purpose=new.purpose,
    )
    return registered


def _new_model(change: Change, new: NewVersion) -> Model:
    name = naming.check_model_name(new.model)
    number = model_rows.insert(change.connection, name, new.scheme or Scheme.SEMVER, change.at, change.actor.user)
    for position, stage in enumerate(FIRST_STAGES):
        stage_rows.insert_stage(change.connection, number, stage, position)
    change.record("model_created", name, scheme=new.scheme or Scheme.SEMVER, stages=list(FIRST_STAGES))
    return addresses.model(change.connection, name)


def _taken_over(
    connection: sqlite3.Connection, new: NewVersion, ground: _Ground
) -> tuple[dict[str, Scalar], dict[str, tuple[float, int | None]], dict[tuple[int, str], tuple[DatasetVersion, str]]]:
    """Params, metrics and data of the run, and over them what was given."""
    params: dict[str, Scalar] = {}
    metrics: dict[str, tuple[float, int | None]] = {}
    datasets: dict[tuple[int, str], tuple[DatasetVersion, str]] = {}
    if ground.run is not None:
        params |= run_rows.params_of(connection, [ground.run.n])[ground.run.n]
        for series in metric_rows.series_of(connection, [ground.run.n])[ground.run.n]:
            on = None if series.dataset is None else addresses.one_dataset_version(connection, series.dataset).id
            metrics[series.name] = (series.last, on)
        for used in dataset_rows.used_by_runs(connection, [ground.run.n])[ground.run.n]:
            data = addresses.dataset_version(connection, used.name, used.label)
            datasets[data.id, used.role] = (data, used.role)
    measured_on = None if ground.measured_on is None else ground.measured_on.id
    metrics |= {name: (as_number(name, value), measured_on) for name, value in new.metrics.items()}
    datasets |= {(data.id, role): (data, role) for data, role in ground.datasets}
    return params | new.params, metrics, datasets


def _label(
    change: Change, new: NewVersion, ground: _Ground, model: Model, seq: int, facts: naming.BumpFacts
) -> naming.NextLabel:
    connection = change.connection
    base = next((parent for parent, _ in ground.parents if parent.model == model.name), None)
    if base is None and seq > 1:  # without a parent, what was registered last says what changed
        base = rows.by_seq(connection, model.id, seq - 1)
    bump, reason = new.bump, None
    if bump is not None and model.scheme is not Scheme.SEMVER:
        why = f"labels of {model.name} are no semantic versions, but {model.scheme}"
        raise BadValue(field="bump", value=bump, why=why)
    if bump is None and base is not None:
        bump, reason = naming.work_out_bump(_facts(connection, base), facts)
    run = ground.run
    return naming.next_label(
        model.scheme,
        existing=lambda label: rows.label_is_taken(connection, model.id, label),
        ended_at=change.at if run is None or run.ended_at is None else run.ended_at,
        seq=seq,
        label=new.label,
        base=None if base is None else base.label,
        bump=bump,
        reason=reason,
        run_name=None if run is None else run.name,
        experiment=None if run is None else run.experiment,
    )


def _facts(connection: sqlite3.Connection, version: Version) -> naming.BumpFacts:
    _, signature, _, _, _ = registered_rows.facts_of(connection, [version.id])[version.id]
    used = dataset_rows.used_by_versions(connection, [version.id])[version.id]
    training = frozenset(data.digest for data in used if data.role not in _TRAINING_ROLES_NOT)
    return naming.BumpFacts(
        signature, artifact_rows.architecture_digest(connection, version.id), training, version.label
    )


def choose_primary(connection: sqlite3.Connection, model: int, metrics: Mapping[str, object]) -> None:
    """Make the first metric whose direction is known the primary one of a model that has none."""
    settings = name_rows.metric_settings(connection, "model", model)
    for name in metrics:
        known = settings.get(name)
        if (known.direction if known else guess_direction(name)) is not None:
            model_rows.set_primary(connection, model, name_rows.intern(connection, [name])[name])
            return


def _remove_sources(sources: list[artifacts.Source]) -> None:
    for source in sources:
        try:
            source.path.unlink(missing_ok=True)
        except OSError as error:
            raise MachineError(
                path=source.path,
                why=f"the version is registered, but the file could not be taken away ({error.strerror})",
            ) from error


def mark(context: Context, address: str, status: VersionStatus, *, reason: str | None = None) -> Version:
    """Mark a version as bad, or as active again.

    Raises:
        NotFound: there is no such version.
        Refused: it is retired, or `status` is (retirement has its own use case).
    """
    if status is VersionStatus.RETIRED:
        raise Refused(what=f"marking {address} retired", why="a version is retired, not marked")
    if reason is not None:
        naming.check_text("reason", reason)
    with context.change(Permission.MARK, address) as change:
        version = addresses.version(change.connection, address)
        return marking.mark(change, version, status, reason=reason)


def evaluate(
    context: Context, address: str, metrics: Mapping[str, float], *, measured_on: str | None = None
) -> Version:
    """Add what a later evaluation of a version found; what it was registered with stays.

    Raises:
        NotFound: there is no such version or dataset.
    """
    values = {name: as_number(naming.check_metric_name(name), value) for name, value in metrics.items()}
    with context.change(Permission.LOG, address) as change:
        version = addresses.version(change.connection, address)
        data = None if measured_on is None else addresses.one_dataset_version(change.connection, measured_on)
        for name, value in values.items():
            rows.insert_evaluation(
                change.connection,
                version.id,
                name,
                value,
                None if data is None else data.id,
                change.at,
                change.actor.user,
            )
        change.record("evaluated", version.ref, metrics=values, measured_on=None if data is None else data.ref)
        return version
