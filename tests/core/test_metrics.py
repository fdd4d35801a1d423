"""Which way a metric is better, and when one value is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.records.comparison import Verdict
from lineal.records.runs import Direction
from lineal.rules.metrics import better, guess_direction, within

INF = math.inf
NAN = math.nan


@pytest.mark.parametrize(
    "name",
    [
        "auc",
        "val/auc",
        "ROC-AUC",
        "test_f1@0.5",
        "R2",
        "R²",
        "mAP",
        "mAP50",
        "valAccuracy",
        "top5_acc",
        "mIoU",
        "rougeL",
        "samples_per_second",
        "neg_mean_squared_error",
        "log_likelihood",
        "dice score",
        "bleu4",
        "precision_at_10",
    ],
)
def test_higher_is_better(name: str) -> None:
    assert guess_direction(name) is Direction.HIGHER


@pytest.mark.parametrize(
    "name",
    [
        "loss",
        "valLoss",
        "train/log_loss",
        "logloss",
        "RMSE",
        "accuracy_loss",
        "latency_p95",
        "size_bytes",
        "val-WER",
        "false_positive_rate",
        "brier_score",
        "HTTPErrors",
        "fit_seconds",
        "mean_absolute_error",
        "perplexity",
    ],
)
def test_lower_is_better(name: str) -> None:
    assert guess_direction(name) is Direction.LOWER


@pytest.mark.parametrize("name", ["lr", "epoch", "grad_norm", "beta", "", "日本", "12", "lossless", "x" * 10_000])
def test_a_name_that_says_nothing_has_no_direction(name: str) -> None:
    assert guess_direction(name) is None


@pytest.mark.parametrize(
    ("direction", "old", "new", "verdict"),
    [
        (Direction.HIGHER, 1, 2, Verdict.BETTER),
        (Direction.LOWER, 1, 2, Verdict.WORSE),
        (None, 1, 2, Verdict.CHANGED),
        (None, 1, 1.0, Verdict.SAME),
        (Direction.HIGHER, 1, INF, Verdict.BETTER),
        (Direction.HIGHER, INF, INF, Verdict.SAME),
        (Direction.LOWER, INF, -INF, Verdict.BETTER),
        (Direction.LOWER, 1, NAN, Verdict.WORSE),
        (Direction.HIGHER, INF, NAN, Verdict.WORSE),
        (Direction.HIGHER, NAN, -INF, Verdict.BETTER),
        (Direction.HIGHER, NAN, NAN, Verdict.SAME),
        (None, NAN, 1, Verdict.CHANGED),
    ],
)
def test_what_one_value_is_beside_another(
    direction: Direction | None, old: float, new: float, verdict: Verdict
) -> None:
    assert better(direction, 0, old, new) is verdict


def test_differences_up_to_the_tolerance_are_noise() -> None:
    assert better(Direction.HIGHER, 0.001, 0.9362, 0.9372) is Verdict.SAME
    assert better(Direction.HIGHER, 0.001, 0.9362, 0.93721) is Verdict.BETTER
    assert better(Direction.LOWER, 0.001, 0.9362, 0.9352) is Verdict.SAME
    assert not within(INF, 1, INF)


@given(st.floats(), st.floats(), st.floats(0, 10), st.sampled_from(Direction))
def test_what_is_better_one_way_is_worse_the_other(old: float, new: float, tolerance: float, way: Direction) -> None:
    mirror = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER, Verdict.SAME: Verdict.SAME}
    assert better(way, tolerance, new, old) is mirror[better(way, tolerance, old, new)]
