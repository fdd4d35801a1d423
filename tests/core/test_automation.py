"""Commands that run when something happens: which, with what, in which order, how often, and within which bounds."""

from __future__ import annotations

import io
import os
import shutil
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

from lineal.errors import AlreadyExists, BadAddress, BadName, BadValue, MachineError, NotFound, Refused
from lineal.operations import delivering
from lineal.records.automation import ACTIONS, DeliveryState, Occasion
from lineal.registry import create_registry, open_registry, restore_registry
from lineal_tui.view.as_json import json as view_json

if TYPE_CHECKING:
    from tests.core.automated import Automated, until
    from tests.core.conftest import Script, Served, Weights
else:
    from automated import Automated, until

LINEAL = f"{sys.executable} -m lineal_tui.main"


@pytest.fixture
def automated(served: Served) -> Automated:
    served.registry.unbind_stage(served.place)  # what a pointer does is quick
    return Automated(served.registry, served.folder)


def test_a_command_is_told_what_happened(automated: Automated) -> None:
    registry = automated.registry
    automated.add(
        "promoted", None, 'env | grep ^LINEAL_ | sort > "$F/env"; pwd -P > "$F/pwd"; cat >> "$F/told"; echo done'
    )
    registry.promote("m:2", "production", reason="it's better")
    (found,) = automated.settle()
    assert (found.state, found.exit_code, found.output, found.attempt) == (DeliveryState.DONE, 0, "done\n", 1)
    assert (found.action, found.ref) == ("promoted", "m@production")
    assert found.seconds is not None
    root = str(registry.root.absolute())
    assert automated.log("env") == [
        "LINEAL_EVENT=promoted",
        "LINEAL_MODEL=m",
        "LINEAL_ON_DEPTH=1",
        "LINEAL_REF=m:2",
        f"LINEAL_REGISTRY={root}",
        "LINEAL_STAGE=production",
    ]
    assert automated.log("pwd") == [str(registry.root.resolve())]
    (told,) = automated.told()
    version = registry.version("m:2")
    event = next(each for each in registry.events() if each.action == "promoted")
    assert told == {
        **view_json.event(event),
        "event": "promoted",
        "automation": "promoted",
        "delivery": found.id,
        "attempt": 1,
        "registry": root,
        "model": "m",
        "stage": "production",
        "from": None,
        "to": "2",
        "reason": "it's better",
        "version": {"ref": "m:2", "label": "2", "seq": 2, "uid": version.uid, "digest": version.digest},
    }


def test_every_occasion_that_is_there_runs_what_waits_for_it(automated: Automated, weights: Weights) -> None:
    registry = automated.registry
    for event in Occasion:
        automated.add(event, None, 'echo "$LINEAL_EVENT $LINEAL_REF" >> "$F/log"')
    registry.register("m", weights(7.0))
    registry.promote("m:1", "staging")
    registry.promote("m:2", "staging")
    registry.rollback("m@staging")
    registry.undo("m@staging")
    registry.clear("m@staging")
    registry.deprecate("m:5", until=registry.context.clock())
    registry.mark("m:5", "bad")
    registry.retire("m:5", reason="old")
    automated.settle()
    assert sorted(automated.log()) == sorted(
        [
            "registered m:7",
            *("promoted m:1", "promoted m:2", "rolled_back m:1", "undone m:2", "cleared m:2"),
            *("moved m:1", "moved m:2", "moved m:1", "moved m:2", "moved m:2"),
            *("deprecated m:5", "marked_bad m:5", "retired m:5"),
        ]
    )


def test_approvals_transitions_that_fail_and_imports_run_what_waits_for_them(
    served: Served,
) -> None:
    automated = Automated(served.registry, served.folder)
    for event in ("approved", "rejected", "failed"):
        automated.add(event, "m@production", 'echo "$LINEAL_EVENT $LINEAL_STAGE $LINEAL_REF" >> "$F/log"')
    automated.add("approved", "m@staging")
    served.set(health=served.script("sick", "exit 1"), tries=1)
    with pytest.raises(Exception, match="exit code 1"):
        served.registry.promote("m:1", "production")
    # nobody approves of their own, and these were registered by whoever runs the tests
    with served.registry.context.conclude("m") as change:
        change.record("version_approved", "m:3", stage="production", reason='"stage":"staging"')
        change.record("version_rejected", "m:4", stage="production")
    automated.settle()
    assert sorted(automated.log()) == ["approved production m:3", "failed production m:1", "rejected production m:4"]
    assert len(served.registry.deliveries()) == 3


def test_an_alert_that_fires_and_clears_runs_what_waits_for_it(automated: Automated) -> None:
    registry = automated.registry
    for event in ("alert", "alert_cleared"):
        automated.add(
            event, "m@production", 'echo "$LINEAL_EVENT $LINEAL_STAGE $LINEAL_REF" >> "$F/log"; cat >> "$F/told"'
        )
    registry.promote("m:2", "production")
    registry.set_alerts("m@production", "latency < 80")
    for value in (99.0, 98.0, 9.0):
        registry.observe("m@production", {"latency": value})
    automated.settle()
    assert sorted(automated.log()) == ["alert production m:2", "alert_cleared production m:2"]
    assert {each["data"]["alert"] for each in automated.told()} == {"latency < 80"}


