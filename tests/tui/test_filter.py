from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Paste

from lineal.registry import open_registry
from lineal_tui.view.drawing.lines import line_width
from lineal_tui.view.drawing.matching import matcher
from lineal_tui.view.drawing.prompt import Draft, prompt_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry


def labels(session: Session) -> list[str]:
    """The versions in the tree."""
    return [
        row[2:].split()[0] for row in session.rows[1:12] if row[2:3].isdigit() and row[2:].split()[0].count(".") == 2
    ]


async def test_a_filter_is_shown_while_it_is_typed_and_applied_with_enter(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash", *"2.")
        assert session.last.startswith("/2.")
        assert "3 found" in session.last
        assert labels(session) == ["2.2.0", "2.1.0", "2.0.0"]
        await session.press("enter")
        assert "/2." in session.rows[1]
        assert "3 of 5 versions" in session.rows[1]
        assert "? help" in session.last
        assert labels(session) == ["2.2.0", "2.1.0", "2.0.0"]
        await session.press("escape")
        assert len(labels(session)) == 5
        assert "/2." not in session.text


async def test_all_words_count_in_any_case_and_anywhere(registry: Registry, opened: Opening) -> None:
    registry.set("fraud:1.1.0", {"tag.team": "risk"})
    async with opened(registry) as session:
        for words, wanted in (
            ("NOTE 2.2", ["2.2.0"]),
            ("risk", ["1.1.0"]),
            ("dana", ["2.2.0", "2.1.0", "2.0.0", "1.1.0", "1.0.0"]),
            ("staging", ["2.2.0"]),
            ("%", []),
        ):
            await session.press("slash", "ctrl+u", *("space" if key == " " else key for key in words), "enter")
            assert labels(session) == wanted, words


async def test_escape_gives_a_draft_up_and_the_filter_before_it_stays(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash", *"1.1", "enter", "slash", "backspace", *"x")
        assert labels(session) == []
        await session.press("escape")
        assert labels(session) == ["1.1.0"]
        await session.press("slash", "ctrl+u", "enter")
        assert len(labels(session)) == 5


async def test_every_view_keeps_its_own(registry: Registry, opened: Opening, grow: Callable[..., None]) -> None:
    grow(registry, model="churn")
    async with opened(registry) as session:
        await session.press("slash", *"2.1", "enter", "1", "slash", *"fra", "enter")
        assert "fraud" in session.text
        assert "churn" not in "\n".join(session.rows[1:])
        await session.press("2")
        assert labels(session) == ["2.1.0"]
        await session.press("H", "slash", *"rollback", "enter")
        assert "promote" not in "\n".join(session.rows[2:-1])
        await session.press("2")
        assert labels(session) == ["2.1.0"]
        await session.press("1", "escape")
        assert "churn" in session.text


async def test_the_cursor_stays_on_its_version_through_a_filter(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash", *"2.", "enter")
        assert any(row.startswith("▌ 2.1.0") for row in session.rows)
        await session.press("j", "escape")
        assert any(row.startswith("▌ 2.0.0") for row in session.rows)


async def test_a_filter_holds_when_the_registry_changes(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash", *"2.", "enter")
        with open_registry(registry.root) as other:
            other.register("fraud", label="2.3.0")
            other.register("fraud", label="3.0.0")
        session.workspace.poll()
        await session.settle()
        assert labels(session) == ["2.3.0", "2.2.0", "2.1.0", "2.0.0"]


async def test_what_a_history_leads_to_is_shown_though_a_filter_hides_it(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash", *"1.0", "enter", "H", "j", "enter")
        assert any(row.startswith("▌ 2.0.0") for row in session.rows)


async def test_n_goes_from_match_to_match(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("n")
        assert "/ filters" in session.last
        await session.press("slash", *"2.", "enter", "g", "n")
        assert any(row.startswith("▌ 2.1.0") for row in session.rows)
        await session.press("n", "n")
        assert "the last match" in session.last
        await session.press("N", "N", "N")
        assert "the first match" in session.last


async def test_in_a_difference_n_goes_to_the_next_field_that_changed(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (80, 15)) as session:
        await session.press("d", "equals_sign", "n")
        top = session.rows[2]
        assert " = " not in top


async def test_pages_are_filtered_by_line(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("question_mark", "slash", *"roll", "enter")
        assert "roll the stage back" in session.text
        assert "lineage of" not in session.text
        await session.press("escape")
        assert "lineage of" in session.text


async def test_keys_faster_than_a_search_end_in_the_last_filter(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.type_ahead("slash", *"note", "space", *"1.1", "enter")
        assert labels(session) == ["1.1.0"]
        assert "/note 1.1" in session.rows[1]


async def test_a_paste_is_text_in_a_prompt_and_nothing_elsewhere(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        session.app.post_message(Paste("ry\x1b]52;c;aGk=\x07"))
        await session.settle()
        assert "does nothing here" in session.last
        assert session.phase == "NONE"
        await session.press("slash")
        session.app.post_message(Paste("2.2\n"))
        await session.settle()
        assert labels(session) == ["2.2.0"]


async def test_hostile_letters_in_a_filter_are_text(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash")
        session.app.post_message(Paste("[/] \x1b[31m\u202e%_\\'\""))
        await session.settle()
        await session.press("enter")
        assert "\x1b" not in session.text
        assert "^" in session.last
        assert len(labels(session)) == 5
        await session.press("escape", "slash")
        session.app.post_message(Paste("[/] \x1b[31m\u202e%_"))
        await session.settle()
        await session.press("enter")
        assert "\x1b" not in session.text
        assert labels(session) == []
        assert "[/]" in session.rows[1]


@pytest.mark.parametrize("text", ["", "   ", "\t"])
def test_an_empty_filter_lets_everything_through(text: str) -> None:
    assert not matcher(text)
    assert matcher(text)("anything", None)


@given(
    st.lists(st.sampled_from(["a", "é", "界", "backspace", "left", "right", "home", "end", "ctrl+w", "ctrl+u", " "]))
)
def test_a_draft_stays_whole_whatever_is_typed(keys: list[str]) -> None:
    draft = Draft()
    for key in keys:
        draft = draft.typed(key) if len(key) == 1 else (draft.edited(key) or draft)
        assert 0 <= draft.at <= len(draft.text)
        for width in (1, 2, 7, 40):
            assert line_width(prompt_line("/", draft, (), width)) == width
