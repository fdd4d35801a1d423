"""Recording data: states with digests, labels and parents, and where runs read and wrote them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lineal.data.fingerprint import digest_bytes
from lineal.errors import AlreadyExists, BadName, BadValue, ExitCode, LinealError, NoSource, NotFound, Refused
from lineal.records.data import Measured

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.registry import Registry


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text("age,name\n30,ada\n40,\n")
    return path


def test_a_state_of_data_is_known_by_its_digest(registry: Registry, table: Path) -> None:
    version = registry.add_dataset("customers", table, label="2026-11-01", notes="first")
    assert version.ref == "data:customers:2026-11-01"
    assert version.digest == digest_bytes(table.read_bytes())
    assert (version.rows, version.bytes, version.uri) == (2, table.stat().st_size, str(table))
    assert [(column.name, column.missing) for column in version.columns or ()] == [("age", 0), ("name", 1)]
    assert registry.dataset_version("data:customers") == registry.dataset_version(version.ref) == version
    assert registry.dataset("customers").versions == 1
    assert registry.identify(table)[0].ref == version.ref


def test_the_same_bytes_are_recorded_once(registry: Registry, table: Path) -> None:
    first = registry.add_dataset("customers", table)
    before = registry.events()
    assert registry.add_dataset("customers", table) == first
    assert registry.add_dataset("customers", table, label="1") == first
    assert registry.events() == before
    assert registry.add_dataset("customers", table, label="again").digest == first.digest
    assert registry.add_dataset("others", table).ref == "data:others:1"
    assert [version.label for version in registry.dataset_versions("customers")] == ["again", "1"]


def test_a_label_with_other_bytes_is_refused(registry: Registry, table: Path) -> None:
    registry.add_dataset("customers", table, label="a")
    table.write_text("age\n1\n")
    before = registry.events()
    with pytest.raises(AlreadyExists, match="other bytes") as caught:
        registry.add_dataset("customers", table, label="a")
    assert caught.value.exit_code is ExitCode.CONFLICT
    assert registry.events() == before


def test_numbers_go_on_past_labels_that_are_taken(registry: Registry, table: Path) -> None:
    registry.add_dataset("d", table, label="2")
    table.write_text("a\n1\n")
    assert registry.add_dataset("d", table).label == "3"


def test_states_have_parents(registry: Registry, table: Path) -> None:
    first = registry.add_dataset("raw", table)
    table.write_text("age\n1\n")
    second = registry.add_dataset("clean", table, parents=["data:raw", "data:raw:1"][:1])
    assert second.parents == (first.ref,)
    table.write_text("age\n2\n")
    before = registry.datasets(), registry.events()
    for wrong in ("data:nothing", "data:raw:9", "data:new:1", "nothing", "exp:raw"):
        with pytest.raises(LinealError):
            registry.add_dataset("new", table, parents=[wrong])
    assert (registry.datasets(), registry.events()) == before


def test_a_parent_named_twice_is_a_mistake_of_the_caller(registry: Registry, table: Path) -> None:
    registry.add_dataset("raw", table)
    table.write_text("age\n1\n")
    with pytest.raises(LinealError) as caught:
        registry.add_dataset("clean", table, parents=["data:raw", "data:raw:1"])
    assert caught.value.exit_code is ExitCode.USAGE
    assert [dataset.name for dataset in registry.datasets()] == ["raw"]


def test_what_is_handed_over_is_not_read(registry: Registry, tmp_path: Path) -> None:
    measured = Measured(digest=digest_bytes(b"far away"), bytes=8, rows=3)
    version = registry.add_dataset("remote", tmp_path / "elsewhere", measured=measured)
    assert (version.digest, version.rows) == (measured.digest, 3)


def test_runs_remember_what_they_read_and_wrote(registry: Registry, table: Path, tmp_path: Path) -> None:
    (tmp_path / "clean.csv").write_text("age\n30\n")
    with registry.start_run("prepare", kind="transform") as run:
        raw = run.use_dataset("customers", table, role="source")
        assert run.use_dataset("customers", table, role="source") == raw
        assert run.use_dataset("data:customers:1", role="train") == raw
        assert run.use_dataset("customers", role="test") == raw
        assert run.use_dataset(raw, role="audit") == raw
        clean = run.output_dataset("clean", tmp_path / "clean.csv", parents=[raw.ref])
        for role in ("", "two words", "x" * 41, "a/b"):
            with pytest.raises(BadValue):
                run.use_dataset(raw, role=role)
    detail = registry.run_detail(run.ref)
    assert sorted(data.role for data in detail.inputs) == ["audit", "source", "test", "train"]
    assert detail.outputs == (clean.ref,)
    assert clean.run == run.id


@pytest.mark.parametrize("name", ["", "a/b", "..", "a:b", "a\x1b", "x" * 10_000, "\ud800", "a\0"])
def test_a_hostile_name_is_refused(name: str, registry: Registry, table: Path) -> None:
    for fields in ({"name": name}, {"name": "d", "label": name}):
        with pytest.raises(BadName):
            registry.add_dataset(fields["name"], table, label=fields.get("label"))
    assert registry.datasets() == []


def test_data_that_cannot_be_read_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path, error in (("missing", NoSource), ("empty", BadValue), ("pipe", LinealError), ("x" * 5_000, LinealError)):
        with pytest.raises(error):
            registry.add_dataset("d", tmp_path / path)
    with pytest.raises(Refused):
        registry.add_dataset("d", registry.root)
    run = registry.start_run("e")
    with pytest.raises(NoSource):
        run.use_dataset("d", tmp_path / "missing")
    with pytest.raises(NotFound):
        run.use_dataset("d")
    run.finish()
    assert registry.datasets() == []
