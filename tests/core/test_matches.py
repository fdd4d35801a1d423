from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.queries.matches import pattern
from lineal.registry import Registry, create_registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with create_registry(tmp_path_factory.mktemp("matches") / "registry") as made:
        made.register("fraud", label="1.0.0", owner="Dana", notes="mixup 0.4", tags={"team": "risk"})
        made.register("fraud", label="1.1.0", owner="lee", purpose="stop fraud at 100% of tills", notes="a_b")
        made.register("fraud", label="2.0.0", owner="lee", notes="no mixup, axb")
        made.register("churn", label="1.0.0", owner="Dana", notes="mixup")
        made.promote("fraud:2.0.0", "staging")
        made.mark("fraud:1.1.0", "bad")
        yield made


def labels(registry: Registry, *words: str) -> list[str]:
    return [version.label for version in registry.versions_by_id([row for row, _ in found(registry, *words)])]


def found(registry: Registry, *words: str) -> list[tuple[int, int]]:
    return registry.version_matches("fraud", words)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", ["2.0.0", "1.1.0", "1.0.0"]),
        ("mixup", ["2.0.0", "1.0.0"]),
        ("MIXUP dana", ["1.0.0"]),
        ("risk", ["1.0.0"]),
        ("team", ["1.0.0"]),
        ("stag", ["2.0.0"]),
        ("bad", ["1.1.0"]),
        ("tills", ["1.1.0"]),
        ("2.0", ["2.0.0"]),
        ("lee -", []),
        ("%", ["1.1.0"]),
        ("a_b", ["1.1.0"]),
        ("\\", []),
    ],
)
def test_words_are_looked_for_in_all_that_a_version_says_of_itself(
    registry: Registry, words: str, wanted: list[str]
) -> None:
    assert labels(registry, *words.split()) == wanted


def test_a_stretch_is_read_alone(registry: Registry) -> None:
    assert [seq for _, seq in registry.version_matches("fraud", ["1.0.0"], before=3)] == [1]
    assert [seq for _, seq in registry.version_matches("fraud", [], before=3, after=1)] == [2]


def test_what_is_gone_is_left_out(registry: Registry) -> None:
    assert registry.versions_by_id([999]) == []


@given(st.text(max_size=8))
def test_any_word_is_taken_as_it_stands(word: str) -> None:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    around = f"x{word}y"
    hit = connection.execute(r"SELECT ? LIKE ? ESCAPE '\'", (around, pattern(word))).fetchone()[0]
    connection.close()
    assert hit == 1 or "\x00" in word
