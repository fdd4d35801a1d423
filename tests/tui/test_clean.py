import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from lineal_tui.view.drawing.clean import clean, one_line

ANYTHING = st.text(st.characters(exclude_categories=()))


@given(ANYTHING)
def test_nothing_that_commands_a_terminal_gets_through(text: str) -> None:
    assert not {unicodedata.category(letter) for letter in clean(text)} & {"Cc", "Cs", "Zl", "Zp"}


@given(ANYTHING)
def test_a_cleaned_text_is_as_long_as_before_and_stays_as_it_is(text: str) -> None:
    assert len(clean(text)) == len(text)
    assert clean(clean(text)) == clean(text)


@given(ANYTHING)
def test_a_page_keeps_its_lines_and_no_other_control(text: str) -> None:
    cleaned = clean(text, keep_newlines=True)
    assert cleaned.count("\n") == text.count("\n")
    cleaned.encode()


def test_each_kind_of_dangerous_character_is_replaced() -> None:
    for letter in "\x1b\x07\x00\x7f\x9b\u202e\u2066\u200b\u200d\ufeff\u2028\ud800\t\n":
        assert clean(f"a{letter}b") == "a\ufffdb"


def test_other_scripts_and_markup_are_left_alone() -> None:
    for text in ("モデル", "модель", "[/]", "a[/b]c", "é", "🦜"):
        assert clean(text) == text


def test_lines_are_joined_for_one_row() -> None:
    assert one_line("two\n\tlines\x1b[31m") == "two lines\ufffd[31m"
