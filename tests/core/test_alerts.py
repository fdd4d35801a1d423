"""Alerts fire once when what is observed has not held for long enough, and roll back once, if they are told to."""

from __future__ import annotations

import json
import math
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from lineal.errors import BadFilter, BadValue, NotFound
from lineal.machine.locks import exclusive
from lineal.operations import observing
from lineal.records.alerts import Phase
from lineal.records.base import Actor, Micros
from lineal.records.observations import Observation
from lineal.registry import open_registry
from lineal.staging.layout import stage_lock
from lineal.write_path.policy import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Calendar, Script, Served

    from lineal.records.observations import Observed

PLACE = "m@production"
MINUTE = 60_000_000
HOUR = 60 * MINUTE


class Watch:
    """Observes a bound stage at which 1 was live, and then 2, at times that a test chooses."""

    def __init__(self, served: Served, calendar: Calendar) -> None:
        self.served, self.registry, self.calendar = served, served.registry, calendar
        self.registry.promote("m:1", "production")
        self.registry.promote("m:2", "production")
        calendar.at += MINUTE
        self.began = calendar.at

    def at(self, minute: float, **metrics: float) -> Observed:
        """Observe so many minutes after the beginning."""
        when = Micros(self.began + round(minute * MINUTE))
        self.calendar.at = max(self.calendar.at, when)
        return self.registry.observe(PLACE, metrics, at=when)

    def phase(self) -> Phase:
        (found,) = self.registry.alerts(PLACE)
        return found.phase

    def events(self) -> list[str]:
        """What became of alerts, oldest first."""
        return [each.action for each in self.registry.events(limit=100)[::-1] if each.action.startswith("alert_")]


@pytest.fixture
def watch(served: Served, calendar: Calendar) -> Watch:
    return Watch(served, calendar)


