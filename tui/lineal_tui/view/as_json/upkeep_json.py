"""What keeping a registry in order found, mended or made, as JSON: checks, repairs, collections, backups, imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineal.records.auditing import Verdict
    from lineal.records.imports import Imported
    from lineal.records.upkeep import BackedUp, Collected, Finding, Leftover, Restored
    from lineal.upkeep.doctor import Mended
    from lineal_tui.view.as_json.values import Object


def finding(found: Finding) -> Object:
    """One thing that is not as it must be."""
    return {"kind": found.kind, "ref": found.ref, "path": found.path, "problem": found.problem, "repair": found.repair}


def mended(found: Mended) -> Object:
    """A finding, and what was done about it."""
    return {**finding(found.finding), "done": found.done}


def verdict(found: Verdict) -> Object:
    """What checking the audit log found."""
    return {
        "checked": found.checked,
        "first": found.first,
        "head": found.head,
        "broken_at": found.broken_at,
        "breach": found.breach,
        "why": found.why,
        "anchors": found.anchors,
        "findings": [finding(each) for each in found.findings],
    }


def leftover(found: Leftover) -> Object:
    """A file in the store that nothing refers to."""
    digest = found.name if found.name.startswith("sha256:") else None
    return {"ref": digest, "path": found.path, "bytes": found.bytes, "why": found.why}


def collected(found: Collected) -> Object:
    """What a collection removed, or would."""
    return {
        "dry_run": found.is_dry,
        "bytes": found.bytes,
        "removed": [leftover(each) for each in found.removed],
        "in_use": [leftover(each) for each in found.in_use],
        "unknown": [leftover(each) for each in found.unknown],
    }


def backed_up(made: BackedUp) -> Object:
    """A backup."""
    return {
        "path": made.path,
        "bytes": made.bytes,
        "objects": made.objects,
        "versions": made.versions,
        "head": made.head,
    }


def restored(made: Restored) -> Object:
    """A registry that was made from a backup."""
    return {
        "path": made.path,
        "versions": made.versions,
        "objects": made.objects,
        "missing": made.missing,
        "missing_bytes": made.missing_bytes,
    }


def imported(made: Imported) -> Object:
    """What an import from another program's store did."""
    return {
        "source": made.store.path,
        "program": made.store.program,
        "schema": made.store.schema,
        "uid": made.store.uid,
        "counts": [
            {"kind": count.kind, "found": count.found, "added": count.added, "updated": count.updated}
            for count in made.counts
        ],
        "remarks": [
            {"kind": remark.kind, "name": remark.name, "problem": remark.problem, "lost": remark.is_lost}
            for remark in made.remarks
        ],
    }
