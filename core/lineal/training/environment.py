"""Captures what a run executes on, once per process, so that a result can be told apart from its surroundings."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.data.fingerprint import digest_bytes
from lineal.records.runs import Environment
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_READ_LIMIT = 1 << 16
_UNLIMITED = 1 << 60
_ROOT = Path("/")


@cache
def capture() -> Environment:
    """What this process executes on; the same record for its whole life, and in its forked children.

    Whatever cannot be found out is None, or empty; nothing is executed for it.
    """
    return survey(_ROOT, sys.path)


def survey(root: Path, search_path: Iterable[str]) -> Environment:
    """Look at the machine below `root` (where `proc` and `sys` are) and at the packages on `search_path`."""
    version = ".".join(map(str, sys.version_info[:3]))
    implementation = "CPython" if sys.implementation.name == "cpython" else sys.implementation.name
    found = packages(search_path)
    machine = _platform()
    cpu, cpu_count, memory, gpus = _cpu(root), _cpu_count(), _memory(root), _gpus(root)
    content = {
        "python": version,
        "implementation": implementation,
        "platform": machine,
        "packages": found,
        "cpu": cpu,
        "cpu_count": cpu_count,
        "memory_bytes": memory,
        "gpus": gpus,
    }
    return Environment(
        digest=digest_bytes(canonical_json(content).encode()),
        python=version,
        implementation=implementation,
        platform=machine,
        packages=found,
        cpu=cpu,
        cpu_count=cpu_count,
        memory_bytes=memory,
        gpus=gpus,
    )


def packages(search_path: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Installed packages as (normalised name, version), sorted; of two with one name the one that is imported.

    The names of the metadata folders tell most of it, in a tenth of the time that importlib.metadata takes; files are
    read only where a name does not tell.
    """
    found: dict[str, str] = {}
    for place in dict.fromkeys(search_path):
        for name, version in _installed(place or "."):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return tuple(sorted(found.items()))


def _installed(place: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(place) as listing:
            # Of two left by a failed upgrade, the order of the folder must not decide.
            names = sorted(entry.name for entry in listing if entry.name.endswith((".dist-info", ".egg-info")))
    except OSError:
        # Zip files and folders that are gone stand on the search path of healthy programs.
        return
    for folder in names:
        stem = re.sub(r"-py\d[\d.]*$", "", folder.rpartition(".")[0])
        name, _, version = stem.rpartition("-")
        if not (name and re.match(r"\d", version)) or not stem.isascii():
            name, version = _declared(Path(place, folder))
        if name and version:
            yield name, version


def _declared(folder: Path) -> tuple[str, str]:
    for file in (folder / "METADATA", folder / "PKG-INFO", folder):
        if text := _read(file):
            head = text.partition("\n\n")[0]
            name, version = (re.search(rf"(?mi)^{key}:[ \t]*([^\s]+)", head) for key in ("name", "version"))
            return (name[1], version[1]) if name and version else ("", "")
    return "", ""


def _platform() -> str:
    # The platform module would start a process for some of this.
    system = os.uname()
    name = f"{system.sysname}-{system.release}-{system.machine}"
    if "CS_GNU_LIBC_VERSION" in os.confstr_names and sys.platform == "linux":
        try:
            libc = os.confstr("CS_GNU_LIBC_VERSION")
        except OSError:
            # Another C library than glibc.
            libc = None
        if libc:
            name += "-with-" + libc.replace(" ", "")
    return name


def _cpu(root: Path) -> str | None:
    text = _read(root / "proc/cpuinfo")
    for key in ("model name", "Model", "Hardware", "cpu model", "cpu"):
        if match := re.search(rf"(?m)^{key}[ \t]*:[ \t]*(.+?)[ \t]*$", text):
            return re.sub(r"\s+", " ", match[1])
    return _read(root / "sys/firmware/devicetree/base/model").strip("\0\n ") or None


def _cpu_count() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _memory(root: Path) -> int | None:
    limits = list(_control_group_limits(root))
    if match := re.search(r"(?m)^MemTotal:\s+(\d+) kB", _read(root / "proc/meminfo")):
        limits.append(int(match[1]) * 1024)
    else:
        try:
            limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        except (OSError, ValueError):
            # Not every system names these.
            return min(limits, default=None)
    return min(limits)


def _control_group_limits(root: Path) -> Iterator[int]:
    """What the process's control group and those above it allow (kernel documentation, cgroup-v2, memory.max)."""
    base = root / "sys/fs/cgroup"
    candidates = [base / "memory/memory.limit_in_bytes", base / "memory.max"]
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        for depth in range(1, len(parts) + 1):
            if not controllers:
                candidates.append(base.joinpath(*parts[:depth], "memory.max"))
            elif "memory" in controllers.split(","):
                candidates.append(base.joinpath("memory", *parts[:depth], "memory.limit_in_bytes"))
    for candidate in candidates:
        text = _read(candidate).strip()
        if text.isdecimal() and int(text) < _UNLIMITED:
            yield int(text)


def _gpus(root: Path) -> tuple[str, ...]:
    found = []
    for file in _glob(root, "proc/driver/nvidia/gpus/*/information"):
        match = re.search(r"(?m)^Model:[ \t]*(.+?)[ \t]*$", _read(file))
        found.append(match[1] if match else "NVIDIA")
    for file in _glob(root, "sys/class/kfd/kfd/topology/nodes/*/properties"):
        # The processor is a node, too; it has no vector units of this kind.
        simds = re.search(r"(?m)^simd_count (\d+)", _read(file))
        if simds and int(simds[1]) > 0:
            found.append("AMD " + (_read(file.with_name("name")).strip() or "GPU"))
    return tuple(found)


def _glob(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(root.glob(pattern))
    except OSError:
        # Folders of drivers may be closed to ordinary users.
        return []


def _read(path: Path) -> str:
    """The beginning of a file of the kernel or of a package; empty where it is missing or closed."""
    try:
        with path.open("rb") as file:
            return file.read(_READ_LIMIT).decode(errors="replace")
    except OSError:
        return ""
