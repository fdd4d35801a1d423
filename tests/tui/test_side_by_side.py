"""Differences that have the screen: columns that scroll, sections that fold, rows that open, and a baseline chosen."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Paste

from lineal.records.comparison import Change, CodeBetween, Commit, Diff, DiffRow, FileChange, Kind, Section, Verdict
from lineal.training import code
from lineal_tui.view.diffs.diff import diff_lines
from lineal_tui.view.diffs.diff_below import below, wrapped_spans
from lineal_tui.view.diffs.diff_text import diff_text
from lineal_tui.view.diffs.side_by_side import (
    Board,
    Field,
    Head,
    Look,
    framed,
    side_head,
    side_items,
    side_painter,
    side_title,
)
from lineal_tui.view.drawing.lines import Line, Tone, line_width

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=90)
VALUES = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats() | ANYTHING
CHANGES = st.builds(
    Change, st.sampled_from(Verdict), st.none() | st.floats(), st.none() | st.sampled_from(Kind), st.none() | ANYTHING
)


@st.composite
def diffs(draw: st.DrawFn) -> Diff:
    count = draw(st.integers(2, 6))
    names = draw(st.lists(ANYTHING, max_size=8, unique=True))
    rows = [
        DiffRow(
            draw(st.sampled_from(Section)),
            name,
            tuple(draw(st.lists(VALUES, min_size=count, max_size=count))),
            draw(st.none() | st.floats()),
            draw(st.sampled_from(Verdict)),
            changes=tuple(draw(st.lists(CHANGES, min_size=count - 1, max_size=count - 1))),
        )
        for name in names
    ]
    rows.sort(key=lambda row: list(Section).index(row.section))
    code = draw(
        st.just(())
        | st.lists(
            st.none()
            | st.builds(
                CodeBetween,
                ANYTHING,
                st.none() | ANYTHING,
                st.lists(st.builds(Commit, ANYTHING, st.integers(0, 1 << 62), ANYTHING, ANYTHING), max_size=2).map(
                    tuple
                ),
                files=st.lists(st.builds(FileChange, ANYTHING, st.none(), st.integers(0, 9)), max_size=2).map(tuple),
                patch=st.none() | ANYTHING,
            ),
            min_size=count - 1,
            max_size=count - 1,
        ).map(tuple)
    )
    return Diff(tuple(f"m:{n}{draw(ANYTHING)}" for n in range(count)), tuple(rows), code)


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


def assert_clean(line: Line) -> None:
    text = text_of(line)
    assert not {
        letter for letter in text if letter < " " or "\x7f" <= letter < "\xa0" or letter in "\u202e\u200b\ufeff"
    }


@settings(max_examples=60, deadline=None)
@given(diffs(), st.integers(20, 200), st.integers(1, 9), st.booleans())
def test_a_difference_of_anything_is_drawn_clean_in_columns(diff: Diff, width: int, chosen: int, equal: bool) -> None:
    board = Board(diff)
    opened = frozenset((row.section, row.field) for row in diff.rows)
    frame, look = framed(board, Look(chosen=chosen, equal=equal, opened=opened), width)
    assert 1 <= look.first <= look.chosen < len(diff.versions)
    assert frame.columns[0][0] == 0
    assert look.chosen in [n for n, _ in frame.columns]
    items, keys = side_items(board, look, width)
    assert len(set(keys)) == len(keys) == len(items)
    paint = side_painter(board, look)
    for line in [side_head(board, look, width), *(paint(item, width) for item in items)]:
        assert_clean(line)
    assert line_width(side_title(board, look, width, stage=None, active=True)) == width
    for line in diff_text(diff, width, equal=equal):
        assert_clean(line)


@given(ANYTHING, st.integers(8, 60))
def test_wrapped_text_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    clean = "".join(letter for letter in text if letter.isprintable())
    lines = wrapped_spans([(clean, Tone.TEXT)], width)
    assert "".join(text_of(line) for line in lines) == clean
    assert all(line_width(line) <= width for line in lines)


def row(section: Section, field: str, values: tuple[object, ...], *changes: Change) -> DiffRow:
    last = changes[-1]
    return DiffRow(section, field, values, last.delta, last.verdict, last.note, last.kind, changes=changes)  # type: ignore[arg-type]


def test_better_worse_within_and_not_comparable_are_told_by_signs_and_words() -> None:
    diff = Diff(
        ("m:1", "m:2", "m:3", "m:4", "m:5"),
        (
            row(
                Section.METRIC,
                "auc",
                (0.9, 0.95, 0.8, 0.901, 0.5),
                Change(Verdict.BETTER, 0.05),
                Change(Verdict.WORSE, -0.1),
                Change(Verdict.SAME, 0.001, Kind.WITHIN),
                Change(Verdict.CHANGED, None, Kind.NOT_COMPARABLE, "not comparable: measured on a and b"),
            ),
        ),
    )
    board = Board(diff)
    opened = frozenset({(Section.METRIC, "auc")})
    items, _ = side_items(board, Look(opened=opened), 120)
    paint = side_painter(board, Look(opened=opened))
    lines = [text_of(paint(item, 120)) for item in items]
    assert [sign in lines[1] for sign in "▲▼≈!"] == [True] * 4
    told = "\n".join(lines[2:])
    for words in ("▲ better", "▼ worse", "≈ within tolerance", "! not comparable  measured on a and b", "baseline"):
        assert words in told
    assert "▲ 1 better" in lines[0]


def test_a_long_value_opens_word_by_word() -> None:
    old, new = "answer the question " * 8 + "briefly", "answer the question " * 8 + "at length"
    diff = Diff(("m:1", "m:2"), (row(Section.PARAM, "prompt", (old, new), Change(Verdict.CHANGED)),))
    told = "".join(text_of(line) for line in below(diff, diff.rows[0], 1, 100))
    assert "[-briefly-]{+at length+}" in told


def test_a_filter_shows_the_rows_that_match_even_in_folded_sections() -> None:
    diff = Diff(
        ("m:1", "m:2"),
        tuple(row(Section.PARAM, name, (1, 2), Change(Verdict.CHANGED, 1.0)) for name in ("lr", "depth", "lr_decay")),
    )
    look = Look(folded=frozenset({Section.PARAM}))
    items, _ = side_items(Board(diff), look, 80)
    assert [type(item) for item in items] == [Head]
    items, _ = side_items(Board(diff), look, 80, lambda *texts: "lr" in "\n".join(texts))
    assert [item.row.field for item in items if isinstance(item, Field)] == ["lr", "lr_decay"]


# in the application


@pytest.fixture
def several(empty: Registry, tmp_path: Path) -> Registry:
    for number in range(8):
        (tmp_path / "weights.json").write_text(f'{{"n": {number}}}')
        empty.register(
            "fraud",
            tmp_path / "weights.json",
            label=f"1.{number}.0",
            metrics={"auc": 0.9 + number * (-1) ** number / 100, "same": 1.0},
            params={
                "lr": number,
                "fixed": 1,
                "config": json.dumps({"a": {"b": number % 2}, "c": 1}),
                "prompt": "say it " * 20 + str(number),
            },
        )
    empty.promote("fraud:1.0.0", "production")
    return empty


def cursor(session: Session) -> str:
    return next((line for line in session.rows if line.startswith("▌")), "")


async def typed(session: Session, command: str) -> None:
    await session.press("colon")
    session.app.post_message(Paste(command))
    await session.settle()
    await session.press("enter")


async def marked(session: Session, count: int) -> None:
    await session.press("g", *["space"] * count, "d")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_marked_versions_stand_in_columns_that_scroll_beside_the_baseline(
    several: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(several, size) as session:
        await marked(session, 8)
        assert "7 others against 1.7.0" in session.text
        assert "▸1.6.0" in session.text
        await session.press(*"llllll")
        heads = next(line for line in session.rows if "▸" in line and "1.7.0" in line)
        assert "▸1.0.0" in heads
        assert ("⋯" in heads) == (size[0] == 80)
        assert "lr" in session.text
        await session.press(*"hhhhhhhh")
        assert "▸1.6.0" in session.text


async def test_a_baseline_is_chosen_and_deltas_are_against_it(several: Registry, opened: Opening) -> None:
    async with opened(several) as session:
        await marked(session, 3)
        await session.press("l", "B")
        assert "2 others against 1.5.0" in session.text
        assert "against 1.5.0" in session.last
        metric = next(line for line in session.rows if " auc " in line)
        assert metric.split()[-7:] == ["0.8500", "0.8300", "-.0200", "▼", "0.9600", "+.1100", "▲"]
        await session.press("B")
        assert "2 others against 1.7.0" in session.text
        await session.press("escape", "d")
        assert "2 others against 1.7.0" in session.text


async def test_a_pair_swaps(several: Registry, opened: Opening) -> None:
    async with opened(several) as session:
        await marked(session, 2)
        assert "1.6.0 against 1.7.0" in session.text
        await session.press("B")
        assert "1.7.0 against 1.6.0" in session.text
        await session.press("l")
        assert "two versions" in session.last


async def test_sections_fold_and_rows_open(several: Registry, opened: Opening) -> None:
    async with opened(several) as session:
        await marked(session, 2)
        assert cursor(session).startswith("▌ auc")
        await session.press("k", "enter")
        assert "▸ metrics" in session.text
        assert " auc " not in session.text
        await session.press("space")
        assert "▾ metrics" in session.text
        assert " auc " in session.text
        await session.press("n", "n", "n", "n")
        assert cursor(session).startswith("▌ prompt")
        await session.press("enter")
        assert "[-7-]{+6+}" in session.text.replace("\n", "").replace(" ", "")
        await session.press("j", "enter")
        assert cursor(session).startswith("▌ prompt")
        assert "{+" not in session.text
        await session.press("z")
        assert [line for line in session.rows if "▾" in line] == []
        assert cursor(session).startswith("▌ ▸ params")
        await session.press("z")
        assert "▾ params" in session.text


async def test_n_and_N_go_from_change_to_change_past_what_is_equal(several: Registry, opened: Opening) -> None:  # noqa: N802  the keys
    async with opened(several) as session:
        await marked(session, 2)
        await session.press("equals_sign")
        assert " same " in session.text
        assert cursor(session).startswith("▌ auc")
        await session.press("n")
        assert cursor(session).startswith("▌ config.a.b")
        await session.press("n")
        assert cursor(session).startswith("▌ lr")
        await session.press("N", "N")
        assert cursor(session).startswith("▌ auc")
        await session.press("N")
        assert "no other field" in session.last


async def test_the_cursor_stays_on_its_row_when_equal_rows_come_and_the_baseline_changes(
    several: Registry, opened: Opening
) -> None:
    async with opened(several) as session:
        await marked(session, 3)
        await session.press("n", "n")
        where = cursor(session).split()[1]
        await session.press("equals_sign")
        assert cursor(session).split()[1] == where
        await session.press("B")
        assert cursor(session).split()[1] == where


async def test_a_filter_finds_a_field_among_many(empty: Registry, opened: Opening) -> None:
    refs = []
    for number in range(2):
        with empty.start_run("churn", params={f"p{n:03}": n + number for n in range(500)}) as run:
            refs.append(f"run:{run.id}")
    async with opened(empty) as session:
        await typed(session, f"diff {refs[0]} {refs[1]}")
        assert "p000" in session.text
        await session.press("slash", *"p333", "enter")
        assert "p333" in session.text
        assert "p332" not in session.text
        await session.press("escape", "G")
        assert "p499" in cursor(session)


async def test_runs_without_anything_say_that_nothing_differs(empty: Registry, opened: Opening) -> None:
    refs = []
    for _ in range(2):
        with empty.start_run("churn") as run:
            refs.append(f"run:{run.id}")
    async with opened(empty) as session:
        await typed(session, f"diff {refs[0]} {refs[1]}")
        assert "no difference in anything that was recorded" in session.text or "code" in session.text
        await session.press("n", "enter", "z", "l", "B", "j", "G")
        assert "unexpected" not in session.text


async def test_the_preview_beside_the_tree_has_no_cursor_and_comes_back(several: Registry, opened: Opening) -> None:
    async with opened(several) as session:
        await session.press("g")
        preview = session.text
        await session.press("d")
        assert "▾ metrics" in session.text
        await session.press("escape")
        assert session.text == preview


async def test_help_lists_the_keys_of_a_difference(several: Registry, opened: Opening) -> None:
    async with opened(several) as session:
        await marked(session, 3)
        await session.press("question_mark", "slash", *"chosen", "enter")
        assert "B" in session.text
        assert "hold all others against the chosen one" in session.text


async def test_a_question_shows_its_difference_without_a_cursor(several: Registry, opened: Opening) -> None:
    async with opened(several) as session:
        await marked(session, 3)
        await session.press("escape", "g", "p", "d")
        assert "1.7.0 against production 1.0.0" in session.text
        assert cursor(session) == ""
        await session.press("escape")
        assert "VERSION" in session.text


def runs_of_two_commits(registry: Registry, folder: Path) -> list[str]:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "-q"], check=True)
    refs = []
    for number in range(2):
        (folder / "train.py").write_text(f"lr = {number}\n")
        subprocess.run([*git, "add", "train.py"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", f"Step {number}"], check=True)
        code._recent.clear()  # what git told a moment ago would serve again
        with registry.start_run("churn") as run:
            refs.append(f"run:{run.id}")
    return refs


async def test_what_git_told_stays_when_the_registry_changes(
    empty: Registry, opened: Opening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refs = runs_of_two_commits(empty, tmp_path)
    async with opened(empty) as session:
        await typed(session, f"diff {refs[0]} {refs[1]}")
        assert "1 commit ahead, 1 file +1 -1" in session.text
        await session.press("enter")
        assert "Step 1" in session.text
        assert "+lr = 1" in session.text
        with empty.start_run("churn"):
            session.workspace.poll()
            await session.settle()
        assert "1 commit ahead, 1 file +1 -1" in session.text
        assert "+lr = 1" in session.text


def test_names_of_versions_end_where_their_values_do_and_columns_stay_as_narrow_as_these() -> None:
    changed = Change(Verdict.CHANGED, None)
    diff = Diff(
        ("m:1.11.0", "m:1.12.0"),
        (
            row(Section.METRIC, "auc", (0.9, 0.95), Change(Verdict.BETTER, 0.05)),
            row(Section.PARAM, "recipe", ("boosting", "finetune"), changed),
            row(Section.CODE, "command", ("python train.py " + "a" * 60, "python train.py " + "b" * 60), changed),
        ),
    )
    board = Board(diff)
    for width in (80, 160, 240):
        heads = text_of(side_head(board, Look(), width))
        lines = [text_of(side_painter(board, Look())(Field(each), width)) for each in diff.rows]
        for values in (("1.11.0", "0.9000", "boosting"), ("1.12.0", "0.9500", "finetune")):
            assert (
                len({line.index(value) + len(value) for line, value in zip([heads, *lines], values, strict=False)}) == 1
            )
        assert lines[0].index("▲") < 80


def test_the_names_of_sections_are_whole_where_there_is_room_and_else_own_up_to_being_cut() -> None:
    diff = Diff(("m:1", "m:2"), (row(Section.ARCHITECTURE, "tensors", (4, 5), Change(Verdict.CHANGED, 1.0)),))
    assert text_of(diff_lines(diff, 120)[0]).startswith("architecture tensors")
    assert text_of(diff_lines(diff, 60)[0]).startswith("archite… tensors")
