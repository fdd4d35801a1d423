"""What differences are made of: nested values, package versions, words, datasets, tensors, files."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.diff import diff
from lineal.diff.package_versions import later
from lineal.diff.words import Part, word_diff
from lineal.records.base import Digest, Micros
from lineal.records.comparison import Diff, DiffRow, Kind, Section, Verdict
from lineal.records.data import Column, DatasetVersion
from lineal.records.models import (
    Architecture,
    Artifact,
    FileEntry,
    MetricValue,
    Tensor,
    VersionDetail,
)
from lineal.records.runs import Direction, Environment, MetricDefinition, RunData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.core.versions_to_compare import detail

    from lineal.records.base import Scalar
else:
    from versions_to_compare import detail


def digest(text: str) -> Digest:
    return Digest("sha256:" + text.encode().hex().ljust(64, "0")[:64])


def params(*sides: Mapping[str, object]) -> dict[str, DiffRow]:
    return {row.field: row for row in diff([detail(params=side) for side in sides]).rows}


def changed(rows: Mapping[str, DiffRow]) -> dict[str, tuple[Scalar, ...]]:
    return {name: row.values for name, row in rows.items() if row.verdict is not Verdict.SAME}


# nested values


def test_of_nested_params_the_leaves_that_changed_are_rows() -> None:
    one = json.dumps({"opt": {"name": "adam", "betas": [0.9, 0.99]}, "layers": [64, 64]})
    other = json.dumps({"opt": {"name": "adam", "betas": [0.9, 0.999]}, "layers": [64, 64, 32]})
    rows = params({"config": one}, {"config": other})
    assert changed(rows) == {"config.opt.betas[1]": (0.99, 0.999), "config.layers[2]": (None, 32)}
    assert rows["config.opt.name"].verdict is Verdict.SAME


def test_what_other_trackers_wrote_as_python_is_opened_too() -> None:
    one = "{'lr': 0.1, 'on': True, 'off': None, 'shape': (1, 2,), 'it''s': 'a, [b'}".replace("'it''s'", '"it\'s"')
    rows = params({"c": one}, {"c": one.replace("True", "False").replace("(1,", "(3,")})
    assert changed(rows) == {"c.on": (True, False), "c.shape[0]": (1, 3)}
    assert rows["c.it's"].values == ("a, [b", "a, [b")


def test_an_opened_value_meets_the_names_with_dots_of_another_run() -> None:
    assert changed(params({"opt": '{"lr": 1, "eps": 2}'}, {"opt.lr": 1, "opt.eps": 3})) == {"opt.eps": (2, 3)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"c": '{"a": 1}'}, {"c": "[1]"}),  # nothing in them corresponds
        ({"c": '{"a": 1}'}, {"c": 5}),
        ({"c": '{"a": 1}', "c.a": 7}, {"c": '{"a": 2}', "c.a": 7}),  # a leaf would hide the other param
        ({"c": '{"a.b": 1, "a": {"b": 2}}'}, {"c": '{"a.b": 1, "a": {"b": 3}}'}),
        ({"c": "{" * 50_000}, {"c": "[" * 50_000 + "]"}),
        ({"c": json.dumps(list(range(5000)))}, {"c": json.dumps(list(range(1, 5000)))}),
        ({"c": "{not: json}"}, {"c": "{not: yaml}"}),
    ],
)
def test_what_cannot_be_opened_stays_one_value(one: dict[str, object], other: dict[str, object]) -> None:
    assert params(one, other)["c"].verdict is Verdict.CHANGED


leaves = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False) | st.text(max_size=4)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.[", max_size=2), inner, max_size=3)
)


@given(trees, trees)
def test_nested_values_differ_exactly_when_the_leaves_do(one: Any, other: Any) -> None:
    first, second = json.dumps(one, sort_keys=True), json.dumps(other, sort_keys=True)
    assert not changed(params({"p": first}, {"p": first}))
    if first != second and one != other:
        assert changed(params({"p": first}, {"p": second}))


# swapping sides

scalars = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.sampled_from(["x", '{"a": 1}'])
)
sides = st.builds(
    detail,
    params=st.dictionaries(st.sampled_from("abc"), scalars),
    tags=st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
    metrics=st.dictionaries(
        st.sampled_from(["auc", "loss", "odd"]), st.builds(MetricValue, st.just("m"), st.floats(), st.none())
    ),
)
OPPOSITE = {
    Verdict.ADDED: Verdict.REMOVED,
    Verdict.REMOVED: Verdict.ADDED,
    Verdict.BETTER: Verdict.WORSE,
    Verdict.WORSE: Verdict.BETTER,
}


@given(sides, sides)
def test_swapping_sides_swaps_added_and_removed_better_and_worse(one: VersionDetail, other: VersionDetail) -> None:
    there = {(row.section, row.field): row for row in diff([one, other]).rows}
    back = {(row.section, row.field): row for row in diff([other, one]).rows}
    assert there.keys() == back.keys()
    for key, row in there.items():
        assert back[key].verdict is OPPOSITE.get(row.verdict, row.verdict), key
        assert back[key].values == row.values[::-1] or row.values[0] != row.values[0] or row.values[1] != row.values[1]


@given(st.lists(sides, min_size=2, max_size=5))
def test_beside_several_each_is_held_against_the_first_as_in_a_pair(all_sides: list[VersionDetail]) -> None:
    whole = {(row.section, row.field): row for row in diff(all_sides).rows}
    for place, other in enumerate(all_sides[1:], 1):
        for row in diff([all_sides[0], other]).rows:
            if (row.section, row.field) in whole and row.section is not Section.PARAM:  # params open by what all have
                assert whole[row.section, row.field].change(place).verdict is row.verdict
    for row in whole.values():
        assert (row.verdict is Verdict.SAME) == all(change.verdict is Verdict.SAME for change in row.changes)


def test_each_of_several_is_judged_by_itself() -> None:
    def measured(value: float, data: str) -> VersionDetail:
        return detail(
            metrics={"auc": MetricValue("auc", value, data)},
            definitions={"auc": MetricDefinition("auc", Direction.HIGHER, 0.01)},
        )

    [row] = diff([measured(0.9, "d"), measured(0.95, "d"), measured(0.905, "d"), measured(0.99, "e")]).rows
    assert [(change.verdict, change.kind) for change in row.changes] == [
        (Verdict.BETTER, None),
        (Verdict.SAME, Kind.WITHIN),
        (Verdict.CHANGED, Kind.NOT_COMPARABLE),
    ]
    assert row.changes[2].delta is None


# packages

ORDERED = ["1.0.dev1", "1.0a1", "1.0a1.post1", "1.0b2.dev3", "1.0b2", "1.0rc1", "1.0", "1.0+abc", "1.0+5", "1.0.post1"]
ORDERED += ["1.0.1", "1.1", "1.9", "1.10", "2024.1", "1!0.1"]


def test_versions_are_ordered_as_packages_are() -> None:
    for old, new in pairwise(ORDERED):
        assert later(old, new) is True, (old, new)
        assert later(new, old) is False, (old, new)


@pytest.mark.parametrize(
    "pair", [("1.0", "1.0.0"), ("1.0", "local build"), ("2.0", "2" * 500), ("", "1"), ("1-rc1", "1rc1")]
)
def test_what_has_no_order_is_neither_later_nor_earlier(pair: tuple[str, str]) -> None:
    assert later(*pair) is None


def test_packages_are_added_removed_upgraded_and_downgraded() -> None:
    def on(python: str, **packages: str) -> VersionDetail:
        listed = tuple(sorted(packages.items()))
        return detail(environment=Environment(digest(python), python, "CPython", "Linux", listed, None, 2, 1 << 30, ()))

    rows = {
        row.field: row
        for row in diff(
            [on("3.11.2", a="1.9", b="2.0", c="1", e="x"), on("3.12.0", a="1.10", b="1.0", d="1", e="y")]
        ).rows
    }
    kinds = {name: (row.verdict, row.kind) for name, row in rows.items() if row.verdict is not Verdict.SAME}
    assert kinds == {
        "python": (Verdict.CHANGED, Kind.UPGRADED),
        "package a": (Verdict.CHANGED, Kind.UPGRADED),
        "package b": (Verdict.CHANGED, Kind.DOWNGRADED),
        "package c": (Verdict.REMOVED, None),
        "package d": (Verdict.ADDED, None),
        "package e": (Verdict.CHANGED, None),
    }


# words


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_pieces_of_a_word_diff_make_both_texts(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert "".join(piece.text for piece in pieces if piece.part is not Part.ADDED) == old
    assert "".join(piece.text for piece in pieces if piece.part is not Part.REMOVED) == new
    assert all(piece.text for piece in pieces)


def test_words_are_not_torn_apart() -> None:
    pieces = [(piece.part, piece.text) for piece in word_diff("answer in 10 words", "answer in 12 words")]
    assert pieces == [
        (Part.SAME, "answer in "),
        (Part.REMOVED, "10"),
        (Part.ADDED, "12"),
        (Part.SAME, " words"),
    ]


def test_texts_without_end_are_compared_at_once() -> None:
    assert len(word_diff("a b " * 100_000, "b a " * 100_000)) <= 4


# data


def data(label: str, columns: tuple[Column, ...] | None, rows: int | None = 10, size: int = 100) -> DatasetVersion:
    return DatasetVersion(
        1, "customers", 1, label, digest(label), None, rows, size, columns, (), None, Micros(0), "ada"
    )


def compared(one: DatasetVersion, other: DatasetVersion) -> Diff:
    known = {(each.dataset, each.label): each for each in (one, other)}
    used = [detail(datasets=(RunData("customers", each.label, "train", each.digest),)) for each in (one, other)]
    return diff(used, known)


def test_datasets_differ_in_rows_bytes_schema_and_profile() -> None:
    one = data("1", (Column("age", "int", 0, 5, 1, 9, 4.0), Column("city", "str"), Column("x", "int")))
    other = data("2", (Column("age", "int", 3, 5, 1, 99, 4.0), Column("x", "float"), Column("y", "bool")), 25, 300)
    rows = {row.field.removeprefix("customers (train)").strip(): row for row in compared(one, other).rows}
    assert (rows["rows"].values, rows["rows"].delta) == ((10, 25), 15)
    assert (rows["bytes"].delta, rows["bytes"].unit) == (200, "bytes")
    assert rows["columns"].note == "1 added, 1 removed, 1 retyped, 1 with another profile"
    assert (rows["column y"].verdict, rows["column city"].verdict) == (Verdict.ADDED, Verdict.REMOVED)
    assert (rows["column x"].kind, rows["column x"].values) == (Kind.RETYPED, ("int", "float"))
    assert (rows["column age missing"].values, rows["column age max"].values) == ((0, 3), (9, 99))
    assert rows["column age max"].under == "customers (train) columns"
    assert "column age mean" not in rows


def test_of_data_that_is_the_same_nothing_more_is_told() -> None:
    assert [row.field for row in compared(data("1", None), data("1", None)).rows] == ["customers (train)"]


def test_data_without_a_schema_has_none_to_compare() -> None:
    found = compared(data("1", (Column("a", "int"),)), data("2", None, None))
    assert {row.field.removeprefix("customers (train)").strip() for row in found.rows} == {"", "rows", "bytes"}


# structure


def test_tensors_are_added_removed_reshaped_retyped_and_refilled() -> None:
    def built(*tensors: Tensor) -> VersionDetail:
        return detail(architecture=Architecture(digest(str(len(tensors))), "safetensors", 9, tensors))

    def tensor(name: str, dtype: str = "F32", shape: tuple[int, ...] = (2,), content: str | None = "1") -> Tensor:
        return Tensor(name, dtype, shape, None if content is None else digest(content))

    one = built(tensor("a"), tensor("b"), tensor("c"), tensor("d"), tensor("e"), tensor("f", content=None))
    other = built(
        tensor("a"), tensor("b", shape=(3,)), tensor("c", "F16"), tensor("d", content="2"), tensor("g"), tensor("f")
    )
    rows = {row.field.removeprefix("tensor "): row for row in diff([one, other]).rows if row.field.startswith("tensor")}
    assert {name: (row.verdict, row.kind) for name, row in rows.items() if name != "tensors"} == {
        "b": (Verdict.CHANGED, Kind.RESHAPED),
        "c": (Verdict.CHANGED, Kind.RETYPED),
        "d": (Verdict.CHANGED, Kind.VALUES),
        "e": (Verdict.REMOVED, None),
        "g": (Verdict.ADDED, None),
    }
    assert rows["tensors"].note == "1 added, 1 removed, 1 reshaped, 1 retyped, 1 other values, of 7"


def test_files_are_added_removed_moved_and_changed_in_size() -> None:
    def filed(**files: tuple[str, int]) -> VersionDetail:
        entries = tuple(FileEntry(path, digest(content), size) for path, (content, size) in sorted(files.items()))
        return detail(artifact=Artifact(digest("m"), entries, 0))

    found = diff([filed(a=("x", 10), b=("y", 5), c=("z", 7)), filed(a=("X", 14), d=("y", 5), e=("w", 1))])
    rows = {row.field: (row.verdict, row.delta, row.note) for row in found.rows}
    assert rows == {
        "a": (Verdict.CHANGED, 4, None),
        "b": (Verdict.REMOVED, None, "now d"),
        "c": (Verdict.REMOVED, None, None),
        "d": (Verdict.ADDED, None, "was b"),
        "e": (Verdict.ADDED, None, None),
    }


def test_names_are_sorted_with_numbers_as_numbers() -> None:
    names = [f"layer{n}" for n in (10, 9, 2, 1)]
    assert list(params(dict.fromkeys(names, 1), {})) == ["layer1", "layer2", "layer9", "layer10"]
