"""A safetensors file tells its tensors, their digests and the architecture, and is called broken when it is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineal.data.fingerprint import digest_bytes
from lineal.errors import BadFormat
from lineal.formats import safetensors as ours
from lineal.formats.architecture import describe
from lineal.formats.tabular import profile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.model_files import VALID, WEIGHTS, packed
else:
    from model_files import VALID, WEIGHTS, packed


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    safetensors.numpy.save_file(WEIGHTS, path, metadata={"format": "np", "note": "ü"})
    return path


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


def test_what_is_no_table_has_no_rows(tmp_path: Path, model: Path) -> None:
    (tmp_path / "t.txt").write_text("a,b\n1,2\n")
    assert profile(tmp_path / "t.txt") is None
    assert profile(model) is None
