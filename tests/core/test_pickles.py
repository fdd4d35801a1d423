"""What pickles and torch's zips tell: real ones of sklearn and joblib, evil ones, and broken ones. None is loaded."""

from __future__ import annotations

import io
import pickle
import struct
import tracemalloc
import zipfile
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.formats import npy, pickles
from lineal.formats.pickles import Source, executes_code, follow
from lineal.records.contents import Concern, Pickled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.evil_pickles import Runs, names
else:
    from evil_pickles import Runs, names


def told(content: bytes, *, most: int = pickles.MOST_OPCODES) -> Pickled:
    return follow(Source(io.BytesIO(content), len(content)), most=most)[0]


@pytest.fixture(scope="session")
def pipeline() -> Any:
    numpy = import_module("numpy")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inputs = numpy.arange(40.0).reshape(20, 2)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, numpy.arange(20) % 2)


ARRAYS = {
    "steps.standardscaler.mean_": ("<f8", (2,)),
    "steps.logisticregression.coef_": ("<f8", (1, 2)),
    "steps.logisticregression.classes_": ("<i8", (2,)),
}


# what real ones tell


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickled_pipeline_tells_its_class_and_its_arrays(pipeline: Any, protocol: int) -> None:
    found = told(pickle.dumps(pipeline, protocol=protocol))
    assert found.root == "sklearn.pipeline.Pipeline"
    assert found.trouble is None
    assert ARRAYS.items() <= {tensor.name: (tensor.dtype, tensor.shape) for tensor in found.tensors}.items()
    assert names(found, Concern.DANGEROUS) == names(found, Concern.UNKNOWN) == []
    assert "sklearn.linear_model._logistic.LogisticRegression" in names(found, Concern.USUAL)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_joblib_files_tell_the_same_whatever_they_are_packed_with(pipeline: Any, tmp_path: Path, compress: Any) -> None:
    joblib = import_module("joblib")
    path = tmp_path / "model.joblib"
    joblib.dump(pipeline, path, compress=compress)
    found = pickles.read(path)
    assert (found.root, found.trouble) == ("sklearn.pipeline.Pipeline", None)
    assert ARRAYS.items() <= {tensor.name: (tensor.dtype, tensor.shape) for tensor in found.tensors}.items()


def test_pickles_within_joblib_files_are_followed_too(tmp_path: Path) -> None:
    joblib, numpy = import_module("joblib"), import_module("numpy")
    path = tmp_path / "model.joblib"
    joblib.dump({"o": numpy.array([Runs("os.system")], dtype=object), "after": numpy.zeros((3, 4))}, path)
    found = pickles.read(path)
    assert found.trouble is None
    assert names(found, Concern.DANGEROUS) == ["posix.system"]
    assert {tensor.name: tensor.shape for tensor in found.tensors} == {"o": (1,), "after": (3, 4)}


def test_large_arrays_are_passed_over(tmp_path: Path) -> None:
    numpy = import_module("numpy")
    path = tmp_path / "big.pkl"
    path.write_bytes(pickle.dumps({"w": numpy.zeros((1000, 4000))}))
    tracemalloc.start()
    found = pickles.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in found.tensors] == [("w", "<f8", (1000, 4000))]
    assert peak < 8 << 20


# what evil ones tell


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("os.system", "posix.system"),
        ("eval", "builtins.eval"),
        ("subprocess", "subprocess.check_output"),
        ("getattr", "builtins.getattr"),
    ],
)
def test_what_runs_commands_is_called_dangerous_and_is_not_run(what: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"weights": [1, 2], "x": Runs(what)}))
    found = pickles.read(path)
    assert names(found, Concern.DANGEROUS) == [name]
    assert found.imports[0].name == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"cos\nsystem\n(S'x'\ntR.", "os.system"),
        (b"(S'x'\nios\nsystem\n.", "os.system"),
        (b"(cos\nsystem\nS'x'\no.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.", "os.system"),
        (b"\x80\x04\x8c\x05numpy\x8c\x07os.path\x93.", "numpy.os.path"),
        (b"cnumpy.testing._private.utils\nrunstring\n)R.", "numpy.testing._private.utils.runstring"),
        (b"ctorch.hub\nload\n)R.", "torch.hub.load"),
        (b"cjoblib\nload\n)R.", "joblib.load"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93.", "builtins.exec"),
        (b"c__builtin__\neval\n)R.", "__builtin__.eval"),
        (b"\x80\x02\x82\x01.", "?.extension 1"),
    ],
)
def test_every_way_to_import_is_seen(content: bytes, name: str) -> None:
    found = told(content)
    assert [each.name for each in found.imports] == [name]
    assert found.imports[0].concern is not Concern.USUAL


