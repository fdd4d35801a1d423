"""What stays on disk when a pipeline is over, and what is done about one whose process died."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from lineal.errors import OutOfDate, ReleaseFailed
from lineal.records.models import VersionStatus
from lineal.records.releases import StepState
from lineal.staging import pipelines
from lineal.staging.transitions import order_of

if TYPE_CHECKING:
    from tests.core.conftest import Calendar, Script, Served
    from tests.core.pipelined import BAD_3, LOGS, promote
else:
    from pipelined import BAD_3, LOGS, promote


def test_what_rollbacks_could_reach_stays_on_disk(served: Served) -> None:
    served.set(keep=2)

    def lying() -> str:
        return "".join(sorted(path.name[0] for path in served.directory.glob("[0-9]*")))

    promote(served, 1, 2, 3, 4)
    assert lying() == "234"
    for label in "32":  # what a rollback leaves may be put back, and removing it would take its time
        assert served.registry.plan_rollback(served.place).copies_bytes == 0
        served.registry.rollback(served.place)
        assert (served.live(), lying()) == (label, "234")
    assert served.registry.plan_undo(served.place).copies_bytes == 0
    assert served.registry.plan_rollback(served.place).copies_bytes > 0
    served.registry.rollback(served.place)
    assert (served.live(), lying()) == ("1", "1234")
    promote(served, 5)
    assert lying() == "15"
    promote(served, 6)
    served.registry.mark("m:5", VersionStatus.BAD)
    promote(served, 2)
    assert lying() == "126"  # not what is bad: no rollback leads there


def test_what_was_live_just_before_stays_for_whoever_still_reads_it(served: Served) -> None:
    served.set(keep=1)
    promote(served, 1, 2)
    folder = served.registry.current("m", "production")
    served.registry.mark("m:2", VersionStatus.BAD)
    promote(served, 3)
    assert (folder / "model.bin").read_text() == "version 2"
    promote(served, 4)
    assert not folder.exists()


DIES = """
import os, signal, sys
from lineal.staging import layout, moving, pipelines
from lineal.registry import open_registry

root, where, action = sys.argv[1:]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
switch, record, replace = layout.switch, moving.Work._record, layout._replace

def before_switch(*a): die()
def after_switch(*a): switch(*a); die()
def in_switch(directory, name): os.symlink(name, directory / ".current-dead"); die()
def in_layout(*a): die()
def after_record(*a, **k): record(*a, **k); die()

if where == "lay out": layout._replace = in_layout
elif where == "before the switch": layout.switch = before_switch
elif where == "in the switch": layout.switch = in_switch
elif where == "after the switch": layout.switch = after_switch
elif where == "before the record": moving.Work._record = die
elif where == "after the record": moving.Work._record = after_record
registry = open_registry(root)
if action == "promote": registry.promote("m:3", "production", reason="hers")
elif action == "clear": registry.clear("m@production", reason="hers")
else: registry.rollback("m@production", reason="hers")
"""


@pytest.mark.parametrize(
    ("where", "action", "then"),
    [
        ("lay out", "promote", "promote 3 failed"),
        ("before the switch", "promote", "promote 3 failed"),
        ("in the switch", "promote", "promote 3 failed"),
        ("after the switch", "promote", "promote 3 reverted"),
        ("before the record", "promote", "promote 3 reverted"),
        ("after the record", "promote", "promote 3 unchecked"),
        ("before the switch", "rollback", "rollback 1 failed"),
        ("after the switch", "rollback", "rollback 1 unchecked"),
        ("before the record", "rollback", "rollback 1 unchecked"),
        ("after the switch", "clear", "clear - unchecked"),
    ],
)
def test_what_a_killed_pipeline_left_is_brought_in_order_by_the_next(
    where: str, action: str, then: str, served: Served, script: Script
) -> None:
    promote(served, 1, 2)
    served.set(hook=served.script("hook", LOGS))
    process = script(DIES, served.registry.root, where, action)
    assert process.wait(30) == -9, process.communicate()
    dangling = (served.directory / "current").is_symlink() and not (served.directory / "current").exists()
    assert not dangling
    told: list[str] = []
    order = order_of(served.registry.plan_promote("m:4", "production"))
    try:
        pipelines.perform(served.registry.context, order, notice=told.append)
    except OutOfDate:  # what was finished has changed what is live: the person looks again
        assert then.rpartition(" ")[2] == "unchecked"
        served.registry.promote("m:4", "production")
    assert served.live() == "4"
    assert served.outcomes()[2:] == [then, "promote 4 unchecked"]
    recovered = served.registry.history("m", "production")[1]
    assert recovered.reason == "hers"
    assert bool(told) is (where != "after the record")
    reverted = [line for line in served.log() if line.startswith("revert")]
    assert reverted == (["revert 3>2"] if then.endswith("reverted") else [])
    assert not [path for path in served.directory.iterdir() if path.name.startswith((".partial", ".trash", ".current"))]
    assert all(step.state is not StepState.RUNNING for step in served.registry.pipelines(served.place)[1].steps)


def test_what_is_recorded_for_the_dead_is_theirs(served: Served, script: Script) -> None:
    promote(served, 1)
    process = script(DIES, served.registry.root, "after the switch", "promote")
    assert process.wait(30) == -9
    with served.registry.context.journal("test") as connection:
        connection.execute("UPDATE pipelines SET actor = 'maria', uid = 4711, claim = 'as:m' WHERE ended_at IS NULL")
    promote(served, 4)
    done = served.registry.history("m", "production")[1]
    assert (done.actor, done.claim, done.outcome) == ("maria", "as:m", "reverted")


def test_a_directory_that_went_with_its_pipeline_does_not_block_the_stage(served: Served, script: Script) -> None:
    promote(served, 1)
    process = script(DIES, served.registry.root, "after the switch", "promote")
    assert process.wait(30) == -9
    shutil.rmtree(served.directory)
    with pytest.raises(ReleaseFailed, match="the directory is gone"):
        promote(served, 4)
    served.set(release=str(served.directory))
    assert served.live() in {"1", "3"}
    promote(served, 4)
    assert served.live() == "4"


def test_a_clock_that_jumps_changes_no_order(served: Served, calendar: Calendar) -> None:
    served.set(hook=served.script("hook", BAD_3))
    promote(served, 1)
    for jump, label in ((-3_600, 2), (+7_200, 4), (-86_400, 5)):
        calendar.at += jump * 1_000_000
        promote(served, label)
        calendar.at -= 30 * 60 * 1_000_000
        with pytest.raises(ReleaseFailed):
            promote(served, 3)
    assert [each.seq for each in served.registry.history("m", "production")] == [7, 6, 5, 4, 3, 2, 1]
    assert served.live() == "5"
    served.registry.rollback(served.place)
    assert served.live() == "4"
