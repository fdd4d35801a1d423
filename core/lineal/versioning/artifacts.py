"""Taking a version's files into the registry, and reading what they tell of the model."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.data.fingerprint import check_file_name, manifest_digest, refuse_registry, walk
from lineal.errors import BadValue, Refused
from lineal.formats.architecture import describe
from lineal.formats.opening import machine_errors, require_regular
from lineal.formats.sniff import PICKLING, WITH_PICKLES, sniff
from lineal.queries import artifacts as artifact_rows
from lineal.records.models import Architecture, Artifact, FileEntry
from lineal.records.releases import MANIFEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from lineal.storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Source:
    """A file that will be part of an artifact."""

    name: str
    """Its path within the artifact."""
    path: Path


def gather(paths: Sequence[Path]) -> list[Source]:
    """The files that paths stand for: a file under its name, one folder by its content, of several each under its name.

    Raises:
        NoSource, NotReadable: something is missing or cannot be read.
        BadName, BadValue: a file's name cannot be kept, a folder is empty, or two files would have one name.
    """
    sources: list[Source] = []
    for path in paths:
        with machine_errors(path):
            mode = path.stat().st_mode
        if not stat.S_ISDIR(mode):
            require_regular(path, mode)
            check_file_name(path.name)
            refuse_registry(path.parent, path.name)
            sources.append(Source(path.name, path))
            continue
        prefix = f"{path.resolve().name}/" if len(paths) > 1 else ""
        sources += [Source(prefix + name, file) for name, file in walk(path)]
    names = [source.name for source in sources]
    if MANIFEST in names:
        raise BadValue(field="file", value=MANIFEST, why="a release has a file of its own of this name")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadValue(field="file", value=twice, why="two of the files would have this path in the version")
    return sorted(sources, key=lambda source: source.name)


def executes_code(stored: Path, name: str) -> bool:
    """Whether a stored file of this name runs code when it is loaded, as far as its bytes tell."""
    return _with_pickles(stored, sniff(stored, name)) in PICKLING


def _with_pickles(stored: Path, format_: str) -> str:
    """The format of a file, with a word about the pickles that it holds though it is none."""
    if f"{format_}{WITH_PICKLES}" not in PICKLING:
        return format_
    from lineal.formats.npy import holds_pickles  # noqa: PLC0415  few files may hold some

    return f"{format_}{WITH_PICKLES}" if holds_pickles(stored) else format_


def check_claims(connection: sqlite3.Connection, artifact: Artifact) -> None:
    """Check that none of the files was called harmless by a bundle that came without it, and runs code.

    Raises:
        Refused: one was; with its bytes the version of that bundle could go live past a demand for no such files.
    """
    evil = {entry.digest: entry for entry in artifact.files if entry.format in PICKLING}
    for ref, _, digest, format_ in artifact_rows.claimed(connection, evil) if evil else ():
        if format_ not in PICKLING:
            raise Refused(
                what=f"recording {evil[digest].path}",
                why=f"it runs code when it is loaded, and the bundle that {ref} came in calls it {format_}",
                hint=f"do not trust {ref}; save the file anew, so that its bytes are others",
            )


def take_in(objects: ObjectStore, sources: Sequence[Source], *, move: bool) -> tuple[Artifact, Architecture | None]:
    """Store files and describe them; the description is read from the stored copies.

    Raises:
        BadFormat: a model file breaks its own format; nothing is stored then.
        LinealError: as `ObjectStore.put`.
    """
    formats = [sniff(source.path) for source in sources]
    describe(
        [(source.name, source.path, format_) for source, format_ in zip(sources, formats, strict=True)], digests=False
    )
    entries, stored_files = [], []
    for source, format_ in zip(sources, formats, strict=True):
        stored = objects.put(source.path, move=move)
        known = _with_pickles(objects.path(stored.digest), format_)
        entries.append(FileEntry(source.name, stored.digest, stored.size, known))
        stored_files.append((source.name, objects.path(stored.digest), format_))
    artifact = Artifact(
        manifest_digest((entry.path, entry.digest, entry.size) for entry in entries),
        tuple(entries),
        sum(entry.size for entry in entries),
    )
    return artifact, describe(stored_files)
