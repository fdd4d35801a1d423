"""Adding automations, disabling and removing them, and what becomes of them in a copy or a moved registry."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from lineal.errors import AlreadyExists, BadAddress, BadName, BadValue, NotFound, Refused
from lineal.records.automation import DeliveryState
from lineal.registry import open_registry, restore_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.automated import Automated
    from tests.core.waiting import until
else:
    from waiting import until


def test_one_that_is_disabled_runs_nothing_and_misses_what_happens_meanwhile(automated: Automated) -> None:
    registry = automated.registry
    name = automated.add("promoted", "m")
    registry.promote("m:1", "production")
    automated.settle()
    registry.enable_automation(name, enabled=False)
    registry.promote("m:2", "production")
    assert registry.enable_automation(name).enabled
    registry.promote("m:3", "production")
    automated.settle()
    assert automated.log() == ["m:1", "m:3"]


def test_one_that_is_removed_keeps_its_log_and_leaves_its_name(automated: Automated) -> None:
    registry = automated.registry
    name = automated.add("promoted", "m", name="page")
    registry.promote("m:1", "production")
    automated.settle()
    registry.remove_automation(name)
    registry.promote("m:2", "production")
    assert registry.automations() == []
    assert [each.automation for each in registry.deliveries()] == ["page"]
    with pytest.raises(Refused, match="was removed"):
        registry.deliver_again(registry.deliveries()[0].id)
    with pytest.raises(NotFound):
        registry.automation("page")
    again = automated.add("promoted", "m", name="page")
    registry.promote("m:3", "production")
    automated.settle()
    assert again == "page"
    assert automated.log() == ["m:1", "m:3"]


def test_what_is_recorded_of_them_is_who_added_and_removed_them(automated: Automated) -> None:
    registry = automated.registry
    registry.add_automation("promoted", "m@production", ["true", "a b"], timeout=5)
    registry.promote("m:1", "production")
    automated.settle()
    registry.remove_automation("promoted")
    found = [(each.action, each.ref, each.data) for each in registry.events(limit=3)]
    assert [each[:2] for each in found] == [
        ("automation_removed", "m@production"),
        ("promoted", "m@production"),
        ("automation_added", "m@production"),
    ]
    assert found[2][2] == {"command": ["true", "a b"], "event": "promoted", "name": "promoted", "timeout": 5.0}
    assert registry.verify().damage == ()


@pytest.mark.parametrize(
    ("event", "place", "command", "more", "error"),
    [
        ("promotd", None, ["x"], {}, BadValue),
        ("registered", "m@production", ["x"], {}, BadValue),
        ("promoted", "m:1", ["x"], {}, BadAddress),
        ("promoted", "m@production~1", ["x"], {}, BadAddress),
        ("promoted", "nobody", ["x"], {}, NotFound),
        ("promoted", "m@nowhere", ["x"], {}, NotFound),
        ("promoted", None, [], {}, BadValue),
        ("promoted", None, [""], {}, BadValue),
        ("promoted", None, "true", {}, BadValue),
        ("promoted", None, ["a\0b"], {}, BadValue),
        ("promoted", None, ["x"], {"timeout": 0.0}, BadValue),
        ("promoted", None, ["x"], {"timeout": float("nan")}, BadValue),
        ("promoted", None, ["x"], {"timeout": 1e9}, BadValue),
        ("promoted", None, ["x"], {"name": "12"}, BadName),
        ("promoted", None, ["x"], {"name": "a b"}, BadName),
        ("promoted", None, ["x"], {"name": "\x1b"}, BadName),
        ("promoted", None, ["x"], {"name": "taken"}, AlreadyExists),
    ],
)
def test_what_makes_no_sense_is_refused(
    automated: Automated,
    event: str,
    place: str | None,
    command: list[str],
    more: dict[str, object],
    error: type[Exception],
) -> None:
    registry = automated.registry
    registry.add_automation("cleared", None, ["x"], name="taken")
    before = registry.event_totals()
    with pytest.raises(error):
        registry.add_automation(event, place, command, **more)  # type: ignore[arg-type]  # that is the point
    assert registry.event_totals() == before
    assert len(registry.automations()) == 1


def test_names_are_made_from_the_event_where_none_is_given(automated: Automated) -> None:
    names = [automated.registry.add_automation("rolled-back", None, ["x"]).name for _ in range(3)]
    assert names == ["rolled_back", "rolled_back-2", "rolled_back-3"]


def test_a_restored_registry_runs_nothing_until_it_is_told_to(automated: Automated, tmp_path: Path) -> None:
    registry = automated.registry
    automated.add("promoted", "m", 'echo "$LINEAL_REGISTRY" >> "$F/log"; while ! test -e "$F/go"; do sleep 0.01; done')
    registry.promote("m:1", "production")
    registry.promote("m:2", "production")
    until(lambda: bool(automated.log()))
    registry.backup(tmp_path / "backup.tar", objects=True)
    (automated.folder / "go").touch()
    automated.settle()
    restored = restore_registry(tmp_path / "backup.tar", tmp_path / "again")
    assert restored.disabled == ("promoted",)
    with open_registry(tmp_path / "again") as again:
        assert {each.state.value for each in again.deliveries()} == {"lost"}
        assert [each.kind for each in again.examine() if "delivery" in each.kind] == []
        again.promote("m:3", "production")
        again.settle_automations()
        assert len(automated.log()) == 2
        again.enable_automation("promoted")
        again.promote("m:4", "production")
        again.settle_automations()
    assert automated.log()[2:] == [str((tmp_path / "again").absolute())]


def test_a_registry_that_is_moved_while_a_command_runs_goes_on_where_it_is(
    automated: Automated, tmp_path: Path
) -> None:
    registry = automated.registry
    automated.add("promoted", "m", 'echo "$LINEAL_REF" >> "$F/log"; while ! test -e "$F/go"; do sleep 0.01; done')
    registry.promote("m:1", "production")
    registry.promote("m:2", "production")
    until(lambda: bool(automated.log()))
    registry.close()
    elsewhere = tmp_path / "elsewhere"
    shutil.move(registry.root, elsewhere)
    (automated.folder / "go").touch()
    until(lambda: not automated.workers())
    with open_registry(elsewhere) as moved:
        moved.settle_automations()
        first, second = moved.deliveries()[::-1]
        assert first.state in {DeliveryState.DONE, DeliveryState.LOST}
        assert second.state is DeliveryState.DONE
    assert automated.log() == ["m:1", "m:2"]
