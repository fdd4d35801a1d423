"""What canonical JSON promises: one text for one value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.errors import BadValue
from lineal.rules.canonical import canonical_json

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_was_written_reads_back_as_it_was(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(texts, values, min_size=2, max_size=5))
def test_the_order_of_keys_makes_no_difference(mapping: dict[str, object]) -> None:
    assert canonical_json(mapping) == canonical_json(dict(reversed(mapping.items())))


def test_it_has_no_spaces_and_keeps_text_as_it_is() -> None:
    assert canonical_json({"b": (1, 2.5), "a": "ü→"}) == '{"a":"ü→","b":[1,2.5]}'


def test_what_json_cannot_say_becomes_a_string() -> None:
    value = {"x": [float("nan"), float("inf"), {"y": float("-inf")}]}
    assert canonical_json(value) == '{"x":["NaN","Infinity",{"y":"-Infinity"}]}'


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BadValue, match="not valid Unicode"):
        canonical_json({"name": "a\ud800"})


def test_a_thing_without_json_form_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        canonical_json({"x": object()})
