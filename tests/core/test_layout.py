"""Releases in a directory: whole or not there at all, readable by a server, switched in one step."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Damaged, MachineError, Refused
from lineal.queries import artifacts
from lineal.staging import layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Served

    from lineal.records.models import Artifact, Version
    from lineal.records.releases import LaidFile

NAMES = {"registry": "a", "place": "m@production"}


def _artifact(served: Served, version: Version) -> Artifact:
    with served.registry.context.read() as connection:
        return artifacts.files_of(connection, [version.id])[version.id]


def _lay_out(served: Served, label: str = "2", directory: Path | None = None) -> tuple[Path, tuple[LaidFile, ...]]:
    version = served.registry.version(f"m:{label}")
    directory = directory or served.directory
    files = layout.lay_out(directory, version, _artifact(served, version), served.registry.context.objects)
    return directory / layout.release_name(version), files


def test_a_release_has_the_files_as_they_were_registered_and_a_manifest(served: Served) -> None:
    release, _ = _lay_out(served)
    version = served.registry.version("m:2")
    assert release.name == f"2-{str(version.digest)[7:19]}"
    assert sorted(str(path.relative_to(release)) for path in release.rglob("*")) == [
        "lineal.json",
        "model.bin",
        "sub",
        "sub/config.json",
    ]
    assert (release / "model.bin").read_text() == "version 2"
    manifest = json.loads((release / "lineal.json").read_text())
    assert (manifest["ref"], manifest["uid"], manifest["digest"]) == ("m:2", version.uid, version.digest)
    assert [file["path"] for file in manifest["files"]] == ["model.bin", "sub/config.json"]


def test_a_server_of_another_user_can_read_a_release_whatever_the_umask(served: Served) -> None:
    before = os.umask(0o077)
    try:
        release, files = _lay_out(served)
    finally:
        os.umask(before)
    modes = {str(path.relative_to(release)): path.stat().st_mode & 0o777 for path in release.rglob("*")}
    assert modes == {"lineal.json": 0o444, "model.bin": 0o444, "sub": 0o755, "sub/config.json": 0o444}
    assert release.stat().st_mode & 0o777 == 0o755
    assert layout.what_differs(release, files) is None


def test_a_release_shares_no_file_with_the_objects(served: Served) -> None:
    release, _ = _lay_out(served)
    for path in release.rglob("*.bin"):
        assert path.stat().st_nlink == 1
        path.chmod(0o644)
        path.write_text("edited")
    assert _artifact(served, served.registry.version("m:2"))
    entry = _artifact(served, served.registry.version("m:2")).files[0]
    served.registry.context.objects.check(entry.digest, entry.size, content=True)


def _edit(path: Path) -> None:
    path.chmod(0o644)
    path.write_text("Version 2")


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, 0))


def _replace_by_a_copy(path: Path) -> None:
    shutil.copy2(path, path.with_name("x"))
    path.with_name("x").replace(path)


def _replace_by_a_link(path: Path) -> None:
    path.rename(path.with_name("x"))
    path.symlink_to("x")


@pytest.mark.parametrize("change", [_edit, _touch, _replace_by_a_copy, _replace_by_a_link, Path.unlink])
def test_whatever_was_done_to_a_file_is_seen_without_reading_it(served: Served, change: object) -> None:
    release, files = _lay_out(served)
    assert layout.what_differs(release, files) is None
    change(release / "model.bin")  # type: ignore[operator]
    assert str(layout.what_differs(release, files)).startswith("model.bin")


def test_a_release_that_lies_there_is_replaced_in_one_step(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    release, _ = _lay_out(served)
    layout.switch(served.directory, release.name)
    rename, seen = Path.rename, []

    def watched(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        seen.append((served.directory / "current" / "model.bin").exists())
        return moved

    monkeypatch.setattr(Path, "rename", watched)  # a reader that looks after every step
    _lay_out(served)
    assert all(seen)
    assert sorted(path.name for path in served.directory.iterdir()) == [".lineal-stage.json", release.name, "current"]


@pytest.mark.parametrize("there", ["file", "link"])
def test_what_lies_in_the_place_of_a_release_makes_way(served: Served, there: str) -> None:
    path = served.directory / layout.release_name(served.registry.version("m:2"))
    if there == "file":
        path.write_text("x")
    else:
        path.symlink_to(served.folder)
    release, _ = _lay_out(served)
    assert (release / "model.bin").read_text() == "version 2"
    assert sorted(path.name for path in served.directory.iterdir()) == [".lineal-stage.json", release.name]


def test_a_full_disk_leaves_nothing_of_a_release(served: Served, tmp_path: Path, tmpfs: Callable[[str], Path]) -> None:
    (tmp_path / "big.bin").write_bytes(os.urandom(200_000))
    version = served.registry.register("m", tmp_path / "big.bin", label="7")
    directory = tmpfs("64k")
    with pytest.raises(MachineError, match="No space left") as caught:
        _lay_out(served, version.label, directory)
    assert caught.value.exit_code == 8
    assert not list(directory.iterdir())
    _lay_out(served, "1", directory)  # what fits, fits


def test_another_file_system_gets_a_copy(served: Served, tmpfs: Callable[[str], Path]) -> None:
    release, files = _lay_out(served, "1", tmpfs("1m"))
    assert (release / "model.bin").read_text() == "version 1"
    assert layout.what_differs(release, files) is None


def test_an_object_that_was_cut_makes_no_release(served: Served) -> None:
    entry = _artifact(served, served.registry.version("m:2")).files[0]
    path = served.registry.context.objects.path(entry.digest)
    path.chmod(0o644)
    os.truncate(path, 3)
    with pytest.raises(Damaged, match=r"has not 9 bytes"):
        _lay_out(served)
    assert [path.name for path in served.directory.iterdir()] == [".lineal-stage.json"]


def test_progress_that_raises_leaves_nothing(served: Served) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    version = served.registry.version("m:2")
    with pytest.raises(KeyboardInterrupt):
        layout.lay_out(
            served.directory, version, _artifact(served, version), served.registry.context.objects, progress=stop
        )
    assert [path.name for path in served.directory.iterdir()] == [".lineal-stage.json"]


def test_a_switch_is_never_seen_half_done(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    layout.switch(tmp_path, "a")
    found: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found.add((tmp_path / "current" / "file").read_text())

    reader = threading.Thread(target=read)
    reader.start()
    end, turn = time.monotonic() + 60, 0
    while reader.is_alive() and time.monotonic() < end and (turn < 300 or len(found) < 2):
        turn += 1
        layout.switch(tmp_path, "ab"[turn % 2])
    done.set()
    reader.join()
    assert turn >= 300
    assert found == {"a", "b"}
    layout.switch(tmp_path, None)
    layout.switch(tmp_path, None)
    assert layout.points_at(tmp_path) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_switch_that_cannot_be_made_leaves_no_debris(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(MachineError):
        layout.switch(tmp_path, "a")
    assert [path.name for path in tmp_path.iterdir()] == ["current"]
    with pytest.raises(Refused, match="no symbolic link"):
        layout.points_at(tmp_path)
    with pytest.raises(MachineError):
        layout.switch(tmp_path / "gone", "a")
    assert layout.points_at(tmp_path / "gone") is None


def test_a_retired_release_is_gone_and_what_is_missing_is_no_error(served: Served) -> None:
    release, _ = _lay_out(served)
    layout.retire(served.directory, release.name)
    layout.retire(served.directory, release.name)
    assert [path.name for path in served.directory.iterdir()] == [".lineal-stage.json"]


def test_a_directory_is_claimed_once(tmp_path: Path) -> None:
    layout.claim(tmp_path / "srv", **NAMES)
    layout.claim(tmp_path / "srv", **NAMES)
    layout.check_claim(tmp_path / "srv", **NAMES)
    for other, why in (
        ({"registry": "a", "place": "m@staging"}, "it belongs to m@production of this registry"),
        ({"registry": "b", "place": "m@production"}, "it belongs to m@production of another registry"),
    ):
        for act in (layout.claim, layout.check_claim):
            with pytest.raises(Refused, match=why) as refused:
                act(tmp_path / "srv", **other)
            assert str(tmp_path / "srv" / layout.MARK) in str(refused.value.hint)


def test_a_claim_cut_short_can_be_made_again(tmp_path: Path) -> None:
    (tmp_path / layout.MARK).touch()
    layout.claim(tmp_path, **NAMES)
    layout.check_claim(tmp_path, **NAMES)


@pytest.mark.parametrize("mark", [b"[]", b"{", b"\xff\xfe", b"null", b"7"])
def test_a_mark_that_is_none_is_refused(mark: bytes, tmp_path: Path) -> None:
    (tmp_path / layout.MARK).write_bytes(mark)
    for act in (layout.claim, layout.check_claim):
        with pytest.raises(Refused, match="cannot be read"):
            act(tmp_path, **NAMES)


def test_no_directory_is_claimed_that_is_not_lineals_own(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "full")
    (tmp_path / "real").mkdir()
    layout.claim(tmp_path / "real", **NAMES)
    (tmp_path / "real" / "current").mkdir()
    for directory, why in (
        (tmp_path / "full", "files that lineal did not put there"),
        (tmp_path / "link", "symbolic link"),
        (tmp_path / "full" / "file", "it is a file"),
        (tmp_path / "real", "current is no symbolic link"),
    ):
        with pytest.raises(Refused, match=why) as caught:
            layout.claim(directory, **NAMES)
        assert caught.value.exit_code == 4
    with pytest.raises(MachineError, match="No such file"):
        layout.claim(tmp_path / "no" / "parent", **NAMES)
    assert not (tmp_path / "no").exists()


def test_a_directory_that_is_gone_or_no_longer_ours_is_told_before_anything_is_put_there(tmp_path: Path) -> None:
    layout.claim(tmp_path / "srv", **NAMES)
    (tmp_path / "srv").rename(tmp_path / "away")
    with pytest.raises(MachineError, match="the directory is gone"):
        layout.check_claim(tmp_path / "srv", **NAMES)
    (tmp_path / "srv").symlink_to("away")
    with pytest.raises(Refused, match="symbolic link now"):
        layout.check_claim(tmp_path / "srv", **NAMES)
    (tmp_path / "srv").unlink()
    (tmp_path / "srv").mkdir()
    with pytest.raises(MachineError, match=r"it has no .lineal-stage.json"):
        layout.check_claim(tmp_path / "srv", **NAMES)
    (tmp_path / "srv").rmdir()
    (tmp_path / "srv").touch()
    with pytest.raises(Refused, match="is a file now"):
        layout.check_claim(tmp_path / "srv", **NAMES)


def test_what_cannot_even_be_looked_at_is_left_for_doctor(tmp_path: Path) -> None:
    layout.remove(tmp_path / ("x" * 300))
