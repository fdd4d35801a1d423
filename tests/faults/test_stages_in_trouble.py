"""Faults met while a stage is moved, in short; `run.py` here causes them in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apart
import calls
import clocks
import crowds
import hangups
import hooks
import pytest
import strikes

if TYPE_CHECKING:
    from pathlib import Path

traced = pytest.mark.skipif(not calls.is_possible(), reason="strace is missing, or may not trace here")


@traced
@pytest.mark.parametrize("operation", ["promote", "rollback"])
def test_a_transition_that_is_killed_anywhere_leaves_the_old_or_the_new(operation: str, tmp_path: Path) -> None:
    report = strikes.run(tmp_path, trials=12, seed=5, only=(operation,))
    assert report.broken == []
    assert report.struck == report.trials


@traced
def test_whatever_else_is_killed_anywhere_is_whole_or_not_there(tmp_path: Path) -> None:
    report = strikes.run(tmp_path, trials=8, seed=3, only=("register", "gc", "create", "migrate"))
    assert report.broken == []
    assert report.struck == report.trials


@traced
def test_a_purge_that_is_killed_anywhere_leaves_a_version_with_its_bytes_or_retired_without(tmp_path: Path) -> None:
    report = strikes.run(tmp_path, trials=10, seed=1, only=("purge",))
    assert report.broken == []
    assert report.struck == report.trials


def test_a_crowd_leaves_a_history_that_reads_as_one_line(tmp_path: Path) -> None:
    report = crowds.run(tmp_path, trials=120)
    assert report.broken == []
    assert report.trials == 120


def test_commands_that_misbehave_leave_the_old_release(tmp_path: Path) -> None:
    report = hooks.run(tmp_path, trials=10)
    assert report.broken == []
    assert report.struck


def test_a_pipeline_ends_without_its_terminal(tmp_path: Path) -> None:
    report = hangups.run(tmp_path, trials=5)
    assert report.broken == []
    assert report.struck


def test_what_came_later_stays_later_whatever_the_clock_says(tmp_path: Path) -> None:
    assert clocks.run(tmp_path, trials=3).broken == []


@pytest.mark.parametrize("guard", [pytest.param("rename", marks=traced), "turns", "limit", "session", "sequence"])
def test_without_what_guards_a_stage_a_promise_breaks(guard: str, tmp_path: Path) -> None:
    trials, seed = {"turns": (200, 0), "limit": (None, 52)}.get(guard, (None, 0))  # 52 begins with one that hangs
    assert apart.broken_without(guard, tmp_path, trials=trials, seed=seed) != []
