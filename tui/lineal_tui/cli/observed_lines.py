"""Reads observations from lines of text: CSV with a header, or JSON lines; every line that is wrong is named."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING

from lineal.errors import BadName, BadValue, UsageError
from lineal.records.base import Micros
from lineal.records.observations import Observation
from lineal.rules.naming import check_metric_name, shown
from lineal_tui.view.guidance.typed import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIMES = ("time", "at")
"""Columns, or keys, that hold the time."""
_TOLD = 10


class BadLines(UsageError):
    """Lines that cannot be read."""

    message = "{what}"
    hint_template = "nothing was recorded: all lines are, or none"


class _Bad(Exception):
    """A line that cannot be read."""


def read(text: str, form: str | None, *, at: Micros | None) -> list[Observation]:
    """The observations in a text.

    Args:
        text: as it was read.
        form: `csv` or `jsonl`; None to tell by how it begins.
        at: the time of lines without one; None for now.

    Raises:
        BadLines: any of its lines is wrong.
    """
    if not text.strip():
        return []
    form = form or ("jsonl" if text.lstrip()[:1] == "{" else "csv")
    found: list[Observation] = []
    wrong: list[str] = []
    for number, pairs in _json_lines(text) if form == "jsonl" else _csv_lines(text):
        origin = f"line {number}"
        try:
            found += _observations(pairs, origin, at)
        except (_Bad, BadName, BadValue) as error:
            wrong.append(f"{origin}: {error}")
    if wrong:
        more = len(wrong) - _TOLD
        told = "; ".join(wrong[:_TOLD]) + (f"; and {more:,} more" if more > 0 else "")
        raise BadLines(what=told)
    return found


def _observations(pairs: list[tuple[str, object]] | _Bad, origin: str, at: Micros | None) -> list[Observation]:
    if isinstance(pairs, _Bad):
        raise pairs
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise _Bad(f"{shown(name)} is in it twice")
    times = [value for name, value in pairs if name in TIMES]
    if len(times) > 1:
        raise _Bad("both time and at are in it")
    is_said = bool(times) and times[0] is not None and str(times[0]).strip() != ""
    when = _time(times[0]) if is_said else at
    return [
        Observation(check_metric_name(name), number, when, origin)
        for name, value in pairs
        if name not in TIMES and (number := _number(name, value)) is not None
    ]


def _time(value: object) -> Micros:
    """A date and time, or seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _no_time(value)
    try:
        return Micros(round(float(value) * 1_000_000))
    except OverflowError:
        raise _no_time(value) from None
    except ValueError:
        if not isinstance(value, str) or value.strip().lower() in {"nan", "-nan"}:
            raise _no_time(value) from None
    return moment(value)


def _no_time(value: object) -> _Bad:
    return _Bad(f"its time is no time: {shown(str(value))}")


def _number(name: str, value: object) -> float | None:
    """A figure; None for nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = None
    if isinstance(value, int | float | str) and not isinstance(value, bool) and "_" not in str(value):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = None
    if found is None:
        raise _Bad(f"{shown(name)} is no number: {shown(str(value))}")
    return found


def _json_lines(text: str) -> Iterator[tuple[int, list[tuple[str, object]] | _Bad]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=_Object)
        except (ValueError, RecursionError) as error:
            yield number, _Bad(f"it is no JSON: {error}")
        else:
            yield number, found if isinstance(found, _Object) else _Bad("it is no JSON object")


class _Object(list[tuple[str, object]]):
    """The pairs of a JSON object, double ones included."""


def _csv_lines(text: str) -> Iterator[tuple[int, list[tuple[str, object]] | _Bad]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: Sequence[str] | None = None
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield max(1, rows.line_num), _Bad(f"it is no CSV: {error}")
            return
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = [name.strip() for name in row]
            problem = _wrong_header(header)
            if problem is not None:
                yield rows.line_num, _Bad(problem)
                return
        elif len(row) != len(header):
            yield rows.line_num, _Bad(f"{len(row)} cells where the header has {len(header)}")
        else:
            yield rows.line_num, [(name, cell) for name, cell in zip(header, row, strict=True)]


def _wrong_header(header: Sequence[str]) -> str | None:
    for name in header:
        if name in TIMES:
            continue
        if header.count(name) > 1:
            return f"the header has {shown(name)} twice"
        try:
            check_metric_name(name)
        except BadName as error:
            return f"the header: {error}"
    if all(name in TIMES for name in header):
        return "the header names no metric"
    return None


def from_stdin(form: str | None, *, at: Micros | None) -> list[Observation]:
    """The observations on standard input."""
    data = sys.stdin.buffer.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise BadLines(what=f"line {number}: it is no UTF-8") from None
    return read(text, form, at=at)
