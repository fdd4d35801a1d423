"""Going past gates: who may, what is said of it, and another person's review."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.errors import BadValue, NotFound, OutOfDate, Refused, UsageError
from lineal.records.base import Actor
from lineal.records.models import VersionStatus
from lineal.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Script, Served
    from tests.core.gated import PLACE
else:
    from gated import PLACE


def person(registry: Registry, name: str, uid: int = 4_000) -> Registry:
    """The same registry as somebody else uses it."""
    return Registry(replace(registry.context, actor=Actor(name, uid)))


_DIES = """
import os, signal, sys
from lineal.staging import layout
from lineal.registry import open_registry
def switched(directory, name, switch=layout.switch):
    switch(directory, name)
    os.kill(os.getpid(), signal.SIGKILL)
layout.switch = switched
open_registry(sys.argv[1]).promote("m:2", "production", force=True, reason="fire")
"""


def test_a_forced_promotion_whose_process_was_killed_is_recorded_as_forced(served: Served, script: Script) -> None:
    registry = served.registry
    registry.promote("m:1", "production")
    registry.set_gates(served.place, require=("owner",))
    assert script(_DIES, registry.root).wait(30) == -9
    registry.repair()
    taken_back = registry.history("m", "production")[0]
    assert (taken_back.outcome.value, taken_back.is_alarming) == ("reverted", True)
    assert registry.model("m").forced == ()
    assert [each.seq for each in person(registry, "ben").inbox().forced] == [2]
    event = next(each for each in registry.events() if each.action == "promote_reverted")
    assert event.data["overrode"] == ["owner: wanted owner, saw missing"]


def test_forcing_goes_past_gates_says_why_and_stays_marked(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",), approvals=1)
    with pytest.raises(BadValue, match="says why"):
        stocked.promote("m:2", "production", force=True)
    made = stocked.promote("m:2", "production", force=True, reason="the old one is on fire")
    assert made is not None
    assert (made.forced, made.reviewed_by, made.is_alarming) == (True, None, True)
    event = stocked.events()[0]
    assert event.data["forced"] is True
    assert event.data["overrode"] == [
        "gate: wanted metrics.auc > 2, saw metrics.auc 0.91",
        "approvals: wanted approved by another person, saw 0 of 1",
    ]
    assert stocked.version("m:2").forced == ("production",)
    assert stocked.model("m").forced == ("production",)


def test_forcing_what_nothing_stands_against_is_no_forcing(stocked: Registry) -> None:
    made = stocked.promote("m:2", "production", force=True)
    assert made is not None
    assert not made.forced


def test_nobody_forces_what_is_bad_or_damaged(stocked: Registry) -> None:
    stocked.mark("m:2", VersionStatus.BAD)
    with pytest.raises(Refused, match="status is bad"):
        stocked.promote("m:2", "production", force=True, reason="please")


def test_a_forced_promotion_stays_marked_until_another_person_reviews_it(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    stocked.promote("m:2", "production", force=True, reason="fire")
    with pytest.raises(Refused, match="somebody else looks at it"):
        stocked.review(f"{PLACE}#2")
    ben = person(stocked, "ben")
    assert [each.seq for each in ben.inbox().forced] == [2]
    assert stocked.inbox().forced == ()
    review = ben.review("2", reason="right so")
    assert (review.actor.user, review.reason) == ("ben", "right so")
    live = stocked.live(PLACE).transition
    assert (live.forced, live.reviewed_by, live.is_alarming) == (True, "ben", False)
    assert live.review_reason == "right so"
    assert stocked.version("m:2").forced == ()
    assert ben.inbox().count == 0
    with pytest.raises(Refused, match="ben reviewed it already"):
        person(stocked, "cy").review(f"{PLACE}#2")
    with pytest.raises(Refused, match="it was not forced"):
        ben.review(f"{PLACE}#1")
    assert stocked.events()[0].action == "reviewed"


def test_a_version_that_was_forced_in_stays_marked_when_a_rollback_leads_back_to_it(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    stocked.promote("m:2", "production", force=True, reason="fire")
    stocked.set_gates(PLACE, expressions=())
    stocked.promote("m:4", "production")
    assert stocked.model("m").forced == ()
    stocked.rollback(PLACE)
    assert stocked.model("m").forced == ("production",)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("m@production#9", NotFound),
        ("9", NotFound),
        ("m@production", UsageError),
        ("#2", UsageError),
        ("m#2", UsageError),
        ("x@y#1", NotFound),
    ],
)
def test_a_transition_that_is_none_is_told(stocked: Registry, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        stocked.review(text)


def test_the_database_keeps_reviews_to_forced_transitions_of_others(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    stocked.promote("m:2", "production", force=True, reason="fire")
    user = stocked.actor.user
    for transition, actor in ((1, "ben"), (2, user)):
        with pytest.raises(sqlite3.IntegrityError, match="by another person"):
            sql("INSERT INTO reviews VALUES (?, NULL, ?, 1, NULL, 1)", transition, actor)


@pytest.mark.parametrize(
    ("trigger", "statement", "told"),
    [
        ("decisions_no_update", "UPDATE decisions SET actor = 'cy'", "no event tells that cy approved it so"),
        (None, "INSERT INTO decisions VALUES (9, 2, 2, NULL, 'approved', NULL, 'cy', 1, NULL, 1)", "no event tells"),
        ("transitions_no_update", "UPDATE transitions SET forced = 0", "the history disagrees"),
        ("reviews_no_update", "UPDATE reviews SET actor = 'dan'", "transition 2 was reviewed so"),
        (None, "UPDATE stage_gates SET approvals = 0", "is not what the log tells"),
        (None, "DELETE FROM gate_expressions", "is not what the log tells"),
        ("transitions_no_update", "UPDATE transitions SET actor = 'cy' WHERE forced", "is not what event"),
        ("versions_fixed", "UPDATE versions SET created_by = 'cy' WHERE id = 2", "that it was registered so"),
        (
            None,
            "INSERT INTO role_bindings (subject, role, granted_at, granted_by) VALUES ('cy', 'viewer', 1, 'cy')",
            "cy was made viewer",
        ),
        (None, "UPDATE role_bindings SET role = 'admin' WHERE subject = 'daemon'", "daemon was made admin"),
        (None, "DELETE FROM role_bindings WHERE subject = 'daemon'", "that daemon is deployer, and they are not"),
    ],
)
def test_the_log_tells_of_words_gates_force_people_and_roles_that_were_forged(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]], trigger: str | None, statement: str, told: str
) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",), approvals=1)
    ben = person(stocked, "ben")
    ben.approve("m:2", "production")
    stocked.promote("m:2", "production", force=True, reason="fire")
    ben.review(f"{PLACE}#2")
    stocked.grant(stocked.actor.user, "admin")
    for role in ("viewer", "approver", "deployer"):
        stocked.grant("daemon", role, model="m")
    stocked.grant("daemon", "viewer")
    stocked.revoke("daemon", "viewer")
    assert stocked.verify_events().findings == ()
    if trigger is not None:
        sql(f"DROP TRIGGER {trigger}")
    sql(statement)
    assert any(told in finding.problem for finding in stocked.verify_events().findings)


def test_what_was_looked_at_is_what_is_promoted(stocked: Registry) -> None:
    plan = stocked.plan_promote("m:4", "production")
    stocked.promote("m:2", "production")
    with pytest.raises(OutOfDate):
        stocked.execute(plan, force=True)
