"""Tells what a pickle would do when it is loaded, from its opcodes alone: nothing in it is ever run.

The opcodes are read with `pickletools`, and a machine that only builds descriptions follows them: what is imported,
what is made of it, and the arrays whose types and shapes stand in the pickle itself.
"""

from __future__ import annotations

import bz2
import lzma
import os
import pickletools
import zlib
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final, Self

from lineal.formats import arrays
from lineal.formats.globals import concern
from lineal.formats.machine import Machine, Odd
from lineal.formats.opening import opened
from lineal.formats.sniff import PICKLING
from lineal.records.contents import Concern, Import, Pickled

if TYPE_CHECKING:
    from pathlib import Path

MOST_OPCODES: Final = 500_000
"""Opcodes that are followed; a second or two."""
_UNPACKED = 256 << 20
"""Bytes that are taken out of a compressed pickle."""
_KEPT = 1 << 20
"""Bytes of one argument that are looked at; longer ones are the numbers of arrays, and passed over."""
_LINE = 1 << 16
_DEEPEST = 20
_PICKLES = 16
"""Pickles that may follow one another in a file."""
_ORDER = (Concern.DANGEROUS, Concern.UNKNOWN, Concern.USUAL)


def executes_code(format_: str) -> bool:
    """Whether loading a file of this format runs code that the file names; `format_` as `sniff` recorded it."""
    return format_ in PICKLING


def read(path: Path) -> Pickled:
    """What the pickle in a file tells; a compressed one is unpacked in memory, within limits.

    Raises:
        NoSource, NotReadable: it is not there or cannot be read.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(8)
        file.seek(0)
        unpacked = _unpacked(file, head)
        if unpacked is None:
            return follow(Source(file, size))[0]
        return follow(Source(BytesIO(unpacked), len(unpacked)))[0]


def follow(source: Source, *, most: int = MOST_OPCODES) -> tuple[Pickled, Machine]:
    """What the pickles tell that follow one another in a source, and the machine that has gone through the last."""
    machine = Machine()
    trouble: str | None = None
    left = most
    try:
        for count in range(_PICKLES):
            if count and not source.goes_on():
                break
            machine.begin()
            left = _run(machine, source, left)
            machine.end()
    except (ValueError, Odd, OverflowError, UnicodeError, EOFError) as error:
        # pickletools says by ValueError what is no pickle
        trouble = f"it is no whole pickle: {_first_line(error)}"
    except _Long:
        trouble = f"only its first {most:,} opcodes were followed"
    imports = [Import(name, concern(*where)) for name, where in machine.imports.items()]
    root = machine.root
    return (
        Pickled(
            protocol=machine.protocol,
            imports=tuple(sorted(imports, key=lambda each: (_ORDER.index(each.concern), each.name))),
            tensors=tuple(arrays.tensors(root)),
            root=arrays.kind(root),
            trouble=trouble,
        ),
        machine,
    )


class _Long(Exception):
    """There are more opcodes than are followed."""


class Source:
    """Bytes that `pickletools` reads, within limits: what is too long to be of interest is passed over."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        """Read `size` bytes from where the file is."""
        self._file = file
        self._end = file.tell() + size

    def read(self, count: int) -> bytes:
        """The next bytes, fewer only at the end; of many only their number."""
        if count < 0 or count > self._end - self._file.tell():
            raise EOFError("it ends early")
        if count <= _KEPT:
            return self._file.read(count)
        self._file.seek(count, os.SEEK_CUR)
        return Passed(count)

    def readline(self) -> bytes:
        """The rest of a line."""
        line = self._file.readline(min(_LINE, max(0, self._end - self._file.tell())))
        if not line.endswith(b"\n") and len(line) == _LINE:
            raise ValueError("a line in it is too long")
        return line

    def tell(self) -> int:
        """Where the next byte is."""
        return self._file.tell()

    def skip(self, count: int) -> None:
        """Go on behind some bytes."""
        if count < 0 or count > self._end - self._file.tell():
            raise EOFError("it ends within an array")
        self._file.seek(count, os.SEEK_CUR)

    def goes_on(self) -> bool:
        """Whether another pickle may begin here."""
        at = self._file.tell()
        if at >= self._end:
            return False
        head = self._file.read(2)
        self._file.seek(at)
        return len(head) == 2 and head[0] == 0x80 and head[1] <= 5


class Passed(bytes):
    """Bytes of which only the number was kept."""

    _claimed: int

    def __new__(cls, length: int) -> Self:
        """Stand for so many bytes."""
        made = super().__new__(cls)
        made._claimed = length
        return made

    def __len__(self) -> int:
        return self._claimed


def _run(machine: Machine, source: Source, left: int, depth: int = 0) -> int:
    """Follow one pickle to its end; returns how many opcodes may still be followed."""
    for opcode, argument, _ in pickletools.genops(source):  # type: ignore[arg-type]  # it reads, readlines and tells
        left -= 1
        if left < 0:
            raise _Long
        machine.do(opcode.name, argument)
        if machine.raw is None:
            continue
        # the numbers that joblib writes into the middle of a pickle; of objects it is another pickle
        wrapper, machine.raw = machine.raw, None
        size = arrays.raw_size(wrapper)
        if size is None:
            if depth == _DEEPEST:
                raise Odd("too many pickles lie within one another")
            state = machine.begin()
            left = _run(machine, source, left, depth + 1)
            machine.resume(state)
            continue
        if arrays.is_aligned(wrapper):
            source.skip(source.read(1)[0])
        source.skip(size)
    return left


def _unpacked(file: IO[bytes], head: bytes) -> bytes | None:
    """What a compressed file holds, up to a limit; None of one that is not."""
    packed: zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor
    if head.startswith(b"\x1f\x8b") or (head[:1] == b"\x78" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda")):
        packed = zlib.decompressobj(zlib.MAX_WBITS | 32)
    elif head.startswith(b"BZh"):
        packed = bz2.BZ2Decompressor()
    elif head.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
        packed = lzma.LZMADecompressor(memlimit=_UNPACKED)
    else:
        return None
    parts, total = [], 0
    try:
        while total < _UNPACKED and not packed.eof and (chunk := file.read(_KEPT)):
            part = packed.decompress(chunk, _UNPACKED - total)
            parts.append(part)
            total += len(part)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        pass  # what came before is told, and that the pickle in it is not whole
    return b"".join(parts)


def _first_line(error: Exception) -> str:
    return (str(error) or "it ends early").split("\n", 1)[0][:200]
