"""Files as torch.save writes them, made without torch."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _op(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _tuple(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def tensor(
    key: str, shape: tuple[int, ...], strides: tuple[int, ...], *, offset: int = 0, kind: str = "FloatStorage"
) -> bytes:
    """The opcodes of one tensor over the storage `key`."""
    storage = _tuple(_op("storage"), f"ctorch\n{kind}\n".encode(), _op(key), _op("cpu"), _number(1)) + b"Q"
    sizes = [_tuple(*map(_number, each)) for each in (shape, strides)]
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + _tuple(storage, _number(offset), *sizes, b"\x89", hooks) + b"R"


def state_dict(**tensors: bytes) -> bytes:
    """The pickle of a state dict; two underscores in a name stand for a point."""
    items = b"".join(_op(name.replace("__", ".")) + value for name, value in tensors.items())
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + items + b"u."


def save(path: Path, content: bytes, storages: Mapping[str, bytes], *, prefix: str = "archive/") -> Path:
    """Write the zip."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{prefix}data.pkl", content)
        archive.writestr(f"{prefix}byteorder", "little")
        for key, numbers in storages.items():
            archive.writestr(f"{prefix}data/{key}", numbers)
        archive.writestr(f"{prefix}version", "3\n")
    return path


def linear(path: Path) -> Path:
    """A layer of four by three with its bias."""
    weight, bias = struct.pack("<12f", *range(12)), struct.pack("<4f", *range(4))
    content = state_dict(fc__weight=tensor("0", (4, 3), (3, 1)), fc__bias=tensor("1", (4,), (1,)))
    return save(path, content, {"0": weight, "1": bias})
