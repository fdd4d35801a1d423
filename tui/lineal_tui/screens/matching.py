"""The versions that a filter lets through, found stretch by stretch and fetched as they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.machine.lazily import Later
from lineal.records.comparison import TreeRow
from lineal_tui.screens.sources import Placed
from lineal_tui.view.drawing.pages import PAGE
from lineal_tui.view.versioning.tree import TreeItem, TreeLook, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from lineal.registry import Registry
    from lineal.search import parsing as language
else:
    # nobody filters before the first paint
    language = Later("lineal.search.parsing")

STRETCH = 10_000
"""Versions that are searched at once: some ten milliseconds, after which a search may be called off."""
_LATER = 2_000
"""Versions of an expression that are fetched at once after the first page."""


def search(
    registry: Registry, model: str, text: str, newest: int, stopped: Callable[[], bool]
) -> Iterator[list[tuple[int, int]]]:
    """(row number, sequence number) of the versions that a filter lets through, newest first, a stretch at a time.

    Plain words may stand anywhere in a version; anything else is an expression of the search language.

    Raises:
        BadFilter: it is one, and makes no sense.
        Cancelled: it was called off.
    """
    if not language.is_plain(text):
        place = None
        limit = PAGE
        while True:
            page = registry.search_versions_page(
                model, text, limit=limit, after=place, include_retired=True, stopped=stopped
            )
            yield [(found.item.id, found.item.seq) for found in page]
            if len(page) < limit:
                return
            place, limit = page[-1].place, _LATER
    words = text.split()
    before = newest + 1
    while before > 1:
        after = max(0, before - STRETCH - 1)
        yield registry.version_matches(model, words, before=before, after=after)
        before = after + 1


class MatchSource(Placed[TreeItem, TreeLook]):
    """Some versions of a model, newest first, without lanes: what lies between them is not shown."""

    def __init__(self, registry: Registry, found: Sequence[tuple[int, int]], look: TreeLook) -> None:
        """Keep which versions they are; fetch them when they are asked for."""
        super().__init__(look)
        self._registry = registry
        self._found = found
        self._places = {row: place for place, (row, _) in enumerate(found)}

    def count(self) -> int:
        """How many versions there are."""
        return len(self._found)

    def key(self, row: TreeItem) -> Hashable:
        """The version's row number."""
        return row.version.id

    def position(self, key: Hashable) -> int | None:
        """Where a version is."""
        return self._places.get(key) if isinstance(key, int) else None

    def fetch(self, start: int, stop: int) -> list[TreeItem]:
        """Versions by their places."""
        versions = self._registry.versions_by_id([row for row, _ in self._found[start:stop]])
        second = self._registry.values(versions, self.look.second) if self.look.second is not None else {}
        items = [TreeItem(version, TreeRow(version.id, 0, "○"), second.get(version.id)) for version in versions]
        self.measure(measured(self.look, items))
        return items
