"""Writes arrays as a safetensors file without that library: the same arrays always give the same bytes.

The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import struct
import sys
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from lineal.errors import BadValue
from lineal.formats.safetensors import BITS, HEADER_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMPY: Final = {
    "b1": "BOOL", "u1": "U8", "i1": "I8", "u2": "U16", "i2": "I16", "u4": "U32", "i4": "I32", "u8": "U64", "i8": "I64",
    "f2": "F16", "f4": "F32", "f8": "F64", "c8": "C64",
}  # fmt: skip
_TORCH: Final = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
    "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "complex64": "C64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
}  # fmt: skip
_ALIGNMENT = 8


class _Laid(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    content: memoryview


def write(stream: IO[bytes], arrays: Mapping[str, object]) -> None:
    """Write NumPy arrays, torch tensors, and whatever NumPy takes for an array.

    Wider types come first, and names in their order within, so that every array is aligned.

    Args:
        stream: takes the bytes.
        arrays: name to array; a state dict of torch is one.

    Raises:
        BadValue: there is none, or one is no array, or of a type that the format has no word for.
    """
    if not arrays:
        raise BadValue(field="arrays", value="{}", why="there are none")
    laid = {_name(name): _lay(str(name), array) for name, array in arrays.items()}
    order = sorted(laid, key=lambda name: (-BITS[laid[name].dtype], name))
    header: dict[str, object] = {}
    end = 0
    for name in order:
        begin, end = end, end + laid[name].content.nbytes
        header[name] = {"dtype": laid[name].dtype, "shape": list(laid[name].shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    if len(text) > HEADER_LIMIT:
        raise BadValue(field="arrays", value=f"{len(laid)} names", why=f"the header would exceed {HEADER_LIMIT} bytes")
    stream.write(struct.pack("<Q", len(text)) + text)
    for name in order:
        stream.write(laid[name].content)


def _name(name: object) -> str:
    if not isinstance(name, str) or name == "__metadata__":
        raise BadValue(field="arrays", value=name, why="it is no name for an array")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadValue(field="arrays", value=ascii(name), why="it is no text") from error
    return name


def _lay(name: str, array: Any) -> _Laid:
    if type(array).__module__.partition(".")[0] == "torch" or hasattr(array, "detach"):
        return _lay_torch(name, array)
    if not hasattr(array, "dtype") or not hasattr(array, "shape"):
        raise BadValue(field=f"array {name}", value=type(array).__name__, why="it is no array")
    import numpy as np  # noqa: PLC0415  whoever has an array has it; nobody else needs it

    plain = np.asarray(array)
    dtype = _NUMPY.get(f"{plain.dtype.kind}{plain.dtype.itemsize}")
    if dtype is None:
        raise BadValue(field=f"array {name}", value=str(plain.dtype), why="the format has no such type")
    little = np.ascontiguousarray(plain, dtype=plain.dtype.newbyteorder("<"))
    content: Any = little.reshape(-1).view(np.uint8)
    return _Laid(dtype, tuple(plain.shape), memoryview(content))


def _lay_torch(name: str, tensor: Any) -> _Laid:
    torch: Any = sys.modules["torch"]
    dtype = _TORCH.get(str(tensor.dtype).removeprefix("torch."))
    if dtype is None or tensor.layout != torch.strided:
        raise BadValue(field=f"array {name}", value=f"{tensor.dtype}", why="the format has no such type")
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return _Laid(dtype, tuple(tensor.shape), memoryview(flat.view(torch.uint8).numpy()))
