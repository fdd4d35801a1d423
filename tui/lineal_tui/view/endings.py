"""How versions end, in words: for pages, lists and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.gates import durations
from lineal_tui.view.clean import one_line
from lineal_tui.view.words import deprecated, local_time, utc_time, who

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineal.records.base import Micros
    from lineal.records.endings import Ended, Expired, RetentionRule
    from lineal.records.models import VersionDetail
    from lineal_tui.view.json import Object


def ending(detail: VersionDetail, now: Micros) -> Iterator[tuple[str, str, str]]:
    """(field, value, remark) of how a version ends, or ended."""
    said = detail.deprecation
    if said is not None:
        yield "deprecated", deprecated(said.until, now).removeprefix("deprecated, "), local_time(said.until)
        yield "", one_line(said.reason or ""), f"said by {said.actor}"
        yield "use instead", said.successor or "", ""
    over = detail.retirement
    if over is not None:
        by = who(over.actor, over.claim)
        yield "retired", local_time(over.at), f"by {by}"
        yield "", one_line(over.reason), ""
        yield "use instead", over.successor or "", ""
        if over.purged_at is not None:
            yield "purged", local_time(over.purged_at), f"by {over.purged_by}; digests and sizes are kept"


def keeps(rule: RetentionRule) -> str:
    """What a rule keeps, in words."""
    kept = []
    if rule.keep_last is not None:
        kept.append(f"the newest {rule.keep_last}")
    if rule.keep_younger is not None:
        kept.append(f"what is younger than {durations.text(rule.keep_younger)}")
    if rule.keep_live:
        kept.append("what was ever live")
    return ", ".join(kept)


def json_fields(detail: VersionDetail) -> Object:
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


def json_rule(rule: RetentionRule) -> Object:
    """A rule that says which versions of a model keep their bytes."""
    return {
        "ref": rule.model,
        "keep_last": rule.keep_last,
        "keep_live": rule.keep_live,
        "keep_younger_seconds": rule.keep_younger,
    }


def json_expired(found: Expired) -> Object:
    """A version that no rule keeps."""
    return {"ref": found.ref, "created_at": utc_time(found.created_at), "bytes": found.bytes}


def json_ended(found: Ended) -> Object:
    """What retiring a version did."""
    return {
        "ref": found.ref,
        "reason": found.retirement.reason,
        "successor": found.retirement.successor,
        "freed_bytes": found.freed,
        "files": found.files,
        "shared_bytes": found.shared,
    }
