"""Tells what kind of file something is from its bytes and its name, without loading it."""

from __future__ import annotations

import os
import re
import struct
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from lineal.formats.opening import opened, read_exactly

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path, PurePath

UNKNOWN: Final = "unknown"
WITH_PICKLES: Final = "-pickle"
"""What stands behind the format of a file that may hold pickles, and does: `npy-pickle`, `npz-pickle`, `zip-pickle`."""
PICKLING: Final = frozenset({"pickle", "torch", *(f"{each}{WITH_PICKLES}" for each in ("npy", "npz", "zip"))})
"""Formats whose files execute code when they are loaded."""

_HEAD = 4096
_TAIL = 65_557 + 20
_DIRECTORY_LIMIT = 16 << 20
_SAFETENSORS_HEADER_LIMIT = 100_000_000

_MAGIC: Final = (
    (0, b"\x93NUMPY", "npy"),
    (0, b"GGUF", "gguf"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1\0\0", "arrow"),
    (0, b"SQLite format 3\0", "sqlite"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (4, b"TFL3", "tflite"),
    (257, b"ustar", "tar"),
)
# The number that torch.save wrote as its first pickle before it took to zip files.
_OLD_TORCH = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"})
_COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zst", ".z", ".lz4"})
_BINARY_PICKLE = re.compile(rb"\x80[\x02-\x05]")
# Protocols 0 and 1 have no signature: the ways in which their first object can begin.
_TEXT_PICKLE = re.compile(
    rb"c[\w.]+\n[\w.]+\n(?:[()]|p\d+\n|q\x00)|[(](?:i[\w.]+\n|[dlt]p\d+\n|c[\w.]+\n)|[\]}](?:p\d+\n|q\x00)"
)
_ONNX_START = re.compile(rb"\x08[\x01-\x1f]\x12([\x01-\x40])[ -~]{2}")
_TEXT_SUFFIXES: Final = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".csv": "csv",
    ".tsv": "tsv",
    ".py": "python",
    ".xml": "xml",
    ".pmml": "xml",
}
# What these claim to be they are taken for, so that a damaged one is called damaged and not unknown.
_BINARY_SUFFIXES: Final = {
    ".safetensors": "safetensors",
    ".npy": "npy",
    ".npz": "npz",
    ".onnx": "onnx",
    ".gguf": "gguf",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".parquet": "parquet",
    ".tflite": "tflite",
    ".ubj": "ubjson",
}
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(path: Path, name: str | None = None) -> str:
    """Name the format of a file, `unknown` when nothing tells.

    Bytes count before the name, except that a known suffix of a format without a signature decides. Reads a few
    kilobytes (for zip files their directory, up to 16 MiB), and neither unpacks nor interprets what it reads. Where in
    doubt between a pickle and something harmless it says `pickle`.

    Args:
        path: the file.
        name: what it is called, if not as its path.

    Raises:
        NoSource, NotReadable: the file is not there or cannot be read.
    """
    named = path if name is None else PurePosixPath(name)
    with opened(path) as file:
        head = read_exactly(file, _HEAD)
        size = os.fstat(file.fileno()).st_size
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return _zip_kind(named, _local_name(head) | _directory_names(file, size))
    return _from_bytes(head, size) or _from_magic_or_name(named, head)


def _from_bytes(head: bytes, size: int) -> str | None:
    # Before the pickles: a header of 640 bytes begins like one.
    if len(head) > 8 and head[8:9] == b"{":
        length = int.from_bytes(head[:8], "little")
        if length <= min(_SAFETENSORS_HEADER_LIMIT, size - 8):
            return "safetensors"
    if _BINARY_PICKLE.match(head):
        return "torch" if head[2:].startswith(_OLD_TORCH) else "pickle"
    return None


def _from_magic_or_name(path: PurePath, head: bytes) -> str:
    suffix = path.suffix.lower()
    if suffix not in _TEXT_SUFFIXES and _TEXT_PICKLE.match(head):
        return "pickle"
    inner = path.with_suffix("").suffix.lower() if suffix in _COMPRESSED else suffix
    if inner in _PICKLE_SUFFIXES:
        return "pickle"
    for offset, magic, name in _MAGIC:
        if head.startswith(magic, offset):
            return name
    if (match := _ONNX_START.match(head)) and head[4 : 4 + match[1][0]].isascii():
        return "onnx"
    if suffix in _BINARY_SUFFIXES:
        return _BINARY_SUFFIXES[suffix]
    if suffix in {".csv", ".tsv"} and (b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return suffix[1:]
    if not head or not _is_text(head):
        return UNKNOWN
    return _TEXT_SUFFIXES.get(suffix, "text")


def _is_text(head: bytes) -> bool:
    if _NO_TEXT.search(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character may be cut in two where the head ends.
        return len(head) == _HEAD and error.start > _HEAD - 4
    return True


def _zip_kind(path: PurePath, names: set[bytes]) -> str:
    leaves = {name.rpartition(b"/")[2] for name in names}
    if leaves & {b"data.pkl", b"constants.pkl"}:
        return "torch"
    if any(leaf.lower().endswith((b".pkl", b".pickle", b".joblib")) for leaf in leaves):
        return "pickle"
    if names and all(name.endswith(b".npy") for name in names):
        return "npz"
    if {b"config.json", b"metadata.json"} <= names and any(name.endswith(b".h5") for name in names):
        return "keras"
    return "npz" if path.suffix.lower() == ".npz" else "zip"


def _local_name(head: bytes) -> set[bytes]:
    if len(head) < 30:
        return set()
    length = int.from_bytes(head[26:28], "little")
    return {head[30 : 30 + length]}


def _directory_names(file: FileIO, size: int) -> set[bytes]:
    """Names in a zip file's central directory (APPNOTE.TXT 4.3.12); none where it cannot be made out."""
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = read_exactly(file, _TAIL)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        return set()
    length, offset = struct.unpack_from("<LL", tail, end + 12)
    if 0xFFFFFFFF in (length, offset):
        located = tail.rfind(b"PK\x06\x06", 0, end)
        if located < 0 or located + 56 > end:
            return set()
        length, offset = struct.unpack_from("<QQ", tail, located + 40)
    if offset > size:
        return set()
    file.seek(offset)
    directory = read_exactly(file, min(length, _DIRECTORY_LIMIT))
    names: set[bytes] = set()
    at = 0
    while directory.startswith(b"PK\x01\x02", at) and at + 46 <= len(directory):
        name, extra, comment = struct.unpack_from("<HHH", directory, at + 28)
        names.add(directory[at + 46 : at + 46 + name])
        at += 46 + name + extra + comment
    return names
