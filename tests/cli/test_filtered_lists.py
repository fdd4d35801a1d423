"""Lists take filters, orders and columns, and point at mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal.registry import create_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Typed


def test_runs_are_filtered_sorted_and_shown_by_chosen_columns(typed: Typed, sample: Path) -> None:
    every = typed("runs", "--json", "--registry", sample).json
    chosen = typed("runs", "--where", "status = 'finished'", "--columns", "name,status", "--json", "--registry", sample)
    assert [set(row) for row in chosen.json] == [{"ref", "name", "status"}] * len(chosen.json)
    assert len(chosen.json) == sum(run["status"] == "finished" for run in every) > 0
    names = [run["name"] for run in typed("runs", "--sort", "name DESC", "--json", "--registry", sample).json]
    assert names == sorted(names, reverse=True)
    shown = typed("runs", "--columns", "name,started,duration,dataset", "--registry", sample)
    assert shown.lines[0].split() == ["RUN", "name", "started", "duration", "dataset"]


def test_versions_are_filtered(typed: Typed, sample: Path) -> None:
    def labels(where: str) -> list[str]:
        found = typed("versions", "fraud", "--where", where, "--json", "--registry", sample).json
        return [version["label"] for version in found]

    assert labels("metrics.auc > 0.9 AND stage = 'production'") == ["1.1.0"]
    assert labels("seq IN (1, 3)") == ["1.2.0", "1.0.0"]
    assert labels("parent = '1.0.0'") == ["1.1.0"]
    assert labels("stage != 'production'") == ["1.2.0", "1.0.0"]
    assert labels("metrics.loss = nan") == ["1.0.0"]
    assert labels("owner = 'ana' created < '1 day ago'") == ["1.0.0"]


def test_versions_of_all_models_are_filtered_where_none_is_named(typed: Typed, registry: Path, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_text("bytes")
    typed("register", "third", "model.bin", "--metric", "score=3", "--registry", registry)
    asked = ("versions", "--where", "seq >= 1", "--registry", registry)
    every = typed(*asked, "--json").json
    assert {"fraud", "third"} < {version["model"] for version in every}
    assert every[0]["ref"] == "third:1.0.0"
    assert [version["ref"] for version in typed(*asked, "--json", "--limit", 2).json] == [
        version["ref"] for version in every[:2]
    ]
    shown = typed(*asked)
    assert shown.lines[1].split()[:4] == ["third:1.0.0", "#1", "score", "3.000"]
    assert len(shown.lines) == 1 + len(every)
    chosen = typed(*asked, "--columns", "model,seq", "--sort", "model", "--json").json
    assert [version["model"] for version in chosen] == sorted(version["model"] for version in every)
    assert "no such versions" in typed("versions", "--where", "seq = 99", "--registry", registry).err
    alone = typed("versions", "--registry", registry)
    assert (alone.code, alone.out) == (2, "")
    assert "MODEL" in alone.err


def test_models_experiments_and_datasets_are_filtered(typed: Typed, sample: Path) -> None:
    everything = typed("models", "--json", "--registry", sample).json
    found = typed("models", "--where", "name LIKE 'fr%' AND versions >= 3", "--json", "--registry", sample).json
    assert [model["name"] for model in found] == ["fraud"] != [model["name"] for model in everything]
    assert typed("experiments", "--where", "runs > 0", "--json", "--registry", sample).json
    assert typed("experiments", "--where", "runs > 1000", "--registry", sample).err == "no such experiments\n"
    assert typed("datasets", "--where", "rows >= 0 OR bytes > '1 kB' OR label LIKE '%'", "--registry", sample).code == 0


@pytest.mark.parametrize(
    ("words", "caret", "hint"),
    [
        (("runs", "--where", "statsu = 'failed'"), "  ^", "did you mean status"),
        (("versions", "fraud", "--where", "metrics.acu > 0.9"), "  ^", "did you mean metrics.auc"),
        (("runs", "--where", "status ="), "          ^", ""),
        (("runs", "--where", ""), "  ^", "such as"),
        (("runs", "--sort", "statsu"), "  ^", "did you mean status"),
        (("datasets", "--where", "rows > 'many'"), "         ^", ""),
        (("runs", "--where", "status = 'nope'"), "           ^", "known are running, finished, failed, killed"),
        (("runs", "--where", "status != 'finishd'"), "            ^", "did you mean 'finished'?"),
        (("runs", "--where", "status = 'lost'"), "           ^", "is recorded as running"),
        (("runs", "--where", "kind IN ('train', 'x')"), "                    ^", "known are train, evaluate"),
        (("versions", "fraud", "--where", "status = 'good'"), "           ^", "known are active, bad, retired"),
        (("versions", "--where", "stage = 'prodction'"), "          ^", "did you mean 'production'?"),
        (("versions", "--where", "relation = 'copy'"), "             ^", "known are retrain, finetune"),
        (("models", "--where", "scheme = 'semvr'"), "           ^", "did you mean 'semver'?"),
        (("stage", "set", "fraud@production", "--gate", "status = 'good'"), "           ^", "known are active"),
    ],
)
def test_a_mistake_is_pointed_at(typed: Typed, sample: Path, words: tuple[str, ...], caret: str, hint: str) -> None:
    answer = typed(*words, "--registry", sample)
    assert answer.code == 2
    assert answer.out == ""
    told = answer.err.splitlines()
    assert told[0].startswith("error: the ")
    assert told[2] == caret
    assert hint in answer.err


def test_the_best_value_of_a_metric_is_a_field_and_a_column(typed: Typed, tmp_path: Path) -> None:
    root = tmp_path / "registry"
    with create_registry(root) as registry:
        for name, values in (("a", (0.5, 0.9, 0.6)), ("b", (0.8, 0.7)), ("c", (0.1,))):
            with registry.start_run("e", name=name) as run:
                for value in values:
                    run.log_metric("auc", value)
    columns = ("--columns", "name,auc,auc.max,metrics.auc.min,auc.best,auc.last", "--json", "--registry", root)
    found = typed("runs", "--where", "auc.best > 0.75", "--sort", "metrics.auc.best", *columns).json
    assert [(row["name"], row["auc"], row["auc.max"], row["metrics.auc.min"]) for row in found] == [
        ("a", 0.6, 0.9, 0.5),
        ("b", 0.7, 0.8, 0.7),
    ]
    assert all((row["auc.best"], row["auc.last"]) == (row["auc.max"], row["auc"]) for row in found)
    shown = typed("runs", "--sort", "auc.min asc", "--columns", "name,auc.min", "--registry", root)
    assert [line.split()[1:] for line in shown.lines[1:]] == [["c", "0.1000"], ["a", "0.5000"], ["b", "0.7000"]]
    assert "did you mean auc.max" in typed("runs", "--columns", "auc.mx", "--registry", root).err


def test_an_unknown_column_is_answered_with_the_nearest(typed: Typed, sample: Path) -> None:
    answer = typed("versions", "fraud", "--columns", "label,metrics.auc,onwer", "--registry", sample)
    assert answer.code == 2
    assert "did you mean owner" in answer.err


def test_a_column_may_be_in_none_of_the_rows_and_a_mistyped_one_is_never_silent(typed: Typed, tmp_path: Path) -> None:
    with create_registry(tmp_path / "registry") as registry:
        with registry.start_run("churn", name="old") as run:
            run.log_metric("auc", 0.5)
            run.set_tags({"team": "risk"})
        registry.start_run("churn", name="new").finish()
    shown = typed("runs", "--limit", "1", "--columns", "name,auc,tags.team", "--registry", tmp_path / "registry")
    assert (shown.code, shown.out.split()[-3:]) == (0, ["new", "-", "-"])
    wrong = typed("runs", "--columns", "name,metrics.acu", "--registry", tmp_path / "registry")
    assert wrong.code == 2
    assert "did you mean auc?" in wrong.err


@pytest.mark.parametrize("when", ["0 seconds ago", "now"])
def test_a_time_may_be_told_by_how_long_ago_it_was(typed: Typed, sample: Path, when: str) -> None:
    then = typed("live", "fraud@production", "--at", when, "--json", "--registry", sample)
    assert then.json["ref"] == typed("live", "fraud@production", "--json", "--registry", sample).json["ref"]
    assert typed("live", "fraud@production", "--at", "30 years ago", "--registry", sample).code == 3
    assert typed("live", "fraud@production", "--at", "some days ago", "--registry", sample).code == 2
