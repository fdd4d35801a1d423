"""`lineal reproduce` tells what it takes to train a version again, compares, prepares and does it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from lineal.registry import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.command_line import Processed, Typed

LOG = (sys.executable, "-m", "lineal_tui.main", "log", "loss=0.5")


@pytest.fixture
def made(registry: Path, tmp_path: Path) -> Path:
    """The sample with a version whose run can be done again."""
    (tmp_path / "rows.csv").write_text("a\n1\n")
    (tmp_path / "model.bin").write_text("again")
    with open_registry(registry) as opened, opened.start_run("again", command=LOG, seed=3, folder=tmp_path) as run:
        run.use_dataset("rows", tmp_path / "rows.csv")
        run.log_metric("loss", 0.5)
        run.register("again", tmp_path / "model.bin")
    return registry


def test_it_tells_what_to_check_out_install_and_run(typed: Typed, made: Path, tmp_path: Path) -> None:
    told = typed("--registry", made, "reproduce", "again:1.0.0")
    assert told.code == 0
    for words in ("lineal_tui.main log loss=0.5", "seed", "data:rows:1", str(tmp_path / "rows.csv"), "CPython"):
        assert words in told.out
    found = typed("--registry", made, "reproduce", "again:1.0.0", "--json").json
    assert (found["ref"], found["command"], found["seed"]) == ("again:1.0.0", list(LOG), 3)
    assert [each["ref"] for each in found["datasets"]] == ["data:rows:1"]
    assert any(line.startswith("pytest==") for line in found["requirements"])


def test_the_lock_file_is_what_pip_reads(typed: Typed, made: Path) -> None:
    lock = typed("--registry", made, "reproduce", "again:1.0.0", "--lock").lines
    assert lock
    assert all(line.count("==") == 1 and " " not in line for line in lock)


def test_a_comparison_ends_with_0_or_5(typed: Typed, made: Path, tmp_path: Path) -> None:
    told = typed("--registry", made, "reproduce", "again:1.0.0", "--check")
    assert (told.code, told.err) == (0, "nothing differs\n"), told
    (tmp_path / "rows.csv").write_text("a\n2\n")
    told = typed("--registry", made, "reproduce", "again:1.0.0", "--check", "--json")
    assert told.code == 5
    assert [each["name"] for each in told.json if each["answer"] == "different"] == ["data:rows:1"]


def test_a_folder_is_prepared_once(typed: Typed, made: Path, tmp_path: Path) -> None:
    told = typed("--registry", made, "reproduce", "again:1.0.0", "--into", "again")
    assert (told.code, told.out) == (0, f"{tmp_path}/again\n")
    assert (tmp_path / "again" / "run.sh").exists()
    assert typed("--registry", made, "reproduce", "again:1.0.0", "--into", "again").code == 5


def test_it_runs_and_prints_the_difference(processed: Processed, made: Path, tmp_path: Path) -> None:
    told = processed("--registry", made, "reproduce", "again:1.0.0", "--run", "--into", tmp_path / "again")
    assert told.code == 0, told
    assert "metrics are equal" in told.err
    assert "loss" in told.out
    told = processed("--registry", made, "reproduce", "again:1.0.0", "--run", "--json")
    assert told.json["exit_code"] == 0
    assert {row["verdict"] for row in told.json["diff"]["rows"] if row["section"] == "metric"} == {"same"}


def test_a_failing_command_hands_its_exit_code_on(processed: Processed, made: Path, tmp_path: Path) -> None:
    with open_registry(made) as opened, opened.start_run("e", command=("sh", "-c", "exit 9"), folder=tmp_path) as run:
        pass
    told = processed("--registry", made, "reproduce", run.ref, "--run", "--into", tmp_path / "again")
    assert told.code == 9
    assert "failed with exit code 9" in told.err


def test_what_cannot_be_asked_is_refused(typed: Typed, made: Path) -> None:
    assert typed("--registry", made, "reproduce", "fraud:1.0.0").code == 4
    assert typed("--registry", made, "reproduce", "fraud:9.9.9").code == 3
    assert typed("--registry", made, "reproduce", "again:1.0.0", "--check", "--run").code == 2
