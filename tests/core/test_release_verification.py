"""`verify` reads every release on this machine, and names what is no longer the version's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lineal.records.upkeep import FindingKind
from lineal.registry import Registry, create_registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def served(tmp_path: Path) -> Registry:
    registry = create_registry(tmp_path / "registry")
    weights = tmp_path / "weights.bin"
    for number in range(2):
        weights.write_bytes(b"%d" % number * 4_096)
        registry.register("churn", weights, label=f"{number + 1}.0.0")
        registry.promote(f"churn:{number + 1}.0.0", "production")
        registry.bind_stage("churn@production", release=str(tmp_path / "serve"))
    return registry


def test_whole_releases_are_counted_and_nothing_is_found(served: Registry) -> None:
    verified = served.verify()
    assert verified.findings == ()
    assert verified.releases == 2


def test_a_bit_that_flips_without_a_trace_in_the_file_system_is_named(served: Registry) -> None:
    path = served.current("churn", "production") / "weights.bin"
    before = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"X")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (found,) = served.verify().damage
    assert found.kind == FindingKind.RELEASE
    assert found.ref == "churn@production"
    assert found.path == str(path.parent)
    assert "weights.bin has other bytes" in found.problem
    assert found.repair == "`lineal doctor --repair` lays it out anew"


def test_a_release_that_was_removed_is_named_and_laid_out_anew_by_repair(served: Registry) -> None:
    path = served.current("churn", "production") / "weights.bin"
    path.unlink()
    (found,) = served.verify().damage
    assert "weights.bin" in found.problem
    assert all(mended.done is not None for mended in served.repair())
    assert served.verify().findings == ()
    assert path.read_bytes() == b"1" * 4_096
