"""What addresses name, and what a mistaken one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal.errors import Ambiguous, BadAddress, ExitCode, NotFound, NothingLive
from lineal.records.data import Dataset, DatasetVersion
from lineal.records.models import Model, Version
from lineal.records.runs import Experiment, Run
from lineal.records.stages import LiveVersion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Weights

    from lineal.registry import Registry


@pytest.fixture
def full(registry: Registry, weights: Weights, tmp_path: Path) -> Registry:
    (tmp_path / "d.csv").write_text("a\n1\n")
    with registry.start_run("churn study") as run:
        run.use_dataset("customers", tmp_path / "d.csv", label="2026-11")
        run.register("fraud", weights(1.0))
    registry.register("fraud", weights(2.0))
    registry.register("fraudulent claims", weights(1.0))
    registry.promote("fraud:1.0.0", "production")
    registry.promote("fraud:1.0.1", "production")
    return registry


def test_every_kind_of_address_names_its_thing(full: Registry) -> None:
    run = full.runs()[0]
    expected: dict[str, type[object]] = {
        "fraud": Model,
        "fraud:1.0.0": Version,
        "fraud:#2": Version,
        "fraud@production": LiveVersion,
        "fraud@production~1": LiveVersion,
        "data:customers": Dataset,
        "data:customers:2026-11": DatasetVersion,
        f"run:{run.id[:6]}": Run,
        f"RUN:{run.id.upper()}": Run,
        "exp:churn study": Experiment,
        "exp:'churn study'": Experiment,
        f"sha256:{str(full.version('fraud:1.0.0').digest)[7:20]}": tuple,
        '"fraudulent claims":1.0.0': Version,
        "  fraud  ": Model,
    }
    for text, kind in expected.items():
        assert isinstance(full.resolve(text), kind), text
    assert full.version("fraud@production").label == "1.0.1"
    assert full.version("fraud@production~1").label == "1.0.0"
    assert full.version("fraud:#2").label == "1.0.1"
    assert full.run(run.id[:3]) == full.run(f"run:{run.id}") == run


@pytest.mark.parametrize(
    ("mistake", "nearest"),
    [
        ("fruad", ("fraud",)),
        ("FRAUD", ("fraud",)),
        ("fraud:1.0.9", ("fraud:1.0.1", "fraud:1.0.0")),
        ("fraud@prod", ("fraud@production",)),
        ("fraud@Production", ("fraud@production",)),
        ("data:customer", ("data:customers",)),
        ("data:customers:2026-12", ("data:customers:2026-11",)),
        ("exp:churn", ("exp:churn study",)),
    ],
)
def test_a_mistaken_address_gets_the_nearest_names(mistake: str, nearest: tuple[str, ...], full: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        full.resolve(mistake)
    assert caught.value.exit_code is ExitCode.NOT_FOUND
    assert set(nearest) <= set(caught.value.nearest)
    assert caught.value.nearest[0] in str(caught.value.hint)


@pytest.mark.parametrize("text", ["fraud:#99", "run:ffffffffff", "sha256:ffffffff", "fraud@production~7", "zzz"])
def test_what_is_not_there_is_not_found(text: str, full: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        full.resolve(text)
    assert caught.value.exit_code is ExitCode.NOT_FOUND
    assert caught.value.hint or text == "zzz" or text.startswith("sha256")


def test_a_number_that_is_not_there_is_told_with_those_that_are(full: Registry) -> None:
    with pytest.raises(NotFound) as caught:
        full.version("fraud:#3")
    assert caught.value.hint == "fraud has numbers 1 to 2"


def test_a_stage_where_nothing_is_live_is_told_as_that(full: Registry) -> None:
    with pytest.raises(NothingLive, match="fraud@staging"):
        full.resolve("fraud@staging")


@pytest.mark.parametrize("text", ["fraud", "data:customers", "exp:churn study", "sha256:abcd"])
def test_where_a_version_is_wanted_other_things_are_a_bad_address(text: str, full: Registry) -> None:
    with pytest.raises(BadAddress) as caught:
        full.version(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "is no address" not in str(caught.value)


def test_an_ambiguous_beginning_of_a_run_is_told_with_what_it_fits(
    full: Registry, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    for number in range(3):
        full.start_run("e", name=f"run {number}").finish()
    for number, name in enumerate(("run 0", "run 1", "run 2")):
        sql("UPDATE runs SET id = ? WHERE name = ?", f"abcd{number}" + "0" * 27, name)
    with pytest.raises(Ambiguous) as caught:
        full.run("abcd")
    assert caught.value.exit_code is ExitCode.NOT_FOUND
    for name in ("run 0", "run 1", "run 2"):
        assert name in str(caught.value)
    assert full.run("abcd1").name == "run 1"


def test_a_digest_names_everything_that_has_these_bytes(full: Registry, weights: Weights, tmp_path: Path) -> None:
    artifact = full.detail("fraud:1.0.0").artifact
    assert artifact is not None
    found = full.identify(artifact.digest)
    assert [(each.kind, each.ref, each.path) for each in found] == [
        ("version", "fraud:1.0.0", None),
        ("version", "fraudulent claims:1.0.0", None),
    ]
    found = full.identify(weights(1.0))
    assert [(each.kind, each.ref, each.path) for each in found] == [
        ("file", "fraud:1.0.0", "model.safetensors"),
        ("file", "fraudulent claims:1.0.0", "model.safetensors"),
    ]
    assert full.identify(artifact.files[0].digest) == found
    assert full.identify(artifact.files[0].digest[7:19]) == found
    assert [each.kind for each in full.identify(tmp_path / "d.csv")] == ["dataset"]
    with pytest.raises(NotFound):
        full.identify(weights(9.0))
    with pytest.raises(BadAddress):
        full.identify("x" * 10_000)


def test_addresses_are_completed(full: Registry) -> None:
    assert full.complete("fr") == ["fraud", "fraudulent claims"]
    assert full.complete("fraud:") == ["fraud:1.0.1", "fraud:1.0.0"]
    assert full.complete("fraud:1.0.0") == ["fraud:1.0.0"]
    assert full.complete("fraud@") == ["fraud@staging", "fraud@production"]
    assert full.complete("fraud@p") == ["fraud@production"]
    assert full.complete("da") == ["data:"]
    assert full.complete("data:c") == ["data:customers"]
    assert full.complete("data:customers:") == ["data:customers:2026-11"]
    assert full.complete("exp:") == ["exp:churn study"]
    assert full.complete("run:") == [f"run:{full.runs()[0].id}"]
    assert full.complete("", 1) == ["fraud"]
    for nothing in ("nobody:", "nobody@", "data:nobody:", "run:zz", "100%", "_", "'"):
        assert full.complete(nothing) == []


def test_python_takes_full_addresses_where_a_name_is_asked_for(registry: Registry, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("a\n1\n")
    with registry.start_run("exp:churn") as run:
        for name in ("data:rows", "rows"):
            assert run.use_dataset(name, table, label="1").ref == "data:rows:1"
            assert run.use_dataset(name).ref == "data:rows:1"
    assert [each.name for each in registry.experiments()] == ["churn"]
    assert registry.experiment("exp:churn").runs == registry.experiment("churn").runs == 1
    assert registry.count_runs(experiment="exp:churn") == len(registry.search_runs(experiment="churn")) == 1
    assert registry.add_dataset("data:rows", table).ref == "data:rows:1"
    assert registry.dataset("data:rows") == registry.dataset("rows")
    assert registry.dataset_versions("data:rows") == registry.search_datasets(dataset="rows")
    registry.register("m", datasets=["rows:1=test", "data:rows"], metrics={"auc": 0.5}, measured_on="rows")
    registry.register("m")
    registry.promote("m:1.0.0", "m@production")
    with pytest.raises(BadAddress, match="a stage of m is wanted"):
        registry.promote("m:1.0.1", "other@production")
    with pytest.raises(NotFound, match="no experiment 'exp:nothing'"):
        registry.experiment("exp:nothing")
