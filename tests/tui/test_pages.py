from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from lineal_tui.view.drawing.pages import KEPT, PAGE, Listed, Pages

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class Numbers:
    """The even numbers from 0, fetched as a table is: by the row before or after."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.fetched = 0
        self.skipped = 0

    def count(self) -> int:
        return self._count

    def key(self, row: int) -> Hashable:
        return row

    def following(self, row: int | None, limit: int, skip: int = 0) -> Sequence[int]:
        self.fetched += 1
        self.skipped += skip
        start = (0 if row is None else row // 2 + 1) + skip
        return [2 * place for place in range(start, min(self._count, start + limit))]

    def preceding(self, row: int | None, limit: int) -> Sequence[int]:
        self.fetched += 1
        stop = self._count if row is None else row // 2
        return [2 * place for place in range(max(0, stop - limit), stop)]

    def position(self, _key: Hashable) -> int | None:
        return None


@given(st.integers(0, 20_000), st.lists(st.integers(-5, 20_005), max_size=60))
def test_whatever_the_order_of_looking_each_place_has_its_row(count: int, places: list[int]) -> None:
    pages = Pages[int](Numbers(count))
    for place in places:
        assert pages.row(place) == (2 * place if 0 <= place < count else None)


def test_scrolling_through_a_million_rows_fetches_each_page_once_and_keeps_few() -> None:
    source = Numbers(1_000_000)
    pages = Pages[int](source)
    for place in range(0, 1_000_000, 64):
        pages.row(place)
    assert source.fetched == -(-1_000_000 // PAGE)
    assert source.skipped == 0
    assert len(pages._pages) <= KEPT


def test_the_last_page_is_fetched_from_the_end() -> None:
    source = Numbers(1_000_000)
    assert Pages[int](source).row(999_999) == 1_999_998
    assert source.skipped == 0


def test_a_row_at_hand_is_found_by_its_key() -> None:
    pages = Pages[int](Numbers(1000))
    pages.row(300)
    assert pages.position(620) == 310
    assert pages.position(621) is None
    assert pages.key_at(310) == 620


def test_rows_at_hand_have_places_and_keys() -> None:
    rows = Listed(["a", "b"], [10, 20])
    assert (len(rows), rows.row(1), rows.key_at(1), rows.position(20)) == (2, "b", 20, 1)
    assert (rows.row(2), rows.key_at(-1), rows.position(3)) == (None, None, None)
