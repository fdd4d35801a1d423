"""The one door to a registry: it binds a directory, a clock and an actor to the use cases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import NoRegistry, ReadOnlyRegistry
from lineal.facade.operating import Operating
from lineal.machine.actors import current_actor
from lineal.machine.locate import find_registry
from lineal.records import models as model_records
from lineal.storage.db import SCHEMA_VERSION, Database
from lineal.storage.objects import ObjectStore
from lineal.write_path.context import Context, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from lineal.facade.door import StrPath
    from lineal.records.base import Micros, RunId
    from lineal.records.models import Version, VersionDetail
    from lineal.records.upkeep import Restored


def open_registry(
    path: StrPath | None = None,
    *,
    actor_claim: str | None = None,
    vouched: str | None = None,
    read_only: bool = False,
    clock: Callable[[], Micros] = now,
    waiting: Callable[[str], None] = lambda _: None,
) -> Registry:
    """Open a registry.

    Args:
        path: its directory; None to find it as `lineal` on the command line does.
        actor_claim: a name used on a shared account, recorded as a claim.
        vouched: the person for whom this process's account vouches, as `lineal shell` does; it counts only where that
            account owns the registry alone.
        read_only: refuse changes.
        clock: tells the time of changes, in microseconds.
        waiting: told who it is when a change has waited for another writer for a second.

    Raises:
        NoRegistry: there is none.
        NotFound, Refused: `vouched` is nobody here, or may not be vouched for.
        ForeignRegistry, NewerRegistry, Damaged, ReadOnlyRegistry, MachineError: it cannot be used.
    """
    root = find_registry(path)
    try:
        database = Database(root, read_only=read_only)
    except NoRegistry as error:
        if path is not None or os.environ.get("LINEAL_REGISTRY"):
            raise
        raise _none_found(root) from error
    version = int(database.connection.execute("PRAGMA user_version").fetchone()[0])
    if version < SCHEMA_VERSION:
        database.close()
        from lineal.storage.migrations import upgrade  # noqa: PLC0415  brings sqlite-utils, which only an upgrade needs

        if database.read_only_reason is not None:
            why = f"it needs an upgrade from schema {version} to {SCHEMA_VERSION}, and {database.read_only_reason}"
            raise ReadOnlyRegistry(path=root, why=why)
        upgrade(root)
        database = Database(root, read_only=read_only)
    database.waiting = waiting
    if vouched is None:
        actor = current_actor(actor_claim)
    else:
        from lineal.machine.actors import vouched_actor  # noqa: PLC0415  only a service account vouches

        actor = vouched_actor(vouched, root, actor_claim)
    context = Context(database, ObjectStore(root / "objects"), clock, actor)
    return Registry(context)


def _none_found(root: Path) -> NoRegistry:
    """That no registry was named, and none found."""
    here = Path.cwd()
    is_one = (here / "registry.db").is_file()
    hint = "this folder is one: name it, with --registry . or LINEAL_REGISTRY" if is_one else None
    return NoRegistry(path=root, where=f", and no .lineal in {here} or above it", hint=hint)


def create_registry(path: StrPath, *, clock: Callable[[], Micros] = now) -> Registry:
    """Make a new, empty registry in a directory, and open it.

    Raises:
        AlreadyExists: there is one.
        MachineError: the directory cannot be written.
    """
    from lineal.storage.migrations import create  # noqa: PLC0415  brings sqlite-utils, which start-up cannot afford

    create(Path(path), now=clock())
    return open_registry(path, clock=clock)


def restore_registry(
    source: StrPath, target: StrPath, *, progress: Callable[[int, int], None] = lambda _, __: None
) -> Restored:
    """Make a registry from a backup: all of it, checked and durable, or nothing.

    Args:
        source: what `Registry.backup` wrote.
        target: the registry's directory; it must not exist, or be an empty folder.
        progress: told bytes read and bytes there are to read; may raise to stop.

    Raises:
        Conflict: there is something at `target`.
        LinealError: the backup cannot be used, or the registry not be written.
    """
    from lineal.upkeep.backups import restore  # noqa: PLC0415  rarely needed

    return restore(Path(source), Path(target), progress=progress)


class Registry(Operating):
    """A registry, as the person who opened it may use it. Safe to share between threads, and after a fork."""

    def lost_runs(self) -> frozenset[RunId]:
        """Runs that are recorded as running on this machine, but whose process is gone; nothing is changed."""
        from lineal.upkeep import doctor  # noqa: PLC0415  start-up is measured

        return frozenset(run.id for run, _ in doctor.lost_runs(self._context))


def _as_html(shown: Version | VersionDetail) -> str:
    from lineal.versioning.notebooks import html  # noqa: PLC0415  only notebooks ask

    return html(shown)


for _kind in (model_records.Version, model_records.VersionDetail):
    # Notebooks look for this name; the records themselves know of no way to be shown.
    setattr(_kind, "_repr_html_", _as_html)  # noqa: B010  an attribute that the class does not declare
