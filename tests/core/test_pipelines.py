"""Moving a stage that is bound to a directory: hooks, health, and what is taken back when they fail."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from lineal.errors import ReleaseFailed
from lineal.records.base import Micros
from lineal.records.releases import STEPS
from lineal.staging import pipelines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Calendar, Served
    from tests.core.pipelined import BAD_3, LOGS, promote, steps
else:
    from pipelined import BAD_3, LOGS, promote, steps


def test_a_hook_is_told_what_happens_after_the_switch(served: Served) -> None:
    promote(served, 1)
    names = "MODEL STAGE ACTION FROM TO ACTOR REASON RELEASE"
    body = f"for name in {names}; do eval echo $name=\\$LINEAL_$name; done; cat current/model.bin; pwd"
    served.set(hook=served.script("hook", body))
    plan = served.registry.plan_promote("m:2", "production", reason="it is better; $(rm -rf /)")
    done = served.registry.execute(plan)
    assert done is not None
    assert done.outcome == "unchecked"
    found = served.registry.pipelines(served.place)[0]
    hook = next(step for step in found.steps if step.name == "hook")
    release = served.registry.current("m", "production")
    assert hook.output.splitlines() == [
        "MODEL=m",
        "STAGE=production",
        "ACTION=promote",
        "FROM=1",
        "TO=2",
        f"ACTOR={served.registry.actor.user}",
        "REASON=it is better; $(rm -rf /)",
        f"RELEASE={release}",
        f"version 2{served.directory}",
    ]
    assert steps(served) == dict.fromkeys(STEPS, "done") | {"health": "skipped"}
    assert (found.transition, found.failure) == (done.id, None)
    assert served.live() == "2"


def test_a_healthy_promotion_and_rollback_are_recorded_as_such(served: Served) -> None:
    served.set(health=served.script("health", LOGS))
    promote(served, 1, 2)
    assert served.registry.rollback(served.place).outcome == "healthy"
    assert served.live() == "1"
    assert served.log() == ["promote >1", "promote 1>2", "rollback 2>1"]
    assert steps(served)["lay out"] == "skipped"
    assert served.registry.promote("m:1", "production") is None
    assert len(served.log()) == 3


@pytest.mark.parametrize("check", ["hook", "health"])
def test_a_promotion_that_fails_is_taken_back(check: str, served: Served, calendar: Calendar) -> None:
    served.set(hook=served.script("hook", LOGS), health=served.script("health", LOGS), tries=2)
    promote(served, 1)
    served.script(check, f"{LOGS}; {BAD_3}")
    with pytest.raises(ReleaseFailed) as caught:
        promote(served, 3)
    assert caught.value.exit_code == 6
    assert "3 is bad [exit code 9]; it was taken back, 1-" in str(caught.value)
    assert served.live() == "1"
    assert served.outcomes() == ["promote 1 healthy", "promote 3 reverted"]
    tried = ["promote 1>3"] * (1 if check == "hook" else 3)
    assert served.log()[2:] == [*tried, "revert 3>1", "revert 3>1"]
    found = served.registry.pipelines(served.place)[0]
    assert "3 is bad" in next(step.output for step in found.steps if step.name == check)
    assert str(pipelines.failure_of(found)) == str(caught.value)
    assert steps(served)[check] == "failed"
    with served.registry.context.read() as connection:
        output = connection.execute("SELECT output FROM transitions WHERE outcome = 'reverted'").fetchone()[0]
    assert "3 is bad" in output
    spell = served.registry.history("m", "production")[0]
    assert spell.until is not None
    assert spell.at < spell.until < calendar.at  # until the switch back, not until its checks were over
    for at, label in ((spell.at - 1, "1"), (spell.at, "3"), (spell.until - 1, "3"), (spell.until, "1")):
        assert served.registry.live(served.place, at=Micros(at)).version.label == label
    assert [path.name[0] for path in served.directory.iterdir() if path.is_dir() and not path.is_symlink()] == ["1"]


def test_a_first_promotion_that_fails_leaves_nothing_live(served: Served) -> None:
    served.set(hook=served.script("hook", f"{LOGS}; {BAD_3}"))
    with pytest.raises(ReleaseFailed, match="nothing is live"):
        promote(served, 3)
    assert served.live() is None
    assert served.log() == ["promote >3", "revert 3>"]


def test_a_rollback_that_fails_stays_and_leads_further_back(served: Served) -> None:
    promote(served, 1, 3, 2)
    served.set(health=served.script("health", f"{LOGS}; {BAD_3}"), tries=2)
    with pytest.raises(ReleaseFailed, match="it is live but unhealthy") as caught:
        served.registry.rollback(served.place)
    assert caught.value.exit_code == 6
    assert "lineal undo m@production" in str(caught.value.hint)
    assert served.live() == "3"
    assert served.log() == ["rollback 2>3"] * 2
    served.registry.rollback(served.place)
    assert served.live() == "1"
    assert served.outcomes()[3:] == ["rollback 3 unhealthy", "rollback 1 healthy"]


def test_what_was_there_can_be_put_back_after_a_rollback_that_failed(served: Served) -> None:
    promote(served, 1, 3, 2)
    served.set(health=served.script("health", BAD_3), tries=1)
    with pytest.raises(ReleaseFailed):
        served.registry.rollback(served.place)
    assert served.registry.undo(served.place).outcome == "healthy"
    assert served.live() == "2"


def test_a_health_check_that_is_broken_can_be_skipped(served: Served) -> None:
    promote(served, 1)
    served.set(health=served.script("health", f"{LOGS}; exit 1"))
    done = served.registry.execute(served.registry.plan_promote("m:2", "production"), skip_health=True)
    assert done is not None
    assert done.outcome == "unchecked"
    assert served.live() == "2"
    done = served.registry.execute(served.registry.plan_rollback(served.place), skip_health=True)
    assert served.live() == "1"
    assert not served.log()


def test_a_health_check_may_flap_within_its_tries(served: Served) -> None:
    promote(served, 1)
    body = 'echo x >> "$F/tries"; test $(wc -l < "$F/tries") -ge 3'
    served.set(health=served.script("health", body), tries=3)
    promote(served, 2)
    assert served.outcomes()[-1] == "promote 2 healthy"
    output = next(step.output for step in served.registry.pipelines(served.place)[0].steps if step.name == "health")
    assert output == "try 1 of 3: [exit code 1]\ntry 2 of 3: [exit code 1]\ntry 3 of 3: ok\n"
    (served.folder / "tries").unlink()
    served.set(tries=2)
    with pytest.raises(ReleaseFailed, match="try 2 of 2"):
        promote(served, 3)


def test_the_output_of_many_tries_is_bounded(served: Served) -> None:
    promote(served, 1)
    served.set(health=served.script("health", "seq 20000; exit 1"), tries=10, interval=0)
    with pytest.raises(ReleaseFailed) as caught:
        promote(served, 2)
    assert len(str(caught.value)) < 2_000
    found = served.registry.pipelines(served.place)[0]
    assert max(len(step.output) for step in found.steps) < 70_000


def _no_exec(path: Path) -> None:
    path.chmod(0o644)


def _removed(path: Path) -> None:
    path.unlink()


def _kept(_: Path) -> None:
    return


@pytest.mark.parametrize(
    ("body", "change", "why"),
    [
        ("", _no_exec, "Permission denied"),
        ("", _removed, "No such file"),
        ("sleep 60", _kept, "took longer than 0.3 s"),
        ("sleep 60 & sleep 60", _kept, "took longer than 0.3 s"),
        ("yes", _kept, "took longer than 0.3 s"),
        ("kill -9 $$", _kept, "ended by signal 9"),
        (r"printf 'a\0\033[2Jb\377'; exit 3", _kept, "exit code 3"),
    ],
)
def test_a_hook_that_misbehaves_leaves_the_old_release_live(
    body: str, change: Callable[[Path], None], why: str, served: Served
) -> None:
    promote(served, 1)
    served.set(hook=served.script("hook", f'test "$LINEAL_ACTION" = revert && exit 0\n{body}'), timeout=0.3)
    change(served.folder / "hook")
    began = time.monotonic()
    with pytest.raises(ReleaseFailed, match=why) as caught:
        promote(served, 2)
    assert time.monotonic() - began < 5
    assert caught.value.exit_code == 6
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 2 reverted"


def test_a_switch_back_that_fails_is_loud_and_the_history_says_what_is_live(
    served: Served, tmpfs: Callable[[str], Path]
) -> None:
    served.directory = tmpfs("1m")
    served.set(release=str(served.directory))
    promote(served, 1)
    body = 'test "$LINEAL_TO" != 2 || { mount -o remount,ro "$PWD"; exit 1; }'
    served.set(hook=served.script("hook", body))
    with pytest.raises(ReleaseFailed, match="TAKING IT BACK FAILED: the switch back failed") as caught:
        promote(served, 2)
    assert "it is live still" in str(caught.value)
    assert served.live() == "2"
    assert served.outcomes()[-1] == "promote 2 unhealthy"
    subprocess.run(["mount", "-o", "remount,rw", served.directory], check=True)
    served.registry.rollback(served.place)
    assert served.live() == "1"


def test_a_take_back_whose_hook_fails_too_is_loud(served: Served) -> None:
    promote(served, 1)
    served.set(hook=served.script("hook", "echo no luck; exit 1"))
    with pytest.raises(ReleaseFailed, match="THAT FAILED TOO: the hook failed: no luck"):
        promote(served, 2)
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 2 reverted"


def test_a_hook_that_removes_what_was_live_does_not_keep_it_from_coming_back(served: Served) -> None:
    promote(served, 1)
    served.set(hook=served.script("hook", f'{LOGS}; test "$LINEAL_TO" = 1 || {{ rm -rf 1-*; exit 1; }}'))
    with pytest.raises(ReleaseFailed, match="it was taken back"):
        promote(served, 2)
    assert served.live() == "1"
    assert served.registry.plan_promote("m:1", "production").copies_bytes == 0  # it is known as it lies there now
