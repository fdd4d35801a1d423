from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from textual.events import Paste

from lineal.errors import Damaged
from lineal.registry import open_registry
from lineal_tui.keys import BINDINGS, Binding, Table
from lineal_tui.places import View
from lineal_tui.remembered import Place, Unreadable, recall, remember, state_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry

# opening


async def test_it_opens_on_the_tree_with_the_cursor_on_what_is_live(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        assert "fraud ▸ tree" in session.rows[0]
        assert "production 2.1.0" in session.rows[0]
        assert "VERSION" in session.rows[1]
        assert any(row.startswith("▌ 2.1.0") and "PRODUCTION" in row and "◆" in row for row in session.rows)
        assert "2.1.0 against 2.0.0" in session.text


async def test_the_tree_has_stage_metric_difference_age_and_note(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        row = next(row for row in session.rows if " 2.2.0 " in row)
        assert "staging" in row
        assert "0.9400" in row
        assert "+.0200" in row
        assert "note on 2.2.0" in row


async def test_it_opens_where_one_was_last(registry: Registry, opened: Opening, grow: Callable[..., None]) -> None:
    grow(registry, model="churn")
    async with opened(registry) as session:
        assert "churn ▸ tree" in session.rows[0]
        await session.press("escape", "j", "enter", "h")
        assert "fraud ▸ tree" in session.rows[0]
        assert any("STAGING" in row for row in session.rows)
    async with opened(registry) as session:
        assert "fraud ▸ tree" in session.rows[0]
        assert any("STAGING" in row for row in session.rows)


async def test_stages_are_turned_as_often_as_keys_are_pressed(registry: Registry, opened: Opening) -> None:
    registry.add_stage("fraud", "canary", after="staging")
    async with opened(registry) as session:
        await session.type_ahead("h", "h")
        assert session.workspace.stage == "staging"
        await session.type_ahead("h", "h", "l")
        assert session.workspace.stage == "production"


async def test_a_damaged_memory_of_it_is_told_and_ignored(registry: Registry, opened: Opening) -> None:
    path = state_file(registry.uid, registry.root)
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"model": 3')
    async with opened(registry) as session:
        assert "fraud ▸ tree" in session.rows[0]
        assert "cannot be read" in session.last


async def test_a_remembered_model_that_is_gone_is_no_obstacle(registry: Registry, opened: Opening) -> None:
    remember(state_file(registry.uid, registry.root), Place("gone", "nowhere"))
    async with opened(registry) as session:
        assert "fraud ▸ tree" in session.rows[0]


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b'{"model": 1, "stage": 2}', b"\xff\xfe"])
def test_what_is_no_memory_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        recall(path)


async def test_an_empty_registry_says_what_to_do(empty: Registry, opened: Opening) -> None:
    async with opened(empty) as session:
        assert "no models yet" in session.text
        assert "lineal demo" in session.text
        await session.press("r", "p", "L", "1", "j")
        assert "no models yet" in session.text


# moving about


