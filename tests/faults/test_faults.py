"""The faults in short: a few trials of each, and the proof that they can fail; `run.py` here causes them in full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apart
import bits
import calls
import disks
import kills
import logs
import pytest
import sequences

traced = pytest.mark.skipif(not calls.is_possible(), reason="strace is missing, or may not trace here")


def test_writers_killed_at_random_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    report = kills.run(tmp_path, trials=12)
    assert report.broken == []
    assert report.struck


@traced
def test_a_call_that_fails_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    report = calls.run(tmp_path, trials=5, offset=3)
    assert report.broken == []
    assert report.struck == report.trials


@traced
def test_a_failed_fsync_is_never_acknowledged(tmp_path: Path) -> None:
    report = calls.run(tmp_path, trials=3, only_syncs=True)
    assert report.broken == []
    assert report.struck == report.trials


def test_where_a_file_does_not_fit_it_is_absent_or_whole(tmp_path: Path) -> None:
    report = disks.run(tmp_path, trials=4)
    assert report.broken == []
    assert report.struck


def test_a_flipped_bit_or_a_cut_file_is_named_and_refused(tmp_path: Path) -> None:
    report = bits.run(tmp_path, trials=40)
    assert report.broken == []
    assert report.notes["promote refused"] == 20


def test_harm_to_the_audit_log_is_named_where_it_was_done(tmp_path: Path) -> None:
    ways = len(logs.HARMS) + len(logs.OTHERS)
    report = logs.run(tmp_path, trials=ways, seed=7)
    assert report.broken == []
    assert len(report.notes) == ways


def test_any_sequence_of_use_cases_ends_as_a_plain_program_says(tmp_path: Path) -> None:
    assert sequences.run(tmp_path, trials=20).broken == []


@pytest.mark.parametrize(
    "guard", ["loop", "digest", "seals", "agreement", "links", "holds", pytest.param("fsync", marks=traced)]
)
def test_without_what_guards_against_it_a_fault_breaks_a_promise(guard: str, tmp_path: Path) -> None:
    seed = 4 if guard in {"links", "holds"} else 0  # of the first sequences that 4 begins with, one meets it
    assert apart.broken_without(guard, tmp_path, seed=seed) != []


def test_the_long_form_says_what_breaks_without_a_guard() -> None:
    script = Path(__file__).with_name("run.py")
    words = [sys.executable, str(script), "--without", "digest", "--trials", "8"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "row 7: a flipped bit" in done.stdout
    assert "  ! " in done.stdout
