from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from textual.app import App, ComposeResult

from lineal_tui.view.drawing.lines import Line, Tone
from lineal_tui.view.drawing.pages import Listed
from lineal_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEIGHT = 10


class Bench(App[None]):
    """A list and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = Lines()
        self.frames = 0

    def compose(self) -> ComposeResult:
        yield self.lines

    def text(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


def here(app: Bench) -> object:
    return app.lines.current


def paint(row: str, _width: int) -> Line:
    return ((row, Tone.TEXT),)


def numbered(*numbers: int) -> Listed[str]:
    return Listed([f"row {number}" for number in numbers], list(numbers))


@asynccontextmanager
async def bench(rows: Listed[str]) -> AsyncIterator[Bench]:
    app = Bench()
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        app.lines.show(rows, paint)
        await pilot.pause()
        yield app


async def test_the_cursor_is_a_bar_in_the_gutter() -> None:
    async with bench(numbered(*range(5))) as app:
        assert app.text()[:3] == ["▌ row 0", "  row 1", "  row 2"]
        app.lines.move(1)
        assert app.text()[:3] == ["  row 0", "▌ row 1", "  row 2"]


async def test_at_the_edge_the_list_jumps_by_half_a_page() -> None:
    async with bench(numbered(*range(100))) as app:
        app.lines.move_to(HEIGHT - 1)
        assert app.lines.scroll_offset.y == 0
        app.lines.move(1)
        assert app.lines.scroll_offset.y == HEIGHT // 2
        assert here(app) == "row 10"
        app.lines.move_to(HEIGHT // 2 - 1)
        assert app.lines.scroll_offset.y == 0


async def test_top_bottom_and_pages_stay_inside() -> None:
    async with bench(numbered(*range(100))) as app:
        lines = app.lines
        lines.move_to_end()
        assert (here(app), lines.below) == ("row 99", 0)
        lines.move_page(1)
        assert here(app) == "row 99"
        lines.move_half(-1)
        assert here(app) == "row 94"
        lines.move(-1000)
        assert here(app) == "row 0"


async def test_who_goes_to_the_end_of_what_is_still_read_gets_to_the_true_end() -> None:
    async with bench(numbered(*range(20))) as app:
        app.lines.is_whole = False
        app.lines.move_to_end()
        app.lines.show(numbered(*range(30)), paint)
        assert here(app) == "row 29"
        app.lines.is_whole = True
        app.lines.show(numbered(*range(100)), paint)
        assert here(app) == "row 99"
        app.lines.show(numbered(*range(120)), paint)
        assert here(app) == "row 99", "nobody asked for the end of these"


async def test_who_goes_on_from_the_end_of_what_is_still_read_stays_there() -> None:
    async with bench(numbered(*range(20))) as app:
        app.lines.is_whole = False
        app.lines.move_to_end()
        app.lines.move(-1)
        app.lines.is_whole = True
        app.lines.show(numbered(*range(100)), paint)
        assert here(app) == "row 18"


async def test_the_cursor_stays_on_its_item_when_others_come_and_go() -> None:
    async with bench(numbered(*range(50, 0, -1))) as app:
        app.lines.find(30)
        app.lines.show(numbered(*range(60, 0, -1)), paint)
        assert here(app) == "row 30"
        app.lines.show(numbered(31, 30, 29), paint)
        assert here(app) == "row 30"


async def test_when_its_item_is_gone_the_cursor_stays_at_its_place() -> None:
    async with bench(numbered(5, 4, 3, 2, 1)) as app:
        app.lines.find(3)
        app.lines.show(numbered(5, 4, 2, 1), paint)
        assert here(app) == "row 2"
        app.lines.show(numbered(), paint)
        assert here(app) is None
        app.lines.move(1)
        assert app.text()[0] == ""


async def test_marks_stand_beside_the_cursor() -> None:
    async with bench(numbered(1, 2, 3)) as app:
        app.lines.marks = frozenset({1, 3})
        assert app.text()[:3] == ["▌•row 1", "  row 2", " •row 3"]


async def test_a_page_without_a_cursor_scrolls() -> None:
    async with bench(numbered(*range(100))) as app:
        app.lines.has_cursor = False
        app.lines.show(numbered(*range(100)), paint)
        app.lines.move(3)
        assert app.text()[0] == "row 3"
