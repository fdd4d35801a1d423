"""What things came from and what came from them, read as far as somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal.errors import Ambiguous, BadAddress, NotFound
from lineal.records.comparison import Beyond, NodeKind, Way
from lineal.versioning import origins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Weights

    from lineal.records.comparison import Lineage
    from lineal.registry import Registry


def ids(lineage: Lineage) -> set[str]:
    return {node.id for node in lineage.nodes}


def edges(lineage: Lineage) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.target, edge.role) for edge in lineage.edges}


@pytest.fixture
def grown(registry: Registry, weights: Weights, tmp_path: Path) -> Registry:
    """Raw data, data made of it, a run on that, a version of it that is live, and one that came from that."""
    data = tmp_path / "data.csv"
    for label, rows in (("raw", "1\n"), ("clean", "1\n2\n")):
        data.write_text("a\n" + rows)
        registry.add_dataset("d", data, label=label, parents=["data:d:raw"] if label == "clean" else [])
    with registry.start_run("e", name="first") as run:
        run.use_dataset("d", data, label="clean", role="train")
        run.register("m", weights(1.0), label="1.0.0")
    registry.register("m", weights(2.0), label="1.1.0", parent="m:1.0.0=finetune", datasets=["data:d:clean=test"])
    registry.promote("m:1.1.0", "production")
    return registry


def test_what_was_trained_on_data_is_found_down_to_the_stages(grown: Registry) -> None:
    found = grown.lineage("data:d:raw", up=0, down=9)
    (run,) = [node for node in found.nodes if node.kind is NodeKind.RUN]
    assert run.name == "first"
    assert ids(found) == {"data:d:raw", "data:d:clean", run.id, "m:1.0.0", "m:1.1.0", "m@production"}
    assert edges(found) == {
        ("data:d:raw", "data:d:clean", "derived"),
        ("data:d:clean", run.id, "train"),
        ("data:d:clean", "m:1.1.0", "test"),
        (run.id, "m:1.0.0", "output"),
        ("m:1.0.0", "m:1.1.0", "finetune"),
        ("m:1.1.0", "m@production", "live"),
    }
    assert not found.truncated


def test_what_a_production_model_stands_on_is_found_up_to_the_raw_data(grown: Registry) -> None:
    up, down = grown.lineage("m@production", up=9, down=0), grown.lineage("data:d:raw", up=0, down=9)
    assert ids(up) == ids(down)
    assert edges(up) == edges(down)


def test_what_lies_beyond_the_levels_is_counted_where_it_hangs(grown: Registry) -> None:
    found = grown.lineage("m:1.1.0", up=1, down=0)
    assert ids(found) == {"m:1.1.0", "m:1.0.0", "data:d:clean"}
    assert set(found.beyond) == {
        Beyond("m:1.0.0", Way.UP, 1),
        Beyond("data:d:clean", Way.UP, 1),
        Beyond("m:1.1.0", Way.DOWN, 1),
    }


def test_a_run_a_version_by_number_and_bytes_have_a_lineage(grown: Registry) -> None:
    run = next(node.id for node in grown.lineage("m:#1").nodes if node.kind is NodeKind.RUN)
    assert grown.lineage(run[:10]).focus == run
    digest = grown.version("m:1.0.0").digest
    assert grown.lineage(f"{digest}").focus == "m:1.0.0"
    assert grown.lineage(f"{grown.dataset_versions('d')[0].digest}").focus == "data:d:clean"
    assert grown.lineage("data:d").focus == "data:d:clean"


def test_what_names_no_one_thing_is_refused_with_the_way_on(grown: Registry, weights: Weights) -> None:
    with pytest.raises(BadAddress, match="an experiment has many runs") as refused:
        grown.lineage("exp:e")
    assert refused.value.hint == "`lineal runs exp:e` lists them"
    with pytest.raises(BadAddress, match="it names a model; add :LABEL"):
        grown.lineage("m")
    with pytest.raises(NotFound):
        grown.lineage("m:9")
    grown.register("other", weights(1.0), label="1.0.0")
    with pytest.raises(Ambiguous, match=r"other:1\.0\.0"):
        grown.lineage(f"{grown.detail('other:1.0.0').artifact.files[0].digest}")  # type: ignore[union-attr]


def test_of_many_users_of_data_those_with_versions_come_first_and_the_rest_is_counted(
    registry: Registry, weights: Weights, tmp_path: Path, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    data = tmp_path / "data.csv"
    data.write_text("a\n1\n")
    registry.add_dataset("d", data, label="1")
    with registry.start_run("e", name="productive") as run:
        run.use_dataset("d", data, label="1", role="train")
        run.register("m", weights(), label="1.0.0")
    registry.close()
    sql(
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 10000) "
        "INSERT INTO runs (id, experiment_id, name, kind, status, started_at, ended_at, actor) "
        "SELECT printf('%032x', i), 1, 'idle', 'train', 'finished', 1, 2, 'ana' FROM c"
    )
    sql("INSERT INTO run_inputs SELECT n, 1, 'train' FROM runs WHERE name = 'idle'")
    sql("INSERT INTO run_inputs SELECT n, 1, 'test' FROM runs WHERE name = 'idle'")
    found = registry.lineage("data:d:1", up=0, down=1, limit=50)
    assert len(found.nodes) == 51
    assert found.nodes[1].name == "productive"
    assert next(each for each in found.beyond if each.node == "data:d:1") == Beyond("data:d:1", Way.DOWN, 9_951)
    assert len(registry.lineage("data:d:1", up=0, down=1, limit=20_000).nodes) == 10_002


def test_however_much_hangs_together_a_lineage_has_an_end(
    registry: Registry, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins, "_MOST_NODES", 3)
    for number in range(8):
        registry.register(
            "m", weights(number), label=f"1.{number}.0", parents=[f"m:1.{number - 1}.0"] if number else []
        )
    found = registry.lineage("m:1.7.0", up=99, down=0, limit=1)
    assert len(found.nodes) < 8
    assert found.truncated
    assert any(each.way is Way.UP for each in found.beyond)


def test_runs_that_a_run_started_stand_on_it(registry: Registry, weights: Weights) -> None:
    with registry.start_run("e", name="sweep") as parent:
        child = registry.start_run("e", name="point", parent=parent.id)
        child.register("m", weights(1.0))
        child.finish()
    found = registry.lineage("m:1.0.0", up=2)
    assert (f"run:{parent.id}", f"run:{child.id}", "started") in {
        (edge.source, edge.target, edge.role) for edge in found.edges
    }
    assert f"run:{child.id}" in {node.id for node in registry.lineage(f"run:{parent.id}", down=1).nodes}
