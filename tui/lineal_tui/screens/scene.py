"""Everything the first paint needs, read from the registry in one go by a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import NotFound, NothingLive
from lineal.tree import LaneState, draw
from lineal_tui.view.pages import PAGE
from lineal_tui.view.tree import TreeItem, TreeLook, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.base import Micros
    from lineal.records.models import Model, Version
    from lineal.records.runs import Direction
    from lineal.records.stages import LiveVersion, Transition
    from lineal.registry import Registry

_HISTORY = 500
"""Transitions of a stage that are read at once."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One state of the registry, as seen from one stage of one model."""

    models: tuple[Model, ...]
    model: Model | None
    """None in a registry without models."""
    stage: str
    stages: tuple[str, ...]
    live: LiveVersion | None
    """What is live at the stage; None when nothing is."""
    tree: TreeSource | None
    history: tuple[Transition, ...]


class TreeSource:
    """The versions of a model, newest first, with their lanes drawn from the nearest known state above."""

    def __init__(
        self, registry: Registry, model: str, skeleton: Sequence[tuple[int, int, tuple[int, ...]]], look: TreeLook
    ) -> None:
        """Keep the shape of the whole tree; fetch versions when they are asked for."""
        self._registry = registry
        self._model = model
        self._skeleton = skeleton
        self._places = {row[0]: place for place, row in enumerate(skeleton)}
        self._states: list[LaneState | None] = [None]
        self.look = look
        self.on_wider: Callable[[], None] | None = None
        """Called when rows came that need wider columns."""

    def count(self) -> int:
        """How many versions there are."""
        return len(self._skeleton)

    def key(self, row: TreeItem) -> Hashable:
        """The version's row number."""
        return row.version.id

    def position(self, key: Hashable) -> int | None:
        """Where a version is."""
        return self._places.get(key) if isinstance(key, int) else None

    def following(self, row: TreeItem | None, limit: int, skip: int = 0) -> Sequence[TreeItem]:
        """The versions older than `row`."""
        start = (0 if row is None else self._places[row.version.id] + 1) + skip
        return self._fetch(start, start + limit)

    def preceding(self, row: TreeItem | None, limit: int) -> Sequence[TreeItem]:
        """The versions newer than `row`."""
        stop = len(self._skeleton) if row is None else self._places[row.version.id]
        return self._fetch(max(0, stop - limit), stop)

    def _fetch(self, start: int, stop: int) -> list[TreeItem]:
        rows = self._skeleton[start:stop]
        if not rows:
            return []
        found = {
            version.id: version
            for version in self._registry.versions_page(self._model, before=rows[0][1] + 1, limit=len(rows))
        }
        drawn, _ = draw([(row[0], row[2]) for row in rows], self._state(start))
        items = [TreeItem(found[row.id], row) for row in drawn if row.id in found]
        look = measured(self.look, items)
        if look != self.look:
            self.look = look
            if self.on_wider is not None:
                self.on_wider()
        return items

    def _state(self, start: int) -> LaneState | None:
        page, rest = divmod(start, PAGE)
        while len(self._states) <= page:
            known = len(self._states) - 1
            piece = self._skeleton[known * PAGE : (known + 1) * PAGE]
            self._states.append(draw([(row[0], row[2]) for row in piece], self._states[known])[1])
        state = self._states[page]
        if rest:
            piece = self._skeleton[page * PAGE : start]
            state = draw([(row[0], row[2]) for row in piece], state)[1]
        return state


def read_scene(registry: Registry, model: str | None, stage: str | None, clock: Callable[[], Micros]) -> Scene:
    """Read what one stage of one model looks like now.

    Args:
        registry: Where to read.
        model: Its name; None, or one that is gone: the model that changed last.
        stage: Its name; None, or one that the model lacks: the last (production).
        clock: The time that ages are counted from.
    """
    models = tuple(registry.models())
    chosen = next((known for known in models if known.name == model), None)
    if chosen is None and models:
        chosen = max(models, key=lambda known: known.updated_at)
    if chosen is None:
        return Scene(models, None, "production", (), None, None, ())
    stages = tuple(name for name, _ in chosen.stages)
    seen = stage if stage is not None and stage in stages else stages[-1] if stages else "production"
    live = read_live(registry, chosen.name, seen)
    look = TreeLook(
        stage=seen,
        live=live.version.id if live else None,
        baseline=live.version.primary if live else None,
        metric=chosen.primary_metric,
        direction=_direction(registry, live.version if live else None, chosen.primary_metric),
        now=clock(),
    )
    tree = TreeSource(registry, chosen.name, registry.tree_skeleton(chosen.name), look)
    history = tuple(registry.history(chosen.name, seen, limit=_HISTORY)) if stages else ()
    return Scene(models, chosen, seen, stages, live, tree, history)


def read_live(registry: Registry, model: str, stage: str) -> LiveVersion | None:
    """What is live at a stage; None when nothing is."""
    try:
        return registry.live(f"{model}@{stage}")
    except (NothingLive, NotFound):
        return None


def read_figures(registry: Registry, models: Sequence[Model]) -> dict[str, float | None]:
    """The primary metric of what is live at each model's last stage, by model name."""
    figures: dict[str, float | None] = {}
    for model in models:
        if model.stages and model.stages[-1][1] is not None:
            live = read_live(registry, model.name, model.stages[-1][0])
            figures[model.name] = live.version.primary if live else None
    return figures


def _direction(registry: Registry, version: Version | None, metric: str | None) -> Direction | None:
    if version is None or metric is None:
        return None
    definition = registry.detail(version).definitions.get(metric)
    return definition.direction if definition else None
