"""What stages demand before a promotion: each gate with its figures, at the moment of the switch."""

from __future__ import annotations

import io
import pickle
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.errors import BadFilter, BadValue, GatesFailed, NotFound, Refused, UsageError
from lineal.records.gates import Gates

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import Calendar, Served, Weights
    from tests.core.gated import HOUR, PLACE, failed

    from lineal.registry import Registry
else:
    from gated import HOUR, PLACE, failed


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
    check = failed(plan)["gate"]
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
    assert "measured on other data" in failed(stocked.plan_promote("m:3", "production"))["gate"].saw
    stocked.evaluate("m:3", {"auc": 0.94}, measured_on="data:test:1")
    assert not stocked.plan_promote("m:3", "production").failed
    stocked.evaluate("m:3", {"auc": 0.92}, measured_on="data:test:1")
    assert "0.92 (evaluated later)" in failed(stocked.plan_promote("m:3", "production"))["gate"].saw


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
    check = failed(stocked.plan_promote("m:2", "production"))[field]
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
    assert failed(stocked.plan_promote("m:2", "staging"))["code"].saw == "missing"
    lacking = set(failed(stocked.plan_promote("m:2", "production")))
    assert lacking == set(every) - {"parent", "metrics.auc"}
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
    check = failed(stocked.plan_promote("m:2", "production"))["after"]
    assert (check.wanted, check.saw) == ("live at staging in good health", "never live there")
    stocked.promote("m:2", "staging")
    assert "live there now" in [check.saw for check in stocked.plan_promote("m:2", "production").checks]
    stocked.promote("m:4", "staging")
    assert not stocked.plan_promote("m:2", "production").failed


def test_a_soak_counts_the_longest_stretch(stocked: Registry, calendar: Calendar) -> None:
    stocked.set_gates(PLACE, after="staging", soak="24h")
    stocked.promote("m:2", "staging")
    calendar.at += 20 * HOUR
    check = failed(stocked.plan_promote("m:2", "production"))["soak"]
    assert (check.wanted, check.saw) == ("1 d at staging at a stretch", "20 h 1 s")
    stocked.promote("m:4", "staging")
    calendar.at += 100 * HOUR
    stocked.promote("m:2", "staging")
    calendar.at += 20 * HOUR
    assert "soak" in failed(stocked.plan_promote("m:2", "production"))
    calendar.at += 4 * HOUR
    assert not stocked.plan_promote("m:2", "production").failed
    stocked.promote("m:3", "staging")
    assert not stocked.plan_promote("m:2", "production").failed


def test_a_clock_that_was_set_back_makes_no_soak(stocked: Registry, calendar: Calendar) -> None:
    stocked.set_gates(PLACE, after="staging", soak="24h")
    calendar.at += 1_000 * HOUR
    stocked.promote("m:2", "staging")
    calendar.at -= 900 * HOUR
    check = failed(stocked.plan_promote("m:2", "production"))["soak"]
    assert check.saw == "0 s"
    stocked.promote("m:4", "staging")
    assert failed(stocked.plan_promote("m:2", "production"))["soak"].saw == "0 s"


def test_files_that_execute_code_are_refused(stocked: Registry, tmp_path: Path) -> None:
    evil = tmp_path / "model.pkl"
    evil.write_bytes(pickle.dumps({"a": 1}))
    stocked.register("m", evil, label="5")
    stocked.set_gates(PLACE, no_pickle=True)
    assert failed(stocked.plan_promote("m:5", "production"))["no pickle"].saw == "model.pkl (pickle)"
    assert not stocked.plan_promote("m:4", "production").failed


@pytest.mark.parametrize(
    ("name", "format_"),
    [("w.npz", "npz-pickle"), ("w.npy", "npy-pickle"), ("w.bin", "npy-pickle"), ("w", "zip-pickle")],
)
def test_arrays_of_objects_are_refused_as_pickles_wherever_they_are(
    stocked: Registry, tmp_path: Path, name: str, format_: str
) -> None:
    import numpy as np

    evil = io.BytesIO()
    np.save(evil, np.array([{"a": 1}], dtype=object))
    path = tmp_path / name
    if format_ == "npy-pickle":
        path.write_bytes(evil.getvalue())
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("README", "no array")
            archive.writestr("w.npy" if name == "w" else "w", evil.getvalue())
    stocked.register("m", path, label="5")
    (file,) = stocked.search_versions("m", f"format = '{format_}'")
    assert file.label == "5"
    contents = stocked.open_file("m:5", name).contents
    assert contents is not None
    assert contents.executes
    stocked.set_gates(PLACE, no_pickle=True)
    assert failed(stocked.plan_promote("m:5", "production"))["no pickle"].saw == f"{name} ({format_})"
    np.savez(tmp_path / "good.npz", w=np.zeros(3))
    stocked.register("m", tmp_path / "good.npz", label="6")
    assert not stocked.plan_promote("m:6", "production").failed


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_arrays_of_objects_are_refused_however_an_archive_packs_them(
    stocked: Registry, tmp_path: Path, method: int
) -> None:
    import numpy as np

    evil = io.BytesIO()
    np.save(evil, np.array([{"a": 1}], dtype=object))
    with zipfile.ZipFile(tmp_path / "w", "w", method) as archive:
        archive.writestr("README", "no array")
        archive.writestr("w.npy", evil.getvalue())
    stocked.register("m", tmp_path / "w", label="5")
    stocked.set_gates(PLACE, no_pickle=True)
    assert failed(stocked.plan_promote("m:5", "production"))["no pickle"].saw == "w (zip-pickle)"


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
