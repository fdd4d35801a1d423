"""Where a person was and how they had arranged it, for each registry, so that the next start opens there."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

_MOST_MARKS = 200
"""Marks of one list that are kept."""
_LARGEST = 1_000_000
"""Bytes of a file that is read: ours are some kilobytes."""

Key = int | str | tuple[int | str | None, ...] | None
"""What tells a row of a list from the others."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person was, and what they had arranged."""

    model: str | None = None
    """None: nowhere yet."""
    stage: str | None = None
    view: str | None = None
    """The view that had the screen; None: as it comes."""
    experiment: str | None = None
    """The experiment whose runs were shown; None: all."""
    orders: tuple[tuple[str, str], ...] = ()
    """View, and what its list was sorted by, where that was not as it comes."""
    best: bool = False
    """Whether runs showed the best values of their metrics."""
    filters: tuple[tuple[str, str], ...] = ()
    """View and filter."""
    cursors: tuple[tuple[str, Key], ...] = ()
    """View, and the key of the row that had the cursor."""
    marks: tuple[tuple[str, tuple[tuple[int, str], ...]], ...] = ()
    """Model, and row number and address of its marked versions."""
    marked_runs: tuple[tuple[int, int, str], ...] = ()
    """Start, row number and address."""
    tables: tuple[tuple[str | None, Table], ...] = ()
    """Experiment, and how its table of runs was arranged."""

    @property
    def is_in_tree(self) -> bool:
        """Whether the next start opens in the tree with all of its versions."""
        return self.view in (None, "tree") and all(view != "tree" for view, _ in self.filters)

    @property
    def version(self) -> int | None:
        """The row number of the version that had the cursor; None: the one that is live."""
        key = dict(self.cursors).get("tree")
        return key if isinstance(key, int) else None


@dataclass(frozen=True, slots=True)
class Table:
    """How a table of runs was arranged."""

    columns: tuple[tuple[str, int | None], ...] | None = None
    """Id and width; None: as they come."""
    sorting: tuple[str, bool] | None = None
    """Column, and whether downwards."""
    name_width: int | None = None


class Unreadable(Exception):
    """What was remembered cannot be used."""


def state_file(uid: str, root: Path, claim: str | None = None) -> Path:
    """The file for a registry: for this copy of it, and for the person who goes by this name on a shared account."""
    from platformdirs import user_state_path  # noqa: PLC0415  it asks the environment, so when it is needed

    return user_state_path("lineal") / state_name(uid, root, claim)


def state_name(uid: str, root: Path, claim: str | None = None) -> str:
    """The name of that file."""
    where = f"{root}\0{claim or ''}".encode(errors="surrogateescape")
    return f"{uid}-{crc32(where):08x}.json"


def recall(path: Path) -> Place:
    """Read where a person was.

    Raises:
        Unreadable: The file is there and is none of ours, or may not be read.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise Unreadable(f"where you were last cannot be read: {path}: it is too large")
        return _place(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Place()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"where you were last cannot be read: {path}: {error}") from error


def remember(path: Path, place: Place) -> None:
    """Write where a person is, whole or not at all.

    Raises:
        Unreadable: The folder cannot be written.
    """
    try:
        write_whole(path, json.dumps(_plain(place)))
    except (OSError, ValueError) as error:
        raise Unreadable(f"where you are cannot be kept for the next time: {error}") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file, in a folder that may be missing, whole or not at all.

    Raises:
        OSError: The folder cannot be written.
        ValueError: The text cannot be encoded.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _plain(place: Place) -> dict[str, object]:
    return {
        "model": place.model,
        "stage": place.stage,
        "view": place.view,
        "experiment": place.experiment,
        "orders": place.orders,
        "best": place.best,
        "filters": place.filters,
        "cursors": place.cursors,
        "marks": [(model, marks[-_MOST_MARKS:]) for model, marks in place.marks],
        "marked_runs": place.marked_runs[-_MOST_MARKS:],
        "tables": [
            (experiment, {"columns": table.columns, "sorting": table.sorting, "name_width": table.name_width})
            for experiment, table in place.tables
        ],
    }


def _place(found: Any) -> Place:
    return Place(
        _text(found["model"]),
        _text(found["stage"]),
        _text(found.get("view")),
        _text(found.get("experiment")),
        tuple((_is(str, view), _is(str, order)) for view, order in found.get("orders", ())),
        _is(bool, found.get("best", False)),
        tuple((_is(str, view), _is(str, text)) for view, text in found.get("filters", ())),
        tuple((_is(str, view), _key(key)) for view, key in found.get("cursors", ())),
        tuple(
            (_is(str, model), tuple((_is(int, row), _is(str, ref)) for row, ref in marks))
            for model, marks in found.get("marks", ())
        ),
        tuple((_is(int, at), _is(int, row), _is(str, ref)) for at, row, ref in found.get("marked_runs", ())),
        tuple((_text(experiment), _table(table)) for experiment, table in found.get("tables", ())),
    )


def _table(found: Any) -> Table:
    columns, sorting = found["columns"], found["sorting"]
    return Table(
        None if columns is None else tuple((_is(str, name), _number(width)) for name, width in columns),
        None if sorting is None else (_is(str, sorting[0]), _is(bool, sorting[1])),
        _number(found["name_width"]),
    )


def _is(kind: type[_T], value: object) -> _T:
    if not isinstance(value, kind):
        msg = f"{value!r:.40} is no {kind.__name__}"
        raise TypeError(msg)
    return value


def _text(value: object) -> str | None:
    return None if value is None else _is(str, value)


def _number(value: object) -> int | None:
    return None if value is None else _is(int, value)


def _key(value: object) -> Key:
    return tuple(_part(part) for part in value) if isinstance(value, list) else _part(value)


def _part(value: object) -> int | str | None:
    return None if value is None else _is(str, value) if isinstance(value, str) else _is(int, value)
