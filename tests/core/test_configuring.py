"""Everything about a stage is set in one transaction: what it demands, what it watches, how it is bound."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from lineal.errors import BadFilter, BadValue, LinealError, NotFound, Refused
from lineal.records.alerts import AlertSetting
from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Served

    from lineal.registry import Registry

PLACE = "m@staging"
GOOD: dict[str, Any] = {
    "gates": {"expressions": ("metrics.auc > 0.9",), "approvals": 1},
    "alerts": [AlertSetting("latency < 80 for 10m", ("true",), rolls_back=True), AlertSetting("errors < 5")],
    "binding": {"hook": ("true",), "keep": 5},
}


def test_each_kind_of_change_has_its_own_event_at_one_time(served: Served, tmp_path: Path) -> None:
    registry = served.registry
    registry.set_alerts(PLACE, "old < 1")
    before = len(registry.events(limit=1_000))
    registry.configure_stage(
        PLACE, **{**GOOD, "binding": {**GOOD["binding"], "release": str(tmp_path / "srv2")}}, no_alerts=["old < 1"]
    )
    events = registry.events(limit=len(registry.events(limit=1_000)) - before)[::-1]
    assert [each.action for each in events] == ["gates_set", "alert_removed", "alert_set", "alert_set", "stage_bound"]
    assert len({each.at for each in events}) == 1
    assert registry.gates(PLACE).approvals == 1
    assert [each.rule.text for each in registry.alerts(PLACE)] == ["latency < 80 for 10min", "errors < 5"]
    settings = registry.binding(PLACE)
    assert settings is not None
    assert (settings.hook, settings.keep) == (("true",), 5)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"alerts": [AlertSetting("errors < 5"), AlertSetting("latency <")]}, BadFilter),
        ({"alerts": [AlertSetting("errors < 5", ())]}, BadValue),
        ({"alerts": [AlertSetting(f"errors < {number}") for number in range(51)]}, BadValue),
        ({"no_alerts": ["old < 1", "nothing < 1"]}, NotFound),
        ({"gates": {"expressions": ("metrics.auc >",)}}, BadFilter),
        ({"gates": {"approvals": -1}}, BadValue),
        ({"gates": {"after": "staging"}}, Refused),
        ({"binding": {"release": "srv2", "tries": 0}}, BadValue),
    ],
)
def test_what_is_wrong_in_one_leaves_all_as_it_was(
    served: Served, tmp_path: Path, wrong: dict[str, Any], error: type[LinealError]
) -> None:
    registry = served.registry
    registry.set_alerts(PLACE, "old < 1")
    before = registry.policy(), len(registry.events(limit=1_000))
    given = {**GOOD, "binding": {**GOOD["binding"], "release": str(tmp_path / "srv2")}, "no_alerts": ["old < 1"]}
    with pytest.raises(error):
        registry.configure_stage(PLACE, **{**given, **wrong})
    assert (registry.policy(), len(registry.events(limit=1_000))) == before
    assert registry.binding(PLACE) is None


def test_a_bound_stage_is_changed_with_the_rest_or_not_at_all(served: Served) -> None:
    registry, before = served.registry, served.registry.binding(served.place)
    with pytest.raises(BadValue):
        registry.configure_stage(served.place, gates={"approvals": 2}, binding={"keep": 0})
    with pytest.raises(BadFilter):
        registry.configure_stage(served.place, alerts=[AlertSetting("x <")], binding={"keep": 9})
    assert registry.binding(served.place) == before
    assert registry.gates(served.place).is_open
    registry.configure_stage(served.place, gates={"approvals": 2}, binding={"keep": 9})
    changed = registry.binding(served.place)
    assert changed is not None
    assert (changed.keep, registry.gates(served.place).approvals) == (9, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda registry, _: registry.configure_stage("m@canary", gates={"approvals": 2}),
        lambda registry, _: registry.configure_stage("m@canary", alerts=[AlertSetting("errors < 5")]),
        lambda registry, folder: registry.bind_stage("m@canary", release=str(folder / "new")),
    ],
)
def test_a_stage_that_is_removed_meanwhile_is_not_taken_for_another(
    served: Served, tmp_path: Path, change: Callable[[Registry, Path], object]
) -> None:
    registry = served.registry
    registry.register("other", metrics={"auc": 0.5})
    registry.add_stage("m", "canary")
    failed: list[BaseException] = []

    def late() -> None:
        with open_registry(registry.root) as mine:
            try:
                change(mine, tmp_path)
            except LinealError as error:
                failed.append(error)

    thread = threading.Thread(target=late)
    with registry.context.db.write("test") as connection:
        thread.start()
        time.sleep(0.5)  # it has read, and waits to write
        (row,) = connection.execute("DELETE FROM stages WHERE name = 'canary' RETURNING id").fetchall()
        connection.execute(
            "INSERT INTO stages (id, model_id, name, position) "
            "SELECT ?, id, 'canary', 2 FROM models WHERE name = 'other'",
            row,
        )
    thread.join(60)
    assert isinstance(failed[0], NotFound)
    assert registry.gates("other@canary").is_open
    assert registry.alerts("other@canary") == []
    assert registry.binding("other@canary") is None
