"""The figures at the left of a plot are round, and stand where their values are drawn."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal_tui.view.drawing.braille import DOWN, Heights
from lineal_tui.view.training.axis_labels import axis_labels


def labels(low: float, high: float, rows: int = 20, *, logarithmic: bool = False) -> list[str]:
    heights = Heights(low, high, rows * DOWN, logarithmic=logarithmic)
    found = axis_labels(low, high, rows, heights, lambda value, _span: f"{value:.4g}", logarithmic=logarithmic)
    assert len(found) == rows
    return [text for text in found if text]


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.02758, 58.72, ["50", "40", "30", "20", "10"]),
        (0.9772, 0.9947, ["0.990", "0.985", "0.980"]),
        (-1.2, 1.1, ["1.0", "0.5", "0.0", "-0.5", "-1.0"]),
        (0.0, 100_000.0, ["100,000", "80,000", "60,000", "40,000", "20,000", "0"]),
        (5.0, 5.0000000001, ["5", "5", "5", "5", "5"]),
    ],
)
def test_steps_are_round(low: float, high: float, wanted: list[str]) -> None:
    assert labels(low, high) == wanted


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    assert labels(3e-4, 20.0, logarithmic=True) == ["10", "1", "0.1", "0.01", "0.001"]
    assert labels(1.0, 90.0, 40, logarithmic=True) == ["50", "20", "10", "5", "2", "1"]


@given(
    st.floats(-1e300, 1e300), st.floats(min_value=1e-300, max_value=1e300), st.integers(1, 60), st.booleans()
)  # fmt: skip
def test_any_span_has_labels_in_order(low: float, span: float, rows: int, logarithmic: bool) -> None:
    low = abs(low) + 1e-300 if logarithmic else low
    high = low + span
    if low < high < math.inf:
        assert labels(low, high, rows, logarithmic=logarithmic)
