"""The audit log from the shell: filtered, followed by a process, checked against what was kept elsewhere."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.command_line import Typed


@pytest.fixture
def here(typed: Typed, registry: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.setenv("LINEAL_REGISTRY", str(registry))
    return typed


@pytest.fixture
def unguarded(registry: Path) -> Iterator[sqlite3.Connection]:
    """The database as its owner sees it in another program, with the triggers taken out."""
    with closing(sqlite3.connect(registry / "registry.db", isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def test_filters_narrow_what_is_printed(here: Typed) -> None:
    everything = here("audit", "log", "--json").json
    promoted = here("audit", "log", "--json", "--model", "fraud@production", "--action", "prom*").json
    assert promoted == [
        each for each in everything if each["ref"] == "fraud@production" and each["action"] == "promoted"
    ]
    assert promoted
    since = here("audit", "log", "--json", "--since", promoted[0]["at"], "--limit", "1").json
    assert since == everything[:1]
    assert here("audit", "log", "--until", everything[-1]["at"], "--json").json == []
    assert here("audit", "log", "--text", "no such words", "--json").out == "[]\n"


def test_what_nothing_has_is_not_found(here: Typed) -> None:
    answer = here("audit", "log", "--action", "promotd")
    assert (answer.code, answer.out) == (3, "")
    assert "did you mean promoted?" in answer.err
    assert here("audit", "log", "--model", "frau").code == 3
    assert here("audit", "log", "--since", "yesterday-ish").code == 2
    assert here("audit", "log", "--follow", "--limit", "3").code == 2


def test_claims_are_shown_as_claims_and_words_of_others_never_move_the_cursor(here: Typed, registry: Path) -> None:
    with open_registry(registry, actor_claim="eve\x1b[31m") as opened:
        opened.set("fraud", {"notes": "\x1b]52;c;aGk=\x07"})
    answer = here("audit", "log", "--limit", "1")
    assert "(claims as:eve" in answer.out
    assert "\x1b" not in answer.out


def test_a_head_kept_elsewhere_finds_a_cut_tail(here: Typed, unguarded: sqlite3.Connection, tmp_path: Path) -> None:
    for kept, words in (("json", ("--json",)), ("words", ())):
        (tmp_path / kept).write_text(here("audit", "head", *words).out)
    last = here("audit", "head", "--json").json["seq"]
    unguarded.execute("DELETE FROM events WHERE seq > ?", (last - 2,))
    for kept in ("json", "words"):
        answer = here("audit", "verify", "--anchor", tmp_path / kept)
        assert answer.code == 7
        assert f"event {last - 1} of the audit log: the log ends at event {last - 2}" in answer.err
    told = here("audit", "verify", "--json", "--anchor", tmp_path / "json")
    assert (told.code, told.json["broken_at"], told.json["breach"]) == (7, last - 1, "cut")


def test_a_whole_log_without_its_guards_is_no_whole_log(here: Typed, unguarded: sqlite3.Connection) -> None:
    assert unguarded
    answer = here("audit", "verify")
    assert answer.code == 7
    assert "the trigger events_no_delete is missing" in answer.err


def test_anchors_that_are_none_are_refused(here: Typed, tmp_path: Path) -> None:
    assert here("audit", "verify", "--anchor", tmp_path / "nothing").code == 3
    (tmp_path / "other").write_text("hello\n")
    answer = here("audit", "verify", "--anchor", tmp_path / "other")
    assert (answer.code, "'hello' is none" in answer.err) == (7, True)
    seq, digest = here("audit", "head").out.split()
    assert "1 anchor fits" in here("audit", "verify", "--anchor", f"{seq}:{digest}").out


def test_an_export_is_checked_without_a_registry(here: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = here("audit", "head").out.split()[1]
    assert here("audit", "export", tmp_path / "log.jsonl").code == 0
    assert here("audit", "export", tmp_path / "log.jsonl").code == 5
    assert here("audit", "export", tmp_path / "no" / "folder").code == 8
    monkeypatch.setenv("LINEAL_REGISTRY", str(tmp_path / "nowhere"))
    answer = here("audit", "verify", "--file", tmp_path / "log.jsonl")
    assert (answer.code, head in answer.out) == (0, True)
    lines = (tmp_path / "log.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "less.jsonl").write_text("".join(lines[:3] + lines[4:]))
    answer = here("audit", "verify", "--file", tmp_path / "less.jsonl")
    assert (answer.code, "event 4 is missing; 5 follows" in answer.err) == (7, True)
    assert here("audit", "verify", "--file", tmp_path / "nothing").code == 8


# following


class Listener:
    """`lineal audit log --follow` as a process."""

    def __init__(self, registry: Path, *words: str) -> None:
        command = [
            sys.executable,
            "-m",
            "lineal_tui.main",
            "--registry",
            str(registry),
            "audit",
            "log",
            "--follow",
            *words,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, complaints = self.process.communicate(timeout=20)
        return self.process.returncode, complaints


def test_a_listener_gets_each_entry_as_a_line_and_takes_up_where_it_left(registry: Path) -> None:
    with open_registry(registry) as opened:
        _, last = opened.event_totals()
        listener = Listener(registry, "--json", "--after", str(last - 1))
        assert json.loads(listener.line())["seq"] == last
        opened.set("fraud", {"owner": "mia"})
        found = json.loads(listener.line())
        assert (found["seq"], found["action"], found["data"]["fields"]) == (last + 1, "described", {"owner": "mia"})
        opened.promote("fraud:1.0.0", "staging")
        assert json.loads(listener.line())["ref"] == "fraud@staging"
    assert listener.end(signal.SIGTERM) == (0, "")


def test_a_listener_gets_only_what_it_asked_for(registry: Path) -> None:
    listener = Listener(registry, "--after", "0", "--action", "promoted", "--model", "fraud")
    first = listener.line()
    assert "promoted  fraud@" in first
    code, complaints = listener.end(signal.SIGINT)
    assert (code, "cancelled" in complaints) == (130, True)


def test_a_listener_ends_when_nobody_reads_though_nothing_happens(registry: Path) -> None:
    reader, writer = os.pipe()
    command = [
        sys.executable,
        "-m",
        "lineal_tui.main",
        "--registry",
        str(registry),
        "audit",
        "log",
        "--follow",
        "--json",
    ]
    process = subprocess.Popen([*command, "--after", "0"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert os.read(reader, 1)
    os.close(reader)
    _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")


def test_a_listener_says_when_what_it_told_is_gone(registry: Path, unguarded: sqlite3.Connection) -> None:
    listener = Listener(registry, "--json", "--after", "0")
    seen = 0
    last = unguarded.execute("SELECT max(seq) FROM events").fetchone()[0]
    while seen < last:
        seen = json.loads(listener.line())["seq"]
    time.sleep(0.3)
    unguarded.execute("DELETE FROM events WHERE seq = ?", (last,))
    _, complaints = listener.process.communicate(timeout=20)
    assert listener.process.returncode == 7
    assert f"event {last} of the audit log, which was told already, is gone now" in complaints
