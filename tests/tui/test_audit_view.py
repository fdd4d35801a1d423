"""The audit log on the screen: read, filtered, opened, followed to what was changed, and growing meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry
from lineal_tui.places import View
from lineal_tui.screens.found_events import with_part

if TYPE_CHECKING:
    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48)]


def entries(session: Session) -> list[str]:
    """The rows of the list, without its titles."""
    end = next(n for n, row in enumerate(session.rows) if "entry" in row and row.startswith("─") and n > 2)
    return [row for row in session.rows[3:end] if row.strip() and "older" not in row]


@pytest.mark.parametrize("size", SIZES)
async def test_the_log_is_newest_first_with_the_entry_below(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(registry, size) as session:
        await session.press("A")
        assert f"{len(registry.events())} entries" in session.rows[1]
        assert "promoted" in entries(session)[0]
        assert "fraud@staging" in entries(session)[0]
        assert "changed     → fraud@staging" in session.text
        await session.press("escape")
        assert session.workspace.shown is View.TREE


async def test_a_filter_names_actor_action_address_and_time_and_takes_words(
    registry: Registry, opened: Opening
) -> None:
    async with opened(registry, (160, 48)) as session:
        await session.press("A", "slash", *"about=fraud@production", "enter")
        assert len(entries(session)) == 2
        await session.press("t")
        assert session.workspace.filters[View.AUDIT] == "about=fraud@production action=promoted"
        await session.press("t", "slash", *" newer", "enter")
        assert ["newer data" in row for row in entries(session)] == [True]
        await session.press("escape")
        assert f"{len(registry.events())} entries" in session.rows[1]


async def test_a_filter_that_names_nothing_says_so(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("A", "slash", *"action=promotd", "enter")
        assert "no action 'promotd'" in session.last
        await session.press("escape", "slash", *"since=never", "enter")
        assert "no date or time" in session.last


@pytest.mark.parametrize("size", SIZES)
async def test_an_entry_opens_and_leads_to_what_it_changed(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(registry, size) as session:

        def shown() -> View:
            return session.workspace.shown

        await session.press("A", "slash", *"action=version_registered 1.1.0", "enter", "j", "j", "enter")
        assert shown() is View.EVENT
        assert '"digest": "sha256:' in session.text
        event = session.workspace.event
        assert event is not None
        assert event.hash in session.text
        assert event.prev in session.text or size[1] == 24
        await session.press("enter")
        assert shown() is View.TREE
        assert session.workspace.version is not None
        assert session.workspace.version.ref == event.ref


async def test_a_transition_leads_to_its_stages_history_and_a_bare_row_nowhere(
    registry: Registry, opened: Opening
) -> None:
    async with opened(registry) as session:
        await session.press("A", "enter", "g", "enter")
        assert "leads nowhere" in session.last
        await session.press("escape", "j", "enter", "enter")
        assert session.workspace.active is View.HISTORY
        assert "fraud@production" in session.text


async def test_a_version_has_its_own_entries_at_a_key(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("V")
        assert "about=fraud:2.1.0" in session.rows[1]
        assert [row.split()[-1] != "" for row in entries(session)] == [True, True]
        await session.press("colon", *"audit fraud:2.0.0 --action promoted", "enter")
        assert len(entries(session)) == 2


async def test_entries_of_others_come_by_themselves_and_the_cursor_stays(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("A", "slash", *"action=described", "enter")
        assert "0 of" in session.rows[1]
        with open_registry(registry.root, actor_claim="eve") as other:
            other.set("fraud", {"owner": "mia"})
            other.set("fraud:1.0.0", {"notes": "\x1b]52;c;aGk=\x07"})
        session.workspace.poll()
        await session.settle()
        assert len(entries(session)) == 2
        assert "≈as:eve" in session.text
        assert "claims as:eve, which nobody checked" in session.text
        assert "\x1b" not in session.text
        await session.press("j")
        with open_registry(registry.root) as other:
            other.set("fraud", {"owner": "kim"})
        session.workspace.poll()
        await session.settle()
        assert entries(session)[2].startswith("▌")


async def test_a_registry_without_models_has_a_log_too(empty: Registry, opened: Opening) -> None:
    empty.start_run("e").finish()
    async with opened(empty) as session:
        await session.press("A")
        assert "run_finished" in session.text


def test_a_part_of_a_filter_is_put_in_and_taken_out() -> None:
    text = with_part("word 'about=my model:1'", "actor", "ana")
    assert text == "word 'about=my model:1' actor=ana"
    assert with_part(text, "actor", "bob") == "word 'about=my model:1' actor=bob"
    assert with_part(text, "actor", "ana") == "word 'about=my model:1'"
