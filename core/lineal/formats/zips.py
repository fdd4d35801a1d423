"""Reads the directory of a zip file and single members within limits, without extracting anything.

The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from lineal.formats.opening import opened, read_exactly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TAIL = 65_557 + 20
_DIRECTORY_LIMIT = 32 << 20
_MEMBERS_LIMIT = 100_000
_LISTED = 1_000
_CHUNK = 1 << 16
_STORED, _DEFLATED = 0, 8
_FULL = 0xFFFFFFFF


class Broken(Exception):
    """Why a file is not what it should be."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the directory."""

    name: str
    size: int
    """Bytes that it says it unpacks to."""
    packed: int
    """Bytes that it takes in the file."""
    method: int
    encrypted: bool
    offset: int
    """Where its own header is."""


def members(file: IO[bytes], size: int) -> list[Member]:
    """The directory of a zip file of `size` bytes.

    Raises:
        Broken: there is none, or it points outside of the file, or is too large.
    """
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = read_exactly(file, _TAIL)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise Broken("its directory is missing: it was cut off")
    count, length, offset = struct.unpack_from("<HLL", tail, end + 10)
    located = tail.rfind(b"PK\x06\x06", 0, end)
    if (_FULL in (length, offset) or count == 0xFFFF) and 0 <= located <= end - 56:
        count, length, offset = struct.unpack_from("<QQQ", tail, located + 32)
    if offset + length > size:
        raise Broken("its directory lies outside of it")
    if length > _DIRECTORY_LIMIT or count > _MEMBERS_LIMIT:
        raise Broken(f"it claims {count:,} members, more than are looked at")
    file.seek(offset)
    return list(_entries(read_exactly(file, length)))


def _entries(directory: bytes) -> Iterator[Member]:
    at = found = 0
    while directory.startswith(b"PK\x01\x02", at) and at + 46 <= len(directory):
        flags, method = struct.unpack_from("<HH", directory, at + 8)
        packed, size, name, extra, comment = struct.unpack_from("<LLHHH", directory, at + 20)
        offset = int.from_bytes(directory[at + 42 : at + 46], "little")
        raw = directory[at + 46 : at + 46 + name]
        size, packed, offset = _wide(directory[at + 46 + name : at + 46 + name + extra], size, packed, offset)
        found += 1
        if found > _MEMBERS_LIMIT:
            raise Broken(f"it has more than {_MEMBERS_LIMIT:,} members")
        yield Member(raw.decode("utf-8", "replace"), size, packed, method, bool(flags & 1), offset)
        at += 46 + name + extra + comment
    if at < len(directory):
        raise Broken("its directory is no list of members")


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and place of a member of more than 4 GiB, which stand apart."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = [
                int.from_bytes(extra[place : place + 8], "little")
                for place in range(at + 4, min(at + 4 + length, len(extra)) - 7, 8)
            ]
            wide = [values.pop(0) if each == _FULL and values else each for each in (size, packed, offset)]
            return wide[0], wide[1], wide[2]
        at += 4 + length
    return size, packed, offset


def listed(path: Path) -> tuple[tuple[str, int], ...] | None:
    """(name, bytes) of the first members of a zip file; None of what does not begin as one.

    Raises:
        Broken: its directory cannot be read.
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        if not file.read(4).startswith(b"PK"):
            return None
        found = members(file, os.fstat(file.fileno()).st_size)
    return tuple((member.name, member.size) for member in found[:_LISTED])


def begin(file: IO[bytes], member: Member) -> int:
    """Where the bytes of a member begin in the file.

    Raises:
        Broken: its header is not where the directory says.
    """
    file.seek(member.offset)
    header = read_exactly(file, 30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise Broken(f"{member.name!r} is not where the directory says")
    name, extra = struct.unpack_from("<HH", header, 26)
    return member.offset + 30 + int(name) + int(extra)


def read(file: IO[bytes], member: Member, limit: int) -> bytes:
    """The bytes of a member.

    Raises:
        Broken: they cannot be read, or are more than `limit`.
    """
    if member.encrypted:
        raise Broken(f"{member.name!r} is encrypted")
    if member.size > limit:
        raise Broken(f"{member.name!r} claims {member.size:,} bytes, more than are looked at")
    start = begin(file, member)
    file.seek(start)
    if member.method == _STORED:
        content = read_exactly(file, member.size)
    elif member.method == _DEFLATED:
        content = _inflated(file, member, limit)
    else:
        raise Broken(f"{member.name!r} is packed in a way that is not looked into")
    if len(content) < member.size:
        raise Broken(f"{member.name!r} ends early")
    return content


def _inflated(file: IO[bytes], member: Member, limit: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left, parts, total = member.packed, [], 0
    while left > 0 and not inflater.eof:
        packed = read_exactly(file, min(left, _CHUNK))
        if not packed:
            break
        left -= len(packed)
        try:
            part = inflater.decompress(packed, limit + 1 - total)
        except zlib.error as error:
            raise Broken(f"{member.name!r} cannot be unpacked") from error
        total += len(part)
        if total > limit:
            raise Broken(f"{member.name!r} unpacks to more than it says")
        parts.append(part)
    return b"".join(parts)
