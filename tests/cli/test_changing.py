"""Commands that change a registry: what they do, what they say, and that a plan changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Typed

PLAN_KEYS = {"action", "model", "stage", "from", "to", "diff", "checks", "copies_bytes", "steps"}


@pytest.fixture
def here(typed: Typed, registry: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Types commands about a copy of the sample that `LINEAL_REGISTRY` names."""
    monkeypatch.setenv("LINEAL_REGISTRY", str(registry))
    return typed


def live(here: Typed) -> str:
    return str(here("live", "fraud@production", "--json").json["ref"])


def test_init_makes_the_registry_that_commands_below_then_find(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = typed("init")
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")

    assert (made.code, made.out) == (0, ".lineal\n")
    assert typed("models", "--json").json == []
    assert typed("init", tmp_path / "other").code == 0
    assert (tmp_path / "other" / "registry.db").exists()
    assert typed("init", tmp_path / "other").code == 5


def test_a_registration_prints_its_address_and_why_it_has_its_label(here: Typed, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_text("five")
    made = here(
        *("register", "fraud", path, "--parent", "fraud:1.2.0=prune", "--dataset", "data:payments:2026-02=train"),
        *("--param", "lr=0.5", "--param", "layers=3", "--param", "warm=true", "--param", "seed=null"),
        *("--param", "code=007", "--param", "word=x=y", "--metric", "auc=0.95", "--metric", "loss=nan"),
        *("--tag", "team=risk", "--owner", "bo", "--purpose", "cards", "--bump", "major"),
    )

    assert (made.code, made.out) == (0, "fraud:2.0.0\n")
    assert "major" in made.err
    assert "warning" not in made.err
    shown = here("show", "fraud:2.0.0", "--json").json
    assert shown["params"] == {"lr": 0.5, "layers": 3, "warm": True, "seed": None, "code": "007", "word": "x=y"}
    assert shown["metrics"] == {"auc": 0.95, "loss": "NaN"}
    assert shown["parents"] == [{"ref": "fraud:1.2.0", "relation": "prune"}]
    assert shown["tags"] == {"team": "risk"}
    assert path.exists()


def test_a_registration_without_owner_purpose_and_data_is_warned_about(here: Typed, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_text("five")
    made = here("register", "lonely", path, "--move", "--json")

    assert made.json["ref"] == "lonely:1.0.0"
    assert "no owner and no purpose and no training data" in made.err
    assert not path.exists()


def test_a_plan_shows_the_difference_and_changes_nothing(here: Typed) -> None:
    before = here("audit", "head").out
    plan = here("promote", "fraud:1.2.0", "--to", "production", "--plan", "--json").json
    words = here("promote", "fraud:1.2.0", "--to", "production", "--plan")

    assert set(plan) == PLAN_KEYS
    assert (plan["action"], plan["from"], plan["to"]) == ("promote", "1.1.0", "1.2.0")
    assert plan["checks"] == [{"name": "status", "passed": True, "wanted": "active", "saw": "active"}]
    assert {"section", "field", "values", "delta", "verdict"} <= set(plan["diff"]["rows"][0])
    assert "▼ worse" in words.out
    assert here("audit", "head").out == before


def test_promote_roll_back_undo_and_clear_move_the_stage(here: Typed) -> None:
    promoted = here("promote", "fraud:1.2.0", "--to", "production", "--reason", "try")
    again = here("promote", "fraud:1.2.0", "--to", "production")
    assert (promoted.code, promoted.out) == (0, "fraud:1.2.0\n")
    assert again.code == 0
    assert "already" in again.err

    assert here("rollback", "fraud@production").out == "fraud:1.1.0\n"
    assert here("rollback", "fraud@production").out == "fraud:1.0.0\n"
    nowhere = here("rollback", "fraud@production")
    assert nowhere.code == 4
    assert "nowhere" in nowhere.err
    assert here("undo", "fraud@production").out == "fraud:1.1.0\n"
    cleared = here("clear", "fraud@production", "--json")
    assert (cleared.json["action"], cleared.json["from"], cleared.json["to"]) == ("clear", "1.1.0", None)
    assert here("live", "fraud@production").code == 3
    assert here("clear", "fraud@production").code == 3


def test_a_rollback_may_mark_what_it_leaves_and_name_where_it_goes(here: Typed) -> None:
    rolled = here("rollback", "fraud@production", "--bad", "--to", "fraud:1.0.0", "--reason", "wrong", "--json").json
    assert (rolled["from"], rolled["to"], rolled["reason"]) == ("1.1.0", "1.0.0", "wrong")
    assert here("show", "fraud:1.1.0", "--json").json["status"] == "bad"

    refused = here("promote", "fraud:1.1.0", "--to", "production")
    planned = here("promote", "fraud:1.1.0", "--to", "production", "--plan")
    assert refused.code == planned.code == 4
    assert "FAILED" in planned.out
    assert here("rollback", "fraud@production", "--to", "fraud:1.2.0").code == 4

    assert here("mark", "fraud:1.1.0", "--active", "--json").json["status"] == "active"
    assert here("promote", "fraud:1.1.0", "--to", "production").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("rollback", "fraud@production", "--expect", "fraud:1.1.0"), 0),
        (("rollback", "fraud@production", "--expect", "fraud:1.0.0"), 5),
        (("undo", "fraud@production", "--expect", "nothing"), 5),
        (("clear", "fraud@staging", "--expect", "fraud:#3"), 0),
        (("promote", "größe 大:1", "--to", "production", "--expect", "nothing"), 0),
        (("promote", "fraud:1.2.0", "--to", "production", "--expect", "fraud:7.7.7"), 3),
    ],
)
def test_expect_acts_only_if_that_is_live(here: Typed, words: tuple[str, ...], code: int) -> None:
    before = here("audit", "head").out
    answer = here(*words)

    assert answer.code == code
    assert (here("audit", "head").out != before) == (code == 0)


