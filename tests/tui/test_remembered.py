"""What a person arranged is there at the next start, and nothing in the file for it can keep one from starting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.registry import open_registry
from lineal_tui.remembered import Place, Table, Unreadable, recall, remember, state_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry


@pytest.fixture
def table(registry: Registry) -> Registry:
    for n in range(4):
        with registry.start_run("search", name=f"run-{n}", params={"lr": n / 10, "depth": 3}) as run:
            run.log_metric("auc", n / 10)
    return registry


def kept(registry: Registry) -> Path:
    return state_file(registry.uid, registry.root)


async def test_one_opens_again_in_the_view_and_on_the_row_that_one_left(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "g", "j", "j")
        assert any(row.startswith("▌ run-1") for row in session.rows)
    async with opened(table) as session:
        assert "all runs" in session.text
        assert any(row.startswith("▌ run-1") for row in session.rows)
        await session.press("escape")
        assert "VERSION" in session.text


async def test_whoever_leaves_by_stepping_out_opens_where_that_began(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "g", "j", "q", "q")
        assert "all runs" not in session.text
    async with opened(table) as session:
        assert "all runs" in session.text
        await session.press("escape", "j")
    async with opened(table) as session:
        assert "all runs" not in session.text


async def test_the_cursor_of_the_tree_is_where_it_was(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("G")
    async with opened(registry) as session:
        assert any(row.startswith("▌ 1.0.0") for row in session.rows)


async def test_whoever_left_on_what_is_live_opens_on_what_is_live_then(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        assert any(row.startswith("▌ 2.1.0") for row in session.rows)
    registry.promote("fraud:2.2.0", "production", reason="newer")
    async with opened(registry) as session:
        assert any(row.startswith("▌ 2.2.0") for row in session.rows)


async def test_columns_widths_and_marks_are_kept(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("7", "c", "slash", *"depth", "enter", "space", "escape", "escape", "g", "space", "space")
        await session.press("l", "greater_than_sign", "greater_than_sign")
        before = next(row for row in session.rows if " RUN " in row)
        assert "depth" not in before
    async with opened(table) as session:
        head = next(row for row in session.rows if " RUN " in row)
        assert "depth" not in head
        assert head.index("AGE") == before.index("AGE")
        assert "2 marked" in session.rows[0]
        assert sum(row.startswith((" •", "▌•")) for row in session.rows) == 2


async def test_filters_are_kept_and_shown(table: Registry, opened: Opening) -> None:
    async with opened(table) as session:
        await session.press("slash", *"2.2", "enter", "7", "e", "slash", *"nothing", "enter", "2")
    async with opened(table) as session:
        assert "/2.2" in session.text
        assert "1 of 5 versions" in session.text
        await session.press("escape")
        assert "1.0.0" in session.text
        await session.press("7", "e")
        assert "/nothing" in session.text
        assert "search " not in session.text


async def test_marks_of_versions_are_kept_by_model(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("g", "space", "space")
    async with opened(registry) as session:
        assert "2 marked" in session.rows[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"model": 1, "stage": 2}',
        '{"model": "fraud", "stage": null, "filters": 7}',
        "[" * 100_000,
    ],
)
async def test_a_broken_file_is_told_once_and_replaced(registry: Registry, opened: Opening, text: str) -> None:
    kept(registry).parent.mkdir(parents=True)
    kept(registry).write_text(text)
    async with opened(registry) as session:
        assert "cannot be read" in session.last
        assert "2.1.0" in session.text
    async with opened(registry) as session:
        assert "cannot be read" not in session.last


async def test_what_is_gone_is_no_obstacle(registry: Registry, opened: Opening) -> None:
    place = Place(
        "gone",
        "nowhere",
        "runs",
        experiment="gone",
        filters=(("runs", "nothing"), ("no view", "x")),
        cursors=(("tree", 999), ("runs", (1, 2)), ("experiments", "gone"), ("no view", 1)),
        marks=(("gone", ((9, "gone:1"),)),),
        marked_runs=((1, 2, "run:dead"),),
        tables=((None, Table((("metric:", 3), ("no:kind", None), ("status", 10_000)), ("bogus", True), -5)),),
    )
    remember(kept(registry), place)
    async with opened(registry) as session:
        await session.press("escape", "escape")
        await session.press("2")
        assert "2.1.0" in session.text


async def test_two_copies_of_a_registry_do_not_share_what_is_kept(
    registry: Registry, opened: Opening, tmp_path: Path
) -> None:
    import shutil

    async with opened(registry) as session:
        await session.press("G")
    shutil.copytree(registry.root, tmp_path / "copy")
    with open_registry(tmp_path / "copy") as copy:
        assert copy.uid == registry.uid
        async with opened(copy) as session:
            assert any(row.startswith("▌ 2.1.0") for row in session.rows)


def test_people_on_a_shared_account_do_not_share_what_is_kept(registry: Registry) -> None:
    paths = {state_file(registry.uid, registry.root, claim) for claim in (None, "dana", "priya")}
    assert len(paths) == 3


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for all examples."""
    return tmp_path_factory.mktemp("kept") / "state.json"


texts = st.text(max_size=12)
keys = st.one_of(st.integers(), texts, st.tuples(st.integers(), st.one_of(st.none(), texts)))
tables = st.builds(
    Table,
    st.none() | st.lists(st.tuples(texts, st.none() | st.integers()), max_size=3).map(tuple),
    st.none() | st.tuples(texts, st.booleans()),
    st.none() | st.integers(),
)


@given(
    st.builds(
        Place,
        st.none() | texts,
        st.none() | texts,
        st.none() | texts,
        st.none() | texts,
        st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        st.booleans(),
        st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        st.lists(st.tuples(texts, keys), max_size=3).map(tuple),
        st.lists(st.tuples(texts, st.lists(st.tuples(st.integers(), texts), max_size=3).map(tuple)), max_size=2).map(
            tuple
        ),
        st.lists(st.tuples(st.integers(), st.integers(), texts), max_size=3).map(tuple),
        st.lists(st.tuples(st.none() | texts, tables), max_size=2).map(tuple),
    )
)
def test_what_is_kept_is_what_was_there(path: Path, place: Place) -> None:
    path.unlink(missing_ok=True)
    remember(path, place)
    assert recall(path) == place


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(Place.__dataclass_fields__)), json_values) | json_values)
def test_any_file_is_read_or_refused(path: Path, found: object) -> None:
    path.write_text(json.dumps(found))
    try:
        recall(path)
    except Unreadable:
        return
