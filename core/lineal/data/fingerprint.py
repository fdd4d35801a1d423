"""Gives data its identity: digests of files and folders, and what measuring a dataset tells."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from typing import TYPE_CHECKING

from lineal.errors import BadName, BadValue, NotReadable, Refused, SourceChanged
from lineal.formats.opening import machine_errors, opened, require_regular
from lineal.records.base import Digest
from lineal.records.data import Measured
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from pathlib import Path

CHUNK = 1 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parse_digest(text: str) -> Digest:
    """Take a full digest, `sha256:` and 64 lowercase hexadecimal digits.

    Raises:
        BadValue: it is not one.
    """
    if not _DIGEST.fullmatch(text):
        raise BadValue(field="digest", value=text, why="is not sha256: and 64 lowercase hexadecimal digits")
    return Digest(text)


def digest_bytes(data: bytes | bytearray | memoryview) -> Digest:
    """Digest of some bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def hash_file(path: Path) -> tuple[Digest, int]:
    """Digest and size of a file.

    Raises:
        NoSource: there is no such file.
        NotReadable: it cannot be read, or is no regular file.
        SourceChanged: it changed meanwhile.
    """
    with opened(path) as file:
        before = _state(os.fstat(file.fileno()))
        digest, size = hash_stream(file)
        if before != _state(os.fstat(file.fileno())) or size != before[0]:
            raise SourceChanged(path=path)
    return digest, size


def hash_stream(file: FileIO) -> tuple[Digest, int]:
    """Digest and number of the bytes from here to the end of an open file."""
    hasher = hashlib.sha256()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    size = 0
    while count := file.readinto(buffer):
        hasher.update(view[:count])
        size += count
    return Digest("sha256:" + hasher.hexdigest()), size


def manifest_digest(entries: Iterable[tuple[str, Digest, int]]) -> Digest:
    """Digest of a set of files: of the canonical JSON of `[[path, digest, size], ...]` sorted by path.

    Args:
        entries: relative path with `/`, digest of the bytes, size in bytes; in any order.
    """
    return digest_bytes(canonical_json(sorted(entries)).encode())


def walk(root: Path) -> list[tuple[str, Path]]:
    """List the files below a folder: (path relative to it, with `/`; where it lies), sorted by relative path.

    Links to files are followed, as is `root` itself; empty folders leave no trace.

    Raises:
        NoSource: there is no such folder.
        BadValue: it holds no files.
        BadName: a name is not UTF-8 or holds control characters.
        Refused: a link to a folder, or a registry, lies in it.
        NotReadable: something may not be read, or is a pipe, a socket, a device or a dangling link.
    """
    found = sorted(_below(root, ""))
    if not found:
        raise BadValue(field="folder", value=str(root), why="holds no files")
    return found


def measure(path: Path) -> Measured:
    """Read data once for its identity and size, and tabular files for rows and columns.

    A file is identified by its bytes, a folder by its manifest (`manifest_digest`).

    Raises:
        NoSource, NotReadable, SourceChanged, BadName, BadValue, Refused: as `hash_file` and `walk`.
        BadFormat: it calls itself parquet and is damaged.
    """
    with machine_errors(path):
        before = path.stat()
    if stat.S_ISDIR(before.st_mode):
        entries = [(name, *hash_file(file)) for name, file in walk(path)]
        return Measured(digest=manifest_digest(entries), bytes=sum(size for _, _, size in entries))
    check_file_name(path.name)
    refuse_registry(path.parent, path.name)
    digest, size = hash_file(path)
    # Most of what is measured is no table; what reads tables costs its import only where one is.
    from lineal.formats.tabular import profile  # noqa: PLC0415

    table = profile(path)
    with machine_errors(path):
        after = path.stat()
    if _state(before) != _state(after):
        raise SourceChanged(path=path)
    if table is None:
        return Measured(digest=digest, bytes=size)
    rows, columns = table
    return Measured(digest=digest, bytes=size, rows=rows, columns=columns)


def check_file_name(name: str) -> None:
    """Take the name of a file or folder as one that can be recorded.

    Raises:
        BadName: it is not UTF-8 or holds control characters.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadName(kind="file name", name=name, why="is not UTF-8") from error
    if _CONTROL.search(name):
        raise BadName(kind="file name", name=name, why="holds control characters")


def _state(status: os.stat_result) -> tuple[int, int, int]:
    # The change time tells of writers that put the modification time back.
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    with machine_errors(folder), os.scandir(folder) as listing:
        entries = list(listing)
    for entry in entries:
        check_file_name(entry.name)
        refuse_registry(folder, entry.name)
        path = folder / entry.name
        if entry.is_symlink():
            try:
                mode = path.stat().st_mode
            except OSError as error:
                raise NotReadable(path=path, why=f"a symbolic link to nothing ({error.strerror})") from error
            if stat.S_ISDIR(mode):
                raise Refused(what=path, why="a symbolic link to a folder", hint="put the folder itself there")
            require_regular(path, mode)
        elif entry.is_dir():
            yield from _below(path, f"{prefix}{entry.name}/")
            continue
        else:
            with machine_errors(path):
                require_regular(path, entry.stat().st_mode)
        yield prefix + entry.name, path


def refuse_registry(folder: Path, name: str) -> None:
    """Refuse to read a registry's database as data.

    Raises:
        Refused: the file of this name in the folder is one.
    """
    # A plain handle on registry.db, once closed, drops the locks that SQLite holds on it in this process.
    if name == "registry.db" and (folder / "objects").is_dir():
        raise Refused(what=folder, why="it is a lineal registry", hint="name a folder that holds no registry")
