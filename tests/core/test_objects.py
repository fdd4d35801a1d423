"""The object store: a name always tells the bytes, or there is no such name."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.errors import Damaged, ExitCode, MachineError, NoSource, NotReadable, SourceChanged
from lineal.records.base import Digest
from lineal.storage.objects import ObjectStore

if TYPE_CHECKING:
    from tests.core.conftest import Script


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    (tmp_path / "objects").mkdir()
    return ObjectStore(tmp_path / "objects")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights" * 1_000)
    return path


def _files(store: ObjectStore) -> list[Path]:
    return sorted(path for path in store.root.rglob("*") if path.is_file() and path != store.uses)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=5_000))
def test_what_is_put_can_be_got_by_its_digest(content: bytes, store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(content)
    stored = store.put(tmp_path / "source")
    assert stored.digest == "sha256:" + hashlib.sha256(content).hexdigest()
    assert stored.size == len(content)
    assert store.path(stored.digest).read_bytes() == content
    store.check(stored.digest, stored.size, content=True)


def test_an_object_may_not_be_written_and_lies_under_its_digest(store: ObjectStore, source: Path) -> None:
    stored = store.put(source)
    path = store.path(stored.digest)
    name = stored.digest.removeprefix("sha256:")
    assert path == store.root / name[:2] / name[2:]
    assert path.stat().st_mode & 0o777 == 0o444
    assert _files(store) == [path]
    assert source.exists()


def test_the_same_bytes_are_stored_once(store: ObjectStore, source: Path) -> None:
    first = store.put(source)
    inode = store.path(first.digest).stat().st_ino
    assert store.put(source) == first
    assert store.path(first.digest).stat().st_ino == inode
    assert len(_files(store)) == 1


def test_what_a_dead_writer_may_have_left_unsynced_is_made_durable(
    store: ObjectStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.path(store.put(source).digest)
    synced: set[str] = set()

    def fsync(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", fsync)
    store.put(source)
    assert {str(path.parent), str(store.root)} <= synced


@pytest.mark.parametrize("harm", [b"WEIGHTS" * 1_000, b"short"])
def test_a_damaged_object_is_told_and_mended_by_putting_it_again(harm: bytes, store: ObjectStore, source: Path) -> None:
    stored = store.put(source)
    path = store.path(stored.digest)
    path.chmod(0o644)
    path.write_bytes(harm)
    with pytest.raises(Damaged) as caught:
        store.check(stored.digest, stored.size, content=True)
    assert caught.value.exit_code is ExitCode.DAMAGED
    store.put(source)
    store.check(stored.digest, stored.size, content=True)
    assert path.stat().st_mode & 0o777 == 0o444
    path.unlink()
    with pytest.raises(Damaged, match="missing"):
        store.check(stored.digest, stored.size, content=False)


def test_a_moved_file_is_not_copied(store: ObjectStore, source: Path) -> None:
    inode = source.stat().st_ino
    stored = store.put(source, move=True)
    assert store.path(stored.digest).stat().st_ino == inode


@pytest.mark.parametrize("way", ["a link to it", "a second name"])
def test_what_stays_in_reach_under_another_name_is_copied_even_when_moved(
    way: str, store: ObjectStore, source: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    if way == "a link to it":
        other.symlink_to(source)
    else:
        other.hardlink_to(source)
    stored = store.put(other, move=True)
    source.write_bytes(b"changed")
    store.check(stored.digest, stored.size, content=True)


def test_a_source_that_is_missing_or_no_file_is_told(store: ObjectStore, tmp_path: Path) -> None:
    for move in (False, True):
        with pytest.raises(NoSource) as caught:
            store.put(tmp_path / "nothing", move=move)
        assert caught.value.exit_code is ExitCode.NOT_FOUND
        with pytest.raises((NotReadable, MachineError)):
            store.put(tmp_path, move=move)
    assert _files(store) == []


def test_a_source_that_changes_while_it_is_copied_leaves_nothing(
    store: ObjectStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = os.copy_file_range

    def copy_and_change(reader: int, writer: int, count: int) -> int:
        if source.stat().st_size == 7_000:
            with source.open("ab") as file:
                file.write(b"more")
        return copy(reader, writer, count)

    monkeypatch.setattr(os, "copy_file_range", copy_and_change)
    with pytest.raises(SourceChanged) as caught:
        store.put(source)
    assert caught.value.exit_code is ExitCode.MACHINE
    assert _files(store) == []


def test_short_writes_are_written_to_their_end(
    store: ObjectStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "not on this file system")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1_000]))
    stored = store.put(source)
    assert store.path(stored.digest).read_bytes() == source.read_bytes()


@pytest.mark.parametrize("way", ["copy_file_range", "write"])
def test_a_full_disk_leaves_nothing(way: str, store: ObjectStore, tmp_path: Path, script: Script) -> None:
    (tmp_path / "big").write_bytes(b"x" * 100_000)
    told, complaints = script(
        """
import errno, os, resource, sys
from pathlib import Path
from lineal.errors import LinealError
from lineal.storage.objects import ObjectStore
if sys.argv[3] == "write":
    def refuse(*_):
        raise OSError(errno.ENOSYS, "")
    os.copy_file_range = refuse
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    ObjectStore(Path(sys.argv[1])).put(Path(sys.argv[2]))
except LinealError as error:
    print(int(error.exit_code))
""",
        store.root,
        tmp_path / "big",
        way,
    ).communicate(timeout=20)
    assert (told, complaints) == ("8\n", "")
    assert _files(store) == []


def test_a_store_that_may_not_be_written_is_told(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError) as caught:
        ObjectStore(tmp_path / "file").put(source)
    assert caught.value.exit_code is ExitCode.MACHINE


def test_a_size_is_checked_without_reading(store: ObjectStore, source: Path) -> None:
    stored = store.put(source)
    store.check(stored.digest, stored.size, content=False)
    with pytest.raises(Damaged, match="7000 bytes, not 1"):
        store.check(stored.digest, 1, content=False)
    with pytest.raises(Damaged, match="missing"):
        store.check(Digest("sha256:" + "0" * 64), 1, content=False)


def test_a_disk_that_does_not_tell_is_an_error_that_names_the_object(store: ObjectStore, source: Path) -> None:
    stored = store.put(source)
    path = store.path(stored.digest)
    path.unlink()
    path.symlink_to(path)  # what a look at it fails by, whoever looks
    with pytest.raises(NotReadable) as caught:
        store.check(stored.digest, stored.size, content=False)
    assert str(path) in str(caught.value)
