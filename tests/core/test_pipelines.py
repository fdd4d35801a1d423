"""Moving a stage that is bound to a directory: what may go wrong, and what is live then."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Busy, Cancelled, Conflict, Damaged, LinealError, OutOfDate, Refused, ReleaseFailed
from lineal.records.base import Micros
from lineal.records.models import VersionStatus
from lineal.records.releases import STEPS, StepState
from lineal.registry import open_registry
from lineal.staging import pipelines
from lineal.staging.transitions import order_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from tests.core.conftest import Calendar, Script, Served

    from lineal.records.stages import Transition

LOGS = 'echo "$LINEAL_ACTION $LINEAL_FROM>$LINEAL_TO" >> "$F/log"'
BAD_3 = 'case "$LINEAL_TO" in 3) echo "3 is bad"; exit 9;; esac'
GATE = 'touch "$F/there"; read line < "$F/gate"'


def _promote(served: Served, *labels: int) -> None:
    for label in labels:
        served.registry.promote(f"m:{label}", "production")


def _steps(served: Served) -> dict[str, str]:
    return {step.name: step.state.value for step in served.registry.pipelines(served.place)[0].steps}


def _until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def _held_at_gate(served: Served, act: Callable[[], Transition | None]) -> Iterator[Future[Transition | None]]:
    """Do something whose hook or health waits at the gate; at the end of the block the gate opens for good."""
    if not (served.folder / "gate").exists():
        os.mkfifo(served.folder / "gate")
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(act)
        try:
            _until(lambda: (served.folder / "there").exists() or doing.done())
            yield doing
        finally:
            gate = os.open(served.folder / "gate", os.O_RDWR)
            while not doing.done():
                os.write(gate, b"\n")
                time.sleep(0.01)
            os.close(gate)


def test_a_hook_is_told_what_happens_after_the_switch(served: Served) -> None:
    _promote(served, 1)
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
    assert _steps(served) == dict.fromkeys(STEPS, "done") | {"health": "skipped"}
    assert (found.transition, found.failure) == (done.id, None)
    assert served.live() == "2"


def test_a_healthy_promotion_and_rollback_are_recorded_as_such(served: Served) -> None:
    served.set(health=served.script("health", LOGS))
    _promote(served, 1, 2)
    assert served.registry.rollback(served.place).outcome == "healthy"
    assert served.live() == "1"
    assert served.log() == ["promote >1", "promote 1>2", "rollback 2>1"]
    assert _steps(served)["lay out"] == "skipped"
    assert served.registry.promote("m:1", "production") is None
    assert len(served.log()) == 3


@pytest.mark.parametrize("check", ["hook", "health"])
def test_a_promotion_that_fails_is_taken_back(check: str, served: Served, calendar: Calendar) -> None:
    served.set(hook=served.script("hook", LOGS), health=served.script("health", LOGS), tries=2)
    _promote(served, 1)
    served.script(check, f"{LOGS}; {BAD_3}")
    with pytest.raises(ReleaseFailed) as caught:
        _promote(served, 3)
    assert caught.value.exit_code == 6
    assert "3 is bad [exit code 9]; it was taken back, 1-" in str(caught.value)
    assert served.live() == "1"
    assert served.outcomes() == ["promote 1 healthy", "promote 3 reverted"]
    tried = ["promote 1>3"] * (1 if check == "hook" else 3)
    assert served.log()[2:] == [*tried, "revert 3>1", "revert 3>1"]
    found = served.registry.pipelines(served.place)[0]
    assert "3 is bad" in next(step.output for step in found.steps if step.name == check)
    assert str(pipelines.failure_of(found)) == str(caught.value)
    assert _steps(served)[check] == "failed"
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
        _promote(served, 3)
    assert served.live() is None
    assert served.log() == ["promote >3", "revert 3>"]


def test_a_rollback_that_fails_stays_and_leads_further_back(served: Served) -> None:
    _promote(served, 1, 3, 2)
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
    _promote(served, 1, 3, 2)
    served.set(health=served.script("health", BAD_3), tries=1)
    with pytest.raises(ReleaseFailed):
        served.registry.rollback(served.place)
    assert served.registry.undo(served.place).outcome == "healthy"
    assert served.live() == "2"


def test_a_health_check_that_is_broken_can_be_skipped(served: Served) -> None:
    _promote(served, 1)
    served.set(health=served.script("health", f"{LOGS}; exit 1"))
    done = served.registry.execute(served.registry.plan_promote("m:2", "production"), skip_health=True)
    assert done is not None
    assert done.outcome == "unchecked"
    assert served.live() == "2"
    done = served.registry.execute(served.registry.plan_rollback(served.place), skip_health=True)
    assert served.live() == "1"
    assert not served.log()


def test_a_health_check_may_flap_within_its_tries(served: Served) -> None:
    _promote(served, 1)
    body = 'echo x >> "$F/tries"; test $(wc -l < "$F/tries") -ge 3'
    served.set(health=served.script("health", body), tries=3)
    _promote(served, 2)
    assert served.outcomes()[-1] == "promote 2 healthy"
    output = next(step.output for step in served.registry.pipelines(served.place)[0].steps if step.name == "health")
    assert output == "try 1 of 3: [exit code 1]\ntry 2 of 3: [exit code 1]\ntry 3 of 3: ok\n"
    (served.folder / "tries").unlink()
    served.set(tries=2)
    with pytest.raises(ReleaseFailed, match="try 2 of 2"):
        _promote(served, 3)


def test_the_output_of_many_tries_is_bounded(served: Served) -> None:
    _promote(served, 1)
    served.set(health=served.script("health", "seq 20000; exit 1"), tries=10, interval=0)
    with pytest.raises(ReleaseFailed) as caught:
        _promote(served, 2)
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
    _promote(served, 1)
    served.set(hook=served.script("hook", f'test "$LINEAL_ACTION" = revert && exit 0\n{body}'), timeout=0.3)
    change(served.folder / "hook")
    began = time.monotonic()
    with pytest.raises(ReleaseFailed, match=why) as caught:
        _promote(served, 2)
    assert time.monotonic() - began < 5
    assert caught.value.exit_code == 6
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 2 reverted"


def _mark_bad(served: Served) -> None:
    served.registry.mark("m:3", VersionStatus.BAD)


def _damage(served: Served, label: str = "3") -> None:
    for path in served.registry.context.objects.root.glob("*/*"):
        if path.is_file() and path.read_bytes() == f"version {label}".encode():
            path.chmod(0o644)
            path.write_bytes(b"Version 3")


def test_a_version_marked_bad_is_refused_and_nothing_begins(served: Served) -> None:
    _promote(served, 1)
    plan = served.registry.plan_promote("m:3", "production")
    _mark_bad(served)
    acts: tuple[Callable[[], object], ...] = (lambda: served.registry.execute(plan), lambda: _promote(served, 3))
    for act in acts:
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.exit_code == 4
    assert served.live() == "1"
    assert len(served.registry.pipelines(served.place)) == 1


def test_a_version_without_files_cannot_be_laid_out(served: Served) -> None:
    _promote(served, 1)
    bare = served.registry.register("m", label="bare")
    with pytest.raises(ReleaseFailed, match="no files") as caught:
        served.registry.promote(bare.ref, "production")
    assert caught.value.exit_code == 6
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote bare failed"


def test_damaged_bytes_stop_a_promotion(served: Served) -> None:
    _promote(served, 1)
    _damage(served)
    with pytest.raises(Damaged) as caught:
        _promote(served, 3)
    assert caught.value.exit_code == 7
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 3 failed"


def test_damaged_bytes_stop_a_rollback_that_must_copy_and_name_the_next_candidate(served: Served) -> None:
    _promote(served, 1, 3, 2)
    _damage(served)
    plan = served.registry.plan_rollback(served.place)
    release = next(path for path in served.directory.iterdir() if path.name.startswith("3-"))
    shutil.rmtree(release)
    with pytest.raises(Damaged) as caught:
        served.registry.execute(plan)
    assert caught.value.exit_code == 7
    assert caught.value.hint == "the next candidate is m:1: add --to m:1"
    assert served.live() == "2"
    served.registry.rollback(served.place, to="m:1")
    assert served.live() == "1"


def test_a_rollback_to_what_lies_there_reads_no_object(served: Served) -> None:
    _promote(served, 3, 2)
    _damage(served)
    served.registry.rollback(served.place)
    assert served.live() == "3"


def test_a_release_that_was_edited_is_laid_out_again(served: Served) -> None:
    _promote(served, 1, 2)
    path = next(served.directory.glob("1-*")) / "model.bin"
    path.chmod(0o644)
    path.write_text("edited!!!")
    plan = served.registry.plan_rollback(served.place)
    assert plan.copies_bytes > 0
    assert "lay out" in plan.steps
    served.registry.execute(plan)
    assert served.live() == "1"
    assert _steps(served)["lay out"] == "done"


@pytest.mark.parametrize("verify", [False, True])
def test_verify_hashes_what_lies_there(verify: bool, served: Served) -> None:
    _promote(served, 1, 2)
    path = next(served.directory.glob("1-*")) / "model.bin"
    path.chmod(0o644)
    path.write_text("Version 1")
    status = path.stat()
    with served.registry.context.journal("test") as connection:  # as if the bytes had rotted without a trace
        connection.execute(
            "UPDATE releases SET files = json_set(files, '$[0][3]', ?, '$[0][4]', ?) WHERE name LIKE '1-%'",
            (status.st_ino, status.st_ctime_ns),
        )
    served.registry.execute(served.registry.plan_rollback(served.place), verify=verify)
    assert path.read_text() == ("version 1" if verify else "Version 1")


def _remove(directory: Path) -> None:
    shutil.rmtree(directory)


def _link(directory: Path) -> None:
    directory.rename(directory.with_name("away"))
    directory.symlink_to("away")


def _to_another(directory: Path) -> None:
    (directory / ".lineal-stage.json").write_text('{"registry": "x", "stage": "y@z"}')


def _unmarked(directory: Path) -> None:
    (directory / ".lineal-stage.json").unlink()


def _real_current(directory: Path) -> None:
    (directory / "current").unlink()
    (directory / "current").mkdir()


def _file(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.touch()


@pytest.mark.parametrize(
    ("change", "error", "why", "code"),
    [
        (_remove, ReleaseFailed, "the directory is gone; nothing was switched", 6),
        (_unmarked, ReleaseFailed, "has no .lineal-stage.json", 6),
        (_link, Refused, "symbolic link now", 4),
        (_file, Refused, "is a file now", 4),
        (_to_another, Refused, "belongs to y@z of another registry", 4),
        (_real_current, Refused, "current is no symbolic link", 4),
    ],
)
def test_a_directory_that_changed_under_a_stage_is_not_touched(
    change: Callable[[Path], None], error: type[LinealError], why: str, code: int, served: Served
) -> None:
    _promote(served, 1, 2)
    change(served.directory)
    before = sorted(os.listdir(served.directory)) if served.directory.is_dir() else None  # noqa: PTH208
    for act in (lambda: _promote(served, 3), lambda: served.registry.rollback(served.place)):
        with pytest.raises(error, match=why) as caught:
            act()
        assert caught.value.exit_code == code
    assert dict(served.registry.model("m").stages)["production"] == "2"
    assert [each.rpartition(" ")[2] for each in served.outcomes()[2:]] == ["failed", "failed"]
    after = sorted(os.listdir(served.directory)) if served.directory.is_dir() else None  # noqa: PTH208
    assert after == before


def test_a_full_disk_leaves_the_old_release_live(served: Served, tmp_path: Path, tmpfs: Callable[[str], Path]) -> None:
    (tmp_path / "big.bin").write_bytes(os.urandom(300_000))
    big = served.registry.register("m", tmp_path / "big.bin", label="big")
    served.directory = tmpfs("128k")
    served.set(release=str(served.directory))
    _promote(served, 1)
    with pytest.raises(ReleaseFailed, match="No space left on device; nothing was switched") as caught:
        served.registry.promote(big.ref, "production")
    assert caught.value.exit_code == 6
    assert served.live() == "1"
    assert not list(served.directory.glob(".partial*"))
    _promote(served, 2)
    (served.directory / "filler").write_bytes(b"")
    with pytest.raises(OSError, match="No space"), (served.directory / "filler").open("wb") as file:
        file.write(bytes(200_000))
    served.registry.rollback(served.place)  # needs no room for bytes
    assert served.live() == "1"


def test_a_directory_that_cannot_be_written_leaves_the_old_release_live(
    served: Served, tmpfs: Callable[[str], Path]
) -> None:
    served.directory = tmpfs("1m")
    served.set(release=str(served.directory), hook=served.script("hook", LOGS))
    _promote(served, 1, 2)
    subprocess.run(["mount", "-o", "remount,ro", served.directory], check=True)
    for act in (lambda: _promote(served, 3), lambda: served.registry.rollback(served.place)):
        with pytest.raises(ReleaseFailed, match="Read-only file system; nothing was switched"):
            act()
    assert served.live() == "2"
    assert len(served.log()) == 2
    subprocess.run(["mount", "-o", "remount,rw", served.directory], check=True)
    served.registry.rollback(served.place)
    assert served.live() == "1"


def test_a_switch_back_that_fails_is_loud_and_the_history_says_what_is_live(
    served: Served, tmpfs: Callable[[str], Path]
) -> None:
    served.directory = tmpfs("1m")
    served.set(release=str(served.directory))
    _promote(served, 1)
    body = 'test "$LINEAL_TO" != 2 || { mount -o remount,ro "$PWD"; exit 1; }'
    served.set(hook=served.script("hook", body))
    with pytest.raises(ReleaseFailed, match="TAKING IT BACK FAILED: the switch back failed") as caught:
        _promote(served, 2)
    assert "it is live still" in str(caught.value)
    assert served.live() == "2"
    assert served.outcomes()[-1] == "promote 2 unhealthy"
    subprocess.run(["mount", "-o", "remount,rw", served.directory], check=True)
    served.registry.rollback(served.place)
    assert served.live() == "1"


def test_a_take_back_whose_hook_fails_too_is_loud(served: Served) -> None:
    _promote(served, 1)
    served.set(hook=served.script("hook", "echo no luck; exit 1"))
    with pytest.raises(ReleaseFailed, match="THAT FAILED TOO: the hook failed: no luck"):
        _promote(served, 2)
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 2 reverted"


def test_a_hook_that_removes_what_was_live_does_not_keep_it_from_coming_back(served: Served) -> None:
    _promote(served, 1)
    served.set(hook=served.script("hook", f'{LOGS}; test "$LINEAL_TO" = 1 || {{ rm -rf 1-*; exit 1; }}'))
    with pytest.raises(ReleaseFailed, match="it was taken back"):
        _promote(served, 2)
    assert served.live() == "1"
    assert served.registry.plan_promote("m:1", "production").copies_bytes == 0  # it is known as it lies there now


def test_a_registry_that_fills_up_in_the_middle_leaves_the_old_release_live(
    served: Served, tmpfs: Callable[[str], Path]
) -> None:
    small = tmpfs("1500k")
    served.set(hook=served.script("hook", LOGS))
    root = shutil.copytree(served.registry.root, small / "registry")
    with open_registry(root) as registry:
        served.registry.close()
        served.registry = registry
        _promote(served, 1)
        fills = f'test "$LINEAL_TO" = 1 || cat /dev/zero > {small}/filler; exit 0'
        served.script("hook", f"{LOGS}; {fills}")
        with pytest.raises(ReleaseFailed) as caught:
            _promote(served, 2)
        assert caught.value.exit_code == 6
        assert "1-" in str(caught.value)
        assert served.live() == "1"
        assert served.log() == ["promote >1", "promote 1>2", "revert 2>1"]
        (small / "filler").unlink()
        served.script("hook", LOGS)
        _promote(served, 3)
        assert served.live() == "3"
        assert served.outcomes() == ["promote 1 unchecked", "promote 2 reverted", "promote 3 unchecked"]


def test_a_plan_that_is_out_of_date_begins_nothing(served: Served) -> None:
    _promote(served, 1, 2)
    plan = served.registry.plan_rollback(served.place)
    _promote(served, 3)
    with pytest.raises(OutOfDate) as caught:
        served.registry.execute(plan)
    assert caught.value.exit_code == 5
    assert served.live() == "3"
    assert len(served.outcomes()) == 3


@pytest.mark.parametrize("step", ["hook", "health"])
def test_whoever_comes_second_learns_who_is_at_which_step(step: str, served: Served) -> None:
    _promote(served, 1, 2)
    served.set(**{step: served.script("slow", GATE)})
    with _held_at_gate(served, lambda: served.registry.promote("m:3", "production")) as doing:
        state = served.registry.stage_state(served.place)
        assert state.is_running
        assert state.pipeline is not None
        assert state.pipeline.running_step == step
        assert [each.id for each in served.registry.running_pipelines()] == [state.pipeline.id]
        assert (served.directory / "current").readlink().name[0] == "3"
        assert state.live == "2"  # until it is over
        with open_registry(served.registry.root) as other, pytest.raises(Busy) as caught:
            other.promote("m:4", "production")
        assert caught.value.exit_code == 5
        assert served.registry.actor.user in str(caught.value)
        assert str(caught.value).endswith(f": {step}")
        with pytest.raises(Busy):
            served.registry.rollback(served.place)
        other_stage = served.registry.promote("m:3", "staging")  # is in nobody's way
        assert other_stage is not None
    assert doing.result() is not None
    assert served.live() == "3"
    assert not served.registry.stage_state(served.place).is_running


@pytest.mark.parametrize("action", ["promote", "rollback"])
@pytest.mark.parametrize("step", ["hook", "health"])
def test_cancelling_after_the_switch_takes_it_back(step: str, action: str, served: Served) -> None:
    _promote(served, 1, 2)
    served.set(**{step: served.script("slow", f'{LOGS}; test "$LINEAL_ACTION" = revert || {{ {GATE}; }}')}, timeout=60)

    def act() -> Transition | None:
        if action == "promote":
            return served.registry.promote("m:3", "production")
        return served.registry.rollback(served.place)

    with _held_at_gate(served, act) as doing:
        assert served.registry.cancel_pipeline(served.place).cancelled_by == served.registry.actor.user
        with pytest.raises(Cancelled, match="taken back: 2-") as caught:
            doing.result(5)
        assert caught.value.exit_code == 130
    assert served.live() == "2"
    assert served.outcomes()[-1].endswith("reverted")
    assert served.log()[-1].startswith("revert")


def test_a_cancel_in_the_last_moment_counts(served: Served) -> None:
    _promote(served, 1)
    served.set(health=served.script("slow", f'test "$LINEAL_ACTION" = revert || {{ {GATE}; }}'))
    with _held_at_gate(served, lambda: served.registry.promote("m:2", "production")) as doing:
        time.sleep(0.3)
        served.registry.cancel_pipeline(served.place)  # and the check succeeds before anybody looks again
    with pytest.raises(Cancelled):
        doing.result()
    assert served.live() == "1"


def test_cancelling_before_the_switch_moves_nothing(served: Served) -> None:
    _promote(served, 1)
    served.set(hook=served.script("hook", LOGS))
    order = order_of(served.registry.plan_promote("m:2", "production"))
    with pytest.raises(Cancelled) as caught:
        pipelines.perform(
            served.registry.context, order, started=lambda _: (served.registry.cancel_pipeline(served.place), None)[1]
        )
    assert caught.value.exit_code == 130
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 2 cancelled"
    assert not served.log()
    with pytest.raises(Conflict, match="no pipeline is running"):
        served.registry.cancel_pipeline(served.place)


def test_what_rollbacks_could_reach_stays_on_disk(served: Served) -> None:
    served.set(keep=2)

    def lying() -> str:
        return "".join(sorted(path.name[0] for path in served.directory.glob("[0-9]*")))

    _promote(served, 1, 2, 3, 4)
    assert lying() == "234"
    for label in "32":  # what a rollback leaves may be put back, and removing it would take its time
        assert served.registry.plan_rollback(served.place).copies_bytes == 0
        served.registry.rollback(served.place)
        assert (served.live(), lying()) == (label, "234")
    assert served.registry.plan_undo(served.place).copies_bytes == 0
    assert served.registry.plan_rollback(served.place).copies_bytes > 0
    served.registry.rollback(served.place)
    assert (served.live(), lying()) == ("1", "1234")
    _promote(served, 5)
    assert lying() == "15"
    _promote(served, 6)
    served.registry.mark("m:5", VersionStatus.BAD)
    _promote(served, 2)
    assert lying() == "126"  # not what is bad: no rollback leads there


def test_what_was_live_just_before_stays_for_whoever_still_reads_it(served: Served) -> None:
    served.set(keep=1)
    _promote(served, 1, 2)
    folder = served.registry.current("m", "production")
    served.registry.mark("m:2", VersionStatus.BAD)
    _promote(served, 3)
    assert (folder / "model.bin").read_text() == "version 2"
    _promote(served, 4)
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
    _promote(served, 1, 2)
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
    _promote(served, 1)
    process = script(DIES, served.registry.root, "after the switch", "promote")
    assert process.wait(30) == -9
    with served.registry.context.journal("test") as connection:
        connection.execute("UPDATE pipelines SET actor = 'maria', uid = 4711, claim = 'as:m' WHERE ended_at IS NULL")
    _promote(served, 4)
    done = served.registry.history("m", "production")[1]
    assert (done.actor, done.claim, done.outcome) == ("maria", "as:m", "reverted")


def test_a_directory_that_went_with_its_pipeline_does_not_block_the_stage(served: Served, script: Script) -> None:
    _promote(served, 1)
    process = script(DIES, served.registry.root, "after the switch", "promote")
    assert process.wait(30) == -9
    shutil.rmtree(served.directory)
    with pytest.raises(ReleaseFailed, match="the directory is gone"):
        _promote(served, 4)
    served.set(release=str(served.directory))
    assert served.live() in {"1", "3"}
    _promote(served, 4)
    assert served.live() == "4"


def test_a_clock_that_jumps_changes_no_order(served: Served, calendar: Calendar) -> None:
    served.set(hook=served.script("hook", BAD_3))
    _promote(served, 1)
    for jump, label in ((-3_600, 2), (+7_200, 4), (-86_400, 5)):
        calendar.at += jump * 1_000_000
        _promote(served, label)
        calendar.at -= 30 * 60 * 1_000_000
        with pytest.raises(ReleaseFailed):
            _promote(served, 3)
    assert [each.seq for each in served.registry.history("m", "production")] == [7, 6, 5, 4, 3, 2, 1]
    assert served.live() == "5"
    served.registry.rollback(served.place)
    assert served.live() == "4"
