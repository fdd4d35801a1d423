"""Pipelines from other terminals: listed, followed, cancelled, let go of, and never two at a stage."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.bound_stage import Bound
    from tests.cli.command_line import Typed
    from tests.tui.pty_session import PtySession
else:
    from pathlib import Path

    sys.path.append(str(Path(__file__).parents[1] / "tui"))
    from pty_session import PtySession


@pytest.fixture
def here(typed: Typed, bound: Bound, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Types commands about the bound registry, whose hook waits to be let go on."""
    monkeypatch.setenv("LINEAL_REGISTRY", str(bound.root))
    bound.set_slow_hook()
    yield typed
    bound.go()
    bound.wait_until_over()


def test_a_second_one_is_told_who_moves_the_stage_and_at_which_step(here: Typed, bound: Bound) -> None:
    first = bound.start("rollback", "fraud@production")
    bound.wait_for_hook("rollback")

    for words in (("rollback", "fraud@production"), ("promote", "fraud:1.2.0", "--to", "production")):
        answer = here(*words)
        assert answer.code == 5
        assert "is being moved by" in answer.err
        assert ": hook" in answer.err
        assert "lineal pipeline follow fraud@production" in answer.err
    assert here("stage", "set", "fraud@production", "--keep", "4").code == 5
    assert here("doctor").code == 5
    bound.go()
    out, told = first.communicate(timeout=20)
    assert (first.returncode, out) == (0, "fraud:1.0.0\n"), told


def test_what_runs_is_listed_and_another_terminal_follows_it_to_the_end(here: Typed, bound: Bound) -> None:
    first = bound.start("rollback", "fraud@production", "--reason", "latency")
    bound.wait_for_hook("rollback")

    (running,) = here("pipeline", "list", "--json").json
    assert (running["ref"], running["state"], running["step"]) == ("fraud@production", "running", "hook")
    assert (running["from"], running["to"], running["reason"]) == ("1.1.0", "1.0.0", "latency")
    assert "rollback 1.1.0 → 1.0.0" in here("pipeline").out
    follower = bound.start("pipeline", "follow")
    assert follower.stderr is not None
    assert "rollback 1.1.0 → 1.0.0" in follower.stderr.readline()
    bound.go()
    out, told = follower.communicate(timeout=20)
    assert (follower.returncode, out) == (0, "fraud:1.0.0\n")
    assert "hook      done" in told
    first.communicate(timeout=20)
    assert here("pipeline", "list").out == ""
    assert "no pipeline runs" in here("pipeline", "list").err
    assert len(here("pipeline", "list", "fraud@production", "--json").json) == 3
    assert len(here("pipeline", "list", "fraud@production", "--limit", "1", "--json").json) == 1
    over = here("pipeline", "follow", "fraud@production", "--json")
    assert (over.code, over.json["outcome"]) == (0, "unchecked")


def test_somebody_else_cancels_it_and_what_was_live_is_put_back(here: Typed, bound: Bound) -> None:
    first = bound.start("promote", "fraud:1.2.0", "--to", "production")
    bound.wait_for_hook("promote")
    assert bound.live == "1.2.0"
    cancelled = here("pipeline", "cancel")
    bound.go()

    assert (cancelled.code, cancelled.out) == (0, "fraud@production\n")
    assert "1.1.0 stays live or is put back" in cancelled.err
    _, told = first.communicate(timeout=20)
    assert first.returncode == 130
    assert "cancelled" in told
    assert bound.live == "1.1.0"
    followed = here("pipeline", "follow", "fraud@production", "--json")
    assert (followed.code, followed.json["outcome"]) == (130, "reverted")
    assert here("history", "fraud@production", "--json").json[0]["outcome"] in {"cancelled", "reverted"}


def test_where_nothing_runs_there_is_nothing_to_follow_or_cancel(here: Typed) -> None:
    assert here("pipeline", "cancel").code == 3
    assert here("pipeline", "follow").code == 3
    assert here("pipeline", "cancel", "fraud@production").code == 5
    assert here("pipeline", "follow", "fraud@staging").code == 3
    assert here("pipeline", "list", "fraud@prod").code == 3
    assert here("pipeline", "list", "fraud").code == 2


def test_an_interrupt_lets_go_of_it_and_it_runs_on(here: Typed, bound: Bound) -> None:
    first = bound.start("rollback", "fraud@production")
    bound.wait_for_hook("rollback")
    first.send_signal(signal.SIGINT)
    out, told = first.communicate(timeout=20)

    assert (first.returncode, out) == (130, "")
    assert "it runs on" in told
    assert "lineal pipeline follow fraud@production" in told
    bound.go()
    bound.wait_until_over()
    assert here("live", "fraud@production").lines[0] == "fraud:1.0.0"


def test_a_window_that_is_closed_takes_nothing_with_it(here: Typed, bound: Bound) -> None:
    words = [sys.executable, "-m", "lineal_tui.main", "--registry", str(bound.root), "rollback", "fraud@production"]
    with PtySession(words) as terminal:
        terminal.wait_for("switch    done")
        terminal.wait_for("hook      … ")  # the step that runs, on a line that is drawn again
    bound.wait_for_hook("rollback")
    assert here("pipeline", "list", "--json").json[0]["state"] == "running"
    bound.go()
    bound.wait_until_over()
    assert (bound.live, here("live", "fraud@production").lines[0]) == ("1.0.0", "fraud:1.0.0")


@pytest.mark.parametrize(("action", "words"), [("promote", ("fraud:1.2.0", "--to", "production")), ("rollback", None)])
def test_what_a_killed_process_left_is_settled_by_the_next_one_which_says_so(
    here: Typed, bound: Bound, action: str, words: tuple[str, ...] | None
) -> None:
    first = bound.start(action, *(words or ("fraud@production",)))
    bound.wait_for_hook(action)
    (running,) = here("pipeline", "list", "--json").json
    os.kill(running["pid"], signal.SIGKILL)
    _, told = first.communicate(timeout=20)
    assert first.returncode == 6
    assert "lineal doctor --repair" in told
    assert here("pipeline", "list", "--json").json[0]["state"] == "dead"
    bound.go()

    following = here("promote", "fraud:1.2.0", "--to", "production")
    assert f"a {action} by " in following.err
    assert "was left unfinished" in following.err
    if action == "promote":
        assert (following.code, bound.live) == (0, "1.2.0")
    else:  # the rollback was finished first, and so the plan is out of date
        assert (following.code, bound.live) == (5, "1.0.0")
