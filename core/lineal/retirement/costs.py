"""Counting what versions, models and releases cost on disk, and what could be freed."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.queries import costs as rows
from lineal.queries import upkeep
from lineal.records.costs import FileCost, ModelCost, RegistryCost, ReleaseCost, VersionCost
from lineal.retirement.collecting import collect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lineal.write_path.context import Context

_FIEMAP = 0xC020660B
_LAST, _SHARED = 0x1, 0x2000
_HEADER, _EXTENT = "<QQIIII", "<QQQQQIIII"
_EXTENTS = 256


def of_registry(context: Context) -> RegistryCost:
    """What a registry costs: its models, its database, its releases, and what `gc` would free now.

    Raises:
        MachineError: the store cannot be read.
    """
    with context.read() as connection:
        models = rows.of_models(connection)
        objects, stored = upkeep.object_totals(connection)
    releases = tuple(release_costs(context))
    extra: dict[str, int] = {}
    for release in releases:
        name = release.stage.rpartition("@")[0]
        extra[name] = extra.get(name, 0) + release.extra
    collected = collect(context, dry_run=True)
    return RegistryCost(
        models=tuple(replace(model, released=extra.get(model.model, 0)) for model in models),
        objects=objects,
        stored=stored,
        database=sum(map(_size, context.root.glob("registry.db*"))),
        collectable=collected.bytes,
        collectable_files=len(collected.removed),
        releases=releases,
    )


def of_model(context: Context, name: str) -> tuple[ModelCost, list[VersionCost]]:
    """What a model costs, and each of its versions: those first whose purge would free most.

    Raises:
        NotFound: there is no such model.
    """
    with context.read() as connection:
        number = addresses.model(connection, name).id
        total = next(each for each in rows.of_models(connection) if each.model == name)
        versions = rows.of_versions(connection, model=number)
    releases = list(release_costs(context, model=number))
    told = _with_releases(versions, releases)
    told.sort(key=lambda each: -each.own)
    return replace(total, released=sum(each.extra for each in releases)), told


def of_version(context: Context, ref: str) -> tuple[VersionCost, list[FileCost], list[ReleaseCost]]:
    """What a version costs, each of its files, and each of its releases.

    Raises:
        NotFound: there is no such version.
    """
    with context.read() as connection:
        version = addresses.version(connection, ref)
        number = addresses.model(connection, version.model).id
        (cost,) = rows.of_versions(connection, versions=[version.id])
        files = rows.of_files(connection, version.id)
    releases = [each for each in release_costs(context, model=number) if each.version_id == version.id]
    return _with_releases([cost], releases)[0], files, releases


def of_versions(context: Context, versions: Sequence[int]) -> list[VersionCost]:
    """What versions cost, given by their row numbers, without their releases: no file is looked at."""
    with context.read() as connection:
        return rows.of_versions(connection, versions=versions)


def release_costs(context: Context, *, model: int | None = None) -> Iterator[ReleaseCost]:
    """What the releases on this machine cost, of a model given by its row number or of all."""
    with context.read() as connection:
        laid = rows.releases(connection, model)
    for stage, version, number, directory, name in laid:
        path = Path(directory) / name
        with context.read() as connection:
            digests = rows.object_digests(connection, number)
        files = size = linked = 0
        cloned: int | None = 0
        for relative, found in _files(path):
            files += 1
            size += found.st_size
            digest = digests.get(relative)
            if found.st_nlink > 1 and digest is not None and _is(context.objects.path(digest), found):
                linked += found.st_size
                continue
            shared = _shared_blocks(path / relative) if cloned is not None else None
            cloned = None if shared is None or cloned is None else cloned + min(shared, found.st_size)
        yield ReleaseCost(stage, version, number, str(path), files, size, linked, cloned, missing=not path.is_dir())


def _with_releases(versions: Sequence[VersionCost], releases: Sequence[ReleaseCost]) -> list[VersionCost]:
    extra: dict[int, int] = {}
    for release in releases:
        extra[release.version_id] = extra.get(release.version_id, 0) + release.extra
    return [replace(each, released=extra.get(each.id, 0)) for each in versions]


def _files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every regular file below a folder, by its path in it; what vanishes meanwhile is left out."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # it is not there, or not ours to read: it is told by what is missing
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode):
                waiting.append(Path(entry.path))
            elif stat.S_ISREG(found.st_mode):
                yield os.path.relpath(entry.path, root), found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # the journal of a change that is over


def _is(path: Path, other: os.stat_result) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (other.st_dev, other.st_ino)


def _shared_blocks(path: Path) -> int | None:
    """Bytes of a file's blocks that another file has, too; None where the file system does not tell.

    The call: https://docs.kernel.org/filesystems/fiemap.html
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    total = start = 0
    try:
        while True:
            answer = bytearray(struct.calcsize(_HEADER) + _EXTENTS * struct.calcsize(_EXTENT))
            struct.pack_into(_HEADER, answer, 0, start, 2**64 - 1 - start, 0, 0, _EXTENTS, 0)
            fcntl.ioctl(descriptor, _FIEMAP, answer)
            count = struct.unpack_from(_HEADER, answer)[3]
            for place in range(count):
                at = struct.calcsize(_HEADER) + place * struct.calcsize(_EXTENT)
                logical, _, length, _, _, flags, *_ = struct.unpack_from(_EXTENT, answer, at)
                total += length if flags & _SHARED else 0
                start = logical + length
                if flags & _LAST:
                    return total
            if not count:
                return total
    except OSError:
        return None
    finally:
        os.close(descriptor)
