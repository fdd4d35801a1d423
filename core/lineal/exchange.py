"""Taking versions to where they are needed, and documents of them to whoever asks."""

from __future__ import annotations

import os
import shutil
from typing import IO, TYPE_CHECKING

from lineal import addresses
from lineal.about import __version__
from lineal.errors import AlreadyExists, BadValue, MachineError, Refused
from lineal.exporters.bundle import write_bundle
from lineal.exporters.card import card
from lineal.exporters.facts import VersionFacts
from lineal.exporters.mlbom import mlbom
from lineal.importers.bundle import bring
from lineal.queries import artifacts, bundles, endings
from lineal.versioning import details, origins

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from lineal.records.bundles import Brought
    from lineal.records.models import Version
    from lineal.write_path.context import Context

DOCUMENTS = ("card", "mlbom")
"""The formats of documents."""


def export(context: Context, address: str, to: str) -> str:
    """A version as a document.

    Raises:
        NotFound: there is no such version.
        BadValue: there is no such format.
    """
    if to not in DOCUMENTS:
        raise BadValue(field="format", value=to, why=f"known are {', '.join(DOCUMENTS)} and bundle")
    with context.read() as connection:
        version = addresses.version(connection, address)
        detail = details.of_versions(connection, [version])[0]
        facts = VersionFacts(
            model=addresses.model(connection, version.model),
            detail=detail,
            datasets=tuple(
                (addresses.dataset_version(connection, used.name, used.label), used.role) for used in detail.datasets
            ),
            lineage=origins.trace(connection, version.ref, up=2, down=0),
        )
    return card(facts) if to == "card" else mlbom(facts, lineal_version=__version__, at=context.clock())


def write_files(context: Context, address: str, folder: Path) -> int:
    """Write a version's files into a new folder, whole or not at all; returns their bytes.

    Raises:
        NotFound: there is no such version.
        Refused: it has no files, or they are not here.
        AlreadyExists: there is something at `folder`.
        Damaged: a file is not what its digest says.
        MachineError: the folder cannot be written.
    """
    with context.read() as connection:
        version = addresses.version(connection, address)
        artifact = artifacts.files_of(connection, [version.id]).get(version.id)
        if artifact is None:
            raise Refused(what=f"the files of {version.ref}", why="it was registered without files")
        _check_kept(connection, version, f"the files of {version.ref}")
    if os.path.lexists(folder):
        raise AlreadyExists(
            kind="file or folder", name=str(folder), hint="an export replaces nothing; name another folder"
        )
    context.objects.check_all((entry.digest, entry.size) for entry in artifact.files)
    partial = folder.with_name(f".{folder.name}-{os.getpid()}.partial")
    try:
        for entry in artifact.files:
            target = partial / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(context.objects.path(entry.digest), target)
        partial.rename(folder)
    except OSError as error:
        raise MachineError(path=folder, why=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return artifact.size


def _check_kept(connection: sqlite3.Connection, version: Version, what: str) -> None:
    """Check that the bytes of a version's files are here.

    Raises:
        Refused: they are not.
    """
    if artifacts.are_kept(connection, version.id):
        return
    over = endings.retirements(connection, [version.id]).get(version.id)
    if over is not None and over.purged_at is not None:
        why = f"its bytes were purged by {over.purged_by} when it was retired"
        raise Refused(what=what, why=why, hint="a backup with --objects from before has them; digests are kept")
    raise Refused(what=what, why="its files are known by digest only")


def export_bundle(
    context: Context, address: str, stream: IO[bytes], *, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write a version with its lineage and its files; returns the bytes of files written.

    Raises:
        NotFound: there is no such version.
        Refused: its files are not here.
        Damaged: one of them is not what its digest says.
    """
    with context.read() as connection:
        version = addresses.version(connection, address)
        _check_kept(connection, version, f"a bundle of {version.ref}")
        bundle = bundles.gather(connection, version.id)
    return write_bundle(bundle, context.objects, stream, progress=progress)


def import_bundle(
    context: Context, stream: IO[bytes], *, name: str, progress: Callable[[int], None] = lambda _: None
) -> Brought:
    """Bring the version of a bundle here; see `lineal.importers.bundle.bring`."""
    return bring(context, stream, name=name, progress=progress)
