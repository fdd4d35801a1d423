"""Backups: whole while others write, restored whole or not at all, and never a way in for what somebody put in one."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.errors import (
    AlreadyExists,
    Conflict,
    Damaged,
    ForeignRegistry,
    LinealError,
    MachineError,
    NewerRegistry,
    NoSource,
    Refused,
)
from lineal.registry import open_registry, restore_registry
from lineal.storage import copies
from lineal.storage.db import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Weights

    from lineal.registry import Registry


@pytest.fixture
def full(registry: Registry, weights: Weights) -> Registry:
    registry.register("m", weights(1.0), owner="ana")
    registry.register("m", weights(2.0))
    registry.promote("m:1.0.1", "production")
    return registry


@pytest.fixture
def archive(full: Registry, tmp_path: Path) -> Path:
    full.backup(tmp_path / "all.tar", objects=True)
    return tmp_path / "all.tar"


def _members(path: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(path) as tar:
        found = [(member, tar.extractfile(member)) for member in tar]
        return [(member, file.read()) for member, file in found if file is not None]


def _rewrite(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            tar.addfile(member, io.BytesIO(content))
    return path


def test_a_backup_of_the_database_restores_everything_but_the_bytes(full: Registry, tmp_path: Path) -> None:
    made = full.backup(tmp_path / "b.db")
    assert (made.objects, made.versions, made.head) == (None, 2, full.events(limit=1)[0].hash)
    assert made.bytes == (tmp_path / "b.db").stat().st_size
    restored = restore_registry(tmp_path / "b.db", tmp_path / "new")
    sizes = sum(path.stat().st_size for path in (full.root / "objects").glob("??/*"))
    assert (restored.objects, restored.missing, restored.missing_bytes) == (0, 2, sizes)
    with open_registry(tmp_path / "new") as again:
        assert again.uid == full.uid
        assert again.events() == full.events()
        assert again.live("m@production").version.ref == "m:1.0.1"
        assert [finding.ref for finding in again.verify().damage] == ["m:1.0.0", "m:1.0.1"]


def test_a_backup_with_objects_restores_everything(full: Registry, archive: Path, tmp_path: Path) -> None:
    restored = restore_registry(archive, tmp_path / "new")
    assert (restored.objects, restored.missing, restored.missing_bytes) == (2, 0, 0)
    with open_registry(tmp_path / "new") as again:
        assert again.verify().findings == ()
        assert again.events() == full.events()
        again.register("m", tmp_path / "files" / "model.safetensors")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new" / "objects").glob("??/*")}
    assert modes == {0o444}


def test_an_archive_is_the_same_for_the_same_registry_and_any_tar_lists_it(
    full: Registry, archive: Path, tmp_path: Path
) -> None:
    full.backup(tmp_path / "again.tar", objects=True)
    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()
    names = [member.name for member, _ in _members(archive)]
    assert names[:2] == ["registry.db", "manifest.json"]
    assert sorted(names[2:]) == names[2:]
    assert len(names) == 4


def test_an_empty_registry_can_be_backed_up(registry: Registry, tmp_path: Path) -> None:
    registry.backup(tmp_path / "e.tar", objects=True)
    assert restore_registry(tmp_path / "e.tar", tmp_path / "new").versions == 0


@pytest.mark.parametrize("objects", [False, True])
def test_a_backup_never_replaces_a_file_and_leaves_none_behind(objects: bool, full: Registry, tmp_path: Path) -> None:
    target = tmp_path / "out" / "b"
    with pytest.raises(NoSource):
        full.backup(target, objects=objects)
    target.parent.mkdir()
    target.write_text("mine")
    with pytest.raises(AlreadyExists):
        full.backup(target, objects=objects)
    assert target.read_text() == "mine"
    assert list(target.parent.iterdir()) == [target]


def test_a_damaged_object_is_not_backed_up_as_if_it_were_whole(full: Registry, tmp_path: Path) -> None:
    (path, *_) = sorted((full.root / "objects").glob("??/*"))
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(Damaged, match=path.name):
        full.backup(tmp_path / "out.tar", objects=True)
    assert not list(tmp_path.glob("*.tar"))
    assert not list(tmp_path.glob(".backup*"))
    full.backup(tmp_path / "out.db")


def test_a_damaged_database_is_not_backed_up(full: Registry, sql: Callable[..., object], tmp_path: Path) -> None:
    sql("DELETE FROM live")
    with pytest.raises(Damaged, match="nothing is marked live"):
        full.backup(tmp_path / "out.db")
    assert not (tmp_path / "out.db").exists()


def test_a_full_disk_is_told_and_leaves_nothing(
    full: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(MachineError, match="No space left"):
        full.backup(tmp_path / "out.tar", objects=True)
    monkeypatch.undo()
    assert not [path for path in tmp_path.iterdir() if "out" in path.name or path.name.startswith(".")]


@pytest.mark.parametrize("pages", [1, 7])
def test_a_backup_ends_and_is_whole_however_busy_the_writers_are(
    pages: int, full: Registry, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_PAGES", pages)
    stop, path, acknowledged = threading.Event(), weights(3.0), [0]

    def write() -> None:
        with open_registry(full.root) as other:
            while not stop.is_set():
                other.register("busy", path)
                acknowledged[0] += 1

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        while acknowledged[0] < 3:
            time.sleep(0.01)
        before = acknowledged[0]
        made = full.backup(tmp_path / "b.tar", objects=True)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert made.versions >= before
    restore_registry(tmp_path / "b.tar", tmp_path / "new")
    with open_registry(tmp_path / "new") as again:
        assert again.verify().findings == ()
        assert again.version_count("busy") + again.version_count("m") == made.versions


@pytest.mark.parametrize("there", ["a full folder", "a file", "a registry", "a link"])
def test_nothing_is_restored_over_what_is_there(there: str, full: Registry, archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    if there == "a full folder":
        target.mkdir()
        (target / "x").write_text("mine")
    elif there == "a file":
        target.write_text("mine")
    elif there == "a registry":
        target = full.root
    else:
        target.symlink_to(tmp_path / "elsewhere")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(Conflict):
        restore_registry(archive, target)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_an_empty_folder_keeps_its_mode(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "mine"
    target.mkdir(mode=0o700)
    monkeypatch.chdir(target)
    restore_registry(archive, Path())
    assert target.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in target.iterdir()) == ["objects", "registry.db", "releases"]
    with open_registry(target) as again:
        assert again.verify().findings == ()


def _refused(source: Path, tmp_path: Path, error: type[LinealError], match: str) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(error, match=match):
        restore_registry(source, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_backup_of_a_later_lineal_or_another_program_is_refused(full: Registry, tmp_path: Path) -> None:
    full.backup(tmp_path / "b.db")
    for pragma, error in (
        (f"user_version = {SCHEMA_VERSION + 1}", NewerRegistry),
        ("application_id = 1", ForeignRegistry),
    ):
        with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
            connection.execute(f"PRAGMA {pragma}")
        _refused(tmp_path / "b.db", tmp_path, error, "b.db")
    (tmp_path / "b.txt").write_text("no backup")
    _refused(tmp_path / "b.txt", tmp_path, ForeignRegistry, "neither")
    (tmp_path / "empty").touch()
    _refused(tmp_path / "empty", tmp_path, ForeignRegistry, "neither")
    _refused(tmp_path / "missing", tmp_path, NoSource, "missing")
    _refused(full.root / "registry.db", tmp_path, Refused, "is a lineal registry")


def test_a_database_with_a_trigger_of_somebody_else_is_refused(full: Registry, tmp_path: Path) -> None:
    full.backup(tmp_path / "b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection, connection:
        connection.execute("CREATE TRIGGER evil AFTER INSERT ON versions BEGIN DELETE FROM live; END")
    _refused(tmp_path / "b.db", tmp_path, Damaged, "trigger evil is not lineal's")


def _member(name: str, size: int = 0, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    for field, value in fields.items():
        setattr(info, field, value)
    return info


HOSTILE = {
    "absolute": _member("/etc/passwd", 3),
    "upwards": _member("../../etc/passwd", 3),
    "within": _member("objects/../../x", 3),
    "a link": _member("objects/aa/" + "0" * 62, type=tarfile.SYMTYPE, linkname="/etc"),
    "a hard link": _member("objects/aa/" + "0" * 62, type=tarfile.LNKTYPE, linkname="registry.db"),
    "a folder": _member("objects", type=tarfile.DIRTYPE),
    "a device": _member("objects/aa/" + "0" * 62, type=tarfile.CHRTYPE),
    "a sparse file": _member("objects/aa/" + "0" * 62, 1 << 40, type=tarfile.GNUTYPE_SPARSE),
    "unknown": _member("hooks/post-restore", 3),
    "a long name": _member("objects/" + "a" * 300, 3),
    "the database twice": _member("registry.db", 3),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_a_member_that_does_not_belong_there_is_refused(name: str, place: int, archive: Path, tmp_path: Path) -> None:
    members = _members(archive)
    hostile = HOSTILE[name]
    members.insert(place, (hostile, b"x" * 3 if hostile.isreg() and hostile.size == 3 else b""))
    with tarfile.open(tmp_path / "h.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in members:
            if member.type == tarfile.GNUTYPE_SPARSE:
                tar.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))
                tar.offset += 512
            else:
                tar.addfile(member, io.BytesIO(content))
    (tmp_path / "all.tar").unlink()
    _refused(tmp_path / "h.tar", tmp_path, Damaged, "h.tar: the backup is damaged")


@pytest.mark.parametrize("harm", ["swapped", "missing", "longer", "other bytes", "a larger claim", "another database"])
def test_what_was_changed_in_an_archive_is_refused(harm: str, archive: Path, tmp_path: Path) -> None:
    members = _members(archive)
    member, content = members[2]
    if harm == "swapped":
        members[2], members[3] = members[3], members[2]
    elif harm == "missing":
        del members[2]
    elif harm == "longer":
        member.size += 1
        members[2] = member, content + b"x"
    elif harm == "other bytes":
        members[2] = member, bytes([content[0] ^ 1]) + content[1:]
    elif harm == "another database":
        members[0] = members[0][0], members[0][1][:-1] + b"\x01"
    _rewrite(tmp_path / "h.tar", members)
    if harm == "a larger claim":
        data = bytearray((tmp_path / "h.tar").read_bytes())
        header = _member("registry.db", 1 << 50, mode=0o644)
        data[:512] = header.tobuf(tarfile.GNU_FORMAT)
        (tmp_path / "h.tar").write_bytes(data)
    _refused(tmp_path / "h.tar", tmp_path, Damaged, "h.tar")


def test_an_archive_that_was_cut_anywhere_is_refused(archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()
    end = len(content) - 1024  # the two empty blocks at the end say nothing
    for length in [512, 600, *range(1024, end, end // 12), end - 512, end - 1]:
        (tmp_path / "cut.tar").write_bytes(content[:length])
        with pytest.raises(LinealError) as caught:
            restore_registry(tmp_path / "cut.tar", tmp_path / "new")
        assert isinstance(caught.value, Damaged), length
        assert not (tmp_path / "new").exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_anywhere_in_an_archive_is_never_restored_as_other_content(
    data: st.DataObject, archive: Path, tmp_path: Path
) -> None:
    content = bytearray(archive.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "flipped.tar").write_bytes(content)
    target = tmp_path / "flipped" / str(time.monotonic_ns())
    try:
        restore_registry(archive.parent / "flipped.tar", target)
    except Damaged:
        assert not target.exists()
        return
    # What is left are bits that carry nothing: padding, and fields of headers that are not used.
    with open_registry(target) as again:
        assert again.verify().findings == ()
    with closing(sqlite3.connect(target / "registry.db")) as connection:
        dump = list(connection.iterdump())
    with closing(sqlite3.connect(tmp_path / "registry" / "registry.db")) as connection:
        assert dump == list(connection.iterdump())
