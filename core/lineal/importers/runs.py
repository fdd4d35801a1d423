"""Puts another program's experiments and runs into the registry, in transactions of bounded size."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from lineal.data.fingerprint import digest_bytes
from lineal.errors import BadValue
from lineal.importers.data import DataWriter
from lineal.importers.mapping import fitting, role, told_apart, value
from lineal.importers.reading import identity
from lineal.queries import datasets as dataset_rows
from lineal.queries import imports as rows
from lineal.queries import metrics as metric_rows
from lineal.queries import names as name_rows
from lineal.queries import runs as run_rows
from lineal.records.base import Actor, RunId, Scalar
from lineal.records.runs import CodeState, RunKind, RunStatus
from lineal.rules import naming
from lineal.rules.canonical import canonical_json
from lineal.rules.metrics import guess_direction
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from lineal.importers.reading import Reader
    from lineal.importers.tally import Tally
    from lineal.records.imports import ForeignExperiment, ForeignRun, ForeignSeries
    from lineal.records.runs import Direction
    from lineal.write_path.context import Change, Context

TOGETHER = 20_000
"""Points that are written in one transaction: others wait for it, and it is kept in memory."""

_ID = re.compile(r"[0-9a-f]{32}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_LOGIN = re.compile(r"(://)[^/\s@]*@")


def our_run_id(store: str, run: str) -> RunId:
    """The id that a run has here: its own, or for one that is no id here, one worked out from it."""
    return RunId(run if _ID.fullmatch(run) else identity(store, "run", run).replace("-", ""))


class RunWriter:
    """Brings experiments and runs from one store."""

    def __init__(self, context: Context, reader: Reader, source: int, tally: Tally) -> None:
        """Write what `reader` reads from the store in row `source`."""
        self._context = context
        self._reader = reader
        self._source = source
        self._tally = tally
        self.data = DataWriter(source, reader.store.program, tally)
        self._experiments: dict[str, tuple[int, str]] = {}
        self._names: dict[str, int] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._directions: dict[str, Direction | None] = {}

    def experiments(self) -> None:
        """Bring all experiments."""
        with self._context.change(Permission.IMPORT, self._reader.store.path) as change:
            for foreign in self._reader.experiments():
                self._tally.found("experiment")
                self._experiments[foreign.id] = self._experiment(change, foreign)

    def _experiment(self, change: Change, foreign: ForeignExperiment) -> tuple[int, str]:
        connection = change.connection
        name, why = fitting(naming.check_experiment_name, foreign.name)
        known = rows.known(connection, self._source, "experiment", [foreign.id]).get(foreign.id)
        if known is not None:
            return known[0], name
        number = run_rows.experiment_id(connection, name)
        if number is not None:
            self._tally.changed("experiment", name, "there is one of this name here; the runs are added to it")
        else:
            number = run_rows.insert_experiment(connection, name, foreign.created_at or change.at, change.actor.user)
            if foreign.notes:
                run_rows.describe_experiment(connection, number, "notes", foreign.notes[: naming.MAX_TEXT])
            name_rows.set_tags(connection, "experiment", number, self._texts("tag", f"exp:{name}", foreign.tags))
            if why is not None:
                self._tally.changed("experiment", foreign.name, f"here it is {name}: {why}")
            if foreign.is_deleted:
                self._tally.changed("experiment", name, "it was deleted there; here it has a tag that says so")
            self._tally.added("experiment")
        rows.remember(connection, self._source, "experiment", foreign.id, number, "")
        change.record("experiment_imported", f"exp:{name}", source=self._reader.store.uid, id=foreign.id)
        return number, name

    def runs(self) -> None:
        """Bring all runs that are new, or that changed since they were brought."""
        for page in self._reader.run_marks():
            marks = dict(page)
            with self._context.read() as connection:
                known = rows.known(connection, self._source, "run", marks)
            wanted = [run for run, mark in page if mark is None or known.get(run, (0, None))[1] != mark]
            self._tally.found("run", len(page))
            if wanted:
                self._bring(self._in_order(self._reader.runs(wanted)))
            self._tally.went_on(len(page))

    def _in_order(self, runs: list[ForeignRun]) -> list[ForeignRun]:
        """Runs behind their parents, which are fetched where they are not here yet."""
        found = {run.id: run for run in runs}
        missing = {run.parent for run in runs if run.parent is not None} - found.keys()
        while missing:
            with self._context.read() as connection:
                here = rows.run_numbers(connection, [self._ours(each) for each in missing])
            fetched = self._reader.runs([each for each in missing if self._ours(each) not in here])
            found |= {run.id: run for run in fetched}
            missing = {run.parent for run in fetched if run.parent is not None} - found.keys()
        ordered: dict[str, ForeignRun] = {}
        for run in found.values():
            line = []
            each: ForeignRun | None = run
            while each is not None and each.id not in ordered and each not in line:
                line.append(each)
                each = None if each.parent is None else found.get(each.parent)
            ordered |= {one.id: one for one in reversed(line)}
        return list(ordered.values())

    def _ours(self, run: str) -> RunId:
        return our_run_id(self._reader.store.uid, run)

    def _bring(self, runs: list[ForeignRun]) -> None:
        """Write runs with their histories: all in one transaction where it is small enough."""
        for run in [run for run in runs if run.experiment not in self._experiments]:
            self._tally.lost("run", run.id, f"its experiment {run.experiment} is not there")
            runs.remove(run)
        batches = _batches(self._reader.series([run.id for run in runs]))
        batch = next(batches, [])
        following = next(batches, None)
        self._reader.check()
        with self._context.change(Permission.IMPORT, self._reader.store.path) as change:
            numbers, before = self._heads(change, runs)
            self._points(change.connection, numbers, before, batch)
            if following is None:
                self._marks(change.connection, numbers, runs)
        while following is not None:
            batch, following = following, next(batches, None)
            self._reader.check()
            with self._context.measure(self._reader.store.path) as connection:
                self._points(connection, numbers, before, batch)
                if following is None:
                    self._marks(connection, numbers, runs)

    def _heads(self, change: Change, runs: list[ForeignRun]) -> tuple[dict[str, int], frozenset[str]]:
        """Write all of some runs but their histories: their row numbers, and which were here before."""
        connection = change.connection
        here = rows.run_numbers(connection, [self._ours(run.id) for run in runs])
        numbers: dict[str, int] = {}
        told: dict[str, list[str]] = {}
        before = set()
        for run in runs:
            ours = self._ours(run.id)
            if ours != run.id:
                self._tally.changed("run", run.id, f"here it is {ours}: an id is 32 hexadecimal digits")
            if ours in here:
                before.add(run.id)
                numbers[run.id] = here[ours]
                if self._update(change, run, here[ours]):
                    self._tally.updated("run")
            else:
                numbers[run.id] = self._insert(change, run, ours, numbers)
                self._tally.added("run")
                told.setdefault(self._experiments[run.experiment][1], []).append(ours)
            rows.remember(connection, self._source, "run", run.id, numbers[run.id], None)
        for experiment, ids in told.items():
            change.record("runs_imported", f"exp:{experiment}", source=self._reader.store.uid, runs=ids)
        if before:
            ids = sorted(self._ours(run) for run in before)
            change.record("runs_imported_again", self._reader.store.path, source=self._reader.store.uid, runs=ids)
        return numbers, frozenset(before)

    def _insert(self, change: Change, run: ForeignRun, ours: RunId, numbers: Mapping[str, int]) -> int:
        connection = change.connection
        started = run.started_at if run.started_at is not None else run.ended_at or change.at
        user = (run.user or change.actor.user)[:250]
        number = run_rows.insert(
            connection,
            run_id=ours,
            experiment_number=self._experiments[run.experiment][0],
            name=self._named(run),
            kind=RunKind.TRAIN,
            at=started,
            actor=Actor(user, change.actor.uid),
            parent=self._parent(connection, run, numbers),
            command=None,
            seed=None,
            code=_code(connection, run.tags),
            environment=None,
            process=None,
        )
        if run.status is not RunStatus.RUNNING:
            run_rows.finish(connection, number, run.status, run.ended_at or started, None)
        params = self._params(run)
        run_rows.set_params(connection, number, params)
        tags = self._texts("tag", f"run {run.id}", run.tags)
        name_rows.set_tags(connection, "run", number, tags)
        for used in run.inputs:
            data = self.data.version(change, used.data, at=started, user=user)
            dataset_rows.add_run_input(connection, number, data, role(used.role))
        for kind, count in (("param", len(params)), ("tag", len(tags)), ("input", len(run.inputs))):
            self._tally.added(kind, count)
        for kind, there in (("param", run.params), ("tag", run.tags), ("input", run.inputs)):
            self._tally.found(kind, len(there))
        return number

    def _named(self, run: ForeignRun) -> str:
        try:
            return naming.check_text("run name", run.name, 250)
        except BadValue as error:
            name = "".join(c for c in run.name.encode(errors="replace").decode() if c != "\0")[:250]
            self._tally.changed("run", run.id, f"its name was cut: {error.data['why']}")
            return name or run.id[:8]

    def _parent(self, connection: sqlite3.Connection, run: ForeignRun, numbers: Mapping[str, int]) -> int | None:
        if run.parent is None:
            return None
        found = numbers.get(run.parent)
        if found is None:
            found = rows.run_numbers(connection, [self._ours(run.parent)]).get(self._ours(run.parent))
        if found is None:
            self._tally.lost("run", run.id, f"the run {run.parent} that it is part of is not there, or part of it")
        return found

    def _update(self, change: Change, run: ForeignRun, number: int) -> bool:
        """Bring what may have been added to a run that is here; whether its end was."""
        connection = change.connection
        params = self._params(run)
        clashes = run_rows.set_params(connection, number, params)
        for name in clashes:
            self._tally.lost("param", f"{name} of run {run.id}", "it has another value here, which stays")
        name_rows.set_tags(connection, "run", number, self._texts("tag", f"run {run.id}", run.tags))
        for used in run.inputs:
            data = self.data.version(change, used.data, at=run.started_at or change.at, user=change.actor.user)
            dataset_rows.add_run_input(connection, number, data, role(used.role))
        known = run_rows.run(connection, number)
        if (
            known is None
            or run.status is RunStatus.RUNNING
            or (known.status, known.ended_at) == (run.status, run.ended_at)
        ):
            return False
        run_rows.finish(connection, number, run.status, run.ended_at or known.started_at, None)
        return True

    def _params(self, run: ForeignRun) -> dict[str, Scalar]:
        return {name: value(text) for name, text in self._texts("param", f"run {run.id}", run.params).items()}

    def _texts(self, kind: str, whose: str, texts: Mapping[str, str]) -> dict[str, str]:
        """Names and values that can be kept; the rest is told."""
        kept = {}
        for name, text in texts.items():
            try:
                kept[self._key(kind, name, whose)] = naming.check_text(kind, text)
            except BadValue as error:
                self._tally.lost(kind, f"{name} of {whose}", str(error.data["why"]))
        return kept

    def _key(self, kind: str, name: str, whose: str) -> str:
        known = self._keys.get((kind, name))
        if known is None:
            check: Callable[[str], str] = getattr(naming, f"check_{kind}_name")
            known, why = fitting(check, name)
            if why is not None:
                known = told_apart(known, name)
                self._tally.changed(kind, f"{name} of {whose}", f"here and in every run it is {known}: {why}")
            self._keys[kind, name] = known
        return known

    def _points(
        self,
        connection: sqlite3.Connection,
        numbers: Mapping[str, int],
        before: Collection[str],
        batch: list[ForeignSeries],
    ) -> None:
        for series in batch:
            name = self._key("metric", series.name, f"run {series.run}")
            if name not in self._names:
                self._names |= name_rows.intern(connection, [name])
                self._directions[name] = guess_direction(name)
            run, name_id = numbers[series.run], self._names[name]
            points = series.points
            if series.run in before:
                points = tuple(rows.missing_points(connection, run, name_id, points))
            self._tally.found("metric point", len(series.points))
            if points:
                metric_rows.append(connection, run, name_id, None, self._directions[name], points)
                self._tally.added("metric point", len(points))

    def _marks(self, connection: sqlite3.Connection, numbers: Mapping[str, int], runs: list[ForeignRun]) -> None:
        for run in runs:
            rows.remember(connection, self._source, "run", run.id, numbers[run.id], run.mark)


def _batches(series: Iterable[ForeignSeries]) -> Iterator[list[ForeignSeries]]:
    batch: list[ForeignSeries] = []
    count = 0
    for part in series:
        batch.append(part)
        count += len(part.points)
        if count >= TOGETHER:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def _code(connection: sqlite3.Connection, tags: Mapping[str, str]) -> int | None:
    commit = tags.get("mlflow.source.git.commit", "")
    if not _COMMIT.fullmatch(commit):
        return None
    remote = tags.get("mlflow.source.git.repoURL")
    code = CodeState(
        commit=commit,
        branch=tags.get("mlflow.source.git.branch"),
        dirty=tags.get("mlflow.source.git.dirty", "").lower() == "true",
        repository=None,
        remote=None if remote is None else _LOGIN.sub(r"\1", remote),
    )
    return run_rows.intern_code(connection, digest_bytes(canonical_json(asdict(code)).encode()), code)
