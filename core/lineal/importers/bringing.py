"""Importing a whole store: opening it, bringing all of it in order, and telling what was done."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.errors import BadValue, Damaged, NoSource
from lineal.importers.files import FileTaker
from lineal.importers.locating import Locator
from lineal.importers.mapping import NoName
from lineal.importers.mlflow_files import MlflowFiles
from lineal.importers.mlflow_tables import MlflowTables
from lineal.importers.runs import RunWriter
from lineal.importers.stages import StageWriter
from lineal.importers.tally import Tally
from lineal.importers.trackio import Trackio
from lineal.importers.versions import VersionWriter
from lineal.machine.locate import at_home
from lineal.queries import imports as rows
from lineal.records.imports import Imported
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.importers.reading import Reader, Tell
    from lineal.write_path.context import Context

_DATABASE = "mlflow.db"
_FOLDER = "mlruns"


@dataclass(frozen=True, slots=True)
class Options:
    """How an import treats files."""

    root: Path | None = None
    """Where the files are that the store names; None to look where it says, and beside it."""
    files: bool = True
    """Whether to bring them."""
    move: bool = False
    """Whether to take them away from where they are."""


def import_mlflow(
    context: Context, source: str, options: Options, *, progress: Callable[[int, int], None] = lambda _, __: None
) -> Imported:
    """Bring what an MLflow store holds and is not here yet; the store is only read.

    Args:
        context: the registry.
        source: an SQLite database, a folder `mlruns`, or a folder with one of them; `sqlite:///` may stand before it.
        options: how to treat files.
        progress: told how many runs and versions were looked at and how many there are; may raise to stop, and the
            next import goes on.

    Raises:
        NoSource, NotReadable: there is no such store, or it may not be read.
        Damaged: it is none, or of another schema than those that are known.
        Locked: another program keeps it locked.
        LinealError: the registry cannot be written.
    """
    path = at_home(source.removeprefix("sqlite:///").removeprefix("file://"))
    return _bring_all(context, lambda tell: _mlflow(path, tell), options, progress)


def _mlflow(path: Path, tell: Tell) -> Reader:
    if not path.exists():
        raise NoSource(path=path)
    if not path.is_dir():
        return MlflowTables(path, tell)
    if (path / _DATABASE).is_file():
        return MlflowTables(path / _DATABASE, tell)
    return MlflowFiles(path / _FOLDER if (path / _FOLDER).is_dir() else path, tell)


def import_trackio(
    context: Context, source: str, *, progress: Callable[[int, int], None] = lambda _, __: None
) -> Imported:
    """Bring what a project of Trackio holds and is not here yet; its database is only read.

    Args:
        context: the registry.
        source: the project's database, or a folder with just one.
        progress: as `import_mlflow`.

    Raises:
        BadValue: the folder holds several projects.
        LinealError: as `import_mlflow`.
    """
    path = at_home(source)
    if path.is_dir():
        found = sorted(path.glob("*.db"))
        if not found:
            raise Damaged(path=path, why="no database of Trackio is in it")
        if len(found) > 1:
            names = ", ".join(each.name for each in found[:10])
            raise BadValue(field="source", value=str(path), why=f"it holds several projects; name one of {names}")
        path = found[0]
    if not path.exists():
        raise NoSource(path=path)
    return _bring_all(context, lambda tell: Trackio(path, tell), Options(files=False), progress)


def _bring_all(
    context: Context, opened: Callable[[Tell], Reader], options: Options, progress: Callable[[int, int], None]
) -> Imported:
    if options.root is not None and not options.root.is_dir():
        raise NoSource(path=options.root)
    context.check(Permission.IMPORT, str(context.root))
    tally = Tally(progress)
    with closing(opened(tally.tell)) as reader:
        try:
            _bring_everything(context, reader, options, tally)
        except KeyError as error:
            why = f"its records do not hang together: {error} is named in one and is not there"
            raise Damaged(path=reader.store.path, why=why) from error
        except NoName as error:
            raise Damaged(path=reader.store.path, why=str(error)) from error
        return Imported(reader.store, tally.counts(), tuple(tally.remarks))


def _bring_everything(context: Context, reader: Reader, options: Options, tally: Tally) -> None:
    tally.total = reader.total()
    source = _source(context, reader)
    runs = RunWriter(context, reader, source, tally)
    runs.experiments()
    runs.runs()
    taker = FileTaker(Locator(reader.near, options.root), tally, wanted=options.files, move=options.move)
    versions = VersionWriter(context, reader, source, tally, runs.data, taker)
    stages = StageWriter(context, reader, source, tally)
    for foreign in reader.models():
        model, name = versions.model(foreign)
        versions.versions(foreign, model, name)
        if foreign.is_registered:
            stages.bring(foreign, model, name)
    taker.remove()
    if tally.changes:
        with context.change(Permission.IMPORT, reader.store.path) as change:
            added = {count.kind: count.added for count in tally.counts() if count.added}
            change.record("imported", reader.store.path, source=reader.store.uid, added=added)


def _source(context: Context, reader: Reader) -> int:
    store = reader.store
    with context.read() as connection:
        known = rows.source(connection, store.uid)
    if known is not None:
        return known
    with context.change(Permission.IMPORT, store.path) as change:
        found = rows.source(change.connection, store.uid)
        if found is not None:
            return found
        change.record("import_source_added", store.path, source=store.uid, program=store.program)
        return rows.insert_source(change.connection, store, change.at)
