"""The machine and its packages are told without starting anything, and whatever is missing is left out."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lineal.training.environment import capture, packages, survey

if TYPE_CHECKING:
    from pathlib import Path


def test_it_names_python_and_every_installed_package() -> None:
    here = capture()
    assert here.python == ".".join(map(str, sys.version_info[:3]))
    expected = {
        re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower(): d.version for d in importlib.metadata.distributions()
    }
    assert dict(here.packages) == expected
    assert list(here.packages) == sorted(here.packages)


def test_it_is_captured_once_and_shared_with_forked_children() -> None:
    here = capture()
    assert capture() is here
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(capture) == here


def test_two_processes_on_one_machine_agree() -> None:
    asked = [sys.executable, "-c", "from lineal.training.environment import capture; print(capture().digest)"]
    answers = {subprocess.run(asked, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(answers) == 1


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    bare = survey(tmp_path, [str(tmp_path / "gone"), str(tmp_path)])
    assert (bare.packages, bare.cpu, bare.gpus) == ((), None, ())
    assert bare.memory_bytes is None or bare.memory_bytes > 0
    assert bare.digest != capture().digest


def test_the_processor_the_accelerators_and_the_groups_limit_are_read(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some  CPU @ 3GHz\n",
        "proc/meminfo": "MemTotal:       16000 kB\n",
        "proc/self/cgroup": "0::/user.slice/job\n",
        "sys/fs/cgroup/user.slice/memory.max": "8192000\n",
        "sys/fs/cgroup/user.slice/job/memory.max": "max\n",
        "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA A100\nIRQ: 1\n",
        "sys/class/kfd/kfd/topology/nodes/0/properties": "cpu_cores_count 8\nsimd_count 0\n",
        "sys/class/kfd/kfd/topology/nodes/1/properties": "simd_count 440\n",
        "sys/class/kfd/kfd/topology/nodes/1/name": "gfx90a\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = survey(tmp_path, [])
    assert found.cpu == "Some CPU @ 3GHz"
    assert found.memory_bytes == 8192000
    assert found.gpus == ("NVIDIA A100", "AMD gfx90a")


@pytest.mark.parametrize(
    ("folder", "metadata", "expected"),
    [
        ("Some_Package-1.0.dist-info", None, ("some-package", "1.0")),
        ("torch-2.3.0+cpu.dist-info", None, ("torch", "2.3.0+cpu")),
        ("zope.interface-6.0-py3.11.egg-info", None, ("zope-interface", "6.0")),
        ("mine.egg-info", "Metadata-Version: 2.1\nName: mine\nVersion: 3\n\nVersion: 9\n", ("mine", "3")),
    ],
)
def test_packages_are_told_by_folder_or_else_by_metadata(
    tmp_path: Path, folder: str, metadata: str | None, expected: tuple[str, str]
) -> None:
    (tmp_path / folder).mkdir()
    if metadata:
        (tmp_path / folder / "PKG-INFO").write_text(metadata)
    assert packages([str(tmp_path)]) == (expected,)


def test_of_two_packages_the_one_that_is_imported_counts(tmp_path: Path) -> None:
    (tmp_path / "a" / "x-1.dist-info").mkdir(parents=True)
    (tmp_path / "b" / "X-2.dist-info").mkdir(parents=True)
    assert packages([str(tmp_path / "b"), str(tmp_path / "a")]) == (("x", "2"),)


def test_metadata_that_names_nothing_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.dist-info").mkdir()
    (tmp_path / "broken.dist-info" / "METADATA").write_bytes(b"\xff\xfe Name")
    assert packages([str(tmp_path)]) == ()
