"""`lineal curve`: drawings for people, figures for programs, and words for what cannot be drawn."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Typed

BRAILLE = re.compile("[\u2801-\u28ff]")


@pytest.fixture(scope="module")
def logged(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The sample with two runs that have a history, and one that has none."""
    import shutil

    root = tmp_path_factory.mktemp("curves") / "registry"
    shutil.copytree(sample, root)
    refs = []
    with open_registry(root) as registry:
        for k in range(2):
            with registry.start_run("curves", name=f"attempt\x1b[31m {k}") as run:
                for step in range(100):
                    run.log_metric("val/loss 'x'", math.nan if step == 50 and k else 1 / (step + 1 + k), step=step)
                    run.log_metric("epoch", step // 10, step=step)
            refs.append(run.ref)
        with registry.start_run("curves", name="bare") as run:
            pass
        refs.append(run.ref)
    return root, refs


def test_runs_are_drawn_over_each_other_with_a_legend_in_words(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, refs = logged
    answer = typed("curve", *refs, "--metric", "val/loss 'x'", "--log", "--registry", root)
    assert answer.code == 0
    assert BRAILLE.search(answer.out)
    assert "\x1b" not in answer.out
    assert re.search(r"A attempt.* 0 .*from 0.01000 to 1.000, 100 points", answer.out)
    assert "B 1 NaN at 50" in answer.out or "1 NaN within 50" in answer.out
    assert re.search(r"C bare .*it has no metric val/loss 'x'", answer.out)
    assert "by step, logarithmic" in answer.out


def test_of_an_experiment_only_runs_that_have_the_metric_are_drawn(
    typed: Typed, logged: tuple[Path, list[str]]
) -> None:
    root, _ = logged
    for words in (("--metric", "epoch"), ()):
        answer = typed("curve", "exp:curves", *words, "--registry", root)
        assert answer.code == 0
        assert "bare" not in answer.out
        assert "without metric" in answer.err


def test_ascii_and_sizes_are_as_asked_for(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, refs = logged
    answer = typed(
        *("curve", refs[0], "--metric", "epoch", "--ascii", "--width", 50, "--height", 8, "--registry", root)
    )
    assert answer.out.isascii()
    lines = answer.out.splitlines()
    assert len(lines) == 1 + 8 + 1
    assert all(len(line) <= 50 for line in lines)


def test_a_locale_without_unicode_gets_ascii(processed: Processed, logged: tuple[Path, list[str]]) -> None:
    root, refs = logged
    answer = processed(
        *("curve", refs[0], "--metric", "epoch", "--registry", root),
        env={"LC_ALL": "en_US.ISO-8859-1", "PYTHONIOENCODING": "latin-1"},
    )
    assert answer.code == 0
    assert answer.out.isascii()


def test_an_experiment_stands_for_its_runs(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, _ = logged
    found = typed("curve", "exp:curves", "--metric", "epoch", "--by", "time", "--json", "--registry", root).json
    assert [curve["missing"] for curve in found["curves"]] == [None, None]
    assert found["by"] == "time"
    assert sum(dot["points"] for dot in found["curves"][1]["dots"]) == 100


def test_json_has_every_value_and_where_it_is(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, refs = logged
    found = typed("curve", refs[1], "--metric", "val/loss 'x'", "--json", "--registry", root).json
    (curve,) = found["curves"]
    assert curve["ref"] == refs[1]
    assert [dot["first"] for dot in curve["dots"]] == list(range(100))
    assert curve["dots"][50] | {"mean": None, "nan": 1} == curve["dots"][50]
    assert curve["dots"][3]["mean"] == 1 / 5


def test_csv_is_read_as_csv(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, refs = logged
    answer = typed("curve", refs[0], "--metric", "epoch", "--by", "epoch", "--csv", "--registry", root)
    head, *rows = csv.reader(io.StringIO(answer.out))
    assert head[:3] == ["ref", "name", "first"]
    assert len(rows) == 10
    assert {row[4] for row in rows} == {"10"}
    assert all("\x1b" not in cell for row in rows for cell in row)


def test_a_part_is_asked_for_in_steps_or_seconds(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, refs = logged
    found = typed("curve", refs[0], "--metric", "epoch", "--from", 20, "--until", 29, "--json", "--registry", root).json
    assert (found["first"], found["last"]) == (20, 29)
    assert sum(dot["points"] for dot in found["curves"][0]["dots"]) == 10


def test_a_model_is_drawn_across_its_versions_with_who_was_live(typed: Typed, sample: Path) -> None:
    answer = typed("curve", "fraud", "--metric", "auc", "--registry", sample)
    assert answer.code == 0
    assert re.search("production .*◆1.1.0", answer.out)
    assert "3 versions" in answer.out
    found = typed("curve", "fraud", "--by", "clock", "--json", "--registry", sample).json
    assert found["stage"] == "production"
    assert [spell["label"] for spell in found["live"]]
    assert found["live"][-1]["until"] is None


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("fraud", "--metric", "aux"), 3, "auc"),
        (("fraud", "--metric", "auc", "--by", "epoch"), 2, "version"),
        (("fraud", "--stage", "nowhere"), 3, "nowhere"),
        (("fraud", "run:ffff"), 2, "a model is drawn alone"),
        (("run:ffff",), 3, "run"),
        (("data:nothing",), 2, ""),
        (("fraud", "--json", "--csv"), 2, "choose one"),
        (("fraud", "--smooth", "1"), 2, "smooth"),
        (("fraud", "--width", "3"), 2, "width"),
        (("fraud", "--from", "nan"), 2, "range"),
        (("exp:nowhere",), 3, "nowhere"),
    ],
)
def test_a_mistake_says_what_is_wrong(typed: Typed, sample: Path, words: tuple[str, ...], code: int, told: str) -> None:
    answer = typed("curve", *words, "--registry", sample)
    assert answer.code == code, answer.err
    assert told in answer.err


def test_a_run_without_epochs_says_what_there_is_to_go_by(typed: Typed, logged: tuple[Path, list[str]]) -> None:
    root, _ = logged
    with open_registry(root) as registry, registry.start_run("other") as run:
        run.log_metric("loss", 1.0)
    answer = typed("curve", run.ref, "--metric", "loss", "--by", "epoch", "--registry", root)
    assert answer.code == 2
    assert "it logged no metric epoch to go by" in answer.err


def test_a_history_says_how_long_each_was_live(typed: Typed, sample: Path) -> None:
    answer = typed("history", "fraud@production", "--registry", sample)
    head, newest, *older = answer.out.splitlines()
    assert "FOR" in head
    assert ", live" in newest
    assert all(re.search(r" \d+(s|m|h|d) ", line) for line in older)


def test_a_history_at_a_time_answers_for_every_stage(typed: Typed, sample: Path) -> None:
    spells = typed("curve", "fraud", "--by", "clock", "--json", "--registry", sample).json["live"]
    then = typed("history", "fraud", "--at", spells[0]["from"], "--json", "--registry", sample).json
    assert [each["stage"] for each in then] == ["staging", "production"]
    assert then[1]["live"]["label"] == spells[0]["label"]
    before = typed("history", "fraud", "--at", "1999-01-01T00:00Z", "--registry", sample)
    assert before.code == 0
    assert before.out.count("nothing") == 2
    one = typed("history", "fraud@production", "--at", "2999-01-01T00:00Z", "--json", "--registry", sample).json
    assert [each["stage"] for each in one] == ["production"]
    assert typed("history", "fraud@nowhere", "--at", "2999-01-01T00:00Z", "--registry", sample).code == 3
