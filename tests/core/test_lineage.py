"""What lies around a thing in the graph of origins, and how it is laid out."""

from hypothesis import given
from hypothesis import strategies as st

from lineal.records.comparison import Beyond, Lineage, LineageEdge, LineageNode, NodeKind, Way
from lineal.versioning.lineage import Opened, arranged, layers


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


def whole(*pairs: str, focus: str) -> Lineage:
    nodes, edges = graph(*pairs)
    return Lineage(focus, tuple(nodes), tuple(edges))


def test_what_is_folded_away_is_counted_and_what_is_reached_otherwise_stays() -> None:
    lineage = whole("a>b", "b>c", "x>b", "a>q", "q>c", "c>d", focus="c")
    folded = arranged(lineage, [], {("b", Way.UP), ("c", Way.DOWN)})
    assert ids(folded) == {"a", "b", "q", "c"}
    assert folded.truncated
    assert {(each.node, each.way, each.count) for each in folded.beyond} == {("b", Way.UP, 1), ("c", Way.DOWN, 1)}
    assert arranged(lineage, [], set()) == lineage


def test_what_is_opened_is_added_where_its_node_is_shown() -> None:
    nodes, edges = graph("b>c")
    base = Lineage("c", tuple(nodes), tuple(edges), truncated=True, beyond=(Beyond("b", Way.UP, 2),))
    more, links = graph("a>b", "x>b")
    found = Lineage("b", tuple(more), tuple(links), truncated=True, beyond=(Beyond("a", Way.UP, 7),))
    opened = Opened("b", Way.UP, found)
    shown = arranged(base, [opened], set())
    assert ids(shown) == {"a", "b", "c", "x"}
    assert shown.beyond == (Beyond("a", Way.UP, 7),)
    assert ids(arranged(base, [opened], {("b", Way.UP)})) == {"b", "c"}
    assert ids(arranged(base, [opened], {("c", Way.UP)})) == {"c"}
    assert ids(arranged(base, [Opened("z", Way.UP, found)], set())) == {"b", "c"}


def test_a_cycle_does_no_harm() -> None:
    lineage = arranged(whole("a>b", "b>a", "a>a", focus="a"), [], set())
    assert ids(lineage) == {"a", "b"}
    assert not lineage.truncated
    assert layers(lineage).columns == 2
    assert [route.reversed for route in layers(lineage).routes].count(True) == 1


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


def test_a_fold_tells_of_what_it_hides_behind_a_cycle() -> None:
    lineage = arranged(whole("a>b", "b>a", "b>c", focus="a"), [], {("a", Way.DOWN)})
    assert (ids(lineage), lineage.truncated) == ({"a", "b"}, True)
    assert [(each.node, each.way, each.count) for each in lineage.beyond] == [("a", Way.DOWN, 1)]


@given(any_graph(), st.sets(st.tuples(st.integers(0, 7).map(str), st.sampled_from([Way.UP, Way.DOWN])), max_size=6))
def test_folding_more_never_shows_more(
    drawn: tuple[list[LineageNode], list[LineageEdge]], folded: set[tuple[str, Way]]
) -> None:
    nodes, edges = drawn
    lineage = Lineage("0", tuple(nodes), tuple(edges))
    large, small = arranged(lineage, [], set()), arranged(lineage, [], folded)
    assert "0" in ids(small) <= ids(large)
    assert small.truncated or ids(small) == ids(large)
    assert all(each.count > 0 and each.node in ids(small) for each in small.beyond)
