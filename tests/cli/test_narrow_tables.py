"""What a table keeps where there is no room for all of it: addresses and times whole, words as far as they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from lineal.records.base import Micros
from lineal.records.gates import Inbox
from lineal.registry import open_registry
from lineal_tui.view.diffs.diff_text import diff_text
from lineal_tui.view.drawing.lines import Tone, cut_middle, line_width
from lineal_tui.view.drawing.text import table
from lineal_tui.view.governance.audit import table_of
from lineal_tui.view.governance.gates import inbox
from lineal_tui.view.versioning import listing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cli.command_line import Typed

    from lineal_tui.view.drawing.lines import Line

_TITLES = ("AT", "CHANGE", "BY", "REASON")
_ROWS = [
    ("2026-03-01 03:00", "2.3.0 → 2.4.0", "stranger (claims as:ana)", "better on the hold-out, and quicker by a half"),
    ("2026-02-01 03:00", "nothing → 2.3.0", "ben", "-"),
]


def _table(width: int | None, *, words: Sequence[int] = (), below: Sequence[int] = ()) -> list[str]:
    spans = [tuple((text, Tone.TEXT) for text in row) for row in _ROWS]
    return [_plain(line) for line in table(_TITLES, spans, width=width, words=words, below=below)]


def _plain(line: Line) -> str:
    return "".join(text for text, _ in line).rstrip()


def test_a_pipe_gets_all_of_it_in_one_line_each() -> None:
    assert _table(None, below=(2, 3)) == _table(500, below=(2, 3))
    assert len(_table(None, below=(2, 3))) == 3


def test_words_that_have_to_be_read_get_a_line_of_their_own() -> None:
    assert _table(60, below=(2, 3)) == [
        "AT                CHANGE",
        "2026-03-01 03:00  2.3.0 → 2.4.0",
        "    stranger (claims as:ana) · better on the hold-out, and",
        "    quicker by a half",
        "2026-02-01 03:00  nothing → 2.3.0",
        "    ben",
    ]


def test_words_of_which_a_beginning_will_do_are_cut_before_anything_else() -> None:
    lines = _table(68, words=(3, 2))
    assert lines[0].split() == ["AT", "CHANGE", "BY", "REASON"]
    assert lines[1].startswith("2026-03-01 03:00  2.3.0 → 2.4.0    stranger (clai")
    assert lines[1].count("…") == 2


def test_a_column_that_was_left_out_is_owned_up_to() -> None:
    lines = _table(50, words=(3, 2))
    assert lines[0] == "AT                CHANGE           REASON  …"
    assert lines[1].startswith("2026-03-01 03:00  2.3.0 → 2.4.0    better on")


def test_what_has_to_be_whole_is_cut_last() -> None:
    spans = [tuple((text, Tone.TEXT) for text in row) for row in _ROWS]
    lines = [_plain(line) for line in table(_TITLES, spans, width=80, whole=(3,))]
    assert lines[1].endswith("better on the hold-out, and quicker by a half")
    assert "…" in lines[1]


def test_a_narrow_difference_keeps_its_verdicts_whole_and_its_remarks_below(sample: Path) -> None:
    with open_registry(sample, read_only=True) as registry:
        two = registry.diff("fraud:1.0.0", "fraud:1.1.0")
        three = registry.diff("fraud:1.0.0", "fraud:1.1.0", "fraud:1.2.0")
    lines = [_plain(line) for line in diff_text(two, 60)]
    assert max(map(len, lines)) <= 60
    [at] = [n for n, line in enumerate(lines) if line.startswith("  auc ")]
    assert lines[at].endswith("! not comparable")
    assert lines[at + 1].startswith("    measured on data:")
    assert "metric" in lines
    assert any(line.startswith("metric  ") for line in map(_plain, diff_text(two, 1000)))
    lines = [_plain(line) for line in diff_text(three, 60)]
    assert max(map(len, lines)) <= 60
    assert "! not comparable" in lines[-1] or "! not comparable" in lines[-2]


def test_narrow_lists_of_models_and_of_the_log_tell_all_of_it(sample: Path) -> None:
    with open_registry(sample, read_only=True) as registry:
        models, events = registry.models(), list(registry.events(limit=50))
    figures = dict.fromkeys((model.id for model in models), 0.9375)
    lines = [_plain(line) for line in listing.models(models, Micros(0), 40, figures=figures)]
    assert lines[0].split() == ["MODEL", "VERSIONS", "METRIC", "CHANGED"]
    assert any(line.startswith("    production ") for line in lines)
    for width in (50, 60, 80):
        told = "\n".join(_plain(line) for line in table_of(events, width))
        assert all(len(event.ref) > width - 4 or event.ref in told for event in events if event.ref.isascii())


def test_lists_say_by_whom_and_how_long_ago_in_one_word(typed: Typed, sample: Path) -> None:
    titles = [
        typed("--registry", sample, *words).lines[0].split()
        for words in (("history", "fraud@production"), ("audit", "log"), ("live", "fraud@production", "--at", "now"))
    ]
    assert all("WHO" not in each for each in titles)
    assert "BY" in titles[0]
    assert "BY" in titles[1]
    with open_registry(sample, read_only=True) as registry:
        [newest, *_] = registry.history("fraud", "production")
    lines = [_plain(line) for line in inbox(Inbox((), (newest,)), Micros(newest.at + 7_200_000_000), None)]
    assert lines[0].split() == ["REVIEW", "FORCED", "BY", "AGE", "REASON"]
    assert " 2h " in lines[1]


@given(
    width=st.integers(40, 140),
    words=st.lists(st.integers(2, 3), unique=True, max_size=2),
    below=st.lists(st.integers(2, 3), unique=True, max_size=2),
)
def test_no_line_is_wider_than_the_terminal_and_what_is_needed_is_whole(
    width: int, words: list[int], below: list[int]
) -> None:
    spans = [tuple((text, Tone.TEXT) for text in row) for row in _ROWS]
    words = [each for each in words if each not in below]
    lines = table(_TITLES, spans, width=width, words=words, below=below)
    assert all(line_width(line) <= width for line in lines)
    if set(words) | set(below) == {2, 3}:
        told = "\n".join(map(_plain, lines))
        assert "2026-03-01 03:00  2.3.0 → 2.4.0" in told
        assert "2026-02-01 03:00  nothing → 2.3.0" in told


def test_what_was_cut_in_the_middle_once_is_cut_there_again() -> None:
    assert cut_middle(cut_middle("data:customers:2026-11-04.2 345", 24), 13) == "data:c….2 345"
    assert cut_middle("wide 模型 names", 9) == "wide 模…"
