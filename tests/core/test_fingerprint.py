"""Files and folders get one identity, and what cannot be read says why."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.data.fingerprint import digest_bytes, hash_file, manifest_digest, measure, parse_digest, walk
from lineal.errors import BadName, BadValue, NoSource, NotReadable, Refused, SourceChanged

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lineal.records.base import Digest

digests = st.binary(max_size=4).map(digest_bytes)


def test_a_file_is_identified_by_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    data = os.urandom(3 * (1 << 20) + 7)
    (tmp_path / "weights").write_bytes(data)
    assert hash_file(tmp_path / "weights") == ("sha256:" + hashlib.sha256(data).hexdigest(), len(data))


def test_an_empty_file_has_a_digest_too(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert hash_file(tmp_path / "empty") == (digest_bytes(b""), 0)


@given(
    st.lists(st.tuples(st.text("abc/", min_size=1), digests, st.integers(0)), unique_by=lambda e: e[0]), st.randoms()
)
def test_a_manifest_does_not_depend_on_order(entries: list[tuple[str, Digest, int]], random: object) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert manifest_digest(entries) == manifest_digest(shuffled)


def test_a_folder_is_identified_by_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"1")
    (tmp_path / "a.txt").write_bytes(b"22")
    measured = measure(tmp_path)
    assert measured.digest == manifest_digest([("b/x", digest_bytes(b"1"), 1), ("a.txt", digest_bytes(b"22"), 2)])
    assert measured.bytes == 3
    assert [name for name, _ in walk(tmp_path)] == ["a.txt", "b/x"]


def test_a_table_is_measured_with_its_rows_and_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    measured = measure(tmp_path / "t.csv")
    assert measured.rows == 2
    assert [column.name for column in measured.columns or ()] == ["a", "b"]


def test_a_link_to_a_file_stands_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "real")
    assert measure(folder).digest == manifest_digest([("link", digest_bytes(b"x"), 1)])


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(Refused, match="symbolic link to a folder"):
        walk(tmp_path)


def test_a_dangling_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotReadable, match="link to nothing"):
        walk(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotReadable, match="a pipe"):
        walk(tmp_path)
    with pytest.raises(NotReadable, match="a pipe"):
        hash_file(tmp_path / "pipe")


def test_sockets_and_devices_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        with pytest.raises(NotReadable, match="a socket"):
            walk(tmp_path)
    (tmp_path / "s").unlink()
    (tmp_path / "null").symlink_to("/dev/null")
    with pytest.raises(NotReadable, match="a device"):
        walk(tmp_path)


@pytest.mark.parametrize("name", [b"new\nline", b"esc\x1b[2J", b"caf\xe9", b"c1\xc2\x9b"])
def test_names_that_cannot_be_recorded_are_refused(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).touch()
    with pytest.raises(BadName):
        walk(tmp_path)
    with pytest.raises(BadName):
        measure(tmp_path / os.fsdecode(name))


def test_an_empty_folder_is_nothing_to_record(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(BadValue, match="holds no files"):
        measure(tmp_path)


def test_what_is_missing_or_cannot_be_a_path_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoSource):
        measure(tmp_path / "nothing")
    with pytest.raises(NoSource):
        hash_file(tmp_path / "nothing")
    with pytest.raises(BadName, match="zero byte"):
        measure(tmp_path / "a\0b")
    with pytest.raises(NotReadable, match="name too long"):
        measure(tmp_path / ("x" * 10_000))


def test_a_file_that_may_not_be_read_says_so(
    shared_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    (shared_folder / "closed").touch(0o000)
    with unprivileged(), pytest.raises(NotReadable, match="Permission denied"):
        measure(shared_folder / "closed")


def test_a_registry_is_never_opened_as_data(tmp_path: Path) -> None:
    (tmp_path / ".lineal" / "objects").mkdir(parents=True)
    (tmp_path / ".lineal" / "registry.db").touch()
    with pytest.raises(Refused, match="registry"):
        walk(tmp_path)
    with pytest.raises(Refused, match="registry"):
        measure(tmp_path / ".lineal" / "registry.db")


def test_a_file_that_grows_while_it_is_read_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"x" * (8 << 20))
    reads = 0

    def write(_frame: object, event: str, called: object) -> None:
        nonlocal reads
        if event == "c_call" and getattr(called, "__name__", "") == "readinto":
            reads += 1
            if reads == 2:  # the first part has been read
                with path.open("ab") as file:
                    file.write(b"y")

    sys.setprofile(write)
    try:
        with pytest.raises(SourceChanged):
            hash_file(path)
    finally:
        sys.setprofile(None)
    assert reads > 1


@given(st.binary())
def test_every_digest_is_accepted_as_one(data: bytes) -> None:
    assert parse_digest(digest_bytes(data)) == digest_bytes(data)


@pytest.mark.parametrize("text", ["", "sha256:", "md5:" + "0" * 64, "sha256:" + "A" * 64, "sha256:" + "0" * 64 + "\n"])
def test_other_texts_are_no_digests(text: str) -> None:
    with pytest.raises(BadValue):
        parse_digest(text)
