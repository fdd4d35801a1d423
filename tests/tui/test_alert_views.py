"""Alerts and what is observed on the screen: what fires, since when, what then happens, and the curve of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lineal_tui.places import View

if TYPE_CHECKING:
    from tests.tui.conftest import Opening, Session

    from lineal.registry import Registry

SIZES = [(80, 24), (160, 48), (60, 15)]
PLACE = "fraud@production"
EVIL = "\x1b[31mred\x1b]52;c;ZXZpbA==\x07[/bold] [link=x]\u202ea\tb"


def shown(session: Session) -> View:
    return session.workspace.shown


async def test_without_alerts_there_is_none_to_open(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.press("W", "enter")
        assert shown(session) is View.ALERTS
        assert "no alert is under the cursor" in session.last


async def test_alerts_are_set_fire_and_are_taken_away(registry: Registry, opened: Opening) -> None:
    async with opened(registry, (120, 40)) as session:
        await session.say("stage set fraud@production --alert 'latency < 80' --alert-rollback --cool-down 2h")
        assert "✓ fraud@production: alert latency < 80" in session.last
        assert "latency was never observed there yet" in session.last
        (rule,) = registry.alerts(PLACE)
        assert (rule.rule.rolls_back, rule.rule.cool_down) == (True, 7_200)
        await session.say("stage set fraud@production --alert 'latency < 80'")
        await session.say("observe fraud@production latency=70")
        assert "✓ fraud:2.1.0: 1 recorded" in session.last
        await session.say("observe fraud@production latency=91 errors=0.5")
        assert "ALERT latency < 80 saw latency 91" in session.last
        await session.press("g")
        assert session.last.startswith("ALERT fraud@production W"), "the last row says so wherever one is"
        await session.press("7")
        assert session.last.startswith("ALERT fraud@production W")
        await session.press("W")
        assert session.rows[3].startswith("▌ ALERT")
        assert "fired  1 time" in session.text
        await session.press("r")
        assert "Roll fraud@production back to 2.0.0" in session.last
        await session.press("escape", "H")
        assert shown(session) is View.HISTORY
        await session.press("W", "x")
        assert "Take the alert latency < 80 of fraud@production away? It fires now" in session.last
        await session.press("y")
        assert registry.alerts() == []
        await session.press("g")
        assert "ALERT" not in session.text


@pytest.mark.parametrize("size", SIZES)
async def test_an_alert_in_force_and_one_that_cleared_are_told_apart(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    registry.set_alerts(PLACE, "latency < 80", "errors < 1", "speed > 1", command=("/bin/echo", EVIL))
    registry.observe(PLACE, {"latency": 91, "errors": 7})
    registry.observe(PLACE, {"errors": 0})
    async with opened(registry, size) as session:
        await session.press("W")
        assert "3 alerts, 1 fires" in session.rows[1]
        assert session.rows[3].startswith("▌ ALERT")
        await session.press("G", "enter")
        if size[1] > 15:
            assert "it holds again" in session.text
        assert not {"\x1b", "\x07", "\u202e", "\t"} & set(session.text)
        await session.say("alerts fraud@production")
        assert shown(session) is View.ALERTS


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_observed_is_drawn_over_time_with_limits_and_alerts(
    registry: Registry, opened: Opening, size: tuple[int, int]
) -> None:
    registry.set_alerts(PLACE, "latency < 80")
    for value in (60, 65, 70, 91, 75, 95):
        registry.observe(PLACE, {"latency": value, "errors": 0.01})
    async with opened(registry, size) as session:
        await session.press("9")
        assert "While it is live" in session.text
        await session.press("C")
        assert shown(session) is View.CURVES
        assert session.rows[1].startswith("─ latency  ")
        assert "observed, by the clock" in session.rows[1]
        assert any("\u2800" < letter <= "\u28ff" for letter in session.text)
        assert "╌╌╌╌" in session.text
        assert any(row.startswith("  production ▌2.1.0─") or " production ▌2.1.0─" in row for row in session.rows)
        assert any("ALERT !" in row or ("ALERT " in row and "!" in row[12:]) for row in session.rows)
        await session.press("n")
        assert session.rows[1].startswith("─ errors")
        await session.press("x")
        assert "goes by the clock" in session.last
        await session.press("m")
        assert "all at" in session.rows[1] or size[0] == 60
        await session.press("plus", "l", "h", "w", "escape")
        assert shown(session) is View.STAGES
        await session.press("H", "C")
        assert "observed" in session.rows[1]


async def test_the_curve_of_an_alert_is_that_of_what_it_watches(registry: Registry, opened: Opening) -> None:
    registry.set_alerts(PLACE, "latency < 2 * promoted.errors for 5m", "errors < 1")
    registry.observe(PLACE, {"latency": 91, "errors": 7, "zeal": 1})
    async with opened(registry) as session:
        await session.press("W", "s", "G", "C")
        first = session.rows[1].split()[1]
        await session.press("escape", "g", "C")
        assert {first, session.rows[1].split()[1]} == {"latency", "errors"}
        await session.press("escape")
        assert shown(session) is View.ALERTS


async def test_where_nothing_was_observed_it_says_how_to(registry: Registry, opened: Opening) -> None:
    async with opened(registry) as session:
        await session.say("observations")
        assert "nothing was observed of what is live at fraud@production" in session.text
        assert "lineal observe fraud@production latency_p99=71" in session.text


async def test_what_an_alert_does_has_the_room_that_its_text_leaves(registry: Registry, opened: Opening) -> None:
    command = ("mail", "-s", "down", "operations@example.org")
    registry.set_alerts(PLACE, "latency < 80", command=command, rolls_back=True)
    async with opened(registry, (120, 40)) as session:
        await session.press("W")
        assert "run mail -s down operations@example.org, roll back" in session.rows[3]


async def test_on_the_page_of_a_stage_its_alerts_stand_in_a_row_each(registry: Registry, opened: Opening) -> None:
    registry.set_alerts(PLACE, "latency < 80 for 10m")
    registry.observe(PLACE, {"latency": 91})
    async with opened(registry) as session:
        await session.press("9")
        (row,) = [row for row in session.rows if "latency < 80" in row]
        assert "pending" in row
        assert "latency 91" in row
