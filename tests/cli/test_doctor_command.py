"""What `doctor` finds, mends and answers, and the plain facts about the terminal."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from lineal_tui.terminal import judge

if TYPE_CHECKING:
    import subprocess

    from tests.cli.bound_stage import Bound
    from tests.cli.command_line import Ran, Typed

FINDING_KEYS = {"kind", "ref", "path", "problem", "repair"}


@pytest.fixture
def doctor(typed: Typed, bound: Bound) -> Typed:
    """Types `lineal doctor` about the bound registry."""

    def run(*words: object) -> Ran:
        return typed("doctor", "--registry", bound.root, *words)

    return run


def test_a_sound_registry_is_well(doctor: Typed) -> None:
    answer = doctor()

    assert answer.code == 0, answer
    assert "all is well" in answer.err
    assert answer.out == ""
    assert doctor("--json").json == []


def test_current_that_points_elsewhere_is_found_and_mended(doctor: Typed, bound: Bound) -> None:
    current = bound.release / "current"
    current.unlink()
    current.symlink_to("nowhere\x1b[2J")
    found = doctor("--json")
    assert found.code == 7
    assert [set(each) for each in found.json] == [FINDING_KEYS]
    assert (found.json[0]["kind"], found.json[0]["ref"]) == ("current_elsewhere", "fraud@production")
    words = doctor()
    assert "--repair" in words.err
    assert "\x1b" not in words.out
    assert current.readlink().name == "nowhere\x1b[2J"

    mended = doctor("--repair", "--json")
    assert mended.code == 0
    assert [set(each) for each in mended.json] == [FINDING_KEYS | {"done"}]
    assert bound.live == "1.1.0"
    assert doctor().code == 0


def test_a_release_that_was_edited_is_laid_out_anew(doctor: Typed, bound: Bound) -> None:
    path = bound.release / "current" / "weights.json"
    was = path.read_text()
    path.chmod(0o644)
    path.write_text("{}")
    assert doctor("--json").json[0]["kind"] == "release_edited"
    answer = doctor("--repair")

    assert answer.code == 0
    assert "mended: " in answer.out
    assert (bound.release / "current" / "weights.json").read_text() == was


def test_what_only_a_person_can_mend_stays(doctor: Typed, bound: Bound) -> None:
    (bound.release / "notes").mkdir()
    answer = doctor("--repair")

    assert answer.code == 7
    assert "stranger: fraud@production" in answer.out
    assert "1 thing not as it must be" in answer.err
    assert (bound.release / "notes").exists()
    shutil.rmtree(bound.release)
    bound.release.write_text("a file")
    gone = doctor("--repair", "--json")
    assert gone.code == 7
    assert gone.json[0]["kind"] == "release_directory"


def test_a_directory_that_is_gone_is_made_again_with_what_is_live_and_what_a_rollback_needs(
    doctor: Typed, typed: Typed, bound: Bound
) -> None:
    shutil.rmtree(bound.release)
    answer = doctor("--repair")

    assert answer.code == 0, answer
    assert "made it again with 2 of its releases" in answer.out
    assert bound.live == "1.1.0"
    assert doctor().code == 0
    assert typed("rollback", "fraud@production", "--registry", bound.root).code == 0
    assert bound.live == "1.0.0"


def kill_pipeline(typed: Typed, bound: Bound, begun_by: subprocess.Popen[str]) -> None:
    """Kill what moves the stage, and let its hook go on."""
    (journal,) = typed("pipeline", "list", "--json", "--registry", bound.root).json
    os.kill(journal["pid"], signal.SIGKILL)
    begun_by.communicate(timeout=20)
    bound.go()


def test_what_a_dead_pipeline_hides_is_mended_with_it(doctor: Typed, typed: Typed, bound: Bound) -> None:
    bound.set_slow_hook()
    process = bound.start("promote", "fraud:1.2.0", "--to", "production")
    bound.wait_for_hook("promote")
    kill_pipeline(typed, bound, process)
    (older,) = bound.release.glob("*1.0.0*")
    (older / "weights.json").chmod(0o644)
    (older / "weights.json").write_text("{}")

    assert [each["kind"] for each in doctor("--json").json] == ["pipeline_dead"]
    mended = doctor("--repair")
    assert mended.code == 0, mended
    assert mended.out.count("mended: ") == 2
    assert (doctor().code, (older / "weights.json").read_text() == "{}") == (0, False)


def test_a_dead_pipeline_is_found_and_taken_back(doctor: Typed, typed: Typed, bound: Bound) -> None:
    bound.set_slow_hook()
    process = bound.start("promote", "fraud:1.2.0", "--to", "production")
    bound.wait_for_hook("promote")
    running = doctor("--json")
    assert (running.code, running.json[0]["kind"]) == (5, "pipeline_running")
    assert "moves fraud@production" in running.err
    assert "moves fraud@production now" in typed("live", "fraud@production", "--registry", bound.root).err
    kill_pipeline(typed, bound, process)

    assert doctor("--json").json[0]["kind"] == "pipeline_dead"
    for words in (("live", "fraud@production"), ("models",), ("stage", "show", "fraud@production")):
        assert typed(*words, "--registry", bound.root).err.count("was left unfinished") == 1
    assert typed("live", "fraud@staging", "--registry", bound.root).err.count("unfinished") == 0
    mended = doctor("--repair")
    assert mended.code == 0, mended
    assert "recorded as reverted" in mended.out
    assert bound.live == "1.1.0"
    assert doctor().code == 0


def test_what_cannot_be_looked_at_or_changed_has_its_own_code(typed: Typed, bound: Bound) -> None:
    assert typed("doctor", "--registry", bound.signs).code == 3
    assert typed("doctor", "--mend").code == 2
    (bound.release / "current").unlink()
    read_only = typed("doctor", "--repair", "--read-only", "--registry", bound.root)
    assert read_only.code == 8
    assert not (bound.release / "current").is_symlink()


@pytest.mark.parametrize(
    ("environment", "colours", "theme", "mouse"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 1 << 24, "textual-dark", True),
        ({"TERM": "xterm-256color"}, 256, "textual-dark", True),
        ({"TERM": "linux"}, 16, "ansi-dark", True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, 0, "ansi-dark", True),
        ({"TERM": "screen-256color", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "TMUX": "x"}, 256, "ansi-dark", False),
    ],
)
def test_the_theme_follows_from_the_terminal(
    environment: dict[str, str], colours: int, theme: str, mouse: bool
) -> None:
    found = judge(environment, encoding="utf-8", size=(80, 24))

    assert (found.colours, found.theme, found.has_mouse, found.refusal) == (colours, theme, mouse, None)
    assert found.ssh == ("10.0.0.1" if "SSH_CONNECTION" in environment else None)


def test_a_terminal_that_cannot_show_the_application_is_told() -> None:
    assert judge({"TERM": "dumb"}, encoding="utf-8", size=(80, 24)).refusal is not None
    assert judge({"TERM": "xterm"}, encoding="utf-8", size=None).refusal is not None
    small = judge({"TERM": "xterm"}, encoding="ascii", size=(40, 10))
    assert (small.is_small, small.is_utf8, small.refusal) == (True, False, None)
