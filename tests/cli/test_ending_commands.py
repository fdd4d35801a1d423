"""Ending versions from a shell: what is said, in words and in JSON, and the exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Ran, Typed


@pytest.fixture
def said(registry: Path, typed: Typed) -> Typed:
    def run(*words: object) -> Ran:
        return typed("--registry", registry, *words)

    return run


@pytest.fixture
def spare(said: Typed, tmp_path: Path) -> str:
    """A version that nothing needs, with 5 bytes of its own."""
    (tmp_path / "spare.bin").write_text("spare")
    assert said("register", "fraud", "spare.bin", "--label", "1.3.0").code == ExitCode.DONE
    return "fraud:1.3.0"


def test_a_version_is_retired_and_later_purged(said: Typed, spare: str) -> None:
    done = said("retire", spare, "--reason", "not needed", "--successor", "fraud:1.2.0")
    assert (done.code, done.out) == (ExitCode.DONE, f"{spare}\n")
    assert f"its bytes stay until `lineal retire {spare} --purge`" in done.err
    shown = said("show", spare, "--json").json
    assert (shown["status"], shown["retired"]["reason"]) == ("retired", "not needed")
    assert (shown["retired"]["successor"], shown["retired"]["purged_at"]) == ("fraud:1.2.0", None)
    assert said("retire", spare, "--purge", "--json").json == {
        "ref": spare,
        "reason": "not needed",
        "successor": "fraud:1.2.0",
        "freed_bytes": 5,
        "files": 1,
        "shared_bytes": 0,
    }
    assert "purged" in said("show", spare).out
    assert spare.partition(":")[2] not in said("versions", "fraud").out
    assert spare.partition(":")[2] in said("versions", "fraud", "--all").out


def test_what_is_live_is_refused_with_a_way_out(said: Typed) -> None:
    refused = said("retire", "fraud@production", "--reason", "old")
    assert refused.code == ExitCode.REFUSED
    assert "it is live at fraud@production" in refused.err
    assert "promote another version there first" in refused.err


def test_a_reason_is_asked_for(said: Typed, spare: str) -> None:
    refused = said("retire", spare)
    assert (refused.code, "add --reason" in refused.err) == (ExitCode.REFUSED, True)


def test_a_deprecation_is_seen_everywhere_until_it_is_withdrawn(said: Typed, spare: str) -> None:
    done = said("deprecate", spare, "--until", "30d", "--reason", "slow", "--successor", "fraud:1.2.0")
    assert (done.code, done.err) == (ExitCode.DONE, f"{spare} is deprecated, ends in 4w\n")
    assert said("show", spare, "--json").json["deprecated"]["successor"] == "fraud:1.2.0"
    assert "ends in 4w" in said("show", spare).out
    assert "deprecated" in said("versions", "fraud").out
    assert said("deprecate", spare, "--until", "2020-01-31").err == f"{spare} is deprecated, was to end 6y ago\n"
    assert said("deprecate", spare, "--withdraw", "--json").json["deprecated"] is None


@pytest.mark.parametrize("words", [(), ("--until", "3d", "--withdraw"), ("--until", "soon"), ("--until", "1000000d")])
def test_a_deprecation_needs_a_date_that_is_one(said: Typed, spare: str, words: tuple[str, ...]) -> None:
    assert said("deprecate", spare, *words).code == ExitCode.USAGE


def test_rules_are_told_and_applied_when_asked_for(said: Typed, spare: str) -> None:
    assert said("retention").err == "no rule: every version keeps its bytes\n"
    said("register", "fraud", "spare.bin", "--label", "1.4.0")
    done = said("retention", "fraud", "--keep-last", "1", "--keep-younger", "1s")
    assert done.code == ExitCode.DONE
    assert "the newest 1, what is younger than 1s" in done.out
    assert said("retention", "fraud", "--keep-last", "1").code == ExitCode.DONE
    # 1.3.0 and 1.4.0 are the same bytes: nothing would be freed by ending the first
    before = said("gc", "--dry-run", "--json").json
    refs = [each["ref"] for each in before["expired"]]
    assert spare in refs
    assert "fraud:1.4.0" not in refs
    told = said("gc")
    assert f"{spare}  0 B  no retention rule keeps it" in told.lines
    assert "to be retired and purged with --retention" in told.err
    after = said("gc", "--retention", "--json").json
    assert [each["ref"] for each in after["ended"]] == refs
    assert after["expired"] == []
    assert said("show", spare, "--json").json["retired"]["reason"].startswith("retention: only the newest 1")
    assert said("verify").code == ExitCode.DONE
    assert said("retention", "fraud", "--clear").err == "fraud: every version keeps its bytes\n"


@pytest.mark.parametrize(
    "words", [("--keep-last", "2"), ("fraud", "--keep-last", "2", "--clear"), ("fraud", "--keep-last", "0")]
)
def test_a_rule_is_of_a_model_and_keeps_something(said: Typed, words: tuple[str, ...]) -> None:
    assert said("retention", *words).code == ExitCode.USAGE


def test_promoting_what_is_deprecated_warns_and_names_what_to_use(said: Typed, spare: str) -> None:
    said("deprecate", spare, "--until", "30d", "--successor", "fraud:1.2.0")
    planned = said("promote", spare, "--to", "staging", "--plan")
    assert f"{spare} is deprecated, ends in 4w" in planned.out
    done = said("promote", spare, "--to", "staging")
    assert done.code == ExitCode.DONE
    assert f"warning: {spare} is deprecated, ends in 4w; use fraud:1.2.0 instead" in done.err


def test_doctor_names_deprecations_past_their_date_and_is_content(said: Typed, spare: str) -> None:
    said("deprecate", spare, "--until", "30d")
    assert spare not in said("doctor").out
    said("deprecate", spare, "--until", "2020-01-31")
    told = said("doctor")
    assert told.code == ExitCode.DONE
    assert f"deprecation_over: {spare} deprecated, was to end 6y ago" in told.out
    assert f"lineal retire {spare}" in told.out
    (found,) = said("doctor", "--json").json
    assert (found["kind"], found["ref"]) == ("deprecation_over", spare)
    said("promote", spare, "--to", "staging")
    assert "promote another version at staging" in said("doctor").out
    assert said("doctor", "--repair").code == ExitCode.DONE


def test_what_was_purged_is_known_and_said_clearly_not_to_be_here(said: Typed, spare: str, tmp_path: Path) -> None:
    digest = said("show", spare, "--json").json["digest"]
    said("retire", spare, "--reason", "not needed", "--purge")
    assert spare in said("identify", digest).out
    assert spare in said("identify", tmp_path / "spare.bin").out
    for words in (("export", spare, "--to", "files", "-o", "out"), ("export", spare, "--to", "bundle", "-o", "out")):
        refused = said(*words)
        assert refused.code == ExitCode.REFUSED
        assert "its bytes were purged by" in refused.err
        assert "Traceback" not in refused.err
        assert not (tmp_path / "out").exists()
    assert "retired" in said("export", spare, "--to", "card").out
    assert "spare.bin" in said("export", spare, "--to", "mlbom").out
    assert said("reproduce", spare).code == ExitCode.REFUSED  # it came from no run
    assert said("diff", spare, "fraud:1.2.0").code == ExitCode.DONE
    assert said("du").code == ExitCode.DONE
    assert said("verify").code == ExitCode.DONE
