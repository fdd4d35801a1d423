"""Makes out arrays in what a pickle describes: NumPy's, joblib's and torch's, by the calls that would rebuild them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from lineal.formats.machine import Call, Global, Pairs, Persistent, Value
from lineal.formats.npy import PICKLED
from lineal.records.models import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_VALUES: Final = 100_000
_MOST_TENSORS: Final = 10_000
_NAME_KEPT: Final = 200
_TRANSPARENT: Final = frozenset({"_parameters", "_buffers", "_modules"})
"""Attributes in which torch keeps the parts of a module; a state dict does not name them."""
_PLAIN = re.compile(r"([biufcSUVmM])(\d+)")

TORCH_TYPES: Final = {
    "FloatStorage": ("F32", 4),
    "DoubleStorage": ("F64", 8),
    "HalfStorage": ("F16", 2),
    "BFloat16Storage": ("BF16", 2),
    "LongStorage": ("I64", 8),
    "IntStorage": ("I32", 4),
    "ShortStorage": ("I16", 2),
    "CharStorage": ("I8", 1),
    "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1),
    "ComplexFloatStorage": ("C64", 8),
    "ComplexDoubleStorage": ("C128", 16),
    "float32": ("F32", 4),
    "float64": ("F64", 8),
    "float16": ("F16", 2),
    "bfloat16": ("BF16", 2),
    "float8_e4m3fn": ("F8_E4M3", 1),
    "float8_e5m2": ("F8_E5M2", 1),
    "int64": ("I64", 8),
    "int32": ("I32", 4),
    "int16": ("I16", 2),
    "int8": ("I8", 1),
    "uint8": ("U8", 1),
    "uint16": ("U16", 2),
    "uint32": ("U32", 4),
    "uint64": ("U64", 8),
    "bool": ("BOOL", 1),
    "complex64": ("C64", 8),
    "complex128": ("C128", 16),
}
"""Torch's words for types, as safetensors calls them, and the bytes of one element."""


@dataclass(frozen=True, slots=True)
class View:
    """A torch tensor, which looks at part of a storage outside of the pickle."""

    storage: str
    """Its key."""
    dtype: str
    item: int
    """Bytes of one element."""
    offset: int
    """In elements."""
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def is_contiguous(self) -> bool:
        """Whether its elements lie beside one another, the last index fastest."""
        wanted = 1
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length != 1 and stride != wanted:
                return False
            wanted *= length
        return True

    @property
    def end(self) -> int:
        """How many elements the storage has to have."""
        if 0 in self.shape:
            return self.offset
        return self.offset + 1 + sum((length - 1) * step for length, step in zip(self.shape, self.strides, strict=True))


def tensors(root: Value) -> Iterator[Tensor]:
    """The arrays in what a pickle is of, named by the way to them; each once."""
    for name, value in _found(root):
        if isinstance(value, View):
            yield Tensor(name, value.dtype, value.shape)
        else:
            yield Tensor(name, *value)


def views(root: Value) -> list[tuple[str, View]]:
    """The torch tensors in what a pickle is of, named by the way to them."""
    return [(name, value) for name, value in _found(root) if isinstance(value, View)]


def kind(root: Value) -> str | None:
    """What something is, such as `sklearn.pipeline.Pipeline` or `dict`."""
    if isinstance(root, Call):
        called = root.called
        if isinstance(called, Global) and called.name in ("_reconstructor", "__newobj__", "_rebuild_from_type_v2"):
            arguments = root.arguments if isinstance(root.arguments, tuple) else ()
            called = next((each for each in arguments if isinstance(each, Global)), called)
        if isinstance(called, Global) and called.name == "_reconstruct":
            return "numpy.ndarray"
        return called.full[:_NAME_KEPT] if isinstance(called, Global) else None
    if isinstance(root, Pairs):
        return "dict"
    return type(root).__name__ if isinstance(root, list | tuple | str | int | float) else None


def fact(root: Value, name: str) -> str | None:
    """A text among the attributes of what a pickle is of; None when it has none of this name."""
    if isinstance(root, Call) and isinstance(root.state, Pairs):
        for key, value in root.state.items:
            if key == name and isinstance(value, str):
                return value[:_NAME_KEPT]
    return None


_Array = View | tuple[str, tuple[int, ...]]


def _found(root: Value) -> Iterator[tuple[str, _Array]]:
    waiting: list[tuple[str, Value]] = [("", root)]
    seen: set[int] = set()
    looked = given = 0
    while waiting and looked < _MOST_VALUES and given < _MOST_TENSORS:
        name, value = waiting.pop()
        looked += 1
        if isinstance(value, list | tuple | Pairs | Call):
            if id(value) in seen:
                continue
            seen.add(id(value))
        array = _array(value) if isinstance(value, Call) else None
        if array is not None:
            given += 1
            yield name or "array", array
            continue
        parts = islice(_parts(value), max(0, _MOST_VALUES - looked - len(waiting)))
        waiting.extend(reversed([(_joined(name, step), part) for step, part in parts]))


