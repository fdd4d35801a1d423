"""Puts together what the files of a version tell of its structure, so that versions can be compared by it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lineal.data.fingerprint import digest_bytes
from lineal.formats import safetensors
from lineal.records.models import Architecture, Tensor
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Digest

# Importing zipfile and ast for NumPy's files costs more than most registrations; safetensors needs neither.

File = tuple[str, Path, str]
"""(path inside the artifact, where the bytes lie, format as `sniff` names it)."""

TENSOR_FORMATS = frozenset({"safetensors", "npy", "npz", "torch"})


def describe(files: Sequence[File], *, digests: bool = True) -> Architecture | None:
    """Read the structure of a model from its files; None without files.

    The digest is over names, types and shapes of the tensors, never over values, so that a retrained model keeps it.
    Of a torch file the tensors count only where its pickle names all of them for certain, which nothing else checks.
    Where no file's tensors can be read it is over formats and paths; of a single file only the suffix counts, as its
    name often holds a date or a version. Tensors are named after their file only where several files hold some.

    Args:
        files: the artifact's files.
        digests: whether every tensor gets the digest of its bytes, which reads the files whole.

    Raises:
        BadFormat: a file breaks the format that it claims.
        NoSource, NotReadable, SourceChanged: a file cannot be read.
    """
    if not files:
        return None
    ordered = sorted(files)
    read = [
        (name, format_, *found)
        for name, path, format_ in ordered
        if format_ in TENSOR_FORMATS and (found := _read(path, format_, digests=digests)) is not None
    ]
    if not read:
        alone = len(ordered) == 1
        shape = [[PurePosixPath(name).suffix if alone else name, format_] for name, _, format_ in ordered]
        kinds = [format_ for _, _, format_ in ordered]
        return Architecture(digest=_digest(shape), kind=_kind(kinds), parameters=None, tensors=())
    tensors: list[Tensor] = []
    metadata: dict[str, str] = {}
    for name, _, inside, said in read:
        tensors += inside if len(read) == 1 else [replace(t, name=_inside(name, t.name)) for t in inside]
        for key, text in said.items():
            metadata[key if metadata.get(key, text) == text else f"{name}:{key}"] = text
    tensors.sort(key=lambda tensor: tensor.name)
    return Architecture(
        digest=_digest([[tensor.name, tensor.dtype, tensor.shape] for tensor in tensors]),
        kind=_kind([format_ for _, format_, _, _ in read]),
        parameters=sum(math.prod(tensor.shape) for tensor in tensors),
        tensors=tuple(tensors),
        metadata=metadata,
    )


def _read(path: Path, format_: str, *, digests: bool) -> tuple[list[Tensor], dict[str, str]] | None:
    """The tensors of a file and what it says of itself; None where its tensors cannot be made out for certain."""
    if format_ == "safetensors":
        content = safetensors.read(path, digests=digests)
        return list(content.tensors), content.metadata
    if format_ == "torch":
        return _torch(path, digests=digests)
    from lineal.formats import npy  # noqa: PLC0415

    if format_ == "npz":
        return list(npy.read_npz(path, digests=digests)), {}
    return [replace(npy.read_npy(path, digests=digests), name="array")], {}


def _torch(path: Path, *, digests: bool) -> tuple[list[Tensor], dict[str, str]] | None:
    from lineal.formats import torch, zips  # noqa: PLC0415  as above

    try:
        found = torch.read(path, digests=digests)
    except zips.Broken:
        return None  # torch has written other layouts, and files that only claim to be its are registered as well
    return None if found.tensors is None else (list(found.tensors), dict(found.facts))


def _inside(path: str, name: str) -> str:
    return f"{path}:{name}"


def _kind(formats: Sequence[str]) -> str:
    return "+".join(sorted(set(formats)))


def _digest(shape: object) -> Digest:
    return digest_bytes(canonical_json(shape).encode())
