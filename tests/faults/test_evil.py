"""What others wrote, and what they send, in short; `run.py` here causes it in full."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import apart
import evil
import evil_commands
import evil_screens
import mutants
import pytest
from evil_registry import Builder
from evil_texts import CORPUS
from trial import Report

from lineal.registry import create_registry
from lineal_tui.places import View

if TYPE_CHECKING:
    from pathlib import Path


def test_every_command_is_asked_what_it_reads_or_given_what_is_evil() -> None:
    assert set(evil_commands.every_command()) == set(evil_commands.READING) | evil_commands.CHANGING


def test_every_view_is_walked_through() -> None:
    assert set(evil_screens.WAYS) == set(View)


def test_commands_and_exports_of_an_evil_registry_stay_text_and_stay_in_their_folders(tmp_path: Path) -> None:
    report = evil.run(tmp_path, trials=300, seed=6, with_screens=False)
    assert report.broken == []
    assert report.trials > 300


def test_screens_of_an_evil_registry_stay_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    dice = random.Random(4)  # noqa: S311  no secret
    report = Report()
    names = Builder(tmp_path, lambda: dice.choice(CORPUS)).build()
    views = (View.FILE, View.STAGE, View.EVENT, View.POLICY, View.INBOX, View.CURVES, View.ALERT, View.DELIVERY)
    evil_screens.look(names, (80, 24), report, views=views, may_fail=False, questions=())
    assert report.broken == []


def test_a_terminal_gets_no_escape_that_somebody_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    names = Builder(tmp_path, lambda: "\x1b[7;31;5mx\x1b]52;c;ZXZpbA==\x07\x9b\u202ey").build()
    walk = "6 G 7 enter 8 jjj enter 9 enter A enter P i ! 5 4 0 C O enter enter W ?"
    keys = walk.replace("enter", "\r").split(" ")
    written = evil_screens.bytes_of([sys.executable, "-m", "lineal_tui.main", "--registry", str(names.root)], keys)
    assert "x\ufffd]52;c".encode() in written
    for evil_bytes in (b"\x1b[7;31;5m", b"\x1b]52;c;ZXZp", "\x9b".encode(), "\u202e".encode()):
        assert evil_bytes not in written


def test_malformed_files_are_an_error_that_names_them(tmp_path: Path) -> None:
    report = mutants.run(tmp_path, trials=45, seed=8)
    assert report.broken == []


def test_a_store_that_names_what_is_not_there_is_damaged(tmp_path: Path) -> None:
    content = bytearray((mutants.DATA / "mlflow-3-sqlite" / "mlflow.db").read_bytes())
    content[1_266_597:1_266_601] = b"\0\0\0\1"
    (tmp_path / "mlflow.db").write_bytes(content)
    create_registry(tmp_path / "registry").close()
    words = ["--registry", str(tmp_path / "registry"), "import", "mlflow", str(tmp_path / "mlflow.db")]
    answer = evil_commands.ask(words)
    assert answer.code == 7
    assert b"mlflow.db: its records do not hang together" in answer.err


@pytest.mark.parametrize("guard", ["cleaning", "translation"])
def test_without_what_guards_against_it_evil_is_noticed(guard: str, tmp_path: Path) -> None:
    assert apart.broken_without(guard, tmp_path, trials=300) != []
