"""NumPy's files tell their arrays without being unpickled, and are called broken when they are."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.data.fingerprint import digest_bytes
from lineal.errors import BadFormat
from lineal.formats.npy import PICKLED, holds_pickles, read_npy, read_npz

if TYPE_CHECKING:
    from tests.core.model_files import ARCHIVE, ARRAY
else:
    from model_files import ARCHIVE, ARRAY


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_an_npy_file_of_every_version_tells_its_array(tmp_path: Path, version: tuple[int, int]) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, array, version=version)
    tensor = read_npy(tmp_path / "a.npy")
    assert (tensor.dtype, tensor.shape, tensor.digest) == ("<f4", (2, 3), digest_bytes(array.tobytes()))


@pytest.mark.parametrize(
    "array",
    [
        np.array(["ab", "c"]),
        np.array([b"ab", b"c"]),
        np.array([True]),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.zeros(3, dtype=[("x", "<i4"), ("y", "<f8", (2, 2)), ("z", [("u", "|S3")])]),
        np.zeros((0, 4)),
        np.array(1j),
    ],
)
def test_every_kind_of_element_is_measured(tmp_path: Path, array: np.ndarray[Any, Any]) -> None:
    np.save(tmp_path / "a.npy", array)
    tensor = read_npy(tmp_path / "a.npy")
    assert (tensor.shape, tensor.digest) == (array.shape, digest_bytes(array.tobytes()))


def test_an_array_of_objects_is_named_and_never_unpickled(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    np.save(tmp_path / "a.npy", np.array([Bomb(sprung)], dtype=object))
    np.savez(tmp_path / "a.npz", w=np.array([Bomb(sprung)], dtype=object))
    assert read_npy(tmp_path / "a.npy").dtype == PICKLED
    assert read_npz(tmp_path / "a.npz")[0].dtype == PICKLED
    assert not sprung.exists()


def test_what_numpy_would_unpickle_is_known_whatever_it_is_called(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    plain, evil = io.BytesIO(), io.BytesIO()
    np.save(plain, np.zeros((3, 2)))
    np.save(evil, np.array([(1, Bomb(sprung))], dtype=[("a", "<i4"), ("b", [("c", "O")])]))
    renamed = evil.getvalue()
    unknown = plain.getvalue().replace(b"'<f8'", b"'O8' ")  # which NumPy takes for objects
    for number, (name, content, holds) in enumerate(
        [
            ("w.npy", plain.getvalue(), False),
            ("w.npy", evil.getvalue(), True),
            ("w", renamed, True),
            ("w", unknown, True),
            ("w", b"\x93NUMPX", False),
            ("w", b"\x93NUMPY", True),
        ]
    ):
        path = tmp_path / f"{number}.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("first.npy", plain.getvalue())
            archive.writestr(name, content)
        assert holds_pickles(path) is holds, name
        (tmp_path / "alone").write_bytes(content)
        assert holds_pickles(tmp_path / "alone") is holds, name
    path.write_bytes(path.read_bytes()[:40])
    assert not holds_pickles(path)
    assert not sprung.exists()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_file_tells_its_arrays_by_name(tmp_path: Path, save: Any) -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {"w": np.ones((2, 2)), "b": np.zeros(3, dtype=np.int32)}
    save(tmp_path / "a.npz", **arrays)
    found = {t.name: (t.dtype, t.shape, t.digest) for t in read_npz(tmp_path / "a.npz")}
    assert found == {
        "w": ("<f8", (2, 2), digest_bytes(arrays["w"].tobytes())),
        "b": ("<i4", (3,), digest_bytes(arrays["b"].tobytes())),
    }


def test_a_member_that_would_inflate_without_end_gets_no_digest(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", bomb=np.zeros(80 << 20, dtype=np.uint8))
    (tensor,) = read_npz(tmp_path / "a.npz")
    assert (tensor.shape, tensor.digest) == ((80 << 20,), None)


@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=5),
    st.integers(0, 40),
)
@settings(max_examples=300, deadline=None)
def test_damaged_arrays_are_read_or_called_broken(
    tmp_path_factory: Any, archive: bool, changes: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(ARCHIVE if archive else ARRAY)
    for place, byte in changes:
        content[place % len(content)] = byte
    path = tmp_path_factory.getbasetemp() / "mutated.np"
    path.write_bytes(content[: len(content) - cut])
    try:
        read_npz(path) if archive else read_npy(path)
    except BadFormat:
        return


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': 'spam', 'fortran_order': False, 'shape': ()}",
        "{'descr': [('a',)], 'fortran_order': False, 'shape': ()}",
        "{'descr': [], 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f8', 'fortran_order': 1, 'shape': ()}",
        "__import__('os').abort()",
        "(" * 5000,
        "-" * 20000 + "1",
    ],
)
def test_headers_that_make_no_sense_are_called_broken(tmp_path: Path, header: str) -> None:
    raw = header.encode()
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw + b"x" * 8)
    with pytest.raises(BadFormat):
        read_npy(tmp_path / "a.npy")
