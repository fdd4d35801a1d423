"""Model and data files tell what they hold without being loaded, and broken ones are called broken."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineal.data.fingerprint import digest_bytes
from lineal.errors import BadFormat, NoSource, NotReadable
from lineal.formats import safetensors as ours
from lineal.formats.architecture import describe
from lineal.formats.npy import PICKLED, read_npy, read_npz
from lineal.formats.sniff import PICKLING, sniff
from lineal.formats.tabular import profile

WEIGHTS: dict[str, np.ndarray[Any, Any]] = {
    "layer.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layer.bias": np.zeros(3, dtype=np.float16),
    "empty": np.zeros((0, 5), dtype=np.int64),
    "scalar": np.array(7, dtype=np.uint8),
}


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def packed(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    safetensors.numpy.save_file(WEIGHTS, path, metadata={"format": "np", "note": "ü"})
    return path


# safetensors


def test_a_safetensors_file_tells_its_tensors_and_their_digests(model: Path) -> None:
    content = ours.read(model)
    assert {t.name: (t.dtype, t.shape) for t in content.tensors} == {
        "layer.weight": ("F32", (3, 4)),
        "layer.bias": ("F16", (3,)),
        "empty": ("I64", (0, 5)),
        "scalar": ("U8", ()),
    }
    assert {t.name: t.digest for t in content.tensors} == {k: digest_bytes(v.tobytes()) for k, v in WEIGHTS.items()}
    assert content.metadata == {"format": "np", "note": "ü"}


def test_digests_are_left_out_when_they_are_not_wanted(model: Path) -> None:
    assert {tensor.digest for tensor in ours.read(model, digests=False).tensors} == {None}


def test_a_tensor_larger_than_a_chunk_is_hashed_whole(tmp_path: Path) -> None:
    weights: dict[str, np.ndarray[Any, Any]] = {
        "a": np.arange(700_001, dtype=np.float64),
        "b": np.ones(3, dtype=np.float32),
    }
    safetensors.numpy.save_file(weights, tmp_path / "m")
    found = {tensor.name: tensor.digest for tensor in ours.read(tmp_path / "m").tensors}
    assert found == {name: digest_bytes(array.tobytes()) for name, array in weights.items()}


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "too few"),
        (b"\x01\0\0\0\0\0\0", "too few"),
        (struct.pack("<Q", 100_000_001) + b"{}", "limit"),
        (struct.pack("<Q", 3) + b"{}", "2 are there"),
        (b"version https://git-lfs.github.com/spec/v1\n", "limit"),
        (packed(b"[]"), "begin with"),
        (packed(b" {}"), "begin with"),
        (packed(b"{"), "no JSON"),
        (packed(b"{}x"), "no JSON"),
        (packed(b'{"\xff": 1}'), "UTF-8"),
        (packed(b'{"\\ud800": {}}'), "UTF-8"),
        (packed(b'{"a":' + b"[" * 100_000), "no JSON"),
        (packed(b'{"a": NaN}'), "NaN"),
        (packed(b'{"a": 1, "a": 1}'), "twice"),
        (packed({"a": 1}), "no object"),
        (packed({"__metadata__": 1}), "no object"),
        (packed({"__metadata__": {"a": 1}}), "no string"),
        (packed({"a": entry("F31")}, b"x" * 8), "unknown type"),
        (packed({"a": entry([])}, b"x" * 8), "unknown type"),
        (packed({"a": entry(shape=[-2])}, b"x" * 8), "non-negative"),
        (packed({"a": entry(shape=[True, 2])}, b"x" * 8), "non-negative"),
        (packed({"a": entry(shape=[2.0])}, b"x" * 8), "non-negative"),
        (packed({"a": entry(shape="2")}, b"x" * 8), "non-negative"),
        (packed({"a": entry(shape=[1 << 40, 1 << 40, 0], offsets=[0, 0])}), "too large"),
        (packed({"a": entry(offsets=[0])}, b"x" * 8), "not 2"),
        (packed({"a": entry(offsets=[8, 0])}, b"x" * 8), "needs 8 bytes"),
        (packed({"a": entry(offsets=[0, 4])}, b"x" * 8), "needs 8 bytes"),
        (packed({"a": entry()}, b"x" * 7), "its data at 7"),
        (packed({"a": entry()}, b"x" * 9), "its data at 9"),
        (packed({}, b"x"), "its data at 1"),
        (packed({"a": entry(offsets=[4, 12])}, b"x" * 12), "belong to no tensor"),
        (packed({"a": entry(), "b": entry(offsets=[4, 12])}, b"x" * 12), "begins at byte 4"),
        (packed({"a": entry(), "b": entry(offsets=[12, 20])}, b"x" * 20), "begins at byte 12"),
        (packed({"a": entry("F4", [3], [0, 1])}, b"x"), "whole byte"),
    ],
)
def test_a_file_that_breaks_the_format_is_called_broken(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadFormat, match=why):
        ours.read(path)


def test_the_smallest_file_has_no_tensors(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(packed(b"{}  "))
    assert ours.read(tmp_path / "m").tensors == ()


sizes = st.integers(-1, 5) | st.integers(1 << 62, 1 << 66) | st.sampled_from([True, None, 1.0, "1"])
words = st.sampled_from([*ours.BITS, "F31", None, 3])
entries = st.fixed_dictionaries(
    {"dtype": words, "shape": st.lists(sizes, max_size=3), "data_offsets": st.lists(sizes, max_size=3)}
)
headers = st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), entries | sizes, max_size=3)
VALID = safetensors.numpy.save(WEIGHTS, metadata={"a": "b"})


def mutated(changes: list[tuple[int, int]], cut: int) -> bytes:
    content = bytearray(VALID)
    for place, byte in changes:
        content[place % len(content)] = byte
    return bytes(content[: len(content) - cut])


broken = st.one_of(
    st.builds(mutated, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4), st.integers(0, 30)),
    st.builds(packed, headers, st.binary(max_size=24)),
    st.builds(packed, st.binary(max_size=40)),
    st.binary(max_size=40),
)


@given(broken)
@example(VALID)
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_it_reads_them_or_calls_them_broken(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.safetensors"
    path.write_bytes(content)
    try:
        found = ours.read(path)
    except BadFormat:
        return
    # What we accept, the reference implementation must accept, and read alike.
    with safetensors.safe_open(path, "np") as reference:
        assert {tensor.name for tensor in found.tensors} == set(reference.keys())
        for tensor in found.tensors:
            assert list(tensor.shape) == reference.get_slice(tensor.name).get_shape()


# NumPy


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


def array_bytes() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(4))
    return stream.getvalue()


def archive_bytes() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, w=np.arange(4), b=np.ones(2))
    return stream.getvalue()


ARRAY, ARCHIVE = array_bytes(), archive_bytes()


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


# architecture


def test_values_do_not_change_an_architecture_and_shapes_do(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path, shape, value in zip(paths, [(2, 2), (2, 2), (2, 3)], [0, 1, 0], strict=True):
        safetensors.numpy.save_file({"w": np.full(shape, value, dtype=np.float32)}, path)
    first, same, other = (describe([("m.safetensors", path, "safetensors")]) for path in paths)
    assert first is not None
    assert same is not None
    assert other is not None
    assert first.digest == same.digest != other.digest
    assert first.tensors != same.tensors
    assert (first.kind, first.parameters, other.parameters) == ("safetensors", 4, 6)


def test_tensors_of_several_files_are_named_after_them(tmp_path: Path, model: Path) -> None:
    np.save(tmp_path / "scale.npy", np.ones(4))
    (tmp_path / "config.json").write_text("{}")
    found = describe(
        [("scale.npy", tmp_path / "scale.npy", "npy"), ("m.st", model, "safetensors"), ("c", tmp_path / "c", "json")]
    )
    assert found is not None
    assert found.kind == "npy+safetensors"
    assert [tensor.name for tensor in found.tensors] == [
        "m.st:empty",
        "m.st:layer.bias",
        "m.st:layer.weight",
        "m.st:scalar",
        "scale.npy:array",
    ]
    assert found.parameters == 0 + 3 + 12 + 1 + 4
    assert found.metadata == {"format": "np", "note": "ü"}


def test_where_no_tensors_can_be_read_formats_and_suffixes_tell(tmp_path: Path) -> None:
    first, renamed, other = (
        describe([(name, tmp_path / name, format_)])
        for name, format_ in [("m1.onnx", "onnx"), ("m2.onnx", "onnx"), ("m1.pkl", "pickle")]
    )
    assert first == renamed
    assert first is not None
    assert other is not None
    assert first.digest != other.digest
    assert (first.kind, first.parameters, first.tensors) == ("onnx", None, ())


def test_without_files_there_is_no_architecture() -> None:
    assert describe([]) is None


def test_a_damaged_file_is_not_described_around(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"\0" * 20)
    with pytest.raises(BadFormat):
        describe([("m", tmp_path / "m", "safetensors")])


# sniffing


def zipped(names: list[str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("x", VALID, "safetensors"),
        ("x.safetensors", b"", "safetensors"),
        ("x", ARRAY, "npy"),
        ("x", ARCHIVE, "npz"),
        ("x", zipped(["archive/data.pkl", "archive/data/0"]), "torch"),
        ("x", zipped([*(f"archive/data/{n}" for n in range(5000)), "archive/data.pkl"]), "torch"),
        ("x.npz", zipped(["a.npy", "evil.pkl"]), "pickle"),
        ("x.keras", zipped(["metadata.json", "config.json", "model.weights.h5"]), "keras"),
        ("x", zipped(["a.txt"]), "zip"),
        ("x.npz", zipped([]), "npz"),
        *[("x", pickle.dumps({"a": [1]}, protocol=p), "pickle") for p in range(6)],
        *[("x", pickle.dumps(Path("a"), protocol=p), "pickle") for p in range(6)],
        ("x.txt", pickle.dumps({"a": [1]}), "pickle"),
        ("x.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80", "torch"),
        ("x.pkl", b"anything", "pickle"),
        ("x.pkl.gz", gzip.compress(b"x", mtime=0), "pickle"),
        ("x.tar.gz", gzip.compress(b"x", mtime=0), "gzip"),
        ("x", b"GGUF\3\0\0\0", "gguf"),
        ("x", b"\x89HDF\r\n\x1a\n\0", "hdf5"),
        ("x", b"\x08\x07\x12\x07pytorch\x1a", "onnx"),
        ("x.onnx", b"\x08\x07\x3a", "onnx"),
        ("x", b"PAR1....PAR1", "parquet"),
        ("x.json", b'{"a": 1}', "json"),
        ("x.yaml", b"a: 1", "yaml"),
        ("x.toml", b"a = 1", "toml"),
        ("x.csv", b"class\nsetosa\np1\n", "csv"),
        ("x.csv", "größe\n1\n".encode("latin-1"), "csv"),
        ("x.csv", b"a,b\0", "unknown"),
        ("x", b"class\nsetosa\nversicolor\n", "text"),
        ("x.py", b"import os\n", "python"),
        ("README", "grüße".encode(), "text"),
        ("x.json", b"\0\1\2", "unknown"),
        ("x", b"", "unknown"),
        ("x", b"\xde\xad\xbe\xef", "unknown"),
    ],
)
def test_a_file_is_known_by_its_bytes_and_then_by_its_name(
    tmp_path: Path, name: str, content: bytes, format_: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert sniff(tmp_path / name) == format_


def test_a_safetensors_header_that_begins_like_a_pickle_is_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(packed(b"{}" + b" " * 638))
    assert sniff(tmp_path / "x") == "safetensors"


def test_text_whose_last_character_is_cut_is_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a" + "ü" * 5000)
    assert sniff(tmp_path / "x") == "text"


@given(st.binary(max_size=200), st.sampled_from(["x", "x.npz", "x.csv", "x.pt"]), st.booleans())
@settings(deadline=None)
def test_anything_has_some_format(tmp_path_factory: Any, content: bytes, name: str, zip_: bool) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes((b"PK\x03\x04" + content + b"PK\x05\x06" + content) if zip_ else content)
    assert sniff(path)


def test_pickles_are_told_apart_from_what_cannot_execute() -> None:
    assert "pickle" in PICKLING
    assert "safetensors" not in PICKLING


def test_what_is_no_file_is_not_sniffed(tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="a folder"):
        sniff(tmp_path)
    with pytest.raises(NoSource):
        sniff(tmp_path / "gone")


# tables


def table(path: Path, content: str | bytes) -> tuple[int, dict[str, tuple[Any, ...]]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = profile(path)
    assert found is not None
    rows, columns = found
    return rows, {c.name: (c.type, c.missing, c.distinct, c.min, c.max, c.mean) for c in columns}


def test_columns_have_types_ranges_and_missing_cells(tmp_path: Path) -> None:
    rows, columns = table(tmp_path / "t.csv", "i,f,b,s,e\n1,1.5,true,x,\n-2,NA,False,y,\n\n4,3,,x,\n")
    assert rows == 3
    assert columns == {
        "i": ("int", 0, 3, -2, 4, 1.0),
        "f": ("float", 1, 2, 1.5, 3.0, 2.25),
        "b": ("bool", 1, 2, "False", "true", None),
        "s": ("str", 0, 2, "x", "y", None),
        "e": ("str", 3, 0, None, None, None),
    }


def test_ragged_rows_are_counted_and_their_cells_are_missing_or_extra(tmp_path: Path) -> None:
    rows, columns = table(tmp_path / "t.csv", "a,b\n1\n1,2,3\n1,2\n")
    assert rows == 3
    assert {name: column[1] for name, column in columns.items()} == {"a": 0, "b": 1, "column 3": 2}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"\xef\xbb\xbfgr\xc3\xb6\xc3\x9fe,b\r\n1,2\r\n"),
        ("t.csv", "größe;b\n1;2\n".encode("latin-1")),
        ("t.csv", "größe,b\n1,2\n".encode("utf-16")),
        ("t.tsv", "größe\tb\n1\t2\n".encode()),
        ("t.csv", "größe|b\r1|2\r".encode()),
    ],
)
def test_encodings_and_delimiters_are_recognised(tmp_path: Path, name: str, content: bytes) -> None:
    rows, columns = table(tmp_path / name, content)
    assert (rows, list(columns)) == (1, ["größe", "b"])


def test_a_first_row_of_numbers_is_data(tmp_path: Path) -> None:
    rows, columns = table(tmp_path / "t.csv", "1,2\n3,4\n")
    assert rows == 2
    assert columns["column 1"] == ("int", 0, 2, 1, 3, 2.0)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_has_no_rows(tmp_path: Path, content: str) -> None:
    assert table(tmp_path / "t.csv", content) == (0, {})


def test_names_that_are_missing_or_double_are_made_distinct(tmp_path: Path) -> None:
    assert list(table(tmp_path / "t.csv", "a,,a\n1,2,3\n")[1]) == ["a", "column 2", "a (2)"]


def test_distinct_values_are_counted_up_to_a_thousand(tmp_path: Path) -> None:
    for count, expected in [(1000, 1000), (1001, None)]:
        _, columns = table(tmp_path / "t.csv", "a\n" + "\n".join(map(str, range(count))))
        assert columns["a"][2] == expected


def test_a_huge_cell_is_read(tmp_path: Path) -> None:
    rows, columns = table(tmp_path / "t.csv", f'a,b\n"{"x" * 1_000_000}",2\n')
    assert rows == 1
    assert len(columns["a"][4]) == 200


def test_a_cell_without_end_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n"' + "x,\n" * 6_000_000)
    assert profile(tmp_path / "t.csv") is None


def test_numbers_too_large_for_a_database_are_floats(tmp_path: Path) -> None:
    _, columns = table(tmp_path / "t.csv", f"a,b,c\n{1 << 63},1_000,inf\n{'9' * 5000},2,1\n")
    assert columns["a"][0] == "float"
    assert columns["b"][0] == "str"
    assert columns["c"] == ("float", 0, 2, 1.0, math.inf, None)


@given(st.lists(st.integers(-(1 << 40), 1 << 40), min_size=1, max_size=50))
@settings(deadline=None)
def test_whole_numbers_keep_their_range_and_mean(tmp_path_factory: Any, numbers: list[int]) -> None:
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    rows, columns = table(path, "n\n" + "\n".join(map(str, numbers)) + "\n")
    assert rows == len(numbers)
    expected = ("int", 0, len(set(numbers)), min(numbers), max(numbers), sum(numbers) / len(numbers))
    assert columns["n"] == expected


def test_types_widen_from_one_block_to_the_next(tmp_path: Path) -> None:
    many = "1,1\n" * 40_000
    _, columns = table(tmp_path / "t.csv", "a,b\n" + many + "2.5,x\n")
    assert (columns["a"][0], columns["a"][4]) == ("float", 2.5)
    assert (columns["b"][0], columns["b"][3:5]) == ("str", ("1", "x"))


def test_rows_are_exact_past_the_part_that_is_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineal.formats.tabular.PROFILED_BYTES", 1 << 18)
    rows, columns = table(tmp_path / "t.csv", "a,b\n" + "1,2\n" * 200_000)
    assert rows == 200_000
    assert columns["a"][3:] == (1, 1, 1.0)


def test_parquet_is_read_from_its_metadata(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    data = {
        "i": [1, None, 3],
        "f": [0.5, 1.5, 2.5],
        "s": ["b", "a", None],
        "l": [[1], [2], []],
        "t": [True, False, None],
    }
    parquet.write_table(pa.table(data), tmp_path / "t.parquet", row_group_size=2)
    found = profile(tmp_path / "t.parquet")
    assert found is not None
    rows, columns = found
    assert rows == 3
    assert [(c.name, c.type, c.missing, c.min, c.max) for c in columns] == [
        ("i", "int", 1, 1, 3),
        ("f", "float", 0, 0.5, 2.5),
        ("s", "str", 1, "a", "b"),
        ("l", "list<element: int64>", 0, None, None),
        ("t", "bool", 1, None, None),
    ]


def test_damaged_parquet_is_called_broken(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "t.parquet").write_bytes(b"PAR1" + os.urandom(100) + b"PAR1")
    with pytest.raises(BadFormat, match="parquet"):
        profile(tmp_path / "t.parquet")


def test_what_is_no_table_has_no_rows(tmp_path: Path, model: Path) -> None:
    (tmp_path / "t.txt").write_text("a,b\n1,2\n")
    assert profile(tmp_path / "t.txt") is None
    assert profile(model) is None
