"""Datasets side by side: other labels and bytes, more or fewer rows, another schema, another profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.diff.rows import Cell, change_of, counted, natural, plain, row, row_of, union
from lineal.records.comparison import Change, DiffRow, Kind, Section, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lineal.records.base import Scalar
    from lineal.records.data import Column, DatasetVersion
    from lineal.records.runs import RunData

_PROFILE: tuple[tuple[str, Callable[[Column], Scalar]], ...] = (
    ("missing", lambda column: column.missing),
    ("distinct", lambda column: column.distinct),
    ("min", lambda column: column.min),
    ("max", lambda column: column.max),
    ("mean", lambda column: column.mean),
)


def dataset_rows(sides: Sequence[Sequence[RunData]], known: Mapping[tuple[str, str], DatasetVersion]) -> list[DiffRow]:
    """Each dataset in each role, and below it what is known of its versions."""
    found: list[dict[str, list[RunData]]] = []
    for side in sides:
        fields: dict[str, list[RunData]] = {}
        for data in side:
            fields.setdefault(f"{data.name} ({data.role})", []).append(data)
        found.append(fields)
    rows = []
    for field in sorted(union(found), key=natural):
        used = [fields.get(field, []) for fields in found]
        changes = [_change(used[0], other) for other in used[1:]]
        cells = [_cell(data) for data in used]
        rows.append(row_of(Section.DATASET, field, [cell.value if cell else None for cell in cells], changes))
        if any(change.verdict is not Verdict.SAME for change in changes):
            rows += _known_rows(field, [[known.get((one.name, one.label)) for one in data] for data in used])
    return rows


def _cell(data: Sequence[RunData]) -> Cell | None:
    ordered = sorted((one.label, one.digest) for one in data)
    return Cell(tuple(ordered), ", ".join(label for label, _ in ordered)) if data else None


def _change(first: Sequence[RunData], other: Sequence[RunData]) -> Change:
    one, another = _cell(first), _cell(other)
    change = change_of(one, another)
    if one is None or another is None or change.verdict is Verdict.SAME:
        return change
    same_bytes = {data.digest for data in first} == {data.digest for data in other}
    note = "same bytes" if same_bytes else "other bytes under the same label" if one.value == another.value else None
    return Change(Verdict.CHANGED, note=note)


def _known_rows(field: str, sides: Sequence[Sequence[DatasetVersion | None]]) -> list[DiffRow]:
    rows = [
        row(Section.DATASET, f"{field} {name}", cells, unit=unit)
        for name, cells, unit in (
            ("rows", [_sum([one.rows if one else None for one in side]) for side in sides], None),
            ("bytes", [_sum([one.bytes if one else None for one in side]) for side in sides], "bytes"),
        )
        if any(cells)
    ]
    # Several versions in one role have no schema in common that could be held against another.
    columns = [side[0].columns if len(side) == 1 and side[0] is not None else None for side in sides]
    if sum(each is not None for each in columns) > 1:
        rows += _schema_rows(field, columns)
    return rows


def _sum(counts: Sequence[int | None]) -> Cell | None:
    told = [count for count in counts if count is not None]
    return plain(sum(told)) if told and len(told) == len(counts) else None


def _schema_rows(field: str, sides: Sequence[Sequence[Column] | None]) -> list[DiffRow]:
    found = [None if side is None else {column.name: column for column in side} for side in sides]
    names = union([each for each in found if each is not None])
    sums = f"{field} columns"
    schema: list[DiffRow] = []
    profile: list[DiffRow] = []
    for name in names:
        columns = [None if each is None else each.get(name) for each in found]
        if all(column == columns[0] for column in columns):
            continue
        types = _told(f"{field} column {name}", columns, found, lambda column: column.type, _retyped)
        if types.verdict is not Verdict.SAME:
            schema.append(types)
        for what, read in _PROFILE:
            told = _told(f"{field} column {name} {what}", columns, found, read, None, under=sums)
            # What the profile of a column was that came or went is no change of a profile.
            if any(
                columns[0] is not None and column is not None and change.verdict is not Verdict.SAME
                for column, change in zip(columns[1:], told.changes, strict=True)
            ):
                profile.append(told)
    counts = [plain(len(each)) if each is not None else None for each in found]
    changes = [
        _summed(change_of(counts[0], counts[place]), [each.changes[place - 1] for each in schema], profile, place)
        for place in range(1, len(sides))
    ]
    summed = row_of(Section.DATASET, sums, [cell.value if cell else None for cell in counts], changes)
    return [summed, *schema, *profile]


def _told(
    field: str,
    columns: Sequence[Column | None],
    found: Sequence[object | None],
    read: Callable[[Column], Scalar],
    judge: Callable[[Cell, Cell], Change] | None,
    *,
    under: str | None = None,
) -> DiffRow:
    cells = [plain(read(column)) if column is not None else None for column in columns]
    made = row(Section.DATASET, field, cells, judge, under=under)
    if None not in found:
        return made
    # Of a side whose schema is not known nothing can be said to have been added or removed.
    unknown = Change(Verdict.SAME)
    changes = [
        change if found[0] is not None and found[place] is not None else unknown
        for place, change in enumerate(made.changes, 1)
    ]
    return row_of(Section.DATASET, field, made.values, changes, under=under)


def _retyped(_first: Cell, _other: Cell) -> Change:
    return Change(Verdict.CHANGED, kind=Kind.RETYPED)


def _summed(counts: Change, schema: Sequence[Change], profile: Sequence[DiffRow], place: int) -> Change:
    if counts.verdict in (Verdict.ADDED, Verdict.REMOVED):
        return counts
    profiles = {
        each.field.rpartition(" ")[0] for each in profile if each.changes[place - 1].verdict is not Verdict.SAME
    }
    note = counted(
        (
            (sum(each.verdict is Verdict.ADDED for each in schema), "added"),
            (sum(each.verdict is Verdict.REMOVED for each in schema), "removed"),
            (sum(each.kind is Kind.RETYPED for each in schema), "retyped"),
            (len(profiles), "with another profile"),
        )
    )
    return Change(Verdict.CHANGED, counts.delta, None, note) if note else counts
