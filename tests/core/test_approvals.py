"""Approvals and rejections: whose word counts, about which bytes, and until when."""

from __future__ import annotations

import io
import shutil
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.errors import GatesFailed, NotFound, NotPermitted, OutOfDate, Refused
from lineal.queries import roles as role_rows
from lineal.records.base import Actor, Micros
from lineal.records.gates import DecisionVerdict
from lineal.records.permissions import Permission, Role
from lineal.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Served, Weights

    from lineal.records.stages import Check

PLACE = "m@production"


@pytest.fixture
def stocked(registry: Registry, weights: Weights) -> Registry:
    """A model `m` with versions 1 to 3, one of them live at production, which demands an approval."""
    for value in (1.0, 2.0, 3.0):
        registry.register("m", weights(value), scheme="sequence")
    registry.promote("m:1", "production")
    registry.set_gates(PLACE, approvals=1)
    return registry


def person(registry: Registry, name: str, uid: int = 4_000, claim: str | None = None) -> Registry:
    """The same registry as somebody else uses it."""
    return Registry(replace(registry.context, actor=Actor(name, uid, claim)))


def bind(registry: Registry, name: str, role: Role, stage: str | None = None) -> None:
    """Give somebody a role who need not be a user of this machine."""
    with registry.context.change(Permission.GRANT, "m") as change:
        numbers = change.connection.execute(
            "SELECT s.model_id, s.id FROM stages s WHERE s.name = ?", (stage or "production",)
        ).fetchone()
        model, place = (numbers[0], numbers[1]) if stage is not None else (None, None)
        role_rows.bind(change.connection, name, role, model, place, at=Micros(1), by="root")
        change.record("role_granted", "m", subject=name)


def _check(registry: Registry, ref: str = "m:2") -> Check:
    return next(each for each in registry.plan_promote(ref, "production").checks if each.name == "approvals")


def test_a_version_waits_for_another_persons_word(stocked: Registry) -> None:
    check = _check(stocked)
    assert (check.passed, check.wanted, check.saw) == (False, "approved by another person", "0 of 1")
    with pytest.raises(GatesFailed) as caught:
        stocked.promote("m:2", "production")
    assert caught.value.hint == "ask for `lineal approve m:2 --for production`"
    made = person(stocked, "ben").approve("m:2", "production", reason="looked at it")
    assert (made.verdict, made.actor.user, made.reason) == (DecisionVerdict.APPROVED, "ben", "looked at it")
    assert made.digest == stocked.version("m:2").digest
    assert _check(stocked).saw == "1 of 1 by ben"
    assert stocked.promote("m:2", "production") is not None


def test_nobody_decides_about_their_own_version(stocked: Registry) -> None:
    for decide in (stocked.approve, stocked.reject):
        with pytest.raises(Refused, match="own version"):
            decide("m:2", "production")
    assert stocked.decisions("m:2", "production") == []


def test_nor_about_a_version_that_their_run_made(stocked: Registry, weights: Weights) -> None:
    with stocked.start_run("e") as run:
        run.log_param("lr", 1)
    cy = person(stocked, "cy")
    cy.register("m", weights(4.0), run=run.ref)
    with pytest.raises(Refused, match="own version"):
        stocked.approve("m:4", "production")
    with pytest.raises(Refused, match="own version"):
        cy.approve("m:4", "production")


