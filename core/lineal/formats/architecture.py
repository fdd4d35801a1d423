"""Puts together what the files of a version tell of its structure, so that versions can be compared by it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lineal.canonical import canonical_json
from lineal.fingerprint import digest_bytes
from lineal.formats import safetensors
from lineal.records.models import Architecture, Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Digest

# Importing zipfile and ast for NumPy's files costs more than most registrations; safetensors needs neither.

File = tuple[str, Path, str]
"""(path inside the artifact, where the bytes lie, format as `sniff` names it)."""

TENSOR_FORMATS = frozenset({"safetensors", "npy", "npz"})


def describe(files: Sequence[File], *, digests: bool = True) -> Architecture | None:
    """Read the structure of a model from its files; None without files.

    The digest is over names, types and shapes of the tensors, never over values, so that a retrained model keeps it.
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
    readable = [file for file in ordered if file[2] in TENSOR_FORMATS]
    if not readable:
        alone = len(ordered) == 1
        shape = [[PurePosixPath(name).suffix if alone else name, format_] for name, _, format_ in ordered]
        return Architecture(digest=_digest(shape), kind=_kind(ordered), parameters=None, tensors=())
    tensors: list[Tensor] = []
    metadata: dict[str, str] = {}
    for name, path, format_ in readable:
        found, said = _read(path, format_, digests=digests)
        tensors += found if len(readable) == 1 else [replace(t, name=_inside(name, t.name)) for t in found]
        for key, text in said.items():
            metadata[key if metadata.get(key, text) == text else f"{name}:{key}"] = text
    tensors.sort(key=lambda tensor: tensor.name)
    return Architecture(
        digest=_digest([[tensor.name, tensor.dtype, tensor.shape] for tensor in tensors]),
        kind=_kind(readable),
        parameters=sum(math.prod(tensor.shape) for tensor in tensors),
        tensors=tuple(tensors),
        metadata=metadata,
    )


def _read(path: Path, format_: str, *, digests: bool) -> tuple[list[Tensor], dict[str, str]]:
    if format_ == "safetensors":
        content = safetensors.read(path, digests=digests)
        return list(content.tensors), content.metadata
    from lineal.formats import npy  # noqa: PLC0415

    if format_ == "npz":
        return list(npy.read_npz(path, digests=digests)), {}
    return [replace(npy.read_npy(path, digests=digests), name="array")], {}


def _inside(path: str, name: str) -> str:
    return f"{path}:{name}"


def _kind(files: Sequence[File]) -> str:
    return "+".join(sorted({format_ for _, _, format_ in files}))


def _digest(shape: object) -> Digest:
    return digest_bytes(canonical_json(shape).encode())
