"""Gates, approvals, force, review, inbox and the policy file, as a shell and a CI pipeline meet them."""

from __future__ import annotations

import json
import os
import pwd
import tomllib
from typing import TYPE_CHECKING

import pytest

from lineal.records.base import Actor
from lineal.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.bound_stage import Bound
    from tests.cli.command_line import Processed, Typed

    EVIL: str
else:
    from command_line import EVIL

PLACE = "fraud@production"


@pytest.fixture
def ben(registry: Path) -> Iterator[Registry]:
    """Somebody else, who is no author of any version."""
    from dataclasses import replace

    with open_registry(registry) as opened:
        yield Registry(replace(opened.context, actor=Actor("ben", 4_000)))


def test_a_stage_is_set_shown_and_unset(typed: Typed, registry: Path) -> None:
    asked = ("stage", "set", PLACE, "--registry", registry)
    made = typed(
        *asked, "--gate", "metrics.auc > 0.9", "--gate", "owner != 'x'", "--require", "owner, purpose", "--json"
    )
    assert (made.code, made.json) == (
        0,
        {
            "ref": PLACE,
            "gates": ["metrics.auc > 0.9", "owner != 'x'"],
            "require": ["owner", "purpose"],
            "after": None,
            "soak": 0,
            "approvals": 0,
            "no_pickle": False,
        },
    )
    typed(*asked, "--after", "staging", "--soak", "36h", "--approvals", 2, "--no-pickle")
    shown = typed("stage", "show", PLACE, "--registry", registry)
    for words in ("metrics.auc > 0.9", "owner, purpose", "staging, in good health, 1 d 12 h at a stretch", "no pickle"):
        assert words in shown.out
    assert typed("stage", "show", PLACE, "--registry", registry, "--json").json["gates"]["soak"] == 129_600
    gone = typed(*asked, "--gate", "", "--require", "", "--after", "", "--approvals", 0, "--pickle")
    assert gone.code == 0
    assert "demands nothing" in gone.err


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (("--gate", "metrics.auc >"), 2),
        (("--gate", "ownr = 'x'"), 2),
        (("--require", "ownr"), 2),
        (("--approvals", -1), 2),
        (("--soak", "24h"), 2),
        (("--soak", "soon"), 2),
        (("--after", "prod"), 3),
        (("--after", "production"), 4),
    ],
)
def test_what_makes_no_sense_is_refused(typed: Typed, registry: Path, option: tuple[object, ...], code: int) -> None:
    ran = typed("stage", "set", PLACE, "--registry", registry, *option)
    assert ran.code == code
    assert ran.err.startswith("error: ")
    assert typed("stage", "show", PLACE, "--registry", registry, "--json").json["gates"]["gates"] == []


def test_a_pipeline_of_ci_is_answered_with_the_figures(typed: Typed, registry: Path) -> None:
    typed("stage", "set", PLACE, "--registry", registry, "--gate", "metrics.auc >= live.metrics.auc")
    ran = typed("promote", "fraud:1.2.0", "--to", "production", "--plan", "--json", "--registry", registry)
    assert ran.code == 4
    assert [(each["name"], each["passed"]) for each in ran.json["checks"]] == [("status", True), ("gate", False)]
    assert ran.json["checks"][1]["wanted"] == "metrics.auc >= live.metrics.auc"
    assert ran.json["checks"][1]["saw"] == "metrics.auc 0.91, live.metrics.auc 0.93"
    typed("stage", "set", PLACE, "--registry", registry, "--gate", "metrics.auc >= live.metrics.auc - 0.1")
    assert typed("promote", "fraud:1.2.0", "--to", "production", "--plan", "--json", "--registry", registry).code == 0


def test_a_promotion_that_is_refused_tells_each_check_that_failed(typed: Typed, registry: Path) -> None:
    typed("stage", "set", PLACE, "--registry", registry, "--gate", "metrics.auc > 0.95", "--approvals", 1)
    ran = typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry)
    assert (ran.code, ran.out) == (4, "")
    assert "passed" not in ran.err
    assert "FAILED gate: wanted metrics.auc > 0.95, saw metrics.auc 0.91" in ran.err
    assert "the stage's checks fail: gate, approvals" in ran.err
    as_json = typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry, "--json")
    assert (as_json.code, [each["passed"] for each in as_json.json["checks"]]) == (4, [True, False, False])


