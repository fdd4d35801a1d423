"""Arrays are registered as safetensors files that the format's own library reads, and always as the same bytes."""

from __future__ import annotations

import io
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load

from lineal.errors import BadValue
from lineal.formats import safetensors
from lineal.formats.safetensors_writer import write

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.registry import Registry


def written(arrays: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    write(stream, arrays)
    return stream.getvalue()


SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
TYPES = st.sampled_from(["?", "u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", "<u8", "<f2", ">f4", "<f8"])


@given(
    st.dictionaries(
        st.text(max_size=8).filter(lambda name: name != "__metadata__"),
        st.tuples(TYPES, SHAPES),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_written_is_what_the_library_reads(kinds: dict[str, tuple[str, tuple[int, ...]]]) -> None:
    try:
        "".join(kinds).encode()
    except UnicodeEncodeError:
        return
    random = np.random.default_rng(0)
    arrays = {name: (random.random(shape) * 9).astype(kind) for name, (kind, shape) in kinds.items()}
    content = written(arrays)
    found = load(content)
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found[name], array)
    assert content == written(dict(reversed(arrays.items())))


def test_every_array_is_aligned_and_the_own_reader_takes_the_file(tmp_path: Path) -> None:
    arrays = {"a": np.zeros(3, "u1"), "b": np.ones((2, 2)), "c": np.array(1.5, "f4"), "d": np.zeros((0, 4), "f2")}
    (tmp_path / "x").write_bytes(written(arrays))
    found = safetensors.read(tmp_path / "x")
    assert {(each.name, each.dtype, each.shape) for each in found.tensors} == {
        ("a", "U8", (3,)), ("b", "F64", (2, 2)), ("c", "F32", ()), ("d", "F16", (0, 4)),
    }  # fmt: skip
    assert [each.name for each in found.tensors] == ["b", "c", "d", "a"]
    assert int.from_bytes(written(arrays)[:8], "little") % 8 == 0


def test_strided_and_transposed_arrays_keep_their_values() -> None:
    array = np.arange(24, dtype="f4").reshape(4, 6)
    np.testing.assert_array_equal(load(written({"w": array.T[::2, ::-1]}))["w"], array.T[::2, ::-1])


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"w": [1.0]},
        {"w": np.array(["a"])},
        {"w": np.array([object()])},
        {"w": np.zeros(1, "c16")},
        {"__metadata__": np.zeros(1)},
        {"\ud800": np.zeros(1)},
        {3: np.zeros(1)},
    ],
    ids=range(8),
)
def test_what_the_format_cannot_hold_is_refused(arrays: dict[str, Any]) -> None:
    with pytest.raises(BadValue):
        written(arrays)


def test_a_run_registers_arrays_as_a_file(registry: Registry) -> None:
    with registry.start_run("e") as run:
        version = run.register("m", arrays={"w": np.ones(3, "f4"), "b": np.zeros(1, "f4")})
    detail = registry.detail(version)
    assert detail.artifact is not None
    assert [(file.path, file.format) for file in detail.artifact.files] == [("model.safetensors", "safetensors")]
    assert detail.architecture is not None
    assert detail.architecture.parameters == 4
    found = load(registry.context.objects.path(detail.artifact.files[0].digest).read_bytes())
    np.testing.assert_array_equal(found["w"], np.ones(3))


class Tensor:
    """As much of a torch tensor as is asked for, over a NumPy array."""

    layout = "strided"

    def __init__(self, array: np.ndarray[Any, Any], dtype: str) -> None:
        self.array, self.dtype, self.shape = array, f"torch.{dtype}", array.shape

    def detach(self) -> Tensor:
        return self

    cpu = contiguous = detach

    def reshape(self, length: int) -> Tensor:
        return Tensor(self.array.reshape(length), self.dtype.removeprefix("torch."))

    def view(self, kind: object) -> Tensor:
        assert kind == "uint8"
        return Tensor(self.array.view(np.uint8), "uint8")

    def numpy(self) -> np.ndarray[Any, Any]:
        return self.array


def test_tensors_are_written_by_their_bytes_so_that_bfloat16_keeps_its_type(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    torch = types.ModuleType("torch")
    vars(torch).update(strided="strided", uint8="uint8")
    monkeypatch.setitem(sys.modules, "torch", torch)
    (tmp_path / "x").write_bytes(
        written({"half": Tensor(np.array([[0x3F80, 0]], "u2"), "bfloat16"), "w": Tensor(np.ones(2, "f4"), "float32")})
    )
    found = {each.name: each for each in safetensors.read(tmp_path / "x").tensors}
    assert (found["half"].dtype, found["half"].shape) == ("BF16", (1, 2))
    assert (tmp_path / "x").read_bytes()[-4:] == b"\x80\x3f\x00\x00"
    with pytest.raises(BadValue, match="no such type"):
        written({"q": Tensor(np.zeros(1), "quint8")})
