"""Runs as rows of a table: what folds under what, only the values with a column, and an order as row numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lineal.registry import Registry


@pytest.fixture
def family(registry: Registry) -> Registry:
    """A run with two of its experiment in it, and one in another experiment."""
    with registry.start_run("search", name="outer", params={"lr": 1, "depth": 2}) as outer:
        outer.log_metrics({"auc": 0.5, "loss": 0.1})
        outer.set_tags({"team": "risk", "note": "x"})
        for n in range(2):
            with registry.start_run("search", name=f"inner-{n}", parent=outer.id) as inner:
                inner.log_metric("auc", n)
        registry.start_run("elsewhere", name="stranger", parent=outer.id).finish()
    return registry


def test_a_run_is_nested_where_its_parent_is_of_the_same_experiment(family: Registry) -> None:
    assert [run.name for run in family.runs_page(outer=True)] == ["stranger", "outer"]
    assert [run.name for run in family.runs_page("search", outer=True)] == ["outer"]
    assert [run.name for run in family.runs_page("elsewhere", outer=True)] == ["stranger"]
    assert (family.run_count(), family.run_count(outer=True), family.run_count("search", outer=True)) == (4, 2, 1)


def test_outer_runs_are_read_from_both_ends(family: Registry) -> None:
    latest, first = family.runs_page(outer=True)
    key = (first.started_at, first.n)
    assert family.runs_page(before=(latest.started_at, latest.n), outer=True) == [first]
    assert family.runs_page(after=key, outer=True) == [latest]
    assert family.runs_later(key, outer=True) == 1
    assert family.runs_later(key) == 3


def test_what_folds_under_a_run_is_counted_and_read(family: Registry) -> None:
    outer = family.runs_page("search", outer=True)[0]
    assert family.child_counts(family.runs_page()) == {outer.n: 2}
    assert [run.name for run in family.nested_runs(outer)] == ["inner-1", "inner-0"]


def test_only_the_values_that_are_asked_for_are_read(family: Registry) -> None:
    runs = family.runs_page("search")
    found = family.run_cells(runs, params=["lr", "gone"], metrics=["auc"], tags=["team"])
    assert [detail.run for detail in found] == runs
    outer = found[-1]
    assert outer.params == {"lr": 1}
    assert outer.tags == {"team": "risk"}
    assert [series.name for series in outer.metrics] == ["auc"]
    bare = family.run_cells(runs)[-1]
    assert (bare.params, bare.metrics, bare.tags) == ({}, (), {})


def test_the_fields_of_runs_are_counted(family: Registry) -> None:
    fields = family.run_fields(family.runs_page("search"))
    assert fields.params == {"depth": 1, "lr": 1}
    assert fields.metrics == {"auc": 3, "loss": 1}
    assert fields.tags == {"note": 1, "team": 1}
    assert family.run_fields([]).params == {}


@pytest.mark.parametrize(
    "sort", ["experiment ASC", "duration DESC", "metrics.auc ASC", "metrics.auc DESC", "name", None]
)
@pytest.mark.parametrize("where", [None, "metrics.auc >= 0.5", "inner"])
def test_an_order_as_row_numbers_is_the_order_of_the_search(
    family: Registry, where: str | None, sort: str | None
) -> None:
    numbers = family.search_run_numbers(where, sort=sort)
    runs = family.search_runs(where, sort=sort)
    assert list(numbers) == [run.n for run in runs]
    assert family.runs_by_number(numbers) == runs


def test_rows_that_are_not_there_are_left_out(family: Registry) -> None:
    assert [run.n for run in family.runs_by_number([2, 99, 1])] == [2, 1]
