from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.errors import LinealError
from lineal.registry import open_registry
from lineal_tui.spoken import keep_spoken, recall_spoken, spoken_file
from lineal_tui.view.guidance.commands import VERBS, BadCommand, common, parse, wanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry


def live(registry: Registry, stage: str = "production") -> str:
    return registry.live(f"fraud@{stage}").version.label


async def test_a_promotion_from_the_command_line_asks_its_question(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("promote fraud:1.1.0 --to staging --reason why")
        assert session.last.startswith("→ Promote fraud:1.1.0 to staging, replacing 2.2.0")
        assert live(registry, "staging") == "2.2.0"
        await session.press("y")
        assert live(registry, "staging") == "1.1.0"
        assert registry.history("fraud", "staging")[0].reason == "why"


async def test_a_y_typed_after_the_command_never_answers(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.type_ahead("colon", *"rollback", "enter", "y", "y")
        assert session.phase == "OPEN"
        assert live(registry) == "2.1.0"
        await session.press("escape")
        assert live(registry) == "2.1.0"


async def test_rollback_undo_clear_and_mark_take_the_shell_s_arguments(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("rollback fraud@production --to fraud:2.0.0")
        await session.press("y")
        assert live(registry) == "2.0.0"
        await session.say("undo fraud@production")
        await session.press("y")
        assert live(registry) == "2.1.0"
        await session.say("clear fraud@staging")
        await session.press("y")
        with pytest.raises(LinealError):
            live(registry, "staging")
        await session.say("mark fraud:1.0.0 --bad")
        assert "Mark fraud:1.0.0 bad" in session.last
        await session.press("y")
        assert registry.version("fraud:1.0.0").status == "bad"


async def test_fields_are_set_and_the_command_can_be_copied(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("set fraud:1.0.0 owner=lee notes='two words'")
        assert registry.version("fraud:1.0.0").owner == "lee"
        assert registry.version("fraud:1.0.0").notes == "two words"
        await session.press("y", "c")
        assert session.app.clipboard == "lineal set fraud:1.0.0 owner=lee 'notes=two words'"


async def test_changes_that_are_asked_for_at_once_are_all_made_in_order(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        for number in range(4):
            session.workspace.speak(f"set fraud:{number} owner=lee")  # there is no such version
            session.workspace.speak(f"set fraud:1.0.0 notes={number}")
            session.workspace.speak(f"set fraud:1.0.0 owner=lee{number}")
        await session.settle()
        changed = registry.version("fraud:1.0.0")
        assert (changed.notes, changed.owner) == ("3", "lee3")
        assert sum(event.ref == "fraud:1.0.0" for event in registry.events(limit=8)) == 8


async def test_any_address_jumps_there(registry: Registry, opened: Opening, grow: Callable[..., None]) -> None:
    grow(registry, model="churn")
    with registry.start_run("training", name="first") as run:
        pass
    async with opened(registry) as session:
        await session.say("fraud:1.1.0")
        assert "fraud ▸ tree" in session.rows[0]
        assert any(row.startswith("▌ 1.1.0") for row in session.rows)
        await session.say("churn@staging")
        assert "churn ▸ tree" in session.rows[0]
        assert any(row.startswith("▌ 2.2.0") for row in session.rows)
        await session.say("show fraud:#1")
        assert "fraud:1.0.0" in session.rows[1]
        await session.say("lineage fraud:2.0.0")
        assert "lineage of fraud:2.0.0" in session.text
        await session.say(run.ref)
        assert "training" in session.text
        await session.press("escape")
        assert "lineage of" in session.text


async def test_views_have_verbs_and_versions_are_compared_by_name(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("diff fraud:1.0.0 fraud@production")
        assert "2.1.0 against 1.0.0" in session.text
        await session.press("escape")
        await session.press("d")
        assert "2.1.0 against 2.0.0" in session.text
        await session.say("history fraud@staging")
        assert "history of fraud@staging" in session.text
        await session.say("models")
        assert "fraud ▸" not in session.rows[0]
        await session.say("help")
        assert "keys" in session.text or "everywhere" in session.text


async def test_mistakes_are_messages_with_a_hint(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        for text, words in (
            ("promot fraud:1.0.0", "did you mean promote?"),
            ("promote fraud:9.9.9", "no version"),
            ("promote fraud:1.0.0 --too staging", "did you mean --to?"),
            ("diff fraud:1.0.0", "diff REF REF"),
            ("set fraud:1.0.0 owner", "is not FIELD=VALUE"),
            ("show 'fraud", "a quote is left open"),
            ("mark fraud:1.0.0", "--bad|--active"),
            ("fraud:1.1", "did you mean"),
            ("rollback fraud@nowhere", "nowhere"),
        ):
            await session.say(text)
            assert words in session.last, text
            assert session.phase == "NONE"
        await session.press("j")
        assert "? help" in session.last


async def test_quit_quits(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.type_ahead("colon", "q", "enter")
        assert not session.app.is_running or session.app._exit


async def test_tab_completes_verbs_addresses_stages_and_options(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("colon", *"prom", "tab")
        assert session.last == ":promote"
        await session.press(*"fr", "tab")
        assert session.last == ":promote fraud"
        await session.press(*":1.0", "tab", *"--t", "tab")
        assert session.last == ":promote fraud:1.0.0 --to"
        await session.press(*"st", "tab", "enter")
        assert session.last.startswith("→ Promote fraud:1.0.0 to staging")


async def test_tab_turns_several_over(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("colon", *"show", "space", *"fraud:2", "tab")
        assert session.last.startswith(":show fraud:2.")
        assert "fraud:2.0.0" in session.last
        await session.press("tab")
        assert session.last.startswith(":show fraud:2.2.0")
        await session.press("tab")
        assert session.last.startswith(":show fraud:2.1.0")
        await session.press("shift+tab")
        assert session.last.startswith(":show fraud:2.2.0")
        await session.press("ctrl+u", *"zzz", "tab")
        assert "nothing begins so" in session.last


async def test_what_was_typed_before_comes_back(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("models")
        await session.say("tree")
    async with opened(registry) as session:
        await session.press("colon", "up")
        assert session.last.startswith(":tree")
        await session.press("up", "up")
        assert session.last.startswith(":models")
        await session.press("down", "down")
        assert session.last.startswith(":   a verb, or an address")
        await session.press("backspace")
        assert "? help" in session.last


async def test_nothing_is_changed_in_a_registry_that_may_only_be_read(registry: Registry, opened: Opening) -> None:
    with open_registry(registry.root, read_only=True) as reader:
        async with opened(reader) as session:
            for text in ("promote fraud:1.0.0", "rollback", "set fraud:1.0.0 owner=x", "mark fraud:1.0.0 --bad"):
                await session.say(text)
                assert "nothing can be changed here" in session.last
            await session.say("show fraud:1.0.0")
            assert "fraud:1.0.0" in session.text


def test_a_damaged_memory_of_lines_is_no_obstacle(tmp_path: Path) -> None:
    path = spoken_file()
    keep_spoken(path, [f"line {n}\x1b[31m" for n in range(500)])
    found = recall_spoken(path)
    assert len(found) == 200
    assert all(line.isprintable() for line in found)
    assert recall_spoken(tmp_path / "none") == []


@given(st.text(max_size=30))
def test_any_line_is_a_command_or_a_mistake(text: str) -> None:
    with suppress(BadCommand):
        assert parse(text).verb in VERBS
    assert wanted(text).begun == text.rpartition(" ")[2]


@given(st.lists(st.text(max_size=5), min_size=1))
def test_what_words_have_in_common_is_what_all_begin_with(words: list[str]) -> None:
    assert all(word.startswith(common(words)) for word in words)


async def test_the_guides_are_read_where_the_tool_is_used(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("guide")
        assert ":guide release" in session.text
        await session.press("escape")
        await session.say("guide release")
        assert "guide release" in session.text
        assert "lineal stage set" in session.text or "server" in session.text
        await session.press("escape")
        await session.say("guide relase")
        assert "release" in session.last
