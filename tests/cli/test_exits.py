"""What bad input gets: a clear message, the documented code, no traceback, nothing written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lineal.machine.locks import exclusive
from lineal.storage import db

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.command_line import Processed, Ran, Typed
else:
    from command_line import Ran


def complains(answer: Ran, code: int, *words: str) -> None:
    assert answer.code == code, answer
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("live", "fraud@prod"), 3, "did you mean fraud@production?"),
        (("show", "frod"), 3, "did you mean fraud?"),
        (("show", "fraud:1.1.1"), 3, "fraud:1.1.0"),
        (("show", "fraud:#99"), 3, "1 to 3"),
        (("show", "data:paymints"), 3, "data:payments"),
        (("show", "exp:chrun"), 3, "exp:churn"),
        (("show", "run:ffffffffffffffff"), 3, "lineal runs"),
        (("live", "fraud@production~9"), 3, "history"),
        (("show", "fraud:"), 2, "no address"),
        (("versions", "a" * 10_000), 2, "no address"),
        (("live", "fraud"), 2, "such as fraud@production"),
        (("live", "fraud@production", "--at", "yesterday-ish"), 2, "no date or time"),
        (("lineage", "fraud"), 2, "it names a model"),
        (("diff", "fraud:1.0.0", "run:0"), 2, "runs compare with runs"),
        (("promote", "fraud:1.0.0"), 2, "--to"),
        (("promote", "fraud:1.0.0", "--to", "prod"), 3, "fraud@production"),
        (("promote", "fraud", "--to", "production"), 2, "lineal tree fraud"),
        (("mark", "fraud:1.0.0"), 2, "--bad"),
        (("mark", "fraud:1.0.0", "--bad", "--active"), 2, "one of the two"),
        (("rolback", "fraud@production"), 2, "did you mean rollback"),
        (("models", "--jason"), 2, "--json"),
        (("register", "fraud"), 2, "file"),
        (("register", "fraud", "missing.bin"), 3, "missing.bin"),
        (("register", "data", "../registry/registry.db"), 2, "data"),
        (("register", "a/../b", "present.bin"), 2, "a/../b"),
        (("register", "fraud", "present.bin", "--label", "1.0.0"), 5, "exists already"),
        (("register", "fraud", "present.bin", "--label", "../x"), 2, "label"),
        (("register", "fraud", "present.bin", "--parent", "fraud:1.0.0=clone"), 2, "relation"),
        (("register", "fraud", "present.bin", "--metric", "auc=high"), 2, "no number"),
        (("register", "fraud", "present.bin", "--param", "lr"), 2, "NAME=VALUE"),
        (("register", "fraud", "present.bin", "--dataset", "data:nothing"), 3, "data:nothing"),
        (("dataset", "add", "x", "missing.csv"), 3, "missing.csv"),
        (("stage", "add", "fraud@a/b"), 2, "a/b"),
        (("identify", "zz"), 2, "hexadecimal"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(
    typed: Typed, sample: Path, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    (tmp_path / "present.bin").write_text("here")
    head = typed("audit", "head", "--registry", sample).out

    complains(typed("--registry", sample, *words), code, told)
    assert typed("audit", "head", "--registry", sample).out == head


def test_a_missing_registry_is_not_made(typed: Typed, tmp_path: Path) -> None:
    complains(typed("models"), 3, "no registry at", "lineal init")
    complains(typed("models", "--registry", tmp_path / "none"), 3, "lineal init")
    complains(typed("register", "m", __file__, "--registry", tmp_path / "none"), 3)
    assert not (tmp_path / "none").exists()


def test_what_is_no_registry_is_refused_untouched(typed: Typed, registry: Path, tmp_path: Path) -> None:
    def made(name: str, content: bytes) -> Path:
        root = tmp_path / name
        root.mkdir()
        (root / "registry.db").write_bytes(content)
        return root

    whole = (registry / "registry.db").read_bytes()
    for name, content in {
        "empty": b"",
        "text": b"this is not a database, whatever its name says" * 40,
        "cut": whole[: len(whole) // 2],
        "scrambled": whole[:4096] + b"\xff" * (len(whole) - 4096),
    }.items():
        root = made(name, content)
        answer = typed("models", "--registry", root)
        complains(answer, 7)
        assert "registry.db" in answer.err
        assert (root / "registry.db").read_bytes() == content


def test_another_programs_database_and_a_newer_registry_are_refused(
    typed: Typed, registry: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    with closing(sqlite3.connect(foreign / "registry.db")) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    complains(typed("models", "--registry", foreign), 7, "not a lineal registry")

    with closing(sqlite3.connect(registry / "registry.db")) as connection:
        connection.execute("PRAGMA user_version = 9999")
    complains(typed("models", "--registry", registry), 7, "newer lineal", "upgrade")


def test_whoever_waits_too_long_learns_for_whom(typed: Typed, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.2)
    with exclusive(registry / "registry.lock", holder="ana (promote fraud@production)", seconds=1):
        complains(typed("mark", "fraud:1.0.0", "--bad", "--registry", registry), 5, "ana", "locked")
        assert typed("models", "--registry", registry).code == 0
    assert typed("mark", "fraud:1.0.0", "--bad", "--registry", registry).code == 0


def test_a_killed_writers_journal_is_rolled_back_by_the_next_command(processed: Processed, registry: Path) -> None:
    """A writer is killed in the middle of its commit: its journal is hot."""
    code = (
        "import sqlite3, sys, time\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 1')\n"
        "connection.execute('PRAGMA cache_spill = 1')\n"
        "connection.execute('BEGIN IMMEDIATE')\n"
        "connection.execute('CREATE TABLE rubbish (x)')\n"
        "connection.executemany('INSERT INTO rubbish VALUES (?)', [('x' * 4000,)] * 200)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(registry / "registry.db")], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert (registry / "registry.db-journal").exists()

    answer = processed("live", "fraud@production", "--registry", registry)
    assert (answer.code, answer.out.splitlines()[0]) == (0, "fraud:1.1.0")
    with closing(sqlite3.connect(registry / "registry.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    assert "rubbish" not in tables


def as_nobody(*words: object) -> Ran:
    """Run a command as somebody who owns nothing; whoever runs the tests as root is not let off."""
    code = (
        "import os, sys\n"
        "from lineal_tui.main import main\n"
        "sys.stdout = open(os.devnull, 'w')\n"
        "main(sys.argv[1:])\n"  # imports what the second time needs, while everything may be read
        "sys.stdout = sys.__stdout__\n"
        "sys.stderr.write('\\0')\n"
        "if os.getuid() == 0:\n"
        "    os.setgid(65534)\n"
        "    os.setuid(65534)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False, timeout=20
    )
    return Ran(done.returncode, done.stdout, done.stderr.rpartition("\0")[2])


@pytest.fixture
def guarded(sample: Path) -> Iterator[Path]:
    """A registry that everybody may read and only its owner may write."""
    folder = Path(tempfile.mkdtemp(prefix="lineal-"))
    shutil.copytree(sample, folder / "registry")
    folder.chmod(0o755)
    (folder / "registry").chmod(0o755 if os.getuid() == 0 else 0o555)
    (folder / "registry" / "registry.db").chmod(0o644 if os.getuid() == 0 else 0o444)
    yield folder / "registry"
    (folder / "registry").chmod(0o755)
    shutil.rmtree(folder)


def test_a_registry_that_may_only_be_read_says_so(guarded: Path) -> None:
    read = as_nobody("--registry", guarded, "live", "fraud@production")
    assert (read.code, read.out.splitlines()[0]) == (0, "fraud:1.1.0")
    # What is live already: the owner, who types it first, changes nothing by it.
    refused = as_nobody(
        "--registry", guarded, "promote", "fraud:1.1.0", "--to", "production", "--expect", "fraud:1.1.0"
    )
    complains(refused, 8, "only be read", f"it belongs to {guarded.owner()}: do it as {guarded.owner()}")


def test_damaged_bytes_stop_a_promotion(typed: Typed, registry: Path) -> None:
    digest = typed("show", "fraud:1.2.0", "--json", "--registry", registry).json["files"][0]["digest"]
    name = digest.removeprefix("sha256:")
    stored = registry / "objects" / name[:2] / name[2:]
    stored.chmod(0o644)
    stored.write_text("")
    complains(typed("promote", "fraud:1.2.0", "--to", "production", "--registry", registry), 7)
    assert typed("live", "fraud@production", "--registry", registry).lines[0] == "fraud:1.1.0"


def test_a_changed_log_is_found(typed: Typed, registry: Path) -> None:
    with closing(sqlite3.connect(registry / "registry.db", isolation_level=None)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("UPDATE events SET action = 'nothing' WHERE seq = 2")

    complains(typed("audit", "verify", "--registry", registry), 7, "event 2")


def test_processes_answer_quietly_when_nobody_listens_or_no_room_is_left(sample: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "lineal_tui.main", "--registry", str(sample), "audit", "log", "--json"]
    piped = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert piped.stdout is not None
    piped.stdout.close()
    assert piped.stderr is not None
    assert piped.stderr.read() == b""
    piped.stderr.close()
    assert piped.wait(timeout=20) == 0
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False, timeout=20)
    assert done.returncode == 8
    assert done.stderr == b"error: output: No space left on device\n"


def test_an_interrupted_command_exits_with_130(registry: Path, tmp_path: Path) -> None:
    import signal

    with exclusive(registry / "registry.lock", holder="somebody", seconds=1):
        waiting = subprocess.Popen(
            [sys.executable, "-m", "lineal_tui.main", "--registry", str(registry), "mark", "fraud:1.0.0", "--bad"],
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == b"waiting for somebody\n"
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(timeout=20) == 130
    assert waiting.stderr.read() == b"error: cancelled\n"
    waiting.stderr.close()


def test_a_bug_is_one_line_and_its_traceback_waits_to_be_asked_for(
    typed: Typed, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lineal.registry import Registry

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("never \x1b[31mmind")

    monkeypatch.setattr(Registry, "models", broken)
    complains(typed("models", "--registry", sample), 1, "ZeroDivisionError", "LINEAL_DEBUG")
    monkeypatch.setenv("LINEAL_DEBUG", "1")
    assert "Traceback" in typed("models", "--registry", sample).err


def test_the_application_needs_a_terminal(processed: Processed, sample: Path) -> None:
    complains(processed("--registry", sample), 2, "terminal")


def test_the_version_is_printed(processed: Processed) -> None:
    from lineal import __version__

    assert processed("--version").out == processed("--version", "--help").out == f"lineal {__version__}\n"


def test_the_demo_overwrites_nothing(typed: Typed, registry: Path) -> None:
    answer = typed("demo", registry, "--no-open")

    assert answer.code == 5
    assert "is not empty" in answer.err
    assert typed("live", "fraud@production", "--registry", registry).code == 0


def test_a_group_without_a_command_explains_itself(typed: Typed) -> None:
    answer = typed("stage")

    assert (answer.code, answer.out) == (2, "")
    assert "\n  add " in answer.err


def test_whoever_waits_is_told_for_whom_after_a_second(
    typed: Typed, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 1.2)
    holder = "ana, process 12 on lab (promote fraud@production)"
    with exclusive(registry / "registry.lock", holder=holder, seconds=1):
        answer = typed("mark", "fraud:1.0.0", "--bad", "--registry", registry)
    assert answer.err.startswith(f"waiting for {holder}\n")
    assert (registry / "registry.lock").read_text() == ""


@pytest.mark.parametrize(
    "words",
    [
        ("register", "fraud", "present.bin"),
        ("stage", "set", "fraud@production", "--release", "served"),
        ("stage", "unset", "fraud@production"),
    ],
)
def test_what_may_not_be_changed_is_said_in_one_way(
    typed: Typed, registry: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "present.bin").write_text("here")
    complains(typed(*words, "--registry", registry, "--read-only"), 8, "can only be read here")


@pytest.mark.parametrize(("closed", "code"), [(">&-", 8), ("2>&-", 0), (">&- 2>&-", 8)])
def test_closed_streams_are_no_bug(registry: Path, closed: str, code: int) -> None:
    """A scheduler may start a command without stdout or stderr."""
    line = f'exec "$0" -m lineal_tui.main --registry "$1" models {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, str(registry)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert ("standard output is closed" in done.stderr) is (closed == ">&-")
