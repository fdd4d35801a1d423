"""What is asked for by name may be named by its full address, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.command_line import Ran, Typed

PLACE = "fraud@production"


@pytest.fixture
def here(typed: Typed, registry: Path, tmp_path: Path) -> Callable[..., Ran]:
    (tmp_path / "model.bin").write_text("bytes")
    data = tmp_path / "data.csv"
    data.write_text("a\n1\n")
    typed("dataset", "add", "rows", data, "--label", "first", "--registry", registry)
    return lambda *words: typed("--registry", registry, *words)


def test_a_dataset_is_named_either_way(here: Callable[..., Ran], tmp_path: Path) -> None:
    for name in ("rows", "data:rows"):
        assert [each["ref"] for each in here("datasets", name, "--json").json] == ["data:rows:first"]
        assert here("datasets", name, "--columns", "label").lines[1].split() == ["data:rows:first", "first"]
        assert here("datasets", name, "--where", "label = 'x'").err == "no such versions of datasets\n"
    assert here("datasets", "data:rowss").code == 3
    made = tmp_path / "made.csv"
    for number, name in enumerate(("rows", "data:rows", "rows:first", "data:rows:first")):
        made.write_text(f"b\n{number}\n")
        derived = here("dataset", "add", "data:derived", made, "--parent", name, "--json").json
        assert derived["parents"] == ["data:rows:first"]
        options = ("--dataset", f"{name}=test", "--measured-on", name, "--metric", f"auc=0.{number + 1}")
        version = here("register", "fourth", "model.bin", *options, "--json").json
        assert [(each["name"], each["label"], each["role"]) for each in version["datasets"]] == [
            ("rows", "first", "test")
        ]


def test_a_run_and_an_experiment_are_named_either_way(here: Callable[..., Ran]) -> None:
    assert here("run", "--experiment", "exp:trials", "--", "true").code == 0
    for name in ("trials", "exp:trials"):
        (run,) = here("runs", name, "--json").json
    for number, ref in enumerate((run["ref"], run["id"], run["id"][:9])):
        assert here("log", ref, f"loss={number}").code == 0
        assert here("register", "fourth", "model.bin", "--run", ref, "--json").json["run"] == run["ref"]
    (again,) = here("runs", "trials", "--json").json
    assert again["metrics"] == {"loss": 2}


def test_a_stage_is_named_either_way_where_its_model_is_known(here: Callable[..., Ran]) -> None:
    assert here("promote", "fraud:1.2.0", "--to", PLACE, "--plan", "--json").json["stage"] == "production"
    assert here("approve", "fraud:1.2.0", "--for", PLACE, "--show", "--json").json["stage"] == "production"
    assert here("stage", "add", "fraud@canary", "--after", "fraud@staging").code == 0
    assert here("stage", "set", PLACE, "--after", "fraud@canary", "--json").json["after"] == "canary"
    assert here("curve", "fraud", "--stage", PLACE, "--json").code == 0
    wrong = here("promote", "fraud:1.2.0", "--to", "other@production")
    assert (wrong.code, "a stage of fraud is wanted" in wrong.err) == (2, True)
    assert here("stage", "add", "fraud@last", "--after", "other@staging").code == 2


def test_a_role_is_bound_to_a_stage_by_its_address_alone(here: Callable[..., Ran]) -> None:
    here("grant", "root", "admin")
    assert here("grant", "daemon", "deployer", "--stage", PLACE).code == 0
    assert here("grant", "daemon", "approver", "--model", "fraud", "--stage", PLACE).code == 0
    bindings = here("roles", "--json").json
    assert ("daemon", "approver", "fraud", "production") in [
        (each["subject"], each["role"], each["model"], each["stage"]) for each in bindings
    ]
    assert here("grant", "daemon", "deployer", "--model", "other", "--stage", PLACE).code == 2
    assert here("revoke", "daemon", "approver", "--stage", PLACE).code == 0