def test_nor_about_a_version_that_they_imported_under_the_name_of_another(
    stocked: Registry, fresh: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    stream = io.BytesIO()
    person(stocked, "ana").export_bundle("m:3", stream)
    stream.seek(0)
    with open_registry(shutil.copytree(fresh, elsewhere)) as other:
        ben = person(other, "ben")
        ben.import_bundle(stream, name="it")
        other.set_gates("m@production", approvals=1)
        assert other.version("m:3").created_by != "ben"
        with pytest.raises(Refused, match="ben's own version"):
            ben.approve("m:3", "production")
        assert ben.inbox().versions == ()
        assert person(other, "cyd").approve("m:3", "production").actor.user == "cyd"


def test_a_claim_is_nobodys_second_pair_of_eyes(stocked: Registry) -> None:
    own = stocked.actor
    with pytest.raises(Refused, match="own version"):
        person(stocked, own.user, own.uid, "as:ben").approve("m:2", "production")


def test_so_many_people_have_to_approve(stocked: Registry) -> None:
    stocked.set_gates(PLACE, approvals=2)
    person(stocked, "ben").approve("m:2", "production")
    person(stocked, "ben").approve("m:2", "production", reason="again")
    assert _check(stocked).saw == "1 of 2 by ben"
    person(stocked, "cy").approve("m:2", "production")
    assert _check(stocked).passed


def test_an_approval_is_for_one_version_at_one_stage(stocked: Registry) -> None:
    person(stocked, "ben").approve("m:2", "production")
    assert not _check(stocked, "m:3").passed
    stocked.set_gates("m@staging", approvals=1)
    assert stocked.plan_promote("m:2", "staging").failed


def test_a_later_rejection_takes_an_approval_back(stocked: Registry) -> None:
    ben = person(stocked, "ben")
    ben.approve("m:2", "production")
    plan = stocked.plan_promote("m:2", "production")
    assert not plan.failed
    ben.reject("m:2", "production", reason="worse on mobile")
    with pytest.raises(GatesFailed, match="0 of 1; rejected by ben: worse on mobile"):
        stocked.execute(plan)
    ben.approve("m:2", "production")
    assert stocked.execute(plan) is not None


def test_a_rejection_outweighs_approvals_until_its_author_or_an_admin_approves(stocked: Registry) -> None:
    bind(stocked, stocked.actor.user, Role.ADMIN)
    for name in ("ben", "cy", "dan"):
        bind(stocked, name, Role.APPROVER)
    bind(stocked, "eve", Role.ADMIN)
    person(stocked, "eve").approve("m:3", "production")
    person(stocked, "ben").reject("m:2", "production")
    person(stocked, "cy").approve("m:2", "production")
    person(stocked, "dan").approve("m:2", "production")
    assert _check(stocked).saw == "2 of 1 by dan, cy; rejected by ben"
    assert not _check(stocked).passed
    person(stocked, "eve").approve("m:2", "production")
    assert _check(stocked).passed
    opinions = stocked.assess("m:2", "production").opinions
    assert [(each.decision.actor.user, each.counts) for each in opinions][-1] == ("ben", False)
    assert opinions[-1].why == "eve approved later"
    person(stocked, "ben").reject("m:2", "production", reason="still")
    assert not _check(stocked).passed


def test_only_approvers_of_the_stage_decide(stocked: Registry) -> None:
    bind(stocked, stocked.actor.user, Role.ADMIN)
    bind(stocked, "ben", Role.CONTRIBUTOR)
    bind(stocked, "cy", Role.APPROVER, "staging")
    bind(stocked, "dan", Role.APPROVER, "production")
    for name in ("ben", "cy", "nobody"):
        with pytest.raises(NotPermitted):
            person(stocked, name).approve("m:2", "production")
    person(stocked, "dan").approve("m:2", "production")
    assert _check(stocked).passed


def test_who_lost_the_role_has_no_word_any_more(stocked: Registry) -> None:
    bind(stocked, stocked.actor.user, Role.ADMIN)
    bind(stocked, "ben", Role.APPROVER)
    person(stocked, "ben").approve("m:2", "production")
    plan = stocked.plan_promote("m:2", "production")
    bind(stocked, "ben", Role.CONTRIBUTOR)
    assert _check(stocked).saw == "0 of 1; ben's does not count: they are no approver now"
    with pytest.raises(GatesFailed):
        stocked.execute(plan)


def test_only_admins_force_and_review(stocked: Registry) -> None:
    bind(stocked, stocked.actor.user, Role.ADMIN)
    bind(stocked, "dan", Role.DEPLOYER)
    bind(stocked, "eve", Role.ADMIN)
    with pytest.raises(NotPermitted, match="may not override the gates"):
        person(stocked, "dan").promote("m:2", "production", force=True, reason="fire")
    stocked.promote("m:2", "production", force=True, reason="fire")
    with pytest.raises(NotPermitted):
        person(stocked, "dan").review(f"{PLACE}#2")
    assert person(stocked, "dan").inbox().forced == ()
    assert len(person(stocked, "eve").inbox().forced) == 1
    person(stocked, "eve").review(f"{PLACE}#2")


def test_what_was_not_looked_at_is_not_approved(stocked: Registry) -> None:
    stocked.promote("m:2", "staging")
    ben = person(stocked, "ben")
    seen = ben.version("m@staging").digest
    stocked.set_gates("m@staging", approvals=0)
    stocked.promote("m:3", "staging")
    with pytest.raises(OutOfDate):
        ben.approve("m@staging", "production", expect=seen)
    assert ben.approve("m:2", "production", expect=seen).ref == "m:2"


def test_an_approval_of_other_bytes_does_not_count(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    """As when an import brings the files of a version that had none when it was approved."""
    person(stocked, "ben").approve("m:2", "production")
    sql("DROP TRIGGER decisions_no_update")
    sql("UPDATE decisions SET digest = NULL")
    assert _check(stocked).saw == "0 of 1; ben's does not count: it was given for other files"


def test_what_is_decided_stays_written(stocked: Registry, sql: Callable[..., list[tuple[object, ...]]]) -> None:
    ben = person(stocked, "ben")
    ben.approve("m:2", "production", reason="\x1b]0;evil\x07 [red]")
    ben.reject("m:2", "production")
    assert [each.verdict.value for each in stocked.decisions("m:2", "production")] == ["rejected", "approved"]
    assert [each.action for each in stocked.events()[:2]] == ["version_rejected", "version_approved"]
    for statement in (
        "UPDATE decisions SET verdict = 'approved'",
        "DELETE FROM decisions",
        "INSERT OR REPLACE INTO decisions SELECT * FROM decisions",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            sql(statement)
    with pytest.raises(sqlite3.IntegrityError, match="files a version has"):
        sql("INSERT INTO decisions VALUES (9, 2, 2, NULL, 'approved', NULL, 'ben', 1, NULL, 1)")


def test_a_version_or_stage_that_is_none_is_told(stocked: Registry) -> None:
    for ref, stage in (("m:9", "production"), ("x:1", "production"), ("m:2", "prodction")):
        with pytest.raises(NotFound):
            person(stocked, "ben").approve(ref, stage)


def test_the_inbox_holds_what_lacks_only_my_word(stocked: Registry) -> None:
    assert stocked.inbox().versions == ()  # they are one's own
    ben = person(stocked, "ben")
    assert [each.version.ref for each in ben.inbox().versions] == ["m:3", "m:2"]
    waiting = ben.inbox().versions[0]
    assert (waiting.stage, waiting.live, waiting.wanted, waiting.got) == ("production", "1", 1, 0)
    ben.reject("m:3", "production")
    stocked.set_gates(PLACE, require=("owner",))
    assert ben.inbox().versions == ()
    stocked.set("m:2", {"owner": "ana"})
    assert [each.version.ref for each in ben.inbox().versions] == ["m:2"]
    ben.approve("m:2", "production")
    assert ben.inbox().count == 0
    stocked.promote("m:2", "production")
    assert person(stocked, "cy").inbox().count == 0


def test_the_inbox_leaves_out_what_is_bad_or_older_than_what_is_live(stocked: Registry) -> None:
    person(stocked, "ben").approve("m:3", "production")
    stocked.promote("m:3", "production")
    stocked.rollback(PLACE)
    stocked.mark("m:3", "bad")
    assert [each.version.ref for each in person(stocked, "cy").inbox().versions] == ["m:2"]


def test_an_approval_may_be_taken_back_while_a_pipeline_is_about_to_begin(served: Served) -> None:
    registry = served.registry
    registry.promote("m:1", "production")
    registry.set_gates(served.place, approvals=1)
    ben = person(registry, "ben")
    ben.approve("m:2", "production")
    plan = registry.plan_promote("m:2", "production")
    ben.reject("m:2", "production")
    with pytest.raises(GatesFailed):
        registry.begin(plan)
    assert served.live() == "1"
    assert len(registry.pipelines(served.place)) == 1
