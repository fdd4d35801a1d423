"""Everything the first paint needs, read from the registry in one go by a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import NotFound, NothingLive
from lineal.records.comparison import TreeRow
from lineal.versioning.tree import draw
from lineal_tui.screens.lanes import Checkpoints
from lineal_tui.screens.sources import Widening
from lineal_tui.view.versioning.models import Standing
from lineal_tui.view.versioning.tree import TreeItem, TreeLook, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from lineal.records.base import Micros
    from lineal.records.governance import Standing as Permitted
    from lineal.records.models import Model, Version, VersionDetail
    from lineal.records.releases import Pipeline
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
    running: tuple[Pipeline, ...] = ()
    """The pipelines that move stages of the model now."""
    standing: Permitted | None = None
    """What the person may do."""


class TreeSource(Widening[TreeLook]):
    """The versions of a model, newest first, with their lanes drawn from the nearest known state above."""

    def __init__(self, registry: Registry, model: Model, newest: int, look: TreeLook) -> None:
        """Fetch versions when they are asked for."""
        super().__init__(look)
        self._registry = registry
        self._model = model.name
        self._count = model.versions
        self.newest = newest
        """The highest sequence number."""
        self.lanes = Checkpoints(registry, model.name)
        self.plain = False
        """Whether rows were given whose lanes were not known yet."""

    def count(self) -> int:
        """How many versions there are."""
        return self._count

    def key(self, row: TreeItem) -> Hashable:
        """The version's row number."""
        return row.version.id

    def position(self, key: Hashable) -> int | None:
        """Where a version is."""
        return self._registry.place(self._model, key) if isinstance(key, int) else None

    def following(self, row: TreeItem | None, limit: int, skip: int = 0) -> Sequence[TreeItem]:
        """The versions older than `row`."""
        below = self.newest + 1 if row is None else row.version.seq
        if skip and self._count == self.newest:
            below -= skip
        elif skip:
            below = self._registry.tree_skeleton(self._model, before=below, limit=skip)[-1][1]
        return self._drawn(self._registry.versions_page(self._model, before=below, limit=limit))

    def preceding(self, row: TreeItem | None, limit: int) -> Sequence[TreeItem]:
        """The versions newer than `row`."""
        above = 0 if row is None else row.version.seq
        return self._drawn(self._registry.versions_page(self._model, after=above, limit=limit))

    def _drawn(self, versions: Sequence[Version]) -> list[TreeItem]:
        if not versions:
            return []
        state = self.lanes.above(versions[0].seq, self.newest)
        if isinstance(state, bool):
            self.plain = True
            rows = [TreeRow(version.id, 0, "○") for version in versions]
        else:
            rows, _ = draw([(version.id, _parents(version)) for version in versions], state)
        second = self._registry.values(versions, self.look.second) if self.look.second is not None else {}
        items = [TreeItem(version, row, second.get(row.id)) for version, row in zip(versions, rows, strict=True)]
        self.measure(measured(self.look, items))
        return items


def _parents(version: Version) -> tuple[int, ...]:
    return tuple(parent.id for parent in version.parents if parent.ref.rpartition(":")[0] == version.model)


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
        return Scene(models, None, "production", (), None, None, (), standing=registry.standing())
    stages = tuple(name for name, _ in chosen.stages)
    seen = stage if stage is not None and stage in stages else stages[-1] if stages else "production"
    live = read_live(registry, chosen.name, seen)
    detail = registry.detail(live.version) if live is not None else None
    definition = detail.definitions.get(chosen.primary_metric) if detail and chosen.primary_metric else None
    look = TreeLook(
        stage=seen,
        last=stages[-1] if stages else seen,
        live=live.version.id if live else None,
        baseline=live.version.primary if live else None,
        metric=chosen.primary_metric,
        direction=definition.direction if definition else None,
        now=clock(),
        second=_second(detail, chosen.primary_metric),
    )
    tree = TreeSource(registry, chosen, registry.newest_seq(chosen.name), look)
    history = tuple(registry.history(chosen.name, seen, limit=_HISTORY)) if stages else ()
    running = tuple(found for found in registry.running_pipelines() if found.order.model == chosen.name)
    return Scene(models, chosen, seen, stages, live, tree, history, running, registry.standing())


def read_live(registry: Registry, model: str, stage: str) -> LiveVersion | None:
    """What is live at a stage; None when nothing is."""
    try:
        return registry.live(f"{model}@{stage}")
    except (NothingLive, NotFound):
        return None


def read_figures(registry: Registry, models: Sequence[Model]) -> dict[str, Standing]:
    """How good what is live at each model's last stage is, and what waits at the stages before it, by model name."""
    standings: dict[str, Standing] = {}
    for model in models:
        if not model.stages:
            continue
        last, label = model.stages[-1]
        live = read_live(registry, model.name, last) if label is not None else None
        waits = []
        for stage, other in reversed(model.stages[:-1]):
            if other is None or other == label:
                continue
            version = read_live(registry, model.name, stage)
            if version is not None and (live is None or version.version.seq > live.version.seq):
                waits.append((stage, version.version.label, version.since))
        standings[model.name] = Standing(live.version.primary if live is not None else None, tuple(waits))
    return standings


def _second(detail: VersionDetail | None, primary: str | None) -> str | None:
    """A metric worth a column beside the primary one: the first that what is live has, if possible one that ranks."""
    if detail is None or primary is None:
        return None
    others = [name for name, value in detail.metrics.items() if name != primary and not value.later]
    ranking = [name for name in others if detail.definitions[name].direction is not None]
    return next(iter([*ranking, *others]), None)
