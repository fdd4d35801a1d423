"""Bringing a bundle into a registry: nothing in it is believed before its digest says so."""

from __future__ import annotations

import json
import tarfile
from dataclasses import asdict
from functools import partial
from typing import IO, TYPE_CHECKING

from lineal import addresses
from lineal.data.fingerprint import digest_bytes, parse_digest
from lineal.errors import AlreadyExists, Damaged, Refused
from lineal.exporters.bundle import FOLDER, FORMAT, HEAD, VERSION
from lineal.formats.sniff import PICKLING
from lineal.importers.bundle_records import check, made
from lineal.queries import artifacts as artifact_rows
from lineal.queries import datasets as dataset_rows
from lineal.queries import endings as ending_rows
from lineal.queries import metrics as metric_rows
from lineal.queries import models as model_rows
from lineal.queries import names as name_rows
from lineal.queries import runs as run_rows
from lineal.queries import stages as stage_rows
from lineal.queries import unbundling as rows
from lineal.queries import versions as version_rows
from lineal.queries.values import number
from lineal.records.base import Actor, Digest, Micros, RunId
from lineal.records.bundles import Brought, Bundle
from lineal.records.data import Column
from lineal.records.models import Scheme
from lineal.records.runs import Environment, Point, RunKind, RunStatus
from lineal.rules import naming
from lineal.rules.canonical import canonical_json
from lineal.rules.metrics import guess_direction
from lineal.versioning import artifacts
from lineal.versioning.versions import FIRST_STAGES
from lineal.write_path.policy import REGISTRY, Permission, authorize

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from lineal.records.bundles import BundledRun, BundledVersion
    from lineal.storage.objects import ObjectStore
    from lineal.write_path.context import Change, Context

MOST_HEAD = 512 << 20
"""Bytes that the records of a bundle may have."""

_CHUNK = 1 << 20