def test_a_name_that_is_made_up_while_loading_is_no_usual_one() -> None:
    made_up = b"\x80\x04\x8c\x02os\x8c\x01a\x8c\x01b\x86\x93."
    assert told(made_up).imports[0].concern is Concern.UNKNOWN


def test_what_comes_before_the_damage_is_told() -> None:
    content = pickle.dumps(Runs("os.system"))
    found = told(content[:-3] + b"\xff\xff")
    assert names(found, Concern.DANGEROUS) == ["posix.system"]
    assert found.trouble is not None
    assert "no whole pickle" in found.trouble


def test_a_pickle_behind_another_is_followed_as_well() -> None:
    assert names(told(pickle.dumps({"a": 1}) + pickle.dumps(Runs("eval"))), Concern.DANGEROUS) == ["builtins.eval"]


# what is too large or broken


def test_long_pickles_are_followed_for_a_while_only() -> None:
    found = told(pickle.dumps(list(range(1000))), most=100)
    assert found.trouble == "only its first 100 opcodes were followed"


def test_a_pickle_that_doubles_itself_costs_no_memory() -> None:
    laughs = b"\x80\x02]q\x00" + b"".join(
        b"]q" + bytes([n + 1]) + (b"h" + bytes([n])) * 9 + b"(" + b"e" for n in range(60)
    )
    tracemalloc.start()
    told(laughs + b".")
    doubled = b"\x80\x02)" + b"2\x86" * 5000 + b"."
    found = told(doubled)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.trouble is None
    assert peak < 16 << 20


def test_a_compressed_pickle_that_unpacks_to_gigabytes_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, "_UNPACKED", 4 << 20)
    path = tmp_path / "bomb.joblib"
    path.write_bytes(zlib.compress(b"\x80\x04\x8e" + struct.pack("<Q", 64 << 20) + bytes(64 << 20) + b"."))
    tracemalloc.start()
    found = pickles.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.trouble is not None
    assert peak < 24 << 20


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"\x80",
        b"\x80\x04",
        b"t.",
        b"R.",
        b"\x80\x04\x8e" + b"\xff" * 8,
        b"h\x05.",
        b"(u.",
        b"b.",
        b"}b.",
        b"((.",
        b"0.",
    ],
)
def test_what_is_no_pickle_is_said_to_be_none(content: bytes) -> None:
    assert told(content).trouble is not None or told(content).imports == ()


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=300)
def test_any_bytes_get_an_answer(content: bytes) -> None:
    assert isinstance(told(content, most=5_000), Pickled)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@given(data=st.data())
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_real_pickle_with_any_byte_changed_gets_an_answer(data: st.DataObject, pipeline: Any) -> None:
    content = bytearray(pickle.dumps(pipeline))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    assert isinstance(told(bytes(content[:cut]), most=20_000), Pickled)


def test_gates_can_ask_which_formats_execute_code() -> None:
    assert executes_code("pickle")
    assert executes_code("torch")
    assert all(executes_code(f"{each}-pickle") for each in ("npy", "npz", "zip"))
    assert not any(executes_code(each) for each in ("safetensors", "npy", "onnx", "json", "unknown"))


def test_names_and_values_without_end_cost_little(tmp_path: Path) -> None:
    deep: Any = list(range(20_000))
    for _ in range(50):
        deep = {"k" * 1000: deep}
    path = tmp_path / "deep.pkl"
    path.write_bytes(pickle.dumps({"a": deep, "b": deep, "c": [deep] * 1000}))
    tracemalloc.start()
    assert pickles.read(path).tensors == ()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20


def test_an_archive_that_unpacks_to_gigabytes_is_asked_for_arrays_of_objects_at_no_cost(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_BZIP2) as archive, archive.open("zeros", "w") as member:
        for _ in range(200):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        assert not npy.holds_pickles(bomb)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_of_any_packing_is_read_without_an_error(tmp_path: Path, method: int) -> None:
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(damaged, "w", method) as archive:
        archive.writestr("member", b"x" * 1_000)
    content = bytearray(damaged.read_bytes())
    begin = content.index(b"member") + len(b"member")
    for place in range(begin, begin + 20):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        assert not npy.holds_pickles(damaged)