def test_only_events_of_its_model_and_stage_after_it_was_added_run_it(automated: Automated, weights: Weights) -> None:
    registry = automated.registry
    registry.register("other", weights())
    registry.register("m2", weights())
    registry.promote("m:1", "production")
    for place in (None, "m", "m@production"):
        automated.add("promoted", place, f'echo "{place} $LINEAL_MODEL@$LINEAL_STAGE" >> "$F/log"')
    registry.promote("m:2", "staging")
    registry.promote("m:3", "production")
    registry.promote("m2:1.0.0", "production")
    registry.promote("other:1.0.0", "production")
    automated.settle()
    assert sorted(automated.log()) == [
        "None m2@production",
        "None m@production",
        "None m@staging",
        "None other@production",
        "m m@production",
        "m m@staging",
        "m@production m@production",
    ]


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


def test_hostile_names_reach_a_command_as_they_are(automated: Automated, weights: Weights) -> None:
    name = "größe $(touch evil); & 大 -rf *"
    automated.add("promoted", None, 'printf "%s\\n" "$LINEAL_MODEL|$LINEAL_REF" >> "$F/log"; cat >> "$F/told"')
    automated.registry.register(name, weights(), label="1.0.0")
    automated.registry.promote(f"{name}:1.0.0", "production", reason='"; \x1b[31m\n\u202e%s')
    automated.settle()
    assert automated.log() == [f"{name}|{name}:1.0.0"]
    (told,) = automated.told()
    assert (told["model"], told["version"]["ref"], told["reason"]) == (name, f"{name}:1.0.0", '"; \x1b[31m\n\u202e%s')
    assert not list(automated.registry.root.glob("evil"))


def test_a_stage_with_an_odd_name_is_found_in_every_event(automated: Automated) -> None:
    stage = "größe % 大_1"
    automated.registry.add_stage("m", stage)
    for event in ("approved", "promoted"):
        automated.add(event, f"m@{stage}", 'echo "$LINEAL_EVENT $LINEAL_STAGE" >> "$F/log"')
    automated.registry.promote("m:1", stage)
    with automated.registry.context.conclude("m") as change:
        change.record("version_approved", "m:3", stage=stage)
    automated.settle()
    assert sorted(automated.log()) == [f"approved {stage}", f"promoted {stage}"]


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


