"""Frames and arrays in memory are data: one identity for the same content, with rows and columns."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lineal.data import frames
from lineal.errors import AlreadyExists, BadValue

if TYPE_CHECKING:
    from lineal.registry import Registry

pandas: Any = import_module("pandas")


def table(**columns: object) -> Any:
    return pandas.DataFrame(columns or {"age": [31, 44, 28], "name": ["a", "b", None], "paid": [1.5, float("nan"), 2]})


def test_a_frame_is_a_dataset_version_with_rows_columns_and_types(registry: Registry) -> None:
    with registry.start_run("e") as run:
        found = run.use_dataset("customers", table(), role="train")
        again = run.use_dataset("customers", table(), role="test")
    assert found.ref == again.ref == "data:customers:1"
    assert (found.rows, found.uri) == (3, None)
    assert found.columns is not None
    age, name, paid = found.columns
    assert (age.name, age.type, age.min, age.max, age.missing, age.distinct) == ("age", "int", 28, 44, 0, 3)
    assert age.mean == pytest.approx(34.333, abs=0.001)
    assert (name.type, name.missing, name.distinct) == ("str", 1, 2) or name.type == "object"
    assert (paid.type, paid.missing, paid.mean) == ("float", 1, 1.75)
    assert sorted((data.label, data.role) for data in registry.run_detail(run.ref).inputs) == [
        ("1", "test"),
        ("1", "train"),
    ]


def test_other_content_is_another_version_and_keeps_off_a_label(registry: Registry) -> None:
    with registry.start_run("e") as run:
        run.use_dataset("customers", table(), label="may")
        assert run.use_dataset("customers", table(age=[1])).ref == "data:customers:2"
        with pytest.raises(AlreadyExists):
            run.use_dataset("customers", table(age=[2]), label="may")


@pytest.mark.parametrize(
    "other",
    [
        {"age": [31, 44, 29]},
        {"age": [31.0, 44.0, 28.0]},
        {"Age": [31, 44, 28]},
        {"age": [31, 44]},
        {"age": [44, 31, 28]},
        {"age": ["31", "44", "28"]},
    ],
    ids=str,
)
def test_any_difference_in_content_gives_another_digest(other: dict[str, object]) -> None:
    assert frames.measure(table(age=[31, 44, 28])).digest != frames.measure(table(**other)).digest


def test_layout_in_memory_makes_no_difference() -> None:
    frame = table(a=[1, 2, 3, 4], b=[0.5, 1.5, 2.5, 3.5])
    pieces = pandas.concat([frame.iloc[:2], frame.iloc[2:]], ignore_index=True)
    assert frames.measure(frame).digest == frames.measure(pieces).digest
    assert frames.measure(frame).digest == frames.measure(frame.astype({"a": ">i8", "b": ">f8"})).digest
    assert frames.measure(frame).digest == frames.measure(frame.iloc[::-1].iloc[::-1].reset_index(drop=True)).digest
    texts = table(a=["x", None])
    assert frames.measure(texts).digest == frames.measure(texts.astype(object)).digest


def test_an_index_that_means_something_counts() -> None:
    frame = table(a=[1, 2])
    named = frame.set_index(pandas.Index(["x", "y"], name="id"))
    assert frames.measure(frame).digest != frames.measure(named).digest
    assert [column.name for column in frames.measure(named).columns or ()] == ["index id", "a"]


def test_a_series_times_categories_and_missing_values_have_a_form() -> None:
    frame = table(
        when=pandas.to_datetime(["2026-01-01", None]),
        kind=pandas.Categorical(["x", "y"]),
        count=pandas.array([1, None], dtype="Int64"),
        flag=[True, False],
        nested=[[1], {"a": 2}],
    )
    assert frames.measure(frame).digest == frames.measure(frame.copy()).digest
    assert frames.measure(frame["kind"]).rows == 2
    with pytest.raises(BadValue, match="every process"):
        frames.measure(table(odd=[object()]))


def test_the_form_is_the_documented_one() -> None:
    array = np.array([[1.0, -2.0]], ">f4")
    wanted = hashlib.sha256(b'lineal-array-1\n["<f4",[1,2]]\n' + np.array([1.0, -2.0], "<f4").tobytes())
    assert frames.measure(array).digest == f"sha256:{wanted.hexdigest()}"
    frame = table(a=np.array([1, 2], "i8"), b=["x", None])
    content = b"\x01" + bytes(7) + b"\x02" + bytes(7) + b'"x"\nnull\n'
    wanted = hashlib.sha256(b'lineal-frame-1\n[2,[["a","<i8"],["b","object"]]]\n' + content)
    assert frames.measure(frame).digest == f"sha256:{wanted.hexdigest()}"


def test_arrays_differ_by_type_shape_and_values_and_not_by_the_kind_of_nan() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert frames.measure(array).digest == frames.measure(np.asfortranarray(array)).digest
    assert frames.measure(array).digest == frames.measure(array.astype(">f8")).digest
    assert len({frames.measure(each).digest for each in (array, array.T, array.ravel(), array.astype("f4"))}) == 4
    odd = np.array([0x7FF8000000000001, 0], "u8").view("f8")
    assert frames.measure(odd).digest == frames.measure(np.array([np.nan, 0.0])).digest
    assert np.array_equal(odd.view("u8"), [0x7FF8000000000001, 0])
    found = frames.measure(array)
    assert (found.rows, found.bytes, len(found.columns or ())) == (2, 48, 3)
    assert frames.measure(np.zeros((0, 2))).rows == 0
    assert frames.measure(np.array(3)).rows is None


def test_what_is_no_data_is_refused(registry: Registry) -> None:
    with registry.start_run("e") as run:
        for odd in ([1, 2], {"a": 1}, np.array([object()])):
            with pytest.raises(BadValue):
                run.use_dataset("x", odd)  # type: ignore[arg-type]
        assert run.output_dataset("scores", np.zeros(3)).run == run.id


def test_lineal_imports_neither_library_itself(registry: Registry) -> None:
    code = (
        "import sys, lineal\n"
        "with lineal.open_registry(sys.argv[1]) as r, r.start_run('e') as run: run.log_metric('a', 1)\n"
        "print(sorted({'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(registry.root)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
