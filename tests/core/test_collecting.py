"""What a collection takes and what it must never take: above all nothing that a running writer is about to refer to."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Locked, ReadOnlyRegistry
from lineal.machine import locks
from lineal.machine.locks import Marks
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Script, Weights

    from lineal.registry import Registry


def _objects(root: Path) -> set[Path]:
    return {path for path in (root / "objects").rglob("*") if path.is_file() and path.name != ".uses"}


def test_what_a_version_refers_to_stays(registry: Registry, weights: Weights) -> None:
    registry.register("m", weights())
    before = _objects(registry.root)
    assert registry.gc().removed == ()
    assert _objects(registry.root) == before


def test_what_no_version_refers_to_goes_with_its_size_and_why(registry: Registry, weights: Weights) -> None:
    registry.register("m", weights())
    before = _objects(registry.root)
    path = weights(2.0)
    stored = registry._context.objects.put(path)
    collected = registry.gc()
    (gone,) = collected.removed
    assert (gone.name, gone.bytes, gone.why) == (stored.digest, path.stat().st_size, "no version refers to it")
    assert collected.bytes == gone.bytes
    assert _objects(registry.root) == before
    assert registry.events(limit=1)[0].data == {"files": 1, "bytes": gone.bytes}


def test_a_dry_run_tells_the_same_and_changes_nothing(registry: Registry, weights: Weights) -> None:
    registry._context.objects.put(weights())
    before, events = _objects(registry.root), len(registry.events())
    would = registry.gc(dry_run=True)
    assert would.is_dry
    assert (_objects(registry.root), len(registry.events())) == (before, events)
    assert registry.gc().removed == would.removed
    assert registry.gc(dry_run=True).removed == ()


def test_what_lineal_did_not_put_there_is_told_and_stays(registry: Registry, weights: Weights) -> None:
    registry.register("m", weights())
    root = registry.root / "objects"
    (root / "ab").mkdir()
    strange = [root / "notes.txt", root / "ab" / "short", root / "zz", root / "ab" / ("0" * 62), root / "tmp" / "x"]
    strange[0].write_text("mine")
    strange[1].write_text("mine")
    strange[2].mkdir()
    strange[3].symlink_to(root / "notes.txt")
    strange[4].write_text("mine")
    collected = registry.gc()
    assert collected.removed == ()
    assert {found.path for found in collected.unknown} == {str(path) for path in strange}
    assert all(os.path.lexists(path) for path in strange)


def test_a_registry_that_may_only_be_read_tells_but_removes_nothing(root: Path, weights: Weights) -> None:
    with open_registry(root) as registry:
        registry._context.objects.put(weights())
    with open_registry(root, read_only=True) as reader:
        assert len(reader.gc(dry_run=True).removed) == 1
        with pytest.raises(ReadOnlyRegistry):
            reader.gc()


def test_an_object_that_is_stored_and_not_yet_recorded_stays(registry: Registry, weights: Weights) -> None:
    store = registry._context.objects
    with store.storing() as storing:
        stored = storing.put(weights(3.0))
        assert [found.name for found in registry.gc().in_use] == [stored.digest]
        assert store.path(stored.digest).exists()
    assert [found.name for found in registry.gc().removed] == [stored.digest]


def test_an_old_object_that_is_taken_up_again_stays(registry: Registry, weights: Weights) -> None:
    store = registry._context.objects
    stored = store.put(weights(3.0))
    os.utime(store.path(stored.digest), (0, 0))
    with store.storing() as storing:
        storing.put(weights(3.0))
        assert registry.gc().removed == ()
        assert store.path(stored.digest).exists()


WRITER = """
import os, sys, time
from pathlib import Path
from lineal.versioning import versions
from lineal.registry import open_registry
insert = versions._insert
def slowly(*args):
    print("stored", flush=True)
    sys.stdin.readline()
    return insert(*args)
versions._insert = slowly
with open_registry(sys.argv[1]) as registry:
    print(registry.register("m", sys.argv[2]).ref, flush=True)