def test_set_describes_and_takes_away(here: Typed) -> None:
    assert here("set", "fraud:1.2.0", "owner=eve", "notes=", "tag.team=x").code == 0
    shown = here("show", "fraud:1.2.0", "--json").json
    assert (shown["owner"], shown["notes"], shown["tags"]["team"]) == ("eve", None, "x")
    assert here("set", "fraud", "primary_metric=loss", "metric.loss.direction=lower").code == 0
    assert here("models", "--json").json[0]["primary_metric"] == "loss"
    assert here("set", "fraud", "colour=red").code == 2
    assert here("set", "fraud", "owner").code == 2
    assert here("set", "fraud", f"purpose={'x' * 1_001}").code == 2
    assert here("set", "fraud", f"notes={'x' * 100_000}").code == 0
    assert len(here("set", "fraud", *(f"tag.name-{n}=x" for n in range(200))).err) < 300


def test_a_primary_metric_that_no_version_has_is_kept_with_a_warning(here: Typed, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_text("w")
    assert here("register", "plain", "w.bin", "--owner", "ana", "--purpose", "p").err.endswith(
        "has no training data; --dataset records it with the next version\n"
    )
    answer = here("set", "plain", "primary_metric=nope")
    assert answer.code == 0
    assert "no version of plain has a metric nope yet" in answer.err
    assert "warning" not in here("set", "fraud", "primary_metric=loss").err


def test_json_of_a_transition_tells_whether_anything_happened(here: Typed) -> None:
    assert here("promote", "fraud:1.0.0", "--to", "staging", "--json").json["changed"] is True
    again = here("promote", "fraud:1.0.0", "--to", "staging", "--json")
    assert (again.code, again.json["changed"], again.json["to"]) == (0, False, "1.0.0")


def test_a_stage_added_at_the_end_is_told_to_be_the_last(here: Typed) -> None:
    assert "--after STAGE" in here("stage", "add", "fraud@shadow").err
    assert "--after" not in here("stage", "add", "fraud@early", "--after", "staging").err


def test_a_stage_that_was_never_used_can_be_taken_back(here: Typed) -> None:
    here("stage", "add", "fraud@canray", "--after", "staging")
    here("stage", "add", "fraud@shadow")
    assert here("stage", "remove", "fraud@canray").out == "fraud@canray\n"
    assert [each["name"] for each in here("stage", "show", "fraud", "--json").json] == [
        "staging",
        "production",
        "shadow",
    ]
    here("stage", "add", "fraud@canary", "--after", "staging")
    assert [each["name"] for each in here("stage", "show", "fraud", "--json").json][1] == "canary"
    used = here("stage", "remove", "fraud@production")
    assert (used.code, "it was used" in used.err) == (4, True)
    here("stage", "set", "fraud@shadow", "--approvals", "1")
    assert here("stage", "remove", "fraud@shadow").code == 4
    assert here("stage", "remove", "fraud@canray").code == 3
    assert here("audit", "verify").code == 0


def test_stages_and_data_are_added(here: Typed, tmp_path: Path) -> None:
    assert here("stage", "add", "fraud@canary", "--after", "staging").code == 0
    names = [stage["name"] for stage in here("stage", "show", "fraud", "--json").json]
    assert names == ["staging", "canary", "production"]
    assert here("stage", "add", "fraud@canary").code == 5

    (tmp_path / "march.csv").write_text("age,amount\n1,2\n")
    added = here("dataset", "add", "payments", "march.csv", "--label", "2026-03", "--parent", "data:payments:2026-02")
    assert (added.code, added.out) == (0, "data:payments:2026-03\n")
    assert here("show", "data:payments:2026-03", "--json").json["parents"] == ["data:payments:2026-02"]


def test_a_claim_is_recorded_beside_the_real_user(here: Typed) -> None:
    here("rollback", "fraud@production", "--as", "ana")
    entry = here("history", "fraud@production", "--json").json[0]

    assert entry["claim"] == "as:ana"
    assert entry["actor"] != "ana"
    assert "claims as:ana" in here("live", "fraud@production").out


def test_read_only_refuses_changes(here: Typed) -> None:
    assert here("--read-only", "models").code == 0
    assert here("rollback", "fraud@production", "--read-only").code == 8
    assert live(here) == "fraud:1.1.0"


def test_json_is_ascii_whatever_the_names(here: Typed) -> None:
    answer = here("show", "größe 大", "--json")

    assert answer.out.isascii()
    assert json.loads(answer.out)["ref"] == "größe 大"
    assert here("show", '"größe 大":1').lines[0].startswith("größe 大:1")