def test_forcing_needs_a_reason_and_is_shown_everywhere(typed: Typed, registry: Path, ben: Registry) -> None:
    typed("stage", "set", PLACE, "--registry", registry, "--gate", "metrics.auc > 0.95")
    asked = ("promote", "fraud:1.2.0", "--to", "production", "--registry", registry, "--force")
    assert typed(*asked).code == 2
    assert typed(*asked, "--reason", " ").code == 2
    assert typed(*asked, "--reason", EVIL, "--plan").code == 0
    ran = typed(*asked, "--reason", EVIL)
    assert (ran.code, ran.lines) == (0, ["fraud:1.2.0"])
    assert "forced past gate: wanted metrics.auc > 0.95, saw metrics.auc 0.91" in ran.err
    assert "lineal review fraud@production#3" in ran.err
    for command in (("models",), ("versions", "fraud"), ("tree", "fraud"), ("history", "fraud"), ("live", PLACE)):
        assert "FORCED" in typed(*command, "--registry", registry).out
    assert "FORCED" in typed("show", "fraud:1.2.0", "--registry", registry).out
    assert typed("models", "--registry", registry, "--json").json[0]["forced"] == ["production"]
    assert typed("history", PLACE, "--registry", registry, "--json").json[0]["forced"] is True
    assert typed("review", 3, "--registry", registry).code == 4
    assert [each["seq"] for each in typed("inbox", "--registry", registry, "--json").json] == []
    ben.review(f"{PLACE}#3", reason="right so")
    assert "FORCED" not in typed("models", "--registry", registry).out
    assert "forced; reviewed by ben: right so" in typed("history", "fraud", "--registry", registry).out


def test_a_bound_stage_meets_gates_and_is_forced_in_a_process_of_its_own(typed: Typed, bound: Bound) -> None:
    typed("stage", "set", PLACE, "--registry", bound.root, "--require", "notes")
    refused = typed("promote", "fraud:1.2.0", "--to", "production", "--registry", bound.root)
    assert refused.code == 4
    assert "FAILED notes" in refused.err
    forced = typed(
        "promote", "fraud:1.2.0", "--to", "production", "--registry", bound.root, "--force", "--reason", "fire"
    )
    assert (forced.code, forced.lines) == (0, ["fraud:1.2.0"])
    assert "FORCED" in typed("history", PLACE, "--registry", bound.root).out


def test_people_decide_from_the_shell(typed: Typed, registry: Path, ben: Registry) -> None:
    typed("stage", "set", PLACE, "--registry", registry, "--approvals", 1)
    own = typed("approve", "fraud:1.2.0", "--for", "production", "--registry", registry)
    assert own.code == 4
    assert "own version" in own.err
    assert typed("approve", "fraud:1.2.0", "--for", "prod", "--registry", registry).code == 3
    assert typed("approve", "fraud:1.2.0", "--for", "production", "--show", "--registry", registry).code == 4
    ben.approve("fraud:1.2.0", "production", reason=EVIL)
    shown = typed("approve", "fraud:1.2.0", "--for", "production", "--show", "--registry", registry)
    assert shown.code == 0
    assert "approved" in shown.out
    assert "\x1b" not in shown.out
    as_json = typed("approve", "fraud:1.2.0", "--for", "production", "--show", "--json", "--registry", registry).json
    assert (as_json["passed"], as_json["decisions"][0]["actor"], as_json["decisions"][0]["counts"]) == (
        True,
        "ben",
        True,
    )
    assert ben.inbox().count == 0


def test_another_user_approves_rejects_and_finds_it_in_the_inbox(typed: Typed, registry: Path) -> None:
    with open_registry(registry) as opened:
        from dataclasses import replace

        made = Registry(replace(opened.context, actor=Actor("ana", 4_001)))
        made.register("fraud", label="2.0.0", metrics={"auc": 0.99})
    typed("stage", "set", PLACE, "--registry", registry, "--approvals", 1)
    waiting = typed("inbox", "--registry", registry, "--json").json
    assert [(each["kind"], each["ref"], each["stage"], each["got"]) for each in waiting] == [
        ("approval", "fraud:2.0.0", "production", 0)
    ]
    assert "fraud:2.0.0" in typed("inbox", "--registry", registry).out
    asked = ("fraud:2.0.0", "--for", "production", "--registry", registry)
    assert typed("approve", *asked, "--expect", "sha256:" + "0" * 64).code == 5
    approved = typed("approve", *asked, "--reason", "fine")
    assert (approved.code, approved.lines) == (0, ["fraud:2.0.0"])
    assert "1 of 1" in approved.err
    assert "demands no approvals" in typed("approve", *asked[:2], "staging", *asked[3:]).err
    typed("promote", "fraud:2.0.0", "--to", "production", "--registry", registry)
    assert "demands no approvals" not in typed("approve", *asked, "--reason", "fine still").err
    typed("undo", PLACE, "--registry", registry)
    rejected = typed("reject", *asked, "--reason", "not so fine", "--json").json
    assert (rejected["verdict"], rejected["reason"]) == ("rejected", "not so fine")
    assert typed("promote", "fraud:2.0.0", "--to", "production", "--registry", registry).code == 4
    assert "nothing waits" in typed("inbox", "--registry", registry).err


