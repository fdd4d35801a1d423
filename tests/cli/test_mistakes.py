"""What somebody reads who types a command not quite as it is: what is wrong, and what there is instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal_tui.cli.listed import COMMANDS, GROUPS

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
        (("stage", "list"), "no command 'list'", "there are add, set, show"),
        (("import", "wandb"), "no command 'wandb'", "there are bundle, mlflow, trackio"),
        (("rolback",), "did you mean rollback", "lineal --help"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_would_do(
    typed: Typed, sample: Path, words: tuple[str, ...], error: str, hint: str
) -> None:
    answer = typed(*words, "--registry", sample)
    first, second = answer.err.splitlines()
    assert answer.code == 2
    assert first.startswith("error: ")
    assert error in first
    assert not first.endswith(".")
    assert second.startswith("hint: ")
    assert hint in second


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
