"""Bringing a bundle into a registry: nothing in it is believed before its digest says so."""

from __future__ import annotations

import json
import os
import secrets
import tarfile
import types
from dataclasses import asdict, is_dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lineal import addresses, naming
from lineal.canonical import canonical_json
from lineal.errors import AlreadyExists, BadName, BadValue, Damaged, LinealError
from lineal.exporters.bundle import FOLDER, FORMAT, HEAD, VERSION
from lineal.fingerprint import digest_bytes, manifest_digest, parse_digest
from lineal.metrics import guess_direction
from lineal.policy import Permission
from lineal.queries import artifacts as artifact_rows
from lineal.queries import bundles as rows
from lineal.queries import datasets as dataset_rows
from lineal.queries import metrics as metric_rows
from lineal.queries import models as model_rows
from lineal.queries import names as name_rows
from lineal.queries import runs as run_rows
from lineal.queries import stages as stage_rows
from lineal.queries import versions as version_rows
from lineal.queries.values import number
from lineal.records.base import Actor, Digest, Micros, RunId
from lineal.records.bundles import Brought, Bundle
from lineal.records.data import Column
from lineal.records.models import Scheme
from lineal.records.runs import Environment, Point, RunKind, RunStatus
from lineal.versions import FIRST_STAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.context import Change, Context
    from lineal.objects import ObjectStore
    from lineal.records.bundles import BundledRun, BundledVersion

MOST_HEAD = 512 << 20
"""Bytes that the records of a bundle may have."""

_CHUNK = 1 << 20
_Record = TypeVar("_Record")


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
        MachineError: the files cannot be stored.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive, context.objects.storing() as objects:
            bundle = _head(archive, name)
            _check(bundle, name)
            size = _objects(archive, bundle, objects, name, progress)
            with context.change(Permission.REGISTER, f"bundle {bundle.focus}") as change:
                return _record(change, bundle, size)
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
        return _made(Bundle, document, HEAD)
    except (TypeError, ValueError) as error:
        raise Damaged(path=name, why=f"its {HEAD} is not as it must be: {error}") from error


def _made(kind: type[_Record], value: object, where: str) -> _Record:
    """A record from JSON, every field of the type it says it is.

    Raises:
        ValueError: one is not.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object")  # noqa: TRY004  one sort of error for all of it
    hints = get_type_hints(kind)
    names = set(hints)
    if set(value) != names:
        raise ValueError(f"{where} has other fields than {', '.join(sorted(names))}")
    return kind(**{name: _typed(hints[name], value[name], f"{where}.{name}") for name in names})


def _typed(hint: Any, value: object, where: str) -> object:
    origin = get_origin(hint)
    if origin in {types.UnionType, Union}:
        options = get_args(hint)
        if value is None and type(None) in options:
            return None
        return _typed(next(option for option in options if option is not type(None)), value, where)
    if origin is tuple:
        inner = get_args(hint)
        if not isinstance(value, list):
            raise ValueError(f"{where} is no array")
        if inner[-1] is Ellipsis:
            return tuple(_typed(inner[0], each, f"{where}[{place}]") for place, each in enumerate(value))
        if len(value) != len(inner):
            raise ValueError(f"{where} has {len(value)} elements, not {len(inner)}")
        return tuple(_typed(part, each, where) for part, each in zip(inner, value, strict=True))
    if is_dataclass(hint) and isinstance(hint, type):
        return _made(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool):
        raise ValueError(f"{where} is no {hint.__name__}")  # noqa: TRY004  one sort of error for all of it
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{where} does not fit 64 bits")
    return value


def _check(bundle: Bundle, name: str) -> None:
    """Check that names are names, digests digests, and that all hangs together.

    Raises:
        Damaged: something is not as it must be.
    """
    try:
        for model in bundle.models:
            naming.check_model_name(model.name)
            Scheme(model.scheme)
        for data in bundle.data:
            naming.check_dataset_name(data.dataset)
            naming.check_label(data.label)
            parse_digest(data.digest)
        for run in bundle.runs:
            naming.check_experiment_name(run.experiment)
            RunKind(run.kind)
            RunStatus(run.status)
            for series in run.series:
                naming.check_metric_name(series.name)
        for version in bundle.versions:
            naming.check_label(version.label)
        for artifact in bundle.artifacts:
            for path, digest, _, _ in artifact.files:
                _check_path(path)
                parse_digest(digest)
            entries = [(path, Digest(digest), size) for path, digest, size, _ in artifact.files]
            if manifest_digest(entries) != artifact.digest:
                raise Damaged(path=name, why=f"artifact {artifact.digest} is not what its files say")
    except (LinealError, ValueError) as error:
        if isinstance(error, Damaged):
            raise
        raise Damaged(path=name, why=f"its records are not as they must be: {error}") from error
    focus = next((version for version in bundle.versions if version.uid == bundle.focus), None)
    if focus is None:
        raise Damaged(path=name, why="the version it is about is not in it")
    artifact_of = {artifact.digest: artifact for artifact in bundle.artifacts}
    if any(version.artifact is not None and version.artifact not in artifact_of for version in bundle.versions):
        raise Damaged(path=name, why="a version's files are not in its records")
    wanted = {} if focus.artifact is None else {
        digest: size for _, digest, size, _ in artifact_of[focus.artifact].files
    }  # fmt: skip
    patch = next((_patch(run, name) for run in bundle.runs if run.id == focus.run), None)
    listed = dict(bundle.objects)
    beyond = set(listed) - set(wanted)
    if not wanted.items() <= listed.items() or len(bundle.objects) != len(listed) or beyond - {patch}:
        raise Damaged(path=name, why="the files it lists are not those of the version")


def _patch(run: BundledRun, name: str) -> str | None:
    """The digest of the changes that a run's code had."""
    if run.code is None:
        return None
    try:
        return run_rows.code_state(run.code).patch
    except (TypeError, ValueError, AttributeError) as error:
        raise Damaged(path=name, why=f"the code of run {run.id} is not as it must be") from error


