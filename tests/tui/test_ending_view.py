"""Retiring and deprecating in the application: a reason, a question, and what stands against it told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal.records.models import VersionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry

NEWEST = "fraud:2.3.0"


@pytest.fixture
def registry(registry: Registry, tmp_path: Path) -> Registry:
    """With a version on top that nothing needs."""
    (tmp_path / "newest.json").write_text("{}")
    registry.register("fraud", tmp_path / "newest.json", label="2.3.0")
    return registry


async def test_x_asks_why_and_then_whether(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "x")
        assert session.last.startswith(f"why is {NEWEST} retired? ")
        await session.press(*"slow", "enter")
        assert session.last.startswith(f"→ Retire {NEWEST}, never to be live again: slow?   y yes  esc no")
        assert registry.version(NEWEST).status is VersionStatus.ACTIVE
        await session.press("enter", "x", "Y", "space")
        assert registry.version(NEWEST).status is VersionStatus.ACTIVE
        await session.press("y")
        assert f"✓ {NEWEST} is retired; its bytes stay" in session.last
        assert f"lineal retire {NEWEST} --purge" in session.last
        assert any("✕" in row and "retired" in row for row in session.rows)
        await session.press("y", "c")
        assert f"lineal retire {NEWEST} --reason slow" in session.last
    found = registry.detail(NEWEST).retirement
    assert found is not None
    assert found.reason == "slow"


@pytest.mark.parametrize("keys", [("escape",), (*"slow", "enter", "escape"), (*"slow", "enter", "n", "escape")])
async def test_esc_leaves_the_version_as_it_is(registry: Registry, opened: Opening, keys: tuple[str, ...]) -> None:
    async with opened(registry) as session:
        await session.press("g", "x", *keys)
        assert session.phase == "NONE"
    assert registry.version(NEWEST).status is VersionStatus.ACTIVE


async def test_nothing_typed_is_no_reason(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "x", "space", "enter")
        assert "a reason is needed" in session.last
        assert session.phase == "NONE"
        assert session.last.startswith("why is")


async def test_what_holds_a_version_is_told_instead_of_asked(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(160, 48)) as session:
        await session.say("retire fraud@production --reason old")
        assert "fraud:2.1.0 cannot be retired: it is live at fraud@production" in session.last
        await session.say("retire fraud:2.0.0")
        assert "a rollback leads to it at fraud@production" in session.last
        assert session.phase == "NONE"
    assert registry.version("fraud:2.1.0").status is VersionStatus.ACTIVE


async def test_a_retired_version_is_not_retired_again(registry: Registry, opened: Opening) -> None:
    registry.retire(NEWEST, reason="slow")
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "x")
        assert "is retired already" in session.last
        await session.press("question_mark")
        assert any("retire the version" in row and "not now: the version is retired" in row for row in session.rows)


async def test_the_command_line_retires_in_favour_of_another(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(120, 40)) as session:
        await session.say(f"retire {NEWEST} --reason slow --successor fraud@production")
        assert f"Retire {NEWEST}, never to be live again, in favour of fraud:2.1.0: slow?" in session.last
        await session.press("y")
        await session.press("y", "c")
        assert f"lineal retire {NEWEST} --reason slow --successor fraud:2.1.0" in session.last
    assert registry.version(NEWEST).status is VersionStatus.RETIRED


async def test_a_deprecation_shows_and_is_taken_back(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g")
        await session.say("deprecate --until 30d --reason slow")
        assert f"✓ {NEWEST} is deprecated, ends in" in session.last
        assert any(NEWEST.partition(":")[2] in row and "deprecated, ends in" in row for row in session.rows)
        await session.press("y", "c")
        assert f"lineal deprecate {NEWEST} --until 30d --reason slow" in session.last
        await session.press("g", "p")
        assert "it is deprecated, ends in" in session.last
        await session.press("escape")
        await session.say(f"deprecate {NEWEST} --withdraw")
        assert "is not deprecated" in session.last
        await session.say(f"deprecate {NEWEST}")
        assert "until when" in session.last
    assert registry.version(NEWEST).deprecated_until is None


async def test_a_hostile_reason_is_shown_as_text(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(120, 40)) as session:
        await session.say(f"retire {NEWEST} --reason '[/][red]a[/'")
        assert "never to be live again: [/][red]a[/?" in session.last


async def test_a_purged_version_says_so_where_its_files_are(registry: Registry, opened: Opening) -> None:
    registry.retire(NEWEST, reason="slow", purge=True)
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "8")
        assert "purged: only digests and sizes are left" in session.text
        await session.press("escape", "6")
        assert any("purged" in row and "digests and sizes are kept" in row for row in session.rows)


async def test_tab_after_a_name_with_a_dash_leaves_no_blank(
    registry: Registry, opened: Opening, tmp_path: Path
) -> None:
    registry.register("card-fraud", tmp_path / "newest.json", label="1.0.0")
    async with opened(registry) as session:
        await session.press("colon", *"retire", "space", *"card", "tab", *":1", "tab")
        assert session.last.startswith(":retire card-fraud:1.0.0")
        await session.press(*"--s", "tab", *"fraud", "tab", *":2.3", "tab")
        assert session.last.startswith(":retire card-fraud:1.0.0 --successor fraud:2.3.0")


async def test_a_version_that_went_live_before_the_answer_is_not_retired(registry: Registry, opened: Opening) -> None:
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "x", *"slow", "enter")
        registry.promote(NEWEST, "staging")
        await session.press("y")
        assert "it is live at fraud@staging" in session.text
    assert registry.version(NEWEST).status is VersionStatus.ACTIVE


async def test_whose_role_retires_nothing_is_told_so(registry: Registry, opened: Opening) -> None:
    me = registry.actor.user
    registry.grant(me, "admin")
    registry.grant("daemon", "admin")
    registry.grant(me, "contributor")
    async with opened(registry, size=(120, 40)) as session:
        await session.press("g", "x")
        assert "not now: it takes a" in session.last
        await session.say(f"retire {NEWEST} --reason slow")
        await session.press("y")
        assert "may not" in session.text or "takes" in session.last
    assert registry.version(NEWEST).status is VersionStatus.ACTIVE
