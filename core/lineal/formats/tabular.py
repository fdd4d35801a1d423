"""Counts rows and sums up columns of tabular files, so that versions of a dataset differ by more than a digest.

What it promises of delimited text: the number of rows is exact, whatever the size; columns are summed up over the first
64 MiB only, so that measuring a huge file stays a matter of reading it once.
"""

from __future__ import annotations

import csv
import io
import math
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any, Final

from lineal.errors import BadFormat
from lineal.formats.opening import opened
from lineal.formats.sniff import sniff
from lineal.records.data import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROFILED_BYTES: Final = 64 << 20
"""Bytes of delimited text from which columns are summed up."""

COLUMNS: Final = 4096
"""Columns that are described; those past it are not."""

DISTINCT: Final = 1000
MISSING: Final = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
"""Cells that stand for no value."""

_FIELD_LIMIT = 16 << 20
_LINE_LIMIT = 64 << 20
_BLOCK_CELLS = 1 << 16
_TEXT_LIMIT = 200
_INTEGERS = 1 << 63

Table = tuple[int, tuple[Column, ...]]


def profile(path: Path) -> Table | None:
    """Count the rows of a csv, tsv or parquet file and describe its columns; None for anything else.

    Delimited text: comma, semicolon, tab or bar, whichever the first line has most of; the first row names the columns
    unless all its cells are numbers; UTF-8, UTF-16 with a mark, else Latin-1. Empty lines do not count; cells that a
    short row lacks are missing; cells too many make columns of their own. None as well for a line or cell of tens of
    megabytes: that is no table. Parquet is read where pyarrow is installed, from its metadata alone.

    Raises:
        BadFormat: a parquet file that is damaged.
        NoSource, NotReadable: the file is not there or cannot be read.
    """
    format_ = sniff(path)
    if format_ == "parquet":
        return _parquet(path)
    if format_ in {"csv", "tsv"} or path.suffix.lower() in {".csv", ".tsv"}:
        return _delimited(path)
    return None


class _NoTable(Exception):
    """Raised for text that is laid out like no table."""


