"""Which columns of the tree there is room for."""

from lineal.records.base import Micros
from lineal.records.runs import Direction
from lineal_tui.view.drawing.lines import width_of
from lineal_tui.view.versioning.tree import TreeLook, tree_columns, tree_head

LOOK = TreeLook(
    "production", "production", 1, 0.9, "auc", Direction.HIGHER, Micros(0), second="log_loss", graph_width=11,
    stage_width=10,
)  # fmt: skip


def test_notes_stay_while_there_is_room_for_the_sign_of_what_is_live() -> None:
    narrow = next(width for width in range(20, 200) if "note" in {each.id for each in tree_columns(LOOK, width)})
    widths = {each.id: each.width for each in tree_columns(LOOK, narrow)}
    assert widths["note"] == len("◀ live")
    assert all(width_of("".join(text for text, _ in tree_head(LOOK, width))) <= width for width in range(60, 200))


def test_a_second_metric_comes_once_notes_have_room_to_be_read() -> None:
    first = next(width for width in range(20, 200) if "second" in {each.id for each in tree_columns(LOOK, width)})
    widths = {each.id: each.width for each in tree_columns(LOOK, first)}
    assert widths["note"] == 18
