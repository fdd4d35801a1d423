from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Key

from lineal.registry import open_registry
from lineal_tui.screens.asking import Asking, Subject
from lineal_tui.view.staging.questions import Answer, Choice, Question

if TYPE_CHECKING:
    from tests.tui.conftest import Opening

    from lineal.registry import Registry


def live(registry: Registry, stage: str = "production") -> str:
    return registry.live(f"fraud@{stage}").version.label


async def test_r_and_y_roll_production_back(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r")
        assert session.last.startswith("→ Roll fraud@production back to 2.0.0")
        assert "leaving 2.1.0?" in session.last
        assert live(registry) == "2.1.0"
        await session.press("y")
        assert live(registry) == "2.0.0"
        assert "✓ fraud@production: 2.0.0 is live, 2.1.0 was" in session.last
        assert any("◆" in row and "2.0.0" in row and "PRODUCTION" in row for row in session.rows)
        assert "production 2.0.0" in session.rows[0]


async def test_a_y_typed_ahead_of_the_question_never_answers_it(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.type_ahead("r", "y", "y")
        assert session.phase == "OPEN"
        assert live(registry) == "2.1.0"
        await session.press("y")
        assert live(registry) == "2.0.0"


async def test_a_y_read_before_the_painting_counts_for_nothing_even_if_handled_after_it(
    registry: Registry, opened: Opening
) -> None:
    async with opened(registry) as session:
        early = Key("y", "y")
        await session.press("r")
        assert session.phase == "OPEN"
        session.app.post_message(early)
        await session.settle()
        assert live(registry) == "2.1.0"


async def test_only_y_accepts(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r", "enter", "space", "Y", "tab", "q", "r", "p", "1")
        assert session.phase == "OPEN"
        assert live(registry) == "2.1.0"
        await session.press("escape")
        assert session.phase == "NONE"
        assert "? help" in session.last
        await session.press("y")
        assert live(registry) == "2.1.0"


async def test_b_rolls_back_and_marks_what_is_left_bad(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (120, 40)) as session:
        await session.press("r")
        assert "b yes, mark 2.1.0 bad" in session.last
        await session.press("b")
        assert live(registry) == "2.0.0"
        assert registry.version("fraud:2.1.0").status == "bad"
        assert any("2.1.0" in row and " bad" in row and "\N{MULTIPLICATION SIGN}" in row for row in session.rows)


async def test_p_promotes_the_version_under_the_cursor(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("g", "p")
        assert session.last.startswith("→ Promote fraud:2.2.0 to production, replacing 2.1.0")
        await session.press("y")
        assert live(registry) == "2.2.0"
        assert live(registry, "staging") == "2.2.0"


async def test_s_turns_a_promotion_to_another_stage(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("p")
        assert "2.1.0 is live at production already" in session.last
        await session.press("G", "p", "s")
        assert session.last.startswith("→ Promote fraud:1.0.0 to staging, replacing 2.2.0")
        await session.press("y")
        assert live(registry, "staging") == "1.0.0"
        assert live(registry) == "2.1.0"


async def test_u_undoes_and_undoes_the_undoing(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r", "y", "u")
        assert "Undo the rollback at fraud@production: 2.1.0" in session.last
        await session.press("y")
        assert live(registry) == "2.1.0"
        await session.press("u", "y")
        assert live(registry) == "2.0.0"


async def test_b_marks_a_version_bad_and_active_again(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("G", "b")
        assert "Mark fraud:1.0.0 bad" in session.last
        await session.press("y")
        assert registry.version("fraud:1.0.0").status == "bad"
        await session.press("b")
        assert "active again" in session.last
        await session.press("y")
        assert registry.version("fraud:1.0.0").status == "active"


async def test_what_changed_under_the_question_is_told_and_nothing_is_done(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r")
        with open_registry(registry.root) as other:
            other.promote("fraud:2.2.0", "production")
        await session.press("y")
        assert live(registry) == "2.2.0"
        assert "has changed" in session.last
        assert "look again" in session.last
        assert "production 2.2.0" in session.rows[0]


async def test_nowhere_to_roll_back_is_a_message(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r", "y", "r")
        assert "nowhere to roll fraud@production back to" in session.last
        assert session.phase == "NONE"


async def test_d_shows_the_difference_that_a_question_is_about(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("G", "r", "d")
        assert "VERSION" not in session.text
        assert "2.0.0 against production 2.1.0" in session.text
        assert session.last.startswith("→ Roll")
        await session.press("d")
        assert "VERSION" in session.text
        assert "1.0.0 against production 2.1.0" in session.text
        await session.press("d", "y")
        assert live(registry) == "2.0.0"
        assert "VERSION" in session.text


async def test_a_registry_that_may_only_be_read_says_so(registry: Registry, opened: Opening) -> None:
    with open_registry(registry.root, read_only=True) as reader:
        async with opened(reader) as session:
            assert " RO " in session.rows[0]
            assert "roll back" not in session.last
            await session.press("r")
            assert "nothing can be changed here" in session.last


def test_a_question_that_was_given_up_is_not_answered_later() -> None:
    asking = Asking()
    turn = asking.prepare()
    asking.end()
    question = Question(("sure?",), (Choice("y", Answer.YES, "yes", "yes"),))
    assert not asking.pose(turn, question, Subject())
    turn = asking.prepare()
    assert asking.pose(turn, question, Subject())
    assert asking.answer("y", 1.0) is None
    asking.painted(turn, 2.0)
    assert asking.answer("y", 2.0) is None
    assert asking.answer("y", 2.1) is Answer.YES
    asking.hide()
    assert asking.answer("y", 3.0) is None
