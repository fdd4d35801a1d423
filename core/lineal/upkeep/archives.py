"""A backup with all bytes: a tar archive that is written and read as one stream, in one order, with nothing else in it.

It has `registry.db`, then `manifest.json` (the format, and the database's digest and size), then every object that the
database's artifacts and runs refer to, by digest, as `objects/ab/cdef...`. Any tar lists and unpacks it. Reading it
takes just that: regular files of these names in this order, whose sizes and digests are known before they are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from lineal.data.fingerprint import hash_file
from lineal.errors import Damaged, ForeignRegistry
from lineal.formats.opening import machine_errors, opened, read_exactly
from lineal.machine.durable import sync_folder
from lineal.queries import upkeep as rows
from lineal.records.base import Digest
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lineal.storage.objects import ObjectStore

_FORMAT = 1
_DATABASE = "registry.db"
_MANIFEST = "manifest.json"
_MANIFEST_MOST = 1 << 16
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20


def is_archive(path: Path) -> bool:
    """Whether a file is an archive, by its first bytes; False for a database.

    Raises:
        NoSource, NotReadable: it cannot be read.
        ForeignRegistry: it is neither.
    """
    with opened(path) as file:
        beginning = read_exactly(file, _BLOCK)
    if beginning.startswith(b"SQLite format 3\0"):
        return False
    if beginning[257:262] == b"ustar":
        return True
    raise ForeignRegistry(path=path, why="it is neither a database nor an archive of `lineal backup`")


def _name(digest: Digest) -> str:
    name = digest.removeprefix("sha256:")
    return f"objects/{name[:2]}/{name[2:]}"


def write(
    target: Path,
    database: Path,
    connection: sqlite3.Connection,
    store: ObjectStore,
    progress: Callable[[int, int], None],
) -> int:
    """Write an archive, durable when it returns.

    Args:
        target: the file to make.
        database: a copy of the registry's database.
        connection: to that copy.
        store: where the objects are.
        progress: told bytes written and bytes there are.

    Returns:
        How many objects are in it.

    Raises:
        Damaged: an object is not what its name says.
        OSError: it cannot be written.
    """
    digest, size = hash_file(database)
    count, total = rows.object_totals(connection)
    about = {"format": _FORMAT, "database": {"digest": digest, "size": size}, "objects": count, "bytes": total}
    manifest = canonical_json(about).encode()
    with target.open("xb") as file:
        _begin_member(file, _DATABASE, size, 0o644)
        _append(file, database, size, digest)
        _begin_member(file, _MANIFEST, len(manifest), 0o644)
        file.write(manifest + _padding(len(manifest)))
        done = 0
        for stored in rows.every_object(connection):
            _begin_member(file, _name(stored.digest), stored.size, 0o444)
            _append(file, store.path(stored.digest), stored.size, stored.digest)
            done += stored.size
            progress(done, total)
        file.write(bytes(2 * _BLOCK))
        file.flush()
        os.fsync(file.fileno())
    return count


def _begin_member(file: BinaryIO, name: str, size: int, mode: int) -> None:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, mode
    file.write(header.tobuf(tarfile.GNU_FORMAT))


def _append(file: BinaryIO, source: Path, size: int, digest: Digest) -> None:
    hasher, left = hashlib.sha256(), size
    try:
        with source.open("rb") as reader:
            while left and (chunk := reader.read(min(left, _CHUNK))):
                hasher.update(chunk)
                file.write(chunk)
                left -= len(chunk)
            is_longer = bool(reader.read(1))
    except FileNotFoundError as error:
        raise Damaged(path=source, why="the object is missing", hint=_SEE) from error
    if left or is_longer or f"sha256:{hasher.hexdigest()}" != digest:
        raise Damaged(path=source, why="the object's bytes are not what its name says", hint=_SEE)
    file.write(_padding(size))


_SEE = "`lineal verify` names the versions; a backup of the database alone needs no objects"


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


@contextmanager
def reading(path: Path, progress: Callable[[int, int], None]) -> Iterator[Archive]:
    """Open an archive for its one reading.

    Raises:
        NoSource, NotReadable: it cannot be read.
    """
    with machine_errors(path):
        file = path.open("rb")
    with file:
        yield Archive(path, file, progress)


class Archive:
    """An archive that is read from its beginning to its end."""

    def __init__(self, path: Path, file: BinaryIO, progress: Callable[[int, int], None]) -> None:
        """Made by `reading`."""
        self._path = path
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._progress = progress

    def extract_database(self, target: Path) -> None:
        """Write the database to a new file, and check it against the manifest.

        Raises:
            Damaged: the archive is not as it was written.
            OSError: the file cannot be written.
        """
        size = self._begin(_DATABASE)
        digest = self._extract(size, target, 0o644)
        length = self._begin(_MANIFEST)
        if length > _MANIFEST_MOST:
            raise self._damaged(f"its {_MANIFEST} has {length} bytes")
        content = self._read(length)
        self._read(-length % _BLOCK)
        try:
            manifest = json.loads(content)
            known = manifest["format"], manifest["database"]["digest"], manifest["database"]["size"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise self._damaged(f"its {_MANIFEST} cannot be read") from error
        if known[0] != _FORMAT:
            raise Damaged(path=self._path, why=f"its format is {known[0]!r}", hint="a newer lineal may have written it")
        if known != (_FORMAT, digest, size):
            raise self._damaged("its database is not the one that was put in")

    def extract_objects(self, connection: sqlite3.Connection, store: ObjectStore) -> int:
        """Write the objects that a database's artifacts and runs refer to, which must be all the rest of the archive.

        Returns:
            How many.

        Raises:
            Damaged: the archive is not as it was written.
            OSError: a file cannot be written.
        """
        count = 0
        folders = {}
        for stored in rows.every_object(connection):
            path = store.path(stored.digest)
            if self._begin(_name(stored.digest)) != stored.size:
                raise self._damaged(f"{_name(stored.digest)} has not {stored.size} bytes")
            if path.parent not in folders:
                path.parent.mkdir()
                folders[path.parent] = True
            if self._extract(stored.size, path, 0o444) != stored.digest:
                raise self._damaged(f"the bytes of {_name(stored.digest)} are not what its name says")
            count += 1
        while rest := self._read_some(_CHUNK):
            if rest.strip(b"\0"):
                raise self._damaged("it goes on after its last object")
        for folder in folders:
            sync_folder(folder)
        return count

    def _begin(self, wanted: str) -> int:
        """Read the header of the member that must be next; returns its size."""
        header = self._read(_BLOCK)
        try:
            found = tarfile.TarInfo.frombuf(header, "ascii", "surrogateescape")
        except tarfile.HeaderError as error:
            raise self._damaged(f"{wanted} is missing") from error
        if found.type != tarfile.REGTYPE:
            raise self._damaged(f"{found.name!r} is no regular file; {wanted} must be there")
        if found.name != wanted:
            raise self._damaged(f"it holds {found.name!r} where {wanted} must be")
        if not 0 <= found.size <= self._size - self._file.tell():
            raise self._damaged(f"it ends within {wanted}")
        return int(found.size)

    def _extract(self, size: int, target: Path, mode: int) -> Digest:
        hasher, left = hashlib.sha256(), size
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            while left:
                chunk = self._read(min(left, _CHUNK))
                hasher.update(chunk)
                file.write(chunk)
                left -= len(chunk)
                self._progress(self._file.tell(), self._size)
            file.flush()
            os.fsync(file.fileno())
        self._read(-size % _BLOCK)
        return Digest(f"sha256:{hasher.hexdigest()}")

    def _read(self, count: int) -> bytes:
        with machine_errors(self._path):
            found = read_exactly(self._file, count)
        if len(found) < count:
            raise self._damaged("it was cut off")
        return found

    def _read_some(self, most: int) -> bytes:
        with machine_errors(self._path):
            return self._file.read(most)

    def _damaged(self, why: str) -> Damaged:
        return Damaged(path=self._path, why=f"the backup is damaged: {why}", hint="nothing was restored from it")
