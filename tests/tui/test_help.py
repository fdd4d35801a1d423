from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry
from lineal_tui.clipboard import LARGEST, sequence
from lineal_tui.keys import BINDINGS

if TYPE_CHECKING:
    from tests.tui.conftest import Opening

    from lineal.registry import Registry


async def test_help_is_about_where_one_is(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (100, 90)) as session:
        await session.press("question_mark")
        assert "keys in tree" in session.text
        assert "mark or unmark" in session.text
        await session.press("escape", "1", "question_mark")
        assert "keys in models" in session.text
        assert "mark or unmark" not in session.text
        assert "sort by the next order" in session.text
        assert "promote [REF]" in session.text


async def test_help_is_searched(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("question_mark", "slash", *"undo", "enter")
        assert "undo the stage's last transition" in session.text
        assert "clear [MODEL" not in session.text
        assert "/undo" in session.rows[1]
        await session.press("escape", "escape", "question_mark")
        assert "/undo" not in session.rows[1]


async def test_help_tells_why_a_key_does_nothing_now(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (120, 90)) as session:
        await session.press("question_mark")
        assert "(not now: it is live at production already)" in session.text
        assert "(not now: nothing was done yet)" in session.text
        assert "(not now: nothing is filtered)" in session.text
    with open_registry(registry.root, read_only=True) as reader:
        async with opened(reader, (120, 90)) as session:
            await session.press("question_mark")
            assert session.text.count("(not now: it was opened read-only)") == 7


async def test_a_key_that_does_nothing_now_says_why(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("y", "c")
        assert "not now: nothing was done yet" in session.last
        await session.press("slash", *"zzz", "enter", "L")
        assert "not now: no version is under the cursor" in session.last


async def test_an_empty_registry_says_why(empty: Registry, opened: Opening) -> None:
    async with opened(empty) as session:
        await session.press("question_mark")
        assert "lineal demo" in session.text or "keys in" in session.text


async def test_ids_addresses_and_commands_are_copied_and_shown(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("y")
        assert "address" in session.last
        await session.press("u")
        assert session.app.clipboard == "fraud:2.1.0"
        assert "copied address: fraud:2.1.0" in session.last
        await session.press("y", "i")
        assert session.app.clipboard == registry.version("fraud:2.1.0").uid
        await session.press("r", "y", "y", "c")
        assert session.app.clipboard == "lineal rollback fraud@production --expect fraud:2.1.0"


async def test_what_is_larger_than_terminals_take_is_not_copied(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        session.workspace.copy("x" * (LARGEST + 1), "JSON")
        await session.settle()
        assert "nothing was copied" in session.last
        assert session.app.clipboard == ""


def test_the_sequence_reaches_the_terminal_through_tmux_and_screen() -> None:
    plain = sequence("héllo", multiplexer=None)
    assert plain is not None
    assert base64.b64decode(plain.removeprefix("\x1b]52;c;").removesuffix("\a")).decode() == "héllo"
    in_tmux = sequence("hi", multiplexer="tmux")
    assert in_tmux == "\x1b]52;c;aGk=\a\x1bPtmux;\x1b\x1b]52;c;aGk=\a\x1b\\"
    in_screen = sequence("x" * 3000, multiplexer="screen")
    assert in_screen is not None
    pieces = in_screen.split("\x1b\\")
    assert all(piece.startswith("\x1bP") and len(piece) <= 768 for piece in pieces[:-1])
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == sequence("x" * 3000, multiplexer=None)


@pytest.mark.parametrize("multiplexer", [None, "tmux", "screen"])
def test_too_much_is_no_sequence(multiplexer: str | None) -> None:
    assert sequence("x" * (LARGEST + 1), multiplexer=multiplexer) is None
    assert sequence("x" * LARGEST, multiplexer=multiplexer) is not None


def test_every_binding_says_what_it_does() -> None:
    assert all(binding.does and binding.does[0].islower() for binding in BINDINGS if binding.id != "copy_json")
