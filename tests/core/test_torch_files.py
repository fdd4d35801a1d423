"""What torch's zip files tell, and zips of all kinds: real ones, evil ones, and broken ones. None is loaded."""

from __future__ import annotations

import hashlib
import pickle
import struct
import time
import tracemalloc
import zipfile
from collections import OrderedDict
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.formats import torch, zips
from lineal.formats.architecture import describe
from lineal.formats.sniff import sniff
from lineal.records.contents import Concern

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.evil_pickles import Runs, names
    from tests.core.torch_files import linear, save, state_dict, tensor
else:
    from evil_pickles import Runs, names
    from torch_files import linear, save, state_dict, tensor


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
    safetensors = import_module("safetensors.numpy")
    numpy = import_module("numpy")
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


def test_thousands_of_views_of_one_storage_are_not_read_again_and_again(tmp_path: Path) -> None:
    numbers = bytes(4 << 20)
    content = state_dict(**{f"w{n}": tensor("0", (1 << 20,), (1,)) for n in range(2000)})
    began = time.perf_counter()
    found = torch.read(save(tmp_path / "m.pt", content, {"0": numbers})).tensors
    assert found is not None
    assert {each.digest for each in found} == {None}
    assert time.perf_counter() - began < 5


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
