"""Reads what NumPy's files say of their arrays, without NumPy and without the pickles that they may hold.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import ast
import copy
import errno
import hashlib
import math
import os
import re
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from lineal.errors import BadFormat
from lineal.formats.opening import opened, read_exactly
from lineal.records.base import Digest
from lineal.records.models import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

PICKLED: Final = "object (pickle)"
"""The type given to arrays whose elements are pickled."""

_MAGIC = b"\x93NUMPY"
_HEADER_LIMIT = 1 << 16
_MEMBERS_LIMIT = 100_000
_CHUNK = 1 << 20
# A member whose bytes would have to be inflated beyond both is left without a digest: it may be a zip bomb.
_INFLATED_FREELY = 64 << 20
_INFLATED_RATIO = 20
_SIMPLE = re.compile(r"[<>|=]?([biufcSaVU?])(\d*)|[<>|=]?([mM])8(?:\[\w+\])?")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError, OSError)
"""How zipfile says that offsets, compression or encryption are not what they should be."""


class _Broken(Exception):
    """Why the file is not what it should be."""


def read_npy(path: Path, *, digests: bool = True) -> Tensor:
    """Read type and shape of the array in a `.npy` file; its name is empty, as the file gives none.

    With `digests` also the digest of the array's raw bytes. An array of Python objects gets the type
    `object (pickle)` and no digest.

    Raises:
        BadFormat: it breaks the format.
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        try:
            return _array(file, "", os.fstat(file.fileno()).st_size, digest=digests)
        except _Broken as broken:
            raise BadFormat(path=path, format="npy", why=str(broken)) from broken.__cause__


def read_npz(path: Path, *, digests: bool = True) -> tuple[Tensor, ...]:
    """Read types and shapes of the arrays in a `.npz` file, sorted by name.

    Only headers are inflated, unless `digests` are asked for; these are left out where a small member would inflate
    to a very large one. Members that are no arrays are passed over.

    Raises:
        BadFormat: it breaks the format.
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        try:
            return _members(file, digests=digests)
        except _Broken as broken:
            raise BadFormat(path=path, format="npz", why=str(broken)) from broken.__cause__
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OverflowError) as error:
            # zipfile's ways of saying that offsets, compression or encryption are not what they should be.
            raise BadFormat(path=path, format="npz", why=str(error) or "it ends early") from error
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise BadFormat(path=path, format="npz", why="it points outside of itself") from error


def holds_pickles(path: Path) -> bool:
    """Whether a file, or a member of an archive, is an array of Python objects, which NumPy would unpickle.

    NumPy goes by how a member begins, whatever its name is. What cannot be read is none.

    Raises:
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        is_array = read_exactly(file, len(_MAGIC)) == _MAGIC
        file.seek(0)
        if is_array:
            return _is_pickled(file)
        try:
            with zipfile.ZipFile(file) as archive:
                return any(_is_pickled_member(archive, member) for member in archive.infolist())
        except _UNREADABLE:
            return False


def _is_pickled_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    try:
        with _opened(archive, member) as stream:
            return _is_pickled(stream)
    except MemoryError:
        return True  # a machine with more of it could read on
    except Exception as error:
        if isinstance(error, _UNREADABLE) or type(error).__name__ == "LZMAError":  # not every Python has its module
            return False
        raise


@contextmanager
def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """A member to read a little of, which costs little."""
    if member.compress_type != zipfile.ZIP_BZIP2:
        with archive.open(member) as stream:
            yield stream
        return
    import bz2  # noqa: PLC0415  not every Python has it, and hardly a zip file needs it

    # zipfile unpacks four kilobytes of it at once, whatever is asked for, and these may be gigabytes.
    packed = copy.copy(member)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
    del packed.CRC  # of what is unpacked
    with archive.open(packed) as stream, bz2.BZ2File(stream) as unpacked:
        yield unpacked


def _is_pickled(file: IO[bytes]) -> bool:
    preamble = read_exactly(file, 8)
    if not preamble.startswith(_MAGIC):
        return False
    try:
        return _described(file, preamble)[0] == PICKLED
    except _Broken:
        return True  # NumPy may understand more than is written down


