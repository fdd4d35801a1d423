"""A difference as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.records.comparison import Section
from lineal_tui.view.as_json.values import scalar

if TYPE_CHECKING:
    from lineal.records.comparison import CodeBetween, Commit, Diff
    from lineal_tui.view.as_json.values import Json, Object


def diff_object(found: Diff) -> Object:
    """Things side by side, with what is equal; a row's `changes` has one entry for each version after the first."""
    rows: list[Json] = []
    for row in found.rows:
        made: Object = {
            "section": row.section.value,
            "field": row.field,
            "values": [scalar(value) for value in row.values],
            "delta": scalar(row.delta),
            "verdict": row.verdict.value,
            "note": row.note,
            "kind": None if row.kind is None else row.kind.value,
            "unit": row.unit,
            "under": row.under,
            "changes": [
                {
                    "delta": scalar(change.delta),
                    "verdict": change.verdict.value,
                    "kind": None if change.kind is None else change.kind.value,
                    "note": change.note,
                }
                for change in row.changes
            ],
        }
        if found.code and row.section is Section.CODE and row.field == "commit":
            made["between"] = [None if between is None else _between(between) for between in found.code]
        rows.append(made)
    return {"versions": list(found.versions), "rows": rows}


def _between(found: CodeBetween) -> Object:
    return {
        "repository": found.repository,
        "missing": found.missing,
        "shallow": found.shallow,
        "ahead": found.ahead_count,
        "behind": found.behind_count,
        "ahead_commits": [_commit(each) for each in found.ahead],
        "behind_commits": [_commit(each) for each in found.behind],
        "files": [{"path": each.path, "added": each.added, "removed": each.removed} for each in found.files],
        "patch": found.patch,
        "patch_cut": found.patch_cut,
        "uncommitted": list(found.uncommitted),
        "uncommitted_cut": found.uncommitted_cut,
    }


def _commit(commit: Commit) -> Object:
    return {"id": commit.id, "at": commit.at, "author": commit.author, "subject": commit.subject}
