"""What someone who does not know the application yet needs: no key is silent, and no step leads astray."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.records.comparison import DiffRow, Section, Verdict
from lineal.records.data import Column
from lineal_tui.view.diffs.verdicts import shown_value
from lineal_tui.view.drawing.bars import message_lines
from lineal_tui.view.drawing.lines import Tone, hanging, line_width
from lineal_tui.view.staging.questions import Question, question_lines
from lineal_tui.view.training import data as data_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tui.conftest import Opening

    from lineal.registry import Registry


async def test_another_model_begins_on_what_is_live_and_not_on_the_row_of_the_last_one(
    registry: Registry, opened: Opening, grow: Callable[..., None]
) -> None:
    grow(registry, model="churn")
    registry.promote("churn:2.0.0", "production")
    async with opened(registry) as session:
        await session.press("1", "g", "enter")
        first = session.workspace.model
        await session.press("G", "1", "G", "enter")
        version = session.workspace.version
        assert session.workspace.model != first
        assert version is not None
        assert "production" in version.stages


async def test_esc_takes_away_what_went_wrong_and_not_the_place(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("d", "x")
        assert "cannot be retired" in session.text
        await session.press("escape")
        assert "cannot be retired" not in session.text
        assert session.workspace.shown.value == "diff"
        await session.press("escape")
        assert session.workspace.shown.value == "tree"


async def test_a_key_of_another_place_says_where_it_does_what(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("1", "p")
        assert "p does nothing here; in tree and" in session.last
        assert "promote the version under the cursor" in session.last
        await session.press("Z")
        assert session.last == "Z does nothing · ? lists the keys"
        await session.press("2", "y", "Q")
        assert session.last == "y Q does nothing · ? lists the keys"


async def test_help_begins_at_its_top_wherever_it_was_read_last(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("question_mark", "G", "escape", "1", "question_mark")
        assert "in models" in session.text


async def test_help_cuts_no_reason_and_explains_the_signs(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (80, 200)) as session:
        await session.press("question_mark")
        assert not any("…" in row and not row.lstrip().startswith("⋯ …") for row in session.rows[1:])
        assert "live at the last stage" in " ".join(session.text.split())
        assert "is live at production already)" in " ".join(session.text.split())


async def test_an_empty_command_line_says_how_it_is_used(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("colon")
        assert "tab completes" in session.last
        assert "…" not in session.last
        await session.press("m")
        assert "tab completes" not in session.last


def test_what_is_told_of_a_term_hangs_beside_it_or_under_it() -> None:
    short = (("p    ", Tone.KEY), ("promote the version under the cursor", Tone.TEXT))
    assert [line_width(line) <= 24 for line in hanging(short, 24)] == [True, True]
    assert all(line[0][0].isspace() for line in hanging(short, 24)[1:])
    long = (("a term that takes most of the room  ", Tone.KEY), ("and what is told of it", Tone.TEXT))
    assert hanging(long, 40)[0] == long[:1]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_is_live_and_bad_is_told_wherever_it_is_called_live(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    registry.mark("fraud:2.1.0", "bad", reason="leaks")
    async with opened(registry, size) as session:
        assert "production 2.1.0 BAD" in session.rows[0]
        assert "BAD PRODUCTION" in session.text
        await session.press("1")
        assert "BAD 2.1.0" in session.text
        await session.press("9")
        assert "BAD" in next(row for row in session.rows if "production" in row and "2.1.0" in row and "▌" in row)
        await session.press("6")
        assert "production  BAD" in session.text


async def test_r_and_y_roll_back_the_model_under_the_cursor_of_the_models(
    registry: Registry, opened: Opening, grow: Callable[..., None]
) -> None:
    grow(registry, model="churn")
    async with opened(registry) as session:
        for model in ("churn", "fraud"):
            await session.press("1", "g")
            if model not in next(row for row in session.rows if row.startswith("▌")):
                await session.press("j")
            await session.press("r")
            assert f"Roll {model}@production back to 2.0.0, leaving 2.1.0?" in session.last
            await session.press("y")
            assert registry.live(f"{model}@production").version.label == "2.0.0"
            await session.press("u")
            assert f"at {model}@production: 2.1.0 for 2.0.0?" in session.last
            await session.press("escape", "H")
            assert f"history of {model}@production" in session.text


async def test_the_way_back_is_offered_everywhere_but_where_one_begins(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        assert "esc" not in session.last
        for view in ("d", "L", "H", "6", "7", "8", "9", "0", "exclamation_mark", "A", "P", "i"):
            await session.press("2", view)
            assert "esc back  ? help" in session.last, view
        await session.press("2", "slash", *"1.", "enter")
        assert "esc all again  ? help" in session.last


async def test_marks_take_no_stage_out_of_the_first_row(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("space")
        assert "production 2.1.0  staging 2.2.0  1 marked" in session.rows[0]


@pytest.mark.parametrize(
    ("typed", "view"),
    [("runs", "runs"), ("experiments", "experiments"), ("stages", "stages"), ("files", "files"), ("curve", "curves"),
     ("doctor", "findings")],
)  # fmt: skip
async def test_views_are_called_by_their_names(registry: Registry, opened: Opening, typed: str, view: str) -> None:
    async with opened(registry) as session:
        await session.press("colon", *typed, "enter")
        assert session.workspace.shown.value == view


async def test_an_empty_inbox_says_so_in_words(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("i")
        assert "nothing waits for your approval or your review" in session.text
        assert "WAITS" not in session.text


async def test_a_version_s_page_cuts_no_words_and_has_figures_in_columns(registry: Registry, opened: Opening) -> None:
    registry.set("fraud:2.1.0", {"purpose": "stop card fraud " * 8})
    async with opened(registry, (80, 60)) as session:
        await session.press("6")
        page = "\n".join(session.rows)
        assert page.count("card") == 8
        assert "…" not in page.split("metrics")[0].partition("purpose")[2]
        run = registry.version("fraud:2.1.0").run
        assert run is None or run[:12] in page


async def test_a_difference_with_a_parent_says_so_where_there_is_room(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        assert "2.1.0 against 2.0.0, its parent ─" in session.text
        await session.press("k")
        assert "2.2.0 against production 2.1.0 ─" in session.text


def test_whole_numbers_of_a_dataset_have_no_decimals() -> None:
    column = Column("pixel", "int", 0, 17, 0.0, 16.0, 4.25)
    lines = data_page._columns([column, replace(column, name="share", type="float")], 80)
    told = ["".join(text for text, _ in line).split() for line in lines]
    assert told[2][-3:] == ["0", "16", "4.250"]
    assert told[3][-3:] == ["0", "16.00", "4.250"]


def test_large_sizes_are_rounded_as_long_as_they_stay_apart() -> None:
    def shown(*values: int) -> list[str]:
        row = DiffRow(Section.ENVIRONMENT, "memory", values, None, Verdict.CHANGED, unit="bytes")
        return [shown_value(row, value) for value in values]

    assert shown(25_276_100_208, 12_000_000_000) == ["23.5 GiB", "11.2 GiB"]
    assert shown(25_276_100_208, 25_276_100_209) == ["25,276,100,208 B", "25,276,100,209 B"]
    assert shown(73_089, 90_436) == ["73,089 B", "90,436 B"]


async def test_curves_that_are_asked_for_from_elsewhere_are_those(registry: Registry, opened: Opening) -> None:
    with registry.start_run("fraud") as run:
        run.log_metrics({"auc": 0.5}, step=1)
        run.log_metrics({"auc": 0.6}, step=2)
    async with opened(registry) as session:
        await session.press("7", "C")
        assert "by step" in session.rows[1]
        await session.press("escape", "2", "C")
        assert "auc  across fraud" in session.rows[1]
        assert "by version" in session.rows[1]


def test_what_to_do_is_told_however_long_it_is_what_went_wrong() -> None:
    lines = message_lines("the hook failed " * 40, "mend the hook, then promote again", 80)
    told = ["".join(text for text, _ in line) for line in lines]
    assert len(told) == 4
    assert told[-1].endswith("… · mend the hook, then promote again")
    assert len(message_lines("wrong " * 200, "advice " * 200, 80)) == 4


def test_a_question_parts_no_size_from_its_unit() -> None:
    question = Question(
        ("Promote a-model-with-a-long-name:1.14.0 to production, replacing 1.8.0; copies 2.7 KiB, hook?",), ()
    )
    for width in range(40, 90):
        rows = ["".join(text for text, _ in line) for line in question_lines(question, width)]
        assert "2.7 KiB," in " | ".join(rows), width


async def test_a_bare_word_in_a_filter_is_told_to_stand_in_quotes(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("slash", *"status", "space", "=", "space", *"bad")
        assert "not yet: a version has no bad; texts stand in quotes" in session.last


async def test_the_purpose_of_data_is_wrapped(registry: Registry, opened: Opening, tmp_path: Path) -> None:
    (tmp_path / "cards.csv").write_text("a,b\n1,2\n")
    registry.add_dataset("cards", tmp_path / "cards.csv")
    registry.set("data:cards", {"purpose": "all that was paid " * 8})
    async with opened(registry, (80, 40)) as session:
        await session.press("0", "enter")
        assert session.text.count("paid") == 8
        assert "1 row, 8 B" in session.text
