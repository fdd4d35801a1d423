"""Whose word about a version counts at a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.queries import decisions as rows
from lineal.queries import gates as gate_rows
from lineal.records.gates import Decision, DecisionVerdict, Opinion
from lineal.records.permissions import Permission
from lineal.records.stages import Check
from lineal.write_path.policy import allowed

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.models import Version
    from lineal.records.stages import Stage


def opinions(connection: sqlite3.Connection, stage: Stage, version: Version) -> list[Opinion]:
    """The latest word of each person about a version, the latest first, and whether it counts.

    An approval counts when it is about the bytes that the version has, by somebody who is not its author and has the
    role now. A rejection counts until the same person approves, or somebody approves later who is an admin there.
    """
    latest: dict[str, Decision] = {}
    for decision in rows.of_version(connection, stage.id, version.id):
        latest.pop(decision.actor.user, None)
        latest[decision.actor.user] = decision
    place = f"{stage.model}@{stage.name}"
    authors = gate_rows.authors(connection, version.id)
    found: list[Opinion] = []
    lifted_by: str | None = None
    for decision in reversed(latest.values()):
        if decision.verdict is DecisionVerdict.APPROVED:
            why = _worthless(connection, decision, version, authors, place)
            if why is None and allowed(connection, decision.actor, Permission.FORCE, place) is None:
                lifted_by = lifted_by or decision.actor.user
        else:
            why = None if lifted_by is None else f"{lifted_by} approved later"
        found.append(Opinion(decision, counts=why is None, why=why))
    return found


def _worthless(
    connection: sqlite3.Connection, decision: Decision, version: Version, authors: frozenset[str], place: str
) -> str | None:
    if decision.digest != version.digest:
        return "it was given for other files"
    if decision.actor.user in authors:
        return "it is their own version"
    if allowed(connection, decision.actor, Permission.APPROVE, place) is not None:
        return "they are no approver now"
    return None


def check(connection: sqlite3.Connection, stage: Stage, wanted: int, version: Version) -> Check:
    """Whether enough people approved of a version, and nobody's rejection stands."""
    found = opinions(connection, stage, version)
    approvers = [each.decision.actor.user for each in found if _is(each, DecisionVerdict.APPROVED)]
    rejections = [each.decision for each in found if _is(each, DecisionVerdict.REJECTED)]
    told = [f"{len(approvers)} of {wanted}" + (f" by {', '.join(approvers)}" if approvers else "")]
    told += [f"rejected by {each.actor.user}" + (f": {each.reason}" if each.reason else "") for each in rejections]
    told += [
        f"{each.decision.actor.user}'s does not count: {each.why}"
        for each in found
        if not each.counts and each.decision.verdict is DecisionVerdict.APPROVED
    ]
    people = "another person" if wanted == 1 else f"{wanted} other people"
    return Check(
        "approvals",
        passed=len(approvers) >= wanted and not rejections,
        wanted=f"approved by {people}",
        saw="; ".join(told),
    )


def _is(opinion: Opinion, verdict: DecisionVerdict) -> bool:
    return opinion.counts and opinion.decision.verdict is verdict
