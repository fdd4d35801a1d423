"""What other processes do to the registry while it is open."""

from __future__ import annotations

import asyncio
import shutil
import time
from threading import Event
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lineal.registry import create_registry, open_registry
from lineal_tui.screens.messages import SceneRead
from lineal_tui.screens.scene import read_scene
from lineal_tui.widgets.painting import changed_cells

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening, Session
    from tests.tui.pty_session import PtySession

    from lineal.registry import Registry
else:
    from pty_session import PtySession

import os
import sys


async def look(session: Session) -> None:
    """As the timer does, twice a second."""
    session.workspace.poll()
    await session.settle()


def test_a_change_costs_its_row_and_nothing_else(registry: Registry) -> None:
    with PtySession(
        [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry.root)],
        environment={"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"], "LANG": "C.UTF-8"},
    ) as terminal:
        terminal.wait_for("against 2.0.0")
        terminal.read(0.8)
        before = len(terminal.output)
        with open_registry(registry.root) as other:
            other.set("fraud:1.1.0", {"notes": "another note"})
        terminal.wait_for("another note")
        terminal.read(1.2)
        written = bytes(terminal.output[before:])
        assert len(written) < 400
        assert b"note on" not in written
        assert "▌ 2.1.0" in terminal.text


async def test_an_answer_that_comes_late_replaces_none_that_is_newer(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        screen = session.workspace
        old = read_scene(registry, "fraud", "production", screen.clock)
        has_begun, gate, is_over = Event(), Event(), Event()

        def late() -> SceneRead:
            has_begun.set()
            gate.wait(20)
            is_over.set()
            return SceneRead(old)

        screen.work(late, "scene")
        await asyncio.to_thread(has_begun.wait, 20)
        with open_registry(registry.root) as other:
            other.register("fraud", label="9.0.0")
        screen.read()
        await session.settle()
        newer = screen.scene
        gate.set()
        is_over.wait(20)
        time.sleep(0.02)  # noqa: ASYNC251  the thread posts what it has, or does not
        await session.settle()
        assert screen.scene is newer


async def test_the_cursor_stays_on_its_version_when_rows_come(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        with open_registry(registry.root) as other:
            for number in range(30):
                other.register("fraud", label=f"3.0.{number}")
        await look(session)
        assert any(row.startswith("▌ 2.1.0") for row in session.rows)


async def test_a_registry_that_vanishes_is_told_until_it_comes_back(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        hidden = registry.root.with_name("hidden")
        registry.root.rename(hidden)
        await look(session)
        assert "is gone" in session.last
        await session.press("j", "k", "L", "escape", "r", "escape")
        await look(session)
        assert "is gone" in session.last
        assert "2.1.0" in session.text
        hidden.rename(registry.root)
        await look(session)
        assert "is back" in session.last
        await session.press("2", "r")
        await session.press("y")
        assert registry.live("fraud@production").version.label == "2.0.0"


async def test_a_registry_that_is_replaced_is_opened_anew(registry: Registry, opened: Opening, tmp_path: Path) -> None:
    async with opened(registry) as session:
        await session.press("space")
        with create_registry(tmp_path / "other") as other:
            other.register("churn", label="9.0.0")
        shutil.rmtree(registry.root)
        (tmp_path / "other").rename(registry.root)
        await look(session)
        assert "another registry" in session.last
        assert "churn ▸ tree" in session.rows[0]
        assert "9.0.0" in session.text
        assert "marked" not in session.rows[0]


async def test_a_backup_put_back_is_the_same_registry(registry: Registry, opened: Opening, tmp_path: Path) -> None:
    shutil.copytree(registry.root, tmp_path / "copy")
    async with opened(registry) as session:
        with open_registry(registry.root) as other:
            other.promote("fraud:1.0.0", "production")
        await look(session)
        assert "production 1.0.0" in session.rows[0]
        shutil.rmtree(registry.root)
        (tmp_path / "copy").rename(registry.root)
        await look(session)
        assert "production 2.1.0" in session.rows[0]
        await session.press("r", "y")
        with open_registry(registry.root) as other:
            assert other.live("fraud@production").version.label == "2.0.0"


async def test_a_question_ends_when_the_registry_goes(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("r")
        registry.root.rename(registry.root.with_name("hidden"))
        await look(session)
        await session.press("y")
        assert session.phase == "NONE"
        registry.root.with_name("hidden").rename(registry.root)
        await look(session)
        with open_registry(registry.root) as other:
            assert other.live("fraud@production").version.label == "2.1.0"


_STYLES = [Style(bold=True), Style()]


@given(st.lists(st.tuples(st.sampled_from("ab界é "), st.booleans())), st.data())
def test_cells_that_differ_are_all_repainted(cells: list[tuple[str, bool]], data: st.DataObject) -> None:
    other = [data.draw(st.just(cell) | st.tuples(st.sampled_from("ab é"), st.booleans())) for cell in cells]
    old = Strip([Segment(letter, _STYLES[bold]) for letter, bold in cells])
    new = Strip([Segment(letter, _STYLES[bold]) for letter, bold in other])
    found = changed_cells(old, new)
    if found is None:
        assert old.text == new.text
    elif old.cell_length == new.cell_length:
        start, end = found
        assert old.crop(0, start).text == new.crop(0, start).text
        assert old.crop(end, None).text == new.crop(end, None).text
