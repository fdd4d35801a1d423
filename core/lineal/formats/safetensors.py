"""Reads safetensors files by their published layout, so that nothing but JSON is ever interpreted.

The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from lineal.errors import BadFormat, SourceChanged
from lineal.formats.opening import opened, read_exactly
from lineal.records.base import Digest
from lineal.records.models import Tensor

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

HEADER_LIMIT: Final = 100_000_000
"""Bytes; the limit of the reference implementation."""

BITS: Final = {
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
"""Width of one element of each type."""

_CHUNK = 1 << 20
_WORD = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class SafetensorsFile:
    """What a safetensors file holds."""

    tensors: tuple[Tensor, ...]
    """In the order of their bytes in the file."""
    metadata: dict[str, str] = field(default_factory=dict)
    """The header's `__metadata__`."""


class _Placed(NamedTuple):
    begin: int
    end: int
    name: str
    dtype: str
    shape: tuple[int, ...]


class _Broken(Exception):
    """Why the file is not what it should be."""


def read(path: Path, *, digests: bool = True) -> SafetensorsFile:
    """Read names, types and shapes, and with `digests` the digest of every tensor's raw bytes.

    The file must keep the format to the letter: tensors cover the bytes behind the header without gap or overlap, so
    that nothing can hide between them. Memory is bounded by the header, not by the tensors.

    Raises:
        BadFormat: it breaks the format.
        NoSource, NotReadable: it is not there or cannot be read.
        SourceChanged: it shrank meanwhile.
    """
    with opened(path) as file:
        try:
            placed, metadata = _parse(file)
        except _Broken as broken:
            raise BadFormat(path=path, format="safetensors", why=str(broken)) from broken.__cause__
        hashed = _hash_each(path, file, placed) if digests else [None] * len(placed)
    tensors = tuple(
        Tensor(name=item.name, dtype=item.dtype, shape=item.shape, digest=digest)
        for item, digest in zip(placed, hashed, strict=True)
    )
    return SafetensorsFile(tensors=tensors, metadata=metadata)


def _parse(file: FileIO) -> tuple[list[_Placed], dict[str, str]]:
    size = os.fstat(file.fileno()).st_size
    if size < 8:
        raise _Broken(f"{size} bytes are too few for a header")
    length = int.from_bytes(read_exactly(file, 8), "little")
    if length > HEADER_LIMIT:
        raise _Broken(f"its header claims {length} bytes, the limit is {HEADER_LIMIT}")
    if length > size - 8:
        raise _Broken(f"its header claims {length} bytes, {size - 8} are there")
    header = _header(read_exactly(file, length))
    metadata = _metadata(header.pop("__metadata__", None))
    placed = sorted(_tensor(name, entry) for name, entry in header.items())
    _check_cover(placed, size - 8 - length)
    return placed, metadata


def _header(raw: bytes) -> dict[str, object]:
    if not raw.startswith(b"{"):
        raise _Broken("its header does not begin with {")
    try:
        header = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_constant)
        # JSON may escape half of a surrogate pair, which is no text.
        json.dumps(header, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise _Broken("its header is not valid UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _Broken(f"its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise _Broken("its header is no JSON object")
    return header


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Broken("its header has a key twice")
    return result


def _constant(word: str) -> NoReturn:
    raise _Broken(f"its header holds {word}")


def _metadata(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Broken("__metadata__ is no object")
    for key, text in value.items():
        if not isinstance(text, str):
            raise _Broken(f"__metadata__ {key!r} is no string")
    return value


def _tensor(name: str, entry: object) -> _Placed:
    if not isinstance(entry, dict):
        raise _Broken(f"tensor {name!r} is no object")
    dtype = entry.get("dtype")
    if not isinstance(dtype, str) or dtype not in BITS:
        raise _Broken(f"tensor {name!r} has the unknown type {dtype!r}")
    shape = _naturals(name, "shape", entry.get("shape"))
    offsets = _naturals(name, "data_offsets", entry.get("data_offsets"))
    if len(offsets) != 2:
        raise _Broken(f"tensor {name!r} has {len(offsets)} data_offsets, not 2")
    begin, end = offsets
    numbers = 1
    for length in shape:
        numbers *= length
        if numbers > _WORD:
            raise _Broken(f"tensor {name!r} has a shape that is too large")
    bits = numbers * BITS[dtype]
    if bits % 8:
        raise _Broken(f"tensor {name!r} does not end on a whole byte")
    if end - begin != bits // 8:
        raise _Broken(f"tensor {name!r} needs {bits // 8} bytes and has {end - begin}")
    return _Placed(begin, end, name, dtype, shape)


def _naturals(name: str, key: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item <= _WORD for item in value):
        raise _Broken(f"tensor {name!r} has {key} that are no list of non-negative integers")
    return tuple(value)


def _check_cover(placed: list[_Placed], available: int) -> None:
    end = placed[-1].end if placed else 0
    if placed and placed[0].begin != 0:
        raise _Broken(f"the first {placed[0].begin} bytes of its data belong to no tensor")
    for before, after in pairwise(placed):
        if before.end != after.begin:
            raise _Broken(f"tensor {after.name!r} begins at byte {after.begin}, {before.name!r} ends at {before.end}")
    if end != available:
        raise _Broken(f"its tensors end at byte {end}, its data at {available}")


def _hash_each(path: Path, file: FileIO, placed: list[_Placed]) -> list[Digest | None]:
    view = memoryview(bytearray(_CHUNK))
    result: list[Digest | None] = []
    for item in placed:
        hasher = hashlib.sha256()
        left = item.end - item.begin
        while left:
            count = file.readinto(view[: min(left, _CHUNK)])
            if not count:
                raise SourceChanged(path=path)
            hasher.update(view[:count])
            left -= count
        result.append(Digest("sha256:" + hasher.hexdigest()))
    return result
