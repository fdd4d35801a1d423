"""Lists, pages and details: everything that is read from a registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lineal import addresses
from lineal.facade.finding import Addressed
from lineal.machine.lazily import Later
from lineal.queries import models as model_rows
from lineal.queries import registered as registered_rows
from lineal.queries import stages as stage_rows
from lineal.queries import versions as version_rows
from lineal.staging import histories

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from lineal.facade.door import StrPath
    from lineal.queries import datasets as dataset_rows
    from lineal.queries import matches as match_rows
    from lineal.queries import metrics as metric_rows
    from lineal.queries import runs as run_rows
    from lineal.records.base import Micros
    from lineal.records.comparison import Diff, TreeRow
    from lineal.records.data import Dataset, DatasetVersion
    from lineal.records.models import Model, Version, VersionDetail
    from lineal.records.reproduction import Compared, Prepared, Recipe
    from lineal.records.runs import Experiment, Point, Run, RunDetail
    from lineal.records.stages import LiveVersion, Stage, Transition
    from lineal.staging import stages
    from lineal.training import runs
    from lineal.versioning import details
else:
    # What most commands leave untouched; start-up is measured.
    details = Later("lineal.versioning.details")
    runs = Later("lineal.training.runs")
    stages = Later("lineal.staging.stages")
    dataset_rows = Later("lineal.queries.datasets")
    match_rows = Later("lineal.queries.matches")
    metric_rows = Later("lineal.queries.metrics")
    run_rows = Later("lineal.queries.runs")


class Reading(Addressed):
    """What a registry tells."""

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
            return registered_rows.values_of(connection, [version.id for version in versions], metric)

    def tree(self, model: str) -> list[tuple[Version, TreeRow]]:
        """All versions of a model with their rows of the drawn tree, newest first."""
        from lineal.versioning.tree import draw  # noqa: PLC0415  only trees are drawn

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
        outer: bool = False,
    ) -> list[Run]:
        """Part of the runs of an experiment or of all, latest first.

        Args:
            experiment: its name; None for all.
            before: those before this start and row number.
            after: those next after it.
            limit: how many.
            skip: leave out so many of the latest; not with `after`.
            outer: leave out those whose parent is of the same experiment.
        """
        with self._context.read() as connection:
            number = self._experiment_number(connection, experiment)
            if after is not None:
                return run_rows.page_after(connection, number, after=after, limit=limit, outer=outer)
            return run_rows.page(connection, number, before=before, limit=limit, skip=skip, outer=outer)

    def runs_later(self, than: tuple[Micros, int], experiment: str | None = None, *, outer: bool = False) -> int:
        """How many runs of an experiment or of all started after this start and row number; `outer` as `runs_page`."""
        with self._context.read() as connection:
            number = self._experiment_number(connection, experiment)
            return run_rows.later(connection, number, than=than, outer=outer)

    def run_count(self, experiment: str | None = None, *, outer: bool = False) -> int:
        """How many runs there are, of an experiment or of all; `outer` as `runs_page`."""
        with self._context.read() as connection:
            return run_rows.count(connection, self._experiment_number(connection, experiment), outer=outer)

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

    def diff(
        self,
        *versions: Version | str,
        baseline: Version | str | None = None,
        code: bool = False,
        here: StrPath | None = None,
    ) -> Diff:
        """Two or more versions, or two or more runs, side by side; the first is the baseline unless another is named.

        Args:
            versions: what is compared.
            baseline: what the others are held against; it comes first, whether or not it is among them.
            code: whether to ask git, where a repository is at hand, what lies between the commits.
            here: a folder in a clone, for code whose own work tree is not on this machine.

        Raises:
            BadValue: versions and runs are mixed.
            UsageError: there are fewer than two.
        """
        from lineal.versioning import comparing  # noqa: PLC0415  only comparisons need it

        folder = None if here is None else Path(here).absolute()
        return comparing.compare(self._context, versions, baseline=baseline, code=code, here=folder)

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

    def recipe(self, ref: str) -> Recipe:
        """What it takes to train a version, or do a run, again."""
        from lineal.versioning import reproduction  # noqa: PLC0415  rarely needed

        return reproduction.recipe(self._context, ref)

    def compare_with_machine(self, recipe: Recipe, *, here: StrPath = ".") -> list[Compared]:
        """Compare what a run had with this machine; `here` is a folder in a clone of its repository."""
        from lineal.versioning import reproduction  # noqa: PLC0415  rarely needed

        return list(reproduction.compare(self._context, recipe, Path(here)))

    def prepare(self, recipe: Recipe, into: StrPath, *, here: StrPath = ".") -> Prepared:
        """Make a folder in which a run can be done again; see `lineal.versioning.preparation.prepare`."""
        from lineal.versioning import preparation  # noqa: PLC0415  rarely needed

        return preparation.prepare(self._context, recipe, Path(into), Path(here))
