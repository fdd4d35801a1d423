"""Recording runs, data and versions, and describing them."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lineal.errors import BadValue
from lineal.facade.door import address_of
from lineal.facade.reading import Reading
from lineal.machine.lazily import Later
from lineal.rules.values import plain_params

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lineal.facade.door import Address, StrPath
    from lineal.records.data import DatasetVersion, Measured
    from lineal.records.imports import Imported
    from lineal.records.models import Bump, Scheme, Version, VersionStatus
    from lineal.records.stages import Stage
    from lineal.staging import stages
    from lineal.training import runs
    from lineal.training.recording import RunHandle
else:
    # What most commands leave untouched; start-up is measured.
    runs = Later("lineal.training.runs")
    stages = Later("lineal.staging.stages")

_Word = TypeVar("_Word", bound=StrEnum)


class Changing(Reading):
    """What changes a registry's records."""

    def start_run(
        self,
        experiment: str,
        *,
        params: Mapping[str, object] | None = None,
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
        from lineal.records.runs import RunKind  # noqa: PLC0415
        from lineal.training import code, environment, runs  # noqa: PLC0415
        from lineal.training.recording import RunHandle  # noqa: PLC0415

        if kind not in set(RunKind):
            raise BadValue(field="kind", value=kind, why=f"known are {', '.join(RunKind)}")
        source = code.capture_recent(Path.cwd() if folder is None else Path(folder))
        new = runs.NewRun(
            experiment=experiment,
            name=name,
            kind=RunKind(kind),
            parent=parent.ref if isinstance(parent, RunHandle) else parent,
            params=None if params is None else plain_params(params),
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

    def log_params(self, run: str, params: Mapping[str, object]) -> None:
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
        parents: Sequence[Address] = (),
        parent: Address | None = None,
        run: RunHandle | str | None = None,
        datasets: Sequence[Address] = (),
        params: Mapping[str, object] | None = None,
        metrics: Mapping[str, float] | None = None,
        measured_on: Address | None = None,
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
        from lineal.records.models import Bump, Scheme  # noqa: PLC0415
        from lineal.versioning import versions  # noqa: PLC0415  brings the formats, which readers never need

        if run is not None and not isinstance(run, str):
            run.flush()  # its metrics are taken over from the registry
        new = versions.NewVersion(
            model=model,
            paths=tuple(Path(path) for path in paths),
            label=label,
            bump=None if bump is None else _one_of(Bump, "bump", bump),
            scheme=None if scheme is None else _one_of(Scheme, "scheme", scheme),
            parents=tuple(address_of(each) for each in (*(() if parent is None else (parent,)), *parents)),
            run=run if run is None or isinstance(run, str) else run.ref,
            datasets=tuple(address_of(each) for each in datasets),
            measured_on=None if measured_on is None else address_of(measured_on),
            params=plain_params(params or {}),
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
        from lineal.training import datasets  # noqa: PLC0415  brings the formats, which readers never need

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

    def set(self, ref: Address, fields: Mapping[str, str | float | None]) -> str:
        """Set fields of a thing; see `lineal.versioning.descriptions.describe`."""
        from lineal.versioning.descriptions import describe  # noqa: PLC0415  only changes need it

        return describe(self._context, address_of(ref), fields)

    def evaluate(self, ref: Address, metrics: Mapping[str, float], *, measured_on: str | None = None) -> Version:
        """Add what a later evaluation of a version found."""
        from lineal.versioning import versions  # noqa: PLC0415  brings the formats, which readers never need

        return versions.evaluate(self._context, address_of(ref), metrics, measured_on=measured_on)

    def mark(self, ref: Address, status: VersionStatus | str, *, reason: str | None = None) -> Version:
        """Mark a version as `bad`, or as `active` again."""
        from lineal.records.models import VersionStatus  # noqa: PLC0415
        from lineal.versioning import versions  # noqa: PLC0415  brings the formats, which readers never need

        return versions.mark(self._context, address_of(ref), _one_of(VersionStatus, "status", status), reason=reason)

    def add_stage(self, model: str, name: str, *, after: str | None = None) -> Stage:
        """Declare a stage of a model, after another or at the end."""
        return stages.add_stage(self._context, model, name, after=after)

    def remove_stage(self, stage_ref: str) -> Stage:
        """Take back that a stage was declared, as long as it was never used."""
        return stages.remove_stage(self._context, stage_ref)


def _one_of(words: type[_Word], field: str, value: str) -> _Word:
    try:
        return words(value)
    except ValueError as error:
        raise BadValue(field=field, value=value, why=f"known are {', '.join(words)}") from error