def test_the_policy_goes_to_a_file_and_back(typed: Typed, registry: Path, tmp_path: Path) -> None:
    typed("stage", "set", PLACE, "--registry", registry, "--approvals", 1)
    path = tmp_path / "policy.toml"
    text = typed("policy", "show", "--registry", registry).out
    path.write_text(text)
    assert tomllib.loads(text)["stages"] == {PLACE: {"approvals": 1}}
    assert typed("policy", "show", "--json", "--registry", registry).json == tomllib.loads(text)
    assert typed("policy", "check", path, "--exit-code", "--registry", registry).code == 0
    path.write_text(text.replace("approvals = 1", "approvals = 2"))
    differs = typed("policy", "check", path, "--registry", registry)
    assert differs.code == 0
    assert "1 → 2" in differs.out
    assert typed("policy", "check", path, "--exit-code", "--registry", registry).code == 5
    made = typed("policy", "apply", path, "--registry", registry, "--json").json
    assert [(each["ref"], each["field"], each["from"], each["to"]) for each in made] == [(PLACE, "approvals", "1", "2")]
    assert typed("policy", "apply", path, "--registry", registry).lines == []


def test_a_policy_with_a_mistake_is_told_by_its_line(typed: Typed, registry: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    for text, words in (
        (f'[stages."{PLACE}"]\n\naprovals = 1\n', "line 3: there is no key 'aprovals' in [stages."),
        ("x = = 1\n", "line 1: "),
        ("[stages.fraud]\n", "line 1: "),
    ):
        path.write_text(text)
        ran = typed("policy", "check", path, "--registry", registry)
        assert ran.code == 2
        assert words in ran.err
    path.write_bytes(b"\n\xff")
    assert "line 2: it is no text" in typed("policy", "check", path, "--registry", registry).err
    assert typed("policy", "apply", tmp_path / "nowhere.toml", "--registry", registry).code == 3


def test_a_policy_is_read_from_a_pipe(processed: Processed, registry: Path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "lineal_tui.main", "policy", "check", "-", "--json", "--registry", str(registry)],
        input=f'[stages."{PLACE}"]\napprovals = 1\n'.encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)[0]["to"] == "1"
    assert processed("policy", "show", "--registry", registry).code == 0


def test_who_to_ask_is_told(typed: Typed, registry: Path) -> None:
    user = typed("audit", "log", "--limit", 1, "--json", "--registry", registry).json[0]["actor"]
    assert f"{user}, who registered it" in typed("show", "fraud:1.1.0", "--registry", registry).out
    assert typed("show", "fraud:1.0.0", "--json", "--registry", registry).json["ask"] == "ana"
    typed("set", "fraud", "owner=cy", "--registry", registry)
    assert "cy, who owns the model" in typed("show", "fraud:1.1.0", "--registry", registry).out


def test_what_nobody_will_know_is_warned_of_once(typed: Typed, registry: Path) -> None:
    ran = typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry)
    assert ran.err.count("fraud:1.2.0 has no purpose and no training data") == 1
    typed("stage", "set", PLACE, "--registry", registry, "--require", "purpose")
    ran = typed("promote", "fraud:1.1.0", "--to", "production", "--registry", registry)
    assert "warning" not in ran.err  # the check says so


def test_whoever_takes_their_own_role_away_by_a_policy_is_told(registry: Path, typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    assert typed("grant", pwd.getpwuid(os.getuid()).pw_name, "admin", "--registry", registry).code == 0
    file.write_text('[[roles]]\nsubject = "daemon"\nrole = "admin"\n')
    ran = typed("policy", "apply", file, "--registry", registry)
    assert ran.code == 0
    assert "have no role any more" in ran.err
