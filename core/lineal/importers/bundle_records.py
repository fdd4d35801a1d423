"""What a bundle's records must be before anything of them is believed: of their types, well named, and whole."""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lineal.data.fingerprint import manifest_digest, parse_digest
from lineal.errors import BadName, Damaged, LinealError
from lineal.queries import runs as run_rows
from lineal.queries.values import KINDS, scalar
from lineal.records.base import Digest
from lineal.records.models import Scheme, VersionStatus
from lineal.records.runs import RunKind, RunStatus
from lineal.rules import naming

if TYPE_CHECKING:
    from lineal.records.bundles import Bundle, BundledRun, BundledVersion

_Record = TypeVar("_Record")


def made(kind: type[_Record], value: object, where: str) -> _Record:
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
        return made(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or isinstance(value, bool):
        raise ValueError(f"{where} is no {hint.__name__}")  # noqa: TRY004  one sort of error for all of it
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError(f"{where} does not fit 64 bits")
    return value


def check(bundle: Bundle, name: str) -> None:
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
            _check_ending(version)
        params = [*(each.params for each in bundle.runs), *(each.params for each in bundle.versions)]
        for param, kind, text in (value for some in params for value in some):
            naming.check_param_name(param)
            if kind not in KINDS:
                raise Damaged(path=name, why=f"param {param!r} has the unknown kind {kind!r}")
            scalar(kind, text)
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


def _check_ending(version: BundledVersion) -> None:
    over, said = version.retirement, version.deprecation
    is_retired = VersionStatus(version.status) is VersionStatus.RETIRED
    if is_retired is (over is None) or (is_retired and said is not None):
        raise ValueError(f"{version.model}:{version.label} is {version.status}, and its end says otherwise")
    if over is not None:
        naming.check_text("reason", over.reason)
        if (over.purged_at is None) is not (over.purged_by is None):
            raise ValueError(f"{version.model}:{version.label} was purged by nobody, or never")
    if said is not None and said.reason is not None:
        naming.check_text("reason", said.reason)
    if version.uid in {None if end is None else end.successor for end in (over, said)}:
        raise ValueError(f"{version.model}:{version.label} comes after itself")


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
