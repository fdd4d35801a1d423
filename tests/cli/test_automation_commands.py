"""`lineal on`: adding commands, looking at what they did, and what is told when something is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import EVIL, Processed, Typed
else:
    from command_line import EVIL


@pytest.fixture
def on(typed: Typed, registry: Path) -> Typed:
    """Types `lineal on ...` for the sample."""
    return lambda *words: typed("on", *words, "--registry", registry)


def test_a_command_is_added_listed_run_and_removed(on: Typed, typed: Typed, registry: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    added = on("add", "promoted", "fraud@production", "--run", f"sh -c 'cat > {out}; echo well done'", "--name", "note")
    assert (added.code, added.out) == (0, "note\n")
    assert "from now on" in added.err
    assert typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry).code == 0
    assert on("run").code == 0
    told = json.loads(out.read_text())
    assert (told["event"], told["stage"], told["version"]["ref"]) == ("promoted", "production", "fraud:1.2.0")
    listed = on("list")
    assert listed.lines[0].split() == ["NAME", "EVENT", "OF", "IS", "LIMIT", "COMMAND"]
    assert listed.lines[1].split()[:6] == ["note", "promoted", "fraud@production", "on", "30", "s"]
    log = on("log")
    assert "done" in log.lines[1]
    assert log.lines[1].endswith("well done")
    assert "well done" in on("show", "note").out
    (entry,) = on("log", "note", "--json").json
    assert (entry["state"], entry["exit_code"], entry["output"]) == ("done", 0, "well done\n")
    shown = on("show", entry["ref"])
    assert "promoted fraud@production" in shown.out
    assert shown.lines[-1] == "well done"
    assert on("show", entry["ref"], "--json").json == entry
    assert on("again", entry["ref"]).out == f"{int(entry['ref']) + 1}\n"
    assert on("run").code == 0
    assert [each["attempt"] for each in on("log", "--json").json] == [2, 1]
    assert on("disable", "note").code == 0
    assert on("list", "--json").json[0]["enabled"] is False
    assert on("enable", "note").code == 0
    assert on("remove", "note").out == "note\n"
    assert on("list", "--json").json == []
    assert len(on("log").lines) == 3


def test_the_log_has_the_last_that_a_command_said_and_how_it_ended(on: Typed, typed: Typed, registry: Path) -> None:
    on("add", "promoted", "--run", "sh -c 'echo pager is down >&2; exit 3'", "--name", "page")
    on("add", "promoted", "--run", "sh -c 'exit 4'", "--name", "mute")
    on("add", "promoted", "--run", "sh -c 'kill -9 $$'", "--name", "shot")
    assert typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry).code == 0
    assert on("run").code == 0
    (said,) = on("log", "page").lines[1:]
    assert "  failed exit 3  " in said
    assert said.endswith("pager is down")
    (said,) = on("log", "mute").lines[1:]
    assert "  failed exit 4  " in said
    assert "[" not in said
    (said,) = on("log", "shot").lines[1:]
    assert said.endswith("[ended by signal 9]")


def test_json_of_an_automation_has_exact_values(on: Typed) -> None:
    made = on("add", "alert", "--run", "page --now 'a b'", "--timeout", "2.5", "--json")
    assert made.code == 0
    assert "no such program" in made.err
    assert {**made.json, "at": ""} == {
        "ref": "alert",
        "event": "alert",
        "model": None,
        "stage": None,
        "command": ["page", "--now", "a b"],
        "timeout": 2.5,
        "enabled": True,
        "at": "",
        "actor": made.json["actor"],
    }
    assert on("show", "alert", "--json").json == {**made.json, "deliveries": []}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["add", "promotd", "--run", "true"], 2, "did you mean promoted"),
        (["add", "promoted"], 2, "--run"),
        (["add", "promoted", "--run", ""], 2, "empty"),
        (["add", "promoted", "--run", "a | b"], 2, "no shell runs it"),
        (["add", "promoted", "--run", "a 'b"], 2, "quot"),
        (["add", "registered", "fraud@production", "--run", "true"], 2, "say fraud"),
        (["add", "promoted", "frued", "--run", "true"], 3, "did you mean fraud"),
        (["show", "nothing"], 3, "there is none yet"),
        (["show", "12"], 3, "no delivery"),
        (["log", "nothing"], 3, "no automation"),
        (["again", "12"], 3, "no delivery"),
        (["again", "x"], 2, "x"),
        (["remove", EVIL], 3, "no automation"),
        (["nothing"], 2, "no command"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(on: Typed, words: list[str], code: int, told: str) -> None:
    ran = on(*words)
    assert ran.code == code
    assert told in ran.err
    assert ran.out == ""
    assert "\x1b" not in ran.err


def test_where_nothing_was_added_that_is_told(on: Typed) -> None:
    assert "lineal on add" in on("list").err
    assert on("log").err == "nothing was run yet\n"
    assert on("run").code == 0


def test_what_a_command_prints_reaches_no_terminal_as_it_is(
    on: Typed, typed: Typed, registry: Path, tmp_path: Path
) -> None:
    text = tmp_path / "evil"
    text.write_text(EVIL)
    assert on("add", "promoted", "--run", f"cat {text}").code == 0
    assert typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry).code == 0
    on("run")
    for words in (["log"], ["show", "1"], ["show", "promoted"], ["log", "--json"], ["show", "1", "--json"]):
        told = on(*words)
        assert told.code == 0
        assert "\x1b" not in told.out
        assert "\u202e" not in told.out


def test_a_delivery_whose_process_died_is_told_and_run_again_by_hand(
    on: Typed, typed: Typed, registry: Path, tmp_path: Path
) -> None:
    assert on("add", "cleared", "--run", f"touch {tmp_path / 'ran'}").code == 0
    with open_registry(registry) as opened:
        context = opened.context
        with context.db.write("test") as connection:  # as if the process had died just after it had begun
            seq = connection.execute("SELECT max(seq) FROM events").fetchone()[0]
            connection.execute(
                "INSERT INTO deliveries (automation_id, event_seq, attempt, state, started_at) "
                "VALUES (1, ?, 1, 'running', 0)",
                (seq,),
            )
    assert "lost" in on("log").lines[1]
    doctor = typed("doctor", "--registry", registry)
    assert doctor.code == 7
    assert "was lost" in doctor.out
    assert "lineal on again 1" in doctor.out
    assert not (tmp_path / "ran").exists()
    assert on("again", "1").code == 0
    assert on("run").code == 0
    assert [each["state"] for each in on("log", "--json").json] == ["done", "lost"]
    assert (tmp_path / "ran").exists()
    assert typed("doctor", "--registry", registry).code == 0


def test_doctor_takes_note_of_what_was_lost_and_starts_what_waits(
    on: Typed, typed: Typed, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert on("add", "cleared", "--run", "true").code == 0
    with monkeypatch.context() as patch:
        patch.setattr("lineal.write_path.waking._start", lambda *_: None)  # as where no process can be started
        assert typed("clear", "fraud@production", "--registry", registry).code == 0
    doctor = typed("doctor", "--registry", registry, "--json")
    assert doctor.code == 7
    assert [each["kind"] for each in doctor.json] == ["delivery_waiting"]
    assert typed("doctor", "--repair", "--registry", registry).code == 0
    assert on("run").code == 0
    assert [each["state"] for each in on("log", "--json").json] == ["done"]


def test_a_change_and_its_command_work_from_any_folder_and_with_any_input(
    processed: Processed, registry: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert processed("on", "add", "cleared", "--run", f"cp /dev/stdin {out}", "--registry", registry).code == 0
    assert processed("clear", "fraud@production", cwd=registry.parent, env={"LINEAL_REGISTRY": registry.name}).code == 0
    assert processed("on", "run", "--registry", registry).code == 0
    assert json.loads(out.read_text())["from"] == "1.1.0"
