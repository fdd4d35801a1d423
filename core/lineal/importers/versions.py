"""Puts another program's models and versions into the registry, each version as one of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal import addresses
from lineal.importers.mapping import fitting, told_apart, value
from lineal.importers.reading import identity
from lineal.importers.runs import our_run_id
from lineal.queries import artifacts as artifact_rows
from lineal.queries import datasets as dataset_rows
from lineal.queries import endings as ending_rows
from lineal.queries import imports as rows
from lineal.queries import metrics as metric_rows
from lineal.queries import models as model_rows
from lineal.queries import names as name_rows
from lineal.queries import runs as run_rows
from lineal.queries import stages as stage_rows
from lineal.queries import versions as version_rows
from lineal.records.base import Actor, Micros, Scalar, Uid
from lineal.records.models import Scheme, VersionStatus
from lineal.rules import naming
from lineal.versioning import artifacts
from lineal.versioning.versions import FIRST_STAGES, choose_primary
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from lineal.importers.data import DataWriter
    from lineal.importers.files import FileTaker, Taken
    from lineal.importers.reading import Reader
    from lineal.importers.tally import Tally
    from lineal.records.imports import ForeignModel, ForeignVersion
    from lineal.records.models import Version
    from lineal.records.runs import Run
    from lineal.rules.naming import NextLabel
    from lineal.write_path.context import Change, Context


class VersionWriter:
    """Brings models and their versions from one store."""

    def __init__(
        self, context: Context, reader: Reader, source: int, tally: Tally, data: DataWriter, files: FileTaker
    ) -> None:
        """Write what `reader` reads from the store in row `source`."""
        self._context = context
        self._reader = reader
        self._source = source
        self._tally = tally
        self._data = data
        self._files = files

    def model(self, foreign: ForeignModel) -> tuple[int, str]:
        """Bring a model: its row number and name here."""
        self._tally.found("model")
        with self._context.read() as connection:
            known = rows.known(connection, self._source, "model", [foreign.id]).get(foreign.id)
            if known is not None:
                return known[0], model_rows.name_of(connection, known[0])
        with self._context.change(Permission.IMPORT, foreign.name) as change:
            return self._insert_model(change, foreign)

    def _insert_model(self, change: Change, foreign: ForeignModel) -> tuple[int, str]:
        connection = change.connection
        name, why = fitting(naming.check_model_name, foreign.name)
        base, count = name, 1
        while model_rows.model_id(connection, name) is not None:
            suffix = self._reader.store.program if count == 1 else f"{self._reader.store.program}-{count}"
            name, count = f"{base[:100]}-{suffix}", count + 1
            why = "there is a model of this name here that did not come from there"
        if why is not None:
            self._tally.changed("model", foreign.name, f"here it is {name}: {why}")
        scheme = Scheme.SEQUENCE if foreign.is_registered else Scheme.EXPERIMENT
        number = model_rows.insert(connection, name, scheme, foreign.created_at or change.at, change.actor.user)
        for position, stage in enumerate(FIRST_STAGES):
            stage_rows.insert_stage(connection, number, stage, position)
        if foreign.notes:
            model_rows.describe(connection, number, "notes", foreign.notes[: naming.MAX_TEXT])
        name_rows.set_tags(connection, "model", number, self._tags(f"model {name}", foreign.tags))
        rows.remember(connection, self._source, "model", foreign.id, number, "")
        change.record("model_created", name, scheme=scheme, stages=list(FIRST_STAGES), source=self._reader.store.uid)
        self._tally.added("model")
        return number, name

    def versions(self, foreign: ForeignModel, model: int, name: str) -> None:
        """Bring the versions of a model that are not here, and files that were missing."""
        for version in self._reader.versions(foreign):
            self._tally.found("version")
            with self._context.read() as connection:
                known = rows.known(connection, self._source, "version", [version.id]).get(version.id)
                here = None if known is None else version_rows.by_id(connection, known[0])
                is_purged = here is not None and ending_rows.is_purged(connection, here.id)
            if here is None:
                self._bring(version, model, name)
            else:
                if known is not None and known[1] is None and not is_purged:
                    self._add_files(version, here)
                if version.is_deleted and here.status is not VersionStatus.RETIRED:
                    self._tally.changed("version", here.ref, "it was deleted there since; here it stays as it is")
            self._tally.went_on(1)

    def _bring(self, version: ForeignVersion, model: int, name: str) -> None:
        with self._context.storing() as objects:
            taken = self._files.take(objects, version.files, f"{name} {version.number or version.id}")
            self._reader.check()
            with self._context.change(Permission.IMPORT, name) as change:
                self._insert(change, version, model, name, taken)
        self._tally.added("version")
        if taken is not None:
            self._tally.found("file", len(taken.artifact.files))
            self._tally.added("file", len(taken.artifact.files))

    def _add_files(self, version: ForeignVersion, here: Version) -> None:
        with self._context.storing() as objects:
            taken = self._files.take(objects, version.files, here.ref)
            if taken is None:
                return
            with self._context.change(Permission.IMPORT, here.ref) as change:
                connection = change.connection
                artifact, architecture = _stored(change, taken)
                rows.add_files(connection, here.id, artifact, architecture, taken.signature)
                rows.remember(connection, self._source, "version", version.id, here.id, version.mark)
                self._record(change, "version_registered", addresses.must_have(connection, here.id), version)
        self._tally.updated("version")
        self._tally.found("file", len(taken.artifact.files))
        self._tally.added("file", len(taken.artifact.files))

    def _insert(self, change: Change, version: ForeignVersion, model: int, name: str, taken: Taken | None) -> None:
        connection = change.connection
        uid = Uid(identity(self._reader.store.uid, "version", version.id))
        mark = version.mark if taken is not None else None
        number = rows.version_by_uid(connection, uid)
        if number is not None:
            rows.remember(connection, self._source, "version", version.id, number, version.mark)
            self._tally.changed("version", f"{name} {version.number or version.id}", "it came here another way before")
            change.record("version_recognised", addresses.must_have(connection, number).ref, uid=uid)
            return
        run = self._run(connection, version, name)
        seq, label = self._label(connection, version, model, name, run)
        created = version.created_at or (None if run is None else run.ended_at) or change.at
        user = (version.user or (None if run is None else run.actor) or change.actor.user)[:250]
        artifact, architecture = (None, None) if taken is None else _stored(change, taken)
        number = version_rows.insert(
            connection,
            uid=uid,
            model=model,
            seq=seq,
            label=label.label,
            label_reason=label.reason,
            run=None if run is None else run.n,
            artifact=artifact,
            architecture=architecture,
            signature=None if taken is None else taken.signature,
            owner=None,
            purpose=None,
            notes=None if version.notes is None else version.notes[: naming.MAX_TEXT].replace("\0", ""),
            at=created,
            actor=Actor(user, change.actor.uid),
        )
        metrics = self._facts(change, version, run, number, user)
        name_rows.set_tags(connection, "version", number, self._tags(f"{name}:{label.label}", version.tags))
        self._choose_primary(connection, name, metrics)
        rows.remember(connection, self._source, "version", version.id, number, mark)
        brought = addresses.must_have(connection, number)
        # A version whose files are still to come is registered when they do: the log's word on them is final.
        self._record(change, "version_imported" if mark is None else "version_registered", brought, version)
        if version.is_deleted:
            reason = f"deleted in {self._reader.store.program}"
            ending_rows.retire(connection, number, change.at, change.actor, reason, None)
            change.record("version_retired", brought.ref, reason=reason, successor=None, digest=brought.digest)

    def _record(self, change: Change, action: str, brought: Version, version: ForeignVersion) -> None:
        change.record(
            action,
            brought.ref,
            uid=brought.uid,
            seq=brought.seq,
            digest=brought.digest,
            run=brought.run,
            source=self._reader.store.uid,
            imported=version.id,
        )

    def _run(self, connection: sqlite3.Connection, version: ForeignVersion, name: str) -> Run | None:
        if version.run is None:
            return None
        ours = our_run_id(self._reader.store.uid, version.run)
        number = rows.run_numbers(connection, [ours]).get(ours)
        if number is None:
            of = f"{name} {version.number or version.id}"
            self._tally.lost("version", of, f"the run {version.run} that produced it is not there")
            return None
        return run_rows.run(connection, number)

    def _label(
        self, connection: sqlite3.Connection, version: ForeignVersion, model: int, name: str, run: Run | None
    ) -> tuple[int, NextLabel]:
        def taken(label: str) -> bool:
            return version_rows.label_is_taken(connection, model, label)

        program = self._reader.store.program
        if version.number is None:
            seq = version_rows.next_seq(connection, model)
            label = None if run is not None else fitting(naming.check_label, version.id)[0]
            return seq, naming.next_label(
                Scheme.EXPERIMENT,
                existing=taken,
                ended_at=version.created_at or Micros(0),
                seq=seq,
                label=label,
                run_name=None if run is None else run.name,
                experiment=None if run is None else run.experiment,
            )
        seq, label = version.number, str(version.number)
        reason = f"sequence: its number in {program}"
        if seq < 1 or rows.seq_is_taken(connection, model, seq) or taken(label):
            seq, label = version_rows.next_seq(connection, model), f"{version.number}-{program}"
            while taken(label):
                label += "-2"
            reason = f"number {version.number} was given here before"
            self._tally.changed("version", f"{name} {version.number}", f"here it is {label}: {reason}")
        return seq, naming.NextLabel(label, reason)

    def _facts(
        self, change: Change, version: ForeignVersion, run: Run | None, number: int, user: str
    ) -> dict[str, tuple[float, int | None]]:
        """Fix params, metrics and data: those of the run, then what only the model itself has; returns the metrics."""
        connection = change.connection
        params: dict[str, Scalar] = {}
        metrics: dict[str, tuple[float, int | None]] = {}
        if run is not None:
            params |= run_rows.params_of(connection, [run.n])[run.n]
            for series in metric_rows.series_of(connection, [run.n])[run.n]:
                metrics[series.name] = (series.last, None)
            used = dataset_rows.used_by_runs(connection, [run.n])[run.n]
            data = [(addresses.dataset_version(connection, each.name, each.label).id, each.role) for each in used]
            version_rows.insert_datasets(connection, number, data)
        params |= {_kept(naming.check_param_name, key): value(text) for key, text in version.params.items()}
        at = version.created_at or change.at
        for metric in version.metrics:
            on = None if metric.data is None else self._data.version(change, metric.data, at=at, user=user)
            name = _kept(naming.check_metric_name, metric.name)
            known = metrics.get(name)
            # Of a metric's history MLflow keeps with a model whatever was linked to it, often the first value only.
            if known is None or (on is not None and known[0] == metric.value):
                metrics[name] = (metric.value, on)
        version_rows.insert_params(connection, number, params)
        version_rows.insert_metrics(connection, number, metrics)
        return metrics

    def _choose_primary(self, connection: sqlite3.Connection, name: str, metrics: Mapping[str, object]) -> None:
        model = addresses.model(connection, name)
        if model.primary_metric is None:
            choose_primary(connection, model.id, metrics)

    def _tags(self, whose: str, tags: Mapping[str, str]) -> dict[str, str]:
        kept = {}
        for name, text in tags.items():
            if "\0" in text or len(text) > naming.MAX_TEXT:
                self._tally.lost("tag", f"{name} of {whose}", "its value cannot be kept")
                continue
            kept[_kept(naming.check_tag_name, name)] = text
        self._tally.found("tag", len(tags))
        self._tally.added("tag", len(kept))
        return kept


def _stored(change: Change, taken: Taken) -> tuple[int, int | None]:
    artifacts.check_claims(change.connection, taken.artifact)
    artifact = artifact_rows.insert(change.connection, taken.artifact, taken.architecture, change.at)
    if taken.architecture is None:
        return artifact, None
    return artifact, artifact_rows.intern_architecture(change.connection, taken.architecture)


def _kept(check: Callable[[str], str], name: str) -> str:
    kept, why = fitting(check, name)
    return kept if why is None else told_apart(kept, name)
