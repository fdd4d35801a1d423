from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lineal.records.base import Micros
from lineal.records.comparison import (
    Beyond,
    Diff,
    DiffRow,
    Lineage,
    LineageEdge,
    LineageNode,
    NodeKind,
    Section,
    Verdict,
    Way,
)
from lineal_tui.view.diffs.diff import diff_lines, diff_title
from lineal_tui.view.drawing.columns import Column, arrange, head, row
from lineal_tui.view.drawing.lines import Line, Tone, cut, cut_middle, fit, left, line_width, right, rule, width_of
from lineal_tui.view.staging.questions import Answer, Choice, Question, question_lines
from lineal_tui.view.training.runs import ExperimentItem, experiment_line, experiments_look
from lineal_tui.view.versioning.lineage import lineage_lines

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
WIDTHS = st.integers(1, 200)
VALUES = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats() | ANYTHING


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


@given(ANYTHING, WIDTHS)
def test_cut_and_aligned_texts_fit_exactly(text: str, width: int) -> None:
    assert width_of(cut(text, width)) <= width
    assert width_of(cut_middle(text, width)) <= width
    assert width_of(left(text, width)) == width
    assert width_of(right(text, width)) == width


@given(st.lists(ANYTHING), WIDTHS)
def test_a_fitted_line_has_exactly_its_width(texts: list[str], width: int) -> None:
    line = tuple((cut(text, 80), Tone.TEXT) for text in texts)
    assert line_width(fit(line, width)) == width
    assert line_width(rule(line, line[:1], width)) == width


def test_how_many_runs_there_are_is_never_cut() -> None:
    items = [ExperimentItem(None, 1_234_567)]
    look = experiments_look(items, Micros(0))
    assert "1,234,567" in text_of(experiment_line(items[0], look, 32))


def test_what_is_cut_says_so() -> None:
    assert cut("fine-tuned from 2.2.0", 12) == "fine-tuned…"
    assert cut_middle("tumour-classifier:1.12.0", 14) == "tumour…:1.12.0"


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), min_size=1, max_size=8), st.integers(1, 150))
def test_columns_are_dropped_by_rank_until_they_fit(shapes: list[tuple[int, int]], width: int) -> None:
    columns = [Column(str(n), f"C{n}", size, rank=rank) for n, (size, rank) in enumerate(shapes)]
    kept = arrange(columns, width)
    assert kept
    assert line_width(head(kept)) <= width or len(kept) == 1 or all(column.rank == 0 for column in kept)
    dropped = [column for column in columns if column not in kept]
    if dropped:
        assert min(column.rank for column in dropped) >= max((column.rank for column in kept), default=0)


def test_the_column_that_grows_takes_what_is_left() -> None:
    columns = arrange([Column("a", "A", 3), Column("b", "B", 5, grows=True)], 20)
    assert text_of(row(columns, {"a": (("x", Tone.TEXT),), "b": (("y", Tone.TEXT),)})) == "x    y" + " " * 14


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            DiffRow,
            st.sampled_from(Section),
            ANYTHING,
            st.tuples(VALUES, VALUES, VALUES),
            st.none() | st.floats(),
            st.sampled_from(Verdict),
            st.none() | ANYTHING,
        ),
        max_size=12,
    ),
    st.integers(20, 200),
)
def test_a_difference_of_anything_is_drawn_clean(rows: list[DiffRow], width: int) -> None:
    diff = Diff(("m:1", "m:2", "m:3"), tuple(rows))
    for equal in (False, True):
        for line in diff_lines(diff, width, equal=equal):
            assert text_of(line).isprintable() or not text_of(line).isascii()
            assert not {letter for letter in text_of(line) if letter < " "}
    assert line_width(diff_title(diff, width, stage="production")) == width