def _parts(value: Value) -> Iterator[tuple[str, Value]]:
    match value:
        case Pairs(items):
            yield from ((_step(key), part) for key, part in items)
        case list() | tuple():
            named = _is_named(value)
            yield from (
                (value[0][:_NAME_KEPT] if named else "" if _is_named(part) else str(place), part)
                for place, part in enumerate(value)
            )
        case Call(called, arguments, state, items, appended):
            wraps = isinstance(called, Global) and called.name.startswith("_rebuild")
            if isinstance(arguments, tuple):
                yield from (("" if wraps else str(place), part) for place, part in enumerate(arguments))
            yield from ((_step(key), part) for key, part in items)
            yield from ((str(place), part) for place, part in enumerate(appended))
            yield "", state


def _is_named(value: Value) -> bool:
    """Whether something is a name and what it names, as the steps of a pipeline are."""
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Call)


def _step(key: Value) -> str:
    if isinstance(key, str):
        return "" if key in _TRANSPARENT else key[:_NAME_KEPT]
    return str(key) if isinstance(key, int) else "?"


def _joined(name: str, step: str) -> str:
    return f"{name}.{step}"[:_NAME_KEPT] if name and step else name or step


def _array(call: Call) -> _Array | None:
    called = call.called
    if not isinstance(called, Global):
        return None
    arguments = call.arguments if isinstance(call.arguments, tuple) else ()
    try:
        match called.module.split(".")[0], called.name:
            case "torch", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3":
                return _view(called.name, arguments)
            case "numpy", "_reconstruct" if isinstance(call.state, tuple) and len(call.state) == 5:
                return _typed(call.state[2], call.state[1])
            case "numpy", "_frombuffer" if len(arguments) >= 3:
                return _typed(arguments[1], arguments[2])
            case "joblib", "NumpyArrayWrapper":
                return _typed(*_wrapped(call, "dtype", "shape"))
    except (TypeError, ValueError):
        return None  # it is called like one and made like none: its values are listed as any others
    return None


def _view(name: str, arguments: tuple[Value, ...]) -> View | None:
    if len(arguments) < 4 or not isinstance(arguments[0], Persistent):
        return None
    storage = arguments[0].id
    if not isinstance(storage, tuple) or len(storage) < 3 or not isinstance(storage[1], Global):
        return None
    word = storage[1].name
    if name == "_rebuild_tensor_v3" and len(arguments) > 6 and isinstance(arguments[6], Global):
        word = arguments[6].name
    known = TORCH_TYPES.get(word)
    if known is None:
        return None
    shape, strides = _lengths(arguments[2]), _lengths(arguments[3])
    if len(shape) != len(strides):
        return None
    (offset,) = _lengths((arguments[1],))
    return View(str(storage[2])[:_NAME_KEPT], known[0], known[1], offset, shape, strides)


def _typed(dtype: Value, shape: Value) -> tuple[str, tuple[int, ...]] | None:
    word, _ = _dtype(dtype)
    return None if word is None else (word, _lengths(shape))


def _dtype(value: Value) -> tuple[str | None, int | None]:
    """(word, bytes of one element) of a NumPy type; None of what cannot be made out."""
    if not isinstance(value, Call) or not isinstance(value.called, Global) or value.called.name != "dtype":
        return None, None
    word = value.arguments[0] if isinstance(value.arguments, tuple) and value.arguments else None
    state = value.state if isinstance(value.state, tuple) else ()
    if not isinstance(word, str) or not word.isascii():
        return None, None
    if word.startswith("O"):
        return PICKLED, None
    match = _PLAIN.fullmatch(word)
    if match is None or len(word) > 16:
        return None, None
    count = int(match[2])
    if match[1] == "V" and len(state) > 5 and isinstance(state[5], int):
        return f"V{state[5]}", state[5]
    order = state[1] if len(state) > 1 and state[1] in ("<", ">") else "|" if count == 1 or match[1] in "SV" else "<"
    return f"{order}{word}", 4 * count if match[1] == "U" else count


def _lengths(value: Value) -> tuple[int, ...]:
    if not isinstance(value, tuple) or not all(type(each) is int and 0 <= each < 1 << 63 for each in value):
        raise TypeError
    return value


# joblib's arrays, whose numbers stand in the middle of the pickle


def raw_size(wrapper: Call | None) -> int | None:
    """Bytes of the numbers that follow; None where they are objects, or cannot be told."""
    if wrapper is None:
        return None
    dtype, shape = _wrapped(wrapper, "dtype", "shape")
    _, item = _dtype(dtype)
    try:
        return None if item is None else item * math.prod(_lengths(shape))
    except TypeError:
        return None


def is_aligned(wrapper: Call | None) -> bool:
    """Whether padding stands before the numbers."""
    return wrapper is not None and isinstance(_wrapped(wrapper, "numpy_array_alignment_bytes")[0], int)


def _wrapped(wrapper: Call, *names: str) -> list[Value]:
    items = wrapper.state.items if isinstance(wrapper.state, Pairs) else []
    known = {key: value for key, value in items if isinstance(key, str)}
    return [known.get(name) for name in names]