def _check_path(path: str) -> None:
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or str(pure) != path or "\0" in path:
        raise BadName(kind="file path", name=naming.shown(path), why="it leaves its folder, or is not written plainly")


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.type == tarfile.REGTYPE and member.sparse is None


def _objects(
    archive: tarfile.TarFile, bundle: Bundle, objects: ObjectStore, name: str, progress: Callable[[int], None]
) -> int:
    """Store the files, each checked against its digest; returns their bytes."""
    total = 0
    folder = objects.root / "tmp"
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
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            _write(content, partial, size)
            stored = objects.put(partial, move=True)
        except OSError as error:
            raise BadValue(field="bundle", value=name, why=str(error)) from error
        finally:
            partial.unlink(missing_ok=True)
        if stored.digest != digest:
            raise Damaged(path=name, why=f"a file in it has other bytes than its digest {digest} says")
        total += size
        progress(size)
    if archive.next() is not None:
        raise Damaged(path=name, why="more follows after its last file")
    return total


def _write(content: IO[bytes], target: Path, size: int) -> None:
    with target.open("xb") as file:
        left = size
        while left:
            chunk = content.read(min(left, _CHUNK))
            if not chunk:
                raise EOFError
            file.write(chunk)
            left -= len(chunk)


def _record(change: Change, bundle: Bundle, size: int) -> Brought:
    connection = change.connection
    kept = frozenset(digest for digest, _ in bundle.objects)
    artifacts = {each.digest: rows.insert_artifact(connection, each, change.at, kept) for each in bundle.artifacts}
    for architecture in bundle.architectures:
        rows.insert_architecture(connection, architecture)
    data = _bring_data(change, bundle)
    runs = {run.id: _bring_run(change, run, data, dict(bundle.objects)) for run in bundle.runs}
    models = {model.name: _bring_model(change, model.name, bundle) for model in bundle.models}
    versions: dict[str, int] = {}
    new = 0
    for version in bundle.versions:
        known = rows.known_version(connection, version.uid)
        if known is None:
            versions[version.uid] = _bring_version(change, version, models, runs, artifacts, data, versions)
            new += 1
        else:
            versions[version.uid] = known[0]
    focus = addresses.must_have(connection, versions[bundle.focus])
    if new or size:
        change.record("bundle_imported", focus.ref, uid=focus.uid, versions=new, bytes=size, source=bundle.registry)
    return Brought(focus.ref, new, len(bundle.objects), size)


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
    change.record("version_imported", f"{new.model}:{new.label}", uid=new.uid, seq=seq, digest=new.artifact)
    return number_
