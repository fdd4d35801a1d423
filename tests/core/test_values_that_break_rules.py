"""A database with values that no use case would let in is damaged, and says so; it is no mistake of lineal's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lineal.errors import Damaged
from lineal.machine.locate import at_home
from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.registry import Registry


def _break(registry: Registry, statement: str) -> Path:
    registry.start_run("e").finish()
    root = registry.root
    registry.close()
    with closing(sqlite3.connect(root / "registry.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.executescript(statement)
    return root


@pytest.mark.parametrize("read_only", [False, True])
def test_a_word_that_is_none_of_those_known_is_damage(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, read_only: bool
) -> None:
    root = _break(registry, "UPDATE runs SET kind = 'other'")
    if read_only:
        monkeypatch.setattr("lineal.storage.db._why_read_only", lambda *_: "it may not be written")
    with open_registry(root) as opened, pytest.raises(Damaged, match=r"registry\.db: CHECK constraint failed in runs"):
        opened.runs()


def test_verify_and_backups_name_a_broken_constraint(registry: Registry, tmp_path: Path) -> None:
    root = _break(registry, "UPDATE runs SET kind = 'other'")
    with open_registry(root) as opened:
        assert [finding.problem for finding in opened.verify().damage] == ["CHECK constraint failed in runs"]
        with pytest.raises(Damaged, match="CHECK constraint"):
            opened.backup(tmp_path / "backup.db")


def test_a_text_that_is_no_json_is_damage(registry: Registry) -> None:
    root = _break(registry, "UPDATE runs SET command = '[broken'")
    with open_registry(root) as opened:
        [run] = opened.runs()
        with pytest.raises(Damaged, match="no JSON"):
            opened.run_detail(f"run:{run.id}")


def test_text_that_is_none_is_damage(registry: Registry) -> None:
    root = _break(registry, "UPDATE runs SET command = CAST(x'5bff5d' AS TEXT)")
    with open_registry(root) as opened:
        [run] = opened.runs()
        with pytest.raises(Damaged, match="text that is none"):
            opened.run_detail(f"run:{run.id}")


@pytest.mark.parametrize("command", ["1.5", "null", '{"a": 1}', '["a", 1]'])
def test_json_that_nothing_can_be_made_of_is_damage(registry: Registry, command: str) -> None:
    registry.add_automation("promoted", None, ("true",), name="page")
    free = "DROP TRIGGER automations_fixed;"
    root = _break(registry, f"{free} UPDATE automations SET command = '{command}'")  # noqa: S608  harm is meant
    with open_registry(root) as opened, pytest.raises(Damaged, match=r"JSON that nothing can be made of \(TypeError"):
        opened.automations()


def test_a_signature_that_is_no_object_is_damage(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    registry.register("m", tmp_path / "f", label="1.0.0", signature={"inputs": [1]})
    root = _break(registry, "DROP TRIGGER versions_files_fixed; UPDATE versions SET signature = '7'")
    with open_registry(root) as opened, pytest.raises(Damaged, match="CHECK constraint failed in versions"):
        opened.detail("m:1.0.0")


def test_a_mistake_that_the_database_has_no_part_in_stays_what_it_is(registry: Registry) -> None:
    with pytest.raises(KeyError), registry.context.read():
        raise KeyError


def test_the_home_of_nobody_is_a_name_like_any_other() -> None:
    assert str(at_home("~nobody-is-called-this/x")) == "~nobody-is-called-this/x"
