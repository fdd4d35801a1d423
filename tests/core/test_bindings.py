"""Binding a stage to a directory: whole or not at all, and settings that can be run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from lineal.errors import BadValue, Busy, Conflict, Damaged, MachineError, NotFound, NothingLive, Refused
from lineal.machine.locks import exclusive
from lineal.queries import pipelines as pipeline_rows
from lineal.registry import open_registry
from lineal.staging.layout import stage_lock
from lineal.staging.transitions import order_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.core.conftest import Served


def _actions(served: Served) -> list[str]:
    return [event.action for event in served.registry.events(limit=3)]


def test_a_stage_is_bound_with_an_event_and_known_by_its_settings(served: Served) -> None:
    command = ("/bin/true", "--now")
    served.set(hook=list(command), tries=5, keep=2)
    settings = served.registry.binding(served.place)
    assert settings is not None
    assert (settings.release, settings.hook, settings.tries, settings.keep) == (str(served.directory), command, 5, 2)
    assert settings.timeout == 5.0  # as it was set before
    assert _actions(served)[0] == "stage_bound"
    with open_registry(served.registry.root) as again:
        assert again.binding(served.place) == settings
    state = served.registry.stage_state(served.place)
    assert (state.settings, state.live, state.points_at, state.is_running) == (settings, None, None, False)


def test_binding_lays_out_what_is_live_and_runs_nothing(served: Served) -> None:
    served.registry.unbind_stage(served.place)
    served.registry.promote("m:2", "production")
    served.set(release=str(served.directory), hook=served.script("hook", 'echo ran >> "$F/log"'))
    assert served.live() == "2"
    assert served.registry.current("m", "production") == served.directory / (served.directory / "current").readlink()
    assert not served.log()


def test_binding_again_mends_what_is_missing(served: Served) -> None:
    served.registry.promote("m:2", "production")
    served.registry.promote("m:3", "production")
    shutil.rmtree(served.directory)
    with pytest.raises(NothingLive):
        served.registry.current("m", "production")
    served.set(release=str(served.directory))
    assert served.live() == "3"
    served.registry.rollback(served.place)  # the release that is gone is laid out again
    assert served.live() == "2"


def test_a_stage_can_move_to_another_directory(served: Served, tmp_path: Path) -> None:
    served.registry.promote("m:2", "production")
    served.registry.promote("m:3", "production")
    served.set(release=str(tmp_path / "other"))
    assert (served.directory / "current").exists()  # whoever still reads there is not disturbed
    served.directory = tmp_path / "other"
    assert served.live() == "3"
    served.registry.rollback(served.place)
    assert served.live() == "2"


def test_an_unbound_stage_is_a_pointer_again(served: Served) -> None:
    served.registry.promote("m:2", "production")
    served.registry.unbind_stage(served.place)
    assert _actions(served)[0] == "stage_unbound"
    with pytest.raises(Refused, match="bound to no directory"):
        served.registry.current("m", "production")
    with pytest.raises(NotFound):
        served.registry.unbind_stage(served.place)
    served.registry.promote("m:3", "production")
    assert (served.directory / "current" / "model.bin").read_text() == "version 2"  # what lies there stays
    served.set(release=str(served.directory))
    assert served.live() == "3"


@pytest.mark.parametrize(
    "changes",
    [
        {"tries": 0},
        {"tries": 2.5},
        {"tries": "3"},
        {"keep": 0},
        {"interval": -1},
        {"interval": float("nan")},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"hook": ()},
        {"hook": ("",)},
        {"hook": "/bin/true"},
        {"hook": (1,)},
        {"hook": ("/bin/echo", "a\0b")},
        {"health": ("x", "\ud800")},
        {"health": ("x",), "health_url": "http://h/"},
        {"health_url": "https://h/"},
        {"health_url": "http://"},
        {"health_url": "http://h:99999/"},
        {"health_url": "http://h:port/"},
        {"health_url": "http://[::1/"},
        {"health_url": "http://h/a b"},
        {"health_url": "http://h/a\r\nX: y"},
        {"health_url": "http://hé/"},
        {"health_status": 99},
        {"health_text": "a\0"},
        {"release": "a\0b"},
        {"release": "\ud800"},
    ],
)
def test_settings_that_could_not_be_run_are_refused(changes: dict[str, object], served: Served) -> None:
    before = served.registry.binding(served.place)
    with pytest.raises(BadValue) as caught:
        served.set(**changes)
    assert caught.value.exit_code == 2
    assert served.registry.binding(served.place) == before


def test_the_first_time_a_directory_must_be_named(served: Served) -> None:
    with pytest.raises(BadValue, match="--release DIR"):
        served.registry.bind_stage("m@staging", tries=2)
    with pytest.raises(NotFound):
        served.registry.bind_stage("m@nowhere", release="x")


def test_health_is_asked_in_one_way(served: Served) -> None:
    served.set(health=("/bin/true",))
    served.set(health_url="http://127.0.0.1:1/")
    settings = served.registry.binding(served.place)
    assert settings is not None
    assert settings.health is None
    served.set(health=("/bin/true",))
    settings = served.registry.binding(served.place)
    assert settings is not None
    assert settings.health_url is None


def test_two_stages_never_share_a_directory(served: Served) -> None:
    with pytest.raises(Refused, match="another stage is bound to it"):
        served.registry.bind_stage("m@staging", release=str(served.directory))
    served.registry.unbind_stage(served.place)
    with pytest.raises(Refused, match="it belongs to m@production of this registry"):
        served.registry.bind_stage("m@staging", release=str(served.directory))


def test_a_relative_directory_means_where_the_person_stands(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    served.registry.bind_stage("m@staging", release="here")
    monkeypatch.chdir("/")
    served.registry.promote("m:1", "staging")
    assert (tmp_path / "here" / "current" / "model.bin").read_text() == "version 1"


def test_a_directory_that_cannot_be_used_leaves_the_stage_as_it_was(served: Served, tmp_path: Path) -> None:
    served.registry.promote("m:2", "production")
    before = served.registry.binding(served.place)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "link").symlink_to(tmp_path / "srv")
    for name, error in (
        ("full", Refused),
        ("link", Refused),
        ("full/x", Refused),
        ("no/parent", MachineError),
        ("full/x/y", MachineError),
    ):
        with pytest.raises(error):
            served.set(release=str(tmp_path / name))
        assert served.registry.binding(served.place) == before
        assert served.live() == "2"


def test_a_directory_without_room_for_what_is_live_is_not_bound(
    served: Served, tmp_path: Path, tmpfs: Callable[[str], Path]
) -> None:
    (tmp_path / "big.bin").write_bytes(os.urandom(200_000))
    served.registry.register("m", tmp_path / "big.bin", label="7")
    served.registry.unbind_stage(served.place)
    served.registry.promote("m:7", "production")
    small = tmpfs("64k")
    with pytest.raises(MachineError, match="No space left"):
        served.set(release=str(small))
    assert served.registry.binding(served.place) is None
    assert [path.name for path in small.iterdir()] == [".lineal-stage.json"]
    served.registry.promote("m:1", "production")
    served.set(release=str(small))  # there is room for this one
    served.directory = small
    assert served.live() == "1"


def test_damaged_bytes_of_what_is_live_are_not_laid_out(served: Served) -> None:
    served.registry.unbind_stage(served.place)
    served.registry.promote("m:2", "production")
    for path in served.registry.context.objects.root.glob("*/*"):
        if path.is_file() and path.read_bytes() == b"version 2":
            path.chmod(0o644)
            path.write_bytes(b"Version 2")
    with pytest.raises(Damaged, match="not what its name says"):
        served.set(release=str(served.directory))
    assert served.registry.binding(served.place) is None


def test_a_stage_that_is_being_moved_is_neither_bound_nor_unbound(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.staging.turns._TIDYING_SECONDS", 0.05)
    with served.registry.context.read() as connection:
        number = connection.execute("SELECT id FROM stages WHERE name = 'production'").fetchone()[0]
    with exclusive(stage_lock(served.registry.root, number), holder="somebody", seconds=0):
        for act in (
            lambda: served.set(release=str(tmp_path / "other")),
            lambda: served.registry.unbind_stage(served.place),
        ):
            with pytest.raises(Busy) as caught:
                act()
            assert caught.value.exit_code == 5
    plan = served.registry.plan_promote("m:1", "production")
    with served.registry.context.journal("test") as connection:  # as a process leaves it that died at once
        pipeline_rows.insert(
            connection,
            number,
            order_of(plan),
            source=None,
            actor=served.registry.actor,
            host="h",
            boot="-",
            pid=1,
            at=served.registry.context.clock(),
            steps=("verify",),
        )
    for act in (
        lambda: served.set(release=str(tmp_path / "other")),
        lambda: served.registry.unbind_stage(served.place),
    ):
        with pytest.raises(Conflict, match="was left unfinished"):
            act()
    assert not (tmp_path / "other").exists()


def test_a_version_without_files_is_live_but_points_nowhere(served: Served) -> None:
    served.registry.unbind_stage(served.place)
    version = served.registry.register("m", label="bare")
    served.registry.promote(version.ref, "production")
    served.set(release=str(served.directory))
    assert not os.path.lexists(served.directory / "current")
    with pytest.raises(NothingLive):
        served.registry.current("m", "production")
    served.registry.promote("m:1", "production")
    assert served.live() == "1"


def test_current_is_the_release_itself_and_stays_it(served: Served) -> None:
    served.registry.promote("m:1", "production")
    folder = served.registry.current("m", "production")
    served.registry.promote("m:2", "production")
    assert not folder.is_symlink()
    assert (folder / "model.bin").read_text() == "version 1"
    served.registry.clear(served.place)
    with pytest.raises(NothingLive):
        served.registry.current("m", "production")
