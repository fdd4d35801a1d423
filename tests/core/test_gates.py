"""What stages demand before a promotion: each gate with its figures, at the plan and when it is carried out."""

from __future__ import annotations

import math
import pickle
import shutil
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lineal.errors import BadFilter, BadValue, GatesFailed, NotFound, OutOfDate, Refused, UsageError
from lineal.gates import demands, expressions
from lineal.records.base import Actor, Micros
from lineal.records.gates import Gates
from lineal.records.models import VersionStatus
from lineal.registry import Registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.core.conftest import Calendar, Script, Served, Weights

    from lineal.records.stages import Check, Plan

PLACE = "m@production"
HOUR = 3_600_000_000


@pytest.fixture
def stocked(registry: Registry, tmp_path: Path) -> Registry:
    """A model `m` with versions 1 to 4; data `test` with versions 1 and 2; 1 is live at production."""
    for label in ("1", "2"):
        data = tmp_path / f"{label}.csv"
        data.write_text(f"a,b\n{label},2\n")
        registry.add_dataset("test", data, label=label)
    for auc, on in ((0.93, "1"), (0.91, "1"), (0.95, "2"), (0.96, "1")):
        registry.register(
            "m",
            scheme="sequence",
            metrics={"auc": auc},
            measured_on=f"data:test:{on}",
            parent="m:#1" if registry.models() else None,
        )
    registry.promote("m:1", "production")
    return registry


def person(registry: Registry, name: str, uid: int = 4_000) -> Registry:
    """The same registry as somebody else uses it."""
    return Registry(replace(registry.context, actor=Actor(name, uid)))


def _failed(plan: Plan) -> dict[str, Check]:
    return {check.name: check for check in plan.failed}


def test_a_stage_demands_nothing_until_somebody_says_so(stocked: Registry) -> None:
    assert stocked.gates(PLACE) == Gates()
    assert [check.name for check in stocked.plan_promote("m:2", "production").checks] == ["status"]


