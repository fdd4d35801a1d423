"""Lineage in the application: from anywhere, unfolded, followed and gone back from; datasets; files that open."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.records.comparison import Beyond, Lineage, LineageEdge, LineageNode, NodeKind, Way
from lineal.registry import open_registry
from lineal_tui.places import View
from lineal_tui.view.drawing.lines import line_width
from lineal_tui.view.versioning.lineage import lineage_lines
from lineal_tui.view.versioning.lineage_drawing import lineage_drawing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry


NAMES = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["m:1", "m@s", "data:d:1", "run:0123456789abcdef", "大" * 30, "\x1b]52;c;x\x07", "a\u0301" * 20]
)


@pytest.fixture
def traced(registry: Registry, tmp_path: Path) -> Registry:
    """The usual versions, and data of two versions that a run of another model was trained on."""
    data = tmp_path / "clicks.csv"
    for label, rows in (("jan", "1\n"), ("feb", "1\n2\n")):
        data.write_text("age\n" + rows)
        registry.add_dataset("clicks", data, label=label, parents=["data:clicks:jan"] if label == "feb" else [])
    weights = tmp_path / "model.json"
    weights.write_text('{\n "layers": 3,\n "note": "\x1b]52;c;x"\n}\n')
    with registry.start_run("churn", name="trainer") as run:
        run.use_dataset("clicks", data, label="feb", role="train")
        run.register("churn", weights, label="1.0.0")
    registry.promote("churn:1.0.0", "production")
    return registry


async def test_lineage_opens_from_the_tree_runs_a_run_stages_and_data(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("fraud:2.1.0")
        for keys, sign in (
            (("2", "L"), "lineage of fraud:2.1.0"),
            (("6", "L"), "lineage of fraud:2.1.0"),
            (("7", "L"), "lineage of run:"),
            (("7", "enter", "L"), "lineage of run:"),
            (("9", "L"), "lineage of fraud@"),
            (("0", "L"), "lineage of data:clicks:feb"),
            (("0", "enter", "L"), "lineage of data:clicks:feb"),
        ):
            await session.press(*keys)
            assert sign in session.text, keys
            await session.press("escape")
            assert "lineage of" not in session.rows[1], keys


async def test_a_node_is_followed_and_gone_back_from(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("lineage churn@production")
        assert "lineage of churn@production" in session.text
        assert "╰ live churn:1.0.0" in session.text
        await session.press("j", "j", "enter")
        assert "lineage of churn:1.0.0" in session.text
        assert "esc back (1)" in session.text
        await session.press("escape")
        assert "lineage of churn@production" in session.text
        assert any(row.startswith("▌ ╰ live churn:1.0.0") for row in session.rows)
        await session.press("o")
        assert "why this label" in session.text


async def test_rows_unfold_and_fold(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("lineage churn@production")
        assert "⋯ 1 more" in session.text
        assert "data:clicks:jan" not in session.text
        await session.press("G")
        while "⋯ 1 more" not in next(row for row in session.rows if row.startswith("▌")):
            await session.press("k")
        await session.press("l")
        assert "data:clicks:feb" in session.text
        await session.press("l", "l")
        assert "data:clicks:jan" in session.text
        await session.press("h")
        assert "data:clicks:jan" not in session.text
        assert "⋯ 1 more" in session.text
        await session.press("l")
        assert "data:clicks:jan" in session.text


async def test_the_graph_is_walked_along_its_edges(traced: Registry, opened: Opening) -> None:
    async with opened(traced, (160, 48)) as session:
        await session.say("lineage churn:1.0.0")
        screen = session.workspace
        await session.press("h")
        assert (screen.node_under_cursor()[1] or "").startswith("run:")
        await session.press("h")
        assert screen.node_under_cursor()[1] == "data:clicks:feb"
        assert "clicks jan" not in session.text
        await session.press("h")
        assert "clicks jan" in session.text
        await session.press("minus")
        assert "clicks jan" not in session.text
        await session.press("l", "l", "l")
        assert screen.node_under_cursor()[1] == "churn@production"
        await session.press("l")
        assert "nothing more came from it" in session.last
        await session.press("enter")
        assert "lineage of churn@production" in session.text


async def test_no_key_walks_the_graph_of_another_lineage(traced: Registry, opened: Opening) -> None:
    async with opened(traced, (160, 48)) as session:
        await session.say("fraud:2.1.0")
        await session.press("2", "L")
        await session.type_ahead("colon", *"lineage", "space", *"churn:1.0.0")
        await session.pilot.resize_terminal(40, 10)
        await session.press("enter")
        # the answer came while there was no room to draw it, and the key comes before there is again
        session.workspace.turn_lineage(Way.UP)
        session.workspace.turn_lineage(Way.DOWN)
        assert session.workspace.node_under_cursor()[1] == "churn:1.0.0"
        await session.pilot.resize_terminal(160, 48)
        await session.settle()
        assert "lineage of churn:1.0.0" in session.text
        await session.press("h")
        assert (session.workspace.node_under_cursor()[1] or "").startswith("run:")


async def test_what_changes_in_the_registry_is_seen(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("lineage churn:1.0.0")
        with open_registry(traced.root) as other:
            other.promote("churn:1.0.0", "staging")
        session.workspace.poll()
        await session.settle()
        assert "churn@staging" in session.text


async def test_an_address_without_a_lineage_is_said_to_have_none(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("lineage nobody:1")
        assert "no model 'nobody'" in session.last
        await session.say("lineage churn")
        assert "it names a model" in session.last


async def test_datasets_list_their_versions_and_who_used_them(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("datasets")
        head = next(row for row in session.rows if "clicks" in row)
        assert head.startswith("▌ ▸ clicks")
        assert "used by   1 run, 1 version of models" in session.text
        await session.press("l", "j", "j")
        assert any(row.startswith("▌ · jan") for row in session.rows)
        assert "1 dataset version derived from it" in session.text
        await session.press("h")
        assert any(row.startswith("▌ ▸ clicks") for row in session.rows)
        await session.press("enter")
        assert session.workspace.shown is View.DATASET
        assert "COLUMN" in session.text
        assert "age" in session.text


async def test_a_file_opens_clean_and_esc_leads_back(traced: Registry, opened: Opening) -> None:
    async with opened(traced) as session:
        await session.say("churn:1.0.0")
        await session.press("8")
        assert "model.json" in session.text
        await session.press("enter")
        assert '"layers": 3,' in session.text
        assert "\x1b" not in session.text
        await session.press("escape")
        assert "files of churn:1.0.0" in session.text
        await session.press("g", "enter")
        assert "no file is under the cursor" in session.last


async def test_a_versions_page_tells_what_it_costs(traced: Registry, opened: Opening) -> None:
    async with opened(traced, (100, 60)) as session:
        await session.say("churn:1.0.0")
        await session.press("6")
        assert "of its own" in session.text
        assert "a purge would free" in session.text


async def test_an_empty_registry_has_no_data_and_no_lineage(empty: Registry, opened: Opening) -> None:
    async with opened(empty) as session:
        await session.press("0")
        assert "no data yet" in session.text
        await session.press("L")
        assert "not now" in session.last


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(NodeKind)), min_size=1, max_size=9, unique_by=lambda each: each[0]),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), NAMES), max_size=14),
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from([Way.UP, Way.DOWN]), st.integers(1, 10**7)), max_size=4),
    st.integers(8, 170),
)
@settings(deadline=None, max_examples=150)
def test_any_names_are_drawn_and_listed_clean_and_within_the_width(
    things: list[tuple[str, NodeKind]],
    links: list[tuple[int, int, str]],
    more: list[tuple[int, Way, int]],
    width: int,
) -> None:
    nodes = tuple(LineageNode(name, kind, name) for name, kind in things)
    edges = tuple(
        LineageEdge(nodes[a].id, nodes[b].id, role) for a, b, role in links if a < len(nodes) and b < len(nodes)
    )
    beyond = tuple(Beyond(nodes[at].id, way, count) for at, way, count in more if at < len(nodes))
    lineage = Lineage(nodes[0].id, nodes, edges, truncated=bool(beyond), beyond=beyond)
    drawing = lineage_drawing(lineage, width)
    lines = [*lineage_lines(lineage, width)]
    if drawing is not None:
        lines += drawing.lines(nodes[0].id)
        assert set(drawing.spots) == {node.id for node in nodes}
        assert all(line_width(line) == width for line in drawing.lines(None))
        assert {drawing.nearest(row, column) for row, column in drawing.spots.values()} == set(drawing.spots)
    for line in lines:
        assert not any(unicodedata.category(letter) in ("Cc", "Cs") for text, _ in line for letter in text)
