"""Pipelines in a process of their own: begun, followed, and not ended with whoever began them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Busy, Cancelled, Damaged, OutOfDate, ReleaseFailed
from lineal.registry import open_registry

if TYPE_CHECKING:
    from tests.core.conftest import Served
    from tests.core.pipelined import GATE
    from tests.core.waiting import until
else:
    from pipelined import GATE
    from waiting import until


def _open_gate(served: Served) -> None:
    descriptor = os.open(served.folder / "gate", os.O_RDWR)
    os.write(descriptor, b"\n")
    until(lambda: not served.registry.running_pipelines())
    os.close(descriptor)


@pytest.fixture(params=["fork", "spawn"])
def threads(request: pytest.FixtureRequest) -> bool:
    return str(request.param) == "spawn"


def _promote(served: Served, *labels: int) -> None:
    for label in labels:
        served.registry.promote(f"m:{label}", "production")


def test_a_pipeline_is_begun_and_followed_to_its_end(served: Served, threads: bool) -> None:
    _promote(served, 1)
    served.set(hook=served.script("hook", 'echo "$LINEAL_ACTOR $LINEAL_REASON"'))
    plan = served.registry.plan_promote("m:2", "production", reason="because")
    number = served.registry.begin(plan, threads=threads)
    assert number is not None
    steps: list[str | None] = []
    done = served.registry.follow(number, changed=lambda journal: steps.append(journal.running_step))
    assert (done.to_label, done.outcome, done.reason) == ("2", "unchecked", "because")
    assert served.live() == "2"
    found = served.registry.pipelines(served.place)[0]
    assert found.id == number
    assert found.pid != os.getpid()
    hook = next(step.output for step in found.steps if step.name == "hook")
    assert hook == f"{served.registry.actor.user} because\n"
    assert steps
    until(lambda: not Path(f"/proc/{found.pid}").exists())  # it ends, and is nobody's zombie


def test_what_may_not_begin_is_told_at_once(served: Served, threads: bool) -> None:
    _promote(served, 1)
    plan = served.registry.plan_promote("m:2", "production")
    assert served.registry.begin(served.registry.plan_promote("m:1", "production"), threads=threads) is None
    _promote(served, 3)
    with pytest.raises(OutOfDate) as caught:
        served.registry.begin(plan, threads=threads)
    assert "3 is live, not 1" in str(caught.value)
    assert caught.value.hint == "look again, then decide"


def test_how_it_failed_is_told_to_whoever_follows(served: Served, threads: bool) -> None:
    _promote(served, 1)
    served.set(health=served.script("health", 'test "$LINEAL_TO" = 1 || { echo "\033[31mred"; exit 2; }'), tries=1)
    number = served.registry.begin(served.registry.plan_promote("m:2", "production"), threads=threads)
    assert number is not None
    with pytest.raises(ReleaseFailed) as caught:
        served.registry.follow(number)
    assert caught.value.exit_code == 6
    assert "exit code 2" in str(caught.value)
    assert served.live() == "1"
    with open_registry(served.registry.root) as later, pytest.raises(ReleaseFailed) as again:
        later.follow(number)  # the next login
    assert str(again.value) == str(caught.value)


def test_damage_is_told_with_its_own_exit_code(served: Served) -> None:
    _promote(served, 1)
    for path in served.registry.context.objects.root.glob("*/*"):
        if path.is_file() and path.read_bytes() == b"version 2":
            path.chmod(0o644)
            path.write_bytes(b"Version 2")
    number = served.registry.begin(served.registry.plan_promote("m:2", "production"), threads=False)
    assert number is not None
    with pytest.raises(Damaged) as caught:
        served.registry.follow(number)
    assert caught.value.exit_code == 7
    assert served.live() == "1"


def test_the_next_may_begin_as_soon_as_one_is_over(served: Served) -> None:
    served.set(keep=1)
    for label in (1, 2, 3, 4, 5, 6):
        number = served.registry.begin(served.registry.plan_promote(f"m:{label}", "production"), threads=False)
        assert number is not None
        served.registry.follow(number)  # and it may still be removing old releases
    assert served.live() == "6"


def test_two_who_begin_at_once_are_told_apart(served: Served) -> None:
    _promote(served, 1)
    os.mkfifo(served.folder / "gate")
    served.set(hook=served.script("hook", GATE), timeout=30)
    number = served.registry.begin(served.registry.plan_promote("m:2", "production"))
    assert number is not None
    until((served.folder / "there").exists)
    with pytest.raises(Busy) as caught:
        served.registry.begin(served.registry.plan_promote("m:3", "production"))
    assert str(caught.value).endswith(": hook")
    assert "lineal pipeline cancel m@production" in str(caught.value.hint)
    _open_gate(served)
    assert served.registry.follow(number).to_label == "2"


def test_a_pipeline_of_another_process_can_be_cancelled(served: Served, threads: bool) -> None:
    _promote(served, 1)
    os.mkfifo(served.folder / "gate")
    served.set(hook=served.script("hook", f'test "$LINEAL_ACTION" = revert || {{ {GATE}; }}'), timeout=30)
    number = served.registry.begin(served.registry.plan_promote("m:2", "production"), threads=threads)
    assert number is not None
    until((served.folder / "there").exists)
    served.registry.cancel_pipeline(served.place)
    with pytest.raises(Cancelled) as caught:
        served.registry.follow(number)
    assert caught.value.exit_code == 130
    assert served.live() == "1"


def test_a_pipeline_killed_in_its_hook_is_told_and_taken_back_by_the_next(served: Served) -> None:
    _promote(served, 1)
    os.mkfifo(served.folder / "gate")
    served.set(hook=served.script("hook", f'test "$LINEAL_ACTION$LINEAL_TO" != promote2 || {{ {GATE}; }}'), timeout=30)
    number = served.registry.begin(served.registry.plan_promote("m:2", "production"))
    assert number is not None
    until((served.folder / "there").exists)
    os.kill(served.registry.pipelines(served.place)[0].pid, signal.SIGKILL)
    with pytest.raises(ReleaseFailed, match="is gone") as caught:
        served.registry.follow(number)
    assert "doctor --repair" in str(caught.value.hint)
    _promote(served, 3)
    assert served.outcomes()[1:] == ["promote 2 reverted", "promote 3 unchecked"]
    assert served.live() == "3"
    with pytest.raises(ReleaseFailed, match="ended while at: hook"):
        served.registry.follow(number)
    gate = os.open(served.folder / "gate", os.O_RDWR | os.O_NONBLOCK)  # the hook outlived its pipeline
    os.write(gate, b"\n")
    time.sleep(0.05)
    os.close(gate)


BEGINS = """
import signal, sys, json
from lineal.registry import open_registry
root, threads = sys.argv[1], sys.argv[2] == "spawn"
registry = open_registry(root)
number = registry.begin(registry.plan_promote("m:2", "production"), threads=threads)
print(json.dumps(number), flush=True)
registry.follow(number)
"""


@pytest.mark.parametrize("way", ["hang up", "ctrl+c", "kill the group", "close"])
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_pipeline_outlives_its_terminal(how: str, way: str, served: Served) -> None:
    _promote(served, 1)
    os.mkfifo(served.folder / "gate")
    served.set(hook=served.script("hook", GATE), timeout=30)
    child, terminal = os.forkpty()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", BEGINS, str(served.registry.root), how])  # noqa: S606
    until((served.folder / "there").exists)
    if way == "hang up":
        os.killpg(child, signal.SIGHUP)
    elif way == "ctrl+c":
        os.write(terminal, b"\x03")
    elif way == "kill the group":
        os.killpg(child, signal.SIGKILL)
    if way != "ctrl+c":
        os.close(terminal)
    _, status = os.waitpid(child, 0)
    if way == "ctrl+c":
        os.close(terminal)
    assert status != 0
    assert served.registry.stage_state(served.place).is_running
    _open_gate(served)
    assert served.live() == "2"
    assert served.outcomes()[-1] == "promote 2 unchecked"


def test_nothing_is_imported_from_where_the_person_stands(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "json.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path / "here")
    number = served.registry.begin(served.registry.plan_promote("m:1", "production"), threads=True)
    assert number is not None
    assert served.registry.follow(number).to_label == "1"


def test_no_descriptor_stays_open(served: Served, threads: bool) -> None:
    def begin(label: int) -> None:
        number = served.registry.begin(served.registry.plan_promote(f"m:{label}", "production"), threads=threads)
        assert number is not None
        served.registry.follow(number)

    begin(1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    begin(2)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_many_may_follow_and_look_without_getting_in_the_way(served: Served) -> None:
    _promote(served, 1)
    done = threading.Event()
    trouble: list[Exception] = []

    def look() -> None:
        with open_registry(served.registry.root) as registry:
            while not done.is_set():
                try:
                    registry.stage_state(served.place)
                    registry.running_pipelines()
                except Exception as error:  # noqa: BLE001  whatever it is, nobody who only looks may meet it
                    trouble.append(error)

    looking = [threading.Thread(target=look) for _ in range(3)]
    for thread in looking:
        thread.start()
    for turn in range(8):
        _promote(served, 2 + turn % 2)
    done.set()
    for thread in looking:
        thread.join()
    assert not trouble
    assert served.live() == "3"
