"""Searches find what the same filter lets through when it is weighed in plain Python, in the order asked for."""

from __future__ import annotations

import math
import operator
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineal.errors import BadFilter
from lineal.queries import plans
from lineal.records.base import Micros
from lineal.registry import Registry, create_registry
from lineal.search.parsing import parse
from lineal.search.terms import Among, Both, Comparison, Either, Field, Literal, Missing, Not, Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lineal.records.runs import RunDetail
    from lineal.search.terms import Operand, Term

RUNS = 60
LR = (0.001, 0.01, 0.1, 1)
OPTIMIZERS = ("adam", "Adam", "sgd", "0.01")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    ticks = iter(range(1_767_225_600_000_000, 1 << 62, 7_000_000))
    with create_registry(tmp_path_factory.mktemp("searching") / "registry", clock=lambda: Micros(next(ticks))) as made:
        for number in range(RUNS):
            params: dict[str, object] = {"lr": LR[number % 4], "flag": number % 3 == 0}
            if number % 5:
                params["optimizer"] = OPTIMIZERS[number % 4]
            tags = {"team": ("risk", "growth")[number % 2]} if number % 3 else {}
            with made.start_run(f"e{number % 2}", name=f"try-{number:02}", params=params, tags=tags) as run:
                if number % 4:
                    run.log_metric("auc", math.nan if number % 3 == 1 else 0.5 + number % 7 / 14)
                    run.log_metric("auc", math.nan if number % 13 == 1 else round(0.5 + number % 10 / 20, 3))
                if number % 7:
                    run.log_metric("val/loss", math.inf if number % 17 == 1 else number % 6 / 10)
        yield made


@cache
def details(registry: Registry) -> list[RunDetail]:
    return registry.run_details(registry.runs())


# the same in plain Python

Value = float | str | bool | None


def value(operand: Operand, detail: RunDetail) -> Value:
    match operand:
        case Literal(plain):
            return plain
        case Field("metrics", name) if name.rpartition(".")[2] in {"last", "min", "max", "best"}:
            stem, _, part = name.rpartition(".")
            of = next((each for each in detail.metrics if each.name == stem), None)
            found = None if of is None else getattr(of, part)
            return None if found is None or math.isnan(found) else found
        case Field("metrics", name) | Field("attributes", "auc" as name):
            found = {each.name: each.last for each in detail.metrics}.get(name)
            return None if found is None or math.isnan(found) else found
        case Field("params", name):
            return detail.params.get(name)
        case Field("tags", name):
            return detail.tags.get(name)
        case Field("attributes", "name"):
            return detail.run.name
        case Field("attributes", "experiment"):
            return detail.run.experiment
        case Field("attributes", "status"):
            return detail.run.status.value
    raise AssertionError(operand)


def text_of(found: Value) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else repr(found)


def compared(sign: str, left: Value, right: Value) -> bool | None:
    if left is None or right is None:
        return None
    if "LIKE" in sign:
        pattern = "".join({"%": ".*", "_": "."}.get(each, re.escape(each)) for each in text_of(right))
        return (re.fullmatch(pattern, text_of(left), re.DOTALL | re.IGNORECASE) is None) is sign.startswith("NOT")
    orders = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
    order = getattr(operator, orders[sign])
    if isinstance(right, str):
        return bool(order(text_of(left), right))
    if isinstance(left, str):
        return None
    return bool(order(float(left), float(right)))


def holds(term: Term, detail: RunDetail) -> bool | None:
    match term:
        case Not(inner):
            found = holds(inner, detail)
            return None if found is None else not found
        case Both(terms):
            truths = [holds(each, detail) for each in terms]
            return False if False in truths else None if None in truths else True
        case Either(terms):
            truths = [holds(each, detail) for each in terms]
            return True if True in truths else None if None in truths else False
        case Comparison(sign, left, right):
            return compared(sign, value(left, detail), value(right, detail))
        case Among(operand, values, negated):
            truths = [compared("=", value(operand, detail), each.value) for each in values]
            truth = True if True in truths else None if None in truths and value(operand, detail) is None else False
            return None if truth is None else truth is not negated
        case Missing(operand, negated):
            return (value(operand, detail) is None) is not negated
        case Words(text):
            words = re.findall(r"\w+", f"{detail.run.name} {' '.join(f'{k} {v}' for k, v in detail.tags.items())}")
            return all(any(word.startswith(part) for word in words) for part in re.findall(r"\w+", text))
    raise AssertionError(term)


