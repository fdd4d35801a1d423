"""What may be a name or a label, and which label comes next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineal.errors import BadName, BadValue
from lineal.records.base import Micros
from lineal.records.models import Bump, Scheme
from lineal.rules import naming
from lineal.rules.naming import BumpFacts, SemVer

WHEN = Micros(1_795_425_300_000_000)  # 2026-11-23T09:15:00Z


def next_label(scheme: Scheme = Scheme.SEMVER, **more: object) -> tuple[str, str]:
    given_: dict[str, object] = {"existing": (), "ended_at": WHEN, "seq": 7} | more
    new = naming.next_label(scheme, **given_)  # type: ignore[arg-type]
    return new.label, new.reason


@pytest.mark.parametrize("name", ["fraud", "digit reader", "Größe", "數字", "a.b-c_d", "x=y", "[red]", "x" * 128, "👩"])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert naming.check_model_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty"),
        ("a\nb", "control character (U+000A) at position 2"),
        ("a\x7f", "U+007F"),
        ("a\x9b", "U+009B"),
        ("a\u2028b", "a line separator"),
        ("a\u200bb", "invisible formatting"),
        ("a\u3164b", "invisible character"),
        ("a\uffff", "unassigned"),
        (" a", "a space at its beginning or end"),
        ("a\u00a0", "a space at its beginning or end"),
        ("-a", "it begins with -"),
        ("..", "it begins with ."),
        ("a/b", "/ at position 2 has a meaning in addresses"),
        ("x" * 129, "129 characters; at most 128 fit"),
        ("RUN", "opens another kind of address"),
    ],
)
def test_a_bad_model_name_is_refused_with_the_place_and_the_remedy(name: str, why: str) -> None:
    with pytest.raises(BadName) as caught:
        naming.check_model_name(name)
    assert why in str(caught.value)


def test_a_long_name_is_shown_shortened() -> None:
    with pytest.raises(BadName) as caught:
        naming.check_experiment_name("a" * 5_000 + "z" * 5_000)
    assert "…" in str(caught.value)
    assert "10,000 characters; at most 250 fit" in str(caught.value)
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize(
    "check",
    [naming.check_experiment_name, naming.check_metric_name, naming.check_param_name, naming.check_tag_name],
)
def test_keys_may_have_slashes_and_colons_but_nothing_unseen(check: object) -> None:
    assert check("val/auc @ 0.5: x") == "val/auc @ 0.5: x"  # type: ignore[operator]
    with pytest.raises(BadName):
        check("val\x1b[0m")  # type: ignore[operator]


def test_names_are_composed_so_that_one_word_is_one_name() -> None:
    assert naming.check_dataset_name("e\u0301") == naming.check_dataset_name("\u00e9")


@pytest.mark.parametrize("label", ["2.1.0", "1.0.0-rc.1+b7", "20261123T091500Z", "v_1", "一", "हिन्दी", "9" * 100])
def test_labels_of_letters_and_digits_in_any_script_are_fine(label: str) -> None:
    assert naming.check_label(label) == label


@pytest.mark.parametrize(
    "label",
    ["", " ", "a b", ".1", "-1", "+1", "_1", "a..b", "a/b", "#3", "a~1", "9" * 101, "字" * 67, "a\ufe0f", "\u0301a"],
)
def test_what_could_not_be_a_folder_or_an_address_is_no_label(label: str) -> None:
    with pytest.raises(BadName):
        naming.check_label(label)


def test_free_text_is_kept_but_for_what_nothing_can_store() -> None:
    assert naming.check_text("notes", "two\nlines \x1b[31m \u202e") == "two\nlines \x1b[31m \u202e"
    for bad in ("a\0", "a\ud800", "x" * 21):
        with pytest.raises(BadValue, match="notes"):
            naming.check_text("notes", bad, 20)


numbers = st.integers(0, 30)
identifiers = st.lists(st.sampled_from(["0", "7", "10", "alpha", "rc", "x-y", "0a"]), max_size=3).map(tuple)
versions = st.builds(SemVer, numbers, numbers, numbers, identifiers, identifiers)


@given(versions)
def test_a_semantic_version_reads_back(version: SemVer) -> None:
    assert SemVer.parse(str(version)) == version
    assert naming.check_label(str(version)) == str(version)


@given(versions, st.sampled_from(Bump), st.integers(1, 5))
def test_a_bump_always_leads_to_something_later(version: SemVer, bump: Bump, times: int) -> None:
    bumped = version.bumped(bump, times)
    assert (*bumped[:3], True) > (*version[:3], not version.pre)  # a pre-release comes before its release
    assert not bumped.pre
    assert version.bumped(bump, times + 1)[:3] > bumped[:3]


@pytest.mark.parametrize("text", ["1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "v1.2.3", "1.2.3 ", "1.2.3\n"])
def test_what_is_no_semantic_version(text: str) -> None:
    assert SemVer.parse(text) is None


def facts(signature: str | None = "s", architecture: str | None = "a", data: str = "d") -> BumpFacts:
    return BumpFacts(signature, architecture, frozenset(data), "2.3.0")


@pytest.mark.parametrize(
    ("new", "bump", "reason"),
    [
        (facts(signature="t", architecture="b"), Bump.MAJOR, "major: other inputs or outputs than 2.3.0"),
        (facts(architecture="b", data="e"), Bump.MINOR, "minor: other architecture than 2.3.0"),
        (facts(data="e"), Bump.MINOR, "minor: other training data than 2.3.0"),
        (facts(), Bump.PATCH, "patch: same signature, architecture and training data as 2.3.0"),
        (facts(signature=None, data=""), Bump.PATCH, "patch: same architecture as 2.3.0"),
        (facts(None, None, ""), Bump.PATCH, "patch: nothing to compare with 2.3.0"),
    ],
)
def test_the_bump_says_why(new: BumpFacts, bump: Bump, reason: str) -> None:
    assert naming.work_out_bump(facts(), new) == (bump, reason)


def test_the_first_semantic_version_is_one() -> None:
    assert next_label() == ("1.0.0", "first version")


def test_a_version_without_a_parent_beside_others_is_a_new_major() -> None:
    assert next_label(existing={"1.0.0", "1.1.0"}) == ("2.0.0", "major: no parent in this model")
    assert next_label(existing={"7", "1.0.0"}, base="7") == ("2.0.0", "major: 7 is no semantic version")


def test_the_bump_goes_up_from_the_parent_to_the_next_free_label() -> None:
    taken = {"1.0.0", "1.0.1", "1.0.2", "1.1.0"}
    assert next_label(existing=taken, base="1.0.0", reason="patch: because") == ("1.0.3", "patch: because")
    assert next_label(existing=taken, base="1.0.0", bump=Bump.MINOR) == ("1.2.0", "minor: asked for")
    assert next_label(existing=taken, base="1.0.2", bump=Bump.MAJOR)[0] == "2.0.0"


def test_ten_thousand_siblings_cost_a_few_look_ups() -> None:
    asked: list[str] = []

    def is_taken(label: str) -> bool:
        asked.append(label)
        version = SemVer.parse(label)
        return version is not None and version.patch <= 10_000

    assert next_label(existing=is_taken, base="1.0.0")[0] == "1.0.10001"
    assert len(asked) < 40


def test_a_timestamp_label_is_the_end_in_utc() -> None:
    assert next_label(Scheme.TIMESTAMP)[0] == "20261123T091500Z"
    taken = {"20261123T091500Z", "20261123T091500Z-2"}
    assert next_label(Scheme.TIMESTAMP, existing=taken)[0] == "20261123T091500Z-3"
    with pytest.raises(BadValue, match="calendar"):
        next_label(Scheme.TIMESTAMP, ended_at=Micros(2**62))


def test_an_experiment_label_is_made_fit() -> None:
    given_: dict[str, object] = {"experiment": "team/churn 2", "run_name": "brave..owl é"}
    assert next_label(Scheme.EXPERIMENT, **given_)[0] == "team-churn-2-brave.owl-é"
    assert next_label(Scheme.EXPERIMENT, existing={"e-r"}, experiment="e", run_name="r")[0] == "e-r-2"
    with pytest.raises(BadValue, match="no run is given"):
        next_label(Scheme.EXPERIMENT)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_experiment_and_run_make_a_label(experiment: str, run: str) -> None:
    label, _ = next_label(Scheme.EXPERIMENT, experiment=experiment, run_name=run)
    assert naming.check_label(label) == label
    other, _ = next_label(Scheme.EXPERIMENT, experiment=experiment, run_name=run, existing={label})
    assert naming.check_label(other) == other != label


def test_the_other_schemes() -> None:
    assert next_label(Scheme.SEQUENCE)[0] == "7"
    assert next_label(Scheme.MANUAL, label="blue") == ("blue", "asked for")
    with pytest.raises(BadValue, match=r"^label: labels of this model are chosen by hand"):
        next_label(Scheme.MANUAL)


def test_a_label_asked_for_has_to_fit_the_scheme() -> None:
    assert next_label(label="3.0.0-rc.1") == ("3.0.0-rc.1", "asked for")
    with pytest.raises(BadName, match="no semantic version"):
        next_label(label="blue")
