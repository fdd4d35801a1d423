"""Events are delivered in order, at most once each, within bounds, by one process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.errors import MachineError, NotFound
from lineal.operations import delivering
from lineal.records.automation import DeliveryState

if TYPE_CHECKING:
    from tests.core.automated import Automated
    from tests.core.conftest import Script, Weights
    from tests.core.waiting import until
else:
    from waiting import until

LINEAL = f"{sys.executable} -m lineal_tui.main"


def test_events_are_delivered_in_order_one_after_another(automated: Automated) -> None:
    slow = 'test "$LINEAL_REF" = m:1 && sleep 0.3'
    automated.add("moved", "m", f'echo "begin $LINEAL_REF" >> "$F/log"; {slow}; echo "end $LINEAL_REF" >> "$F/log"')
    for label in (1, 2, 3, 2, 4):
        automated.registry.promote(f"m:{label}", "production")
    automated.settle()
    assert automated.log() == [f"{word} m:{label}" for label in (1, 2, 3, 2, 4) for word in ("begin", "end")]


def test_one_that_is_slow_does_not_hold_up_the_others(automated: Automated) -> None:
    automated.add("promoted", "m", 'while ! test -e "$F/go"; do sleep 0.01; done; echo slow >> "$F/log"')
    automated.add("promoted", "m", 'echo quick >> "$F/log"')
    automated.registry.promote("m:1", "production")
    automated.registry.promote("m:2", "production")
    until(lambda: automated.log() == ["quick", "quick"])
    (automated.folder / "go").touch()
    automated.settle()
    assert automated.log() == ["quick", "quick", "slow", "slow"]


def test_what_changed_the_registry_does_not_wait_and_leaves_nothing_behind(automated: Automated) -> None:
    automated.add("promoted", "m", 'while ! test -e "$F/go"; do sleep 0.01; done')
    began = time.monotonic()
    automated.registry.promote("m:1", "production")
    assert time.monotonic() - began < 5
    until(lambda: bool(automated.workers()))
    assert all(os.getsid(pid) != os.getsid(0) for pid in automated.workers())
    (automated.folder / "go").touch()
    automated.settle()
    until(lambda: not automated.workers())  # it ends by itself, and is nobody's zombie


def test_of_many_who_write_at_once_every_event_is_delivered_once_and_in_order(
    automated: Automated, script: Script
) -> None:
    automated.add("registered", "m", 'echo "$LINEAL_REF" >> "$F/log"')
    code = """
import sys
from lineal.registry import open_registry
with open_registry(sys.argv[1]) as registry:
    for n in range(5):
        path = sys.argv[2] + f"-{n}"
        open(path, "w").write(path)
        registry.register("m", path)
