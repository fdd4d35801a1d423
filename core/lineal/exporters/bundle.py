"""A bundle: one tar stream with the records of a version and its lineage in front, and the version's files behind.

The first member is `bundle.json` (`lineal.records.bundles.Bundle` as JSON, with `format` and `version` beside); then
come `objects/<64 hexadecimal digits>`, each a file by its SHA-256, in the order that `bundle.json` lists them.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict
from typing import IO, TYPE_CHECKING

from lineal.records.base import Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.records.bundles import Bundle
    from lineal.storage.objects import ObjectStore

FORMAT = "lineal-bundle"
VERSION = 1
HEAD = "bundle.json"
FOLDER = "objects/"


def write_bundle(
    bundle: Bundle, objects: ObjectStore, stream: IO[bytes], *, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write a bundle to a stream, which need not be able to seek.

    Args:
        bundle: the records.
        objects: where the files are; each is checked before it is sent.
        stream: takes the bytes.
        progress: told the bytes of each file sent.

    Returns:
        How many bytes of files were written.

    Raises:
        Damaged: a file is not what its digest says.
    """
    head = json.dumps({"format": FORMAT, "version": VERSION, **asdict(bundle)}).encode()
    total = 0
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, HEAD, io.BytesIO(head), len(head))
        for digest, size in bundle.objects:
            objects.check(Digest(digest), size, content=True)
            with objects.path(Digest(digest)).open("rb") as file:
                _add(archive, FOLDER + digest.removeprefix("sha256:"), file, size)
            total += size
            progress(size)
    return total


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o444
    archive.addfile(member, content)
