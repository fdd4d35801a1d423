"""Showing a file of a version: its text, or what its bytes tell without being loaded."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import BadFormat, Damaged, NotFound, Refused
from lineal.formats import safetensors
from lineal.formats.opening import opened, read_exactly
from lineal.formats.sniff import PICKLING, UNKNOWN, WITH_PICKLES
from lineal.queries import artifacts
from lineal.records.contents import Contents, FileContent
from lineal.rules import refs

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.records.models import FileEntry
    from lineal.write_path.context import Context

TEXT_FORMATS = frozenset({"json", "jsonl", "yaml", "toml", "csv", "tsv", "python", "xml", "text"})
TEXT_LIMIT = 1 << 20
"""Bytes of a text that are read unless more are asked for."""


def open_file(context: Context, ref: str, path: str, *, limit: int = TEXT_LIMIT) -> FileContent:
    """A file of a version, as far as it can be shown; nothing in it is loaded, unpacked to disk or run.

    Args:
        context: the registry.
        ref: the version's address.
        path: the file's path within the version, or its last part if no other file has it.
        limit: bytes of a text to read.

    Raises:
        NotFound: there is no such version, or it has no such file.
        Refused: the file's bytes are not here.
        Damaged: they are not what they were when it was registered.
    """
    with context.read() as connection:
        version = addresses.version(connection, ref)
        artifact = artifacts.files_of(connection, [version.id]).get(version.id)
        entry = _entry(version.ref, artifact.files if artifact is not None else (), path)
        if artifacts.kept_object(connection, entry.digest) is None:
            raise Refused(
                what=f"{version.ref} {entry.path}",
                why="its bytes are not in this registry, only their digest is",
                hint=None,
            )
    stored = context.objects.path(entry.digest)
    if entry.format in TEXT_FORMATS:
        return _text(version.ref, entry, stored, limit)
    if entry.format == UNKNOWN and entry.size <= limit and _is_text(stored):
        # control characters keep it from being called a text; who reads it sees them replaced
        return _text(version.ref, entry, stored, limit)
    return FileContent(version.ref, entry, contents=_contents(entry, stored))


def _entry(ref: str, files: tuple[FileEntry, ...], path: str) -> FileEntry:
    found = [file for file in files if file.path == path]
    found = found or [file for file in files if PurePosixPath(file.path).name == path]
    if len(found) == 1:
        return found[0]
    names = [file.path for file in files]
    hint = None if files else "it was registered without files"
    raise NotFound(
        kind="file", name=path, where=f" in {ref}", nearest=tuple(refs.nearest(path, names) or names[:3]), hint=hint
    )


def _text(ref: str, entry: FileEntry, stored: Path, limit: int) -> FileContent:
    with opened(stored) as file:
        content = read_exactly(file, limit + 1)
    whole = len(content) <= limit
    if whole and f"sha256:{hashlib.sha256(content).hexdigest()}" != entry.digest:
        raise Damaged(path=stored, why=f"it is not what was registered as {entry.path} of {ref}")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return FileContent(ref, entry, text=content[:limit].decode(encoding, "replace"), whole=whole)


def _is_text(stored: Path) -> bool:
    with opened(stored) as file:
        content = read_exactly(file, TEXT_LIMIT)
    try:
        return b"\0" not in content and bool(content.decode())
    except UnicodeDecodeError:
        return False


def _contents(entry: FileEntry, stored: Path) -> Contents:
    # each brings modules of its own, which a look at one file does not need
    from lineal.formats import headers, npy, pickles, torch, zips  # noqa: PLC0415

    try:
        match entry.format.removesuffix(WITH_PICKLES):
            case "torch":
                return torch.contents(stored)
            case "pickle":
                if (archive := zips.listed(stored)) is not None:
                    return Contents("pickle", executes=True, members=archive)
                found = pickles.read(stored)
                return Contents("pickle", executes=True, tensors=found.tensors, pickled=found, trouble=found.trouble)
            case "safetensors":
                content = safetensors.read(stored, digests=False)
                return Contents("safetensors", False, tuple(sorted(content.metadata.items())), content.tensors)
            case "npy" | "npz":
                read = (
                    npy.read_npz(stored, digests=False)
                    if entry.format.startswith("npz")
                    else (npy.read_npy(stored, digests=False),)
                )
                holds = entry.format in PICKLING or any(each.dtype == npy.PICKLED for each in read)
                return Contents(entry.format, executes=holds, tensors=read)
            case "gguf":
                return headers.gguf(stored)
            case "onnx":
                return headers.onnx(stored)
            case "zip" | "keras":
                return Contents(entry.format, executes=entry.format in PICKLING, members=zips.listed(stored) or ())
    except (zips.Broken, BadFormat) as error:
        return Contents(entry.format, executes=entry.format in PICKLING, trouble=str(error))
    return Contents(entry.format, executes=entry.format in PICKLING)
