"""People's words: approving and rejecting versions, reviewing what was forced, and what waits for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.errors import Ambiguous, BadAddress, NotFound, OutOfDate, Refused
from lineal.gates import approvals
from lineal.queries import decisions as rows
from lineal.queries import gates as gate_rows
from lineal.queries import stages as stage_rows
from lineal.records.gates import DecisionVerdict, Inbox, Review, WaitingVersion
from lineal.records.stages import Action
from lineal.rules import naming
from lineal.staging.transitions import checks
from lineal.write_path.policy import Permission, allowed

if TYPE_CHECKING:
    import sqlite3

    from lineal.records.gates import Decision
    from lineal.records.models import Version
    from lineal.records.stages import Stage, Transition
    from lineal.write_path.context import Context

_LOOKED_AT = 20
"""Versions of a stage that the inbox weighs, the latest first."""
_MOST_WEIGHED = 500
"""Versions that it weighs in all."""

_EVENTS = {DecisionVerdict.APPROVED: "version_approved", DecisionVerdict.REJECTED: "version_rejected"}


def decide(
    context: Context,
    address: str,
    stage_name: str,
    verdict: DecisionVerdict,
    *,
    reason: str | None = None,
    expect: str | None = None,
) -> Decision:
    """Approve or reject a version for a stage; it takes the place of what the same person said before.

    Args:
        context: the registry.
        address: of the version.
        stage_name: the stage.
        verdict: which.
        reason: why.
        expect: digest of the files that were looked at; None to take the version as it is.

    Raises:
        NotFound: there is no such version or stage.
        NotPermitted: the actor is no approver there.
        Refused: it is the actor's own version.
        OutOfDate: the version has other files than `expect`.
    """
    if reason is not None:
        naming.check_text("reason", reason)
    with context.read() as connection:
        model = addresses.version(connection, address).model
    stage_name = addresses.stage_name(model, stage_name)
    place = f"{model}@{stage_name}"
    with context.change(Permission.APPROVE, place) as change:
        connection = change.connection
        version = addresses.version(connection, address)
        _, stage = addresses.stage(connection, version.model, stage_name)
        if expect is not None and expect != version.digest:
            raise OutOfDate(
                ref=version.ref, now=version.digest or "nothing", then=expect, hint="look again, then decide"
            )
        what = f"{'approving' if verdict is DecisionVerdict.APPROVED else 'rejecting'} {version.ref}"
        if change.actor.user in gate_rows.authors(connection, version.id):
            raise Refused(
                what=what,
                why=f"it is {change.actor.user}'s own version, and nobody decides about their own",
                hint=f"somebody else decides; `lineal mark {version.ref} --bad` takes it out of use",
            )
        number = rows.insert(connection, stage.id, version.id, version.digest, verdict, reason, change.actor, change.at)
        change.record(
            _EVENTS[verdict], version.ref, stage=stage.name, uid=version.uid, digest=version.digest, reason=reason
        )
        return next(each for each in rows.of_version(connection, stage.id, version.id) if each.id == number)


def decisions(context: Context, address: str, stage_name: str) -> list[Decision]:
    """Everything that was decided about a version at a stage, the latest first.

    Raises:
        NotFound: there is no such version or stage.
    """
    with context.read() as connection:
        version = addresses.version(connection, address)
        _, stage = addresses.stage(connection, version.model, addresses.stage_name(version.model, stage_name))
        return rows.of_version(connection, stage.id, version.id)[::-1]


def review(context: Context, address: str, *, reason: str | None = None) -> Review:
    """Say of a forced transition that somebody else has looked at it.

    Args:
        context: the registry.
        address: `MODEL@STAGE#N` with its number in the stage's history; `N` where only one stage has such a one.
        reason: what was found.

    Raises:
        NotFound: there is no such transition.
        Ambiguous: more than one stage has a forced transition of this number.
        NotPermitted: the actor is no admin there.
        Refused: it was not forced, was reviewed already, or was forced by the actor.
    """
    if reason is not None:
        naming.check_text("reason", reason)
    with context.read() as connection:
        found = _transition(connection, address)
    place = f"{found.model}@{found.stage}"
    name = f"{place}#{found.seq}"
    with context.change(Permission.REVIEW, place) as change:
        known = stage_rows.transition(change.connection, found.id)
        if known is None or not known.forced:
            raise Refused(what=f"reviewing {name}", why="it was not forced")
        if known.reviewed_by is not None:
            raise Refused(what=f"reviewing {name}", why=f"{known.reviewed_by} reviewed it already")
        if known.actor == change.actor.user:
            raise Refused(what=f"reviewing {name}", why=f"{known.actor} forced it; somebody else looks at it")
        rows.insert_review(change.connection, known.id, reason, change.actor, change.at)
        change.record("reviewed", place, seq=known.seq, version=known.to_label, reason=reason)
        return Review(known, change.actor, reason, change.at)


def _transition(connection: sqlite3.Connection, text: str) -> Transition:
    place, sign, digits = text.rpartition("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18) or (sign and not place):
        raise BadAddress(
            text=text,
            why="a transition is its number in the history",
            hint="such as fraud@production#12; `lineal inbox` lists those that wait, `lineal history` all of them",
        )
    seq = int(digits)
    if place:
        ref = addresses.stage_ref(place)
        _, stage = addresses.stage(connection, ref.model, ref.stage)
        found = rows.by_seq(connection, stage.id, seq)
        if found is None:
            raise NotFound(kind="transition", name=text, hint=f"see `lineal history {place}`")
        return found
    waiting = rows.unreviewed(connection, seq=seq)
    if not waiting:
        raise NotFound(kind="forced transition", name=text, where=" that waits for review", hint="see `lineal inbox`")
    if len(waiting) > 1:
        names = ", ".join(f"{each.model}@{each.stage}#{each.seq}" for each in waiting)
        raise Ambiguous(text=text, kind="forced transition", candidates=names, hint="name the stage, too")
    return waiting[0]


def inbox(context: Context) -> Inbox:
    """What waits for the actor: versions to approve, forced transitions to review.

    A version waits when it is active, was registered after what is live, passes everything else that the stage
    demands, and the actor may approve of it and has not said anything yet.
    """
    with context.read() as connection:
        forced = [
            each
            for each in rows.unreviewed(connection)
            if each.actor != context.actor.user
            and allowed(connection, context.actor, Permission.REVIEW, f"{each.model}@{each.stage}") is None
        ]
        waiting: list[WaitingVersion] = []
        room = _MOST_WEIGHED
        for number in gate_rows.gated_stages(connection, approvals=True):
            stage = stage_rows.stage_by_id(connection, number)
            if allowed(connection, context.actor, Permission.APPROVE, f"{stage.model}@{stage.name}") is None:
                found, weighed = _waiting(context, connection, stage, room)
                waiting += found
                room -= weighed
            if room <= 0:
                break
    waiting.sort(key=lambda each: each.version.created_at, reverse=True)
    return Inbox(tuple(waiting), tuple(forced))


def _waiting(
    context: Context, connection: sqlite3.Connection, stage: Stage, most: int
) -> tuple[list[WaitingVersion], int]:
    """What waits at a stage, and how many versions were weighed for it."""
    candidates = rows.waiting(connection, stage.id, min(_LOOKED_AT, most))
    decided = rows.decided_by(connection, stage.id, candidates, context.actor.user)
    live = stage_rows.live(connection, stage.id)
    found = []
    for number in candidates:
        if number in decided or context.actor.user in gate_rows.authors(connection, number):
            continue
        version = addresses.must_have(connection, number)
        if not _lacks_only_approvals(context, connection, stage, version, live):
            continue
        wanted = gate_rows.gates_of(connection, stage.id).approvals
        got = sum(
            each.counts and each.decision.verdict is DecisionVerdict.APPROVED
            for each in approvals.opinions(connection, stage, version)
        )
        found.append(WaitingVersion(version, stage.name, None if live is None else live.to_label, wanted, got))
    return found, len(candidates)


def _lacks_only_approvals(
    context: Context, connection: sqlite3.Connection, stage: Stage, version: Version, live: Transition | None
) -> bool:
    answers = checks(connection, stage, version, action=Action.PROMOTE, live=live, clock=context.clock)
    return [each.name for each in answers if not each.passed] == ["approvals"]
