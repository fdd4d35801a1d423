from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from lineal.errors import AlreadyExists
from lineal.records.models import Relation, VersionStatus
from lineal.records.runs import RunStatus
from lineal.records.stages import Action
from lineal.registry import Registry, create_registry, open_registry
from lineal_tui.demo import building, patients
from lineal_tui.demo.data import digits, tumours
from lineal_tui.demo.data import patients as patient_table
from lineal_tui.demo.measuring import measure
from lineal_tui.demo.predict import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = {"tumour-classifier": tumours, "digit-reader": digits, "disease-progression": patient_table}
COMPARED_BY = {
    "tumour-classifier": {"auc", "recall", "accuracy", "log_loss"},
    "digit-reader": {"accuracy", "macro_f1", "log_loss"},
    "disease-progression": {"mae", "rmse", "r2"},
}


@pytest.fixture(scope="module")
def registry(demo_registry: Path) -> Iterator[Registry]:
    with open_registry(demo_registry, read_only=True) as opened:
        yield opened


@pytest.fixture(params=sorted(TABLES))
def model(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_some_sixty_runs_have_learning_curves(registry: Registry) -> None:
    details = registry.run_details(registry.runs())
    with_curves = [detail for detail in details if any(series.count >= 10 for series in detail.metrics)]
    assert 55 <= len(details) <= 70
    assert len(with_curves) >= 50
    assert Counter(detail.run.status for detail in details)[RunStatus.FAILED] == 1


def test_only_the_best_of_a_search_is_registered(registry: Registry, model: str) -> None:
    details = registry.run_details(registry.runs(model))
    searches = [detail for detail in details if detail.children]
    assert len(searches) == 1
    children = registry.run_details([registry.run(f"run:{child}") for child in searches[0].children])
    losses = {
        child.run.id: series.last
        for child in children
        for series in child.metrics
        if series.name == "val_loss" and child.run.status is RunStatus.FINISHED
    }
    best = min(losses, key=lambda run: losses[run])
    assert len(children) == 6
    assert [version.run for version in registry.versions(model) if version.run in losses] == [best]


def test_a_tree_has_a_dozen_versions_and_branches(registry: Registry, model: str) -> None:
    versions = registry.versions(model)
    children = Counter(parent.ref for version in versions for parent in version.parents)
    assert len(versions) >= 12
    assert sum(count > 1 for count in children.values()) >= 2
    assert all(version.owner and version.purpose and version.notes for version in versions)


def test_versions_came_about_in_every_way_there_is(registry: Registry) -> None:
    relations = {
        parent.relation for model in TABLES for version in registry.versions(model) for parent in version.parents
    }
    assert relations == set(Relation)


def test_what_versions_are_compared_by_was_measured_on_one_hold_out(registry: Registry, model: str) -> None:
    for detail in registry.details(registry.versions(model)):
        measured_on = {detail.metrics[name].dataset for name in COMPARED_BY[model]}
        assert measured_on == {f"data:{TABLES[model]().name}-holdout:1"}
        curve = {metric.dataset for name, metric in detail.metrics.items() if name.startswith(("val_", "train_"))}
        assert len(curve) == 1
        assert not curve & measured_on


def test_the_figures_are_those_of_the_registered_bytes(registry: Registry, model: str) -> None:
    held = TABLES[model]().hold_out()
    for detail in registry.details(registry.versions(model)):
        assert detail.artifact is not None
        (file,) = detail.artifact.files
        assert file.format == "safetensors"
        digest = file.digest.removeprefix("sha256:")
        weights = load(registry.root / "objects" / digest[:2] / digest[2:])
        with threadpool_limits(1):
            found = measure(weights, held.only(weights.features))
        assert {name: detail.metrics[name].value for name in found} == found


def test_a_release_that_was_worse_was_rolled_back_and_marked(registry: Registry, model: str) -> None:
    history = registry.history(model, "production")
    lower = model == "disease-progression"
    name = {"tumour-classifier": "recall", "digit-reader": "accuracy", "disease-progression": "rmse"}[model]
    bad = [version for version in registry.versions(model) if version.status is VersionStatus.BAD]
    assert len(bad) == 1
    (rollback,) = [t for t in history if t.action is Action.ROLLBACK and t.from_label == bad[0].label]
    worse = registry.detail(bad[0]).metrics[name].value
    better = registry.detail(f"{model}:{rollback.to_label}").metrics[name].value
    assert (worse > better * 1.1) if lower else (worse < better * 0.95)
    assert rollback.reason


def test_production_only_ever_got_what_staging_had_first(registry: Registry, model: str) -> None:
    seen: set[str | None] = set()
    for transition in reversed(registry.history(model)):
        assert transition.reason
        assert transition.claim
        if transition.stage == "staging":
            seen.add(transition.to_label)
        elif transition.action is Action.PROMOTE:
            assert transition.to_label in seen
    assert len(registry.history(model, "production")) >= 5
    assert len({transition.claim for transition in registry.history(model)}) >= 3


def test_one_rollback_was_a_mistake_and_undone(registry: Registry) -> None:
    history = registry.history("digit-reader", "production")[::-1]
    (undo,) = [place for place, transition in enumerate(history) if transition.action is Action.UNDO]
    assert history[undo - 1].action is Action.ROLLBACK
    assert history[undo].to_label == history[undo - 1].from_label


def test_labels_go_up_in_every_way_and_say_why(registry: Registry) -> None:
    reasons = [detail.label_reason for model in TABLES for detail in registry.details(registry.versions(model))]
    assert {reason.partition(":")[0] for reason in reasons} >= {"major", "minor", "patch"}
    assert all(reasons)


def test_data_arrives_month_by_month_with_its_rows_columns_and_parents(registry: Registry, model: str) -> None:
    table = TABLES[model]()
    states = registry.dataset_versions(table.name)
    months = sorted((state for state in states if not state.label.endswith("-only")), key=lambda state: state.label)
    assert len(months) == 12
    assert [state.rows for state in months] == [len(table.until(month)) for month in range(12)]
    assert all(state.columns and len(state.columns) == len(table.features) + 1 for state in months)
    assert [state.parents for state in months[1:]] == [(state.ref,) for state in months[:-1]]


def test_dates_run_from_a_year_ago_to_the_day_before_today(registry: Registry) -> None:
    now = datetime.now(UTC)
    events = registry.events()[::-1]
    times = [datetime.fromtimestamp(event.at / 1e6, UTC) for event in events]
    assert times == sorted(times)
    # What opening and creating a registry records has no story, and happens on the real day.
    told = [at for event, at in zip(events, times, strict=True) if event.actor.claim]
    assert timedelta(days=330) < now - told[0] < timedelta(days=370)
    assert timedelta() < now - told[-1] < timedelta(days=4)


def test_nothing_in_the_registry_is_a_pickle(demo_registry: Path) -> None:
    for path in demo_registry.rglob("*"):
        if path.is_file() and path.stat().st_size > 8 and path.parent.parent.name == "objects":
            content = path.read_bytes()
            if content.startswith(b"diff --git "):
                continue  # what was not committed where the demo was trained
            json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def test_the_same_story_told_twice_gives_the_same_figures_on_other_dates(demo_registry: Path, tmp_path: Path) -> None:
    short = replace(patients.STORY, scenes=tuple(scene for scene in patients.STORY.scenes if scene.when.month < 7))
    built = building.build(tmp_path / "again", today=datetime(2027, 2, 3, tzinfo=UTC), stories=(short,))
    figures = []
    for root in (demo_registry, tmp_path / "again"):
        with open_registry(root, read_only=True) as registry:
            details = registry.details(registry.versions(short.model)[::-1][: built.versions])
        figures.append(
            [(d.version.label, d.version.digest, {k: m.value for k, m in d.metrics.items()}) for d in details]
        )
    assert len(figures[0]) == built.versions > 5
    assert figures[0] == figures[1]


def test_a_registry_with_something_in_it_is_left_alone(demo_registry: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo_registry, copy)
    before = (copy / "registry.db").read_bytes()
    with pytest.raises(AlreadyExists, match="is not empty"):
        building.build(copy)
    assert (copy / "registry.db").read_bytes() == before


def test_an_empty_registry_is_filled_and_progress_told(tmp_path: Path) -> None:
    create_registry(tmp_path / "empty").close()
    short = replace(patients.STORY, scenes=patients.STORY.scenes[:3])
    told: list[tuple[int, int, str]] = []
    built = building.build(tmp_path / "empty", stories=(short,), progress=lambda *words: told.append(words))
    assert [(done, total) for done, total, _ in told] == [(1, 3), (2, 3), (3, 3)]
    assert told[1][2] == "disease-progression: first to staging"
    assert (built.models, built.versions, built.runs) == (1, 1, 1)
    assert "only the dates, the people and their reasons are made up" in built.sentence


def test_an_interruption_leaves_a_registry_that_opens(tmp_path: Path) -> None:
    def stop(done: int, _total: int, _what: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        building.build(tmp_path / "stopped", stories=(patients.STORY,), progress=stop)
    with open_registry(tmp_path / "stopped") as registry:
        assert [version.label for version in registry.versions("disease-progression")] == ["1.0.0"]
        assert all(run.status is not RunStatus.RUNNING for run in registry.runs())