async def test_numbers_and_letters_open_views_and_esc_steps_out(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        for key, sign in (
            ("H", "history of fraud@production"),
            ("L", "lineage of fraud:2.1.0"),
            ("6", "why this label"),
            ("d", "against"),
            ("question_mark", "roll the stage back"),
            ("1", "PRODUCTION"),
            ("2", "VERSION"),
        ):
            await session.press(key)
            assert sign in session.text, key
        await session.press("L", "H", "escape")
        assert "lineage of" in session.text
        await session.press("escape")
        assert "tree" in session.rows[0]
        await session.press("escape")
        assert "models" in session.rows[0]


async def test_the_header_names_the_pane_that_has_the_keys(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        for key, view in (
            ("3", "diff"),
            ("tab", "tree"),
            ("tab", "diff"),
            ("7", "runs"),
            ("tab", "run"),
            ("1", "models"),
        ):
            await session.press(key)
            assert session.rows[0].split("   ")[0].endswith(view), key


async def test_the_version_page_tells_everything(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("enter", "G")
        await session.press("g")
        for words in ("fraud:2.1.0", "stop card fraud", "dana", "retrain", "0.9200"):
            assert words in session.text


async def test_history_leads_back_to_the_version(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("H", "j", "enter")
        assert any(row.startswith("▌ 2.0.0") for row in session.rows)


async def test_marked_versions_are_compared_side_by_side(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("g", "space", "G", "space")
        assert "2 marked" in session.rows[0]
        await session.press("d")
        assert "1.0.0 against" in session.text
        assert "2.2.0" in session.text
        await session.press("escape", "v")
        assert "2 marked" in session.rows[0]


async def test_equal_rows_come_and_go(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("d")
        before = session.text
        await session.press("equals_sign")
        assert session.text.count(" = ") > before.count(" = ")


async def test_copies_are_shown_and_reach_the_clipboard(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("y")
        assert "u address" in session.last
        await session.press("u")
        assert "copied address: fraud:2.1.0" in session.last
        assert session.app.clipboard == "fraud:2.1.0"
        await session.press("y", "j")
        assert json.loads(session.app.clipboard)["ref"] == "fraud:2.1.0"
        await session.press("r", "y", "y", "c")
        assert session.app.clipboard == "lineal rollback fraud@production --expect fraud:2.1.0"


async def test_q_steps_out_and_at_the_root_quits(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("q")
        assert "models" in session.rows[0]
        await session.press("q")
        assert not session.app.is_running or session.app._exit


async def test_another_processs_change_shows_and_the_cursor_stays_on_its_item(
    registry: Registry, opened: Opening
) -> None:
    async with opened(registry) as session:
        await session.press("g", "j")
        assert any(row.startswith("▌ 2.1.0") for row in session.rows)
        with open_registry(registry.root) as other:
            other.register("fraud", label="3.0.0", metrics={"auc": 0.5})
            other.promote("fraud:2.2.0", "production")
        session.workspace.poll()
        await session.settle()
        assert "production 2.2.0" in session.rows[0]
        assert any("3.0.0" in row for row in session.rows)
        assert any(row.startswith("▌ 2.1.0") for row in session.rows)


async def test_a_failing_worker_is_a_message_and_the_screen_stays(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:

        def fail() -> None:
            raise ZeroDivisionError("[/] \x1b]52;c;aGk=\x07")

        def damage() -> None:
            raise Damaged(path="registry.db", why="page 7 is not what it was")

        session.workspace.work(fail, "question")  # type: ignore[arg-type]
        await session.settle()
        assert "unexpected: ZeroDivisionError: [/]" in session.last
        assert "\x1b" not in session.text
        session.workspace.work(damage, "diff")  # type: ignore[arg-type]
        await session.settle()
        assert "registry.db: page 7 is not what it was" in session.last
        await session.press("j")
        assert "2.1.0" in session.text


async def test_a_registry_that_is_damaged_while_open_is_a_message(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        (registry.root / "registry.db").write_bytes(b"garbage" * 4000)
        session.workspace.poll()
        for key in ("j", "k", "L", "H", "r", "escape", "2", "g", "6", "1", "2"):
            await session.press(key)
        assert "is not a lineal registry" in " ".join(session.text.split())
        assert "VERSION" in session.text


async def test_a_paste_is_no_row_of_commands(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        session.app.post_message(Paste("ry"))
        await session.settle()
        assert session.phase == "NONE"


# sizes


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (10, 3), (59, 15), (60, 14)])
async def test_a_screen_that_is_too_small_says_so(registry: Registry, opened: Opening, size: tuple[int, int]) -> None:
    async with opened(registry, size) as session:
        await session.press("j", "r", "escape", "d", "L")
        assert len(session.rows) == size[1]
        if size[0] >= 20:
            assert session.rows[0].startswith("lineal needs")


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (119, 30), (120, 30), (160, 48), (300, 90)])
async def test_every_view_fits_every_size(registry: Registry, opened: Opening, size: tuple[int, int]) -> None:
    async with opened(registry, size) as session:
        for key in ("1", "2", "d", "L", "H", "6", "question_mark", "2", "r", "escape", "p"):
            await session.press(key)
            assert all(len(row) <= size[0] for row in session.rows)


async def test_a_wide_screen_shows_all_panes_at_once(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (160, 48)) as session:
        for words in ("─ models ─", "─ fraud ─", "against", "lineage of fraud:2.1.0", "history of fraud@production"):
            assert words in session.text


async def test_it_follows_a_change_of_size(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        for size in ((160, 48), (1, 1), (80, 24), (60, 15), (200, 20)):
            await session.pilot.resize_terminal(*size)
            await session.settle()
            assert len(session.rows) == size[1]
        assert "lineage of" in session.text


async def test_a_question_has_to_be_painted_again_after_a_change_of_size(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r")
        await session.pilot.resize_terminal(100, 30)
        await session.settle()
        assert session.last.startswith("→ Roll")
        await session.press("y")
        assert registry.live("fraud@production").version.label == "2.0.0"


# the table of keys


def test_every_binding_has_an_id_of_its_own_and_none_clash() -> None:
    assert len({binding.id for binding in BINDINGS}) == len(BINDINGS)
    Table()
    with pytest.raises(ValueError, match="bound twice"):
        Table((Binding("a", ("x",), "does"), Binding("b", ("x",), "does")))


def test_keys_of_screen_and_tmux_are_left_alone() -> None:
    taken = {key for binding in BINDINGS for key in binding.keys}
    assert not taken & {"ctrl+a", "ctrl+b", "ctrl+i", "ctrl+m", "ctrl+h"}


async def test_every_binding_does_something(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        assert {binding.id for binding in BINDINGS} == set(session.workspace._handlers)


def test_help_says_why_a_key_is_off() -> None:
    lines = Table().help(View.TREE, lambda binding: "the folder may only be read" if binding.changes else None)
    assert any("not now: the folder may only be read" in "".join(text for text, _ in line) for line in lines)
