"""Datasets and their versions as a list, and the page of one version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal_tui.view.drawing.clean import one_line
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Tone, cut_middle, hanging, left, right, rule, width_of
from lineal_tui.view.drawing.words import age, counted, metric, number, short_digest, size, when

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from lineal.records.base import Micros
    from lineal.records.data import Column as DataColumn
    from lineal.records.data import DataUse

_NAMES = 200
_WIDEST_NAME = 40
_FIELD = 10
_MANY = 10_000_000
"""Whole numbers from which on a figure is rounded."""


@dataclass(frozen=True, slots=True)
class DataRow:
    """A dataset, with its newest version; or under it one of its versions."""

    use: DataUse
    versions: int
    """Of a dataset how many versions it has; 0 of a version."""
    is_open: bool = False
    """Whether its versions are listed under it."""

    @property
    def is_head(self) -> bool:
        """Whether it is a dataset."""
        return self.versions > 0

    @property
    def key(self) -> Hashable:
        """What tells it from the others."""
        return ("data", self.use.version.dataset) if self.is_head else self.use.version.id


@dataclass(frozen=True, slots=True)
class DataLook:
    """How the list is drawn."""

    columns: tuple[Column, ...]
    now: Micros


def data_rows(uses: Sequence[DataUse], opened: Collection[str]) -> list[DataRow]:
    """Datasets by name, under those that are open their versions."""
    by_name: dict[str, list[DataUse]] = {}
    for use in uses:
        by_name.setdefault(use.version.dataset, []).append(use)
    rows: list[DataRow] = []
    for name, mine in by_name.items():
        rows.append(DataRow(mine[0], len(mine), is_open=name in opened))
        if name in opened:
            rows.extend(DataRow(use, 0) for use in mine)
    return rows


def data_look(rows: Sequence[DataRow], now: Micros) -> DataLook:
    """Columns that are wide enough for these rows."""
    names = [width_of(_name(row)) for row in rows[:_NAMES]]
    labels = [width_of(one_line(row.use.version.label)) for row in rows[:_NAMES]]
    columns = (
        Column("name", "DATASET", min(_WIDEST_NAME, max(12, *names)) if names else 12, rank=0),
        Column("versions", "VERSIONS", 8, right=True, rank=4),
        Column("label", "LATEST", min(20, max(6, *labels)) if labels else 6, rank=1),
        Column("rows", "ROWS", 11, right=True, rank=3),
        Column("bytes", "SIZE", 10, right=True, rank=5),
        Column("runs", "RUNS", 9, right=True, rank=2),
        Column("models", "MODELS", 7, right=True, rank=2),
        Column("age", "AGE", 4, right=True, rank=6),
        Column("purpose", "PURPOSE", 10, grows=True, rank=7),
    )
    return DataLook(columns, now)


def data_title(count: int, width: int, *, active: bool) -> Line:
    """The rule above the list."""
    return rule(
        (("datasets", Tone.TITLE if active else Tone.STRONG),), ((counted(count, "dataset"), Tone.MUTED),), width
    )


def data_head(look: DataLook, width: int) -> Line:
    """The titles of the columns."""
    return head(arrange(look.columns, width))


def data_line(found: DataRow, look: DataLook, width: int) -> Line:
    """One row."""
    use = found.use
    version = use.version
    quiet = Tone.MUTED
    return row(
        arrange(look.columns, width),
        {
            "name": ((_name(found), Tone.STRONG if found.is_head else quiet),),
            "versions": ((number(found.versions) if found.is_head else "", Tone.TEXT),),
            "label": ((one_line(version.label), quiet if found.is_head else Tone.TEXT),),
            "rows": (("-" if version.rows is None else number(version.rows), Tone.TEXT),),
            "bytes": ((size(version.bytes), Tone.TEXT),),
            "runs": _uses(use.runs),
            "models": _uses(use.models),
            "age": ((age(version.created_at, look.now), quiet),),
            "purpose": (((use.purpose or "") if found.is_head else "", quiet),),
        },
    )


def _name(found: DataRow) -> str:
    if not found.is_head:
        return "· " + one_line(found.use.version.label)
    return ("▾ " if found.is_open else "▸ ") + one_line(found.use.version.dataset)


def _uses(count: int) -> Line:
    return ((number(count) if count else "-", Tone.TEXT if count else Tone.MUTED),)


def dataset_title(use: DataUse, width: int, *, active: bool) -> Line:
    """The rule above the page of a version of a dataset."""
    return rule(
        ((cut_middle(use.version.ref, max(8, width - 24)), Tone.TITLE if active else Tone.STRONG),),
        (("L lineage", Tone.MUTED),),
        width,
    )


def dataset_lines(use: DataUse, now: Micros, width: int) -> list[Line]:
    """Everything about a version of a dataset: what it is, who used it, its columns with their profile."""
    version = use.version
    used = ", ".join(
        words
        for words, count in (
            (counted(use.runs, "run"), use.runs),
            (counted(use.models, "version") + " of models", use.models),
            (counted(use.derived, "dataset version") + " derived from it", use.derived),
        )
        if count
    )
    rows = "" if version.rows is None else f"{counted(version.rows, 'row')}, "
    facts = [
        ("used by", used or "nobody yet"),
        ("holds", f"{rows}{size(version.bytes)}"),
        ("purpose", use.purpose or ""),
        ("owner", use.owner or ""),
        ("from", "  ".join(version.parents)),
        ("made by", f"run:{version.run[:12]}" if version.run else ""),
        ("where", version.uri or ""),
        ("recorded", f"{when(version.created_at, now)} by {version.created_by}"),
        ("digest", short_digest(version.digest)),
    ]
    lines: list[Line] = []
    for name, value in facts:
        # words are wrapped; of a path or an address both ends tell most
        shown = one_line(value) if name == "purpose" else cut_middle(value, max(8, width - _FIELD))
        if value:
            lines.extend(hanging(((left(name, _FIELD), Tone.MUTED), (shown, Tone.TEXT)), width))
    if version.columns is None:
        lines.extend(((), (("no table: its columns are not known", Tone.MUTED),)))
        return lines
    return [*lines, (), *_columns(version.columns, width)]


def _columns(columns: Sequence[DataColumn], width: int) -> list[Line]:
    names = min(max((width_of(one_line(column.name)) for column in columns), default=6), max(8, width - 58))
    names = max(names, 6)
    titles = ("DISTINCT", "MIN", "MAX", "MEAN")
    heads = "".join(right(title, 10) for title in titles)
    return [
        ((counted(len(columns), "column"), Tone.HEAD),),
        ((f"{left('COLUMN', names)}  {left('TYPE', 6)}{right('MISSING', 9)}{heads}", Tone.HEAD),),
        *(
            (
                (left(cut_middle(column.name, names), names) + "  ", Tone.TEXT),
                (left(column.type, 6), Tone.MUTED),
                (" " + right(number(column.missing), 8), Tone.WORSE if column.missing else Tone.MUTED),
                ("  " + right("-" if column.distinct is None else number(column.distinct), 8), Tone.MUTED),
                *(("  " + right(_figure(value), 8), Tone.TEXT) for value in _figures(column)),
            )
            for column in columns
        ),
    ]


def _figures(column: DataColumn) -> tuple[int | float | str | None, ...]:
    """The least, the greatest and the mean; whole numbers as such where the column has no others."""
    ends: tuple[int | float | str | None, ...] = (column.min, column.max)
    if column.type == "int":
        ends = tuple(int(end) if isinstance(end, float) and end.is_integer() else end for end in ends)
    return (*ends, column.mean)


def _figure(value: float | str | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and abs(value) < _MANY:
        return number(value)
    return metric(value) if isinstance(value, int | float) else one_line(value)
