"""Versions that may not go, bytes that are not what they were, and directories and disks that refuse."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Damaged, LinealError, Refused, ReleaseFailed
from lineal.records.models import VersionStatus
from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Served
    from tests.core.pipelined import LOGS, promote, steps
else:
    from pipelined import LOGS, promote, steps


def _mark_bad(served: Served) -> None:
    served.registry.mark("m:3", VersionStatus.BAD)


def _damage(served: Served, label: str = "3") -> None:
    for path in served.registry.context.objects.root.glob("*/*"):
        if path.is_file() and path.read_bytes() == f"version {label}".encode():
            path.chmod(0o644)
            path.write_bytes(b"Version 3")


def test_a_version_marked_bad_is_refused_and_nothing_begins(served: Served) -> None:
    promote(served, 1)
    plan = served.registry.plan_promote("m:3", "production")
    _mark_bad(served)
    acts: tuple[Callable[[], object], ...] = (lambda: served.registry.execute(plan), lambda: promote(served, 3))
    for act in acts:
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.exit_code == 4
    assert served.live() == "1"
    assert len(served.registry.pipelines(served.place)) == 1


def test_a_version_without_files_cannot_be_laid_out(served: Served) -> None:
    promote(served, 1)
    bare = served.registry.register("m", label="bare")
    with pytest.raises(ReleaseFailed, match="no files") as caught:
        served.registry.promote(bare.ref, "production")
    assert caught.value.exit_code == 6
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote bare failed"


def test_damaged_bytes_stop_a_promotion(served: Served) -> None:
    promote(served, 1)
    _damage(served)
    with pytest.raises(Damaged) as caught:
        promote(served, 3)
    assert caught.value.exit_code == 7
    assert served.live() == "1"
    assert served.outcomes()[-1] == "promote 3 failed"


def test_damaged_bytes_stop_a_rollback_that_must_copy_and_name_the_next_candidate(served: Served) -> None:
    promote(served, 1, 3, 2)
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
    promote(served, 3, 2)
    _damage(served)
    served.registry.rollback(served.place)
    assert served.live() == "3"


def test_a_release_that_was_edited_is_laid_out_again(served: Served) -> None:
    promote(served, 1, 2)
    path = next(served.directory.glob("1-*")) / "model.bin"
    path.chmod(0o644)
    path.write_text("edited!!!")
    plan = served.registry.plan_rollback(served.place)
    assert plan.copies_bytes > 0
    assert "lay out" in plan.steps
    served.registry.execute(plan)
    assert served.live() == "1"
    assert steps(served)["lay out"] == "done"


@pytest.mark.parametrize("verify", [False, True])
def test_verify_hashes_what_lies_there(verify: bool, served: Served) -> None:
    promote(served, 1, 2)
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
    promote(served, 1, 2)
    change(served.directory)
    before = sorted(os.listdir(served.directory)) if served.directory.is_dir() else None  # noqa: PTH208
    for act in (lambda: promote(served, 3), lambda: served.registry.rollback(served.place)):
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
    promote(served, 1)
    with pytest.raises(ReleaseFailed, match="No space left on device; nothing was switched") as caught:
        served.registry.promote(big.ref, "production")
    assert caught.value.exit_code == 6
    assert served.live() == "1"
    assert not list(served.directory.glob(".partial*"))
    promote(served, 2)
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
    promote(served, 1, 2)
    subprocess.run(["mount", "-o", "remount,ro", served.directory], check=True)
    for act in (lambda: promote(served, 3), lambda: served.registry.rollback(served.place)):
        with pytest.raises(ReleaseFailed, match="Read-only file system; nothing was switched"):
            act()
    assert served.live() == "2"
    assert len(served.log()) == 2
    subprocess.run(["mount", "-o", "remount,rw", served.directory], check=True)
    served.registry.rollback(served.place)
    assert served.live() == "1"


def test_a_registry_that_fills_up_in_the_middle_leaves_the_old_release_live(
    served: Served, tmpfs: Callable[[str], Path]
) -> None:
    small = tmpfs("1500k")
    served.set(hook=served.script("hook", LOGS))
    root = shutil.copytree(served.registry.root, small / "registry")
    with open_registry(root) as registry:
        served.registry.close()
        served.registry = registry
        promote(served, 1)
        fills = f'test "$LINEAL_TO" = 1 || cat /dev/zero > {small}/filler; exit 0'
        served.script("hook", f"{LOGS}; {fills}")
        with pytest.raises(ReleaseFailed) as caught:
            promote(served, 2)
        assert caught.value.exit_code == 6
        assert "1-" in str(caught.value)
        assert served.live() == "1"
        assert served.log() == ["promote >1", "promote 1>2", "revert 2>1"]
        (small / "filler").unlink()
        served.script("hook", LOGS)
        promote(served, 3)
        assert served.live() == "3"
        assert served.outcomes() == ["promote 1 unchecked", "promote 2 reverted", "promote 3 unchecked"]