def test_an_alert_waits_until_something_is_observed(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    assert watch.phase() is Phase.UNKNOWN
    assert watch.registry.unobserved(PLACE) == ("latency",)
    watch.at(1, other=5)
    assert watch.phase() is Phase.UNKNOWN
    watch.at(2, latency=70)
    assert watch.phase() is Phase.OK
    assert watch.registry.unobserved(PLACE) == ()


def test_it_fires_once_and_clears_once_for_each_episode(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    assert [each.saw for each in watch.at(1, latency=91).fired] == ["latency 91"]
    assert watch.at(2, latency=92).fired == ()
    assert watch.phase() is Phase.FIRING
    assert watch.registry.model("m").alarmed == ("production",)
    assert watch.registry.version("m:2").alarmed == ("production",)
    assert watch.registry.stage_state(PLACE).alarmed
    assert watch.at(3, latency=70).cleared == ("latency < 80",)
    assert watch.at(4, latency=70).cleared == ()
    assert len(watch.at(5, latency=99).fired) == 1
    assert watch.events() == ["alert_set", "alert_fired", "alert_cleared", "alert_fired"]
    assert [each.since for each in watch.registry.alert_episodes(PLACE)] == [
        watch.began + 5 * MINUTE,
        watch.began + MINUTE,
    ]


def test_it_fires_when_every_value_within_the_window_is_bad(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80 for 10m")
    for minute, value, wanted in (
        (0, 70, Phase.OK),
        (1, 90, Phase.PENDING),
        (6, 90, Phase.PENDING),
        (9, 70, Phase.OK),
        (10, 90, Phase.PENDING),
        (19.9, 90, Phase.PENDING),
        (20, 90, Phase.FIRING),
    ):
        watch.at(minute, latency=value)
        assert watch.phase() is wanted, minute
    (found,) = watch.registry.alerts(PLACE)
    assert found.since == watch.began + 10 * MINUTE


def test_a_single_bad_value_is_not_a_bad_window(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80 for 10m")
    watch.at(1, latency=90)
    watch.calendar.at += HOUR
    assert watch.phase() is Phase.PENDING


def test_a_late_good_value_within_the_window_takes_the_wait_back(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80 for 10m")
    watch.at(0, latency=90)
    watch.at(8, latency=90)
    watch.at(5, latency=70)
    (found,) = watch.registry.alerts(PLACE)
    assert (found.phase, found.since) == (Phase.PENDING, watch.began + 8 * MINUTE)
    assert watch.at(12, latency=90).fired == ()
    assert len(watch.at(18, latency=90).fired) == 1


def test_a_late_bad_value_does_not_wake_anybody_by_itself(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    watch.at(5, latency=70)
    assert watch.at(4, latency=90).fired == ()
    assert watch.phase() is Phase.OK


def test_many_values_at_once_are_judged_as_they_are_at_the_end(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80 for 10m")
    values = [90] * 1_500 + [70] + [90] * 700
    watch.calendar.at += HOUR
    found = watch.registry.observe_all(
        PLACE,
        [Observation("latency", value, Micros(watch.began + n * 1_000_000)) for n, value in enumerate(values)],
    )
    assert [each.since for each in found.fired] == [watch.began + (len(values) - 601) * 1_000_000]
    assert watch.phase() is Phase.FIRING


def test_values_that_come_in_any_order_fill_the_window(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80 for 10m")
    watch.at(30, latency=90)
    assert watch.at(25, latency=90).fired == ()
    assert watch.phase() is Phase.PENDING
    assert [each.since for each in watch.at(20, latency=90).fired] == [watch.began + 20 * MINUTE]


def test_a_clock_that_was_wrong_once_does_not_keep_an_alert_firing(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    right = watch.calendar.at
    watch.calendar.at += 30_000 * 24 * HOUR
    assert len(watch.registry.observe(PLACE, {"latency": 90}).fired) == 1
    watch.calendar.at = right + MINUTE
    assert watch.registry.observe(PLACE, {"latency": 91}).fired == (), "it fires already"
    assert watch.registry.observe(PLACE, {"latency": 70}).cleared == ("latency < 80",)
    assert watch.registry.firing() == []


def test_relative_to_the_first_hour_after_the_promotion(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "errors < promoted.errors * 1.5")
    watch.at(1, errors=0.01)
    watch.at(30, errors=0.03)
    assert watch.phase() is Phase.UNKNOWN, "the first hour is not over"
    watch.at(62, errors=0.029)
    assert watch.phase() is Phase.OK
    (fired,) = watch.at(63, errors=0.031).fired
    assert fired.saw == "errors 0.031, promoted.errors 0.02 (wanted 0.03)"


def test_relative_to_what_the_version_was_registered_with(served: Served, calendar: Calendar, tmp_path: Path) -> None:
    weights = tmp_path / "w.bin"
    weights.write_text("w")
    served.registry.register("m", weights, metrics={"auc": 0.93})
    served.registry.promote("m:7", "production")
    served.registry.set_alerts(PLACE, "auc >= metrics.auc - 0.02", "auc >= metrics.f1")
    calendar.at += MINUTE
    assert served.registry.observe(PLACE, {"auc": 0.92}).fired == ()
    assert [each.saw for each in served.registry.observe(PLACE, {"auc": 0.90}).fired] == [
        "auc 0.9, metrics.auc 0.93 (wanted 0.91)"
    ]
    phases = [each.phase for each in served.registry.alerts(PLACE)]
    assert phases == [Phase.FIRING, Phase.UNKNOWN], "what is not known fires nothing"


def test_two_metrics_are_judged_by_the_latest_of_each(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "a + b < 10 AND NOT a > 7")
    watch.at(1, a=5)
    assert watch.phase() is Phase.UNKNOWN
    assert watch.at(2, b=1).fired == ()
    assert [each.saw for each in watch.at(3, b=6).fired] == ["a 5, b 6"]


def test_nan_holds_nothing_and_infinity_is_compared(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    assert len(watch.at(1, latency=math.nan).fired) == 1
    assert len(watch.at(2, latency=-math.inf).cleared) == 1
    assert len(watch.at(3, latency=math.inf).fired) == 1


def test_hostile_names_are_observed_and_alerted_over_in_quotes(watch: Watch) -> None:
    name = "größe: [red]'%s/size > 1"
    watch.registry.set_alerts(PLACE, f"`{name}` < 80", "`promoted.a b` > 1 OR `a b` < 5 for 1h", "size < 5")
    watch.at(1, **{name: 90, "a b": 3, "size": 6})
    assert [each.phase for each in watch.registry.alerts(PLACE)] == [Phase.FIRING, Phase.OK, Phase.FIRING]


@pytest.mark.parametrize(
    "text",
    ["latency", "latency <", "live.latency < 5", "params.lr < 5", "metrics.auc > 0.9", "promoted.x < 1", "", "   ",
     "latency < 80 for 2d", "latency < 80 for a while", "3 < 4"],
)  # fmt: skip
def test_what_could_never_be_judged_is_refused(watch: Watch, text: str) -> None:
    with pytest.raises((BadFilter, BadValue)):
        watch.registry.set_alerts(PLACE, text)
    assert watch.registry.alerts(PLACE) == []


@pytest.mark.parametrize("command", ["notify ana", [], [""], ["notify", 3], ["notify", "a\0b"], 3])
def test_a_command_that_is_no_list_of_words_is_refused(watch: Watch, command: Any) -> None:
    with pytest.raises(BadValue, match="command"):
        watch.registry.set_alerts(PLACE, "latency < 80", command=command)
    assert watch.registry.alerts(PLACE) == []


def test_alerts_are_taken_away_by_any_way_to_write_them_and_what_fired_is_told_as_over(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80 for 10m", "errors < 1")
    watch.at(1, errors=2)
    assert [each.text for each in watch.registry.remove_alerts(PLACE, "latency < 80 for 600s")] == ["errors < 1"]
    with pytest.raises(NotFound, match="latency"):
        watch.registry.remove_alerts(PLACE, "latency < 80 for 10m")
    assert watch.registry.remove_alerts(PLACE, "all") == []
    assert watch.events()[-2:] == ["alert_removed", "alert_cleared"]
    assert watch.registry.firing() == []


def test_setting_it_again_changes_what_it_does_and_not_how_it_is(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    watch.at(1, latency=90)
    watch.registry.set_alerts(PLACE, "latency < 80")
    watch.registry.set_alerts(PLACE, "latency < 80", rolls_back=True)
    assert watch.events() == ["alert_set", "alert_fired", "alert_set"]
    assert watch.phase() is Phase.FIRING
    assert watch.at(2, latency=90).fired == ()


def test_it_needs_an_admin_to_set_one(watch: Watch, calendar: Calendar) -> None:
    watch.registry.grant(watch.registry.actor.user, Role.ADMIN)
    with open_registry(watch.registry.root, clock=calendar) as other:
        object.__setattr__(other._context, "actor", Actor("nobody", 65534))
        with pytest.raises(Exception, match="may not configure"):
            other.set_alerts(PLACE, "latency < 80")


def test_state_survives_between_processes_and_two_observers_fire_once(watch: Watch, script: Script) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    code = """
import sys
from lineal.registry import open_registry
with open_registry(sys.argv[1]) as registry:
    print("ready", flush=True)
    sys.stdin.readline()
    print(sum(len(registry.observe("m@production", {"latency": 90 + n}).fired) for n in range(10)))
"""
    observers = [script(code, watch.registry.root) for _ in range(3)]
    for each in observers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    told = []
    for each in observers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in observers:
        out, err = each.communicate(timeout=60)
        assert each.returncode == 0, err
        told.append(int(out))
    assert sum(told) == 1
    assert watch.events().count("alert_fired") == 1
    assert watch.registry.observed_at(PLACE)[0].count == 30


# what it sets off


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def _over(watch: Watch, transitions: int) -> None:
    _wait(lambda: len(watch.served.outcomes()) == transitions and not watch.registry.running_pipelines())


def test_it_rolls_a_bound_stage_back_through_hook_and_health(watch: Watch) -> None:
    served = watch.served
    hook = served.script("hook", 'echo "$LINEAL_ACTION $LINEAL_FROM $LINEAL_TO $LINEAL_REASON" >> $F/log')
    served.set(hook=hook, health=served.script("health", "echo health >> $F/log"))
    watch.registry.set_alerts(PLACE, "latency < 80 for 1m", rolls_back=True)
    watch.at(1, latency=90)
    found = watch.at(2, latency=91)
    assert found.pipeline is not None
    assert found.rolled_back_to == "1"
    _over(watch, 3)
    assert served.live() == "1"
    assert served.outcomes()[-1] == "rollback 1 healthy"
    assert served.log() == ["rollback 2 1 alert: latency < 80 for 1min; saw latency 91 (automatic)", "health"]
    assert watch.events() == ["alert_set", "alert_fired", "alert_cleared"]
    assert watch.registry.alert_episodes(PLACE)[0].rollback == "begun"
    assert watch.phase() is Phase.UNKNOWN, "what is live now has not been observed"


def test_a_pointer_is_rolled_back_at_once(watch: Watch) -> None:
    watch.registry.unbind_stage(PLACE)
    watch.registry.set_alerts(PLACE, "latency < 80", rolls_back=True)
    found = watch.at(1, latency=90)
    assert (found.pipeline, found.rolled_back_to) == (None, "1")
    assert watch.served.outcomes()[-1] == "rollback 1 unchecked"


def test_a_promotion_is_rolled_back_once_even_when_somebody_puts_it_back(watch: Watch) -> None:
    registry = watch.registry
    registry.unbind_stage(PLACE)
    registry.set_alerts(PLACE, "latency < 80", rolls_back=True, cool_down=0)
    watch.at(1, latency=90)
    watch.calendar.at += MINUTE
    registry.undo(PLACE, reason="it was the load balancer")
    watch.calendar.at += MINUTE
    (fired,) = registry.observe(PLACE, {"latency": 95}).fired
    assert not fired.rolls_back
    assert fired.why_not is not None
    assert "there is one only" in fired.why_not
    assert dict(registry.model("m").stages)["production"] == "2"
    registry.promote("m:3", "production")
    watch.calendar.at += MINUTE
    assert registry.observe(PLACE, {"latency": 95}).rolled_back_to == "2"


def test_a_rollback_that_was_killed_before_it_began_is_taken_up(watch: Watch) -> None:
    watch.registry.unbind_stage(PLACE)
    watch.registry.set_alerts(PLACE, "latency < 80", rolls_back=True)
    found = observing.observe(watch.registry.context, PLACE, [Observation("latency", 90)])
    assert found.fired[0].rolls_back, "and then nobody did it"
    assert watch.registry.observe(PLACE, {"latency": 90}).fired == (), "whoever fired it may still be at it"
    watch.calendar.at += 2 * MINUTE
    assert watch.registry.observe(PLACE, {"latency": 90}).rolled_back_to == "1"
    assert watch.events() == ["alert_set", "alert_fired", "alert_cleared"]


def test_a_rollback_that_never_began_does_not_stand_in_the_way_of_the_next(watch: Watch) -> None:
    watch.registry.unbind_stage(PLACE)
    watch.registry.set_alerts(PLACE, "latency < 80", rolls_back=True, cool_down=0)
    observing.observe(watch.registry.context, PLACE, [Observation("latency", 90)])
    watch.calendar.at += 2 * MINUTE
    assert watch.registry.observe(PLACE, {"latency": 70}).cleared == ("latency < 80",)
    assert watch.registry.observe(PLACE, {"latency": 90}).rolled_back_to == "1"


def test_two_automatic_rollbacks_keep_their_distance(watch: Watch) -> None:
    registry = watch.registry
    registry.unbind_stage(PLACE)
    registry.promote("m:3", "production")
    registry.set_alerts(PLACE, "latency < 80", rolls_back=True, cool_down=3_600)
    watch.at(1, latency=90)
    (fired,) = watch.at(2, latency=90).fired
    assert fired.why_not == "the last automatic rollback is not 1h ago"
    watch.at(3, latency=70)
    assert watch.at(90, latency=90).rolled_back_to == "1"


def test_it_never_goes_over_a_running_transition(watch: Watch) -> None:
    registry = watch.registry
    registry.set_alerts(PLACE, "latency < 80", rolls_back=True)
    stage = next(each for each in registry.stages("m") if each.name == "production")
    order_began = "UPDATE pipelines SET ended_at = NULL WHERE id = (SELECT max(id) FROM pipelines)"
    with registry._context.journal(PLACE) as connection:
        connection.execute(order_began)
    with exclusive(stage_lock(registry.root, stage.id), holder="somebody", seconds=1):
        (fired,) = watch.at(1, latency=90).fired
    assert fired.why_not is not None
    assert "is being moved by" in fired.why_not
    assert watch.events()[-2:] == ["alert_fired", "alert_not_rolled_back"]
    assert watch.at(2, latency=90).fired == (), "it is not tried again"
    assert watch.served.outcomes() == ["promote 1 unchecked", "promote 2 unchecked"]


def test_whoever_observes_has_to_be_a_deployer(watch: Watch, calendar: Calendar) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80", rolls_back=True)
    watch.registry.grant(watch.registry.actor.user, Role.ADMIN)
    watch.registry.grant("nobody", Role.CONTRIBUTOR)
    with open_registry(watch.registry.root, clock=calendar) as other:
        object.__setattr__(other._context, "actor", Actor("nobody", 65534))
        (fired,) = other.observe(PLACE, {"latency": 90}).fired
    assert fired.why_not is not None
    assert "may not roll back" in fired.why_not
    assert "deployer" in fired.why_not
    assert watch.registry.alert_episodes(PLACE)[0].rollback == fired.why_not


def test_nowhere_to_go_back_to_is_said_and_recorded(served: Served, calendar: Calendar) -> None:
    served.registry.promote("m:1", "production")
    served.registry.set_alerts(PLACE, "latency < 80", rolls_back=True)
    calendar.at += MINUTE
    (fired,) = served.registry.observe(PLACE, {"latency": 90}).fired
    assert fired.why_not is not None
    assert "nothing was live there before" in fired.why_not


def test_a_command_gets_the_event_and_its_output_is_kept(watch: Watch, tmp_path: Path) -> None:
    target = tmp_path / "event.json"
    code = (
        "import sys; text = sys.stdin.read(); open(sys.argv[1], 'w').write(text); print('paged \x1b[31m'); sys.exit(3)"
    )
    watch.registry.set_alerts(PLACE, "latency < 80", command=[sys.executable, "-c", code, str(target)])
    began = time.monotonic()
    watch.at(1, latency=90)
    assert time.monotonic() - began < 5
    _wait(lambda: watch.registry.alert_episodes(PLACE)[0].output is not None)
    event = json.loads(target.read_text())
    assert (event["ref"], event["version"], event["alert"], event["saw"]) == (PLACE, "2", "latency < 80", "latency 90")
    assert event["since"].endswith("Z")
    assert watch.registry.alert_episodes(PLACE)[0].output == "paged \x1b[31m\n[exit code 3]"


def test_a_promotion_by_somebody_ends_what_fires(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    watch.at(1, latency=90)
    watch.registry.promote("m:3", "production")
    assert watch.events()[-1] == "alert_cleared"
    assert watch.registry.alert_episodes(PLACE)[0].cleared_why == "3 is live now"
    assert watch.registry.model("m").alarmed == ()
    assert watch.phase() is Phase.UNKNOWN


def test_about_what_was_live_before_nobody_is_woken(watch: Watch) -> None:
    watch.registry.set_alerts(PLACE, "latency < 80")
    assert watch.registry.observe(PLACE, {"latency": 90}, version="m:1").fired == ()
