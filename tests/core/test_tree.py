"""The drawn version tree: every line leads from a version to its parent, and to nothing else."""

import time
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from lineal.records.comparison import TreeRow
from lineal.versioning.tree import MAX_LANES, draw

Rows = list[tuple[int, tuple[int, ...]]]


@st.composite
def histories(draw_value: st.DrawFn) -> Rows:
    count = draw_value(st.integers(0, 25))
    rows: Rows = []
    for version in range(count - 1, -1, -1):
        older = st.integers(0, version - 1) if version else st.nothing()
        parents = draw_value(st.lists(older, max_size=min(version, 4), unique=draw_value(st.booleans())))
        rows.append((version, tuple(parents)))
    return rows


def reached_from(grid: list[str], row: int, column: int) -> Iterator[int]:
    """Follows the lines that leave a node downwards, and yields the rows of the nodes they lead to."""

    def at(row: int, column: int) -> str:
        return grid[row][column] if 0 <= row < len(grid) and 0 <= column < len(grid[row]) else " "

    walks = [(row + 1, column, "down")] if at(row + 1, column) not in " ─╮╭┬" else []
    walks += [(row, column + step, way) for step, way in ((1, "right"), (-1, "left")) if at(row, column + step) != " "]
    while walks:
        row, column, way = walks.pop()
        glyph = at(row, column)
        turn = {("╮", "right"): "down", ("╭", "left"): "down", ("╯", "down"): "left", ("╰", "down"): "right"}
        if glyph == "○":
            yield row
            continue
        if (glyph, way) in turn:
            ways = [turn[glyph, way]]
        elif glyph == "│":
            assert way == "down"
            ways = ["down"]
        elif glyph == "─":
            assert way != "down"
            ways = [way]
        elif glyph == "┼":
            ways = [way]
        elif glyph == "┬":
            assert way != "down"
            # A line on its way to the row's own node goes past the lines that leave it.
            ways = [way] if (way == "left") is (grid[row].index("○") < column) else [way, "down"]
        elif glyph == "┴":
            ways = [way] if way != "down" else ["left" if grid[row].index("○") < column else "right"]
        else:
            # A line that came from above ends in its own corner; nothing else may break off.
            assert way != "down", (row, column)
            assert glyph in "╯╰", (row, column, glyph)
            continue
        steps = {"down": (1, 0), "left": (0, -1), "right": (0, 1)}
        walks += [(row + steps[next_way][0], column + steps[next_way][1], next_way) for next_way in ways]


@given(histories())
def test_lines_lead_from_every_version_to_just_its_parents(rows: Rows) -> None:
    drawn, state = draw(rows, max_lanes=200)
    grid = [row.cells for row in drawn]
    assert state.lanes == ()
    for place, (_, parents) in enumerate(rows):
        assert grid[place].count("○") == 1
        assert grid[place].index("○") == 2 * drawn[place].lane
        reached = {rows[other][0] for other in reached_from(grid, place, grid[place].index("○"))}
        assert reached == set(parents), "\n".join(grid)


@given(histories(), st.data())
def test_drawing_from_a_checkpoint_equals_drawing_from_the_start(rows: Rows, data: st.DataObject) -> None:
    lanes = data.draw(st.integers(1, 12))
    whole, end = draw(rows, max_lanes=lanes)
    cut = data.draw(st.integers(0, len(rows)))
    upper, state = draw(rows[:cut], max_lanes=lanes)
    lower, last = draw(rows[cut:], state, max_lanes=lanes)
    assert upper + lower == whole
    assert last == end
    assert (last.lanes, last.beyond) == ((), frozenset())


@given(histories(), st.integers(1, 4))
def test_a_capped_drawing_stays_in_its_columns_and_shows_every_version(rows: Rows, lanes: int) -> None:
    for row in draw(rows, max_lanes=lanes)[0]:
        assert row.cells.count("○") == 1
        assert row.cells.index("○") == 2 * row.lane
        assert len(row.cells) <= 2 * lanes + 1
        assert row.cells[2 * lanes :] in {"", "…", "○"}


def cells(rows: Rows, max_lanes: int = MAX_LANES) -> list[str]:
    return [row.cells for row in draw(rows, max_lanes=max_lanes)[0]]


def test_a_branch_closes_where_it_began() -> None:
    rows = [(5, (3,)), (4, (3,)), (3, (1,)), (2, (1,)), (1, ())]
    assert cells(rows) == ["○", "│ ○", "○─╯", "│ ○", "○─╯"]


def test_a_merge_opens_a_lane_and_lines_cross() -> None:
    rows = [(6, (3, 4)), (5, (2,)), (4, (1,)), (3, (1,)), (2, (1,)), (1, ())]
    assert cells(rows) == ["○─╮", "│ │ ○", "│ ○ │", "○ │ │", "│ │ ○", "○─┴─╯"]
    rows = [(6, (2,)), (5, (3,)), (4, (2,)), (3, (1,)), (2, (1,)), (1, ())]
    assert cells(rows) == ["○", "│ ○", "│ │ ○", "│ ○ │", "○─┼─╯", "○─╯"]


def test_unrelated_versions_do_not_stand_below_one_another() -> None:
    assert cells([(4, (3,)), (3, ()), (2, (1,)), (1, ())]) == ["○", "○", "  ○", "  ○"]


def test_a_free_lane_on_the_left_is_taken_again() -> None:
    rows = [(6, (5,)), (7, (2, 3)), (5, ()), (3, (2, 1)), (2, ()), (1, ())]
    assert cells(rows) == ["○", "│ ○─╮", "○ │ │", "╭─┼─○", "│ ○─╯", "○"]


def test_what_lies_beyond_the_last_lane_is_an_ellipsis() -> None:
    rows = [(5, (1,)), (4, (1,)), (3, (1,)), (2, (1,)), (1, ())]
    assert cells(rows, max_lanes=2) == ["○", "│ ○", "│ │ ○", "│ │ ○", "○─┴─…"]
    assert draw(rows, max_lanes=2)[0][2] == TreeRow(3, 2, "│ │ ○")


def test_a_hundred_thousand_versions_are_drawn_at_once_whatever_their_shape() -> None:
    chain: Rows = [(n, (n - 1,) if n else ()) for n in range(99_999, -1, -1)]
    star: Rows = [(n, (0,) if n else ()) for n in range(99_999, -1, -1)]
    wide: Rows = [(n, (max(0, n - 500), max(0, n - 900)) if n else ()) for n in range(99_999, -1, -1)]
    for rows in (chain, star, wide):
        began = time.perf_counter()
        draw(rows)
        assert time.perf_counter() - began < 2
    assert len(draw(star[:50_000])[1].beyond) == 1
