"""The power goes, in short; `run.py` here causes it in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apart
import power
import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    found = tuple(power.possible(tmp_path_factory.mktemp("disks")))
    if not found:
        pytest.skip("no file system can be made, mounted and cut off here")
    return found[:1]


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    report = power.run(tmp_path, trials=3, seed=2, kinds=kinds)
    assert report.broken == []
    assert report.struck


@pytest.mark.usefixtures("kinds")
def test_without_syncing_a_power_cut_is_noticed(tmp_path: Path) -> None:
    assert apart.broken_without("sync", tmp_path) != []