def test_the_run_of_whoever_caused_an_event_is_none_of_the_commands(
    automated: Automated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAL_RUN", "somebody's")
    automated.add("promoted", "m", 'echo "${LINEAL_RUN-none}" >> "$F/log"')
    automated.registry.promote("m:1", "production")
    automated.settle()
    assert automated.log() == ["none"]


def test_one_that_is_disabled_runs_nothing_and_misses_what_happens_meanwhile(automated: Automated) -> None:
    registry = automated.registry
    name = automated.add("promoted", "m")
    registry.promote("m:1", "production")
    automated.settle()
    registry.enable_automation(name, enabled=False)
    registry.promote("m:2", "production")
    assert registry.enable_automation(name).enabled
    registry.promote("m:3", "production")
    automated.settle()
    assert automated.log() == ["m:1", "m:3"]


def test_one_that_is_removed_keeps_its_log_and_leaves_its_name(automated: Automated) -> None:
    registry = automated.registry
    name = automated.add("promoted", "m", name="page")
    registry.promote("m:1", "production")
    automated.settle()
    registry.remove_automation(name)
    registry.promote("m:2", "production")
    assert registry.automations() == []
    assert [each.automation for each in registry.deliveries()] == ["page"]
    with pytest.raises(Refused, match="was removed"):
        registry.deliver_again(registry.deliveries()[0].id)
    with pytest.raises(NotFound):
        registry.automation("page")
    again = automated.add("promoted", "m", name="page")
    registry.promote("m:3", "production")
    automated.settle()
    assert again == "page"
    assert automated.log() == ["m:1", "m:3"]


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


def test_what_is_recorded_of_them_is_who_added_and_removed_them(automated: Automated) -> None:
    registry = automated.registry
    registry.add_automation("promoted", "m@production", ["true", "a b"], timeout=5)
    registry.promote("m:1", "production")
    automated.settle()
    registry.remove_automation("promoted")
    found = [(each.action, each.ref, each.data) for each in registry.events(limit=3)]
    assert [each[:2] for each in found] == [
        ("automation_removed", "m@production"),
        ("promoted", "m@production"),
        ("automation_added", "m@production"),
    ]
    assert found[2][2] == {"command": ["true", "a b"], "event": "promoted", "name": "promoted", "timeout": 5.0}
    assert registry.verify().damage == ()


@pytest.mark.parametrize(
    ("event", "place", "command", "more", "error"),
    [
        ("promotd", None, ["x"], {}, BadValue),
        ("registered", "m@production", ["x"], {}, BadValue),
        ("promoted", "m:1", ["x"], {}, BadAddress),
        ("promoted", "m@production~1", ["x"], {}, BadAddress),
        ("promoted", "nobody", ["x"], {}, NotFound),
        ("promoted", "m@nowhere", ["x"], {}, NotFound),
        ("promoted", None, [], {}, BadValue),
        ("promoted", None, [""], {}, BadValue),
        ("promoted", None, "true", {}, BadValue),
        ("promoted", None, ["a\0b"], {}, BadValue),
        ("promoted", None, ["x"], {"timeout": 0.0}, BadValue),
        ("promoted", None, ["x"], {"timeout": float("nan")}, BadValue),
        ("promoted", None, ["x"], {"timeout": 1e9}, BadValue),
        ("promoted", None, ["x"], {"name": "12"}, BadName),
        ("promoted", None, ["x"], {"name": "a b"}, BadName),
        ("promoted", None, ["x"], {"name": "\x1b"}, BadName),
        ("promoted", None, ["x"], {"name": "taken"}, AlreadyExists),
    ],
)
def test_what_makes_no_sense_is_refused(
    automated: Automated,
    event: str,
    place: str | None,
    command: list[str],
    more: dict[str, object],
    error: type[Exception],
) -> None:
    registry = automated.registry
    registry.add_automation("cleared", None, ["x"], name="taken")
    before = registry.event_totals()
    with pytest.raises(error):
        registry.add_automation(event, place, command, **more)  # type: ignore[arg-type]  # that is the point
    assert registry.event_totals() == before
    assert len(registry.automations()) == 1


def test_names_are_made_from_the_event_where_none_is_given(automated: Automated) -> None:
    names = [automated.registry.add_automation("rolled-back", None, ["x"]).name for _ in range(3)]
    assert names == ["rolled_back", "rolled_back-2", "rolled_back-3"]


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


def test_a_restored_registry_runs_nothing_until_it_is_told_to(automated: Automated, tmp_path: Path) -> None:
    registry = automated.registry
    automated.add("promoted", "m", 'echo "$LINEAL_REGISTRY" >> "$F/log"; while ! test -e "$F/go"; do sleep 0.01; done')
    registry.promote("m:1", "production")
    registry.promote("m:2", "production")
    until(lambda: bool(automated.log()))
    registry.backup(tmp_path / "backup.tar", objects=True)
    (automated.folder / "go").touch()
    automated.settle()
    restored = restore_registry(tmp_path / "backup.tar", tmp_path / "again")
    assert restored.disabled == ("promoted",)
    with open_registry(tmp_path / "again") as again:
        assert {each.state.value for each in again.deliveries()} == {"lost"}
        assert [each.kind for each in again.examine() if "delivery" in each.kind] == []
        again.promote("m:3", "production")
        again.settle_automations()
        assert len(automated.log()) == 2
        again.enable_automation("promoted")
        again.promote("m:4", "production")
        again.settle_automations()
    assert automated.log()[2:] == [str((tmp_path / "again").absolute())]


def test_a_registry_that_is_moved_while_a_command_runs_goes_on_where_it_is(
    automated: Automated, tmp_path: Path
) -> None:
    registry = automated.registry
    automated.add("promoted", "m", 'echo "$LINEAL_REF" >> "$F/log"; while ! test -e "$F/go"; do sleep 0.01; done')
    registry.promote("m:1", "production")
    registry.promote("m:2", "production")
    until(lambda: bool(automated.log()))
    registry.close()
    elsewhere = tmp_path / "elsewhere"
    shutil.move(registry.root, elsewhere)
    (automated.folder / "go").touch()
    until(lambda: not automated.workers())
    with open_registry(elsewhere) as moved:
        moved.settle_automations()
        first, second = moved.deliveries()[::-1]
        assert first.state in {DeliveryState.DONE, DeliveryState.LOST}
        assert second.state is DeliveryState.DONE
    assert automated.log() == ["m:1", "m:2"]


def test_a_version_that_comes_in_a_bundle_is_registered(automated: Automated) -> None:
    stream = io.BytesIO()
    automated.registry.export_bundle("m:2", stream)
    root = automated.folder / "other"
    create_registry(root).close()
    with open_registry(root) as other:
        command = automated.script("note", 'echo "$LINEAL_EVENT $LINEAL_REF" >> "$F/log"; cat >> "$F/told"')
        other.add_automation("registered", None, command)
        stream.seek(0)
        other.import_bundle(stream)
        other.settle_automations()
    assert automated.log() == ["registered m:2"]
    assert [each["action"] for each in automated.told()] == ["version_imported"]


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


def test_every_occasion_knows_its_actions() -> None:
    assert set(ACTIONS) == set(Occasion)
    assert all(ACTIONS.values())
