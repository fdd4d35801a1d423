"""Releases from the command line, as processes: stages are bound, moved, taken back, and every ending has its code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.bound_stage import Bound, program
    from tests.cli.command_line import Processed, Ran, Typed
else:
    from bound_stage import Bound, program

PIPELINE_KEYS = {
    *("ref", "id", "action", "from", "to", "state", "step", "actor", "claim", "reason", "host", "pid"),
    *("started_at", "switched_at", "ended_at", "cancelled_by", "failure", "steps"),
}


@pytest.fixture
def here(typed: Typed, bound: Bound, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Types commands about the bound registry that `LINEAL_REGISTRY` names."""
    monkeypatch.setenv("LINEAL_REGISTRY", str(bound.root))
    return typed


@pytest.fixture
def run(processed: Processed, bound: Bound) -> Typed:
    """Runs commands about the bound registry as processes."""

    def running(*words: object) -> Ran:
        return processed(*words, env={"LINEAL_REGISTRY": str(bound.root)})

    return running


def steps(told: str) -> list[str]:
    return [line.split()[0] for line in told.splitlines() if line.startswith("  ") and not line.startswith("   ")]


def test_a_stage_is_set_field_by_field_and_an_empty_text_takes_away(here: Typed, bound: Bound) -> None:
    made = here("stage", "set", "fraud@production", "--hook", "sh -c 'echo \"$LINEAL_TO\"'", "--tries", "5", "--json")
    assert made.code == 0
    assert (made.json["hook"], made.json["tries"]) == (["sh", "-c", 'echo "$LINEAL_TO"'], 5)
    assert made.json["release"] == str(bound.release)

    url = "http://127.0.0.1:1/health"
    asked = here(*("stage", "set", "fraud@production", "--health", url, "--health-status", "204", "--json"))
    assert (asked.json["health"], asked.json["health_url"], asked.json["health_status"]) == (None, url, 204)
    assert asked.json["hook"] is not None
    command = here("stage", "set", "fraud@production", "--health", "test -d current/", "--hook", "", "--json").json
    assert (command["hook"], command["health"], command["health_url"]) == (None, ["test", "-d", "current/"], None)
    assert here("stage", "set", "fraud@production", "--health", "", "--json").json["health"] is None


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "--release DIR"),
        (("--release", ""), 2, "stage unset"),
        (("--hook", "sh -c 'open"), 2, "no closing quotation"),
        (("--health", "https://x/"), 2, "http://HOST"),
        (("--health", "ftp://x/health"), 2, "http://HOST"),
        (("--hook", "cat log | tail -1"), 2, "no shell runs it"),
        (("--health", "true > /dev/null"), 2, "no shell runs it"),
        (("--release", "/srv/two\nlines"), 2, "control character"),
        (("--tries", "0"), 2, "1 to 1,000"),
        (("--keep", "many"), 2, "--keep"),
        (("--release", "/proc/nothing/here"), 8, "/proc/nothing/here"),
        (("--release", "/etc"), 4, "lineal did not put there"),
    ],
)
def test_settings_that_cannot_be_are_refused(here: Typed, words: tuple[str, ...], code: int, told: str) -> None:
    before = here("stage", "show", "fraud@production", "--json").json["settings"]
    answer = here("stage", "set", "fraud@production", *words)

    assert answer.code == code, answer
    assert told in answer.err
    assert here("stage", "show", "fraud@production", "--json").json["settings"] == before


def test_a_stage_that_was_never_bound_wants_its_directory_first(here: Typed) -> None:
    assert here("stage", "set", "fraud@staging", "--hook", "true").code == 2
    assert here("stage", "set", "fraud@prod", "--hook", "true").code == 3
    assert here("stage", "unset", "fraud@staging").code == 3


def test_a_hook_that_cannot_be_run_is_told_when_it_is_set(here: Typed) -> None:
    answer = here("stage", "set", "fraud@production", "--hook", "no-such-program-anywhere --now")
    assert answer.code == 0
    assert "no-such-program-anywhere is no program" in answer.err
    assert here("stage", "set", "fraud@production", "--hook", "grep '|' a.txt").code == 0
    assert here("stage", "set", "fraud@production", "--hook", "sh -c 'cat a | tail'").code == 0


