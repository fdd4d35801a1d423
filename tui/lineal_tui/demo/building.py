"""Builds the sample registry: three stories told in the order of their dates, by one clock."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from lineal.errors import AlreadyExists
from lineal.registry import create_registry, open_registry
from lineal_tui.demo import digits, patients, tumours
from lineal_tui.demo.calendar import MONTHS, Calendar, When
from lineal_tui.demo.script import Search
from lineal_tui.demo.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.registry import Registry
    from lineal_tui.demo.script import Story

STORIES = (tumours.STORY, digits.STORY, patients.STORY)


@dataclass(frozen=True, slots=True)
class Built:
    """What the demo made."""

    registry: Path
    models: int
    versions: int
    runs: int
    datasets: int
    """Dataset versions."""
    seconds: float
    """How long it took, by the real clock."""

    @property
    def sentence(self) -> str:
        """What a person is to know about it."""
        return (
            f"Models: {self.models}, versions: {self.versions}, runs: {self.runs}, trained in {self.seconds:.0f} s on "
            "data that comes with scikit-learn. The figures are as measured, those that versions are compared by on "
            "one hold-out per model; only the dates, the people and their reasons are made up."
        )


def build(
    registry_dir: Path,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    today: datetime | None = None,
    stories: tuple[Story, ...] = STORIES,
) -> Built:
    """Train the demo's models into a registry.

    Training is real; only the calendar is simulated. The same versions of the libraries give the same figures.

    Args:
        registry_dir: the registry to make; it may be there, but without anything in it.
        progress: told how many of how many things are done, and what the last one was.
        today: the day after the story's last one; None for the real one.
        stories: which models.

    Raises:
        AlreadyExists: the registry has something in it. Nothing was written.
    """
    started = time.monotonic()
    calendar = Calendar(today or datetime.now(UTC))
    _find_or_create(registry_dir, calendar)
    total = sum(_things(story) for story in stories)
    finished: list[str] = []

    def done(what: str) -> None:
        finished.append(what)
        if progress is not None:
            progress(len(finished), total, what)

    with ExitStack() as stack:
        # Sums of several threads are added in an order that changes; the arrays are too small to gain from them.
        stack.enter_context(threadpool_limits(1))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lineal-demo-")))
        data_folder = registry_dir / "data"
        data_folder.mkdir(exist_ok=True)
        people: dict[str, Registry] = {}

        def registry_of(person: str) -> Registry:
            if person not in people:
                opened = open_registry(registry_dir, actor_claim=person, clock=calendar)
                people[person] = stack.enter_context(opened)
            return people[person]

        _tell(
            [
                (
                    s,
                    Telling(
                        s, calendar=calendar, folder=folder, data_folder=data_folder, registry_of=registry_of, done=done
                    ),
                )
                for s in stories
            ],
            calendar,
        )
        return _counted(registry_of(stories[0].owner), time.monotonic() - started)


def _tell(tellings: list[tuple[Story, Telling]], calendar: Calendar) -> None:
    """Play the scenes of all stories in the order of their dates, and let data arrive on each month's first morning."""
    scenes = sorted(
        ((scene, telling) for story, telling in tellings for scene in story.scenes), key=lambda pair: pair[0].when
    )
    for month in range(MONTHS):
        calendar.set(When(month, 0, 5))
        for _, telling in tellings:
            telling.data_arrives(month)
        for scene, telling in scenes:
            if scene.when.month == month:
                telling.play(scene)


def _things(story: Story) -> int:
    return sum(1 + (len(scene.recipes) if isinstance(scene, Search) else 0) for scene in story.scenes)


def _find_or_create(registry_dir: Path, calendar: Calendar) -> None:
    if not (registry_dir / "registry.db").exists():
        create_registry(registry_dir, clock=calendar).close()
        return
    with open_registry(registry_dir, read_only=True) as registry:
        if registry.models() or registry.experiments() or registry.datasets():
            raise AlreadyExists(kind="registry", name=str(registry_dir), where=" and is not empty")


def _counted(registry: Registry, seconds: float) -> Built:
    models = registry.models()
    return Built(
        registry=registry.root,
        models=len(models),
        versions=sum(model.versions for model in models),
        runs=len(registry.runs()),
        datasets=sum(dataset.versions for dataset in registry.datasets()),
        seconds=seconds,
    )
