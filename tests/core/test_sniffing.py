"""A file is known by its bytes, and then by its name."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.errors import NoSource, NotReadable
from lineal.formats.sniff import PICKLING, sniff

if TYPE_CHECKING:
    from tests.core.model_files import ARCHIVE, ARRAY, VALID, packed
else:
    from model_files import ARCHIVE, ARRAY, VALID, packed


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