def _delimited(path: Path) -> Table | None:
    # The limit is the process's, and csv has no other; it is only ever raised.
    if csv.field_size_limit() < _FIELD_LIMIT:
        csv.field_size_limit(_FIELD_LIMIT)
    with opened(path) as file:
        start = file.read(3)
    encodings = ("utf-16",) if start[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1")
    for encoding in encodings:
        try:
            return _read(path, encoding)
        except UnicodeError:
            continue
        except (_NoTable, csv.Error):
            return None
    return None


def _read(path: Path, encoding: str) -> Table:
    with opened(path) as raw:
        buffered = io.BufferedReader(raw, 1 << 18)
        text = io.TextIOWrapper(buffered, encoding=encoding, newline="")
        lines = _lines(text)
        first = next(lines, "")
        reader = csv.reader(_again(first, lines), delimiter=_delimiter(path, first))
        head = next((row for row in reader if row), None)
        if head is None:
            return 0, ()
        columns = [_Summary(name) for name in _names(head)]
        rows = 0
        if _is_data(head):
            columns = [_Summary(f"column {number}") for number in range(1, len(head) + 1)][:COLUMNS]
            _add(columns, [head], 0)
            rows = 1
        while buffered.tell() < PROFILED_BYTES:
            block = list(islice(reader, max(1, _BLOCK_CELLS // max(1, len(columns)))))
            if not block:
                break
            filled = [row for row in block if row]
            _add(columns, filled, rows)
            rows += len(filled)
        rows += sum(1 for row in reader if row)
    return rows, tuple(column.finish() for column in columns)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LINE_LIMIT):
        if len(line) == _LINE_LIMIT:
            raise _NoTable
        yield line


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(path: Path, line: str) -> str:
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    # On a tie the usual one wins, as it comes first.
    return max((usual, ",", ";", "\t", "|"), key=line.count)


def _names(head: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    names = []
    for number, cell in enumerate(head[:COLUMNS], 1):
        name = cell.strip()[:_TEXT_LIMIT] or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _is_data(head: Sequence[str]) -> bool:
    filled = [cell for cell in head if cell.strip()]
    return bool(filled) and all(_number(cell) is not None for cell in filled)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _add(columns: list[_Summary], rows: list[list[str]], before: int) -> None:
    if not rows:
        return
    width = min(max(map(len, rows)), COLUMNS)
    columns += [_Summary(f"column {n}", missing=before) for n in range(len(columns) + 1, width + 1)]
    cells = zip_longest(*rows, fillvalue="")
    for column, values in zip_longest(columns, islice(cells, len(columns)), fillvalue=None):
        if column is not None:
            column.add(values if values is not None else ("",) * len(rows))


class _Summary:
    """What is known of a column so far."""

    def __init__(self, name: str, *, missing: int = 0) -> None:
        self._name = name
        self._missing = missing
        self._type: str | None = None
        self._distinct: set[str] | None = set()
        self._count = 0
        self._sum: float = 0
        self._number_range: tuple[float, float] | None = None
        self._text_range: tuple[str, str] | None = None

    def add(self, cells: Sequence[str]) -> None:
        values = [cell for cell in map(str.strip, cells) if cell not in MISSING]
        self._missing += len(cells) - len(values)
        if not values:
            return
        self._count += len(values)
        if self._distinct is not None:
            self._distinct.update(values)
            if len(self._distinct) > DISTINCT:
                self._distinct = None
        low, high = min(values), max(values)
        if self._text_range is not None:
            low, high = min(low, self._text_range[0]), max(high, self._text_range[1])
        self._text_range = low[:_TEXT_LIMIT], high[:_TEXT_LIMIT]
        if self._type != "str":
            self._add_typed(values)

    def _add_typed(self, values: list[str]) -> None:
        word, numbers = _typed(values)
        if self._type is None or {self._type, word} == {"int", "float"}:
            self._type = word if self._type is None else "float"
        elif self._type != word:
            self._type = "str"
        if numbers and self._type in {"int", "float"}:
            self._sum += sum(numbers)
            low, high = min(numbers), max(numbers)
            if self._number_range is not None:
                low, high = min(low, self._number_range[0]), max(high, self._number_range[1])
            self._number_range = low, high

    def finish(self) -> Column:
        numeric = self._type in {"int", "float"}
        low, high = (self._number_range if numeric else self._text_range) or (None, None)
        mean = self._sum / self._count if numeric else None
        return Column(
            name=self._name,
            type=self._type or "str",
            missing=self._missing,
            distinct=None if self._distinct is None else len(self._distinct),
            min=low,
            max=high,
            mean=mean if mean is not None and math.isfinite(mean) else None,
        )


def _typed(values: list[str]) -> tuple[str, Sequence[float]]:
    # Python reads 1_000 as a number; no other program does.
    if not any("_" in value for value in values):
        try:
            whole = [int(value) for value in values]
        except ValueError:
            pass
        else:
            if max(map(abs, whole)) < _INTEGERS:
                return "int", whole
        try:
            return "float", [number for number in map(float, values) if not math.isnan(number)]
        except ValueError:
            pass
    if all(value in {"true", "false", "True", "False", "TRUE", "FALSE"} for value in values):
        return "bool", ()
    return "str", ()


def _parquet(path: Path) -> Table | None:
    try:
        # Optional, and slow to import.
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet as pq  # noqa: PLC0415
    except ImportError:
        return None
    with opened(path) as file:
        try:
            metadata = pq.read_metadata(file)
            fields = list(metadata.schema.to_arrow_schema())
        except (pa.ArrowException, OSError) as error:
            raise BadFormat(path=path, format="parquet", why=str(error).split("\n")[0]) from error
        try:
            chunks = _statistics(metadata, path)
            columns = tuple(
                _from_statistics(field.name, str(field.type), chunks.get(field.name, [])) for field in fields[:COLUMNS]
            )
        except (pa.ArrowException, OSError, ValueError) as error:
            raise BadFormat(path=path, format="parquet", why=f"its statistics cannot be read ({error})") from error
    return metadata.num_rows, columns


def _statistics(metadata: Any, path: Path) -> dict[str, list[Any]]:
    """What the footer says of each column, group by group."""
    chunks: dict[str, list[Any]] = {}
    for group in (metadata.row_group(index) for index in range(metadata.num_row_groups)):
        for index in range(group.num_columns):
            chunk = group.column(index)
            if chunk.physical_type != metadata.schema.column(index).physical_type:
                # asked for its statistics, pyarrow would end the process
                why = f"column {chunk.path_in_schema} is said to be of two types"
                raise BadFormat(path=path, format="parquet", why=why)
            chunks.setdefault(chunk.path_in_schema, []).append(chunk.statistics)
    return chunks


_WORDS: Final = {"double": "float", "halffloat": "float", "string": "str", "large_string": "str"}


def _from_statistics(name: str, type_: str, statistics: list[Any]) -> Column:
    word = _WORDS.get(type_, type_)
    if type_.startswith(("int", "uint")) and type_.lstrip("uint").isdigit():
        word = "int"
    missing, low, high = 0, None, None
    known = [item for item in statistics if item is not None]
    for item in known:
        missing += item.null_count or 0
    # A group of nulls only has no range, and takes none away from the others.
    open_ended = any(item is None or not (item.has_min_max or item.num_values == 0) for item in statistics)
    ranges = [(item.min, item.max) for item in known if item.has_min_max]
    if ranges and not open_ended:
        low, high = _plain(min(pair[0] for pair in ranges)), _plain(max(pair[1] for pair in ranges))
    return Column(name=name, type=word, missing=missing, min=low, max=high)


def _plain(value: object) -> float | str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    return str(value)[:_TEXT_LIMIT]