NUMBERS = st.sampled_from(["0.5", "0.6", "-1", "1e-2", "0.1", "0", "1", "inf", "0.75"])
TEXTS = st.sampled_from(["'adam'", "'sgd'", '"0.01"', "'1'", "'true'", "''"])
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["metrics.auc", "metric.`val/loss`", "auc"]), SIGNS, NUMBERS).map(" ".join),
    st.tuples(
        st.sampled_from(["metrics.auc.max", "metrics.auc.min", "metrics.auc.best", "metric.auc.last"]), SIGNS, NUMBERS
    ).map(" ".join),
    st.tuples(st.sampled_from(["params.lr", "params.flag"]), SIGNS, NUMBERS).map(" ".join),
    st.tuples(st.sampled_from(["params.lr", "param.optimizer"]), st.sampled_from(["=", "!="]), TEXTS).map(" ".join),
    st.tuples(
        st.sampled_from(["params.optimizer", "tags.team", "name", "attributes.experiment"]),
        st.sampled_from(["LIKE", "ILIKE", "NOT LIKE"]),
        st.sampled_from(["'a%'", "'%R%'", "'try-1_'", "'%'", "'e0'"]),
    ).map(" ".join),
    st.tuples(
        st.sampled_from(["tags.team", "name", "experiment"]),
        SIGNS,
        st.sampled_from(["'risk'", "'try-10'", "'e1'"]),
    ).map(" ".join),
    st.tuples(st.just("status"), SIGNS, st.sampled_from(["'finished'", "'failed'"])).map(" ".join),
    st.tuples(
        st.sampled_from(["metrics.auc", "params.lr", "metrics.auc.min"]),
        st.sampled_from(["IN", "NOT IN"]),
        st.lists(NUMBERS, min_size=1, max_size=3).map(lambda found: f"({', '.join(found)})"),
    ).map(" ".join),
    st.tuples(
        st.sampled_from(["tags.team", "name", "params.optimizer"]),
        st.sampled_from(["IN", "NOT IN"]),
        st.sampled_from(["('risk')", "('try-10', 'try-11', 'sgd')", "('adam', 'growth')"]),
    ).map(" ".join),
    st.tuples(
        st.sampled_from(["tags.team", "metrics.auc", "params.optimizer", "metrics.auc.max"]),
        st.sampled_from(["IS NULL", "IS NOT NULL"]),
    ).map(" ".join),
    st.sampled_from(["risk", "try", "'try-1'", "team"]),
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda found: f"({' AND '.join(found)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: f"({' or '.join(found)})"),
        inner.map(lambda found: f"NOT ({found})"),
    ),
    max_leaves=6,
)
SORTS = st.sampled_from(
    [
        None, "metrics.auc", "metrics.auc asc", "metrics.auc.min asc", "metrics.auc.max", "-auc.best",
        "metrics.val/loss DESC", "params.lr", "params.optimizer desc",
        "tags.team", "name", "-name", "started asc", "duration", "status desc", "experiment",
    ]
)  # fmt: skip


