"""Gates, approvals and the inbox on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.queries import roles as role_rows
from lineal.records.base import Actor, Micros
from lineal.records.permissions import Permission, Role
from lineal.registry import Registry

if TYPE_CHECKING:
    from tests.tui.conftest import Opening

PLACE = "fraud@production"


def person(registry: Registry, name: str) -> Registry:
    """The same registry as somebody else uses it."""
    return Registry(replace(registry.context, actor=Actor(name, 4_000)))


def bind(registry: Registry, name: str, role: Role) -> None:
    """Give somebody a role who need not be a user of this machine."""
    with registry.context.change(Permission.GRANT, ":registry") as change:
        role_rows.bind(change.connection, name, role, None, None, at=Micros(1), by="root")
        change.record("role_granted", "registry", subject=name)


@pytest.fixture
def ben(registry: Registry) -> Registry:
    """Somebody who is no author of the versions."""
    return person(registry, "ben")


async def test_a_promotion_that_a_gate_stands_against_tells_the_figures(registry: Registry, opened: Opening) -> None:
    registry.set_gates(PLACE, expressions=("metrics.auc >= live.metrics.auc + 0.5",))
    async with opened(registry) as session:
        await session.press("g", "p")
        assert session.phase == "NONE"
        assert "gate stands against it: wanted metrics.auc >= live.metrics.auc + 0.5 (1.42), saw" in session.last
        assert "metrics.auc 0.94, live.metrics.auc 0.92" in session.last
        assert "P shows all" in session.last
    assert registry.live(PLACE).version.label == "2.1.0"


async def test_a_promotion_that_passes_says_how_many_gates_it_passed(registry: Registry, opened: Opening) -> None:
    registry.set_gates(PLACE, expressions=("metrics.auc > 0.9",), require=("owner",))
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "p")
        assert "2 gates pass?" in session.last
        await session.press("y")
    assert registry.live(PLACE).version.label == "2.2.0"


async def test_the_policy_view_shows_what_is_demanded_and_seen(
    registry: Registry, ben: Registry, opened: Opening
) -> None:
    async with opened(registry) as session:
        await session.press("g", "P")
        assert "nothing is demanded" in session.text
        registry.set_gates(PLACE, expressions=("metrics.auc > 0.99",), require=("owner",), approvals=1)
        ben.approve("fraud:2.2.0", "production", reason="\x1b[31mlooked at it")
        await session.press("escape", "P")
        assert "it may not be promoted there" in session.text
        assert "✗ FAILED gate" in session.text
        assert "wanted metrics.auc > 0.99, saw metrics.auc 0.94" in session.text
        assert "✓ passed owner" in session.text
        assert "approved  ben" in session.text
        assert "\x1b" not in session.text
        assert session.text.index("FAILED gate") < session.text.index("passed status")


async def test_how_much_waits_stands_in_the_status_row_and_the_inbox_has_it(
    registry: Registry, ben: Registry, opened: Opening
) -> None:
    registry.set_gates(PLACE, approvals=1)
    async with opened(ben) as session:
        assert session.last.startswith("1 waits for you i")
        await session.press("i")
        assert "fraud:2.2.0" in session.text
        assert "approval for production" in session.text
        await session.press("a")
        assert "Approve fraud:2.2.0 for production" in session.last
        assert "y approve  n reject  esc no" in session.last
        await session.press("y")
        assert "✓ fraud:2.2.0 is approved for production" in session.last
        assert "nothing" in session.rows[1]
        await session.press("escape")
        assert "waits for you" not in session.last
    assert not registry.plan_promote("fraud:2.2.0", "production").failed


async def test_no_rejects_and_escape_decides_nothing(registry: Registry, ben: Registry, opened: Opening) -> None:
    registry.set_gates(PLACE, approvals=1)
    async with opened(ben) as session:
        await session.press("g", "a", "escape")
        assert ben.decisions("fraud:2.2.0", "production") == []
        await session.press("a", "n")
        assert "is rejected for production" in session.last
    assert [each.verdict.value for each in ben.decisions("fraud:2.2.0", "production")] == ["rejected"]


async def test_an_answer_that_was_typed_before_the_question_decides_nothing(ben: Registry, opened: Opening) -> None:
    async with opened(ben) as session:
        await session.type_ahead("g", "a", "y")
        assert ben.decisions("fraud:2.2.0", "production") == []


async def test_ones_own_version_is_not_asked_about(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("g", "a")
        assert session.phase == "NONE"
        assert "your own version" in session.last


async def test_what_was_forced_is_red_until_somebody_reviews_it(
    registry: Registry, ben: Registry, opened: Opening
) -> None:
    registry.set_gates(PLACE, expressions=("metrics.auc > 2",))
    registry.promote("fraud:2.2.0", "production", force=True, reason="the old one is on fire")
    async with opened(ben) as session:
        assert "production 2.2.0 FORCED" in session.rows[0]
        assert "FORCED PROD" in session.text
        await session.press("H")
        assert "promote FORCED" in session.text
        await session.press("1")
        assert "FORCED 2.2.0" in session.text
        await session.press("P")
        assert "live there, FORCED, and not reviewed yet" in session.text
        await session.press("1")
        await session.press("9")
        assert "FORCED" in session.text
        await session.press("i", "a")
        assert "fraud@production#3" in session.last
        await session.press("y")
        assert "✓ fraud@production#3 is reviewed" in session.last
        await session.press("1")
        assert "FORCED" not in session.text


async def test_what_is_live_is_whole_beside_what_is_wrong_with_it(registry: Registry, opened: Opening) -> None:
    registry.set_gates(PLACE, expressions=("metrics.auc > 2",))
    registry.promote("fraud:2.2.0", "production", force=True, reason="the old one is on fire")
    async with opened(registry, (160, 48)) as session:
        assert any("produc… FORCED 2.2.0 " in row for row in session.rows)


async def test_the_inbox_leads_to_what_waits(registry: Registry, ben: Registry, opened: Opening) -> None:
    registry.set_gates("fraud@staging", expressions=("metrics.auc > 2",))
    registry.promote("fraud:1.1.0", "staging", force=True, reason="x")
    registry.set_gates(PLACE, approvals=1)
    async with opened(ben) as session:
        await session.press("i", "enter")
        assert "policy of fraud@production" in session.text
        await session.press("escape")
        assert "waits for you" in session.text
        await session.press("G", "enter")
        assert "history of fraud@staging" in session.text


async def test_forcing_takes_a_reason_and_a_yes(registry: Registry, opened: Opening) -> None:
    registry.set_gates(PLACE, expressions=("metrics.auc > 2",))
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "colon", *"promote --force", "enter")
        assert "whoever forces a promotion says why" in session.last
        await session.press("colon", *"promote --force --reason fire", "enter")
        assert "FORCE fraud:2.2.0 to production, replacing 2.1.0, past gate" in session.last
        await session.press("enter")
        assert registry.live(PLACE).version.label == "2.1.0"
        await session.press("y")
        assert session.workspace.last_command == (
            "lineal promote fraud:2.2.0 --to production --expect fraud:2.1.0 --force --reason fire"
        )
    assert registry.live(PLACE).transition.is_alarming


async def test_words_of_the_command_line_decide_too(ben: Registry, opened: Opening) -> None:
    async with opened(ben) as session:
        await session.press("colon", *"approve fraud:2.2.0 --for production --reason fine", "enter")
        assert "is approved for production" in session.last
        await session.press("colon", *"reject fraud:2.2.0 --for production", "enter")
        assert "is rejected for production" in session.last
        await session.press("colon", *"inbox", "enter")
        assert "waits for you" in session.text
        await session.press("colon", *"review 99", "enter")
        assert "no forced transition" in session.last


async def test_the_header_says_what_the_person_may_do(registry: Registry, ben: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        assert " RW " in session.rows[0]
        await session.press("1")
        assert "RW (open: no roles)" in session.rows[0]
    me = registry.actor.user
    registry.grant(me, "admin")
    async with opened(registry) as session:
        assert " admin " in session.rows[0]
    async with opened(ben) as session:
        assert " RO " in session.rows[0]
    bind(registry, "ben", Role.VIEWER)
    async with opened(ben) as session:
        assert " RO " in session.rows[0]
    bind(registry, "ben", Role.DEPLOYER)
    async with opened(ben) as session:
        assert " deployer " in session.rows[0]
    registry.revoke("ben", "deployer")
    with registry.context.change(Permission.GRANT, ":registry") as change:
        numbers = change.connection.execute("SELECT model_id, id FROM stages WHERE name = 'staging'").fetchone()
        role_rows.bind(change.connection, "ben", Role.APPROVER, *numbers, at=Micros(1), by="root")
        change.record("role_granted", "fraud@staging", subject="ben")
    async with opened(ben) as session:
        await session.press("2")
        assert " RO " in session.rows[0]
        await session.press("i")
        assert " approver " in session.rows[0]
