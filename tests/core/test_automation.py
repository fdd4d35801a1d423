"""Which events run which commands, and what these are told."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from lineal.records.automation import ACTIONS, DeliveryState, Occasion
from lineal.registry import create_registry, open_registry
from lineal_tui.view.as_json import json as view_json

if TYPE_CHECKING:
    from tests.core.automated import Automated
    from tests.core.conftest import Served, Weights
else:
    from automated import Automated


def test_a_command_is_told_what_happened(automated: Automated) -> None:
    registry = automated.registry
    automated.add(
        "promoted", None, 'env | grep ^LINEAL_ | sort > "$F/env"; pwd -P > "$F/pwd"; cat >> "$F/told"; echo done'
    )
    registry.promote("m:2", "production", reason="it's better")
    (found,) = automated.settle()
    assert (found.state, found.exit_code, found.output, found.attempt) == (DeliveryState.DONE, 0, "done\n", 1)
    assert (found.action, found.ref) == ("promoted", "m@production")
    assert found.seconds is not None
    root = str(registry.root.absolute())
    assert automated.log("env") == [
        "LINEAL_EVENT=promoted",
        "LINEAL_MODEL=m",
        "LINEAL_ON_DEPTH=1",
        "LINEAL_REF=m:2",
        f"LINEAL_REGISTRY={root}",
        "LINEAL_STAGE=production",
    ]
    assert automated.log("pwd") == [str(registry.root.resolve())]
    (told,) = automated.told()
    version = registry.version("m:2")
    event = next(each for each in registry.events() if each.action == "promoted")
    assert told == {
        **view_json.event(event),
        "event": "promoted",
        "automation": "promoted",
        "delivery": found.id,
        "attempt": 1,
        "registry": root,
        "model": "m",
        "stage": "production",
        "from": None,
        "to": "2",
        "reason": "it's better",
        "version": {"ref": "m:2", "label": "2", "seq": 2, "uid": version.uid, "digest": version.digest},
    }


def test_every_occasion_that_is_there_runs_what_waits_for_it(automated: Automated, weights: Weights) -> None:
    registry = automated.registry
    for event in Occasion:
        automated.add(event, None, 'echo "$LINEAL_EVENT $LINEAL_REF" >> "$F/log"')
    registry.register("m", weights(7.0))
    registry.promote("m:1", "staging")
    registry.promote("m:2", "staging")
    registry.rollback("m@staging")
    registry.undo("m@staging")
    registry.clear("m@staging")
    registry.deprecate("m:5", until=registry.context.clock())
    registry.mark("m:5", "bad")
    registry.retire("m:5", reason="old")
    automated.settle()
    assert sorted(automated.log()) == sorted(
        [
            "registered m:7",
            *("promoted m:1", "promoted m:2", "rolled_back m:1", "undone m:2", "cleared m:2"),
            *("moved m:1", "moved m:2", "moved m:1", "moved m:2", "moved m:2"),
            *("deprecated m:5", "marked_bad m:5", "retired m:5"),
        ]
    )


def test_approvals_transitions_that_fail_and_imports_run_what_waits_for_them(
    served: Served,
) -> None:
    automated = Automated(served.registry, served.folder)
    for event in ("approved", "rejected", "failed"):
        automated.add(event, "m@production", 'echo "$LINEAL_EVENT $LINEAL_STAGE $LINEAL_REF" >> "$F/log"')
    automated.add("approved", "m@staging")
    served.set(health=served.script("sick", "exit 1"), tries=1)
    with pytest.raises(Exception, match="exit code 1"):
        served.registry.promote("m:1", "production")
    # nobody approves of their own, and these were registered by whoever runs the tests
    with served.registry.context.conclude("m") as change:
        change.record("version_approved", "m:3", stage="production", reason='"stage":"staging"')
        change.record("version_rejected", "m:4", stage="production")
    automated.settle()
    assert sorted(automated.log()) == ["approved production m:3", "failed production m:1", "rejected production m:4"]
    assert len(served.registry.deliveries()) == 3


def test_an_alert_that_fires_and_clears_runs_what_waits_for_it(automated: Automated) -> None:
    registry = automated.registry
    for event in ("alert", "alert_cleared"):
        automated.add(
            event, "m@production", 'echo "$LINEAL_EVENT $LINEAL_STAGE $LINEAL_REF" >> "$F/log"; cat >> "$F/told"'
        )
    registry.promote("m:2", "production")
    registry.set_alerts("m@production", "latency < 80")
    for value in (99.0, 98.0, 9.0):
        registry.observe("m@production", {"latency": value})
    automated.settle()
    assert sorted(automated.log()) == ["alert production m:2", "alert_cleared production m:2"]
    assert {each["data"]["alert"] for each in automated.told()} == {"latency < 80"}


def test_only_events_of_its_model_and_stage_after_it_was_added_run_it(automated: Automated, weights: Weights) -> None:
    registry = automated.registry
    registry.register("other", weights())
    registry.register("m2", weights())
    registry.promote("m:1", "production")
    for place in (None, "m", "m@production"):
        automated.add("promoted", place, f'echo "{place} $LINEAL_MODEL@$LINEAL_STAGE" >> "$F/log"')
    registry.promote("m:2", "staging")
    registry.promote("m:3", "production")
    registry.promote("m2:1.0.0", "production")
    registry.promote("other:1.0.0", "production")
    automated.settle()
    assert sorted(automated.log()) == [
        "None m2@production",
        "None m@production",
        "None m@staging",
        "None other@production",
        "m m@production",
        "m m@staging",
        "m@production m@production",
    ]


def test_hostile_names_reach_a_command_as_they_are(automated: Automated, weights: Weights) -> None:
    name = "größe $(touch evil); & 大 -rf *"
    automated.add("promoted", None, 'printf "%s\\n" "$LINEAL_MODEL|$LINEAL_REF" >> "$F/log"; cat >> "$F/told"')
    automated.registry.register(name, weights(), label="1.0.0")
    automated.registry.promote(f"{name}:1.0.0", "production", reason='"; \x1b[31m\n\u202e%s')
    automated.settle()
    assert automated.log() == [f"{name}|{name}:1.0.0"]
    (told,) = automated.told()
    assert (told["model"], told["version"]["ref"], told["reason"]) == (name, f"{name}:1.0.0", '"; \x1b[31m\n\u202e%s')
    assert not list(automated.registry.root.glob("evil"))


def test_a_stage_with_an_odd_name_is_found_in_every_event(automated: Automated) -> None:
    stage = "größe % 大_1"
    automated.registry.add_stage("m", stage)
    for event in ("approved", "promoted"):
        automated.add(event, f"m@{stage}", 'echo "$LINEAL_EVENT $LINEAL_STAGE" >> "$F/log"')
    automated.registry.promote("m:1", stage)
    with automated.registry.context.conclude("m") as change:
        change.record("version_approved", "m:3", stage=stage)
    automated.settle()
    assert sorted(automated.log()) == [f"approved {stage}", f"promoted {stage}"]


def test_the_run_of_whoever_caused_an_event_is_none_of_the_commands(
    automated: Automated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAL_RUN", "somebody's")
    automated.add("promoted", "m", 'echo "${LINEAL_RUN-none}" >> "$F/log"')
    automated.registry.promote("m:1", "production")
    automated.settle()
    assert automated.log() == ["none"]


def test_a_version_that_comes_in_a_bundle_is_registered(automated: Automated) -> None:
    stream = io.BytesIO()
    automated.registry.export_bundle("m:2", stream)
    root = automated.folder / "other"
    create_registry(root).close()
    with open_registry(root) as other:
        command = automated.script("note", 'echo "$LINEAL_EVENT $LINEAL_REF" >> "$F/log"; cat >> "$F/told"')
        other.add_automation("registered", None, command)
        stream.seek(0)
        other.import_bundle(stream)
        other.settle_automations()
    assert automated.log() == ["registered m:2"]
    assert [each["action"] for each in automated.told()] == ["version_imported"]


def test_every_occasion_knows_its_actions() -> None:
    assert set(ACTIONS) == set(Occasion)
    assert all(ACTIONS.values())