@pytest.mark.parametrize("few", [1_000, 0])
@given(text=FILTERS, sort=SORTS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_filter_finds_what_it_means(
    registry: Registry, few: int, monkeypatch: pytest.MonkeyPatch, text: str, sort: str | None
) -> None:
    # With few things all are looked at; past that, indexes are walked and joined.
    monkeypatch.setattr(plans, "_FEW", few)
    wanted = {each.run.name for each in details(registry) if holds(parse(text), each)}
    found = registry.search_runs(text, sort=sort)
    assert sorted(run.name for run in found) == sorted(wanted)
    assert registry.count_runs(text, sort=sort) == len(wanted)
    assert [run.name for run in registry.search_runs(text, sort=sort, limit=5)] == [run.name for run in found[:5]]


@pytest.mark.parametrize("few", [1_000, 0])
@given(text=st.one_of(st.none(), FILTERS), sort=SORTS, size=st.integers(1, 25))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_in_both_directions_make_up_the_whole(
    registry: Registry, few: int, monkeypatch: pytest.MonkeyPatch, text: str | None, sort: str | None, size: int
) -> None:
    monkeypatch.setattr(plans, "_FEW", few)
    whole = registry.search_runs_page(text, sort=sort, limit=-1)
    onwards = registry.search_runs_page(text, sort=sort, limit=size)
    while page := registry.search_runs_page(text, sort=sort, limit=size, after=onwards[-1].place) if onwards else []:
        onwards += page
    assert onwards == whole
    back = registry.search_runs_page(text, sort=sort, limit=size, from_end=True)
    while page := registry.search_runs_page(text, sort=sort, limit=size, before=back[0].place) if back else []:
        back = page + back
    assert back == whole
    for place in range(0, len(whole), 7):
        assert registry.count_runs(text, sort=sort, ahead_of=whole[place].place) == place
        skipped = registry.search_runs_page(text, sort=sort, limit=size, skip=place)
        assert skipped == whole[place : place + size]


@pytest.mark.parametrize("few", [1_000, 0])
@pytest.mark.parametrize("where", [None, "name LIKE 'try-%'", "status = 'finished' AND NOT name = 'x'"])
@pytest.mark.parametrize("sort", ["metrics.auc asc", "metrics.auc desc"])
def test_nan_stands_after_numbers_and_what_lacks_the_field_last_either_way(
    registry: Registry, few: int, where: str | None, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "_FEW", few)
    values = [{m.name: m.last for m in each.metrics}.get("auc") for each in details(registry)]
    numbers = sorted((each for each in values if each is not None and not math.isnan(each)), reverse="desc" in sort)
    nans = sum(each is not None and math.isnan(each) for each in values)
    found = registry.search_runs_page(where, sort=sort, limit=-1)
    places = [each.place.value for each in found]
    assert places == [*numbers, *[b""] * nans, *[None] * values.count(None)]
    assert 0 < nans < len(numbers)
    for start, end in ((len(numbers), len(numbers) + nans), (len(numbers) + nans, None)):
        same = [each.place.number for each in found[start:end]]
        assert same == sorted(same, reverse=True), "the newest first among equals"


def test_versions_with_nan_stand_after_numbers_and_before_those_without(tmp_path: Path) -> None:
    with create_registry(tmp_path / "registry") as made:
        for auc in (0.5, math.nan, None, 0.9, math.nan, None, -math.inf):
            made.register("m", metrics={} if auc is None else {"auc": auc}, scheme="sequence")
        stand_as(made, "metrics.auc desc", "4175263")
        stand_as(made, "metrics.auc asc", "7145263")
        made.evaluate("m:3", {"auc": math.nan})  # what was found later is read in another way
        stand_as(made, "metrics.auc desc", "4175326")
        stand_as(made, "metrics.auc asc", "7145326")


@pytest.mark.parametrize("few", [1_000, 0])
@pytest.mark.parametrize("part", ["min", "max", "best", "last"])
@pytest.mark.parametrize("way", ["asc", "desc"])
def test_the_least_greatest_best_and_last_value_of_a_metric_are_sorted_by(
    registry: Registry, few: int, part: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "_FEW", few)
    values = [{m.name: getattr(m, part) for m in each.metrics}.get("auc") for each in details(registry)]
    numbers = sorted((each for each in values if each is not None and not math.isnan(each)), reverse=way == "desc")
    places = [each.place.value for each in registry.search_runs_page(sort=f"metrics.auc.{part} {way}", limit=-1)]
    assert places[: len(numbers)] == numbers
    assert set(places[len(numbers) :]) == {b"", None}


def test_a_part_of_a_metric_gives_way_to_a_metric_of_that_name(tmp_path: Path) -> None:
    with create_registry(tmp_path / "registry") as made:
        with made.start_run("e", name="one") as run:
            run.log_metric("x.max", 1.0)
            run.log_metric("x", 3.0)
            run.log_metric("strange", 1.0)
        assert made.search_runs("metrics.x.max = 1")
        assert made.search_runs("x.max = 1")
        assert made.search_runs("metrics.x.min = 3")
        for wrong, why in (
            ("metrics.strange.best > 0", "nobody said whether higher or lower"),
            ("metrics.strange.median > 0", "no run has a metric strange.median"),
            ("metrics.y.max > 0", "no run has a metric y.max"),
        ):
            with pytest.raises(BadFilter, match=why):
                made.search_runs(wrong)
        made.register("m", metrics={"auc": 0.5})
        with pytest.raises(BadFilter, match="a version has one value of auc"):
            made.search_versions("m", "metrics.auc.max > 0")


def stand_as(made: Registry, sort: str, labels: str) -> None:
    assert "".join(version.label for version in made.search_versions("m", sort=sort)) == labels
    pages = made.search_versions_page("m", sort=sort, limit=2)
    while page := made.search_versions_page("m", sort=sort, limit=2, after=pages[-1].place):
        pages += page
    assert "".join(each.item.label for each in pages) == labels
    pages = made.search_versions_page("m", sort=sort, limit=2, from_end=True)
    while page := made.search_versions_page("m", sort=sort, limit=2, before=pages[0].place):
        pages = page + pages
    assert "".join(each.item.label for each in pages) == labels


def test_metrics_are_sorted_the_best_first(registry: Registry) -> None:
    assert [each.place.value for each in registry.search_runs_page(sort="metrics.auc", limit=1)] == [0.95]
    assert [each.place.value for each in registry.search_runs_page(sort="val/loss", limit=1)] == [0.0]
    assert [each.place.value for each in registry.search_runs_page(sort="-val/loss", limit=1)] == [math.inf]


def test_values_that_are_no_numbers_are_found_as_such(registry: Registry) -> None:
    diverged = {each.run.name for each in details(registry) if any(math.isnan(m.last) for m in each.metrics)}
    assert {run.name for run in registry.search_runs("metrics.auc = nan")} == diverged != set()
    assert not diverged & {run.name for run in registry.search_runs("NOT metrics.auc > 0")}


@pytest.mark.parametrize(
    ("text", "at", "why", "hint"),
    [
        ("metrics.acu > 0.9", 0, "no run has a metric acu", "metrics.auc"),
        ("params.lr = 0.1 AND tags.taem = 'risk'", 20, "no run has a tag taem", "tags.team"),
        ("statsu = 'failed'", 0, "a run has no statsu", "status"),
        ("status = failed", 9, "a run has no failed", "texts stand in quotes"),
        ("metrics.loss > 0", 0, "no run has a metric loss", "metrics.val/loss"),
        ("metrics.auc > 'high'", 14, "metrics.auc is a number", None),
        ("name - 1 > 3", 0, "name is no number", None),
        ("started > 'soon'", 10, "'soon' is no time", "7 days ago"),
        ("duration > 'soon'", 11, "duration is a number", "2 hours"),
        ("metrics.auc > live.metrics.auc", 14, "live. is only for gates", "stage = 'production'"),
        ("metrics.auc LIKE '0%'", 0, "is a number, no text", None),
        ("name LIKE name", 10, "a pattern stands in quotes", "LIKE"),
        ("metrics.auc < nan", 14, "NaN is neither", None),
        ("dataset = name", 0, "several values", None),
        ("name LIKE '%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%'", 10, "at most 20 %", None),
        ("'!!' AND name = 'a'", 0, "no letter and no digit", None),
    ],
)
def test_a_filter_that_asks_for_nonsense_is_told_where(
    registry: Registry, text: str, at: int, why: str, hint: str | None
) -> None:
    with pytest.raises(BadFilter) as caught:
        registry.search_runs(text)
    assert why in str(caught.value)
    assert caught.value.data["at"] == at
    assert hint is None or hint in (caught.value.hint or "")
    assert caught.value.pointer[1].index("^") == at


@pytest.mark.parametrize("sort", ["acu", "metrics.acu", "", "-", "metrics.auc sideways", "live.metrics.auc"])
def test_an_order_by_what_there_is_not_is_told(registry: Registry, sort: str) -> None:
    with pytest.raises(BadFilter):
        registry.search_runs(sort=sort)


def test_a_search_can_be_called_off(registry: Registry) -> None:
    from lineal.errors import Cancelled

    slow = " OR ".join(f"(name LIKE '%{number}%x' AND experiment LIKE '%{number}y')" for number in range(90))
    with pytest.raises(Cancelled):
        registry.search_runs(slow, stopped=lambda: True)
    assert registry.search_runs("name = 'try-01'", stopped=lambda: False)


def test_a_registry_without_metrics_has_no_runs_with_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    with create_registry(tmp_path_factory.mktemp("empty") / "registry") as empty:
        assert empty.search_runs("metrics.auc > 0.9 AND NOT tags.team = 'risk'", sort="metrics.auc") == []
        assert empty.search_versions(None, "metrics.auc > 0.9 OR stage = 'production'") == []
        assert empty.search_datasets("rows > 10") == []
        assert empty.count_runs("digits") == 0
