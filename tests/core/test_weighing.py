"""Expressions of gates: what they come to, with what is missing, measured elsewhere, or not live at all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lineal.errors import BadFilter
from lineal.gates import expressions
from lineal.gates.facts import Facts, Measured, Param
from lineal.gates.weighing import weigh
from lineal.records.base import Micros
from lineal.search.parsing import parse
from lineal.search.terms import Both, Comparison, Either, Field, Literal, Missing, Not, Term

NOW = Micros(1_767_225_600_000_000)
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def _metric(value: float, data: str | None = A, *, later: bool = False) -> Measured:
    return Measured(value, data, None if data is None else f"data:test:{data[7]}", later)


def _facts(ref: str = "m:2", **metrics: Measured | tuple[Measured, ...]) -> Facts:
    return Facts(ref, {name: (each,) if isinstance(each, Measured) else each for name, each in metrics.items()})


NEW = _facts(auc=_metric(0.9402), nan=_metric(math.nan))
OLD = _facts("m:1", auc=_metric(0.9362))


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("metrics.auc > 0.94", True),
        ("metrics.auc > 0.95", False),
        ("metrics.auc >= live.metrics.auc - 0.005", True),
        ("metrics.auc - live.metrics.auc > 0.005", False),
        ("metrics.auc > live.metrics.auc * 2", False),
        ("metrics.auc / 0 > 1", None),
        ("metrics.f1 > 0", None),
        ("NOT metrics.f1 > 0", None),
        ("metrics.f1 > 0 AND metrics.auc < 0", False),
        ("metrics.f1 > 0 OR metrics.auc > 0", True),
        ("metrics.f1 > 0 OR metrics.auc < 0", None),
        ("metrics.nan > 0", None),
        ("NOT metrics.nan > 0", None),
        ("metrics.nan IS NULL", True),
        ("metrics.f1 IS NULL", True),
        ("metrics.auc IS NOT NULL", True),
        ("metrics.auc IN (0.9402, 1)", True),
        ("metrics.auc NOT IN (1, 2)", True),
        ("metrics.f1 NOT IN (1, 2)", None),
        ("0.9 < metrics.auc", True),
    ],
)
def test_an_expression_is_true_false_or_neither(text: str, truth: bool | None) -> None:
    assert weigh(parse(text), NEW, OLD, NOW).truth is truth


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc >= live.metrics.auc",
        "NOT metrics.auc < live.metrics.auc",
        "live.metrics.f1 > 3",
        "NOT (live.metrics.f1 > 3 OR metrics.auc < live.metrics.auc)",
        "live.owner IS NULL AND NOT live.owner IS NULL",
    ],
)
def test_with_nothing_live_a_comparison_with_it_is_no_obstacle(text: str) -> None:
    weighed = weigh(parse(text), NEW, None, NOW)
    assert weighed.truth is True
    assert "nothing is live there" in weighed.saw


def test_with_nothing_live_the_rest_still_counts() -> None:
    assert weigh(parse("metrics.auc > live.metrics.auc AND metrics.auc > 0.95"), NEW, None, NOW).truth is False


def test_the_figures_that_were_wanted_and_seen_are_told() -> None:
    check = expressions.check("metrics.auc >= live.metrics.auc - 0.005", NEW, OLD, NOW)
    assert check.passed
    assert check.wanted == "metrics.auc >= live.metrics.auc - 0.005 (0.9312)"
    assert check.saw == "metrics.auc 0.9402, live.metrics.auc 0.9362"


def test_a_metric_that_is_missing_is_named_with_whose_it_is() -> None:
    assert "m:2 has no metric f1" in weigh(parse("metrics.f1 > 0"), NEW, OLD, NOW).saw
    assert "m:1 has no metric f1" in weigh(parse("metrics.auc > live.metrics.f1"), NEW, OLD, NOW).saw


def test_values_that_were_measured_on_other_data_do_not_compare() -> None:
    other = _facts("m:1", auc=_metric(0.1, B))
    weighed = weigh(parse("metrics.auc > live.metrics.auc"), NEW, other, NOW)
    assert weighed.truth is None
    assert "measured on other data: metrics.auc on data:test:a, live.metrics.auc on data:test:b" in weighed.saw
    unsaid = _facts("m:1", auc=_metric(0.1, None))
    assert weigh(parse("metrics.auc > live.metrics.auc"), NEW, unsaid, NOW).truth is None
    assert weigh(parse("NOT metrics.auc < live.metrics.auc"), NEW, unsaid, NOW).truth is None


def test_values_of_which_nobody_said_the_data_compare() -> None:
    new, old = _facts(auc=_metric(0.9, None)), _facts("m:1", auc=_metric(0.8, None))
    assert weigh(parse("metrics.auc > live.metrics.auc"), new, old, NOW).truth is True


def test_a_later_evaluation_on_the_same_data_counts_and_is_told() -> None:
    new = _facts(auc=(_metric(0.9), _metric(0.7, B, later=True), _metric(0.8, later=True)))
    weighed = weigh(parse("metrics.auc > 0.85"), new, None, NOW)
    assert weighed.truth is False
    assert weighed.saw == "metrics.auc 0.8 (evaluated later)"


def test_an_evaluation_on_what_the_live_one_was_measured_on_makes_them_comparable() -> None:
    new = _facts(auc=(_metric(0.9), _metric(0.7, B, later=True)))
    old = _facts("m:1", auc=_metric(0.8, B))
    weighed = weigh(parse("metrics.auc > live.metrics.auc"), new, old, NOW)
    assert weighed.truth is False
    assert "0.7" in weighed.saw


def test_of_different_metrics_each_may_be_measured_on_its_own_data() -> None:
    new = _facts(loss=_metric(0.2), train=_metric(0.1, B))
    old = _facts("m:1", loss=_metric(0.2), train=_metric(0.2, B))
    text = "metrics.loss / metrics.train > live.metrics.loss / live.metrics.train"
    assert weigh(parse(text), new, old, NOW).truth is True
    assert weigh(parse("metrics.loss < live.metrics.train"), new, old, NOW).truth is None


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("owner = 'ana'", True),
        ("owner LIKE 'AN%'", True),
        ("owner NOT LIKE 'b%'", True),
        ("stage = 'staging'", True),
        ("stage != 'staging'", False),
        ("stage = 'production'", False),
        ("params.lr = 0.01", True),
        ("params.lr = '0.01'", True),
        ("params.lr < 0.1", True),
        ("params.opt = 'adam'", True),
        ("params.opt > 3", None),
        ("tags.`a b` = 'x'", True),
        ("created > '7 days ago'", True),
        ("created < '7 days ago'", False),
        ("created = '2025-12-29'", True),
        ("bytes < '10 MB'", True),
        ("digest = 'sha256:abc'", True),
        ("status = 'ACTIVE'", True),
        ("description IS NULL", True),
        ("params.lr = live.params.lr", True),
        ("owner = live.owner", False),
    ],
)
def test_attributes_params_and_tags_compare_as_in_a_search(text: str, truth: bool | None) -> None:
    new = Facts(
        "m:2",
        params={"lr": Param("0.01", 0.01), "opt": Param("adam", None)},
        tags={"a b": "x"},
        attributes={
            "owner": ("ana",),
            "stage": ("staging", "canary"),
            "created": (1_767_000_000_000_000,),
            "bytes": (5_000_000,),
            "digest": ("sha256:abcdef",),
            "status": ("active",),
        },
    )
    old = Facts("m:1", params={"lr": Param("1e-2", 0.01)}, attributes={"owner": ("ben",)})
    expressions.read(text)
    assert weigh(parse(text), new, old, NOW).truth is truth


@pytest.mark.parametrize(
    ("text", "at"),
    [("ownr = 'a'", 0), ("metrics.auc > 0.9 AND live.ownr = 1", 22), ("digits", 0), ("metrics.auc >", 13), ("", 0)],
)
def test_an_expression_that_makes_no_sense_is_pointed_at(text: str, at: int) -> None:
    with pytest.raises(BadFilter) as caught:
        expressions.read(text)
    assert caught.value.data["at"] == at


def test_the_nearest_field_is_named() -> None:
    with pytest.raises(BadFilter) as caught:
        expressions.read("live.ownr = 'a'")
    assert "live.owner" in caught.value.nearest


_NUMBERS = some.sampled_from([-1.0, 0.0, 0.5, 1.0])
_FIELDS = some.builds(Field, some.just("metrics"), some.sampled_from("xyz"), some.just(0), some.booleans())
_LEAVES: some.SearchStrategy[Term] = some.one_of(
    some.builds(
        Comparison,
        some.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        _FIELDS,
        some.one_of(_FIELDS, some.builds(Literal, _NUMBERS, some.just(0))),
        some.just(0),
    ),
    some.builds(Missing, _FIELDS, some.booleans(), some.just(0)),
)
_TERMS = some.recursive(
    _LEAVES,
    lambda inner: some.one_of(
        some.builds(Not, inner),
        some.builds(Both, some.lists(inner, min_size=2, max_size=3).map(tuple)),
        some.builds(Either, some.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
_MEASURED = some.dictionaries(some.sampled_from("xyz"), _NUMBERS)


def _sql(term: Term) -> str:
    """The same in SQL over two rows of columns, which has three truth values of its own."""
    match term:
        case Not(inner):
            return f"NOT ({_sql(inner)})"
        case Both(terms):
            return " AND ".join(f"({_sql(each)})" for each in terms)
        case Either(terms):
            return " OR ".join(f"({_sql(each)})" for each in terms)
        case Comparison(sign, left, right):
            return f"{_operand(left)} {sign} {_operand(right)}"
        case Missing(operand, negated):
            return f"{_operand(operand)} IS {'NOT ' if negated else ''}NULL"
    raise AssertionError(term)


def _operand(operand: object) -> str:
    if isinstance(operand, Field):
        return f"{'o' if operand.of_live else 'n'}.{operand.name}"
    assert isinstance(operand, Literal)
    return repr(operand.value)


@given(_TERMS, _MEASURED, _MEASURED)
def test_every_expression_comes_to_what_sql_makes_of_it(
    term: Term, new: dict[str, float], old: dict[str, float]
) -> None:
    import sqlite3
    from contextlib import closing

    columns = ", ".join(f"?{n + 1} AS {name}" for n, name in enumerate("xyz"))
    others = ", ".join(f"?{n + 4} AS {name}" for n, name in enumerate("xyz"))
    with closing(sqlite3.connect(":memory:")) as connection:
        values = [new.get(name) for name in "xyz"] + [old.get(name) for name in "xyz"]
        statement = f"SELECT {_sql(term)} FROM (SELECT {columns}) n, (SELECT {others}) o"  # noqa: S608  made above
        (found,) = connection.execute(statement, values).fetchone()
    weighed = weigh(
        term,
        _facts("m:2", **{name: _metric(value) for name, value in new.items()}),
        _facts("m:1", **{name: _metric(value) for name, value in old.items()}),
        NOW,
    )
    assert weighed.truth == (None if found is None else bool(found))


@given(_TERMS, _MEASURED)
def test_nothing_live_never_makes_an_expression_harder_to_pass(term: Term, new: dict[str, float]) -> None:
    facts = _facts("m:2", **{name: _metric(value) for name, value in new.items()})
    if weigh(term, facts, None, NOW).truth is not True:
        without = _facts("m:1")
        assert weigh(term, facts, without, NOW).truth is not True
