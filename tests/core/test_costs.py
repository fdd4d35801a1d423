"""What versions cost on disk: each object once, and what a purge frees in fact."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lineal.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Weights

    from lineal.registry import Registry


def on_disk(root: Path) -> int:
    return sum(path.stat().st_size for path in (root / "objects").rglob("*") if path.is_file() and path.name != ".uses")


def folder(tmp_path: Path, name: str, **files: str) -> Path:
    path = tmp_path / name
    path.mkdir()
    for stem, text in files.items():
        (path / f"{stem}.txt").write_text(text)
    return path


@pytest.fixture
def shared(registry: Registry, tmp_path: Path) -> Registry:
    """Two versions that share a file, one of which holds a file twice, and another model with one of these."""
    registry.register("m", folder(tmp_path, "a", vocab="v" * 1000, weights="1" * 10), label="1.0.0")
    registry.register("m", folder(tmp_path, "b", vocab="v" * 1000, weights="2" * 20, again="2" * 20), label="1.1.0")
    registry.register("n", folder(tmp_path, "c", own="3" * 30, weights="1" * 10), label="1.0.0")
    return registry


def test_an_object_is_counted_once_and_is_own_only_where_nothing_else_needs_it(shared: Registry) -> None:
    total, versions = shared.model_cost("m")
    costs = {each.label: each for each in versions}
    assert [each.label for each in versions] == ["1.1.0", "1.0.0"]
    assert (costs["1.0.0"].bytes, costs["1.0.0"].own, costs["1.0.0"].shared) == (1010, 0, 1010)
    assert (costs["1.1.0"].bytes, costs["1.1.0"].own, costs["1.1.0"].shared) == (1040, 20, 1000)
    assert (total.versions, total.bytes, total.stored, total.own) == (2, 2050, 1030, 1020)
    whole = shared.cost()
    assert (whole.stored, whole.objects) == (on_disk(shared.root), 4)
    assert {each.model: each.own for each in whole.models} == {"m": 1020, "n": 30}


def test_own_is_what_a_purge_frees(shared: Registry) -> None:
    cost, files, _ = shared.version_cost("m:1.1.0")
    assert {(each.path, each.sharers, each.sharer) for each in files} == {
        ("again.txt", 0, None),
        ("vocab.txt", 1, "m:1.0.0"),
        ("weights.txt", 0, None),
    }
    before = on_disk(shared.root)
    shared.retire("m:1.1.0", reason="test", purge=True)
    assert before - on_disk(shared.root) == cost.own == 20
    after, files, _ = shared.version_cost("m:1.1.0")
    assert (after.own, after.gone, after.shared) == (0, 20, 1000)
    assert [each.here for each in files] == [False, True, False]
    # whoever was purged needs nothing any more, so that what it shared belongs to the other alone
    assert shared.version_cost("m:1.0.0")[0].own == 1000


def test_what_gc_would_free_is_told(shared: Registry, weights: Weights) -> None:
    stray = weights(9.0)
    shared._context.objects.put(stray)
    assert (shared.cost().collectable, shared.cost().collectable_files) == (stray.stat().st_size, 1)


def test_a_release_is_told_with_what_it_shares_with_the_objects(shared: Registry, tmp_path: Path) -> None:
    shared.bind_stage("m@production", release=str(tmp_path / "srv"))
    shared.promote("m:1.0.0", "production")
    (release,) = shared.cost().releases
    assert (release.stage, release.version, release.missing, release.linked) == ("m@production", "m:1.0.0", False, 0)
    assert release.files == 3
    assert release.bytes >= 1010
    assert shared.version_cost("m:1.0.0")[0].released == release.extra
    if not release.cloned:
        assert release.extra == release.bytes
    file = next(path for path in (tmp_path / "srv").rglob("vocab.txt"))
    digest = next(each.digest for each in shared.version_cost("m:1.0.0")[1] if each.path == "vocab.txt")
    file.unlink()
    os.link(shared._context.objects.path(digest), file)
    assert shared.cost().releases[0].linked == 1000
    assert shared.model_cost("m")[0].released == shared.cost().releases[0].extra
    for path in (tmp_path / "srv").rglob("*.txt"):
        path.unlink()
    assert shared.cost().releases[0].bytes < 1000


def test_a_model_without_versions_of_its_own_and_one_without_files_cost_nothing(registry: Registry) -> None:
    registry.register("empty", label="1.0.0")
    total, (version,) = registry.model_cost("empty")
    assert (total.bytes, total.stored, version.bytes, version.files) == (0, 0, 0, 0)
    with pytest.raises(NotFound):
        registry.model_cost("nobody")


def test_what_is_gone_once_it_was_listed_costs_nothing(registry: Registry) -> None:
    before = registry.cost().database
    (registry.root / "registry.db-gone").symlink_to("nowhere")  # as the journal of a change that is over
    assert registry.cost().database == before