def test_a_stage_is_shown_with_what_lies_there_and_what_moved_it(here: Typed, bound: Bound) -> None:
    page = here("stage", "show", "fraud@production")
    shown = here("stage", "show", "fraud@production", "--json").json

    assert {"1.0.0", "1.1.0"} == {release["ref"].partition(":")[2] for release in shown["releases"]}
    assert (shown["live"], shown["outcome"]) == ("1.1.0", "unchecked")
    assert shown["current"] == str((bound.release / "current").resolve())
    assert set(shown["pipeline"]) == PIPELINE_KEYS
    assert shown["pipeline"]["state"] == "done"
    assert next(step["name"] for step in shown["pipeline"]["steps"]) == "verify"
    assert str(bound.release) in page.out
    assert "promote 1.0.0 → 1.1.0" in page.out
    pointer = here("stage", "show", "fraud@staging", "--json").json
    assert (pointer["settings"], pointer["pipeline"], pointer["releases"]) == (None, None, [])


def test_a_bound_stage_becomes_a_pointer_again_and_its_files_stay(here: Typed, bound: Bound) -> None:
    unset = here("stage", "unset", "fraud@production")
    assert unset.code == 0
    assert str(bound.release / ".lineal-stage.json") in unset.err
    assert bound.live == "1.1.0"
    rolled = here("rollback", "fraud@production")
    assert (rolled.code, rolled.out) == (0, "fraud:1.0.0\n")
    assert bound.live == "1.1.0"


def test_a_plan_tells_bytes_steps_and_checks_and_changes_nothing(here: Typed, bound: Bound) -> None:
    here("stage", "set", "fraud@production", "--hook", "echo reload", "--health", "test -d current/")
    first = here("promote", "fraud:1.2.0", "--to", "production", "--plan", "--json").json
    back = here("rollback", "fraud@production", "--plan", "--json").json
    skipping = here("rollback", "fraud@production", "--plan", "--skip-health", "--json").json
    words = here("promote", "fraud:1.2.0", "--to", "production", "--plan")

    assert first["copies_bytes"] == len(json.dumps({"label": "1.2.0"}))
    assert first["steps"] == ["verify", "lay out", "switch", "hook", "health", "record"]
    assert back["copies_bytes"] == 0
    assert back["steps"] == ["verify", "switch", "hook", "health", "record"]
    assert "health" not in skipping["steps"]
    assert "echo reload" in words.out
    assert "test -d current/, 2 tries" in words.out
    assert "18 B to copy" in words.out
    assert bound.live == "1.1.0"


def test_promote_roll_back_undo_and_clear_reach_the_directory(run: Typed, bound: Bound) -> None:
    promoted = run("promote", "fraud:1.2.0", "--to", "production", "--reason", "try")
    assert (promoted.code, promoted.out, bound.live) == (0, "fraud:1.2.0\n", "1.2.0")
    assert steps(promoted.err) == ["verify", "lay", "switch", "record"]
    assert "fraud:1.1.0 → fraud:1.2.0, unchecked" in promoted.err
    again = run("promote", "fraud:1.2.0", "--to", "production")
    assert (again.code, "already" in again.err) == (0, True)

    rolled = run("rollback", "fraud@production", "--bad", "--verify", "--json")
    assert (rolled.code, rolled.json["to"], bound.live) == (0, "1.1.0", "1.1.0")
    assert run("show", "fraud:1.2.0", "--json").json["status"] == "bad"
    assert run("undo", "fraud@production").code == 4
    assert run("rollback", "fraud@production").out == "fraud:1.0.0\n"
    assert run("undo", "fraud@production").out == "fraud:1.1.0\n"
    cleared = run("clear", "fraud@production")
    assert (cleared.code, cleared.out) == (0, "nothing\n")
    assert not (bound.release / "current").is_symlink()


