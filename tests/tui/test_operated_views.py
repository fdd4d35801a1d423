"""Automations and their logs on the screen: read, opened, sorted, changed after a question, and kept apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lineal.machine.locks import taken
from lineal.operations import delivering
from lineal.queries import roles as role_rows
from lineal.records.base import Actor, Micros
from lineal.records.permissions import Permission, Role
from lineal.registry import Registry, open_registry
from lineal.write_path import waking
from lineal_tui.places import View
from lineal_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tui.conftest import Opening, Session

    from lineal_tui.view.drawing.pages import Rows
    from lineal_tui.widgets.lines import Painter

SIZES = [(80, 24), (160, 48), (60, 15)]
PLACE = "fraud@production"
EVIL = "\x1b[31mred\x1b]52;c;ZXZpbA==\x07[/bold] [link=x]\u202ea\tb"


def quietly(registry: Registry, does: Callable[[], object]) -> None:
    """Do something without a process that would run what waits for it."""
    with taken(waking.lock_path(registry.root)) as lock:
        assert lock is not None
        does()


def run_what_waits(registry: Registry) -> None:
    delivering.drain(registry.context)


@pytest.fixture
def operated(registry: Registry) -> Registry:
    """Three automations: one that did well, one that failed with hostile words, and one that is off."""
    registry.add_automation("promoted", PLACE, ("/bin/sh", "-c", "echo one; echo reloaded"), name="reload")
    registry.add_automation("moved", None, ("/bin/sh", "-c", 'printf %s "$1"; exit 3', "sh", EVIL), name="tell")
    registry.add_automation("retired", "fraud", ("/bin/true", EVIL), name="quiet")
    registry.enable_automation("quiet", enabled=False)
    quietly(registry, lambda: registry.promote("fraud:2.2.0", "production"))
    run_what_waits(registry)
    return registry


def shown(session: Session) -> View:
    return session.workspace.shown


def row_of(session: Session, name: str) -> str:
    return next(row for row in session.rows if name in row[:24])


@pytest.mark.parametrize("size", SIZES)
async def test_automations_stand_with_their_last_run_and_their_log_below(
    operated: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(operated, size) as session:
        await session.press("O")
        assert shown(session) is View.AUTOMATIONS
        assert "3 automations" in session.rows[1]
        assert "done" in row_of(session, "reload")
        if size[1] > 15:
            assert "FAILED exit 3" in row_of(session, "tell")
            assert " off " in row_of(session, "quiet")
            assert "reloaded" in session.text
        assert "log of reload" in session.text
        await session.press("enter")
        assert shown(session) is View.DELIVERIES
        assert "1 event" in session.rows[1]
        await session.press("enter")
        assert shown(session) is View.DELIVERY
        assert "reload, delivery 1" in session.rows[1]
        await session.press("escape", "escape")
        assert shown(session) is View.AUTOMATIONS
        await session.press("escape")
        assert shown(session) is View.TREE


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_words_of_commands_and_outputs_stay_text(
    operated: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    async with opened(operated, size) as session:
        for keys in (("O", "j"), ("j",), ("k", "enter"), ("enter",), ("G",)):
            await session.press(*keys)
            assert not {"\x1b", "\x07", "\u202e", "\t"} & set(session.text)
        assert "[/bold] [link=x]" in session.text
        assert "exit code" in session.text or size[1] == 15


async def test_without_automations_it_says_how_to_add_one(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("O")
        assert "nothing runs by itself yet" in session.text
        assert "lineal on add promoted MODEL@STAGE --run 'COMMAND'" in session.text
        await session.press("e")
        assert "no automation is under the cursor" in session.last
        await session.press("enter", "x", "a")
        assert session.phase == "NONE"
        await session.press("W")
        assert "no alerts are set yet" in session.text
        await session.press("x")
        assert "no alert is under the cursor" in session.last


async def test_one_that_never_ran_has_no_delivery_to_open(operated: Registry, opened: Opening) -> None:
    async with opened(operated) as session:
        await session.press("O", "G", "enter", "enter")
        assert shown(session) is View.DELIVERIES
        assert "quiet never ran yet" in session.last
        await session.press("escape", "g", "enter", "slash", *"bogus", "enter", "enter")
        assert shown(session) is View.DELIVERIES
        assert "nothing that was run is under the cursor" in session.last


async def test_what_is_below_follows_only_when_the_cursor_rests(
    operated: Registry, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    operated.set_alerts(PLACE, "latency < 80", "errors < 1")
    async with opened(operated, (120, 40)) as session:
        for key, below in (("O", View.DELIVERIES), ("W", View.ALERT)):
            await session.press(key)
            lines = session.workspace.panes[below].lines
            drawn: list[object] = []

            def show(rows: Rows[object], paint: Painter, lines: Lines = lines, drawn: list[object] = drawn) -> None:
                drawn.append(rows)
                Lines.show(lines, rows, paint)

            monkeypatch.setattr(lines, "show", show)
            await session.type_ahead("j", "k", "j", "k", "j")
            assert len(drawn) == 1


async def test_a_registry_without_models_has_automations(empty: Registry, opened: Opening) -> None:
    async with opened(empty) as session:
        await session.say("on add registered --run true --name new")
        assert "✓ new runs from now on, on registered of all models" in session.last
        await session.press("O")
        assert "never ran" in row_of(session, "new")


async def test_lists_are_filtered_and_sorted_and_stay_so(operated: Registry, opened: Opening) -> None:
    async with opened(operated, (120, 40)) as session:
        await session.press("O", "s")
        assert "sorted by name" in session.last
        await session.press("s")
        assert "by trouble" in session.rows[1]
        assert session.rows[3].split()[0] == "tell"
        await session.press("slash", *"exit", "enter")
        assert "1 of 3 automations" in session.rows[1]
        await session.press("escape", "G")
    async with opened(operated, (120, 40)) as session:
        assert shown(session) is View.AUTOMATIONS
        assert "by trouble" in session.rows[1]
        assert any(row.startswith("▌ quiet") for row in session.rows)


async def test_a_log_grows_while_one_looks_at_it(operated: Registry, opened: Opening) -> None:
    async with opened(operated) as session:
        await session.press("O", "enter")
        assert "1 event " in session.rows[1]
        quietly(operated, lambda: operated.promote("fraud:2.1.0", "production"))
        with open_registry(operated.root) as other:
            run_what_waits(other)
        session.workspace.poll()
        await session.settle()
        assert "2 events" in session.rows[1]


async def test_one_is_kept_from_running_and_let_run_again_after_a_question(operated: Registry, opened: Opening) -> None:
    async with opened(operated, (200, 48)) as session:
        await session.press("O", "e")
        assert session.last.startswith("→ Keep reload (/bin/sh -c 'echo one; echo reloaded' on promoted of fraud@prod")
        await session.press("enter", "escape")
        assert operated.automation("reload").enabled
        await session.press("e", "y")
        assert "✓ reload is off" in session.last
        assert not operated.automation("reload").enabled
        assert " off " in row_of(session, "reload")
        await session.press("y", "c")
        assert "lineal on disable reload" in session.last
        await session.press("e")
        assert session.last.startswith("→ Let reload")
        await session.press("y")
        assert operated.automation("reload").enabled


async def test_one_is_taken_away_after_a_question_and_not_another_of_its_name(
    operated: Registry, opened: Opening
) -> None:
    async with opened(operated, (120, 40)) as session:
        await session.press("O", "x")
        assert "Take reload" in session.last
        assert "Its log stays." in session.last
        operated.remove_automation("reload")
        operated.add_automation("alert", None, ("/bin/true",), name="reload")
        await session.press("y")
        assert "it was removed, and another has its name now" in session.last
        assert len(operated.automations()) == 3
        await session.press("escape", "G", "x", "y")
        assert "✓ reload is removed; its log stays" in session.last
        assert [each.name for each in operated.automations()] == ["tell", "quiet"]


async def test_a_delivery_is_made_again_after_a_question(operated: Registry, opened: Opening) -> None:
    async with opened(operated, (120, 40)) as session:
        await session.press("O", "j", "enter", "a")
        assert session.last.startswith("→ Run tell again on event") or "Run delivery 2 of tell again" in session.last
        with taken(waking.lock_path(operated.root)):
            await session.press("y")
        assert "✓ tell runs again on event" in session.last
        assert "waiting, again" in session.text
        await session.press("a")
        assert "delivery 3 is waiting already" in session.last
        assert "other attempts" in session.text
    assert [each.state.value for each in operated.deliveries("tell")] == ["waiting", "failed"]


async def test_typed_words_do_what_the_shell_does(operated: Registry, opened: Opening) -> None:
    async with opened(operated, (120, 40)) as session:
        await session.say("on")
        assert shown(session) is View.AUTOMATIONS
        await session.say("on log tell")
        assert "log of tell" in session.rows[1]
        await session.say("on log")
        assert "log of all automations" in session.rows[1]
        await session.say("on show 1")
        assert "log of reload" in session.rows[1]
        await session.say("on disable tell")
        assert "✓ tell is off" in session.last
        await session.press("y", "c")
        assert "lineal on disable tell" in session.last
        await session.say("on remove quiet")
        assert "Take quiet" in session.last
        await session.press("y")
        await session.say("on add alert fraud@production --run 'mail -s \"a b\" ops' --timeout 5")
        new = operated.automation("alert")
        assert (new.command, new.timeout, new.place) == (("mail", "-s", "a b", "ops"), 5.0, PLACE)
        await session.press("y", "c")
        assert "lineal on add alert fraud@production --run" in session.last
        await session.say("on run")
        assert "✓ nothing waits and nothing runs" in session.last
    assert [each.name for each in operated.automations()] == ["reload", "tell", "alert"]


NONSENSE = (
    ("on bogus", "no verb 'on bogus'"),
    ("on log nobody", "no automation"),
    ("on show 99", "no delivery"),
    ("on again x", "no delivery's number"),
    ("on add promoted", "what shall run?"),
    ("on add promotd --run true", "did you mean promoted"),
    ("on add promoted --run 'a | b'", "no shell runs it"),
    ("on add promoted --run true --timeout soon", "it is no number"),
    ("observe fraud@production latency", "is not NAME=VALUE"),
    ("observe fraud@production latency=x", "it is no number"),
    ("stage set fraud@production", "which alert is set, or taken away?"),
    ("stage set fraud@production --alert 'latency <'", "the expression is wrong"),
    ("stage set fraud@production --no-alert 'x < 1'", "no alert"),
    ("alerts fraud@production", "no alert at"),
    ("alerts fraud@nowhere", "nowhere"),
    ("observations nobody@production", "no model 'nobody'"),
    ("on log nobody", "no automation"),
)
"""What is typed, and what is said of it."""


async def test_words_that_make_no_sense_are_told(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (160, 48)) as session:
        for line, told in NONSENSE:
            await session.say(line)
            assert told in session.last, line
            assert session.phase == "NONE"


async def test_words_complete_by_group_event_and_name(operated: Registry, opened: Opening) -> None:
    async with opened(operated, (120, 40)) as session:
        await session.press("colon", *"on", "space", *"dis", "tab", *"re", "tab")
        assert session.last.startswith(":on disable reload")
        await session.press("escape", "colon", *"on", "space", *"add", "space", *"mark", "tab", *"fr", "tab")
        assert session.last.startswith(":on add marked_bad fraud")


async def test_a_delivery_that_was_made_again_is_told_when_it_is_asked_for(operated: Registry, opened: Opening) -> None:
    with taken(waking.lock_path(operated.root)):
        operated.deliver_again(2)
    async with opened(operated, (120, 40)) as session:
        await session.say("on show 2")
        assert "delivery 2 was made again; this is the last attempt, delivery 3" in session.last


async def test_whose_role_configures_nothing_is_told_so(operated: Registry, opened: Opening) -> None:
    operated.set_alerts(PLACE, "latency < 80")
    with operated.context.change(Permission.GRANT, ":registry") as change:
        for name, role in (("chief", Role.ADMIN), ("dana", Role.DEPLOYER)):
            role_rows.bind(change.connection, name, role, None, None, at=Micros(1), by="root")
            change.record("role_granted", "registry", subject=name)
    dana = Registry(replace(operated.context, actor=Actor("dana", 4_000)))
    async with opened(dana, (120, 40)) as session:
        for keys in (("O", "e"), ("x",), ("enter", "a"), ("W", "x")):
            await session.press(*keys)
            assert "not now: it takes an admin, and dana is deployer here" in session.last, keys
        await session.say("on disable reload")
        assert "dana" in session.last
    assert operated.automation("reload").enabled


async def test_who_is_served_by_a_service_account_names_no_programs(
    operated: Registry, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = type(operated.actor)
    monkeypatch.setattr(actor, "is_vouched", property(lambda _: True))
    async with opened(operated, (160, 48)) as session:
        for line in ("on add promoted --run id", "stage set fraud@production --alert 'a < 1' --alert-command id"):
            await session.say(line)
            assert "not served here: it names a program of the server" in session.last
    assert len(operated.automations()) == 3
    assert operated.alerts() == []


async def test_in_a_registry_that_is_only_read_nothing_is_changed(operated: Registry, opened: Opening) -> None:
    with open_registry(operated.root, read_only=True) as reader:
        async with opened(reader) as session:
            await session.press("O", "e")
            assert "not now: it was opened read-only" in session.last
            await session.say("on disable reload")
            assert "nothing can be changed here" in session.last


async def test_a_log_that_is_asked_for_first_tells_what_its_automation_runs(
    operated: Registry, opened: Opening
) -> None:
    async with opened(operated, (120, 40)) as session:
        await session.say("on show 1")
        assert "log of reload  /bin/sh -c" in session.rows[1]
        await session.press("enter")
        assert "/bin/sh -c 'echo one; echo reloaded'" in session.rows[2]


async def test_a_program_that_is_not_there_is_told_when_it_is_added(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (120, 40)) as session:
        await session.say("on add promoted --run 'no-such-program x' --name odd")
        assert "odd runs from now on, on promoted of all models · there is no program no-such-program" in session.last
