"""Files side by side: added, removed, moved, changed, and by how many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.diff.rows import by_name, row_of, short, union
from lineal.records.comparison import Change, DiffRow, Section, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.models import Artifact, FileEntry


def file_rows(sides: Sequence[Artifact | None]) -> list[DiffRow]:
    """A row for each path that any version has."""
    found = [{file.path: file for file in side.files} if side else {} for side in sides]
    rows = []
    for path in union(found):
        files = [each.get(path) for each in found]
        changes = [_change(files[0], other, found[0], each) for other, each in zip(files[1:], found[1:], strict=True)]
        values = [f"{short(file.digest)} {file.size:,} bytes" if file else None for file in files]
        rows.append(row_of(Section.FILE, path, values, changes, unit="bytes"))
    return by_name(rows)


def _change(
    first: FileEntry | None, other: FileEntry | None, before: Mapping[str, FileEntry], after: Mapping[str, FileEntry]
) -> Change:
    if first is None and other is None:
        return Change(Verdict.SAME)
    if first is None and other is not None:
        origin = _elsewhere(other, before, after)
        return Change(Verdict.ADDED, note=f"was {origin}" if origin is not None else None)
    if other is None and first is not None:
        target = _elsewhere(first, after, before)
        return Change(Verdict.REMOVED, note=f"now {target}" if target is not None else None)
    if first is None or other is None or first.digest == other.digest:
        return Change(Verdict.SAME, 0.0)
    return Change(Verdict.CHANGED, float(other.size - first.size))


def _elsewhere(file: FileEntry, there: Mapping[str, FileEntry], here: Mapping[str, FileEntry]) -> str | None:
    """The one path under which the same bytes lie there, and not here."""
    if not file.size:
        return None
    paths = [path for path, each in there.items() if each.digest == file.digest and path not in here]
    return paths[0] if len(paths) == 1 else None
