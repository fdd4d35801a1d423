"""A file of a version as it can be shown: its text, or what it tells; damaged, missing and hostile ones."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Damaged, NotFound, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.torch_files import linear

    from lineal.registry import Registry
else:
    from torch_files import linear


@pytest.fixture
def mixed(registry: Registry, tmp_path: Path) -> Registry:
    """A version of a text, a hostile text, a torch file, a GGUF and an ONNX file, an array and an unknown file."""
    folder = tmp_path / "mixed"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text('{"a": "ü"}\n')
    (folder / "sub" / "notes.md").write_text("one\x1b]52;c;x\x07\ntwo\n")
    (folder / "wide.csv").write_text("größe,b\n1,2\n", encoding="utf-16")
    linear(folder / "model.pt")
    text = struct.pack("<Q", 20) + b"general.architecture" + struct.pack("<IQ", 8, 5) + b"llama"
    (folder / "m.gguf").write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 2, 1) + text)
    (folder / "m.onnx").write_bytes(b"\x08\x07\x12\x07pytorch\x1a\x052.3.0\x3a\x02\x0a\x00\x42\x02\x10\x11")
    (folder / "blob").write_bytes(b"\xde\xad\xbe\xef")
    registry.register("m", folder, label="1.0.0")
    return registry


def test_a_text_is_read_and_found_by_its_last_part_too(mixed: Registry) -> None:
    assert mixed.open_file("m:1.0.0", "config.json").text == '{"a": "ü"}\n'
    assert mixed.open_file("m:1.0.0", "sub/notes.md").text == mixed.open_file("m:1.0.0", "notes.md").text
    assert mixed.open_file("m:1.0.0", "wide.csv").text == "größe,b\n1,2\n"


def test_of_a_long_text_the_beginning_is_read(mixed: Registry) -> None:
    found = mixed.open_file("m:1.0.0", "config.json", limit=4)
    assert (found.text, found.whole) == ('{"a"', False)


def test_model_files_tell_what_they_hold(mixed: Registry) -> None:
    torch, gguf, onnx, blob = (
        mixed.open_file("m:1.0.0", name).contents for name in ("model.pt", "m.gguf", "m.onnx", "blob")
    )
    assert torch is not None
    assert torch.executes
    assert [tensor.name for tensor in torch.tensors] == ["fc.weight", "fc.bias"]
    assert gguf is not None
    assert gguf.facts == (("version", "3"), ("tensors", "2"), ("general.architecture", "llama"))
    assert onnx is not None
    assert ("producer", "pytorch") in onnx.facts
    assert ("operators", "ai.onnx 17") in onnx.facts
    assert blob is not None
    assert not blob.executes


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_cut_headers_are_told_as_far_as_they_go(mixed: Registry, tmp_path: Path, cut: int) -> None:
    for name in ("m.gguf", "m.onnx"):
        content = (tmp_path / "mixed" / name).read_bytes()[:-cut]
        (tmp_path / name).write_bytes(content or b"GGUF")
        mixed.register("cut", tmp_path / name)
        assert mixed.open_file(mixed.versions("cut", limit=1)[0].ref, name).contents is not None


def test_a_file_that_is_not_there_is_named_with_those_that_are(mixed: Registry) -> None:
    with pytest.raises(NotFound, match=r"no file 'confg\.json' in m:1\.0\.0") as missing:
        mixed.open_file("m:1.0.0", "confg.json")
    assert missing.value.nearest[0] == "config.json"
    mixed.register("bare", label="1.0.0")
    with pytest.raises(NotFound) as without:
        mixed.open_file("bare:1.0.0", "x")
    assert without.value.hint == "it was registered without files"


def test_damaged_bytes_are_not_shown_as_if_they_were_the_files(mixed: Registry) -> None:
    path = mixed._context.objects.path(mixed.open_file("m:1.0.0", "config.json").entry.digest)
    path.chmod(0o644)
    path.write_text('{"a": "x"}\n')
    with pytest.raises(Damaged, match=r"it is not what was registered as config\.json of m:1\.0\.0"):
        mixed.open_file("m:1.0.0", "config.json")


def test_bytes_that_were_dropped_cannot_be_shown(mixed: Registry) -> None:
    mixed.retire("m:1.0.0", reason="test", purge=True)
    with pytest.raises(Refused, match="only their digest is"):
        mixed.open_file("m:1.0.0", "config.json")
