"""Differences on the command line: their formats, what they leave out, and what hostile values do in them."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.records.comparison import CodeBetween, Commit, Diff, DiffRow, Section, Verdict
from lineal.registry import create_registry
from lineal_tui.view.diffs.diff_files import cell, diff_csv, diff_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Typed

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
KEYS = {"section", "field", "values", "delta", "verdict", "note", "kind", "unit", "under", "changes"}


def test_json_keeps_its_contract_and_tells_each_version(typed: Typed, sample: Path) -> None:
    told = typed("diff", "fraud:1.0.0", "fraud:1.1.0", "fraud:1.2.0", "--format", "json", "--registry", sample).json
    assert set(told) == {"versions", "rows"}
    assert {key for row in told["rows"] for key in row} - {"between"} == KEYS
    assert {row["verdict"] for row in told["rows"]} <= {"better", "worse", "changed", "added", "removed", "same"}
    [auc] = [row for row in told["rows"] if row["field"] == "auc"]
    assert len(auc["changes"]) == 2
    assert auc["changes"][0]["kind"] == "not comparable"
    assert told == typed("diff", "fraud:1.0.0", "fraud:1.1.0", "fraud:1.2.0", "--json", "--registry", sample).json


def test_the_baseline_can_be_any_version(typed: Typed, sample: Path) -> None:
    told = typed("diff", "fraud:1.0.0", "fraud:1.2.0", "--baseline", "fraud:1.2.0", "--json", "--registry", sample).json
    assert told["versions"] == ["fraud:1.2.0", "fraud:1.0.0"]
    alone = typed("diff", "fraud:1.0.0", "--baseline", "fraud@staging", "--json", "--registry", sample).json
    assert alone["versions"] == ["fraud:1.2.0", "fraud:1.0.0"]


def test_one_version_alone_is_held_against_what_is_live_and_that_against_its_parent(typed: Typed, sample: Path) -> None:
    live = typed("live", "fraud@production", "--json", "--registry", sample).json
    other = "fraud:1.0.0" if live["ref"] != "fraud:1.0.0" else "fraud:1.1.0"
    told = typed("diff", other, "--json", "--registry", sample)
    assert told.json["versions"] == [live["ref"], other]
    assert "against production" in told.err
    told = typed("diff", "fraud@production", "--json", "--registry", sample)
    if live["parents"]:
        assert told.json["versions"] == [live["parents"][0]["ref"], live["ref"]]
    else:
        assert told.code == 2
        assert "nothing to hold it against" in told.err


def test_sections_are_chosen(typed: Typed, sample: Path) -> None:
    words = ("diff", "fraud:1.0.0", "fraud:1.1.0", "--registry", sample)
    told = typed(*words, "--section", "param", "--section", "metric", "--json").json
    assert {row["section"] for row in told["rows"]} == {"param", "metric"}
    assert "param" in typed(*words, "--section", "param").out
    assert "metric" not in typed(*words, "--section", "param").out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("run:0",), 2, "held against another one"),
        (("fraud",), 2, "names a model"),
        (("fraud:1.0.0", "--baseline", "fraud:1.0.0"), 2, "two or more"),
        (("fraud:1.0.0", "fraud:1.1.0", "--section", "colour"), 2, "colour"),
        (("fraud:1.0.0", "fraud:1.1.0", "--format", "pdf"), 2, "pdf"),
        (("fraud:1.0.0", "fraud:9.9.9"), 3, "9.9.9"),
        (("fraud:1.0.0", "fraud:1.1.0", "--baseline", "fraud:9.9.9"), 3, "9.9.9"),
        (("fraud:1.0.0", "fraud:1.1.0", "--baseline", "run:0"), 2, "runs compare with runs"),
    ],
)
def test_mistakes_are_told(typed: Typed, sample: Path, words: tuple[str, ...], code: int, message: str) -> None:
    told = typed("diff", *words, "--registry", sample)
    assert (told.code, told.out) == (code, "")
    assert message in told.err


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "csv"])
def test_nothing_evil_gets_out_and_the_exit_code_is_0(typed: Typed, sample: Path, format_: str) -> None:
    for refs in (("fraud:1.0.0", "fraud:1.2.0"), ("fraud:1.0.0", "fraud:1.1.0", "fraud:1.2.0")):
        told = typed("diff", *refs, "--format", format_, "--all", "--registry", sample)
        assert told.code == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", told.out + told.err)
        assert told.out


def test_a_version_beside_itself_does_not_differ(typed: Typed, sample: Path) -> None:
    told = typed("diff", "fraud:1.0.0", "fraud:1.0.0", "--registry", sample)
    assert (told.code, told.out) == (0, "no difference in anything that was recorded\n")
    marked = typed("diff", "fraud:1.0.0", "fraud:1.0.0", "--registry", sample, "--format", "markdown")
    assert "No difference" in marked.out
    assert typed("diff", "fraud:1.0.0", "fraud:1.0.0", "--registry", sample, "--format", "csv").out.count("\n") == 1


def test_text_tells_long_values_word_by_word_and_several_by_signs(typed: Typed, tmp_path: Path) -> None:
    refs = []
    with create_registry(tmp_path / "registry") as registry:
        for number in (1, 2, 10):
            text = "think step by step and answer briefly " * 3 + f"in {number} words"
            with registry.start_run("churn", params={"prompt": text, "lr": number}) as run:
                run.log_metric("auc", 0.9 + number / 100, step=1)
                refs.append(f"run:{run.id}")
    told = typed("diff", *refs[:2], "--registry", tmp_path / "registry").out
    assert re.search(r"lr +1 +2 +×2 +changed", told)  # noqa: RUF001  the sign for times
    assert "in [-1-]{+2+} words" in told
    assert [len(word) for word in told.splitlines()[0].split() if word.startswith("run:")] == [12, 12]
    told = typed("diff", *refs, "--registry", tmp_path / "registry").out
    assert re.search(r"auc +0\.9100 +0\.9200 \+\.0100 ▲ +1\.000 \+\.0900 ▲", told)
    assert "▲ better" in told.splitlines()[-1]


# files


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd", "'+cmd"),
        ("-2+3", "'-2+3"),
        ("  =1", "'  =1"),
        ("\N{FULLWIDTH EQUALS SIGN}1", "'\N{FULLWIDTH EQUALS SIGN}1"),
        ("\t=1", "'    =1"),
        ("\r=1", "\ufffd=1"),
        ("-0.5", "-0.5"),
        ("+1e-3", "+1e-3"),
        (-0.5, "-0.5"),
        (-7, "-7"),
        (True, "true"),
        (None, ""),
        (float("nan"), "NaN"),
        (float("-inf"), "-inf"),
        ("plain = text", "plain = text"),
    ],
)
def test_a_cell_is_never_a_formula(value: str | float | None, written: str) -> None:
    assert cell(value) == written


@given(st.lists(ANYTHING, min_size=3, max_size=3))
def test_csv_is_read_back_as_it_was_meant(texts: list[str]) -> None:
    row = DiffRow(Section.PARAM, texts[0], (texts[1], texts[2]), None, Verdict.CHANGED)
    read = list(csv.reader(io.StringIO(diff_csv(Diff(("m:1", "m:2"), (row,))), newline="")))
    assert read[0] == ["section", "field", "m:1", "m:2", "delta", "verdict", "kind", "note"]
    assert read[1][1:4] == [cell(text) for text in texts]
    assert not [part for part in read[1] if part.lstrip().startswith(("=", "@"))]
    assert len(read) == 2


@given(ANYTHING, ANYTHING, ANYTHING)
def test_markdown_keeps_its_rows_and_columns(name: str, one: str, other: str) -> None:
    row = DiffRow(Section.PARAM, name, (one, other), None, Verdict.CHANGED)
    lines = diff_markdown(Diff(("m:1", "m:2"), (row,))).split("\n")
    _, _, told = [line for line in lines if line.startswith("|")]  # the head, the rule below it, the row
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", told)) == 5
    assert "<" not in re.sub(r"\\<", "", told)


def test_a_patch_cannot_end_its_fence() -> None:
    patch = "+```\n+<script>\n+````\n"
    between = CodeBetween("/src", None, (Commit("a" * 40, 0, "x", "[link](javascript:1) <b>"),), (), 1, 0, patch=patch)
    row = DiffRow(Section.CODE, "commit", ("a" * 40, "b" * 40), None, Verdict.CHANGED)
    told = diff_markdown(Diff(("m:1", "m:2"), (row,), (between,)))
    assert "`````diff\n+```\n+<script>\n+````\n`````\n" in told
    assert "\\[link\\](javascript:1) \\<b\\>" in told
