"""Taking away the files in the store that nothing refers to, beside writers that are about to."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import MachineError
from lineal.machine.locks import Marks
from lineal.queries import upkeep as rows
from lineal.records.base import Digest
from lineal.records.upkeep import Collected, Leftover
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lineal.write_path.context import Context

_SHARD = re.compile(r"[0-9a-f]{2}")
_REST = re.compile(r"[0-9a-f]{62}")
_PARTIAL = re.compile(r"[0-9]+-[0-9a-f]{16}")


def collect(context: Context, *, dry_run: bool = False) -> Collected:
    """Remove the objects that no artifact refers to, and what killed writers left in `objects/tmp`.

    A writer holds the name of what it stores from before it looks whether that is there until its commit. Whatever is
    removed here is first taken alone, so that nobody holds its name, and then looked up once more: a commit that came
    before is seen, and a writer that comes later finds the object missing and stores it.

    Args:
        context: the registry.
        dry_run: remove nothing, tell what would be.

    Raises:
        NotPermitted, ReadOnlyRegistry: it may not be changed.
        MachineError: the folder cannot be read, or a file not removed.
    """
    if not dry_run:
        context.check(Permission.COLLECT, "objects")
    removed: list[Leftover] = []
    in_use: list[Leftover] = []
    unknown: list[Leftover] = []
    uses = Marks(context.objects.uses)
    try:
        for found in leftovers(context):
            if not found.is_ours:
                unknown.append(found)
            elif dry_run:
                removed.append(found)
            else:
                with uses.alone(found.name) as alone:
                    (removed if alone and _remove(context, found) else in_use).append(found)
    except OSError as error:
        raise MachineError(path=context.objects.root, why=error.strerror or str(error)) from error
    collected = Collected(tuple(removed), tuple(in_use), tuple(unknown), dry_run)
    if removed and not dry_run:
        with context.change(Permission.COLLECT, "objects") as change:
            change.record("objects_collected", "objects", files=len(removed), bytes=collected.bytes)
    return collected


def drop(context: Context, digests: Collection[str]) -> None:
    """Remove objects that nothing needs any more since a commit; those that a writer is about to need stay.

    Whoever dies here leaves files that `collect` finds.
    """
    uses = Marks(context.objects.uses)
    try:
        for digest in digests:
            path = context.objects.path(Digest(digest))
            with uses.alone(digest) as alone:
                if alone:
                    _remove(context, Leftover(str(path), digest, 0, "it was purged", is_ours=True))
    except OSError as error:
        raise MachineError(path=context.objects.root, why=error.strerror or str(error)) from error


def leftovers(context: Context) -> Iterator[Leftover]:
    """The files in the store that nothing refers to now; a running writer may be about to.

    Raises:
        OSError: a folder cannot be read.
    """
    root = context.objects.root
    if not root.is_dir():
        return
    for shard in _entries(root):
        if shard.name == context.objects.uses.name:
            continue
        if not shard.is_dir(follow_symlinks=False):
            yield _unknown(shard)
        elif shard.name == "tmp":
            yield from _unfinished(root / "tmp")
        elif _SHARD.fullmatch(shard.name):
            yield from _unreferred(context, shard)
        else:
            yield _unknown(shard)


def _unfinished(folder: Path) -> Iterator[Leftover]:
    for entry in _entries(folder):
        if _PARTIAL.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            pid = entry.name.partition("-")[0]
            yield from _told(entry, entry.name, f"process {pid} did not finish it")
        else:
            yield _unknown(entry)


def _unreferred(context: Context, shard: os.DirEntry[str]) -> Iterator[Leftover]:
    entries = _entries(shard)
    with context.read() as connection:
        referred = rows.referred_in(connection, shard.name)
    for entry in entries:
        digest = f"sha256:{shard.name}{entry.name}"
        if digest in referred:
            continue
        if _REST.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            yield from _told(entry, digest, "no version refers to it")
        else:
            yield _unknown(entry)


def _told(entry: os.DirEntry[str], name: str, why: str) -> Iterator[Leftover]:
    try:
        size = entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return  # its writer ended just now
    yield Leftover(entry.path, name, size, why, is_ours=True)


def _unknown(entry: os.DirEntry[str]) -> Leftover:
    return Leftover(entry.path, entry.name, 0, "lineal did not put it there", is_ours=False)


def _entries(folder: str | Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as listing:
        return sorted(listing, key=lambda entry: entry.name)


def _remove(context: Context, leftover: Leftover) -> bool:
    """Remove a file whose name is taken alone; False when something refers to it since it was found."""
    if leftover.name.startswith("sha256:"):
        with context.read() as connection:
            if rows.is_referred(connection, leftover.name):
                return False
    try:
        Path(leftover.path).unlink()
    except FileNotFoundError:
        return False  # another collection was faster
    return True
