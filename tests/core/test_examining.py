"""Comparing the registry with the disk while others write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
