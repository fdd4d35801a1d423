"""Tells one story: plays each of its scenes against the registry, training for real where the script says so."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

from lineal.records.models import Relation
from lineal_tui.demo.following import FILE, Slice, follow, params_of, signature_of
from lineal_tui.demo.script import Clearing, Demand, Promotion, Rollback, Rows, Scene, Search, Training, Undo
from lineal_tui.demo.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.records.data import DatasetVersion
    from lineal.records.models import Version
    from lineal.registry import Registry
    from lineal.training.recording import RunHandle
    from lineal_tui.demo.calendar import Calendar
    from lineal_tui.demo.data import Table
    from lineal_tui.demo.predict import Weights
    from lineal_tui.demo.recipes import Recipe
    from lineal_tui.demo.script import Story

_LOSS = "val_loss"


@dataclasses.dataclass(frozen=True, slots=True)
class Trained:
    """What a training run left behind."""

    run: str
    """The run's address."""
    path: Path
    """The model's file."""
    weights: Weights
    """What was read back from it."""
    figures: dict[str, float]
    """Its last figures by metric, of the learning curve and of the hold-out."""


class Telling:
    """One story, as far as it has been told."""

    def __init__(
        self,
        story: Story,
        *,
        calendar: Calendar,
        folder: Path,
        data_folder: Path,
        registry_of: Callable[[str], Registry],
        done: Callable[[str], None],
    ) -> None:
        """Prepare to tell it.

        Args:
            story: what happens.
            calendar: the clock of every registry that `registry_of` gives.
            folder: where model files are written before they are registered.
            data_folder: where the data's CSV files are written, to stay.
            registry_of: the registry as somebody sees it, by name.
            done: told in words of each thing that was trained or decided.
        """
        self._story = story
        self._calendar = calendar
        self._folder = folder
        self._registry_of = registry_of
        self._done = done
        self._shelf = Shelf(story, data_folder, calendar)
        self._hold_out: DatasetVersion | None = None
        self._versions: dict[str, Version] = {}
        self._weights: dict[str, Weights] = {}
        self._figures: dict[str, dict[str, float]] = {}

    def data_arrives(self, month: int) -> None:
        """A month's data is written and registered, before the first one also the hold-out."""
        registry = self._registry_of(self._story.owner)
        if self._hold_out is None:
            self._hold_out = self._shelf.set_aside(registry)
        self._shelf.arrive(month, registry)

    def play(self, scene: Scene) -> None:
        """Let a scene happen at its time."""
        self._calendar.set(scene.when)
        registry = self._registry_of(scene.by)
        match scene:
            case Training():
                self._train(scene, registry)
            case Search():
                self._search(scene, registry)
            case Promotion():
                reason = self._cited(scene.reason)
                registry.promote(self._versions[scene.key].ref, scene.stage, reason=reason)
            case Rollback():
                registry.rollback(self._at(scene.stage), reason=self._cited(scene.reason), bad=scene.bad)
            case Undo():
                registry.undo(self._at(scene.stage), reason=self._cited(scene.reason))
            case Clearing():
                registry.clear(self._at(scene.stage), reason=self._cited(scene.reason))
            case Demand():
                registry.set_gates(
                    self._at(scene.stage),
                    expressions=scene.expressions,
                    require=scene.require,
                    after=scene.after,
                    soak=scene.soak,
                    no_pickle=True,
                )
        self._done(f"{self._story.model}: {_in_words(scene)}")

    def _train(self, scene: Training, registry: Registry) -> None:
        table = self._shelf.rows(scene.rows)
        if scene.features is not None:
            table = table.only(scene.features)
        trained = self._run(registry, scene.key, scene.recipe, table, scene.parents, rows=scene.rows)
        self._register(registry, scene, trained, table)

    def _search(self, scene: Search, registry: Registry) -> None:
        table = self._shelf.rows(Rows.ALL)
        best: Trained | None = None
        with registry.start_run(self._story.experiment, name=f"{scene.key}-search") as search:
            search.log_params({"recipes": len(scene.recipes), "chosen_by": f"lowest {_LOSS}"})
            search.set_tags({"team": self._story.team, "kind": "search"})
            search.use_dataset(self._shelf.state(Rows.ALL, registry))
            for number, recipe in enumerate(scene.recipes, 1):
                name = f"{scene.key}-{number}"
                try:
                    trained = self._run(registry, name, recipe, table, scene.parents, search=search)
                except ValueError:
                    # Diverged, and recorded as failed with its traceback: the search goes on without it.
                    self._done(f"{self._story.model}: {name} diverged")
                    continue
                self._done(f"{self._story.model}: {name} trained")
                if best is None or trained.figures[_LOSS] < best.figures[_LOSS]:
                    best = trained
                search.log_metric(f"best_{_LOSS}", best.figures[_LOSS], step=number)
        if best is not None:
            self._register(registry, scene, best, table)

    def _run(
        self,
        registry: Registry,
        name: str,
        recipe: Recipe,
        table: Table,
        parents: tuple[str, ...],
        *,
        rows: Rows = Rows.ALL,
        search: RunHandle | None = None,
    ) -> Trained:
        state = self._shelf.state(rows, registry)
        path = self._folder / self._story.model / name / FILE
        path.parent.mkdir(parents=True)
        with registry.start_run(
            self._story.experiment,
            name=name,
            params=params_of(recipe, table),
            tags={"team": self._story.team, "recipe": type(recipe).__name__.lower()},
            seed=getattr(recipe, "seed", None),
            parent=search,
            command=(sys.executable, "-m", "lineal_tui.demo.retrain", self._story.model, name),
        ) as run:
            weights, figures = follow(
                run,
                recipe,
                Slice(table, state, self._shelf.hold_out_rows(), self._held()),
                tuple(self._weights[key] for key in parents),
                path,
            )
        return Trained(run.ref, path, weights, figures)

    def _register(self, registry: Registry, scene: Training | Search, trained: Trained, table: Table) -> None:
        self._weights[scene.key] = trained.weights
        self._figures[scene.key] = trained.figures
        relation = Relation.RETRAIN if scene.relation is None else scene.relation
        first = not self._versions
        self._versions[scene.key] = registry.register(
            self._story.model,
            trained.path,
            run=trained.run,
            parents=[f"{self._versions[key].ref}={relation}" for key in scene.parents],
            owner=scene.by,
            purpose=scene.purpose or self._story.purpose,
            notes=self._cited(scene.notes),
            tags={"team": self._story.team},
            signature=signature_of(table),
        )
        if first:
            self._introduce(registry)

    def _introduce(self, registry: Registry) -> None:
        story = self._story
        said: dict[str, str | float | None] = {"owner": story.owner, "purpose": story.purpose}
        said |= {f"metric.{name}.tolerance": value for name, value in story.tolerances.items()}
        registry.set(f"exp:{story.experiment}", said)
        registry.set(story.model, {**said, "primary_metric": story.primary_metric})

    def _held(self) -> DatasetVersion:
        if self._hold_out is None:
            raise LookupError("a story's data arrives before its first scene")
        return self._hold_out

    def _at(self, stage: str) -> str:
        return f"{self._story.model}@{stage}"

    def _cited(self, text: str) -> str:
        return text.format_map(self._figures)


def _in_words(scene: Scene) -> str:
    match scene:
        case Training():
            return f"{scene.key} trained"
        case Search():
            return f"{scene.key} chosen"
        case Promotion():
            return f"{scene.key} to {scene.stage}"
        case Rollback():
            return f"{scene.stage} rolled back"
        case Undo():
            return f"{scene.stage}: undone"
        case Clearing():
            return f"{scene.stage} cleared"
        case Demand():
            return f"{scene.stage} got gates"
