"""What a person at a terminal gets that a pipe does not: colours, widths, and lists that end in time."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from pathlib import Path

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def at_a_terminal(*words: object, columns: int = 60, **environment: str) -> tuple[str, str]:
    """Stdout as a terminal of `columns` sees it, and stderr from a pipe."""
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "lineal_tui.main", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**kept, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(mine, 65536)
        except OSError:
            break  # Linux ends a pty with an error
        if not piece:
            break
        shown += piece
    os.close(mine)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 0, told
    return shown.decode().replace("\r\n", "\n"), told.decode()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with more versions than a terminal is shown."""
    root = tmp_path_factory.mktemp("many") / "registry"
    create_registry(root).close()
    with open_registry(root) as registry:
        for number in range(60):
            registry.register("fraud", label=f"1.0.{number}", notes="a long note about this very version " * 3)
    return root


def test_a_list_stops_at_fifty_rows_and_tells_how_many_are_left(many: Path) -> None:
    shown, told = at_a_terminal("versions", "fraud", "--registry", many)

    assert len(shown.splitlines()) == 51
    assert "10 more" in told
    assert all(len(COLOUR.sub("", line)) <= 60 for line in shown.splitlines())
    assert "…" in shown
    assert COLOUR.search(shown)
    limited, quiet = at_a_terminal("versions", "fraud", "--limit", 3, "--registry", many, NO_COLOR="1")
    assert len(limited.splitlines()) == 4
    assert quiet == ""
    assert "\x1b" not in limited


def test_pipes_get_every_row_uncut_and_uncoloured(many: Path) -> None:
    words = [sys.executable, "-m", "lineal_tui.main", "versions", "fraud", "--registry", str(many)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=20)

    assert len(done.stdout.splitlines()) == 61
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[1].count("version") == 3


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_in_another_encoding_breaks_nothing(many: Path, encoding: str) -> None:
    shown, _ = at_a_terminal("tree", "fraud", "--limit", 2, "--registry", many, PYTHONIOENCODING=encoding)

    assert "1.0.59" in shown


def test_a_history_at_80_columns_has_its_times_and_versions_whole(sample: Path) -> None:
    shown, _ = at_a_terminal("history", "fraud", "--registry", sample, columns=80, NO_COLOR="1")
    piped, _ = at_a_terminal("history", "fraud", "--registry", sample, columns=300, NO_COLOR="1")
    lines = shown.splitlines()
    changes = re.findall(r"\S+ → \S+", piped)
    assert all(len(line) <= 80 for line in lines)
    assert changes
    assert re.findall(r"\S+ → \S+", shown) == changes
    assert [line.split("  ")[0] for line in lines if line[0] != " "] == [
        line.split("  ")[0] for line in piped.splitlines()
    ]


def test_the_heads_of_a_difference_within_a_model_are_labels_at_a_terminal(sample: Path) -> None:
    shown, _ = at_a_terminal("diff", "fraud:1.0.0", "fraud@production", "--registry", sample, columns=80, NO_COLOR="1")
    assert re.match(r" *fraud +1\.0\.0 +\d+\.\d+\.\d+", shown)


def test_runs_of_several_experiments_tell_which_before_they_tell_figures(sample: Path) -> None:
    shown, _ = at_a_terminal("runs", "--registry", sample, columns=80, NO_COLOR="1")
    assert "EXPERIMENT" in shown.splitlines()[0]
    one, _ = at_a_terminal("runs", "exp:churn", "--registry", sample, columns=80, NO_COLOR="1")
    assert "EXPERIMENT" not in one
    assert one.splitlines()[0].startswith("RUN ")


def test_a_rollback_at_a_terminal_tells_how_to_take_it_back_where_that_can_be(registry: Path) -> None:
    with open_registry(registry) as opened:
        place, left = "fraud@production", opened.live("fraud@production").version.ref
    _, told = at_a_terminal("rollback", place, "--registry", registry)
    assert f"`lineal undo {place}` takes this back" in told
    assert f"lineal mark {left} --bad" in told
    at_a_terminal("undo", place, "--registry", registry)
    _, told = at_a_terminal("rollback", place, "--bad", "--registry", registry)
    assert "lineal undo" not in told  # which would be refused


def test_a_long_reference_begins_with_what_is_in_it_at_a_terminal_only() -> None:
    shown, told = at_a_terminal("guide", "reference", columns=80)
    assert len(shown.splitlines()) < 40
    assert {"Exit codes", "Keys", "Commands"} <= {COLOUR.sub("", line).strip() for line in shown.splitlines()}
    assert "stage remove" in COLOUR.sub("", shown)
    assert max(len(COLOUR.sub("", line)) for line in shown.splitlines()) <= 80
    assert "lineal guide reference promote" in told
    command = [sys.executable, "-m", "lineal_tui.main", "guide", "reference"]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(piped.stdout.splitlines()) > 1_500


@pytest.mark.parametrize(
    ("words", "begins", "without"),
    [
        (("promote",), "lineal promote", "lineal register"),
        (("lineal", "stage", "set"), "lineal stage set", "lineal stage show"),
        (("policy",), "lineal policy", "lineal promote"),
        (("exit", "codes"), "Exit codes", "lineal promote REF"),
        (("LINEAL_REGISTRY",), "Which registry", "lineal promote REF"),
    ],
)
def test_a_part_of_the_reference_is_what_the_words_name(words: tuple[str, ...], begins: str, without: str) -> None:
    shown = COLOUR.sub("", at_a_terminal("guide", "reference", *words, columns=100)[0])
    assert shown.startswith(begins + "\n")
    assert f"\n{without}" not in shown
