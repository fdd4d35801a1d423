"""Trains one of the demo's models again: `python -m lineal_tui.demo.retrain MODEL RUN`, as the demo's runs record it.

The same recipe on the same rows, which are compared with what the registry recorded before they are used.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

import lineal
from lineal.data.fingerprint import hash_file
from lineal.errors import Conflict, LinealError, NotFound
from lineal_tui.demo.building import STORIES
from lineal_tui.demo.following import FILE, Slice, follow, params_of, signature_of
from lineal_tui.demo.predict import Weights, load
from lineal_tui.demo.script import Rows, Search, Training

if TYPE_CHECKING:
    from lineal.records.data import DatasetVersion
    from lineal.records.runs import RunDetail
    from lineal.registry import Registry
    from lineal_tui.demo.data import Table
    from lineal_tui.demo.recipes import Recipe
    from lineal_tui.demo.script import Story


def retrain(registry: Registry, model: str, name: str) -> str:
    """Train again what one of the demo's runs trained, and register it if that was; returns the address of the result.

    Raises:
        NotFound: the demo has no such model, or no such run of it.
        Conflict: the rows are not those that were recorded.
        LinealError: it cannot be recorded.
    """
    story = next((each for each in STORIES if each.model == model), None)
    if story is None:
        raise NotFound(kind="model", name=model, where=" in the demo", nearest=tuple(each.model for each in STORIES))
    scene, recipe = _scene(story, name)
    original = _original(registry, story, name)
    whole = story.table()
    rows = scene.rows if isinstance(scene, Training) else Rows.ALL
    month = scene.when.month
    table = whole.of(month) if rows is Rows.LATEST else whole.until(month)
    state, held = (_state(registry, original, role) for role in ("train", "test"))
    with tempfile.TemporaryDirectory(prefix="lineal-demo-") as folder:
        path = Path(folder, FILE)
        for some, recorded in ((table, state), (whole.hold_out(), held)):
            _check(some, recorded, path.with_suffix(".csv"))
        if isinstance(scene, Training) and scene.features is not None:
            table = table.only(scene.features)
        parents = tuple(_weights(registry, story, key) for key in scene.parents)
        with (
            threadpool_limits(1),
            lineal.start_run(
                story.experiment,
                params=params_of(recipe, table),
                tags=original.tags,
                seed=original.seed,
                registry=registry,
            ) as run,
        ):
            follow(run, recipe, Slice(table, state, whole.hold_out(), held), parents, path)
        registered = [output for output in original.outputs if not output.startswith("data:")]
        if not registered:
            return run.ref
        before = registry.version(registered[0])
        return run.register(
            model,
            path,
            owner=before.owner,
            purpose=before.purpose,
            notes=f"{before.ref} trained again",
            signature=signature_of(table),
        ).ref


def _scene(story: Story, name: str) -> tuple[Training | Search, Recipe]:
    for scene in story.scenes:
        if isinstance(scene, Training) and scene.key == name:
            return scene, scene.recipe
        if isinstance(scene, Search):
            for number, recipe in enumerate(scene.recipes, 1):
                if name == f"{scene.key}-{number}":
                    return scene, recipe
    raise NotFound(kind="run", name=name, where=f" in the demo's story of {story.model}")


def _original(registry: Registry, story: Story, name: str) -> RunDetail:
    found = [run for run in registry.runs(story.experiment) if run.name == name]
    if not found:
        raise NotFound(kind="run", name=name, where=f" in exp:{story.experiment}")
    return registry.run_detail(found[-1])


def _state(registry: Registry, original: RunDetail, role: str) -> DatasetVersion:
    used = next((each for each in original.inputs if each.role == role), None)
    if used is None:
        raise NotFound(kind="dataset", name=role, where=f" among the inputs of run:{original.run.id}")
    return registry.dataset_version(f"data:{used.name}:{used.label}")


def _check(table: Table, recorded: DatasetVersion, path: Path) -> None:
    table.write(path)
    digest, _ = hash_file(path)
    if digest != recorded.digest:
        raise Conflict(what=recorded.ref, why="scikit-learn brings other rows here than were recorded")


def _weights(registry: Registry, story: Story, key: str) -> Weights:
    """The model that the story's scene of this key registered, its first time."""
    for version in reversed(registry.versions(story.model)):
        if version.run is None:
            continue
        name = registry.run(f"run:{version.run}").name
        if name == key or (name.startswith(f"{key}-") and name.removeprefix(f"{key}-").isdigit()):
            artifact = registry.detail(version).artifact
            if artifact is not None:
                return load(registry.context.objects.path(artifact.files[0].digest))
    raise NotFound(kind="version", name=key, where=f" of {story.model}")


def main() -> int:
    """Train again what the command line names."""
    if len(sys.argv) != 3:
        sys.stderr.write("usage: python -m lineal_tui.demo.retrain MODEL RUN\n")
        return 2
    try:
        with lineal.open_registry() as registry:
            sys.stdout.write(retrain(registry, sys.argv[1], sys.argv[2]) + "\n")
    except LinealError as error:
        sys.stderr.write(f"error: {error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
