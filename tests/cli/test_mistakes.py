"""What somebody reads who types a command not quite as it is: what is wrong, and what there is instead."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

import lineal
from lineal.errors import NotFound
from lineal.registry import open_registry
from lineal_tui.cli.app import lineal as lineal_command
from lineal_tui.cli.listed import COMMANDS, GROUPS
from lineal_tui.cli.running import experiment_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Typed


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("rollback",), "MODEL@STAGE is missing", "fraud@production"),
        (("rollback", "production"), "a stage is wanted here", "did you mean fraud@production"),
        (("rollback", "fraud"), "a stage is wanted here", "did you mean fraud@production or fraud@staging?"),
        (("rollback", "fraud:production"), "a stage is wanted here", "did you mean fraud@production?"),
        (("rollback", "fraud", "production"), "'production' is too much", "did you mean fraud@production"),
        (("rollback", "fraud@production", "--dry-run"), "no option '--dry-run'", "did you mean --plan?"),
        (("promote", "fraud:1.0.0"), "--to STAGE is missing", "such as `lineal promote fraud:2.4.1 --to production"),
        (("mark", "fraud:1.0.0", "bad"), "'bad' is too much", "did you mean --bad"),
        (("audit", "verify", "kept.jsonl"), "'kept.jsonl' is too much", "it takes options only"),
        (("grant", "daemon"), "ROLE is missing; one of viewer, contributor", "lineal grant ana admin"),
        (("register", "fraud", "x", "--metric", "auc:1"), "--metric: 'auc:1' is not NAME=VALUE", "see"),
        (("versions", "fraud", "--limit", "0"), "--limit: 0 is not in the range", "see"),
        (("status",), "no command 'status'", "`lineal models` tells what is live where"),
        (("compare", "a", "b"), "no command 'compare'", "`lineal diff`"),
        (("stage", "list"), "no command 'list'", "there are add, remove, set, show"),
        (
            ("import", "wandb"),
            "nothing can be imported from 'wandb'",
            "there are mlflow (2 and 3), trackio, and bundle",
        ),
        (("import", "mlflw"), "nothing can be imported from 'mlflw'; did you mean mlflow?", "there are mlflow"),
        (("curve", "data:customers"), "data has no curves; a run, a version", "`lineal lineage data:customers` tells"),
        (("rolback",), "did you mean rollback", "lineal --help"),
        (("roll", "back", "fraud@production"), "no command 'roll'", "it is one word: `lineal rollback`"),
        (
            ("fraud@production", "rollback"),
            "no command 'fraud@production'",
            "first: `lineal rollback fraud@production`",
        ),
        (("fraud", "rollback"), "no command 'fraud'", "the command comes first: `lineal rollback fraud@production`"),
        (
            ("fraud", "rollback", "--reason", "it drifts"),
            "no command 'fraud'",
            "`lineal rollback fraud@production --reason 'it drifts'`",
        ),
        (("fraud", "versions"), "no command 'fraud'", "the command comes first: `lineal versions fraud`"),
        (
            ("fraud@production", "history", "--limit", "3"),
            "no command 'fraud@production'",
            "`lineal history fraud@production --limit 3`",
        ),
        (("fraud:1.0.0",), "no command 'fraud:1.0.0'", "the command comes first: `lineal show fraud:1.0.0`"),
        (("--plan", "rollback", "fraud@production"), "no option '--plan'", "stand after its name"),
        (("grant", "daemon", "deploy"), "ROLE: 'deploy' is not one of viewer, contributor", "did you mean deployer?"),
        (("runs", "--limit", "many"), "--limit: 'many' is no whole number", "see `lineal runs --help`"),
        (("promote", "fraud:1.0.0", "--to"), "--to needs a value after it", "see `lineal promote --help`"),
        (("stage", "add"), "MODEL@STAGE is missing", "such as `lineal stage add fraud@canary"),
        (("versions",), "MODEL is missing, or --where EXPR", "see `lineal versions --help`"),
        (("runs", "--experiment", "churn"), "no option '--experiment'", "lineal runs exp:churn"),
        (("set", "fraud", "onwer=ana"), "it cannot be set; owner", "did you mean owner?"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_would_do(
    typed: Typed, sample: Path, words: tuple[str, ...], error: str, hint: str
) -> None:
    answer = typed("--registry", sample, *words)
    first, second = answer.err.splitlines()
    assert answer.code == 2
    assert first.startswith("error: ")
    assert error in first
    assert not first.endswith(".")
    assert second.startswith("hint: ")
    assert hint in second


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        (("show", "1.0.0"), 3, "no model '1.0.0'", "as in MODEL:1.0.0"),
        (("show", "nothing-like-it"), 3, "no model 'nothing-like-it'", "`lineal models` lists them"),
        (("show", "fraud:latest"), 3, "no version 'fraud:latest'", "`lineal versions fraud`"),
        (("identify", "/etc/hostname"), 3, "the bytes of '/etc/hostname'", ""),
        (("pipeline", "follow"), 3, "no pipeline is running", "MODEL@STAGE"),
        (("revoke", "daemon", "viewer"), 3, "no role 'viewer' of all models to revoke from daemon", "has no role"),
        (("stage", "set", "fraud@staging", "--gate", "metrics.auc >"), 2, "the expression is wrong", ""),
    ],
)
def test_what_is_not_there_is_told_with_where_to_look(
    typed: Typed, registry: Path, words: tuple[str, ...], code: int, error: str, hint: str
) -> None:
    answer = typed(*words, "--registry", registry)
    assert answer.code == code
    assert error in answer.err.splitlines()[0]
    assert hint in answer.err


def test_a_refused_promotion_tells_what_failed_and_nothing_else(typed: Typed, registry: Path) -> None:
    typed(
        "stage",
        "set",
        "fraud@production",
        "--require",
        "owner,notes",
        "--gate",
        "metrics.auc > 2",
        "--registry",
        registry,
    )
    answer = typed("promote", "fraud:#3", "--to", "production", "--registry", registry)
    assert answer.code == 4
    assert "FAILED gate: wanted metrics.auc > 2" in answer.err
    assert "passed" not in answer.err


def test_a_missing_stage_is_no_reason_to_look_for_a_registry_that_is_not_there(typed: Typed) -> None:
    answer = typed("rollback")
    assert answer.code == 2
    assert "such as `lineal rollback fraud@production" in answer.err


def test_every_command_is_in_one_group_of_the_list_and_has_a_line_there(typed: Typed) -> None:
    told = typed("--help").out
    assert len(COMMANDS) == sum(map(len, GROUPS.values()))
    for title, commands in GROUPS.items():
        assert f"{title}:" in told
        for name in commands:
            assert f"\n  {name} " in told


def test_commands_below_a_command_are_told_in_whole_sentences(typed: Typed) -> None:
    for name in ("stage", "on", "import", "dataset", "policy", "audit", "pipeline"):
        assert "..." not in typed(name, "--help").out.partition("Commands:")[2]


def test_help_tells_what_the_option_tells(typed: Typed) -> None:
    assert typed("help", "stage", "set").out == typed("stage", "set", "--help").out
    assert typed("help").out == typed("--help").out
    assert typed("help", "live", "fraud").code == 2
    assert "there are add" in typed("help", "stage", "nothing").err


def test_within_a_registry_that_was_not_named_it_is_said_so(processed: Processed, sample: Path) -> None:
    answer = processed("models", cwd=sample)
    assert answer.code == 3
    assert f"and no .lineal in {sample} or above it" in answer.err
    assert "--registry ." in answer.err


def test_a_registry_beside_code_is_none_of_git_s_business(processed: Processed, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert processed("init").code == 0
    assert processed("init", "kept").code == 0
    status = subprocess.run(["git", "status", "--short"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert status.stdout.split() == ["??", "kept/"]


@pytest.mark.parametrize(
    ("command", "experiment"),
    [(("python3", "train.py", "0.1"), "train"), (("sh", "-c", "true"), "sh"), (("./train.py",), "train.py")],
)
def test_a_run_without_an_experiment_is_named_after_its_script(
    command: tuple[str, ...], experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.py").touch()
    monkeypatch.chdir(tmp_path)
    assert experiment_of(command) == experiment


def test_a_script_that_finds_no_registry_says_where_it_made_one(tmp_path: Path) -> None:
    script = "import lineal\nwith lineal.start_run('churn'): pass\n"
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}
    environment.pop("LINEAL_REGISTRY", None)
    answers = [
        subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
        ).stderr
        for _ in range(2)
    ]
    assert f"made a registry at {tmp_path / 'data' / 'lineal' / 'registry'}" in answers[0]
    assert not answers[1]


def test_a_traceback_has_the_hint(sample: Path) -> None:
    with open_registry(sample) as registry, pytest.raises(NotFound) as caught:
        registry.model("frod")
    assert caught.value.__notes__ == ["hint: did you mean fraud?"]


def test_python_has_the_errors_and_the_registry_by_name(sample: Path) -> None:
    with lineal.open_registry(sample, read_only=True) as registry:
        assert repr(registry) == f"<lineal.Registry {sample}, read-only>"
        with pytest.raises(lineal.LinealError, match="no dataset"):
            registry.dataset("nothing-like-it")


def test_a_file_that_is_to_be_observed_is_read_from_standard_input(typed: Typed, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text("latency\n7\n")
    answer = typed("observe", "fraud@production", "measured.csv", "--registry", sample)
    assert answer.code == 2
    assert "- < FILE" in answer.err


def test_global_options_are_told_of_in_full_once(typed: Typed) -> None:
    assert "the nearest" in typed("--help").out
    told = typed("live", "--help").out
    assert "the nearest" not in told
    assert "--registry DIR" in told


def test_the_many_options_of_a_stage_are_listed_by_what_they_are_about_each_once(typed: Typed) -> None:
    told = typed("stage", "set", "--help").out
    assert told.index("What a promotion needs:") < told.index("--gate EXPR") < told.index("What must hold while")
    command = lineal_command.get_command(click.Context(lineal_command), "stage")
    assert isinstance(command, click.Group)
    options = [each for each in command.commands["set"].params if isinstance(each, click.Option)]
    assert len(options) > 20
    assert all(len(re.findall(rf"^  {each.opts[0]}[ /]", told, re.MULTILINE)) == 1 for each in options)
