"""Reads what GGUF and ONNX files say of themselves at their beginning.

The formats: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import os
import struct
from typing import IO, TYPE_CHECKING

from lineal.formats.opening import opened, read_exactly
from lineal.records.contents import Contents

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

_VALUES = 200
"""Values of a GGUF file that are looked at; the vocabulary follows the ones that tell most."""
_TEXT = 4096
_SHOWN = 200
_FIXED = {0: "B", 1: "b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_ONNX_TEXTS = {2: "producer", 3: "producer version", 4: "domain", 6: "description"}
_ONNX_NUMBERS = {1: "IR version", 5: "model version"}
_FIELDS = 1_000


class _Odd(Exception):
    """Why there is no more to tell."""


def gguf(path: Path) -> Contents:
    """Version, number of tensors and the first values of a GGUF file.

    Raises:
        NoSource, NotReadable: it is not there or cannot be read.
    """
    facts: list[tuple[str, str]] = []
    trouble = None
    with opened(path) as file:
        try:
            _, version, tensors, values = struct.unpack("<4sIQQ", _exactly(file, 24))
            facts += [("version", str(version)), ("tensors", f"{tensors:,}")]
            for _ in range(min(values, _VALUES)):
                name, value = _text(file), _value(file, *struct.unpack("<I", _exactly(file, 4)))
                if value is None:
                    break
                facts.append((name[:_SHOWN], value))
        except _Odd as odd:
            trouble = str(odd)
    return Contents("gguf", executes=False, facts=tuple(facts), trouble=trouble)


def onnx(path: Path) -> Contents:
    """Producer, versions and operator sets of an ONNX file; its graph is passed over.

    Raises:
        NoSource, NotReadable: it is not there or cannot be read.
    """
    facts: list[tuple[str, str]] = []
    trouble = None
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            for _ in range(_FIELDS):
                if file.tell() >= size:
                    break
                _onnx_field(file, size, facts)
        except _Odd as odd:
            trouble = str(odd)
    return Contents("onnx", executes=False, facts=tuple(facts), trouble=trouble)


def _onnx_field(file: FileIO, size: int, facts: list[tuple[str, str]]) -> None:
    field, kind = divmod(_varint(file), 8)
    if kind == 0:
        number = _varint(file)
        if field in _ONNX_NUMBERS:
            facts.append((_ONNX_NUMBERS[field], str(number)))
        return
    if kind != 2:
        raise _Odd("it is no ONNX model")
    length = _varint(file)
    if length > size - file.tell():
        raise _Odd("it ends early")
    if field == 7:
        facts.append(("graph", f"{length:,} bytes"))
    if (field in _ONNX_TEXTS or field == 8) and length <= _TEXT:
        content = _exactly(file, length)
        if field == 8:
            facts.append(("operators", _operators(content)))
        elif content:
            facts.append((_ONNX_TEXTS[field], content.decode("utf-8", "replace")[:_SHOWN]))
    else:
        file.seek(length, os.SEEK_CUR)


def _operators(content: bytes) -> str:
    """Domain and version of an operator set."""
    domain, version, at = "", 0, 0
    while at + 1 < len(content):
        if content[at] == 0x0A:
            domain = content[at + 2 : at + 2 + content[at + 1]].decode("utf-8", "replace")
            at += 2 + content[at + 1]
        elif content[at] == 0x10 and content[at + 1] < 0x80:
            version = content[at + 1]
            at += 2
        else:
            break
    return f"{domain or 'ai.onnx'} {version}"


def _varint(file: IO[bytes]) -> int:
    number = 0
    for shift in range(0, 70, 7):
        (byte,) = _exactly(file, 1)
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number
    raise _Odd("it holds a number that is too long")


def _text(file: IO[bytes]) -> str:
    (length,) = struct.unpack("<Q", _exactly(file, 8))
    if length > _TEXT:
        raise _Odd("it holds a text that is too long")
    return _exactly(file, length).decode("utf-8", "replace")


def _value(file: IO[bytes], kind: int) -> str | None:
    """A value as text; None for a list, behind which nothing more is looked at."""
    if kind == _STRING:
        return _text(file)[:_SHOWN]
    if kind in _FIXED:
        (value,) = struct.unpack(_FIXED[kind], _exactly(file, struct.calcsize(_FIXED[kind])))
        return str(value)
    if kind == _ARRAY:
        return None
    raise _Odd("it holds a value of an unknown kind")


def _exactly(file: IO[bytes], count: int) -> bytes:
    content = read_exactly(file, count)
    if len(content) < count:
        raise _Odd("it ends early")
    return content
