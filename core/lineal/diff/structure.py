"""Architectures side by side: parameters, signature, and of tensors what was added, removed, reshaped, refilled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.diff.nested import opened_rows
from lineal.diff.rows import Cell, by_name, change_of, counted, plain, row_of, rows_that_exist, short, union
from lineal.records.comparison import Change, DiffRow, Kind, Section, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.base import Scalar
    from lineal.records.models import Architecture, Tensor, VersionDetail

TENSORS = "tensors"
"""The field that sums up tensors."""


def architecture_rows(details: Sequence[VersionDetail]) -> list[DiffRow]:
    """What is known of the structure of versions."""
    sides = [detail.architecture for detail in details]
    fields: list[tuple[str, Sequence[Cell | None]]] = [
        ("kind", [plain(side.kind) if side else None for side in sides]),
        ("parameters", [plain(side.parameters) if side else None for side in sides]),
        ("structure", [Cell(side.digest, short(side.digest)) if side else None for side in sides]),
    ]
    signatures: list[dict[str, Scalar]] = [
        {f"signature {name}": _as_text(value) for name, value in (detail.signature or {}).items()} for detail in details
    ]
    metadata: list[dict[str, Scalar]] = [
        {f"metadata {name}": value for name, value in (side.metadata if side else {}).items()} for side in sides
    ]
    return [
        *rows_that_exist(Section.ARCHITECTURE, fields),
        *_tensor_rows(sides),
        *opened_rows(Section.ARCHITECTURE, signatures),
        *opened_rows(Section.ARCHITECTURE, metadata),
    ]


def _as_text(value: object) -> Scalar:
    if isinstance(value, str | int | float | bool | None):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _tensor_rows(sides: Sequence[Architecture | None]) -> list[DiffRow]:
    found = [{tensor.name: tensor for tensor in side.tensors} if side else {} for side in sides]
    names = union(found)
    if not names:
        return []
    rows = []
    for name in names:
        tensors = [side.get(name) for side in found]
        first = tensors[0]
        changes = [_change(first, other) for other in tensors[1:]]
        # A large model has thousands that are alike; the row of all tensors counts those.
        if all(change.verdict is Verdict.SAME for change in changes):
            continue
        refilled = all(change.verdict is Verdict.SAME or change.kind is Kind.VALUES for change in changes)
        values = [f"{tensor.dtype} {list(tensor.shape)}" if tensor else None for tensor in tensors]
        rows.append(
            row_of(Section.ARCHITECTURE, f"tensor {name}", values, changes, under=TENSORS if refilled else None)
        )
    counts = [plain(len(tensors)) if tensors else None for tensors in found]
    changes = [
        _summed(change_of(counts[0], counts[place]), [each.changes[place - 1] for each in rows], len(names))
        for place in range(1, len(sides))
    ]
    summed = row_of(Section.ARCHITECTURE, TENSORS, [cell.value if cell else None for cell in counts], changes)
    return [summed, *by_name(rows)]


def _change(first: Tensor | None, other: Tensor | None) -> Change:
    if first is None or other is None:
        if first is other:
            return Change(Verdict.SAME)
        return Change(Verdict.ADDED if first is None else Verdict.REMOVED)
    if first.shape != other.shape:
        note = None if first.dtype == other.dtype else f"{Kind.RESHAPED.value} and {Kind.RETYPED.value}"
        return Change(Verdict.CHANGED, kind=Kind.RESHAPED, note=note)
    if first.dtype != other.dtype:
        return Change(Verdict.CHANGED, kind=Kind.RETYPED)
    if first.digest is None or other.digest is None or first.digest == other.digest:
        return Change(Verdict.SAME)
    return Change(Verdict.CHANGED, kind=Kind.VALUES)


def _summed(counts: Change, tensors: Sequence[Change], total: int) -> Change:
    if counts.verdict in (Verdict.ADDED, Verdict.REMOVED):
        return counts
    note = counted(
        (
            (sum(each.verdict is Verdict.ADDED for each in tensors), "added"),
            (sum(each.verdict is Verdict.REMOVED for each in tensors), "removed"),
            *(
                (sum(each.kind is kind for each in tensors), kind.value)
                for kind in (Kind.RESHAPED, Kind.RETYPED, Kind.VALUES)
            ),
        )
    )
    return Change(Verdict.CHANGED, counts.delta, None, f"{note}, of {total:,}") if note else counts
