"""Reads what torch.save wrote, without torch and without loading it: a zip's directory, and its pickle's opcodes.

The layout: https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING

from lineal.formats import arrays, pickles, zips
from lineal.formats.opening import opened, read_exactly
from lineal.records.base import Digest
from lineal.records.contents import Contents
from lineal.records.models import Tensor

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

    from lineal.records.contents import Pickled

_PICKLE_LIMIT = 256 << 20
_FACT_LIMIT = 4096
_TOLD = ("version", "byteorder", ".format_version", ".data/serialization_id")
_CHUNK = 1 << 20
_LISTED = 1_000
_SHARED = 4
"""How often the bytes of a file are read at most for the digests of its tensors."""


@dataclass(frozen=True, slots=True)
class TorchFile:
    """What a zip file of torch.save's tells."""

    pickled: Pickled
    tensors: tuple[Tensor, ...] | None
    """With their digests if they were asked for; None where not all of them could be made out for certain."""
    facts: tuple[tuple[str, str], ...]
    members: tuple[tuple[str, int], ...]


def contents(path: Path) -> Contents:
    """What a file of torch's tells, in a zip or, as it was until 2020, a row of pickles.

    Raises:
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        is_zip = file.read(4).startswith(b"PK")
    if not is_zip:
        found = pickles.read(path)
        return Contents("torch", executes=True, tensors=found.tensors, pickled=found, trouble=found.trouble)
    try:
        whole = read(path, digests=False)
    except zips.Broken as broken:
        return Contents("torch", executes=True, trouble=str(broken))
    return Contents(
        "torch",
        executes=True,
        facts=whole.facts,
        tensors=whole.pickled.tensors if whole.tensors is None else whole.tensors,
        pickled=whole.pickled,
        members=whole.members,
        trouble=whole.pickled.trouble,
    )


def read(path: Path, *, digests: bool = True) -> TorchFile:
    """Read the directory, the pickle and, with `digests`, the bytes of all tensors.

    Raises:
        zips.Broken: it is no zip file, or has no pickle that can be read.
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        members = zips.members(file, os.fstat(file.fileno()).st_size)
        names = [member.name for member in members]
        if len(set(names)) < len(names):
            raise zips.Broken("two of its members have one name")
        main = next((member for member in members if member.name.rpartition("/")[2] == "data.pkl"), None)
        if main is None:
            raise zips.Broken("it has no data.pkl")
        prefix = main.name[: -len("data.pkl")]
        content = zips.read(file, main, _PICKLE_LIMIT)
        pickled, machine = pickles.follow(pickles.Source(BytesIO(content), len(content)))
        by_name = {member.name: member for member in members}
        facts = []
        for name in _TOLD:
            if (member := by_name.get(prefix + name)) is not None:
                text = zips.read(file, member, _FACT_LIMIT).decode("ascii", "replace").strip()
                facts.append((name.rpartition("/")[2].removeprefix("."), text))
        found = arrays.views(machine.root)
        tensors = None
        if pickled.trouble is None and found and len(found) == len(pickled.tensors):
            tensors = _certain(file, prefix, by_name, found, digests=digests)
    listed = tuple((member.name, member.size) for member in members[:_LISTED])
    return TorchFile(pickled, tensors, tuple(facts), listed)


def _certain(
    file: FileIO,
    prefix: str,
    members: dict[str, zips.Member],
    found: list[tuple[str, arrays.View]],
    *,
    digests: bool,
) -> tuple[Tensor, ...] | None:
    """The tensors, each held against the storage that it looks at; None where one does not fit."""
    if len({name for name, _ in found}) < len(found):
        return None
    # tensors may share a storage; thousands that each have the same gigabytes read again are no model, but an attack
    all_bytes = sum(math.prod(view.shape) * view.item for _, view in found)
    digests = digests and all_bytes <= _SHARED * sum(member.size for member in members.values())
    tensors = []
    for name, view in found:
        member = members.get(f"{prefix}data/{view.storage}")
        if member is None or view.end * view.item > member.size:
            return None
        digest = _digest(file, member, view) if digests and view.is_contiguous else None
        tensors.append(Tensor(name, view.dtype, view.shape, digest))
    return tuple(tensors)


def _digest(file: IO[bytes], member: zips.Member, view: arrays.View) -> Digest | None:
    """The digest of a tensor's raw bytes; None where they are packed, which torch never does."""
    if member.method != 0 or member.encrypted:
        return None
    left = math.prod(view.shape) * view.item
    file.seek(zips.begin(file, member) + view.offset * view.item)
    hasher = hashlib.sha256()
    while left:
        part = read_exactly(file, min(left, _CHUNK))
        if not part:
            raise zips.Broken(f"{member.name!r} ends early")
        hasher.update(part)
        left -= len(part)
    return Digest("sha256:" + hasher.hexdigest())
