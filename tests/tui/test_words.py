import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.records.base import Micros
from lineal_tui.view.drawing import words

SECOND = 1_000_000
DAY = 86_400


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.93814, "0.9381"),
        (0.2, "0.2000"),
        (0.0123456, "0.01235"),
        (12.3456, "12.35"),
        (1234.5, "1,234"),
        (0.0, "0"),
        (3.1e-5, "3.1e-5"),
        (-0.5, "-0.5000"),
        (float("nan"), "NaN"),
        (float("-inf"), "-inf"),
        (None, "-"),
    ],
)
def test_a_metric_is_shown_with_four_significant_digits(value: float | None, shown: str) -> None:
    assert words.metric(value) == shown


@given(st.floats(-1e9, 1e9))
def test_a_figure_is_short_enough_for_a_column(value: float) -> None:
    assert len(words.figure(value)) <= 9


def test_figures_below_one_have_their_points_under_one_another() -> None:
    assert [words.figure(value) for value in (0.07402, 0.8145, 0.00471, 52.93, 0.00047, 1234567.0, math.nan)] == [
        "0.0740",
        "0.8145",
        "0.0047",
        "52.93",
        "4.7e-4",
        "1.23e6",
        "NaN",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0019, "+.0019"),
        (-0.0072, "-.0072"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.2345, "+1.23"),
        (-12.3, "-12.3"),
        (2e-5, "+2e-5"),
        (0.99999, "+1.00"),
        (math.inf, "+inf"),
        (math.nan, "NaN"),
        (None, ""),
    ],
)
def test_a_delta_has_a_sign_and_no_zero_before_the_point(value: float | None, shown: str) -> None:
    assert words.delta(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "now"), (-5, "now"), (5, "5s"), (7200, "2h"), (36 * 3600, "36h"), (3 * DAY, "3d"), (20 * DAY, "2w")],
)
def test_an_age_fits_four_cells(seconds: int, shown: str) -> None:
    assert words.age(Micros(0), Micros(seconds * SECOND)) == shown


@given(st.integers(0, 90 * 365 * DAY))
def test_no_age_of_a_lifetime_is_wider_than_four_cells(seconds: int) -> None:
    assert len(words.age(Micros(0), Micros(seconds * SECOND))) <= 4


@given(st.floats())
def test_a_parameter_is_shown_without_loss(value: float) -> None:
    shown = float(words.scalar(value))
    assert shown == value or (math.isnan(shown) and math.isnan(value))


def test_parameters_read_as_people_write_them() -> None:
    assert [words.scalar(value) for value in (3e-4, 0.01, True, None, 7, "a\nb", 1e22)] == [
        "3e-4",
        "0.01",
        "true",
        "none",
        "7",
        "a b",
        "1e22",
    ]


def test_counts_and_sizes_carry_their_nouns() -> None:
    assert words.counted(1, "version") == "1 version"
    assert words.counted(1200, "version") == "1,200 versions"
    assert words.size(1536) == "1.5 KiB"
    assert words.size(None) == "-"


def test_times_are_rfc_3339_in_utc() -> None:
    assert words.utc_time(Micros(1_767_225_600_000_000)) == "2026-01-01T00:00:00Z"
    assert words.ago(Micros(0), Micros(3 * DAY * SECOND)) == "3 days ago"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "just now"),
        (1, "1 second ago"),
        (119, "119 seconds ago"),
        (18 * DAY, "2 weeks ago"),
        (70 * DAY, "2 months ago"),
    ],
)
def test_ages_in_words_agree_with_short_ones(seconds: int, told: str) -> None:
    assert words.ago(Micros(0), Micros(seconds * SECOND)) == told
    if seconds:
        assert words.age(Micros(0), Micros(seconds * SECOND))[:-1].rstrip("m") == told.split(maxsplit=1)[0]


def test_a_time_has_its_age_beside_it_and_never_says_now_ago() -> None:
    at = Micros(1_767_225_600_000_000)
    assert words.when(at, at).endswith("(just now)")
    assert words.when(at, Micros(at + 3 * 86_400_000_000)).endswith("(3d ago)")


def test_times_of_a_list_have_seconds_where_two_share_a_minute() -> None:
    at = 1_767_225_600_000_000
    near = words.local_times([Micros(at), Micros(at + 5_000_000)])
    assert [text[-3:] for text in near] == [":00", ":05"]
    assert [len(text) for text in words.local_times([Micros(at), Micros(at + 60_000_000)])] == [16, 16]


@pytest.mark.parametrize(
    ("claim", "shown"),
    [
        (None, "ana"),
        ("as:x", "ana (claims as:x)"),
        ("sudo:y,as:x", "ana (claims sudo:y,as:x)"),
        ("via:models", "ana (via models)"),
        ("via:models,as:x", "ana (via models, claims as:x)"),
        ("as:x,via:models", "ana (claims as:x,via:models)"),
    ],
)
def test_who_vouches_for_a_person_is_told_apart_from_what_is_claimed(claim: str | None, shown: str) -> None:
    assert words.who("ana", claim) == shown
