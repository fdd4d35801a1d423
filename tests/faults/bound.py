"""A stage that is bound to a directory, to harm: how it is made, and what must hold of it afterwards."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trial import make_file, what_is_broken, what_stays_after_collection

from lineal.errors import LinealError
from lineal.queries import releases as release_rows
from lineal.registry import Registry, create_registry, open_registry
from lineal.staging import layout
from lineal.upkeep import doctor

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "m@production"


@dataclass(frozen=True, slots=True)
class Bound:
    """A registry with a model `m` of four versions; its production is bound to `directory`, 1 and 2 were live there."""

    root: Path
    directory: Path

    def live(self, registry: Registry) -> str | None:
        """The label that the registry says is live."""
        return dict(registry.model("m").stages)["production"]

    def points_at(self) -> str | None:
        """The label that `current` leads to."""
        current = self.directory / "current"
        return current.readlink().name.rpartition("-")[0] if current.is_symlink() else None


def make(folder: Path) -> Bound:
    """Make one in `folder`."""
    bound = Bound(folder / "registry", folder / "srv")
    with create_registry(bound.root) as registry:
        for number in range(1, 5):
            registry.register("m", make_file(folder, "model.bin", seed=number), label=str(number), scheme="sequence")
        registry.bind_stage(PLACE, release=str(bound.directory), hook=("/bin/true",), interval=0.01, timeout=5.0)
        registry.promote("m:1", "production")
        registry.promote("m:2", "production")
    return bound


def put_back(saved: Path, bound: Bound) -> None:
    """Make a registry and its directory again what they were when they were saved."""
    for name, path in (("registry", bound.root), ("srv", bound.directory)):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(saved / name, path, symlinks=True)
    with open_registry(bound.root) as registry, registry.context.journal("a copy") as connection:
        stage = connection.execute("SELECT stage_id FROM stage_settings").fetchone()[0]
        for release in release_rows.releases_of(connection, stage):  # the copies are other files
            files = layout.identify(bound.directory / release.name, [file.path for file in release.files])
            release_rows.put_release(connection, stage, release.version, release.name, files, release.laid_at)


def save(bound: Bound, saved: Path) -> Path:
    """Keep a copy; nobody may have the registry open."""
    shutil.copytree(bound.root, saved / "registry")
    shutil.copytree(bound.directory, saved / "srv", symlinks=True)
    return saved


def aftermath(bound: Bound, allowed: set[str | None]) -> list[str]:
    """Promises that do not hold after something was interrupted, before and after the registry was mended."""
    broken = []
    current = bound.directory / "current"
    if None not in allowed and not current.exists():
        broken.append("current is missing or dangles")
    with open_registry(bound.root) as registry:
        broken += what_is_broken(registry)
        try:
            doctor.repair(registry.context)
        except LinealError as error:
            broken.append(f"cannot be mended: {error}")
        broken += [f"stays: {finding.kind} {finding.problem}" for finding in doctor.examine(registry.context)]
        broken += what_is_broken(registry)
        live = bound.live(registry)
        if live not in allowed or live != bound.points_at():
            broken.append(f"{live} is live and current leads to {bound.points_at()}, of {allowed}")
        version = None if live is None else registry.version(f"m:{live}")
        manifest = current / "lineal.json"
        if version is not None and not (manifest.exists() and str(version.digest) in manifest.read_text()):
            broken.append(f"the release of {live} is not of it")
        broken += [f"not collected: {path}" for path in what_stays_after_collection(registry)]
    names = [path.name for path in bound.directory.iterdir()]
    broken += [f"debris: {name}" for name in names if name.startswith((".current", ".partial", ".trash"))]
    return broken