def test_a_promotion_that_is_unhealthy_takes_itself_back_and_shows_what_was_printed(run: Typed, bound: Bound) -> None:
    script = program(
        bound.signs, "health", "printf 'a \\033]52;c;aGk=\\007 b\\n'; grep -q 1.1.0 \"$LINEAL_RELEASE\"/*.json"
    )
    run("stage", "set", "fraud@production", "--health", str(script))
    answer = run("promote", "fraud:1.2.0", "--to", "production")

    assert (answer.code, answer.out, bound.live) == (6, "", "1.1.0")
    assert "taken back" in answer.err
    assert "health    FAILED" in answer.err
    assert "\x1b" not in answer.err
    assert "aGk=" in answer.err
    entry = run("history", "fraud@production", "--json").json[0]
    assert (entry["outcome"], entry["to"]) == ("reverted", "1.2.0")
    shown = run("stage", "show", "fraud@production")
    assert "\x1b" not in shown.out
    assert "FAILED" in shown.out
    failure = run("stage", "show", "fraud@production", "--json").json["pipeline"]["failure"]
    assert failure["error"] == "ReleaseFailed"


def test_a_hook_that_floods_is_shown_by_its_last_lines(run: Typed, bound: Bound) -> None:
    script = program(bound.signs, "hook", "seq 1 20000; exit 9")
    run("stage", "set", "fraud@production", "--hook", str(script))
    answer = run("promote", "fraud:1.2.0", "--to", "production")

    assert (answer.code, bound.live) == (6, "1.1.0")
    assert "20000" in answer.err
    assert "[exit code 9]" in answer.err
    assert len(answer.err.splitlines()) < 60


def test_an_unhealthy_rollback_stays_and_offers_further_and_back(run: Typed, bound: Bound) -> None:
    run("stage", "set", "fraud@production", "--health", "false")
    answer = run("rollback", "fraud@production")

    assert (answer.code, answer.out, bound.live) == (6, "", "1.0.0")
    assert "lineal undo fraud@production" in answer.err
    assert "--skip-health" in answer.err
    assert run("stage", "show", "fraud@production", "--json").json["outcome"] == "unhealthy"
    skipped = run("undo", "fraud@production", "--skip-health")
    assert (skipped.code, bound.live) == (0, "1.1.0")
    assert "health    skipped" in skipped.err
    assert "unchecked" in skipped.err


def test_a_hook_that_fails_when_nothing_is_live_any_more_says_so(run: Typed, bound: Bound) -> None:
    run("stage", "set", "fraud@production", "--hook", "false")
    answer = run("clear", "fraud@production")

    assert answer.code == 6
    assert "nothing is live there now, but the hook failed" in answer.err
    assert "unhealthy:" not in answer.err
    assert not (bound.release / "current").exists()


def test_what_is_refused_out_of_date_or_damaged_keeps_its_code_and_moves_nothing(run: Typed, bound: Bound) -> None:
    run("mark", "fraud:1.2.0", "--bad")
    assert run("promote", "fraud:1.2.0", "--to", "production").code == 4
    run("mark", "fraud:1.2.0", "--active")
    assert run("rollback", "fraud@production", "--expect", "fraud:1.0.0").code == 5
    digest = run("show", "fraud:1.2.0", "--json").json["files"][0]["digest"].removeprefix("sha256:")
    stored = bound.root / "objects" / digest[:2] / digest[2:]
    size = stored.stat().st_size
    stored.chmod(0o644)
    stored.write_bytes(b"x" * size)
    damaged = run("promote", "fraud:1.2.0", "--to", "production")
    assert damaged.code == 7
    assert "verify    FAILED" in damaged.err
    assert bound.live == "1.1.0"


def test_a_directory_that_is_gone_or_another_s_fails_the_release(run: Typed, bound: Bound, tmp_path: Path) -> None:
    bound.release.rename(tmp_path / "aside")
    answer = run("rollback", "fraud@production")
    assert answer.code == 6
    assert "the directory is gone" in answer.err
    assert "lineal doctor --repair" in answer.err
    (tmp_path / "aside").rename(bound.release)
    (bound.release / "current").unlink()
    (bound.release / "current").mkdir()
    assert run("rollback", "fraud@production").code == 4
    with open_registry(bound.root) as registry:
        assert registry.live("fraud@production").version.label == "1.1.0"
