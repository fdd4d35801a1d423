r"""Gives pandas frames and NumPy arrays their identity as data, without a file, and without importing either first.

The digest is the SHA-256 of a canonical form, which is the same on every machine:

- an array: `lineal-array-1\n`, the canonical JSON of `[type, shape]` (a NumPy type string, little-endian), a line
  break, and its elements in C order, little-endian;
- a frame: `lineal-frame-1\n`, the canonical JSON of `[rows, [[name, type], ...]]`, a line break, and the columns in
  their order. An index that does not just count the rows comes first, as columns. A column of plain numbers or bools is
  its elements, little-endian; of any other (texts and objects are one type) it is a line of canonical JSON for each
  element: null where it is missing, a number or bool as itself, anything else as its text.

All NaN are one.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, Final

from lineal.errors import BadValue
from lineal.records.base import Digest
from lineal.records.data import Column, Measured
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS: Final = 4096
"""Columns that are described; those past it are not."""

_DISTINCT = 1000
_WORDS = {"i": "int", "u": "int", "f": "float", "b": "bool", "U": "str", "S": "bytes", "M": "datetime"}


def is_data(value: object) -> bool:
    """Whether a value is a pandas frame or series, or a NumPy array, judged by its type's name."""
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    return (home == "pandas" and kind.__name__ in {"DataFrame", "Series"}) or (
        home == "numpy" and hasattr(value, "dtype") and hasattr(value, "shape")
    )


def measure(value: Any) -> Measured:
    """Identity, size and columns of a frame or an array.

    Raises:
        BadValue: it holds something without a canonical form.
    """
    if type(value).__module__.partition(".")[0] == "pandas":
        return _measure_frame(value if hasattr(value, "columns") else value.to_frame())
    return _measure_array(value)


def _measure_array(array: Any) -> Measured:
    if array.dtype.kind not in "biufcUSmM":
        raise BadValue(field="data", value=str(array.dtype), why="arrays of this type have no canonical form")
    plain = _canonical(array)
    hasher = hashlib.sha256(b"lineal-array-1\n")
    hasher.update(canonical_json([plain.dtype.str, list(array.shape)]).encode() + b"\n")
    hasher.update(_bytes(plain))
    columns = None
    if array.ndim in {1, 2}:
        table = array if array.ndim == 2 else array[:, None]
        columns = tuple(_of_array(f"column {n + 1}", table[:, n]) for n in range(min(table.shape[1], COLUMNS)))
    return Measured(
        digest=Digest("sha256:" + hasher.hexdigest()),
        bytes=int(array.nbytes),
        rows=len(array) if array.ndim else None,
        columns=columns,
    )


def _measure_frame(frame: Any) -> Measured:
    parts = [*_index(frame), *((_text(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns))]
    hasher = hashlib.sha256(b"lineal-frame-1\n")
    head = [len(frame), [[name, _type(series)] for name, series in parts]]
    hasher.update(canonical_json(head).encode() + b"\n")
    size = 0
    for _, series in parts:
        if _is_plain(series):
            content = _bytes(_canonical(series.to_numpy()))
            size += content.nbytes
            hasher.update(content)
        else:
            for element in series:
                line = canonical_json(_element(element)).encode() + b"\n"
                size += len(line)
                hasher.update(line)
    return Measured(
        digest=Digest("sha256:" + hasher.hexdigest()),
        bytes=size,
        rows=len(frame),
        columns=tuple(_of_series(name, series) for name, series in parts[:COLUMNS]),
    )


def _index(frame: Any) -> Iterator[tuple[str, Any]]:
    index = frame.index
    if type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1:
        return
    as_columns = index.to_frame(index=False)
    for place in range(as_columns.shape[1]):
        name = index.names[place]
        yield ("index" if name is None else f"index {_text(name)}"), as_columns.iloc[:, place]


def _text(name: object) -> str:
    return name if isinstance(name, str) else str(name)


def _is_plain(series: Any) -> bool:
    # pandas has types of its own, which know missing values; NumPy's are arrays as they are.
    return type(series.dtype).__module__.partition(".")[0] == "numpy" and series.dtype.kind in "biuf"


def _type(series: Any) -> str:
    if _is_plain(series):
        return str(series.dtype.newbyteorder("<").str)
    # One release of pandas keeps texts as objects and times by the nanosecond, the next otherwise.
    word = str(series.dtype)
    return "object" if word in {"str", "string"} else word.partition("[")[0] if series.dtype.kind == "M" else word


def _canonical(array: Any) -> Any:
    """The elements in C order, little-endian, with one NaN."""
    import numpy as np  # noqa: PLC0415  whoever has an array has it

    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    if plain.dtype.kind == "f":
        odd = np.isnan(plain)
        if odd.any():
            plain = plain.copy()
            plain[odd] = np.nan
    return plain


def _bytes(array: Any) -> memoryview:
    import numpy as np  # noqa: PLC0415  as above

    return memoryview(array.reshape(-1).view(np.uint8)) if array.size else memoryview(b"")


def _element(value: Any) -> object:
    """What stands for an element of a column that is no plain array."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, str | bool | int | None):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_element(each) for each in value]
    if f"{id(value):x}" in repr(value):
        raise BadValue(field="data", value=type(value).__name__, why="its text is another in every process")
    return str(value)


def _of_array(name: str, values: Any) -> Column:
    import numpy as np  # noqa: PLC0415  as above

    word = _WORDS.get(values.dtype.kind, str(values.dtype))
    if values.dtype.kind not in "iuf":
        return Column(name, word)
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if not present.size:
        return Column(name, word, missing=int(values.size))
    distinct = len(np.unique(present))
    return Column(
        name,
        word,
        missing=int(values.size - present.size),
        distinct=distinct if distinct <= _DISTINCT else None,
        min=_finite(present.min()),
        max=_finite(present.max()),
        mean=_finite(present.mean(dtype=np.float64)),
    )


def _of_series(name: str, series: Any) -> Column:
    if _is_plain(series) and series.dtype.kind != "b":
        return _of_array(name, series.to_numpy())
    kind = getattr(series.dtype, "kind", "O")
    word = "bool" if kind == "b" else "str" if str(series.dtype) in {"str", "string"} else str(series.dtype)
    try:
        distinct = int(series.nunique())
    except TypeError:
        return Column(name, word, missing=int(series.isna().sum()))  # lists, which nothing counts
    return Column(name, word, missing=int(series.isna().sum()), distinct=distinct if distinct <= _DISTINCT else None)


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
