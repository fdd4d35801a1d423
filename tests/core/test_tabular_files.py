"""Tables of data tell their columns, rows and ranges."""

from __future__ import annotations

import math
import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.errors import BadFormat
from lineal.formats.tabular import profile

if TYPE_CHECKING:
    from pathlib import Path


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
    pa = import_module("pyarrow")
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
    (tmp_path / "t.parquet").write_bytes(b"PAR1" + os.urandom(100) + b"PAR1")
    with pytest.raises(BadFormat, match="parquet"):
        profile(tmp_path / "t.parquet")