def test_gates_are_set_changed_one_by_one_and_taken_away(stocked: Registry) -> None:
    first = stocked.set_gates(
        PLACE, expressions=("metrics.auc > 0.9", "metrics.auc > 0.9"), require=("owner", "tags.x")
    )
    assert first == Gates(expressions=("metrics.auc > 0.9",), require=("owner", "tags.x"))
    both = stocked.set_gates(PLACE, after="staging", soak="1d 12h", approvals=2, no_pickle=True)
    assert both == replace(first, after="staging", soak=129_600, approvals=2, no_pickle=True)
    assert stocked.gates(PLACE) == both
    events = len(stocked.events())
    assert stocked.set_gates(PLACE, approvals=2) == both
    assert len(stocked.events()) == events
    assert stocked.set_gates(PLACE, after=None) == replace(both, after=None, soak=0)
    nothing = stocked.set_gates(PLACE, expressions=(), require=(), approvals=0, no_pickle=False)
    assert nothing.is_open
    assert stocked.events()[0].action == "gates_set"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"expressions": ("metrics.auc >",)}, BadFilter),
        ({"expressions": ("ownr = 'a'",)}, BadFilter),
        ({"expressions": ("better",)}, BadFilter),
        ({"expressions": tuple(f"metrics.auc > {n}" for n in range(60))}, BadValue),
        ({"require": ("ownr",)}, BadValue),
        ({"require": ("tags.",)}, UsageError),
        ({"approvals": -1}, BadValue),
        ({"approvals": 101}, BadValue),
        ({"approvals": True}, BadValue),
        ({"soak": "24h"}, BadValue),
        ({"soak": "soon", "after": "staging"}, BadValue),
        ({"soak": "20y", "after": "staging"}, BadValue),
        ({"after": "stging"}, NotFound),
        ({"after": "production"}, Refused),
    ],
)
def test_what_no_version_could_meet_is_refused(
    stocked: Registry, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        stocked.set_gates(PLACE, **changes)
    assert stocked.gates(PLACE).is_open


def test_stages_that_wait_for_one_another_are_refused(stocked: Registry) -> None:
    stocked.set_gates(PLACE, after="staging")
    with pytest.raises(Refused, match="no version could ever pass"):
        stocked.set_gates("m@staging", after="production")


def test_a_worse_version_fails_with_the_figures_and_moves_nothing(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc >= live.metrics.auc - 0.005",))
    plan = stocked.plan_promote("m:2", "production")
    check = _failed(plan)["gate"]
    assert (check.wanted, check.saw) == (
        "metrics.auc >= live.metrics.auc - 0.005 (0.925)",
        "metrics.auc 0.91, live.metrics.auc 0.93",
    )
    with pytest.raises(GatesFailed, match=r"saw metrics\.auc 0\.91, live\.metrics\.auc 0\.93"):
        stocked.promote("m:2", "production")
    assert stocked.live(PLACE).version.label == "1"
    assert stocked.promote("m:4", "production") is not None


def test_what_was_measured_on_other_data_fails_until_it_is_evaluated_on_the_same(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc >= live.metrics.auc",))
    assert "measured on other data" in _failed(stocked.plan_promote("m:3", "production"))["gate"].saw
    stocked.evaluate("m:3", {"auc": 0.94}, measured_on="data:test:1")
    assert not stocked.plan_promote("m:3", "production").failed
    stocked.evaluate("m:3", {"auc": 0.92}, measured_on="data:test:1")
    assert "0.92 (evaluated later)" in _failed(stocked.plan_promote("m:3", "production"))["gate"].saw


def test_a_gate_holds_where_nothing_is_live_yet(stocked: Registry) -> None:
    stocked.set_gates("m@staging", expressions=("metrics.auc >= live.metrics.auc",))
    plan = stocked.plan_promote("m:2", "staging")
    assert not plan.failed
    assert "nothing is live there" in plan.checks[-1].saw


@pytest.mark.parametrize(
    ("field", "described"),
    [
        ("owner", {"owner": "ana"}),
        ("purpose", {"purpose": "cards"}),
        ("notes", {"notes": "x"}),
        ("tags.ticket", {"tag.ticket": "7"}),
    ],
)
def test_required_fields_have_to_be_known(stocked: Registry, field: str, described: dict[str, str]) -> None:
    stocked.set_gates(PLACE, require=(field,))
    check = _failed(stocked.plan_promote("m:2", "production"))[field]
    assert (check.wanted, check.saw) == (field, "missing")
    stocked.set("m:2", described)
    assert not stocked.plan_promote("m:2", "production").failed


def test_the_owner_of_the_model_will_do(stocked: Registry) -> None:
    stocked.set_gates(PLACE, require=("owner",))
    stocked.set("m", {"owner": "ben"})
    assert "ben (of the model)" in [check.saw for check in stocked.plan_promote("m:2", "production").checks]
    assert stocked.lacks("m:2") == {"purpose": "purpose", "datasets": "training data"}


def test_data_parents_runs_and_files_can_be_required(stocked: Registry, weights: Weights) -> None:
    every = ("datasets", "parent", "run", "environment", "architecture", "files", "params.lr", "metrics.auc")
    stocked.set_gates(PLACE, require=every)
    stocked.set_gates("m@staging", require=("code",))
    assert _failed(stocked.plan_promote("m:2", "staging"))["code"].saw == "missing"
    failed = set(_failed(stocked.plan_promote("m:2", "production")))
    assert failed == set(every) - {"parent", "metrics.auc"}
    with stocked.start_run("e", params={"lr": 0.1}) as run:
        run.log_metric("auc", 0.9)
        run.use_dataset("data:test:1")
        version = run.register("m", weights(1.0), parent="m:1")
    assert not stocked.plan_promote(version, "production").failed


def test_a_first_version_needs_no_parent(stocked: Registry) -> None:
    stocked.register("other", scheme="sequence")
    stocked.set_gates("other@production", require=("parent",))
    assert not stocked.plan_promote("other:1", "production").failed


def test_a_version_has_to_have_been_live_elsewhere_first(stocked: Registry) -> None:
    stocked.set_gates(PLACE, after="staging")
    check = _failed(stocked.plan_promote("m:2", "production"))["after"]
    assert (check.wanted, check.saw) == ("live at staging in good health", "never live there")
    stocked.promote("m:2", "staging")
    assert "live there now" in [check.saw for check in stocked.plan_promote("m:2", "production").checks]
    stocked.promote("m:4", "staging")
    assert not stocked.plan_promote("m:2", "production").failed


def test_a_soak_counts_the_longest_stretch(stocked: Registry, calendar: Calendar) -> None:
    stocked.set_gates(PLACE, after="staging", soak="24h")
    stocked.promote("m:2", "staging")
    calendar.at += 20 * HOUR
    check = _failed(stocked.plan_promote("m:2", "production"))["soak"]
    assert (check.wanted, check.saw) == ("1 d at staging at a stretch", "20 h 1 s")
    stocked.promote("m:4", "staging")
    calendar.at += 100 * HOUR
    stocked.promote("m:2", "staging")
    calendar.at += 20 * HOUR
    assert "soak" in _failed(stocked.plan_promote("m:2", "production"))
    calendar.at += 4 * HOUR
    assert not stocked.plan_promote("m:2", "production").failed
    stocked.promote("m:3", "staging")
    assert not stocked.plan_promote("m:2", "production").failed


def test_a_clock_that_was_set_back_makes_no_soak(stocked: Registry, calendar: Calendar) -> None:
    stocked.set_gates(PLACE, after="staging", soak="24h")
    calendar.at += 1_000 * HOUR
    stocked.promote("m:2", "staging")
    calendar.at -= 900 * HOUR
    check = _failed(stocked.plan_promote("m:2", "production"))["soak"]
    assert check.saw == "0 s"
    stocked.promote("m:4", "staging")
    assert _failed(stocked.plan_promote("m:2", "production"))["soak"].saw == "0 s"


def test_files_that_execute_code_are_refused(stocked: Registry, tmp_path: Path) -> None:
    evil = tmp_path / "model.pkl"
    evil.write_bytes(pickle.dumps({"a": 1}))
    stocked.register("m", evil, label="5")
    stocked.set_gates(PLACE, no_pickle=True)
    assert _failed(stocked.plan_promote("m:5", "production"))["no pickle"].saw == "model.pkl (pickle)"
    assert not stocked.plan_promote("m:4", "production").failed


def test_a_rollback_an_undo_and_a_clearing_meet_no_gates(stocked: Registry) -> None:
    stocked.promote("m:2", "production")
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",), approvals=3, require=("owner",))
    assert stocked.rollback(PLACE).to_label == "1"
    assert stocked.undo(PLACE).to_label == "2"
    assert stocked.clear(PLACE).to_label is None


def test_promoting_what_is_live_already_meets_no_gates(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    assert stocked.promote("m:1", "production") is None


def test_a_gate_that_was_set_after_the_plan_holds_too(stocked: Registry) -> None:
    plan = stocked.plan_promote("m:2", "production")
    stocked.set_gates(PLACE, expressions=("metrics.auc > 0.92",))
    with pytest.raises(GatesFailed):
        stocked.execute(plan)
    assert stocked.live(PLACE).version.label == "1"


def test_gates_stand_before_a_bound_stage_too(served: Served) -> None:
    registry = served.registry
    registry.promote("m:1", "production")
    registry.set_gates(served.place, require=("owner",))
    with pytest.raises(GatesFailed, match="owner: wanted owner, saw missing"):
        registry.promote("m:2", "production")
    assert served.live() == "1"
    forced = registry.promote("m:2", "production", reason="fire", force=True)
    assert forced is not None
    assert forced.is_alarming
    assert served.live() == "2"
    assert registry.pipelines(served.place)[0].order.overrode == ("owner: wanted owner, saw missing",)


_DIES = """
import os, signal, sys
from lineal.staging import layout
from lineal.registry import open_registry
def switched(directory, name, switch=layout.switch):
    switch(directory, name)
    os.kill(os.getpid(), signal.SIGKILL)
layout.switch = switched
open_registry(sys.argv[1]).promote("m:2", "production", force=True, reason="fire")
"""


def test_a_forced_promotion_whose_process_was_killed_is_recorded_as_forced(served: Served, script: Script) -> None:
    registry = served.registry
    registry.promote("m:1", "production")
    registry.set_gates(served.place, require=("owner",))
    assert script(_DIES, registry.root).wait(30) == -9
    registry.repair()
    taken_back = registry.history("m", "production")[0]
    assert (taken_back.outcome.value, taken_back.is_alarming) == ("reverted", True)
    assert registry.model("m").forced == ()
    assert [each.seq for each in person(registry, "ben").inbox().forced] == [2]
    event = next(each for each in registry.events() if each.action == "promote_reverted")
    assert event.data["overrode"] == ["owner: wanted owner, saw missing"]


def test_forcing_goes_past_gates_says_why_and_stays_marked(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",), approvals=1)
    with pytest.raises(BadValue, match="says why"):
        stocked.promote("m:2", "production", force=True)
    made = stocked.promote("m:2", "production", force=True, reason="the old one is on fire")
    assert made is not None
    assert (made.forced, made.reviewed_by, made.is_alarming) == (True, None, True)
    event = stocked.events()[0]
    assert event.data["forced"] is True
    assert event.data["overrode"] == [
        "gate: wanted metrics.auc > 2, saw metrics.auc 0.91",
        "approvals: wanted approved by another person, saw 0 of 1",
    ]
    assert stocked.version("m:2").forced == ("production",)
    assert stocked.model("m").forced == ("production",)


def test_forcing_what_nothing_stands_against_is_no_forcing(stocked: Registry) -> None:
    made = stocked.promote("m:2", "production", force=True)
    assert made is not None
    assert not made.forced


def test_nobody_forces_what_is_bad_or_damaged(stocked: Registry) -> None:
    stocked.mark("m:2", VersionStatus.BAD)
    with pytest.raises(Refused, match="status is bad"):
        stocked.promote("m:2", "production", force=True, reason="please")


def test_a_forced_promotion_stays_marked_until_another_person_reviews_it(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    stocked.promote("m:2", "production", force=True, reason="fire")
    with pytest.raises(Refused, match="somebody else looks at it"):
        stocked.review(f"{PLACE}#2")
    ben = person(stocked, "ben")
    assert [each.seq for each in ben.inbox().forced] == [2]
    assert stocked.inbox().forced == ()
    review = ben.review("2", reason="right so")
    assert (review.actor.user, review.reason) == ("ben", "right so")
    live = stocked.live(PLACE).transition
    assert (live.forced, live.reviewed_by, live.is_alarming) == (True, "ben", False)
    assert live.review_reason == "right so"
    assert stocked.version("m:2").forced == ()
    assert ben.inbox().count == 0
    with pytest.raises(Refused, match="ben reviewed it already"):
        person(stocked, "cy").review(f"{PLACE}#2")
    with pytest.raises(Refused, match="it was not forced"):
        ben.review(f"{PLACE}#1")
    assert stocked.events()[0].action == "reviewed"


def test_a_version_that_was_forced_in_stays_marked_when_a_rollback_leads_back_to_it(stocked: Registry) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    stocked.promote("m:2", "production", force=True, reason="fire")
    stocked.set_gates(PLACE, expressions=())
    stocked.promote("m:4", "production")
    assert stocked.model("m").forced == ()
    stocked.rollback(PLACE)
    assert stocked.model("m").forced == ("production",)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("m@production#9", NotFound),
        ("9", NotFound),
        ("m@production", UsageError),
        ("#2", UsageError),
        ("m#2", UsageError),
        ("x@y#1", NotFound),
    ],
)
def test_a_transition_that_is_none_is_told(stocked: Registry, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        stocked.review(text)


def test_the_database_keeps_reviews_to_forced_transitions_of_others(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",))
    stocked.promote("m:2", "production", force=True, reason="fire")
    user = stocked.actor.user
    for transition, actor in ((1, "ben"), (2, user)):
        with pytest.raises(sqlite3.IntegrityError, match="by another person"):
            sql("INSERT INTO reviews VALUES (?, NULL, ?, 1, NULL, 1)", transition, actor)


@pytest.mark.parametrize(
    ("trigger", "statement", "told"),
    [
        ("decisions_no_update", "UPDATE decisions SET actor = 'cy'", "no event tells that cy approved it so"),
        (None, "INSERT INTO decisions VALUES (9, 2, 2, NULL, 'approved', NULL, 'cy', 1, NULL, 1)", "no event tells"),
        ("transitions_no_update", "UPDATE transitions SET forced = 0", "the history disagrees"),
        ("reviews_no_update", "UPDATE reviews SET actor = 'dan'", "transition 2 was reviewed so"),
        (None, "UPDATE stage_gates SET approvals = 0", "is not what the log tells"),
        (None, "DELETE FROM gate_expressions", "is not what the log tells"),
        ("transitions_no_update", "UPDATE transitions SET actor = 'cy' WHERE forced", "is not what event"),
        ("versions_fixed", "UPDATE versions SET created_by = 'cy' WHERE id = 2", "that it was registered so"),
        (
            None,
            "INSERT INTO role_bindings (subject, role, granted_at, granted_by) VALUES ('cy', 'viewer', 1, 'cy')",
            "cy was made viewer",
        ),
        (None, "UPDATE role_bindings SET role = 'admin' WHERE subject = 'daemon'", "daemon was made admin"),
        (None, "DELETE FROM role_bindings WHERE subject = 'daemon'", "that daemon is deployer, and they are not"),
    ],
)
def test_the_log_tells_of_words_gates_force_people_and_roles_that_were_forged(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]], trigger: str | None, statement: str, told: str
) -> None:
    stocked.set_gates(PLACE, expressions=("metrics.auc > 2",), approvals=1)
    ben = person(stocked, "ben")
    ben.approve("m:2", "production")
    stocked.promote("m:2", "production", force=True, reason="fire")
    ben.review(f"{PLACE}#2")
    stocked.grant(stocked.actor.user, "admin")
    for role in ("viewer", "approver", "deployer"):
        stocked.grant("daemon", role, model="m")
    stocked.grant("daemon", "viewer")
    stocked.revoke("daemon", "viewer")
    assert stocked.verify_events().findings == ()
    if trigger is not None:
        sql(f"DROP TRIGGER {trigger}")
    sql(statement)
    assert any(told in finding.problem for finding in stocked.verify_events().findings)


def test_what_was_looked_at_is_what_is_promoted(stocked: Registry) -> None:
    plan = stocked.plan_promote("m:4", "production")
    stocked.promote("m:2", "production")
    with pytest.raises(OutOfDate):
        stocked.execute(plan, force=True)


_TESTS = some.sampled_from(
    [
        *("metrics.auc > 0.5", "metrics.auc = 0.25", "metrics.f1 <= 0.5", "metrics.nan > 0", "metrics.auc IS NULL"),
        *("metrics.auc < metrics.f1", "metrics.auc + metrics.f1 > 0.75", "metrics.nan IS NOT NULL"),
        *("params.lr = 0.1", "params.lr = '0.1'", "params.lr < 1", "params.opt = 'adam'", "params.opt LIKE 'AD%'"),
        *("params.opt IN ('adam', 'sgd')", "params.lr IN (0.1, 1)", "params.none IS NULL", "params.lr NOT IN (1)"),
        *("tags.t = 'x'", "tags.t != 'x'", "tags.t NOT LIKE 'y%'", "tags.z IS NULL", "owner = 'ana'", "owner != 'ben'"),
        *("owner IS NULL", "stage = 'production'", "stage != 'production'", "stage IS NULL", "status = 'Active'"),
        *("label LIKE '1%'", "seq > 1", "parent = 'm:1'", "parent != 'm:1'", "parent IS NOT NULL", "dataset = 'd'"),
        *("dataset.role = 'train'", "files > 0", "bytes < '1 KB'", "created > '1 day ago'", "created < '1 day ago'"),
        *("format = 'safetensors'", "relation = 'retrain'", "live = true", "purpose IN ('p', 'q')", "run IS NULL"),
    ]
)
_EXPRESSIONS = some.recursive(
    _TESTS,
    lambda inner: some.one_of(
        inner.map(lambda text: f"NOT ({text})"),
        some.tuples(inner, some.sampled_from(["AND", "OR"]), inner).map(
            lambda each: f"({each[0]}) {each[1]} ({each[2]})"
        ),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def searched(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Versions of all sorts, which nothing changes."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "d.csv").write_text("a\n1\n")
    (folder / "w.json").write_text("{}")
    with open_registry(shutil.copytree(fresh, folder / "registry")) as registry:
        registry.add_dataset("d", folder / "d.csv", label="1")
        registry.register("m", scheme="sequence", metrics={"auc": 0.25, "nan": math.nan}, params={"lr": 0.1})
        registry.register("m", parent="m:1", metrics={"auc": 0.75, "f1": 0.5}, params={"opt": "adam", "none": None})
        registry.register("m", folder / "w.json", owner="ana", purpose="p", tags={"t": "x"}, datasets=["data:d:1"])
        registry.register(
            "m", parent="m:3=finetune", owner="ben", tags={"t": "y", "z": "1"}, params={"lr": 1, "opt": "SGD"}
        )
        registry.promote("m:2", "production")
        registry.promote("m:2", "staging")
        yield registry


@given(text=_EXPRESSIONS)
def test_a_gate_passes_what_a_search_finds(searched: Registry, text: str) -> None:
    found = {version.label for version in searched.search_versions("m", text)}
    context = searched.context
    with context.read() as connection:
        passed = {
            version.label
            for version in searched.versions("m")
            if expressions.check(text, demands.facts_of(connection, version), None, context.clock()).passed
        }
    assert passed == found


def test_times_are_counted_from_the_histories_own_order(stocked: Registry, calendar: Calendar) -> None:
    stocked.set_gates(PLACE, after="staging", soak="1h")
    start = calendar.at
    stocked.promote("m:2", "staging")
    calendar.at = start - 10 * HOUR
    stocked.promote("m:4", "staging")  # earlier by the clock, later in the history
    calendar.at = start + 2 * HOUR
    assert _failed(stocked.plan_promote("m:2", "production"))["soak"].saw == "0 s"
    assert not stocked.plan_promote("m:4", "production").failed
    assert stocked.plan_promote("m:4", "production").checks[-1].passed
    assert Micros(calendar.at) > start
