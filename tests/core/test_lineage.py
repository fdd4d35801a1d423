"""What lies around a thing in the graph of origins, and how it is laid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.errors import NotFound
from lineal.lineage import Way, cut, layers, outline
from lineal.records.comparison import Lineage, LineageEdge, LineageNode, NodeKind


def node(name: str) -> LineageNode:
    return LineageNode(name, NodeKind.VERSION, name)


def graph(*pairs: str) -> tuple[list[LineageNode], list[LineageEdge]]:
    edges = [LineageEdge(pair.split(">")[0], pair.split(">")[1], "retrain") for pair in pairs]
    return [node(name) for name in dict.fromkeys(part for pair in pairs for part in pair.split(">"))], edges


def ids(lineage: Lineage) -> set[str]:
    return {one.id for one in lineage.nodes}


@st.composite
def any_graph(draw: st.DrawFn) -> tuple[list[LineageNode], list[LineageEdge]]:
    count = draw(st.integers(1, 8))
    place = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(place, place), max_size=16))
    return [node(str(n)) for n in range(count)], [LineageEdge(str(a), str(b), "r") for a, b in pairs]


def test_only_the_levels_asked_for_are_kept() -> None:
    nodes, edges = graph("a>b", "b>c", "c>d", "d>e", "x>d", "c>y")
    lineage = cut("c", nodes, edges, up=1, down=1)
    assert ids(lineage) == {"b", "c", "d", "y"}
    assert {(edge.source, edge.target) for edge in lineage.edges} == {("b", "c"), ("c", "d"), ("c", "y")}
    assert lineage.truncated
    assert not cut("c", nodes, edges, up=9, down=9).truncated
    assert ids(cut("c", nodes, edges, up=9, down=9)) == {"a", "b", "c", "d", "e", "y"}
    assert ids(cut("c", nodes, edges, up=0, down=0)) == {"c"}


def test_a_cycle_and_an_edge_to_nowhere_do_no_harm() -> None:
    nodes, edges = graph("a>b", "b>a", "a>a")
    lineage = cut("a", nodes, [*edges, LineageEdge("a", "gone", "r")], up=5, down=5)
    assert ids(lineage) == {"a", "b"}
    assert not lineage.truncated
    assert len(outline(lineage)) == 7
    assert layers(lineage).columns == 2
    assert [route.reversed for route in layers(lineage).routes].count(True) == 1


def test_a_focus_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotFound):
        cut("z", *graph("a>b"), up=1, down=1)


def test_an_outline_lists_origins_then_results_and_unfolds_each_once() -> None:
    nodes, edges = graph("d>r", "r>v", "d>q", "q>v", "o>d", "v>s")
    rows = outline(cut("v", nodes, edges, up=9, down=9))
    assert [(row.depth, row.way, row.node.id, row.repeated) for row in rows] == [
        (0, Way.FOCUS, "v", False),
        (1, Way.UP, "r", False),
        (2, Way.UP, "d", False),
        (3, Way.UP, "o", False),
        (1, Way.UP, "q", False),
        (2, Way.UP, "d", True),
        (1, Way.DOWN, "s", False),
    ]
    assert rows[0].role == ""
    assert rows[1].role == "retrain"


def test_origins_stand_beside_what_they_went_into() -> None:
    nodes, edges = graph("a>b", "b>c", "x>c")
    places = {one.node.id: one.column for one in layers(Lineage("c", tuple(nodes), tuple(edges))).placed}
    assert places == {"a": 0, "b": 1, "x": 1, "c": 2}


def test_lines_that_need_not_cross_do_not() -> None:
    nodes, edges = graph("a>q", "b>p", "q>z", "p>z")
    nodes.sort(key=lambda one: "abpqz".index(one.id))
    rows = {one.node.id: one.row for one in layers(Lineage("z", tuple(nodes), tuple(edges))).placed}
    assert (rows["a"] < rows["b"]) is (rows["q"] < rows["p"])


@given(any_graph())
def test_every_node_has_a_place_of_its_own_and_every_edge_a_way_around_the_others(
    drawn: tuple[list[LineageNode], list[LineageEdge]],
) -> None:
    nodes, edges = drawn
    layout = layers(Lineage("0", tuple(nodes), tuple(edges)))
    places = {(one.column, one.row): one.node.id for one in layout.placed}
    assert len(places) == len(nodes)
    assert len(layout.routes) == sum(edge.source != edge.target for edge in edges)
    for route in layout.routes:
        ends = (route.edge.target, route.edge.source) if route.reversed else (route.edge.source, route.edge.target)
        stops = [(route.column + step, row) for step, row in enumerate(route.rows)]
        assert (places[stops[0]], places[stops[-1]]) == ends
        assert len(stops) >= 2
        assert not any(stop in places for stop in stops[1:-1])
        assert all(0 <= row < layout.rows and column < layout.columns for column, row in stops)


@given(any_graph(), st.integers(0, 4), st.integers(0, 4))
def test_more_levels_never_show_less(drawn: tuple[list[LineageNode], list[LineageEdge]], up: int, down: int) -> None:
    nodes, edges = drawn
    small, large = cut("0", nodes, edges, up, down), cut("0", nodes, edges, up + 1, down + 1)
    assert ids(small) <= ids(large)
    assert small.truncated or ids(small) == ids(large)
    kept = {row.node.id for row in outline(small)}
    assert kept == ids(small)