def bring(
    context: Context, stream: IO[bytes], *, name: str, progress: Callable[[int], None] = lambda _: None
) -> Brought:
    """Bring a version with its lineage into a registry, under the uids and digests it has elsewhere.

    What is there already stays as it is. Files are stored before anything is recorded, and all records come in one
    transaction; a bundle that breaks off leaves nothing but files for `gc`.

    Args:
        context: the registry.
        stream: of the bundle; need not be able to seek.
        name: of the bundle, for messages.
        progress: told bytes of files as they are stored.

    Raises:
        Damaged: it is no bundle, of another format version, or something in it is not what its digest says.
        AlreadyExists: another version, or other data, has a label of it.
        Refused: it was purged here.
        MachineError: the files cannot be stored.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive, context.storing() as objects:
            bundle = _head(archive, name)
            check(bundle, name)
            models = [model.name for model in bundle.models]
            for model in models:
                context.check(Permission.REGISTER, model)
            with context.read() as connection:
                _check_not_purged(connection, bundle)
            size = _objects(archive, bundle, objects, name, progress)
            with context.read() as connection:
                _check_formats(connection, bundle, objects, name)
            with context.change(Permission.REGISTER, models[0] if models else REGISTRY) as change:
                for model in models[1:]:
                    authorize(change.connection, context.actor, Permission.REGISTER, model)
                try:
                    return _record(change, bundle, size)
                except (AttributeError, LookupError, TypeError, ValueError) as error:
                    # What one record says of another, or holds as JSON, is only known when it is laid down.
                    why = f"its records do not hang together ({type(error).__name__}: {error})"
                    raise Damaged(path=name, why=why) from error
    except tarfile.TarError as error:
        raise Damaged(path=name, why=f"it is no bundle ({error})") from error
    except EOFError as error:
        raise Damaged(path=name, why="it breaks off") from error


def _head(archive: tarfile.TarFile, name: str) -> Bundle:
    member = archive.next()
    if member is None or member.name != HEAD or not _is_plain(member):
        raise Damaged(path=name, why=f"it is no bundle: its first member is not {HEAD}")
    if member.size > MOST_HEAD:
        raise Damaged(path=name, why=f"its {HEAD} has {member.size} bytes; at most {MOST_HEAD} are read")
    content = archive.extractfile(member)
    try:
        document = json.loads((content.read() if content else b"").decode())
    except (ValueError, RecursionError) as error:
        raise Damaged(path=name, why=f"its {HEAD} is no JSON") from error
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise Damaged(path=name, why="it is no bundle of lineal's")
    version = document.pop("version", None)
    if version != VERSION:
        raise Damaged(path=name, why=f"it has format version {version!r}; this lineal reads {VERSION}")
    try:
        return made(Bundle, document, HEAD)
    except (TypeError, ValueError) as error:
        raise Damaged(path=name, why=f"its {HEAD} is not as it must be: {error}") from error


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.type == tarfile.REGTYPE and member.sparse is None


def _objects(
    archive: tarfile.TarFile, bundle: Bundle, objects: ObjectStore, name: str, progress: Callable[[int], None]
) -> int:
    """Store the files, each checked against its digest; returns their bytes."""
    total = 0
    for digest, size in bundle.objects:
        member = archive.next()
        if member is None:
            raise EOFError
        if member.name != FOLDER + digest.removeprefix("sha256:") or not _is_plain(member):
            raise Damaged(path=name, why=f"it holds {naming.shown(member.name)!r} where {digest} belongs")
        if member.size != size:
            raise Damaged(path=name, why=f"{digest} has {member.size} bytes, not {size}")
        content = archive.extractfile(member)
        if content is None:
            raise EOFError
        stored = objects.put_filled(partial(_write, content, size))
        if stored.digest != digest:
            raise Damaged(path=name, why=f"a file in it has other bytes than its digest {digest} says")
        total += size
        progress(size)
    if archive.next() is not None:
        raise Damaged(path=name, why="more follows after its last file")
    return total


def _write(content: IO[bytes], size: int, target: Path) -> None:
    with target.open("xb") as file:
        left = size
        while left:
            chunk = content.read(min(left, _CHUNK))
            if not chunk:
                raise EOFError
            file.write(chunk)
            left -= len(chunk)


def _check_formats(connection: sqlite3.Connection, bundle: Bundle, objects: ObjectStore, name: str) -> None:
    """Check that no file runs code which the bundle, or one that came before without the bytes, says to run none.

    Also of what is here already, which need not come along.

    Raises:
        Damaged: one does.
    """
    come = {digest for digest, _ in bundle.objects}
    here = come | artifact_rows.kept_of(
        connection, [digest for artifact in bundle.artifacts for _, digest, _, _ in artifact.files]
    )
    for artifact in bundle.artifacts:
        known = rows.formats_of(connection, artifact.digest)
        for path, digest, _, claimed in artifact.files:
            if digest not in here or {claimed, known.get(path, claimed)} <= PICKLING:
                continue
            if artifacts.executes_code(objects.path(Digest(digest)), path):
                said = known[path] if claimed in PICKLING else claimed
                why = f"{naming.shown(path)} is said to be {naming.shown(said)}, and runs code when it is loaded"
                raise Damaged(path=name, why=why)
    for ref, path, digest, claimed in artifact_rows.claimed(connection, come):
        if claimed not in PICKLING and artifacts.executes_code(objects.path(Digest(digest)), path):
            why = f"{naming.shown(path)} runs code when it is loaded; the bundle that {ref} came in calls it {claimed}"
            raise Damaged(path=name, why=why)


def _check_not_purged(connection: sqlite3.Connection, bundle: Bundle) -> None:
    """Check that nobody dropped here the bytes that would come: they would be of a version that nobody can purge.

    Raises:
        Refused: somebody did.
    """
    known = rows.known_version(connection, bundle.focus)
    over = None if known is None else ending_rows.retirements(connection, [known[0]]).get(known[0])
    if known is not None and over is not None and over.purged_at is not None:
        what, why = f"bringing {known[1]}:{known[2]}", f"it is here, retired, and its bytes were purged: {over.reason}"
        raise Refused(what=what, why=why, hint="register the files as a new version if they are needed again")


def _record(change: Change, bundle: Bundle, size: int) -> Brought:
    connection = change.connection
    _check_not_purged(connection, bundle)
    kept = frozenset(digest for digest, _ in bundle.objects)
    stored = {each.digest: rows.insert_artifact(connection, each, change.at, kept) for each in bundle.artifacts}
    for architecture in bundle.architectures:
        rows.insert_architecture(connection, architecture)
    data = _bring_data(change, bundle)
    runs = {run.id: _bring_run(change, run, data, dict(bundle.objects)) for run in bundle.runs}
    models = {model.name: _bring_model(change, model.name, bundle) for model in bundle.models}
    versions: dict[str, int] = {}
    new = []
    for version in bundle.versions:
        known = rows.known_version(connection, version.uid)
        if known is None:
            versions[version.uid] = _bring_version(change, version, models, runs, stored, data, versions)
            new.append(version)
        else:
            versions[version.uid] = known[0]
    for version in new:  # once all are here, since a successor comes after what it replaces
        _bring_ending(change, versions[version.uid], version)
    focus = addresses.must_have(connection, versions[bundle.focus])
    if new or size:
        change.record(
            "bundle_imported", focus.ref, uid=focus.uid, versions=len(new), bytes=size, source=bundle.registry
        )
    return Brought(focus.ref, len(new), len(bundle.objects), size)


def _bring_ending(change: Change, number_: int, version: BundledVersion) -> None:
    if version.retirement is None and version.deprecation is None:
        return
    rows.insert_ending(change.connection, number_, version)
    over = ending_rows.retirements(change.connection, [number_]).get(number_)
    said = ending_rows.deprecations(change.connection, [number_]).get(number_)
    change.record(
        "ending_imported",
        f"{version.model}:{version.label}",
        retirement=None if over is None else asdict(over),
        deprecation=None if said is None else asdict(said),
    )


def _bring_data(change: Change, bundle: Bundle) -> dict[tuple[str, str], int]:
    connection = change.connection
    found: dict[tuple[str, str], int] = {}
    for each in bundle.data:
        known = rows.known_data(connection, each.dataset, each.label)
        if known is not None:
            if known[1] != each.digest:
                raise AlreadyExists(kind="dataset version", name=f"data:{each.dataset}:{each.label}", where=", other")
            found[each.dataset, each.label] = known[0]
            continue
        owner = dataset_rows.dataset(connection, each.dataset)
        number_ = (
            owner.id
            if owner is not None
            else dataset_rows.insert_dataset(connection, each.dataset, change.at, change.actor.user)
        )
        columns = None if each.columns is None else tuple(Column(**column) for column in json.loads(each.columns))
        found[each.dataset, each.label] = dataset_rows.insert_version(
            connection,
            number_,
            label=each.label,
            digest=Digest(each.digest),
            uri=each.uri,
            rows=each.rows,
            size=each.bytes,
            columns=columns,
            notes=each.notes,
            parents=[found[parent] for parent in each.parents],
            run=None,
            at=Micros(each.created_at),
            actor=each.created_by,
        )
    return found


def _bring_model(change: Change, name: str, bundle: Bundle) -> int:
    connection = change.connection
    known = model_rows.model_id(connection, name)
    if known is not None:
        return known
    model = next(each for each in bundle.models if each.name == name)
    number_ = model_rows.insert(connection, name, Scheme(model.scheme), change.at, change.actor.user)
    for position, stage in enumerate(FIRST_STAGES):
        stage_rows.insert_stage(connection, number_, stage, position)
    for field, value in (("owner", model.owner), ("purpose", model.purpose), ("notes", model.notes)):
        model_rows.describe(connection, number_, field, value)
    if model.primary_metric is not None:
        name_id = name_rows.intern(connection, [model.primary_metric])[model.primary_metric]
        model_rows.set_primary(connection, number_, name_id)
    change.record("model_created", name, scheme=model.scheme, stages=list(FIRST_STAGES))
    return number_


def _bring_run(change: Change, run: BundledRun, data: dict[tuple[str, str], int], objects: dict[str, int]) -> int:
    connection = change.connection
    known = rows.known_run(connection, run.id)
    if known is not None:
        return known
    experiment = run_rows.experiment_id(connection, run.experiment)
    if experiment is None:
        experiment = run_rows.insert_experiment(connection, run.experiment, change.at, change.actor.user)
    environment = None
    if run.environment is not None:
        environment = run_rows.intern_environment(connection, _environment(*run.environment))
    number_ = run_rows.insert(
        connection,
        run_id=RunId(run.id),
        experiment_number=experiment,
        name=run.name,
        kind=RunKind(run.kind),
        at=Micros(run.started_at),
        actor=Actor(run.actor, -1, run.claim),
        parent=None,
        command=None if run.command is None else json.loads(run.command),
        seed=run.seed,
        code=None if run.code is None else _code(change, run.code, objects),
        environment=environment,
        process=None,
    )
    rows.insert_run_params(connection, number_, run.params)
    name_rows.set_tags(connection, "run", number_, dict(run.tags))
    for dataset, label, role in run.inputs:
        dataset_rows.add_run_input(connection, number_, data[dataset, label], role)
    ids = name_rows.intern(connection, [series.name for series in run.series])
    for series in run.series:
        measured_on = None if series.dataset is None else data[series.dataset]
        points = [Point(step, Micros(at), number(value)) for step, at, value in series.points]
        if points:
            direction = guess_direction(series.name)
            metric_rows.append(connection, number_, ids[series.name], measured_on, direction, points)
    if run.ended_at is not None:
        run_rows.finish(connection, number_, RunStatus(run.status), Micros(run.ended_at), run.error)
    return number_


def _code(change: Change, content: str, objects: dict[str, int]) -> int:
    code = run_rows.code_state(content)
    digest = digest_bytes(canonical_json(asdict(code)).encode())
    patch = None
    if code.patch is not None and code.patch in objects:
        size = objects[code.patch]
        patch = artifact_rows.intern_object(change.connection, code.patch, size, change.at)
    return run_rows.intern_code(change.connection, digest, code, patch=patch)


def _environment(digest: str, content: str) -> Environment:
    parts = json.loads(content)
    packages = tuple((str(package), str(version)) for package, version in parts.pop("packages"))
    gpus = tuple(str(gpu) for gpu in parts.pop("gpus"))
    return Environment(digest=parse_digest(digest), packages=packages, gpus=gpus, **parts)


def _bring_version(
    change: Change,
    new: BundledVersion,
    models: dict[str, int],
    runs: dict[str, int],
    artifacts: dict[str, int],
    data: dict[tuple[str, str], int],
    versions: dict[str, int],
) -> int:
    connection = change.connection
    model = models[new.model]
    if version_rows.label_is_taken(connection, model, new.label):
        raise AlreadyExists(
            kind="version",
            name=f"{new.model}:{new.label}",
            where=" with another uid",
            hint="it was registered here independently; rename neither: keep the two registries' models apart",
        )
    seq = (
        new.seq if version_rows.by_seq(connection, model, new.seq) is None else version_rows.next_seq(connection, model)
    )
    number_ = rows.insert_version(
        connection,
        new,
        model=model,
        seq=seq,
        run=None if new.run is None else runs[new.run],
        artifact=None if new.artifact is None else artifacts[new.artifact],
        parents=[(versions[uid], relation) for uid, relation in new.parents],
        metrics=[(name, value, None if on is None else data[on]) for name, value, on in new.metrics],
        datasets=[(data[dataset, label], role) for dataset, label, role in new.datasets],
    )
    change.record(
        "version_imported", f"{new.model}:{new.label}", uid=new.uid, seq=seq, digest=new.artifact, status=new.status
    )
    return number_
