"""The one door to a registry: it binds a directory, a clock and an actor to the use cases."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar

from lineal import addresses, histories, refs
from lineal.actors import current_actor
from lineal.context import Context, now
from lineal.db import SCHEMA_VERSION, Database
from lineal.errors import BadValue, Conflict, ReadOnlyRegistry, ReleaseFailed
from lineal.lazily import Later
from lineal.locate import find_registry
from lineal.objects import ObjectStore
from lineal.queries import models as model_rows
from lineal.queries import stages as stage_rows
from lineal.queries import versions as version_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from lineal import audit, bindings, detached, details, doctor, exchange, pipelines, runs, stages, transitions
    from lineal.addresses import Found, Identified
    from lineal.doctor import Mended
    from lineal.queries import datasets as dataset_rows
    from lineal.queries import events as event_rows
    from lineal.queries import matches as match_rows
    from lineal.queries import metrics as metric_rows
    from lineal.queries import pipelines as pipeline_rows
    from lineal.queries import releases as release_rows
    from lineal.queries import runs as run_rows
    from lineal.recording import RunHandle
    from lineal.records.base import Actor, Micros, Scalar
    from lineal.records.bundles import Brought
    from lineal.records.comparison import Diff, Lineage, TreeRow
    from lineal.records.data import Dataset, DatasetVersion, Measured
    from lineal.records.imports import Imported
    from lineal.records.models import Bump, Model, Scheme, Version, VersionDetail, VersionStatus
    from lineal.records.releases import Pipeline, StageSettings, StageState
    from lineal.records.reproduction import Compared, Prepared, Recipe
    from lineal.records.runs import Experiment, Point, Run, RunDetail
    from lineal.records.stages import Event, LiveVersion, Plan, Stage, Transition
    from lineal.records.upkeep import BackedUp, Collected, Finding, Restored, Verified
else:
    # What most commands leave untouched; start-up is measured.
    bindings = Later("lineal.bindings")
    details = Later("lineal.details")
    detached = Later("lineal.detached")
    doctor = Later("lineal.doctor")
    exchange = Later("lineal.exchange")
    pipelines = Later("lineal.pipelines")
    runs = Later("lineal.runs")
    stages = Later("lineal.stages")
    transitions = Later("lineal.transitions")
    dataset_rows = Later("lineal.queries.datasets")
    event_rows = Later("lineal.queries.events")
    match_rows = Later("lineal.queries.matches")
    metric_rows = Later("lineal.queries.metrics")
    pipeline_rows = Later("lineal.queries.pipelines")
    release_rows = Later("lineal.queries.releases")
    run_rows = Later("lineal.queries.runs")

_Word = TypeVar("_Word", bound=StrEnum)

StrPath = str | os.PathLike[str]


def open_registry(
    path: StrPath | None = None,
    *,
    actor_claim: str | None = None,
    read_only: bool = False,
    clock: Callable[[], Micros] = now,
) -> Registry:
    """Open a registry.

    Args:
        path: its directory; None to find it as `lineal` on the command line does.
        actor_claim: a name used on a shared account, recorded as a claim.
        read_only: refuse changes.
        clock: tells the time of changes, in microseconds.

    Raises:
        NoRegistry: there is none.
        ForeignRegistry, NewerRegistry, Damaged, ReadOnlyRegistry, MachineError: it cannot be used.
    """
    root = find_registry(path)
    database = Database(root, read_only=read_only)
    version = int(database.connection.execute("PRAGMA user_version").fetchone()[0])
    if version < SCHEMA_VERSION:
        database.close()
        from lineal.migrations import upgrade  # noqa: PLC0415  brings sqlite-utils, which only an upgrade needs

        if database.read_only_reason is not None:
            why = f"it needs an upgrade from schema {version} to {SCHEMA_VERSION}, and {database.read_only_reason}"
            raise ReadOnlyRegistry(path=root, why=why)
        upgrade(root)
        database = Database(root, read_only=read_only)
    context = Context(database, ObjectStore(root / "objects"), clock, current_actor(actor_claim))
    return Registry(context)


def create_registry(path: StrPath, *, clock: Callable[[], Micros] = now) -> Registry:
    """Make a new, empty registry in a directory, and open it.

    Raises:
        AlreadyExists: there is one.
        MachineError: the directory cannot be written.
    """
    from lineal.migrations import create  # noqa: PLC0415  brings sqlite-utils, which start-up cannot afford

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
    from lineal.backups import restore  # noqa: PLC0415  rarely needed

    return restore(Path(source), Path(target), progress=progress)


class Registry:
    """A registry, as the person who opened it may use it. Safe to share between threads, and after a fork."""

    def __init__(self, context: Context) -> None:
        """Made by `open_registry`."""
        self._context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._context.db.close()

    @property
    def context(self) -> Context:
        """What its use cases work with."""
        return self._context

    @property
    def root(self) -> Path:
        """Its directory."""
        return self._context.root

    @property
    def actor(self) -> Actor:
        """Who uses it."""
        return self._context.actor

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return self._context.db.read_only_reason is not None

    @property
    def read_only_reason(self) -> str | None:
        """Why changes are refused; None when they are not."""
        return self._context.db.read_only_reason

    @property
    def uid(self) -> str:
        """Its identifier, which stays when it is moved."""
        with self._context.read() as connection:
            return str(connection.execute("SELECT uid FROM registry").fetchone()[0])

    def data_version(self) -> int:
        """A number that changes when somebody else changed the registry."""
        return self._context.db.data_version()

    # Addresses

    def resolve(self, text: str) -> Found:
        """Whatever an address names."""
        with self._context.read() as connection:
            return addresses.find(connection, text)

    def complete(self, prefix: str, limit: int = 50) -> list[str]:
        """Addresses that begin with `prefix`."""
        with self._context.read() as connection:
            return addresses.complete(connection, prefix, limit)

    def model(self, name: str) -> Model:
        """The model of this name."""
        with self._context.read() as connection:
            return addresses.model(connection, name)

    def version(self, ref: str) -> Version:
        """The one version that an address names."""
        with self._context.read() as connection:
            return addresses.version(connection, ref)

    def run(self, ref: str) -> Run:
        """The run that an address, or the beginning of an id, names."""
        prefix = refs.parse(ref if ref.startswith("run:") else f"run:{ref}")
        with self._context.read() as connection:
            return addresses.run(connection, prefix.prefix if isinstance(prefix, refs.RunRef) else ref)

    def experiment(self, name: str) -> Experiment:
        """The experiment of this name."""
        with self._context.read() as connection:
            return addresses.experiment(connection, name)

    def dataset(self, name: str) -> Dataset:
        """The dataset of this name."""
        with self._context.read() as connection:
            return addresses.dataset(connection, name)

    def dataset_version(self, ref: str) -> DatasetVersion:
        """The dataset version that an address names; of a dataset, its newest."""
        with self._context.read() as connection:
            return addresses.one_dataset_version(connection, ref)

    def identify(self, what: StrPath) -> list[Identified]:
        """Whatever has the bytes of a file or folder, or a digest.

        Args:
            what: a path, or a digest with or without `sha256:`, or the beginning of one.

        Raises:
            NotFound: nothing here has them.
        """
        path = Path(what)
        if os.path.exists(path):  # noqa: PTH110  Path.exists raises on a text that is too long for a path
            from lineal import fingerprint  # noqa: PLC0415  rarely needed

            if path.is_dir():
                files = [(name, *fingerprint.hash_file(file)) for name, file in fingerprint.walk(path)]
                prefix = str(fingerprint.manifest_digest(files))
            else:
                fingerprint.refuse_registry(path.parent, path.name)
                prefix = str(fingerprint.hash_file(path)[0])
        else:
            text = os.fspath(what)
            ref = refs.parse(text if text.startswith("sha256:") else f"sha256:{text}")
            prefix = str(ref)
        with self._context.read() as connection:
            return list(addresses.identified(connection, prefix))

    # Lists

    def models(self, *, include_retired: bool = False) -> list[Model]:
        """Every model, by name; those with only retired versions if asked for."""
        with self._context.read() as connection:
            return model_rows.all_models(connection, include_retired=include_retired)

    def versions(self, model: str, *, include_retired: bool = True, limit: int | None = None) -> list[Version]:
        """The versions of a model, newest first."""
        with self._context.read() as connection:
            number = addresses.model(connection, model).id
            found = version_rows.page(
                connection, number, before=None, limit=-1 if limit is None or not include_retired else limit
            )
        if not include_retired:
            found = [version for version in found if version.status.value != "retired"]
        return found[:limit]

    def versions_page(
        self, model: str, *, before: int | None = None, after: int | None = None, limit: int = 256
    ) -> list[Version]:
        """Part of a model's versions, newest first: below sequence number `before`, or next above `after`."""
        with self._context.read() as connection:
            number = model_rows.model_id(connection, model)
            if number is None:
                number = addresses.model(connection, model).id
            if after is not None:
                return version_rows.page_after(connection, number, after=after, limit=limit)
            return version_rows.page(connection, number, before=before, limit=limit)

    def versions_by_id(self, ids: Sequence[int]) -> list[Version]:
        """The versions in these rows, in this order; those that are gone are left out."""
        with self._context.read() as connection:
            found = version_rows.by_ids(connection, ids)
        return [found[number] for number in ids if number in found]

    def version_matches(
        self, model: str, words: Sequence[str], *, before: int | None = None, after: int = 0
    ) -> list[tuple[int, int]]:
        """(row number, sequence number) of a model's versions that bear all of some words, newest first.

        Args:
            model: its name.
            words: each is looked for, in any case, in label, notes, owner, purpose, status, tags and live stages.
            before: only sequence numbers below this one; None for all.
            after: only sequence numbers above this one. A caller that may be called off asks for one stretch at a time.
        """
        with self._context.read() as connection:
            number = addresses.model(connection, model).id
            return match_rows.versions(
                connection, number, words, before=1 << 62 if before is None else before, after=after
            )

    def version_count(self, model: str) -> int:
        """How many versions a model has."""
        with self._context.read() as connection:
            return version_rows.count(connection, addresses.model(connection, model).id)

    def place(self, model: str, version: int) -> int | None:
        """How many versions of a model are newer than the one in this row; None when it is none of them."""
        with self._context.read() as connection:
            return version_rows.place(connection, addresses.model(connection, model).id, version)

    def newest_seq(self, model: str) -> int:
        """The highest sequence number of a model's versions; 0 without any."""
        with self._context.read() as connection:
            return version_rows.newest_seq(connection, addresses.model(connection, model).id)

    def tree_skeleton(
        self, model: str, *, before: int | None = None, limit: int | None = None
    ) -> list[tuple[int, int, tuple[int, ...]]]:
        """(row number, sequence number, parents within the model) of versions, newest first: all, or some below one."""
        with self._context.read() as connection:
            number = model_rows.model_id(connection, model)
            if number is None:
                number = addresses.model(connection, model).id
            return version_rows.skeleton(connection, number, before=before, limit=-1 if limit is None else limit)

    def values(self, versions: Sequence[Version], metric: str) -> dict[int, float]:
        """What versions were registered with of one metric, by row number; those without it are missing."""
        with self._context.read() as connection:
            return version_rows.values_of(connection, [version.id for version in versions], metric)

    def tree(self, model: str) -> list[tuple[Version, TreeRow]]:
        """All versions of a model with their rows of the drawn tree, newest first."""
        from lineal.tree import draw  # noqa: PLC0415  only trees are drawn

        with self._context.read() as connection:
            number = addresses.model(connection, model).id
            found = version_rows.page(connection, number, before=None, limit=-1)
            skeleton = version_rows.skeleton(connection, number)
        rows, _ = draw((version, parents) for version, _, parents in skeleton)
        return list(zip(found, rows, strict=True))

    def experiments(self) -> list[Experiment]:
        """Every experiment, the one that ran last first."""
        with self._context.read() as connection:
            return run_rows.all_experiments(connection)

    def runs(self, experiment: str | None = None, *, limit: int | None = None) -> list[Run]:
        """Runs of an experiment or of all, the latest first."""
        return self.runs_page(experiment, limit=-1 if limit is None else limit)

    def runs_page(
        self,
        experiment: str | None = None,
        *,
        before: tuple[Micros, int] | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 256,
        skip: int = 0,
    ) -> list[Run]:
        """Part of the runs of an experiment or of all, latest first.

        Args:
            experiment: its name; None for all.
            before: those before this start and row number.
            after: those next after it.
            limit: how many.
            skip: leave out so many of the latest; not with `after`.
        """
        with self._context.read() as connection:
            number = self._experiment_number(connection, experiment)
            if after is not None:
                return run_rows.page_after(connection, number, after=after, limit=limit)
            return run_rows.page(connection, number, before=before, limit=limit, skip=skip)

    def runs_later(self, than: tuple[Micros, int], experiment: str | None = None) -> int:
        """How many runs of an experiment or of all started after this start and row number."""
        with self._context.read() as connection:
            return run_rows.later(connection, self._experiment_number(connection, experiment), than=than)

    def run_count(self, experiment: str | None = None) -> int:
        """How many runs there are, of an experiment or of all."""
        with self._context.read() as connection:
            return run_rows.count(connection, self._experiment_number(connection, experiment))

    def _experiment_number(self, connection: sqlite3.Connection, experiment: str | None) -> int | None:
        if experiment is None:
            return None
        number = run_rows.experiment_id(connection, experiment)
        return addresses.experiment(connection, experiment).id if number is None else number

    def run_detail(self, run: Run | str) -> RunDetail:
        """Everything about a run but its metric points."""
        return self.run_details([self.run(run) if isinstance(run, str) else run])[0]

    def run_details(self, runs: Sequence[Run]) -> list[RunDetail]:
        """Everything about runs but their metric points, in their order."""
        with self._context.read() as connection:
            return details.of_runs(connection, runs)

    def run_figures(self, runs: Sequence[Run]) -> list[RunDetail]:
        """The params and metrics of runs, in their order, and nothing else about them."""
        with self._context.read() as connection:
            return details.figures_of_runs(connection, runs)

    def points(self, run: Run | str, metric: str, *, limit: int | None = None) -> list[Point]:
        """The history of a metric by step and time; the newest `limit` points of it."""
        found = self.run(run) if isinstance(run, str) else run
        with self._context.read() as connection:
            return metric_rows.points(connection, found.n, metric, limit=limit)

    def datasets(self) -> list[Dataset]:
        """Every dataset, by name."""
        with self._context.read() as connection:
            return dataset_rows.all_datasets(connection)

    def dataset_versions(self, name: str) -> list[DatasetVersion]:
        """The versions of a dataset, newest first."""
        with self._context.read() as connection:
            return dataset_rows.versions(connection, addresses.dataset(connection, name).id)

    def detail(self, version: Version | str) -> VersionDetail:
        """Everything about a version."""
        return self.details([version])[0]

    def details(self, versions: Sequence[Version | str]) -> list[VersionDetail]:
        """Everything about versions, in their order."""
        with self._context.read() as connection:
            found = [addresses.version(connection, each) if isinstance(each, str) else each for each in versions]
            return details.of_versions(connection, found)

    def diff(self, *versions: Version | str) -> Diff:
        """Two or more versions, or two or more runs, side by side; the first is the baseline.

        Raises:
            BadValue: there are fewer than two, or versions and runs are mixed.
        """
        from lineal.diff import diff, run_diff  # noqa: PLC0415  only comparisons need it

        are_runs = [isinstance(each, str) and isinstance(refs.parse(each), refs.RunRef) for each in versions]
        if any(are_runs):
            if not all(are_runs):
                raise BadValue(field="comparison", value=str(versions[0]), why="runs compare with runs only")
            return run_diff(self.run_details([self.run(str(each)) for each in versions]))
        return diff(self.details(versions))

    def lineage(self, ref: str, *, up: int = 2, down: int = 1) -> Lineage:
        """What something came from and what came from it, so many levels each way."""
        with self._context.read() as connection:
            return details.lineage(connection, ref, up=up, down=down)

    def stages(self, model: str) -> list[Stage]:
        """The stages of a model, in order."""
        return histories.stages_of(self._context, model)

    def live(self, ref: str, *, at: Micros | None = None) -> LiveVersion:
        """What is live at a stage, or was at a time.

        Raises:
            NothingLive: nothing is, or was.
        """
        return histories.live_at(self._context, ref, at)

    def history(
        self, model: str, stage: str | None = None, *, limit: int | None = None, before: int | None = None
    ) -> list[Transition]:
        """The history of a stage, or of all stages of a model, newest first; `before` is a transition's `id`."""
        return histories.history(self._context, model, stage, limit=limit, before=before)

    def rollback_candidates(self, stage_ref: str, limit: int = 5) -> list[tuple[Version, Transition]]:
        """Where rollbacks would lead, one after another."""
        from itertools import islice  # noqa: PLC0415  only here

        ref = addresses.stage_ref(stage_ref)
        with self._context.read() as connection:
            _, stage = addresses.stage(connection, ref.model, ref.stage)
            live = stage_rows.live(connection, stage.id)
            return list(islice(addresses.rollback_chain(connection, live), limit))

    def events(self, *, limit: int | None = None, before: int | None = None) -> list[Event]:
        """The audit log, newest first; `before` is an event's `seq`."""
        with self._context.read() as connection:
            return event_rows.page(connection, before=before, limit=-1 if limit is None else limit)

    def verify_events(self) -> audit.Verdict:
        """Check the audit log's chain from its first event to its last."""
        from lineal import audit  # noqa: PLC0415  rarely needed

        def batches() -> list[Event]:
            with self._context.read() as connection:
                return list(event_rows.chain(connection))

        return audit.verify(batches())

    # Upkeep

    def verify(self, *, progress: Callable[[int, int], None] = lambda _, __: None) -> Verified:
        """Check the database, the audit log, what is live, every object and every release; holds nobody up.

        Args:
            progress: told bytes read and bytes there are to read; may raise to stop.
        """
        from dataclasses import replace  # noqa: PLC0415  rarely needed

        from lineal.verification import verify  # noqa: PLC0415  as above

        verified = verify(self._context, progress=progress)
        wrong, releases = doctor.verify_releases(self._context)
        return replace(verified, findings=verified.findings + wrong, releases=releases)

    def gc(self, *, dry_run: bool = False) -> Collected:
        """Remove objects that no version refers to and what killed writers left; safe beside writers."""
        from lineal.collecting import collect  # noqa: PLC0415  rarely needed

        return collect(self._context, dry_run=dry_run)

    def backup(
        self, target: StrPath, *, objects: bool = False, progress: Callable[[int, int], None] = lambda _, __: None
    ) -> BackedUp:
        """Write a checked backup of the database, or with `objects` of everything; others may write meanwhile.

        Args:
            target: the file to make; it is never replaced.
            objects: also the bytes of all versions, in a tar archive.
            progress: told bytes written and bytes there are to write; may raise to stop.

        Raises:
            AlreadyExists: there is such a file.
            Damaged: the database or an object is.
            MachineError: it cannot be written.
        """
        from lineal.backups import back_up  # noqa: PLC0415  rarely needed

        return back_up(self._context, Path(target), objects=objects, progress=progress)

    # Changes

    def start_run(
        self,
        experiment: str,
        *,
        params: Mapping[str, Scalar] | None = None,
        tags: Mapping[str, str] | None = None,
        name: str | None = None,
        kind: str = "train",
        parent: str | RunHandle | None = None,
        seed: int | None = None,
        command: Sequence[str] | None = None,
        folder: StrPath | None = None,
    ) -> RunHandle:
        """Start a run, with the state of the code and the machine.

        Args:
            experiment: its name; it is made with its first run.
            params: of the run.
            tags: of the run.
            name: for people; None for a made-up one.
            kind: train, evaluate, transform or import.
            parent: the run it is part of.
            seed: of the random numbers.
            command: its argument list; None for this process's.
            folder: where its code is; None for the working folder.

        Raises:
            LinealError: it cannot be recorded.
        """
        # These three read the machine and the code, which readers of the registry never need.
        from lineal import code, environment, runs  # noqa: PLC0415
        from lineal.recording import RunHandle  # noqa: PLC0415
        from lineal.records.runs import RunKind  # noqa: PLC0415

        if kind not in set(RunKind):
            raise BadValue(field="kind", value=kind, why=f"known are {', '.join(RunKind)}")
        source = code.capture_recent(Path.cwd() if folder is None else Path(folder))
        new = runs.NewRun(
            experiment=experiment,
            name=name,
            kind=RunKind(kind),
            parent=parent.ref if isinstance(parent, RunHandle) else parent,
            params=None if params is None else dict(params),
            tags=None if tags is None else dict(tags),
            seed=seed,
            command=(sys.executable, *sys.orig_argv[1:]) if command is None else tuple(command),
            code=None if source is None else source.state,
            patch=None if source is None else source.patch,
            environment=environment.capture(),
        )
        return RunHandle(self._context, runs.start(self._context, new), self.register)

    def log_figures(self, run: str, figures: Mapping[str, float], *, step: int | None = None) -> None:
        """Add one point to each of several metrics of a run that another process records."""
        runs.log_figures(self._context, self.run(run), figures, step=step)

    def log_params(self, run: str, params: Mapping[str, Scalar]) -> None:
        """Add params to a run that another process records."""
        runs.log_params(self._context, self.run(run), params)

    def log_tags(self, run: str, tags: Mapping[str, str | None]) -> None:
        """Set tags of a run that another process records."""
        runs.set_tags(self._context, self.run(run), tags)

    def register(
        self,
        model: str,
        *paths: StrPath,
        label: str | None = None,
        bump: Bump | str | None = None,
        scheme: Scheme | str | None = None,
        parents: Sequence[str] = (),
        parent: str | None = None,
        run: RunHandle | str | None = None,
        datasets: Sequence[str] = (),
        params: Mapping[str, Scalar] | None = None,
        metrics: Mapping[str, float] | None = None,
        measured_on: str | None = None,
        owner: str | None = None,
        purpose: str | None = None,
        notes: str | None = None,
        tags: Mapping[str, str] | None = None,
        signature: Mapping[str, object] | None = None,
        move: bool = False,
    ) -> Version:
        """Register files as a version of a model.

        Args:
            model: its name; it is made with its first version.
            paths: files and folders; none for a version without files.
            label: None to let the model's scheme decide.
            bump: major, minor or patch of a semantic version; None to work it out from the parent.
            scheme: how a new model's versions are labelled; None for semantic versions.
            parents: `REF` or `REF=relation`.
            parent: one more of these.
            run: what produced it, whose params, metrics and data it takes over.
            datasets: `data:NAME[:LABEL]`, or that and `=role`.
            params: over those of the run.
            metrics: over those of the run.
            measured_on: the dataset version that `metrics` were measured on.
            owner: who to ask.
            purpose: what it is for.
            notes: free text.
            tags: name to value.
            signature: inputs and outputs.
            move: take the files away from where they are.

        Raises:
            LinealError: something is not as it must be; nothing is registered then.
        """
        from lineal import versions  # noqa: PLC0415  brings the formats, which readers never need
        from lineal.records.models import Bump, Scheme  # noqa: PLC0415

        if run is not None and not isinstance(run, str):
            run.flush()  # its metrics are taken over from the registry
        new = versions.NewVersion(
            model=model,
            paths=tuple(Path(path) for path in paths),
            label=label,
            bump=None if bump is None else _one_of(Bump, "bump", bump),
            scheme=None if scheme is None else _one_of(Scheme, "scheme", scheme),
            parents=(*(() if parent is None else (parent,)), *parents),
            run=run if run is None or isinstance(run, str) else run.ref,
            datasets=tuple(datasets),
            measured_on=measured_on,
            params=dict(params or {}),
            metrics=dict(metrics or {}),
            owner=owner,
            purpose=purpose,
            notes=notes,
            tags=dict(tags or {}),
            signature=None if signature is None else dict(signature),
            move=move,
        )
        return versions.register(self._context, new)

    def add_dataset(
        self,
        name: str,
        path: StrPath,
        *,
        label: str | None = None,
        parents: Sequence[str] = (),
        notes: str | None = None,
        measured: Measured | None = None,
    ) -> DatasetVersion:
        """Record a state of a dataset; the same bytes are recorded once.

        Args:
            name: of the dataset; it is made with its first version.
            path: the file or folder.
            label: None for the next number.
            parents: addresses of the dataset versions it was derived from.
            notes: free text.
            measured: digest and size if they are known; the data is not read then.

        Raises:
            LinealError: it cannot be read or recorded.
        """
        from lineal import datasets  # noqa: PLC0415  brings the formats, which readers never need

        new = datasets.describe_data(name, Path(path), label=label, parents=parents, notes=notes, measured=measured)
        return datasets.add(self._context, new)

    def import_mlflow(
        self,
        source: StrPath,
        *,
        artifacts: StrPath | None = None,
        files: bool = True,
        move: bool = False,
        progress: Callable[[int, int], None] = lambda _, __: None,
    ) -> Imported:
        """Bring what an MLflow store holds and is not here yet; MLflow is not needed, and its store only read.

        Args:
            source: an SQLite database, a folder `mlruns`, or a folder with one of them.
            artifacts: where the files are that it names, if it was moved; None to look where it says and beside it.
            files: whether to bring the files of versions.
            move: take those files instead of copying them.
            progress: told how many runs and versions were looked at and how many there are; may raise to stop, and
                the next import goes on.

        Raises:
            LinealError: the store cannot be read, or the registry not be written; what was brought stays.
        """
        from lineal.importers import bringing  # noqa: PLC0415  rarely needed

        options = bringing.Options(None if artifacts is None else Path(artifacts), files=files, move=move)
        return bringing.import_mlflow(self._context, os.fspath(source), options, progress=progress)

    def import_trackio(self, source: StrPath, *, progress: Callable[[int, int], None] = lambda _, __: None) -> Imported:
        """Bring what a project of Trackio holds and is not here yet.

        Args:
            source: the project's database, or a folder with just one.
            progress: as `import_mlflow`.

        Raises:
            LinealError: as `import_mlflow`.
        """
        from lineal.importers import bringing  # noqa: PLC0415  rarely needed

        return bringing.import_trackio(self._context, os.fspath(source), progress=progress)

    def set(self, ref: str, fields: Mapping[str, str | float | None]) -> str:
        """Set fields of a thing; see `lineal.descriptions.describe`."""
        from lineal.descriptions import describe  # noqa: PLC0415  only changes need it

        return describe(self._context, ref, fields)

    def evaluate(self, ref: str, metrics: Mapping[str, float], *, measured_on: str | None = None) -> Version:
        """Add what a later evaluation of a version found."""
        from lineal import versions  # noqa: PLC0415  brings the formats, which readers never need

        return versions.evaluate(self._context, ref, metrics, measured_on=measured_on)

    def mark(self, ref: str, status: VersionStatus | str, *, reason: str | None = None) -> Version:
        """Mark a version as `bad`, or as `active` again."""
        from lineal import versions  # noqa: PLC0415  brings the formats, which readers never need
        from lineal.records.models import VersionStatus  # noqa: PLC0415

        return versions.mark(self._context, ref, _one_of(VersionStatus, "status", status), reason=reason)

    def add_stage(self, model: str, name: str, *, after: str | None = None) -> Stage:
        """Declare a stage of a model, after another or at the end."""
        return stages.add_stage(self._context, model, name, after=after)

    def plan_promote(self, ref: str, stage: str, *, reason: str | None = None, with_diff: bool = True) -> Plan:
        """What promoting a version to a stage would do."""
        return self._shown(stages.plan_promotion(self._context, ref, stage, reason=reason), with_diff)

    def plan_rollback(
        self, stage_ref: str, *, to: str | None = None, reason: str | None = None, with_diff: bool = True
    ) -> Plan:
        """What rolling a stage back would do."""
        return self._shown(stages.plan_rollback(self._context, stage_ref, to=to, reason=reason), with_diff)

    def plan_undo(self, stage_ref: str, *, reason: str | None = None, with_diff: bool = True) -> Plan:
        """What undoing the last transition of a stage would do."""
        return self._shown(stages.plan_undo(self._context, stage_ref, reason=reason), with_diff)

    def plan_clear(self, stage_ref: str, *, reason: str | None = None) -> Plan:
        """What clearing a stage would do."""
        return stages.plan_clearing(self._context, stage_ref, reason=reason)

    def _shown(self, plan: Plan, with_diff: bool) -> Plan:
        if not with_diff or plan.source is None or plan.target is None or plan.changes_nothing:
            return plan
        from dataclasses import replace  # noqa: PLC0415  only here

        return replace(plan, diff=self.diff(plan.source, plan.target))

    def execute(
        self, plan: Plan, *, bad: bool = False, skip_health: bool = False, verify: bool = False
    ) -> Transition | None:
        """Do what a plan says, to its end, if what it was made from still holds.

        Args:
            plan: what was confirmed.
            bad: also mark what is left as bad.
            skip_health: do not ask the stage's health check.
            verify: hash the files of a release that lies there already.

        Returns:
            The transition; None when a promotion found its target live already.

        Raises:
            OutOfDate: something else is live now.
            Refused: a check failed.
            Busy: a pipeline moves the stage.
            ReleaseFailed: it was taken back, or stays unhealthy.
        """
        order = transitions.order_of(plan, bad=bad, skip_health=skip_health, verify=verify)
        if self.binding(f"{plan.model}@{plan.stage}") is None:
            return stages.execute(self._context, order)
        return pipelines.perform(self._context, order)

    def begin(
        self, plan: Plan, *, bad: bool = False, skip_health: bool = False, verify: bool = False, threads: bool = True
    ) -> int | None:
        """Start what a plan says in a process of its own, which outlives this one; `follow` waits for it.

        Args:
            plan: what was confirmed, for a stage that is bound to a directory.
            bad: as `execute`.
            skip_health: as `execute`.
            verify: as `execute`.
            threads: whether this process has threads; one without starts it faster.

        Returns:
            The pipeline's number; None when there was nothing to do.

        Raises:
            LinealError: it may not begin, as `execute`.
        """
        order = transitions.order_of(plan, bad=bad, skip_health=skip_health, verify=verify)
        return (detached.spawn if threads else detached.fork)(self._context, order)

    def follow(
        self,
        pipeline: int,
        *,
        changed: Callable[[Pipeline], None] = lambda _: None,
        tick: Callable[[], None] = lambda: None,
    ) -> Transition:
        """Wait for a pipeline to end.

        Args:
            pipeline: its number.
            changed: told the journal whenever it has changed.
            tick: called between two looks; what it raises ends the wait, and the pipeline runs on.

        Raises:
            LinealError: it did not go well; the error is the one that the pipeline met.
        """
        found, transition = detached.follow(self._context, pipeline, changed=changed, tick=tick)
        if transition is None:
            raise ReleaseFailed(
                what=f"{found.order.action} at {found.order.model}@{found.order.stage}",
                why=f"its process {found.pid} on {found.host} is gone",
                hint="bring it in order with `lineal doctor --repair`",
            )
        failure = pipelines.failure_of(found)
        if failure is not None:
            raise failure
        return transition

    def pipelines(self, stage_ref: str, *, limit: int = 10) -> list[Pipeline]:
        """The newest pipelines of a stage, newest first."""
        ref = addresses.stage_ref(stage_ref)
        with self._context.read() as connection:
            _, stage = addresses.stage(connection, ref.model, ref.stage)
            return pipeline_rows.latest(connection, stage.id, limit)

    def running_pipelines(self) -> list[Pipeline]:
        """Every pipeline whose journal is open."""
        with self._context.read() as connection:
            return pipeline_rows.all_running(connection)

    def cancel_pipeline(self, stage_ref: str) -> Pipeline:
        """Ask the pipeline that moves a stage to take itself back."""
        return pipelines.cancel(self._context, stage_ref)

    def bind_stage(self, stage_ref: str, **changes: Any) -> StageSettings:
        """Bind a stage to a directory, or change how; fields as `lineal.records.releases.StageSettings`."""
        return bindings.bind(self._context, stage_ref, changes)

    def unbind_stage(self, stage_ref: str) -> StageSettings:
        """Make a stage a pointer only; what lies in its directory stays there."""
        return bindings.unbind(self._context, stage_ref)

    def binding(self, stage_ref: str) -> StageSettings | None:
        """How a stage is bound; None for a pointer only."""
        ref = addresses.stage_ref(stage_ref)
        with self._context.read() as connection:
            _, stage = addresses.stage(connection, ref.model, ref.stage)
            return release_rows.settings(connection, stage.id)

    def stage_state(self, stage_ref: str) -> StageState:
        """Everything about a stage on this machine."""
        return bindings.state(self._context, stage_ref)

    def examine(self) -> list[Finding]:
        """Compare the registry with the disk; changes nothing."""
        return doctor.examine(self._context)

    def repair(self) -> list[Mended]:
        """Mend what does not agree between the registry and the disk, and say what was done."""
        return doctor.repair(self._context)

    def export(self, ref: str, to: str) -> str:
        """A version as a document for others: `card` (a Hugging Face model card) or `mlbom` (CycloneDX 1.6).

        Raises:
            NotFound: there is no such version.
            BadValue: there is no such format.
        """
        return exchange.export(self._context, ref, to)

    def export_bundle(self, ref: str, stream: IO[bytes], *, progress: Callable[[int], None] = lambda _: None) -> int:
        """Write a version with its lineage and its files to a stream; returns the bytes of files written."""
        return exchange.export_bundle(self._context, ref, stream, progress=progress)

    def recipe(self, ref: str) -> Recipe:
        """What it takes to train a version, or do a run, again."""
        from lineal import reproduction  # noqa: PLC0415  rarely needed

        return reproduction.recipe(self._context, ref)

    def compare_with_machine(self, recipe: Recipe, *, here: StrPath = ".") -> list[Compared]:
        """Compare what a run had with this machine; `here` is a folder in a clone of its repository."""
        from lineal import reproduction  # noqa: PLC0415  rarely needed

        return list(reproduction.compare(self._context, recipe, Path(here)))

    def prepare(self, recipe: Recipe, into: StrPath, *, here: StrPath = ".") -> Prepared:
        """Make a folder in which a run can be done again; see `lineal.preparation.prepare`."""
        from lineal import preparation  # noqa: PLC0415  rarely needed

        return preparation.prepare(self._context, recipe, Path(into), Path(here))

    def import_bundle(
        self, stream: IO[bytes], *, name: str = "bundle", progress: Callable[[int], None] = lambda _: None
    ) -> Brought:
        """Bring the version of a bundle here with its lineage, under the same uids and digests.

        Raises:
            Damaged: it is no bundle, or something in it is not what its digest says; nothing is recorded.
            AlreadyExists: another version has its label.
        """
        return exchange.import_bundle(self._context, stream, name=name, progress=progress)

    def current(self, model: str, stage: str) -> Path:
        """The folder of the live release, resolved once, so that files of two releases never mix.

        Raises:
            Refused: the stage is bound to no directory.
            NothingLive: nothing is live there.
        """
        return bindings.current(self._context, model, stage)

    def promote(self, ref: str, stage: str, *, reason: str | None = None) -> Transition | None:
        """Make a version live at a stage; None when it was already."""
        return self.execute(self.plan_promote(ref, stage, reason=reason, with_diff=False))

    def rollback(
        self, stage_ref: str, *, to: str | None = None, reason: str | None = None, bad: bool = False
    ) -> Transition:
        """Put back what was live at a stage before."""
        return _done(self.execute(self.plan_rollback(stage_ref, to=to, reason=reason, with_diff=False), bad=bad))

    def undo(self, stage_ref: str, *, reason: str | None = None) -> Transition:
        """Take the last transition of a stage back; an undo of an undo is a redo."""
        return _done(self.execute(self.plan_undo(stage_ref, reason=reason, with_diff=False)))

    def clear(self, stage_ref: str, *, reason: str | None = None) -> Transition:
        """Make nothing live at a stage."""
        return _done(self.execute(self.plan_clear(stage_ref, reason=reason)))


def _done(transition: Transition | None) -> Transition:
    if transition is None:
        raise Conflict(what="the transition", why="nothing was to do")
    return transition


def _one_of(words: type[_Word], field: str, value: str) -> _Word:
    try:
        return words(value)
    except ValueError as error:
        raise BadValue(field=field, value=value, why=f"known are {', '.join(words)}") from error