"""


def test_a_writer_in_another_process_keeps_its_object_until_its_commit(
    registry: Registry, weights: Weights, script: Script
) -> None:
    writer = script(WRITER, registry.root, weights(4.0))
    assert writer.stdout is not None
    assert writer.stdin is not None
    assert writer.stdout.readline() == "stored\n"
    assert len(registry.gc().in_use) == 1
    writer.stdin.write("\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "m:1.0.0\n"
    assert registry.verify().findings == ()


def test_what_a_killed_writer_left_goes(registry: Registry, weights: Weights, script: Script) -> None:
    writer = script(WRITER, registry.root, weights(4.0))
    assert writer.stdout is not None
    assert writer.stdout.readline() == "stored\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    half = registry.root / "objects" / "tmp" / f"{writer.pid}-00112233445566ff"
    half.write_bytes(b"half")
    why = {found.why for found in registry.gc().removed}
    assert why == {"no version refers to it", f"process {writer.pid} did not finish it"}
    assert registry.verify().findings == ()


def test_a_child_that_outlives_a_writer_keeps_nothing_from_collection(
    registry: Registry, weights: Weights, script: Script
) -> None:
    writer = script(
        """
import os, sys, time
from lineal.registry import open_registry
registry = open_registry(sys.argv[1])
with registry._context.objects.storing() as store:
    store.put(__import__("pathlib").Path(sys.argv[2]))
    if os.fork() == 0:
        print("forked", flush=True)
        os.kill(os.getppid(), 9)
        os.close(1), os.close(2)
        time.sleep(20)
        os._exit(0)
    time.sleep(20)
""",
        registry.root,
        weights(4.0),
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "forked\n"
    writer.wait()
    assert len(registry.gc().removed) == 1


RACER = """
import os, sys, time
from pathlib import Path
from lineal.registry import open_registry
root, role, seconds, guarded = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4] == "True"
if not guarded:
    from lineal.machine.locks import Marks
    hold = Marks.hold
    Marks.hold = lambda self, name: None if name.startswith("sha256:") else hold(self, name)
end = time.monotonic() + seconds
done = 0
with open_registry(root) as registry:
    file = Path(root).parent / f"racer-{os.getpid()}"
    while time.monotonic() < end or not done:  # on a busy machine one may have had no turn yet
        if role == "gc":
            done += len(registry.gc().removed)
            continue
        # The same bytes at the same time for all, so that writers and collections meet over one name again and again.
        file.write_bytes(b"%d" % int(time.monotonic() * 40))
        if role == "drop":
            registry._context.objects.put(file)
        else:
            registry.register("m" + role + str(done % 40), file)
        done += 1
print(done)
"""


@pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "if writers held no objects"])
def test_writers_and_collections_at_once_lose_nothing(guarded: bool, registry: Registry, script: Script) -> None:
    # Without what it guards, the same race loses bytes sooner or later: so it can fail.
    for _ in range(1 if guarded else 20):
        racers = [script(RACER, registry.root, role, 1.0, guarded) for role in ("a", "b", "drop", "gc", "gc")]
        told = [racer.communicate(timeout=60) for racer in racers]
        if registry.verify().damage:
            break
    if guarded:
        assert [complaints for _, complaints in told] == [""] * len(told)
        assert all(int(done) for done, _ in told), told
    assert (registry.verify().damage == ()) is guarded


@pytest.mark.parametrize("has_ranges", [True, False])
def test_names_are_shared_by_users_and_refused_to_who_would_remove(
    has_ranges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_HAS_RANGES", has_ranges)
    first, second, third = (Marks(tmp_path / "uses") for _ in range(3))
    first.hold("a")
    second.hold("a")
    first.close()
    with third.alone("a") as alone:
        assert not alone
    second.close()
    with third.alone("a") as alone:
        assert alone
        began = time.monotonic()
        with pytest.raises(Locked):
            first.hold("a", seconds=0.05)
        assert time.monotonic() - began < 1
    first.close()


def test_other_names_are_not_in_the_way(tmp_path: Path) -> None:
    first, second = Marks(tmp_path / "uses"), Marks(tmp_path / "uses")
    first.hold("a")
    first.hold("b")
    first.drop("a")
    for name, free in (("a", True), ("b", False), ("c", True)):
        with second.alone(name) as alone:
            assert alone is free
    first.close()