def test_a_difference_says_better_and_worse_in_words_and_signs() -> None:
    diff = Diff(
        ("fraud:2.3.0", "fraud:2.4.1"),
        (
            DiffRow(Section.METRIC, "auc", (0.9362, 0.9402), 0.0040, Verdict.BETTER),
            DiffRow(Section.METRIC, "loss", (0.197, 0.204), 0.007, Verdict.WORSE),
            DiffRow(Section.METRIC, "val", (0.5, 0.6), None, Verdict.CHANGED, "not comparable: measured on other data"),
            DiffRow(Section.PARAM, "lr", (3e-4, 5e-4), 2e-4, Verdict.CHANGED),
            DiffRow(Section.PARAM, "mixup", (None, 0.4), None, Verdict.ADDED),
            DiffRow(Section.PARAM, "depth", (6, 6), 0.0, Verdict.SAME),
        ),
    )
    lines = [text_of(line) for line in diff_lines(diff, 100)]
    assert lines[0].split() == ["metric", "auc", "0.9362", "→", "0.9402", "+.0040", "▲", "better"]
    assert lines[1].split() == ["loss", "0.1970", "→", "0.2040", "+.0070", "▼", "worse"]
    assert "not comparable" in lines[2]
    assert lines[3].split() == ["param", "lr", "3e-4", "→", "5e-4", "\N{MULTIPLICATION SIGN}1.67"]
    assert lines[4].split() == ["mixup", "-", "→", "0.4", "+", "added"]
    assert len(lines) == 5
    assert len(diff_lines(diff, 100, equal=True)) == 6
    title = text_of(diff_title(diff, 79, stage="production"))
    assert "2.4.1 against production 2.3.0" in title
    assert "5 changed, 1 same" in title


def test_what_a_short_verdict_leaves_goes_to_values_that_would_be_cut() -> None:
    rows = (
        DiffRow(Section.METRIC, "a metric of some name", (0.5, 0.6), 0.1, Verdict.BETTER),
        DiffRow(Section.DATASET, "a dataset of some name", ("2026-08-04", "2026-11-04"), None, Verdict.CHANGED),
    )
    lines = [text_of(line) for line in diff_lines(Diff(("m:1", "m:2"), rows), 62)]
    assert lines[1].split()[-4:] == ["2026-08-04", "→", "2026-11-04", "changed"]
    assert all(len(line.rstrip()) <= 62 for line in lines)


def test_figures_are_never_cut() -> None:
    rows = (
        DiffRow(Section.METRIC, "a rather long name of a metric", (0.0123456, 123456.0), 1.0, Verdict.CHANGED),
        DiffRow(Section.PARAM, "text", ("x" * 90, "y" * 90), None, Verdict.CHANGED),
    )
    line = text_of(diff_lines(Diff(("m:1", "m:2"), rows), 50)[0])
    assert "0.01235 " in line
    assert "123,456" in line


def test_lineage_is_an_indented_list_and_survives_cycles() -> None:
    nodes = tuple(LineageNode(name, NodeKind.VERSION, name) for name in ("m:1", "m:2", "m:3"))
    edges = (LineageEdge("m:1", "m:2", "retrain"), LineageEdge("m:2", "m:1", "retrain"), LineageEdge("m:2", "m:3", "x"))
    more = (Beyond("m:2", Way.DOWN, 9950), Beyond("m:3", Way.DOWN, 100000, exact=False))
    lines = [text_of(line) for line in lineage_lines(Lineage("m:2", nodes, edges, truncated=True, beyond=more), 80)]
    assert lines == [
        "m:2",
        "came from",
        "╰ retrain m:1",
        "  ╰ retrain m:2  (above)",
        "went into",
        "├ retrain m:1",
        "│ ╰ retrain m:2  (above)",
        "├ x m:3  ⋯ more than 100,000 more",
        "╰ ⋯ and 9,950 more",
    ]


@given(ANYTHING.filter(bool), st.integers(30, 160))
def test_a_question_leaves_out_no_answer_that_changes_something(words: str, width: int) -> None:
    choices = (
        Choice("y", Answer.YES, "yes", "yes"),
        Choice("b", Answer.YES_BAD, "yes, mark 2.3.0 bad", "+bad"),
        Choice("d", Answer.DIFF, "diff", "diff"),
        Choice("escape", Answer.NO, "no", "no"),
    )
    lines = question_lines(Question((cut(words, 40) + " and more words to be said?",), choices), width)
    shown = " ".join(text_of(line) for line in lines)
    assert all(line_width(line) <= width for line in lines)
    for answer in ("y yes", "b ", "esc no"):
        assert answer in shown
