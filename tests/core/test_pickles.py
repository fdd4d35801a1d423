"""What pickles and torch's zips tell: real ones of sklearn and joblib, evil ones, and broken ones. None is loaded."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.formats import pickles, torch, zips
from lineal.formats.architecture import describe
from lineal.formats.pickles import Source, executes_code, follow
from lineal.formats.sniff import sniff
from lineal.records.contents import Concern, Pickled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.torch_files import linear, save, state_dict, tensor
else:
    from torch_files import linear, save, state_dict, tensor


def told(content: bytes, *, most: int = pickles.MOST_OPCODES) -> Pickled:
    return follow(Source(io.BytesIO(content), len(content)), most=most)[0]


def names(found: Pickled, concern: Concern) -> list[str]:
    return [each.name for each in found.imports if each.concern is concern]


@pytest.fixture(scope="session")
def pipeline() -> Any:
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("sklearn")
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
    joblib = pytest.importorskip("joblib")
    path = tmp_path / "model.joblib"
    joblib.dump(pipeline, path, compress=compress)
    found = pickles.read(path)
    assert (found.root, found.trouble) == ("sklearn.pipeline.Pipeline", None)
    assert ARRAYS.items() <= {tensor.name: (tensor.dtype, tensor.shape) for tensor in found.tensors}.items()


def test_pickles_within_joblib_files_are_followed_too(tmp_path: Path) -> None:
    joblib, numpy = pytest.importorskip("joblib"), pytest.importorskip("numpy")
    path = tmp_path / "model.joblib"
    joblib.dump({"o": numpy.array([Runs("os.system")], dtype=object), "after": numpy.zeros((3, 4))}, path)
    found = pickles.read(path)
    assert found.trouble is None
    assert names(found, Concern.DANGEROUS) == ["posix.system"]
    assert {tensor.name: tensor.shape for tensor in found.tensors} == {"o": (1,), "after": (3, 4)}


def test_large_arrays_are_passed_over(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "big.pkl"
    path.write_bytes(pickle.dumps({"w": numpy.zeros((1000, 4000))}))
    tracemalloc.start()
    found = pickles.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in found.tensors] == [("w", "<f8", (1000, 4000))]
    assert peak < 8 << 20


# what evil ones tell


class Runs:
    def __init__(self, what: str) -> None:
        self.what = what

    def __reduce__(self) -> tuple[Any, ...]:
        return {
            "os.system": (os.system, ("exit 1",)),
            "eval": (eval, ("1/0",)),
            "subprocess": (subprocess.check_output, (["false"],)),
            "getattr": (getattr, ("", "x")),
        }[self.what]


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
    assert not any(executes_code(each) for each in ("safetensors", "npy", "onnx", "json", "unknown"))


# torch


def test_a_state_dict_tells_its_tensors_and_they_have_the_digests_of_their_bytes(tmp_path: Path) -> None:
    path = linear(tmp_path / "model.pt")
    assert sniff(path) == "torch"
    found = torch.read(path)
    assert found.tensors is not None
    assert {each.name: (each.dtype, each.shape) for each in found.tensors} == {
        "fc.weight": ("F32", (4, 3)),
        "fc.bias": ("F32", (4,)),
    }
    digest = "sha256:" + hashlib.sha256(struct.pack("<4f", *range(4))).hexdigest()
    assert next(each.digest for each in found.tensors if each.name == "fc.bias") == digest
    assert found.facts == (("version", "3"), ("byteorder", "little"))
    assert found.pickled.root == "collections.OrderedDict"


def test_its_architecture_is_that_of_the_same_tensors_in_a_safetensors_file(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    numpy = pytest.importorskip("numpy")
    weight, bias = numpy.arange(12, dtype="f4").reshape(4, 3), numpy.arange(4, dtype="f4")
    safetensors.save_file({"fc.weight": weight, "fc.bias": bias}, tmp_path / "m.safetensors")
    other = describe([("m.safetensors", tmp_path / "m.safetensors", "safetensors")])
    mine = describe([("m.pt", linear(tmp_path / "m.pt"), "torch")])
    assert mine is not None
    assert other is not None
    assert (mine.digest, mine.parameters) == (other.digest, 16)
    assert [each.digest for each in mine.tensors] == [each.digest for each in other.tensors]


def test_a_view_that_is_not_contiguous_has_no_digest_and_one_within_a_storage_has(tmp_path: Path) -> None:
    numbers = struct.pack("<12f", *range(12))
    content = state_dict(turned=tensor("0", (3, 4), (1, 3)), part=tensor("0", (3,), (1,), offset=3))
    found = torch.read(save(tmp_path / "m.pt", content, {"0": numbers})).tensors
    assert found is not None
    assert [each.digest for each in found] == [None, "sha256:" + hashlib.sha256(numbers[12:24]).hexdigest()]


@pytest.mark.parametrize(
    "content",
    [
        state_dict(w=tensor("9", (4,), (1,))),
        state_dict(w=tensor("0", (5,), (1,))),
        state_dict(w=tensor("0", (2, 2), (4, 1))),
        state_dict(w=tensor("0", (4,), (1,), kind="SecretStorage")),
        state_dict(w=tensor("0", (4,), (1,)))[:-2],
        pickle.dumps(OrderedDict(a=1), protocol=2),
    ],
    ids=["no storage", "too long", "strides beyond", "unknown type", "cut", "no tensors"],
)
def test_tensors_that_do_not_fit_their_storages_are_no_architecture(tmp_path: Path, content: bytes) -> None:
    path = save(tmp_path / "m.pt", content, {"0": bytes(16)})
    assert torch.read(path).tensors is None
    described = describe([("m.pt", path, "torch")])
    assert described is not None
    assert (described.tensors, described.parameters) == ((), None)


def test_old_torch_files_are_rows_of_pickles(tmp_path: Path) -> None:
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "protocol_version": 1001}]
    path = tmp_path / "m.pt"
    rows = [*(pickle.dumps(each, protocol=2) for each in head), state_dict(w=tensor("0", (4,), (1,)))]
    path.write_bytes(b"".join(rows) + pickle.dumps(["0"], protocol=2) + bytes(16))
    found = torch.contents(path)
    assert sniff(path) == "torch"
    assert [(each.name, each.dtype, each.shape) for each in found.tensors] == [("w", "F32", (4,))]
    assert found.executes


def test_a_pickle_in_a_zip_that_is_evil_is_told(tmp_path: Path) -> None:
    found = torch.contents(save(tmp_path / "m.pt", pickle.dumps(Runs("eval"), protocol=2), {}))
    assert found.pickled is not None
    assert names(found.pickled, Concern.DANGEROUS) == ["__builtin__.eval"]


# zips


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "_PICKLE_LIMIT", 1 << 20)
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(64 << 20))
    tracemalloc.start()
    found = torch.contents(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.trouble is not None
    assert "more than are looked at" in found.trouble
    assert peak < 4 << 20
    lying = path.read_bytes().replace(struct.pack("<L", 64 << 20), struct.pack("<L", 1000))
    path.write_bytes(lying)
    assert "unpacks to more than it says" in (torch.contents(path).trouble or "")


def test_hostile_names_stay_names_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    evil = ["../../etc/passwd", "/abs", "a\x1b]52;c;x\x07", "C:\\x", "a" * 60_000]
    with zipfile.ZipFile(path, "w") as archive:
        for name in evil:
            archive.writestr(zipfile.ZipInfo(name), "x")
    listed = zips.listed(path)
    assert listed is not None
    assert [name for name, _ in listed] == evil
    assert [each.name for each in tmp_path.iterdir()] == ["m.zip"]


def test_two_members_of_one_name_make_no_torch_file(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", state_dict())
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a/data.pkl", pickle.dumps(Runs("eval")))
    assert torch.contents(path).trouble == "two of its members have one name"


def test_a_directory_that_claims_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "_MEMBERS_LIMIT", 3)
    path = linear(tmp_path / "m.pt")
    assert "more than are looked at" in (torch.contents(path).trouble or "")


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@given(st.data())
@settings(deadline=None, max_examples=150)
def test_a_torch_file_with_any_byte_changed_gets_an_answer(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = linear(tmp_path_factory.getbasetemp() / "mutated.pt")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    assert torch.contents(path).executes
    assert describe([("m.pt", path, "torch")]) is not None
