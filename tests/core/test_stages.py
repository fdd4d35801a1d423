"""Promoting, rolling back, undoing, clearing and marking, as people rely on it at three in the morning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from lineal.errors import (
    AlreadyExists,
    BadAddress,
    BadName,
    Damaged,
    ExitCode,
    LinealError,
    NotFound,
    NothingLive,
    NowhereToRollBack,
    OutOfDate,
    Refused,
)
from lineal.records.base import Micros
from lineal.records.models import VersionStatus
from lineal.records.stages import Action, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Calendar, Weights

    from lineal.registry import Registry

PLACE = "m@production"


@pytest.fixture
def stocked(registry: Registry) -> Registry:
    """A model `m` with versions labelled 1 to 5, none of them live."""
    for _ in range(5):
        registry.register("m", scheme="sequence")
    return registry


def _promote(registry: Registry, *labels: int) -> None:
    for label in labels:
        registry.promote(f"m:{label}", "production")


def _live(registry: Registry) -> str | None:
    return dict(registry.model("m").stages)["production"]


def _backs(registry: Registry) -> list[str]:
    """What `~1`, `~2`, ... name, until they name nothing."""
    found: list[str] = []
    while True:
        try:
            found.append(registry.version(f"{PLACE}~{len(found) + 1}").label)
        except NotFound:
            assert found == [version.label for version, _ in registry.rollback_candidates(PLACE, 50)]
            return found


def test_a_promotion_is_recorded_with_who_when_and_why(stocked: Registry, calendar: Calendar) -> None:
    transition = stocked.promote("m:2", "production", reason="better on the hold-out")
    assert transition is not None
    assert (transition.action, transition.from_label, transition.to_label) == (Action.PROMOTE, None, "2")
    assert (transition.seq, transition.outcome) == (1, Outcome.UNCHECKED)
    assert (transition.reason, transition.actor) == ("better on the hold-out", stocked.actor.user)
    assert transition.at == calendar.at
    assert stocked.history("m", "production") == [transition]
    live = stocked.live(PLACE)
    assert (live.version.label, live.since, live.reason) == ("2", calendar.at, "better on the hold-out")
    assert live.version.stages == ("production",)
    assert stocked.version("m:2") == live.version


def test_promoting_what_is_live_changes_nothing(stocked: Registry) -> None:
    _promote(stocked, 1)
    before = stocked.events(), stocked.history("m")
    assert stocked.plan_promote("m:1", "production").changes_nothing
    assert stocked.promote("m:1", "production") is None
    assert (stocked.events(), stocked.history("m")) == before


def test_promoting_from_staging_leaves_staging_as_it_is(stocked: Registry) -> None:
    stocked.promote("m:3", "staging")
    stocked.promote("m@staging", "production")
    assert stocked.model("m").stages == (("staging", "3"), ("production", "3"))
    stocked.rollback(PLACE, to=None) if _backs(stocked) else stocked.clear(PLACE)
    assert stocked.model("m").stages == (("staging", "3"), ("production", None))


def test_a_second_rollback_goes_further_back(stocked: Registry) -> None:
    _promote(stocked, 1, 2, 3)
    assert _backs(stocked) == ["2", "1"]
    first = stocked.rollback(PLACE)
    assert (first.from_label, first.to_label) == ("3", "2")
    assert _backs(stocked) == ["1"]
    assert stocked.rollback(PLACE).to_label == "1"
    assert _backs(stocked) == []
    with pytest.raises(NowhereToRollBack) as caught:
        stocked.rollback(PLACE)
    assert caught.value.exit_code is ExitCode.REFUSED
    assert _live(stocked) == "1"


def test_each_transition_keeps_what_it_replaced_and_where_it_leads_back(stocked: Registry) -> None:
    _promote(stocked, 1, 2, 3)
    stocked.rollback(PLACE)
    _promote(stocked, 4)
    stocked.undo(PLACE)
    stocked.clear(PLACE)
    by_seq = {transition.id: transition.seq for transition in stocked.history("m")}
    links = [
        (each.seq, each.to_label, by_seq.get(each.predecessor or 0), by_seq.get(each.replaced or 0))
        for each in reversed(stocked.history("m", "production"))
    ]
    assert links == [
        (1, "1", None, None),
        (2, "2", 1, 1),
        (3, "3", 2, 2),
        (4, "2", 1, 3),
        (5, "4", 4, 4),
        (6, "2", 1, 5),
        (7, None, 6, 6),
    ]


def test_a_promotion_after_a_rollback_leads_back_to_what_was_live(stocked: Registry) -> None:
    _promote(stocked, 1, 2, 3)
    stocked.rollback(PLACE)
    _promote(stocked, 4)
    assert _backs(stocked) == ["2", "1"]


def test_bad_and_retired_versions_are_passed_over_and_named(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    _promote(stocked, 1, 2, 3, 4)
    stocked.mark("m:3", "bad", reason="drifts")
    sql("UPDATE versions SET status = 'retired' WHERE label = '2'")
    plan = stocked.plan_rollback(PLACE)
    assert plan.target is not None
    assert plan.target.label == "1"
    assert plan.skipped == (("3", "is bad"), ("2", "is retired"))
    assert _backs(stocked) == ["1"]
    stocked.mark("m:1", "bad")
    with pytest.raises(NowhereToRollBack, match="3 is bad, 2 is retired, 1 is bad"):
        stocked.rollback(PLACE)
    stocked.mark("m:3", "active")
    assert stocked.rollback(PLACE).to_label == "3"


def test_a_rollback_never_leads_to_what_is_live_already(stocked: Registry) -> None:
    _promote(stocked, 1, 2, 1)
    stocked.mark("m:2", "bad")
    assert _backs(stocked) == []


def test_a_rollback_may_mark_what_it_leaves(stocked: Registry) -> None:
    _promote(stocked, 1, 2)
    plan = stocked.plan_rollback(PLACE, reason="wrong on weekends")
    stocked.execute(plan, bad=True)
    assert stocked.version("m:2").status is VersionStatus.BAD
    assert [event.action for event in stocked.events(limit=2)] == ["marked_bad", "rolled_back"]
    assert stocked.events(limit=1)[0].data["reason"] == "wrong on weekends"
    with pytest.raises(Refused) as caught:
        stocked.promote("m:2", "production")
    assert caught.value.exit_code is ExitCode.REFUSED
    assert "--active" in str(caught.value.hint)
    with pytest.raises(Refused):
        stocked.undo(PLACE)
    assert _live(stocked) == "1"


def test_a_rollback_goes_to_what_is_named_if_it_was_healthy_there(stocked: Registry) -> None:
    _promote(stocked, 1, 2, 3, 4)
    stocked.promote("m:5", "staging")
    assert stocked.rollback(PLACE, to="m:2").to_label == "2"
    assert _backs(stocked) == ["1"]
    for wrong, why in (("m:5", "never live"), ("m:2", "live there now")):
        with pytest.raises(Refused, match=why):
            stocked.rollback(PLACE, to=wrong)
    assert stocked.rollback(PLACE, to="m:4").to_label == "4"
    assert _backs(stocked) == ["3", "2", "1"]
    with pytest.raises(NotFound):
        stocked.rollback(PLACE, to="m:77")


def test_a_version_of_another_model_is_no_place_to_roll_back_to(stocked: Registry) -> None:
    _promote(stocked, 1, 2)
    stocked.register("other", label="1.0.0")
    stocked.promote("other:1.0.0", "production")
    with pytest.raises(Refused, match="never live"):
        stocked.rollback(PLACE, to="other:1.0.0")


def test_an_undo_gives_back_what_was_live_and_where_it_led(stocked: Registry) -> None:
    _promote(stocked, 1, 2, 3)
    stocked.rollback(PLACE)
    for change in (
        lambda: stocked.rollback(PLACE),
        lambda: _promote(stocked, 5),
        lambda: stocked.clear(PLACE),
        lambda: stocked.rollback(PLACE, to="m:3"),
    ):
        before = _live(stocked), _backs(stocked)
        change()
        after = _live(stocked), _backs(stocked)
        assert after != before
        assert stocked.undo(PLACE).action is Action.UNDO
        assert (_live(stocked), _backs(stocked)) == before
        stocked.undo(PLACE)
        assert (_live(stocked), _backs(stocked)) == after  # an undo of an undo is a redo
        stocked.undo(PLACE)


def test_the_first_promotion_can_be_undone(stocked: Registry) -> None:
    with pytest.raises(Refused, match="nothing was done there yet"):
        stocked.undo(PLACE)
    _promote(stocked, 1)
    stocked.undo(PLACE)
    assert _live(stocked) is None
    with pytest.raises(NothingLive):
        stocked.live(PLACE)
    with pytest.raises(NowhereToRollBack):
        stocked.rollback(PLACE)
    stocked.undo(PLACE)
    assert _live(stocked) == "1"


def test_a_cleared_stage_rolls_back_to_what_was_cleared(stocked: Registry) -> None:
    _promote(stocked, 1, 2)
    assert stocked.clear(PLACE, reason="outage").to_label is None
    with pytest.raises(NothingLive) as caught:
        stocked.live(PLACE)
    assert caught.value.exit_code is ExitCode.NOT_FOUND
    with pytest.raises(NothingLive):
        stocked.clear(PLACE)
    assert _backs(stocked) == ["2", "1"]
    assert stocked.rollback(PLACE).to_label == "2"
    assert _backs(stocked) == ["1"]


def test_what_is_confirmed_is_what_was_shown(stocked: Registry) -> None:
    _promote(stocked, 1, 2)
    plans = [
        stocked.plan_promote("m:4", "production"),
        stocked.plan_rollback(PLACE),
        stocked.plan_undo(PLACE),
        stocked.plan_clear(PLACE),
    ]
    _promote(stocked, 3)
    before = stocked.history("m"), stocked.events()
    for plan in plans:
        with pytest.raises(OutOfDate, match="3 is live, not 2") as caught:
            stocked.execute(plan)
        assert caught.value.exit_code is ExitCode.CONFLICT
    assert (stocked.history("m"), stocked.events()) == before


def test_a_plan_is_out_of_date_even_when_the_same_version_came_back(stocked: Registry) -> None:
    _promote(stocked, 1, 2)
    plan = stocked.plan_rollback(PLACE)
    _promote(stocked, 3, 2)
    with pytest.raises(OutOfDate):
        stocked.execute(plan)


def test_a_first_promotion_is_out_of_date_when_another_was_first(stocked: Registry) -> None:
    plan = stocked.plan_promote("m:1", "production")
    _promote(stocked, 2)
    with pytest.raises(OutOfDate, match="2 is live, not nothing"):
        stocked.execute(plan)


def test_a_target_that_was_marked_meanwhile_is_refused(stocked: Registry) -> None:
    _promote(stocked, 1, 2)
    plan = stocked.plan_rollback(PLACE)
    stocked.mark("m:1", "bad")
    with pytest.raises(Refused, match="status is bad"):
        stocked.execute(plan)
    assert _live(stocked) == "2"


def test_a_plan_shows_what_would_change_and_changes_nothing(registry: Registry) -> None:
    for number, auc in enumerate((0.9, 0.95)):
        registry.register("m", params={"lr": number}, metrics={"auc": auc})
    registry.promote("m:1.0.0", "production")
    before = registry.events()
    plan = registry.plan_promote("m:1.0.1", "production", reason="why not")
    assert registry.events() == before
    assert (plan.source and plan.source.label, plan.target and plan.target.label) == ("1.0.0", "1.0.1")
    assert [check.passed for check in plan.checks] == [True]
    assert plan.diff is not None
    deltas = {row.field: row.delta for row in plan.diff.changed}
    assert math.isclose(deltas["auc"] or 0, 0.05)
    assert "lr" in deltas


@pytest.mark.parametrize("harm", ["removed", "cut"])
def test_a_damaged_target_stops_a_rollback_and_names_the_next(harm: str, registry: Registry, weights: Weights) -> None:
    for value in range(4):
        registry.register("m", weights(value), scheme="sequence")
        registry.promote(f"m:{value + 1}", "production")
    artifact = registry.detail("m:3").artifact
    assert artifact is not None
    path = registry.root / "objects" / artifact.files[0].digest[7:9] / artifact.files[0].digest[9:]
    if harm == "removed":
        path.unlink()
    else:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged) as caught:
        registry.rollback(PLACE)
    assert caught.value.exit_code is ExitCode.DAMAGED
    assert "m:2" in str(caught.value.hint)
    assert registry.live(PLACE).version.label == "4"
    assert registry.rollback(PLACE, to="m:2").to_label == "2"
    with pytest.raises(Damaged):
        registry.promote("m:3", "production")


def test_who_was_live_when_is_remembered(stocked: Registry, calendar: Calendar) -> None:
    start = calendar()
    times = []
    for change in (
        lambda: _promote(stocked, 1),
        lambda: _promote(stocked, 2),
        lambda: stocked.rollback(PLACE),
        lambda: stocked.clear(PLACE),
        lambda: stocked.undo(PLACE),
    ):
        change()
        times.append(stocked.history("m", limit=1)[0].at)
    for at, label in zip(times, ["1", "2", "1", None, "1"], strict=True):
        for moment in (at, at + 1):
            if label is None:
                with pytest.raises(NothingLive, match="at that time"):
                    stocked.live(PLACE, at=Micros(moment))
            else:
                assert stocked.live(PLACE, at=Micros(moment)).version.label == label
                assert stocked.live(PLACE, at=Micros(moment)).since == at
    with pytest.raises(NothingLive):
        stocked.live(PLACE, at=start)
    with pytest.raises(BadAddress):
        stocked.live(f"{PLACE}~1", at=start)


def test_a_clock_that_jumps_back_does_not_change_what_is_live(stocked: Registry, calendar: Calendar) -> None:
    _promote(stocked, 1)
    first = calendar.at
    calendar.at -= 3_600_000_000
    _promote(stocked, 2)
    second = calendar.at
    assert _live(stocked) == "2"
    assert stocked.live(PLACE).version.label == "2"
    assert stocked.live(PLACE, at=Micros(first + 1)).version.label == "2"
    assert stocked.live(PLACE, at=Micros(second + 1)).version.label == "2"
    with pytest.raises(NothingLive):
        stocked.live(PLACE, at=Micros(second - 1))
    assert [each.seq for each in stocked.history("m")] == [2, 1]
    assert stocked.rollback(PLACE).to_label == "1"
    assert stocked.verify_events().broken_at is None


def test_reverted_and_unhealthy_spells_count_as_they_should(
    stocked: Registry, sql: Callable[..., list[tuple[object, ...]]], calendar: Calendar
) -> None:
    _promote(stocked, 1, 2)
    row = (
        "INSERT INTO transitions (stage_id, seq, action, from_version, to_version, actor, uid, began_at, switched_at, "
        "reverted_at, ended_at, outcome, predecessor, replaced) SELECT stage_id, max(seq) + 1, 'promote', 2, ?, 'ada', "
        "0, ?, ?, ?, ?, ?, max(id), max(id) FROM transitions"
    )
    at = calendar.at
    sql(row, 3, at + 10, at + 20, at + 30, at + 30, "reverted")
    sql(row, 4, at + 40, None, None, at + 50, "failed")
    assert _live(stocked) == "2"
    lived = {moment: stocked.live(PLACE, at=Micros(at + moment)).version.label for moment in (19, 20, 29, 30, 45, 60)}
    assert lived == {19: "2", 20: "3", 29: "3", 30: "2", 45: "2", 60: "2"}
    sql(row, 5, at + 70, at + 70, None, at + 80, "unhealthy")
    assert _live(stocked) == "5"
    _promote(stocked, 1)
    plan = stocked.plan_rollback(PLACE)
    assert plan.skipped[0] == ("5", "was unhealthy there")
    with pytest.raises(Refused, match="good health"):
        stocked.rollback(PLACE, to="m:5")


def test_stages_are_declared_in_order_and_a_mistyped_one_is_an_error(stocked: Registry) -> None:
    stocked.add_stage("m", "canary", after="staging")
    stocked.add_stage("m", "archive")
    assert [stage.name for stage in stocked.stages("m")] == ["staging", "canary", "production", "archive"]
    with pytest.raises(AlreadyExists) as caught:
        stocked.add_stage("m", "canary")
    assert caught.value.exit_code is ExitCode.CONFLICT
    with pytest.raises(NotFound) as missing:
        stocked.promote("m:1", "prodction")
    assert missing.value.nearest == ("m@production",)
    for wrong in ("", "a/b", "a@b", "x\ny", "a" * 200):
        with pytest.raises(BadName):
            stocked.add_stage("m", wrong)
    assert len(stocked.stages("m")) == 4


@pytest.mark.parametrize("reason", ["x" * 100_001, "a\0b", "\ud800"])
def test_a_reason_that_cannot_be_kept_is_refused(reason: str, stocked: Registry) -> None:
    _promote(stocked, 1)
    attempts: list[Callable[[], object]] = [
        lambda: stocked.promote("m:2", "production", reason=reason),
        lambda: stocked.clear(PLACE, reason=reason),
        lambda: stocked.undo(PLACE, reason=reason),
        lambda: stocked.mark("m:1", "bad", reason=reason),
    ]
    for attempt in attempts:
        with pytest.raises(LinealError) as caught:
            attempt()
        assert caught.value.exit_code is ExitCode.USAGE
    assert _live(stocked) == "1"
    assert len(stocked.history("m")) == 1


def test_marking_says_what_may_be_used(stocked: Registry, sql: Callable[..., list[tuple[object, ...]]]) -> None:
    assert stocked.mark("m:1", "bad", reason="leaks").status is VersionStatus.BAD
    assert stocked.mark("m:1", "active").status is VersionStatus.ACTIVE
    with pytest.raises(LinealError) as caught:
        stocked.mark("m:1", "ugly")
    assert caught.value.exit_code is ExitCode.USAGE
    with pytest.raises(Refused):
        stocked.mark("m:1", "retired")
    sql("UPDATE versions SET status = 'retired' WHERE label = '2'")
    with pytest.raises(Refused, match="retired"):
        stocked.mark("m:2", "active")