def _members(file: IO[bytes], *, digests: bool) -> tuple[Tensor, ...]:
    tensors: dict[str, Tensor] = {}
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > _MEMBERS_LIMIT:
            raise _Broken(f"it has {len(members)} members, the limit is {_MEMBERS_LIMIT}")
        for member in members:
            if not member.filename.endswith(".npy"):
                continue
            name = member.filename.removesuffix(".npy")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _Broken(f"{member.filename!r} is packed in a way that NumPy does not use")
            if name in tensors:
                raise _Broken(f"two arrays are named {name!r}")
            safe = member.file_size <= max(_INFLATED_FREELY, _INFLATED_RATIO * member.compress_size)
            with archive.open(member) as stream:
                tensors[name] = _array(stream, name, member.file_size, digest=digests and safe)
    return tuple(tensors[name] for name in sorted(tensors))


def _array(file: IO[bytes], name: str, size: int, *, digest: bool) -> Tensor:
    dtype, item_size, shape, begin = _described(file, read_exactly(file, 8))
    if item_size is None:
        return Tensor(name=name, dtype=dtype, shape=shape)
    needed = math.prod(shape) * item_size
    available = size - begin
    if needed > available:
        raise _Broken(f"its array needs {needed} bytes and has {available}")
    return Tensor(name=name, dtype=dtype, shape=shape, digest=_hash(file, needed) if digest else None)


def _described(file: IO[bytes], preamble: bytes) -> tuple[str, int | None, tuple[int, ...], int]:
    """Type, bytes of an element (None for objects), shape, and where the elements begin."""
    if not preamble.startswith(_MAGIC) or len(preamble) < 8:
        raise _Broken("it does not begin as an array does")
    major = preamble[6]
    if major not in (1, 2, 3):
        raise _Broken(f"its version is {major}.{preamble[7]}")
    width = 2 if major == 1 else 4
    length = int.from_bytes(read_exactly(file, width), "little")
    if length > _HEADER_LIMIT:
        raise _Broken(f"its header claims {length} bytes, the limit is {_HEADER_LIMIT}")
    raw = read_exactly(file, length)
    if len(raw) < length:
        raise _Broken("it ends within its header")
    descr, shape = _header(raw, "utf-8" if major == 3 else "latin-1")
    return (*_type(descr), shape, 8 + width + length)


def _header(raw: bytes, encoding: str) -> tuple[object, tuple[int, ...]]:
    try:
        header = ast.literal_eval(raw.decode(encoding).strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise _Broken("its header cannot be read") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise _Broken("its header is not made of descr, fortran_order and shape")
    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(type(length) is int and 0 <= length < 1 << 63 for length in shape):
        raise _Broken("its shape is no tuple of non-negative integers")
    if not isinstance(header["fortran_order"], bool):
        raise _Broken("its fortran_order is no bool")
    return header["descr"], shape


def _type(descr: object) -> tuple[str, int | None]:
    """The word for a type and the bytes of one element; None for objects and for what the format leaves open."""
    if isinstance(descr, str):
        if descr.lstrip("<>|=") == "O":
            return PICKLED, None
        match = _SIMPLE.fullmatch(descr)
        if not match or len(descr) > 32:
            raise _Broken(f"its type {descr[:40]!r} is unknown")
        kind, digits = match[1], match[2]
        count = int(digits or 0) if kind else 8
        return descr, 4 * count if kind == "U" else 1 if kind == "?" else count
    if not isinstance(descr, list) or not descr:
        raise _Broken("its type is neither a word nor a list of fields")
    total = 0
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in (2, 3):
            raise _Broken("its type has a field that is no pair")
        word, size = _type(field[1])
        if size is None:
            return PICKLED if word == PICKLED else "structured", None
        total += size * _repeats(field[2] if len(field) == 3 else ())
    return repr(descr), total


def _repeats(shape: object) -> int:
    lengths = shape if isinstance(shape, tuple) else (shape,)
    if not all(type(length) is int and length >= 0 for length in lengths):
        raise _Broken("its type has a field of a strange shape")
    return math.prod(lengths)


def _hash(file: IO[bytes], count: int) -> Digest:
    hasher = hashlib.sha256()
    while count:
        part = file.read(min(count, _CHUNK))
        if not part:
            raise _Broken("it ends within its array")
        hasher.update(part)
        count -= len(part)
    return Digest("sha256:" + hasher.hexdigest())
