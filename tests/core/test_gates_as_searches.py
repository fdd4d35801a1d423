"""A gate passes just what a search with the same expression finds."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lineal.gates import demands, expressions
from lineal.records.base import Micros
from lineal.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.core.conftest import Calendar
    from tests.core.gated import HOUR, PLACE, failed
else:
    from gated import HOUR, PLACE, failed

_TESTS = some.sampled_from(
    [
        *("metrics.auc > 0.5", "metrics.auc = 0.25", "metrics.f1 <= 0.5", "metrics.nan > 0", "metrics.auc IS NULL"),
        *("metrics.auc < metrics.f1", "metrics.auc + metrics.f1 > 0.75", "metrics.nan IS NOT NULL"),
        *("params.lr = 0.1", "params.lr = '0.1'", "params.lr < 1", "params.opt = 'adam'", "params.opt LIKE 'AD%'"),
        *("params.opt IN ('adam', 'sgd')", "params.lr IN (0.1, 1)", "params.none IS NULL", "params.lr NOT IN (1)"),
        *("tags.t = 'x'", "tags.t != 'x'", "tags.t NOT LIKE 'y%'", "tags.z IS NULL", "owner = 'ana'", "owner != 'ben'"),
        *("owner IS NULL", "stage = 'production'", "stage != 'production'", "stage IS NULL", "status = 'Active'"),
        *("label LIKE '1%'", "seq > 1", "parent = 'm:1'", "parent != 'm:1'", "parent IS NOT NULL", "dataset = 'd'"),
        *("dataset.role = 'train'", "files > 0", "bytes < '1 KB'", "created > '1 day ago'", "created < '1 day ago'"),
        *("format = 'safetensors'", "relation = 'retrain'", "live = true", "purpose IN ('p', 'q')", "run IS NULL"),
    ]
)


_EXPRESSIONS = some.recursive(
    _TESTS,
    lambda inner: some.one_of(
        inner.map(lambda text: f"NOT ({text})"),
        some.tuples(inner, some.sampled_from(["AND", "OR"]), inner).map(
            lambda each: f"({each[0]}) {each[1]} ({each[2]})"
        ),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def searched(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Versions of all sorts, which nothing changes."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "d.csv").write_text("a\n1\n")
    (folder / "w.json").write_text("{}")
    with open_registry(shutil.copytree(fresh, folder / "registry")) as registry:
        registry.add_dataset("d", folder / "d.csv", label="1")
        registry.register("m", scheme="sequence", metrics={"auc": 0.25, "nan": math.nan}, params={"lr": 0.1})
        registry.register("m", parent="m:1", metrics={"auc": 0.75, "f1": 0.5}, params={"opt": "adam", "none": None})
        registry.register("m", folder / "w.json", owner="ana", purpose="p", tags={"t": "x"}, datasets=["data:d:1"])
        registry.register(
            "m", parent="m:3=finetune", owner="ben", tags={"t": "y", "z": "1"}, params={"lr": 1, "opt": "SGD"}
        )
        registry.promote("m:2", "production")
        registry.promote("m:2", "staging")
        yield registry


@given(text=_EXPRESSIONS)
def test_a_gate_passes_what_a_search_finds(searched: Registry, text: str) -> None:
    found = {version.label for version in searched.search_versions("m", text)}
    context = searched.context
    with context.read() as connection:
        passed = {
            version.label
            for version in searched.versions("m")
            if expressions.check(text, demands.facts_of(connection, version), None, context.clock()).passed
        }
    assert passed == found


def test_times_are_counted_from_the_histories_own_order(stocked: Registry, calendar: Calendar) -> None:
    stocked.set_gates(PLACE, after="staging", soak="1h")
    start = calendar.at
    stocked.promote("m:2", "staging")
    calendar.at = start - 10 * HOUR
    stocked.promote("m:4", "staging")  # earlier by the clock, later in the history
    calendar.at = start + 2 * HOUR
    assert failed(stocked.plan_promote("m:2", "production"))["soak"].saw == "0 s"
    assert not stocked.plan_promote("m:4", "production").failed
    assert stocked.plan_promote("m:4", "production").checks[-1].passed
    assert Micros(calendar.at) > start
