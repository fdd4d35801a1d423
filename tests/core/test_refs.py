"""The address grammar, as people type it and as programs give it back."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lineal.errors import BadAddress, BadName, BadValue
from lineal.records.models import Relation
from lineal.rules import naming, refs
from lineal.rules.refs import (
    DatasetRef,
    DatasetVersionRef,
    DigestRef,
    ExperimentRef,
    LabelRef,
    ModelRef,
    RunRef,
    SeqRef,
    StageRef,
)

texts = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=30) | st.text(
    alphabet="aB9é日 -._+=\"'()", min_size=1, max_size=30
)


def fitting(check: object) -> st.SearchStrategy[str]:
    def checked(text: str) -> str | None:
        try:
            return check(text)  # type: ignore[operator,no-any-return]
        except BadName:
            return None

    return texts.map(checked).filter(lambda name: name is not None)  # type: ignore[return-value]


hexadecimal = st.text(alphabet="0123456789abcdef", min_size=4, max_size=32)
models = fitting(naming.check_model_name)
every_ref = st.one_of(
    st.builds(ModelRef, models),
    st.builds(LabelRef, models, fitting(naming.check_label)),
    st.builds(SeqRef, models, st.integers(1, refs.MAX_NUMBER)),
    st.builds(StageRef, models, fitting(naming.check_stage_name), st.integers(0, 10_000)),
    st.builds(DatasetRef, fitting(naming.check_dataset_name)),
    st.builds(DatasetVersionRef, fitting(naming.check_dataset_name), fitting(naming.check_label)),
    st.builds(RunRef, hexadecimal),
    st.builds(ExperimentRef, fitting(naming.check_experiment_name)),
    st.builds(DigestRef, hexadecimal | st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)),
)


@given(every_ref)
def test_an_address_reads_back_as_what_it_was_written_from(ref: refs.Ref) -> None:
    assert refs.parse(str(ref)) == ref


@given(st.text(max_size=40) | st.text(alphabet="ad:@~#'\" 1=", max_size=15))
def test_any_text_is_an_address_or_a_clear_error_and_what_is_one_is_stable(text: str) -> None:
    try:
        ref = refs.parse(text)
    except BadAddress:
        return
    assert refs.parse(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("fraud", ModelRef("fraud")),
        ("fraud:2.1.0", LabelRef("fraud", "2.1.0")),
        ("fraud:#17", SeqRef("fraud", 17)),
        ("fraud@production", StageRef("fraud", "production")),
        ("fraud@production~1", StageRef("fraud", "production", 1)),
        ("fraud@production~0", StageRef("fraud", "production")),
        ("data:customers", DatasetRef("customers")),
        ("data:customers:2026-11-01", DatasetVersionRef("customers", "2026-11-01")),
        ("run:3F9C2A", RunRef("3f9c2a")),
        ("exp:team/churn: second try", ExperimentRef("team/churn: second try")),
        ("sha256:9F3C", DigestRef("9f3c")),
        ("digit reader:2", LabelRef("digit reader", "2")),
        ('"digit reader":2', LabelRef("digit reader", "2")),
        ("'digit reader'@staging", StageRef("digit reader", "staging")),
        ("digit reader@'pre prod'~2", StageRef("digit reader", "pre prod", 2)),
        ('"digit reader:2"', LabelRef("digit reader", "2")),
        ("data:'my set':x", DatasetVersionRef("my set", "x")),
        ('exp:"churn"', ExperimentRef("churn")),
        ("  fraud  ", ModelRef("fraud")),
        ("cafe\u0301", ModelRef("caf\u00e9")),
        ("数字:一", LabelRef("数字", "一")),
        ("database", ModelRef("database")),
    ],
)
def test_what_an_address_means(text: str, ref: refs.Ref) -> None:
    assert refs.parse(text) == ref


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("fraud:", "missing after the colon"),
        ("fraud@", "stage name '': it is empty"),
        ("fraud:#", "a sequence number must be a number, not nothing"),
        ("fraud:#0", "must be from 1"),
        ("fraud:#-1", "must be a number"),
        ("fraud:#٣", "must be a number"),
        ("fraud:#" + "9" * 5000, "must be a number"),
        ("fraud:2.1.0@production", "a label and a stage"),
        ("fraud@production~", "must be a number, not nothing"),
        ("fraud@production~x", "must be a number, not x"),
        ("fraud~1", "~ at position 6"),
        ("../fraud", "/ at position 3"),
        ("data", "opens another kind of address"),
        ("EXP", "opens another kind of address"),
        ("data:", "dataset name '': it is empty"),
        ("data:customers:", "a label is missing"),
        ("data:customers@production", "datasets have no stages"),
        ("run:", "has 1 to 32 hexadecimal digits, this has 0"),
        ("run:xyz", "hexadecimal"),
        ("run:" + "a" * 33, "this has 33"),
        ("sha256:9f3", "this has 3"),
        ("sha256:" + "a" * 65, "this has 65"),
        ("exp:", "it is empty"),
        ('"fraud', "never closed"),
        ("'a'b:1", "follows the closing quote"),
        ("fraud:two words", "a space at position 4"),
        ("\x1b[31mfraud", "a control character (U+001B) at position 1"),
        ("fraud\u202e", "an invisible formatting character (U+202E)"),
        ("a\ud800", "half of a surrogate pair"),
        ("x" * 10_000, "10,000 characters; at most 128 fit"),
    ],
)
def test_what_is_no_address_says_why(text: str, why: str) -> None:
    with pytest.raises(BadAddress) as caught:
        refs.parse(text)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 400
    assert caught.value.exit_code == 2
    assert "fraud@production~1" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "address", "relation"),
    [
        ("fraud@production", "fraud@production", Relation.RETRAIN),
        ("fraud@production=distill", "fraud@production", Relation.DISTILL),
        ("fraud:#3=Merge", "fraud:#3", Relation.MERGE),
        ('"a=b"', '"a=b"', Relation.RETRAIN),
        ("a=b=prune", "a=b", Relation.PRUNE),
    ],
)
def test_a_parent_is_given_with_its_relation(text: str, address: str, relation: Relation) -> None:
    assert refs.split_relation(text) == (address, relation)


def test_a_mistyped_relation_names_the_nearest() -> None:
    with pytest.raises(BadValue, match="did you mean distill") as caught:
        refs.split_relation("fraud@production=destill")
    assert "quantize" in (caught.value.hint or "")


def test_a_dataset_is_given_with_its_role() -> None:
    assert refs.split_role("data:customers:1=test", "train") == ("data:customers:1", "test")
    assert refs.split_role("data:customers:1", "train") == ("data:customers:1", "train")
    with pytest.raises(BadValue, match="role"):
        refs.split_role("data:customers:1=", "train")


def test_the_nearest_names_come_first_whatever_their_case() -> None:
    names = ["fraud", "Fraud-EU", "churn", "digit reader", "fruad"]
    assert refs.nearest("FRUAD", names)[:2] == ("fruad", "fraud")
    assert refs.nearest("frau", names)[0] == "fraud"
    assert "Fraud-EU" in refs.nearest("frau", names)
    assert refs.nearest("zzzzz", names) == ()
    assert refs.nearest("reader", names) == ("digit reader",)


@given(models, st.sampled_from("/\\:@~#'\"`\x00\x1b\u202e\u200b"))
def test_no_name_of_a_model_holds_a_character_of_the_grammar(name: str, mark: str) -> None:
    assume(len(name) < naming.MAX_NAME)
    with pytest.raises(BadName):
        naming.check_model_name(name[:1] + mark + name[1:])
