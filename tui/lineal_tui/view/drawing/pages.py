"""Lists of a million rows are held as a few pages, fetched by key from whatever has the rows."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

Row = TypeVar("Row")
Shown_co = TypeVar("Shown_co", covariant=True)

PAGE = 256
KEPT = 4


def top_for(cursor: int, top: int, height: int) -> int:
    """Which row stands first once the cursor, which left the `height` rows from `top`, is in sight again."""
    if top <= cursor < top + height:
        return top
    if abs(cursor - (top if cursor < top else top + height - 1)) > height:
        return cursor - height // 2
    # half a page at a time, so that holding a key repaints the list only now and then
    step = max(1, height // 2)
    return cursor - step if cursor >= top + height else cursor - height + 1 + step


class Source(Protocol[Row]):
    """Rows in a fixed order, fetched by their neighbours, so that no fetch counts rows from the top."""

    def count(self) -> int:
        """How many rows there are."""
        ...

    def key(self, row: Row) -> Hashable:
        """What tells a row from every other, also after it changed or moved."""
        ...

    def following(self, row: Row | None, limit: int, skip: int = 0) -> Sequence[Row]:
        """The rows after `row` (None: from the first), in order, without the `skip` nearest."""
        ...

    def preceding(self, row: Row | None, limit: int) -> Sequence[Row]:
        """The rows before `row` (None: up to the last), in the list's order."""
        ...

    def position(self, key: Hashable) -> int | None:
        """Where the row with this key is; None when it is gone, or when telling would take a search."""
        ...


class Rows(Protocol[Shown_co]):
    """What a list shows: rows by number, told by key."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    def row(self, index: int) -> Shown_co | None:
        """The row at this place; None where there is none."""
        ...

    def key_at(self, index: int) -> Hashable | None:
        """The key of the row at this place; None where there is none."""
        ...

    def position(self, key: Hashable) -> int | None:
        """Where the row with this key is; None when it is gone."""
        ...


class Pages(Generic[Row]):
    """Rows by number over a source, with the pages that were looked at last."""

    def __init__(self, source: Source[Row]) -> None:
        """Ask the source for its count; fetch nothing yet."""
        self.source = source
        self.count = source.count()
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()

    def __len__(self) -> int:
        return self.count

    def row(self, index: int) -> Row | None:
        """The row at this place; None where there is none (any more)."""
        if not 0 <= index < self.count:
            return None
        page = self._page(index // PAGE)
        offset = index % PAGE
        return page[offset] if offset < len(page) else None

    def key_at(self, index: int) -> Hashable | None:
        """The key of the row at this place; None where there is none (any more)."""
        row = self.row(index)
        return None if row is None else self.source.key(row)

    def position(self, key: Hashable) -> int | None:
        """Where the row with this key is, from the pages at hand or else from the source; None when it is not found."""
        for number, page in self._pages.items():
            for offset, row in enumerate(page):
                if self.source.key(row) == key:
                    return number * PAGE + offset
        return self.source.position(key)

    def forget(self) -> None:
        """Fetch every page again when it is next looked at."""
        self._pages.clear()

    def _page(self, number: int) -> Sequence[Row]:
        page = self._pages.get(number)
        if page is None:
            page = self._fetch(number)
            self._pages[number] = page
            while len(self._pages) > KEPT:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page

    def _fetch(self, number: int) -> Sequence[Row]:
        size = min(PAGE, self.count - number * PAGE)
        below = self._pages.get(number + 1)
        if below:
            return self.source.preceding(below[0], size)
        if (number + 1) * PAGE >= self.count and number:
            return self.source.preceding(None, size)
        anchors = [known for known in self._pages if known < number and len(self._pages[known]) == PAGE]
        if not anchors:
            return self.source.following(None, size, number * PAGE)
        nearest = max(anchors)
        return self.source.following(self._pages[nearest][-1], size, (number - nearest - 1) * PAGE)


class Listed(Generic[Row]):
    """Rows that are all at hand."""

    def __init__(self, rows: Sequence[Row], keys: Sequence[Hashable] | None = None) -> None:
        """Without `keys` a row is told by its place."""
        self._rows = rows
        self._keys = keys if keys is not None else range(len(rows))
        self._places = {key: place for place, key in enumerate(self._keys)}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Row | None:
        """The row at this place; None where there is none."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def key_at(self, index: int) -> Hashable | None:
        """The key of the row at this place; None where there is none."""
        return self._keys[index] if 0 <= index < len(self._rows) else None

    def position(self, key: Hashable) -> int | None:
        """Where the row with this key is; None when it is not here."""
        return self._places.get(key)
