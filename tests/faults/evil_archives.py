"""What others send: bundles, backups and stores that would write elsewhere, or fetch what is not theirs."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evil_commands import ask
from evil_exports import listing

from lineal.errors import ExitCode
from lineal.registry import create_registry, open_registry

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from evil_registry import Names
    from trial import Report

SECRET = b"this lies outside, and is nobody else's"
STORE = Path(__file__).parents[1] / "data" / "mlflow-2-files"


def check(names: Names, folder: Path, dice: random.Random, report: Report, draw: Callable[[], str]) -> None:
    """Take in archives and a store that lead outside; each is a trial."""
    outside = folder / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    with open_registry(names.root) as registry:
        bundle = io.BytesIO()
        registry.export_bundle(names.versions[1], bundle)
        registry.backup(folder / "whole.tar", objects=True)
    upwards = ("../../outside/new", "a/../../../outside/new", "objects/../../new")
    paths = (*upwards, str(outside / "new"), "x" * 5_000, draw())
    for number, path in enumerate(paths):
        for kind, content in (("bundle", bundle.getvalue()), ("backup", (folder / "whole.tar").read_bytes())):
            for harm in (_renamed, _linked, _listed) if kind == "bundle" else (_renamed, _linked):
                report.trials += 1
                cage = folder / f"cage-{kind}-{harm.__name__}-{number}"
                cage.mkdir()
                (cage / "in").write_bytes(harm(content, path, outside, dice))
                _take(cage, kind, outside, report, f"{kind}, {harm.__name__[1:]}, {path[:60]!a}")
                shutil.rmtree(cage)
    report.trials += 1
    _import_store(folder / "cage-store", outside, report)


def _take(cage: Path, kind: str, outside: Path, report: Report, what: str) -> None:
    before = listing(cage.parent, without=cage)
    if kind == "bundle":
        create_registry(cage / "registry").close()
        words = ["--registry", str(cage / "registry"), "import", "bundle", str(cage / "in")]
    else:
        words = ["restore", str(cage / "in"), str(cage / "registry")]
    answer = ask(words)
    if answer.code == ExitCode.BUG:
        report.broken.append(f"{what}: exits with 1: {answer.err.decode(errors='replace')[:300]}")
    report.note("refused" if answer.code else "taken in")
    _see(cage, outside, before, report, what)


def _see(cage: Path, outside: Path, before: dict[str, tuple[int, int]], report: Report, what: str) -> None:
    if listing(cage.parent, without=cage) != before or [path.name for path in outside.iterdir()] != ["secret"]:
        report.broken.append(f"{what}: something was written outside")
    for path in (cage / "registry").rglob("*"):
        if path.is_symlink() or (path.is_file() and SECRET in path.read_bytes()):
            report.broken.append(f"{what}: {path} is a link, or of outside")
    odd = [path.name for path in cage.iterdir() if path.name not in {"in", "registry", "store"}]
    report.broken += [f"{what}: {name} lies beside the registry" for name in odd]


def _members(content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        return [(member, (archive.extractfile(member) or io.BytesIO()).read()) for member in archive.getmembers()]


def _packed(found: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for member, content in found:
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _renamed(content: bytes, path: str, outside: Path, dice: random.Random) -> bytes:
    """A member, or one more, has another name."""
    del outside
    found = _members(content)
    place = dice.randrange(len(found))
    member, data = found[place]
    new = tarfile.TarInfo(path.encode(errors="replace").decode().replace("\0", "_") or "_")
    new.size = member.size
    found[place : place + dice.randrange(2)] = [(new, data)]
    return _packed(found)


def _linked(content: bytes, path: str, outside: Path, dice: random.Random) -> bytes:
    """A member is a link or a device."""
    found = _members(content)
    place = dice.randrange(len(found))
    new = tarfile.TarInfo(found[place][0].name)
    new.type = dice.choice([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
    new.linkname = dice.choice([str(outside / "secret"), path.encode(errors="replace").decode().replace("\0", "_")])
    found[place : place + dice.randrange(2)] = [(new, b"")]
    return _packed(found)


def _listed(content: bytes, path: str, outside: Path, dice: random.Random) -> bytes:
    """A record names a file, a label or a model as a path."""
    del outside
    (head, text), *rest = _members(content)
    records: dict[str, Any] = json.loads(text)
    kind = dice.randrange(4)
    if kind == 0:
        for artifact in records["artifacts"]:
            artifact["files"][0][0] = path
    elif kind == 1:
        records["versions"][-1]["label"] = path
    elif kind == 2:
        records["models"][0]["name"] = path
    else:
        records["objects"][0][0] = path
    return _packed([(head, json.dumps(records).encode()), *rest])


def _import_store(cage: Path, outside: Path, report: Report) -> None:
    """A store of MLflow whose files and folders are links that lead out of it."""
    store = cage / "store"
    shutil.copytree(STORE, store, symlinks=True)
    for place, path in enumerate(sorted(path for path in store.rglob("*") if path.is_file())):
        if place % 5 == 0:
            path.unlink()
            path.symlink_to(outside / "secret")
        elif place % 7 == 0:
            (path.parent / f"link{place}").symlink_to(outside, target_is_directory=True)
    create_registry(cage / "registry").close()
    before = listing(cage.parent, without=cage)
    answer = ask(["--registry", str(cage / "registry"), "import", "mlflow", str(store)])
    if answer.code == ExitCode.BUG:
        report.broken.append(f"a store of links: exits with 1: {answer.err.decode(errors='replace')[:300]}")
    _see(cage, outside, before, report, "a store of links")
