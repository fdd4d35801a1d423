"""Row 14: databases, model files, stores, bundles and backups malformed: errors, in bounded time and memory."""

from __future__ import annotations

import json
import os
import pickle
import random
import resource
import select
import shutil
import signal
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import guards
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from evil_commands import ask
from safetensors.numpy import save_file
from trial import Report, make_registry

from lineal.errors import ExitCode
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 20
"""What reading a malformed file may take."""
MEMORY = 1 << 30
"""Bytes beyond those of the process as it was: far above what any of the small files here has a right to."""

_IN_MEMORY = Path("/dev/shm")  # noqa: S108  where syncing costs nothing
DATA = Path(__file__).parents[1] / "data"
_EXTREMES = (
    b"\0",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80",
    b"\0\0\0\0\0\0\0\x80",
    b"\x00\x00\x00\x01",
)
_READING = (
    ("verify",), ("models",), ("versions", "m"), ("show", "m:1.0.0"), ("history", "m"), ("runs",), ("tree", "m"),
    ("audit", "verify"), ("audit", "log"), ("doctor",), ("gc", "--dry-run"), ("diff", "m:1.0.0", "m:1.0.1"),
    ("lineage", "m:1.0.2"), ("promote", "m:1.0.1", "--to", "staging"), ("policy", "show"), ("du",), ("inbox",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be malformed, and what is asked of it."""

    name: str
    source: Path
    """A file, or a folder of which one file is harmed."""
    words: Callable[[Path, Path, random.Random], list[str]]
    """The command, for a registry and what was harmed."""
    in_registry: bool = False
    """Whether it is the database of the registry itself."""


def mutate(content: bytes, dice: random.Random) -> tuple[bytes, str]:
    """Harm some bytes; returns them and how it was done."""
    told = []
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        size = len(content)
        # most of what matters stands at the beginning, or at the end
        at = dice.randrange(max(1, min(size, dice.choice((64, 512, size, size)))))
        if dice.random() < 0.15:
            at = max(0, size - 1 - at)
        length = dice.choice((1, 4, 16, 200, 4096))
        way = dice.choice(("flip", "flip", "cut", "extreme", "extreme", "double", "drop", "noise", "swap"))
        if way == "flip" and size:
            content = content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :]
        elif way == "cut":
            content = content[:at]
        elif way == "extreme":
            value = dice.choice(_EXTREMES)
            content = content[:at] + value + content[at + len(value) :]
        elif way == "double":
            content = content[:at] + content[at : at + length] * dice.choice((2, 2, 50)) + content[at + length :]
        elif way == "drop":
            content = content[:at] + content[at + length :]
        elif way == "noise":
            content = content[:at] + dice.randbytes(length) + content[at + length :]
        else:
            other = dice.randrange(max(1, size))
            content = content[:at] + content[other : other + length] + content[at + length :]
        told.append(f"{way} at {at}")
    return content, ", ".join(told)


def make_kinds(folder: Path) -> list[Kind]:
    """The files, all of them whole, and the registry that they are read with."""
    root = make_registry(folder)
    with open_registry(root) as registry, registry.start_run("e", params={"lr": 0.1}, tags={"t": "x"}) as run:
        for step in range(20):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.register("m", folder / "m1.bin", parent="m:1.0.2", metrics={"auc": 0.5})
    with open_registry(root) as registry:
        registry.backup(folder / "backup.db")
        registry.backup(folder / "backup.tar", objects=True)
        with (folder / "m.bundle").open("wb") as stream:
            registry.export_bundle("m:1.0.3", stream)
    weights = np.arange(24, dtype=np.float32).reshape(4, 6)
    arrays: dict[str, np.ndarray[Any, Any]] = {"w": weights, "b": np.zeros(3)}
    save_file(arrays, folder / "w.safetensors", metadata={"format": "np"})
    np.save(folder / "a.npy", weights)
    np.savez_compressed(folder / "a.npz", w=weights, b=arrays["b"])
    (folder / "p.pkl").write_bytes(pickle.dumps({"w": weights, "n": [1, 2, {"k": "v"}]}))
    with zipfile.ZipFile(folder / "t.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": [1, 2, 3]}, protocol=2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/data/0", bytes(64))
    pq.write_table(pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}), folder / "d.parquet")
    (folder / "d.csv").write_text("a,b\n1,x\n2,\n" * 20)
    kinds = [Kind("database", root / "registry.db", lambda _, __, dice: list(dice.choice(_READING)), in_registry=True)]
    kinds += [
        Kind(name, folder / name, lambda _, path, __: ["register", "other", str(path)])
        for name in ("w.safetensors", "a.npy", "a.npz", "p.pkl", "t.pt")
    ]
    kinds += [
        Kind(name, folder / name, lambda _, path, __: ["dataset", "add", "d", str(path)])
        for name in ("d.parquet", "d.csv")
    ]
    new = "new"
    mlflow = DATA / "mlflow-3-sqlite" / "mlflow.db"
    return [
        *kinds,
        Kind("mlflow.db", mlflow, lambda _, path, __: ["import", "mlflow", str(path)]),
        Kind("mlruns", DATA / "mlflow-2-files", lambda _, path, __: ["import", "mlflow", str(path)]),
        Kind("trackio", DATA / "trackio" / "digits.db", lambda _, path, __: ["import", "trackio", str(path)]),
        Kind("bundle", folder / "m.bundle", lambda _, path, __: ["import", "bundle", str(path)]),
        Kind("backup.db", folder / "backup.db", lambda root, path, _: ["restore", str(path), str(root.parent / new)]),
        Kind("backup.tar", folder / "backup.tar", lambda root, path, _: ["restore", str(path), str(root.parent / new)]),
    ]


def run(folder: Path, *, trials: int, seed: int = 0, without: str | None = None) -> Report:
    """Harm one thing after another, and ask for it."""
    dice = random.Random(seed)  # noqa: S311  no secret
    if without is not None:
        guards.GUARDS[without].take_out()
    report = Report()
    base = folder / "base"
    base.mkdir()
    kinds = make_kinds(base)
    create_registry(base / "empty").close()
    while report.trials < trials:
        kind = kinds[report.trials % len(kinds)] if dice.random() < 0.7 else kinds[0]
        place = Path(tempfile.mkdtemp(prefix="lineal-mutant-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else folder))
        try:
            _try(kind, base, place, dice, report)
        finally:
            shutil.rmtree(place)
        report.trials += 1
        report.struck += 1
        if without is not None and report.broken:
            break
    return report


def _try(kind: Kind, base: Path, place: Path, dice: random.Random, report: Report) -> None:
    root = place / "registry"
    shutil.copytree(base / ("registry" if kind.in_registry else "empty"), root)
    if kind.in_registry:
        target = harmed = root / "registry.db"
    elif kind.source.is_dir():
        target = place / kind.source.name
        shutil.copytree(kind.source, target)
        harmed = dice.choice(sorted(path for path in target.rglob("*") if path.is_file()))
    else:
        target = harmed = place / kind.source.name
        shutil.copy(kind.source, target)
    harmed.chmod(0o644)
    content, how = mutate(harmed.read_bytes(), dice)
    harmed.write_bytes(content)
    words = kind.words(root, target, dice)
    told = f"{kind.name}{'' if harmed == target else f' ({harmed.relative_to(target)})'}, {how}: {' '.join(words[:3])}"
    code, said, seconds = _ask_apart(["--registry", str(root), *words])
    report.note(f"{kind.name}: {'read' if code == 0 else f'exit {code}'}")
    if code is None:
        report.broken.append(f"{told}: {said} after {seconds:.1f} s")
    elif code == ExitCode.BUG:
        report.broken.append(f"{told}: exits with 1: {said[-400:]}")
    elif code == ExitCode.DAMAGED and target.name not in said and kind.name not in said and str(root) not in said:
        report.broken.append(f"{told}: does not name the file: {said[-300:]}")


def _ask_apart(words: list[str]) -> tuple[int | None, str, float]:
    """Ask in a child with little memory and time: the exit code, None when it was killed; what it said; seconds."""
    began = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(words, writer)
    os.close(writer)
    said = b""
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, began + SECONDS - time.monotonic()))
        chunk = os.read(reader, 1 << 16) if ready else b""
        if not chunk:
            break
        said += chunk
    os.close(reader)
    if time.monotonic() - began >= SECONDS:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    try:
        code, text = json.loads(said)
    except ValueError:
        return None, f"it ended with {os.waitstatus_to_exitcode(status)}", seconds
    return code, text, seconds


def _answer(words: list[str], writer: int) -> None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        answer = ask(words)
        said = (answer.out + answer.err).decode(errors="replace")
        content = json.dumps([answer.code, said[:3_000] + said[-3_000:]]).encode()
        while content:
            content = content[os.write(writer, content) :]
    finally:
        os._exit(0)
