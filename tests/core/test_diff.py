"""Versions and runs side by side, field by field."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.diff import diff, run_diff
from lineal.errors import UsageError
from lineal.records.base import Digest, Micros, RunId
from lineal.records.comparison import Diff, DiffRow, Kind, Section, Verdict
from lineal.records.models import (
    Architecture,
    Artifact,
    FileEntry,
    MetricValue,
    Tensor,
    VersionDetail,
)
from lineal.records.runs import (
    CodeState,
    Direction,
    Environment,
    MetricDefinition,
    MetricSeries,
    Run,
    RunData,
    RunDetail,
    RunKind,
    RunStatus,
)

if TYPE_CHECKING:
    from tests.core.versions_to_compare import detail
else:
    from versions_to_compare import detail


def digest(text: str) -> Digest:
    return Digest("sha256:" + text.encode().hex().ljust(64, "0")[:64])


def measured(
    value: float, dataset: str | None = None, *, tolerance: float = 0, datasets: tuple[RunData, ...] = ()
) -> VersionDetail:
    definition = MetricDefinition("auc", Direction.HIGHER, tolerance)
    return detail(
        metrics={"auc": MetricValue("auc", value, dataset)}, definitions={"auc": definition}, datasets=datasets
    )


def only(comparison: Diff, section: Section, field: str) -> DiffRow:
    [row] = [row for row in comparison.rows if (row.section, row.field) == (section, field)]
    return row


def auc(*details: VersionDetail) -> DiffRow:
    return only(diff(details), Section.METRIC, "auc")


def test_one_version_alone_has_no_difference() -> None:
    with pytest.raises(UsageError, match="two or more"):
        diff([detail()])


def test_the_versions_are_named_and_the_rows_are_in_the_order_of_sections() -> None:
    full = detail(
        "2.0.0",
        params={"lr": 0.1, "depth": 3},
        metrics={"auc": MetricValue("auc", 0.9, None)},
        datasets=(RunData("customers", "1", "train", digest("a")),),
        tags={"team": "risk"},
        seed=7,
        command=("python", "train me.py"),
    )
    comparison = diff([detail(), full])
    assert comparison.versions == ("fraud:1.0.0", "fraud:2.0.0")
    places = [list(Section).index(row.section) for row in comparison.rows]
    assert places == sorted(places)
    assert [row.field for row in comparison.rows if row.section is Section.PARAM] == ["depth", "lr"]
    assert {row.verdict for row in comparison.rows} == {Verdict.ADDED}
    assert {row.verdict for row in diff([full, detail()]).rows} == {Verdict.REMOVED}
    assert only(comparison, Section.CODE, "command").values == (None, "python 'train me.py'")


def test_a_metric_is_better_worse_or_noise() -> None:
    assert (auc(measured(0.9), measured(0.92)).verdict, auc(measured(0.9), measured(0.8)).verdict) == (
        Verdict.BETTER,
        Verdict.WORSE,
    )
    row = auc(measured(0.9), measured(0.901, tolerance=0.001))
    assert (row.verdict, row.note) == (Verdict.SAME, "within tolerance")
    assert row.delta == pytest.approx(0.001)


def test_values_measured_on_different_data_are_not_compared() -> None:
    row = auc(measured(0.9, "data:h:1"), measured(0.92, "data:h:2"))
    assert (row.verdict, row.delta) == (Verdict.CHANGED, None)
    assert row.note == "not comparable: measured on data:h:1 and data:h:2"
    row = auc(measured(0.9, "data:h:1"), measured(0.9))
    assert (row.verdict, row.note) == (Verdict.CHANGED, "not comparable: measured on data:h:1 and data not named")


def test_two_labels_of_the_same_bytes_are_the_same_data() -> None:
    one = measured(0.9, "data:h:1", datasets=(RunData("h", "1", "test", digest("a")),))
    two = measured(0.92, "data:h:2", datasets=(RunData("h", "2", "test", digest("a")),))
    assert auc(one, two).verdict is Verdict.BETTER


def test_nan_and_infinity_are_values_like_others() -> None:
    assert auc(measured(math.nan), measured(math.nan)).verdict is Verdict.SAME
    assert auc(measured(0.9), measured(math.nan)).verdict is Verdict.WORSE
    assert auc(measured(0.9), measured(math.nan)).delta is None
    assert auc(measured(0.9), measured(math.inf)).verdict is Verdict.BETTER
    assert auc(measured(math.inf), measured(math.inf)).verdict is Verdict.SAME


def test_of_three_versions_the_last_counts_and_same_means_all() -> None:
    assert auc(measured(0.9), measured(0.5), measured(0.92)).verdict is Verdict.BETTER
    assert auc(measured(0.9), measured(0.5), measured(0.9)).verdict is Verdict.CHANGED
    assert auc(measured(0.9), detail(), measured(0.9)).verdict is Verdict.CHANGED
    assert auc(measured(0.9), measured(0.9), measured(0.9)).verdict is Verdict.SAME
    assert auc(detail(), measured(0.9), detail()).verdict is Verdict.CHANGED


@pytest.mark.parametrize(
    ("old", "new", "verdict", "delta"),
    [
        (1, 1.0, Verdict.SAME, 0),
        (1, 3, Verdict.CHANGED, 2),
        (0.5, 1, Verdict.CHANGED, 0.5),
        (1, True, Verdict.CHANGED, None),
        ("1", 1, Verdict.CHANGED, None),
        (math.nan, math.nan, Verdict.SAME, None),
        (None, 1, Verdict.CHANGED, None),
        (10**400, 1, Verdict.CHANGED, None),
    ],
)
def test_params_compare_by_value(old: object, new: object, verdict: Verdict, delta: float | None) -> None:
    row = only(diff([detail(params={"p": old}), detail(params={"p": new})]), Section.PARAM, "p")
    assert (row.verdict, row.delta) == (verdict, delta)


def test_a_param_set_to_nothing_is_not_a_missing_one() -> None:
    row = only(diff([detail(), detail(params={"p": None})]), Section.PARAM, "p")
    assert (row.verdict, row.values) == (Verdict.ADDED, (None, None))


def test_datasets_compare_by_label_and_bytes() -> None:
    def trained(*data: tuple[str, str]) -> VersionDetail:
        return detail(datasets=tuple(RunData("c", label, "train", digest(bytes_)) for label, bytes_ in data))

    def row(one: VersionDetail, other: VersionDetail) -> DiffRow:
        return only(diff([one, other]), Section.DATASET, "c (train)")

    assert row(trained(("1", "a")), trained(("1", "a"))).verdict is Verdict.SAME
    assert row(trained(("1", "a")), trained(("2", "b"))).note is None
    assert row(trained(("1", "a")), trained(("2", "a"))).note == "same bytes"
    assert row(trained(("1", "a")), trained(("1", "b"))).note == "other bytes under the same label"
    assert row(trained(("1", "a")), trained(("2", "b"), ("1", "a"))).values == ("1", "1, 2")


def environment(**packages: str) -> Environment:
    return Environment(
        digest("".join(packages.values())),
        "3.11.2",
        "CPython",
        "Linux",
        tuple(sorted(packages.items())),
        "a cpu",
        2,
        2**33,
        (),
    )


def test_environments_differ_by_package() -> None:
    comparison = diff([detail(environment=environment(a="1", b="1")), detail(environment=environment(a="2", c="1"))])
    rows = {row.field: row.verdict for row in comparison.changed}
    assert rows == {
        "package a": Verdict.CHANGED,
        "package b": Verdict.REMOVED,
        "package c": Verdict.ADDED,
    }
    assert only(comparison, Section.ENVIRONMENT, "python").verdict is Verdict.SAME


def test_an_environment_beside_none_is_one_row() -> None:
    [row] = diff([detail(), detail(environment=environment(a="1", b="2"))]).rows
    assert (row.field, row.verdict) == ("environment", Verdict.ADDED)


def test_code_shows_a_dirty_tree() -> None:
    clean = CodeState("c" * 40, "main", dirty=False, repository="/src")
    comparison = diff([detail(code=clean, seed=1), detail(code=replace(clean, dirty=True), seed=2)])
    assert [(row.field, row.values) for row in comparison.changed] == [("dirty", (False, True)), ("seed", (1, 2))]


def architecture(*tensors: Tensor, **metadata: str) -> Architecture:
    return Architecture(digest(str(len(tensors))), "safetensors", 10, tensors, metadata)


def test_tensors_have_a_row_where_their_shape_differs_and_a_count_of_changed_values() -> None:
    one = architecture(
        Tensor("a", "F32", (2, 3), digest("a")),
        Tensor("b", "F32", (4,), digest("b")),
        Tensor("d", "F32", (), digest("d")),
    )
    two = architecture(
        Tensor("a", "F32", (2, 4), digest("A")),
        Tensor("b", "F32", (4,), digest("B")),
        Tensor("c", "F16", (), digest("c")),
    )
    comparison = diff([detail(architecture=one), detail(architecture=two)])
    rows = {row.field: row for row in comparison.rows}
    assert rows["tensor a"].values == ("F32 [2, 3]", "F32 [2, 4]")
    assert rows["tensor c"].verdict is Verdict.ADDED
    assert rows["tensor d"].verdict is Verdict.REMOVED
    assert (rows["tensor b"].kind, rows["tensor b"].under) == (Kind.VALUES, "tensors")
    assert rows["tensors"].verdict is Verdict.CHANGED
    assert rows["tensors"].note == "1 added, 1 removed, 1 reshaped, 1 other values, of 4"
    assert only(diff([detail(architecture=one)] * 2), Section.ARCHITECTURE, "tensors").verdict is Verdict.SAME


def test_signatures_and_files_differ() -> None:
    def filed(bytes_: str) -> Artifact:
        return Artifact(digest(bytes_), (FileEntry("model.npy", digest(bytes_), 1234),), 1234)

    comparison = diff(
        [
            detail(artifact=filed("a"), signature={"inputs": ["x"]}),
            detail(artifact=filed("b"), signature={"inputs": ["x", "y"]}),
        ]
    )
    assert only(comparison, Section.FILE, "model.npy").values == (
        "610000000000 1,234 bytes",
        "620000000000 1,234 bytes",
    )
    assert only(comparison, Section.ARCHITECTURE, "signature inputs[0]").verdict is Verdict.SAME
    assert only(comparison, Section.ARCHITECTURE, "signature inputs[1]").values == (None, "y")


def run(name: str, last: float, best: float, **more: object) -> RunDetail:
    series = MetricSeries(1, "loss", 3, last, 2, Micros(0), best, last, best, None)
    record = Run(1, RunId(name * 32), name, "churn", RunKind.TRAIN, RunStatus.FINISHED, Micros(0), Micros(1), "ada")
    return replace(RunDetail(record, metrics=(series,)), **more)  # type: ignore[arg-type]


def test_runs_compare_by_their_last_and_best_values() -> None:
    comparison = run_diff([run("a", 0.4, 0.1, params={"lr": 1}), run("b", 0.3, 0.2, params={"lr": 2})])
    assert comparison.versions == ("run:" + "a" * 32, "run:" + "b" * 32)
    assert only(comparison, Section.METRIC, "loss").verdict is Verdict.BETTER
    assert only(comparison, Section.METRIC, "loss (best)").verdict is Verdict.WORSE
    assert only(comparison, Section.PARAM, "lr").delta == 1
    once = run_diff([run("a", 0.4, 0.4), run("b", 0.3, 0.3)])
    assert [row.field for row in once.rows if row.section is Section.METRIC] == ["loss"], "the best value is the last"
    upwards = {"loss": MetricDefinition("loss", Direction.HIGHER)}
    assert (
        only(run_diff([run("a", 0.4, 0), run("b", 0.3, 0)], upwards), Section.METRIC, "loss").verdict is Verdict.WORSE
    )


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
params = st.dictionaries(st.sampled_from("abc"), scalars)


@given(st.lists(params, min_size=2, max_size=4))
def test_a_version_beside_itself_never_differs_and_no_field_is_lost(sides: list[dict[str, object]]) -> None:
    assert not diff([detail(params=sides[0]), detail(params=sides[0])]).changed
    comparison = diff([detail(params=side) for side in sides])
    assert {row.field for row in comparison.rows} == {name for side in sides for name in side}
    assert all(len(row.values) == len(sides) for row in comparison.rows)
