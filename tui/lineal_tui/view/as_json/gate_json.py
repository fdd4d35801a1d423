"""Gates, decisions and what waits for somebody as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal_tui.view.as_json.json import transition
from lineal_tui.view.drawing.words import utc_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lineal.records.gates import Assessment, Decision, Gates, Inbox, Review, WaitingVersion
    from lineal.records.policies import PolicyChange
    from lineal.records.stages import Check
    from lineal_tui.view.as_json.values import Json, Object


def gates(found: Gates) -> Object:
    """What a stage demands; `soak` in seconds."""
    return {
        "gates": list(found.expressions),
        "require": list(found.require),
        "after": found.after,
        "soak": found.soak,
        "approvals": found.approvals,
        "no_pickle": found.no_pickle,
    }


def checks(found: Iterable[Check]) -> Json:
    """Checks with what they wanted and saw."""
    return [{"name": check.name, "passed": check.passed, "wanted": check.wanted, "saw": check.saw} for check in found]


def decision(found: Decision) -> Object:
    """A person's word."""
    return {
        "ref": found.ref,
        "stage": found.stage,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "actor": found.actor.user,
        "uid": found.actor.uid,
        "claim": found.actor.claim,
        "at": utc_time(found.at),
        "digest": found.digest,
    }


def assessment(found: Assessment) -> Object:
    """How a version stands before a stage."""
    return {
        "ref": found.version.ref,
        "stage": found.stage,
        "passed": found.passed,
        "checks": checks(found.checks),
        "decisions": [{**decision(each.decision), "counts": each.counts, "why": each.why} for each in found.opinions],
    }


def review(found: Review) -> Object:
    """What was said of a forced transition."""
    return {
        **transition(found.transition),
        "reviewed_by": found.actor.user,
        "reviewed_at": utc_time(found.at),
        "reason": found.reason,
    }


def inbox(found: Inbox) -> list[Json]:
    """What waits, each with its kind: `approval` or `review`."""
    return [
        *(_waiting(each) for each in found.versions),
        *({"kind": "review", **transition(each)} for each in found.forced),
    ]


def _waiting(found: WaitingVersion) -> Object:
    version = found.version
    return {
        "kind": "approval",
        "ref": version.ref,
        "model": version.model,
        "stage": found.stage,
        "live": found.live,
        "wanted": found.wanted,
        "got": found.got,
        "digest": version.digest,
        "created_at": utc_time(version.created_at),
        "created_by": version.created_by,
    }


def policy_change(found: PolicyChange) -> Object:
    """One thing that a policy changes; null is nothing."""
    return {
        "ref": found.ref,
        "field": found.field,
        "from": found.before,
        "to": found.after,
        "applied": found.remark is None,
        "remark": found.remark,
    }
