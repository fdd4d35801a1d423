"""What people hand to the Python API as it comes: versions for addresses, lists for params, promotions side by side."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import lineal
from lineal.errors import AlreadyExists, BadValue, Conflict, Refused
from lineal.registry import Registry, create_registry, open_registry, restore_registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return create_registry(tmp_path / "registry")


def test_a_version_stands_wherever_an_address_does(registry: Registry) -> None:
    first = registry.register("churn", metrics={"auc": 0.8})
    second = registry.register("churn", parent=first, metrics={"auc": 0.9})
    assert second.parents[0].ref == first.ref
    registry.promote(first, "production")
    registry.promote(second, "production")
    assert registry.rollback("churn@production", to=first).to_label == first.label
    assert registry.mark(second, "bad").status == "bad"
    registry.set(first, {"owner": "mara"})
    assert registry.version(first.ref).owner == "mara"


def test_lists_and_mappings_are_kept_as_json(registry: Registry) -> None:
    with registry.start_run("e", params={"layers": [64, 64], "optimizer": {"lr": 0.1}}) as run:
        run.log_param("shape", (1, 2))
    assert registry.run_detail(run.ref).params == {
        "layers": "[64,64]",
        "optimizer": '{"lr":0.1}',
        "shape": "[1,2]",
    }
    with pytest.raises(BadValue, match="no JSON"):
        registry.start_run("e", params={"odd": [object()]})


def test_promotions_side_by_side_all_arrive(registry: Registry) -> None:
    versions = [registry.register("churn", label=f"{number}.0.0") for number in range(1, 9)]
    failures: list[Exception] = []

    def promote(number: int) -> None:
        try:
            registry.promote(versions[number], "production")
        except Exception as error:  # noqa: BLE001  told by the assertion
            failures.append(error)

    threads = [threading.Thread(target=promote, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(registry.history("churn", "production")) == 8


def test_a_restored_registry_never_moves_what_the_original_serves(registry: Registry, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"one")
    registry.promote(registry.register("churn", weights), "production")
    registry.bind_stage("churn@production", release=str(tmp_path / "serve"))
    registry.backup(tmp_path / "all.tar", objects=True)
    weights.write_bytes(b"two")
    registry.promote(registry.register("churn", weights), "production")
    live = registry.current("churn", "production")
    restored = restore_registry(tmp_path / "all.tar", tmp_path / "copy")
    assert restored.unbound == (("churn@production", str(tmp_path / "serve")),)
    with open_registry(tmp_path / "copy") as copy:
        assert copy.binding("churn@production") is None
        assert copy.repair() == []
        assert copy.verify_events().broken_at is None
    assert registry.current("churn", "production") == live


def test_a_rollback_with_nowhere_to_go_names_the_pipeline_that_was_left(registry: Registry, tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"one")
    registry.promote(registry.register("churn", weights), "production")
    registry.bind_stage("churn@production", release=str(tmp_path / "serve"))
    with registry.context.journal("churn@production") as connection:
        connection.execute(
            "INSERT INTO pipelines (stage_id, action, options, actor, uid, host, boot, pid, started_at) "
            "SELECT stage_id, 'promote', "
            '\'{"source_transition": null, "bad": false, "skip_health": false, "verify": false, '
            '"force": false, "overrode": []}\', '
            "'mara', 0, 'host', 'boot', 1, 1 FROM live"
        )
    with pytest.raises(Conflict, match="left unfinished"):
        registry.rollback("churn@production")


def test_the_package_shows_what_it_offers() -> None:
    assert {"open_registry", "create_registry", "start_run", "Registry"} <= set(dir(lineal))


def test_the_files_of_a_version_come_out_as_they_went_in(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(b"weights")
    (folder / "deep" / "config.json").write_text("{}")
    version = registry.register("churn", folder)
    out = registry.write_files(version, tmp_path / "out")
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "deep/config.json",
        "weights.bin",
    ]
    assert (out / "weights.bin").read_bytes() == b"weights"
    with pytest.raises(AlreadyExists):
        registry.write_files(version, out)
    with pytest.raises(Refused, match="without files"):
        registry.write_files(registry.register("bare"), tmp_path / "none")