"""
    writers = [script(code, automated.registry.root, automated.folder / f"w{n}") for n in range(3)]
    assert [each.wait() for each in writers] == [0, 0, 0]
    found = automated.settle()
    assert all(after.started_at >= before.ended_at for before, after in pairwise(found))  # type: ignore[operator]  # all ran
    assert automated.log() == [f"m:{number}" for number in range(7, 22)]


def test_a_second_worker_leaves_everything_to_the_first(automated: Automated) -> None:
    automated.add("promoted", "m", 'echo "$LINEAL_REF" >> "$F/log"; while ! test -e "$F/go"; do sleep 0.01; done')
    automated.add("promoted", "m", 'echo "$LINEAL_REF" >> "$F/log"; while ! test -e "$F/go"; do sleep 0.01; done')
    automated.registry.promote("m:1", "production")
    until(lambda: len(automated.log()) == 2)
    automated.registry.promote("m:2", "production")
    began = time.monotonic()
    delivering.drain(automated.registry.context)
    assert time.monotonic() - began < 5
    assert sorted(each.state.value for each in automated.registry.deliveries()) == ["running"] * 2 + ["waiting"] * 2
    (automated.folder / "go").touch()
    assert automated.states() == ["done"] * 4
    assert automated.log() == ["m:1", "m:1", "m:2", "m:2"]


def test_threads_of_a_process_start_a_worker_as_well(automated: Automated, weights: Weights) -> None:
    automated.add("registered", "m")
    path = weights(9.0)
    threads = [threading.Thread(target=automated.registry.register, args=("m", path)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    automated.settle()
    assert automated.log() == ["m:7", "m:8", "m:9", "m:10"]


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(automated: Automated) -> None:
    automated.add("promoted", "m", 'sleep 600 & echo $! > "$F/pid"; trap "" TERM; echo begun; wait', timeout=0.3)
    automated.add("promoted", "m")
    automated.registry.promote("m:1", "production")
    late, fine = automated.settle()
    assert (late.state, late.exit_code, fine.state) == (DeliveryState.TIMED_OUT, None, DeliveryState.DONE)
    assert late.output == "begun\n[took longer than 0.3 s and was stopped]"
    (pid,) = automated.log("pid")
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_a_command_that_leaves_something_hanging_behind_is_over_when_it_ends(automated: Automated) -> None:
    automated.add("promoted", "m", 'sleep 30 & echo $! > "$F/pid"; echo started')
    began = time.monotonic()
    automated.registry.promote("m:1", "production")
    (found,) = automated.settle()
    assert time.monotonic() - began < 20
    assert (found.state, found.output) == (DeliveryState.DONE, "started\n")
    os.kill(int(automated.log("pid")[0]), 9)


def test_a_flood_of_output_is_kept_within_bounds(automated: Automated) -> None:
    automated.add("promoted", "m", "head -c 20000000 /dev/zero | tr '\\\\0' x; echo; echo the end; exit 3")
    automated.registry.promote("m:1", "production")
    (found,) = automated.settle()
    assert (found.state, found.exit_code) == (DeliveryState.FAILED, 3)
    assert len(found.output) < 70_000
    assert "bytes left out" in found.output
    assert found.output.endswith("the end\n[exit code 3]")


def test_a_command_that_is_not_there_or_dies_is_told_in_the_log(automated: Automated) -> None:
    automated.registry.add_automation("promoted", "m", ["/no/such/program"])
    automated.add("promoted", "m", "kill -9 $$")
    automated.registry.promote("m:1", "production")
    missing, killed = automated.settle()
    assert (missing.state, missing.exit_code) == (DeliveryState.FAILED, None)
    assert missing.output == "/no/such/program: cannot be run: No such file or directory"
    assert (killed.state, killed.exit_code, killed.output) == (DeliveryState.FAILED, None, "[ended by signal 9]")


def test_an_event_that_nobody_reads_keeps_nobody_waiting(automated: Automated) -> None:
    automated.add("registered", "m", "exec <&-; exit 0")
    path = automated.folder / "big"
    path.write_text("x")
    automated.registry.register("m", path, purpose="p" * 900, notes="n" * 90_000)
    assert automated.states() == ["done"]


def test_a_command_may_change_the_registry_itself(automated: Automated, weights: Weights) -> None:
    automated.add("registered", "m", f'{LINEAL} promote "$LINEAL_REF" --to staging', timeout=60)
    automated.add("promoted", "m@staging", f'{LINEAL} promote "$LINEAL_REF" --to production', timeout=60)
    automated.add("promoted", "m@production")
    automated.registry.register("m", weights(8.0))
    found = automated.settle()
    assert [(each.event, each.depth, each.state) for each in found] == [
        ("registered", 0, "done"),
        ("promoted", 1, "done"),
        ("promoted", 2, "done"),
    ]
    assert automated.log() == ["m:7"]
    assert dict(automated.registry.model("m").stages) == {"staging": "7", "production": "7"}


def test_a_loop_of_commands_comes_to_an_end_that_the_log_tells(automated: Automated) -> None:
    program = automated.folder / "again.py"
    program.write_text(
        "import sys\nfrom lineal.registry import open_registry\n"
        "with open_registry(sys.argv[1]) as registry:\n"
        "    registry.mark(sys.argv[2], 'active')\n    registry.mark(sys.argv[2], 'bad')\n"
    )
    automated.add("marked_bad", "m", f'{sys.executable} {program} "$LINEAL_REGISTRY" "$LINEAL_REF"', timeout=60)
    automated.registry.mark("m:3", "bad")
    found = automated.settle()
    assert [each.depth for each in found] == list(range(delivering.MOST_DEPTH + 1))
    assert [each.state for each in found] == ["done"] * delivering.MOST_DEPTH + ["failed"]
    assert "looks like a loop" in found[-1].output


def test_a_delivery_is_made_again_only_when_asked_for(automated: Automated) -> None:
    registry = automated.registry
    automated.add("promoted", "m", 'echo "$LINEAL_REF" >> "$F/log"; test -e "$F/fixed"')
    registry.promote("m:1", "production")
    registry.promote("m:2", "production")
    first, _ = automated.settle()
    assert first.state is DeliveryState.FAILED
    (automated.folder / "fixed").touch()
    new = registry.deliver_again(first.id)
    assert (new.seq, new.attempt) == (first.seq, 2)
    assert [each.state for each in automated.settle()] == ["failed", "failed", "done"]
    assert automated.log() == ["m:1", "m:2", "m:1"]
    assert registry.events(limit=1)[0].action == "automation_again"


def test_how_automations_fare_is_counted_by_event_not_by_attempt(automated: Automated) -> None:
    registry = automated.registry
    failing = automated.add("promoted", body="echo no; exit 3")
    automated.add("retired")
    (none, *_) = registry.automation_states()
    assert (none.last, none.waiting, none.failed, none.total) == (None, 0, 0, 0)
    registry.promote("m:2", "production")
    registry.promote("m:3", "production")
    (_, second) = automated.settle()
    registry.deliver_again(second.id)
    (*_, third) = automated.settle()
    state, other = registry.automation_states()
    assert (state.automation.name, state.total, state.waiting, state.failed) == (failing, 2, 0, 2)
    assert state.last is not None
    assert (state.last.id, state.last.exit_code, state.last.output) == (third.id, 3, third.output)
    assert (other.last, other.total) == (None, 0)
    assert [(each.id, each.attempt) for each in registry.delivered_events(failing)] == [(third.id, 2), (1, 1)]
    assert [each.id for each in registry.delivered_events(limit=1)] == [third.id]
    assert [each.attempt for each in registry.delivery_attempts(second.id)] == [1, 2]
    with pytest.raises(NotFound):
        registry.delivery_attempts(99)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deliveries SET state = 'running'",
        "UPDATE deliveries SET state = 'waiting'",
        "UPDATE deliveries SET event_seq = event_seq - 1",
        "INSERT INTO deliveries SELECT id + 1, automation_id, event_seq, 1, 0, 'done', 0, 0, 0, 0, '' FROM deliveries",
    ],
)
def test_the_database_itself_lets_no_delivery_be_made_twice(automated: Automated, statement: str) -> None:
    automated.add("promoted", "m")
    automated.registry.promote("m:1", "production")
    automated.settle()
    with (
        closing(sqlite3.connect(automated.registry.root / "registry.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match=r"made once|UNIQUE"),
    ):
        connection.execute(statement)


def test_the_log_does_not_grow_for_ever(automated: Automated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "_KEPT", 3)
    monkeypatch.setattr("lineal.write_path.waking.wake", lambda _: None)
    registry = automated.registry
    registry.add_automation("promoted", "m", ["true"])
    registry.add_automation("cleared", "m", ["true"])
    registry.promote("m:1", "production")
    registry.clear("m@production")
    for label in (2, 3, 4, 5, 6):
        registry.promote(f"m:{label}", "production")
    delivering.drain(registry.context)
    kept = [(each.event.value, each.state.value) for each in registry.deliveries()]
    assert kept == [("promoted", "done")] * 3 + [("cleared", "done")]


def test_a_command_that_would_wait_for_itself_is_refused(automated: Automated) -> None:
    automated.add("promoted", "m", f"{LINEAL} on run")
    automated.registry.promote("m:1", "production")
    (found,) = automated.settle()
    assert (found.state, found.exit_code) == (DeliveryState.FAILED, 4)
    assert "would wait for itself" in found.output


def test_where_no_worker_can_be_started_that_is_told(automated: Automated, monkeypatch: pytest.MonkeyPatch) -> None:
    automated.add("promoted", "m")
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    automated.registry.promote("m:1", "production")  # which is done all the same
    with pytest.raises(MachineError, match="cannot be started"):
        automated.registry.settle_automations()
    monkeypatch.undo()
    assert automated.states() == ["done"]


def test_a_worker_starts_where_standard_streams_are_closed(automated: Automated) -> None:
    automated.add("promoted", "m")
    code = (
        "import os, sys; from lineal.registry import open_registry; r = open_registry(sys.argv[1])\n"
        "[os.close(n) for n in (0, 1, 2)]\n"
        "r.promote('m:1', 'production'); r.promote('m:2', 'production')"
    )
    subprocess.run([sys.executable, "-c", code, str(automated.registry.root)], check=True)
    assert automated.states() == ["done", "done"]
    assert automated.log() == ["m:1", "m:2"]
