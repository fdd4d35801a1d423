"""How versions end, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from lineal.records.endings import Ended, Expired, RetentionRule
    from lineal.records.models import VersionDetail
    from lineal_tui.view.as_json.values import Object


def fields(detail: VersionDetail) -> Object:
    """`deprecated` and `retired` of a version, null where it is neither."""
    said, over = detail.deprecation, detail.retirement
    return {
        "deprecated": None
        if said is None
        else {
            "until": utc_time(said.until),
            "reason": said.reason,
            "successor": said.successor,
            "at": utc_time(said.at),
            "actor": said.actor,
        },
        "retired": None
        if over is None
        else {
            "at": utc_time(over.at),
            "actor": over.actor,
            "claim": over.claim,
            "reason": over.reason,
            "successor": over.successor,
            "purged_at": None if over.purged_at is None else utc_time(over.purged_at),
            "purged_by": over.purged_by,
        },
    }


def rule(rule: RetentionRule) -> Object:
    """A rule that says which versions of a model keep their bytes."""
    return {
        "ref": rule.model,
        "keep_last": rule.keep_last,
        "keep_live": rule.keep_live,
        "keep_younger_seconds": rule.keep_younger,
    }


def expired(found: Expired) -> Object:
    """A version that no rule keeps."""
    return {"ref": found.ref, "created_at": utc_time(found.created_at), "bytes": found.bytes}


def ended(found: Ended) -> Object:
    """What retiring a version did."""
    return {
        "ref": found.ref,
        "reason": found.retirement.reason,
        "successor": found.retirement.successor,
        "freed_bytes": found.freed,
        "files": found.files,
        "shared_bytes": found.shared,
    }
