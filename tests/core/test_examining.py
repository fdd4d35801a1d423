"""Comparing the registry with the disk while others write, and saying only what was mended."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from lineal import addresses
from lineal.staging import turns
from lineal.upkeep import doctor

if TYPE_CHECKING:
    from tests.core.conftest import Served

    from lineal.registry import Registry


def test_files_that_come_and_go_while_the_store_is_looked_at_are_no_fault(registry: Registry) -> None:
    folder = registry.root / "objects" / "tmp"
    folder.mkdir()
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            paths = [folder / f"1-{number:016x}" for number in range(40)]
            for path in paths:
                path.touch()
            for path in paths:
                path.unlink()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            assert registry.examine() == []
    finally:
        is_over.set()
        writer.join()


def test_what_cannot_be_removed_is_not_said_to_be(served: Served) -> None:
    left = served.directory / ".trash-0"
    left.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", left], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount")
    try:
        (mended,) = served.registry.repair()
        assert (mended.finding.kind, mended.done) == ("debris", None)
        assert "mending it failed" in mended.finding.problem
    finally:
        subprocess.run(["umount", left], check=True)
    (mended,) = served.registry.repair()
    assert mended.done == "removed it"
    assert not left.exists()


def test_what_a_pipeline_that_began_meanwhile_lays_out_is_not_removed_as_debris(served: Served) -> None:
    registry = served.registry
    left = served.directory / ".partial-0"
    left.mkdir()
    context = registry.context
    with context.read() as connection:
        _, stage = addresses.stage(connection, "m", "production")
    (problem,) = [each for each in doctor._problems(context) if each.finding.kind == "debris"]
    assert problem.cure is not None
    repairing = threading.Thread(target=problem.cure)
    with turns.alone(context, stage):
        repairing.start()
        repairing.join(0.3)
        assert left.exists()
    repairing.join(20)
    assert not left.exists()
