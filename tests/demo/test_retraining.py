"""The demo's versions are trained again by the command that their runs record, with the same figures."""

from __future__ import annotations

import io
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from lineal.errors import NotFound
from lineal.registry import open_registry
from lineal.rerunning import run_again
from lineal_tui.demo.retrain import retrain

if TYPE_CHECKING:
    from pathlib import Path


def test_the_live_version_is_reproduced_with_equal_metrics_and_bytes(demo_registry: Path, tmp_path: Path) -> None:
    root = shutil.copytree(demo_registry, tmp_path / "registry")
    with open_registry(root) as registry:
        original = registry.version("tumour-classifier@production")
        recipe = registry.recipe(original.ref)
        prepared = registry.prepare(recipe, tmp_path / "again")
        output = io.BytesIO()
        done = run_again(registry, recipe, prepared, output=output, environment=os.environ)
        assert done.code == 0, output.getvalue().decode()
        assert done.version is not None
        again = registry.version(done.version)
        assert [(parent.ref, parent.relation) for parent in again.parents] == [(original.ref, "retrain")]
        assert again.digest == original.digest
        assert done.diff is not None
        metrics = [row for row in done.diff.rows if row.section == "metric"]
        assert len(metrics) > 3
        assert {row.verdict for row in metrics} == {"same"}
        assert registry.live("tumour-classifier@production").version.ref == original.ref


def test_what_the_demo_never_trained_is_told(demo_registry: Path) -> None:
    with open_registry(demo_registry, read_only=True) as registry:
        with pytest.raises(NotFound, match="in the demo"):
            retrain(registry, "nothing", "first")
        with pytest.raises(NotFound, match="story"):
            retrain(registry, "tumour-classifier", "nothing")
