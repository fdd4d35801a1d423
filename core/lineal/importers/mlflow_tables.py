"""Reads MLflow's SQLite stores, 2.0 to 3.18, by their tables; MLflow itself is not needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.errors import Damaged
from lineal.importers import mlflow_words as words
from lineal.importers.mlflow_models import ModelTables, named
from lineal.importers.reading import PAGE, SqliteFile, identity, in_parts
from lineal.records.base import Micros
from lineal.records.imports import (
    ForeignData,
    ForeignExperiment,
    ForeignInput,
    ForeignModel,
    ForeignStore,
    ForeignVersion,
    Remark,
)
from lineal.records.runs import Point

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from lineal.importers.reading import Tell
    from lineal.records.imports import ForeignRun, ForeignSeries

FIRST, LAST = "2.0", "3.18"
_REVISIONS = """
97727af70f4d 3500859a5d39 7f2a7d5fae7d 2d6e25af4d3e acf3f17fdcc7 867495a8f9d4 5b0e9adcef9c 4465047574b1 f5a4f2784254
0584bdc529eb 400f98739977 6953534de441 bda7b8c39065 cbc13b556ace 770bee3ae1dd a1b2c3d4e5f6 de4033877273 1a0cddfcaa16
534353b11cbc 71994744cf8e 3da73c924c2f bf29a5ff90ea 1bd49d398cd23 b7c8d9e0f1a2 5d2d30f0abce c9d4e5f6a7b8 2c33131f4dae
d3e4f5a6b7c8 d0e1f2a3b4c5 c8d9e0f1a2b3 1b5f0d9ad7c1 e1f2a3b4c5d6 76601a5f987d c3d6457b6d8a a5b4c3d2e1f0 ae8bbe7743c9
7d34483879f0 da6fb0208061 89d3d66ed43f b7e4c1a90f23 a8b9c0d1e2f3 c1d2e3f4a5b6 c3d9e7f1a2b4 6f8d9c3b2a1e 1971f2d9a75b
17e22815139b b7e2c1a4d9f3 75868b020152 dc11669786a5 e7d1f4b2a9c6 8b6ad64cb8f5 f4a9b2c7d1e6
"""
REVISIONS = frozenset(_REVISIONS.split())
"""Schema revisions of the releases from `FIRST` to `LAST`, as their migrations name them."""

_NOT_BROUGHT = {
    "trace_info": "traces",
    "evaluation_datasets": "evaluation datasets",
    "webhooks": "webhooks",
    "scorers": "scorers",
}


class MlflowTables:
    """An MLflow database, opened for reading."""

    def __init__(self, path: Path, tell: Tell) -> None:
        """Open it.

        Args:
            path: the file.
            tell: told what is left out, and why.

        Raises:
            Damaged: it is no store of an MLflow that is known here.
            LinealError: it cannot be read.
        """
        self._file = SqliteFile(path)
        self._tell = tell
        try:
            self._tables = self._file.tables()
            self.store = ForeignStore("mlflow", self._identity(), str(path.absolute()), self._check_schema(path))
        except BaseException:
            self._file.close()
            raise
        folder = path.absolute().parent
        self.near: tuple[Path, ...] = (folder, folder / "mlartifacts", folder / "mlruns", folder.parent)
        name = named("e", has_workspaces="workspace" in self._tables["experiments"])
        self._names = dict(self._file.rows(f"SELECT CAST(experiment_id AS TEXT), {name} FROM experiments e"))
        self._models = ModelTables(self._file, self._tables, self._names, tell)

    def _check_schema(self, path: Path) -> str:
        needed = {"alembic_version", "experiments", "runs", "metrics", "params", "tags", "registered_models"}
        if not needed <= self._tables.keys():
            raise Damaged(path=path, why="it is an SQLite database, but none of MLflow's")
        found = [str(row[0]) for row in self._file.rows("SELECT version_num FROM alembic_version")]
        left = sorted(table for table in self._tables if table.startswith("_alembic_tmp_"))
        known = f"those of MLflow {FIRST} to {LAST} are known here"
        if len(found) != 1 or left:
            state = f"revisions {', '.join(found) or 'none'}" + (f", unfinished table {left[0]}" if left else "")
            why = f"a migration of it stopped half way ({state}); {known}"
            raise Damaged(path=path, why=why, hint="finish it with `mlflow db upgrade`, on a copy, then import again")
        if found[0] not in REVISIONS:
            hint = (
                "an older store is brought forward by `mlflow db upgrade`, on a copy; a newer one needs a newer lineal"
            )
            raise Damaged(path=path, why=f"its schema revision {found[0]} is unknown; {known}", hint=hint)
        return f"SQLite schema {found[0]}"

    def _identity(self) -> str:
        if not {"experiment_id", "creation_time"} <= self._tables.get("experiments", frozenset()):
            return identity("mlflow")
        first = next(
            self._file.rows(
                "SELECT CAST(experiment_id AS TEXT), creation_time, artifact_location FROM experiments "
                "ORDER BY creation_time, experiment_id LIMIT 1"
            ),
            (),
        )
        return identity("mlflow", *first)

    def close(self) -> None:
        """As `Reader.close`."""
        self._file.close()

    def check(self) -> None:
        """As `Reader.check`."""
        self._file.check()

    def total(self) -> int:
        """As `Reader.total`."""
        runs = int(next(self._file.rows("SELECT count(*) FROM runs"))[0])
        return runs + self._models.total()

    def experiments(self) -> Iterator[ForeignExperiment]:
        """As `Reader.experiments`."""
        tags: dict[str, dict[str, str]] = {}
        for experiment, key, value in self._file.rows(
            "SELECT CAST(experiment_id AS TEXT), key, value FROM experiment_tags"
        ):
            tags.setdefault(experiment, {})[key] = value or ""
        for experiment, created, lifecycle in self._file.rows(
            "SELECT CAST(experiment_id AS TEXT), creation_time, lifecycle_stage FROM experiments ORDER BY experiment_id"
        ):
            own = tags.get(experiment, {})
            yield ForeignExperiment(
                experiment,
                self._names[experiment],
                words.micros(created),
                own.pop(words.NOTE, None),
                own | ({words.LIFECYCLE: "deleted"} if lifecycle == "deleted" else {}),
                lifecycle == "deleted",
            )
        for table, things in _NOT_BROUGHT.items():
            if table in self._tables:
                count = next(self._file.rows(f"SELECT count(*) FROM {table}"))[0]
                if count:
                    self._tell(
                        Remark("store", self.store.path, f"{count:,} {things}: there is no place for them", True)
                    )

    def run_marks(self) -> Iterator[list[tuple[str, str | None]]]:
        """As `Reader.run_marks`."""
        last = -1
        while page := list(
            self._file.rows(
                "SELECT rowid, run_uuid, status, end_time, lifecycle_stage FROM runs WHERE rowid > ? "
                "ORDER BY rowid LIMIT ?",
                last,
                PAGE,
            )
        ):
            last = page[-1][0]
            yield [(run, words.mark(word, end, lifecycle)) for _, run, word, end, lifecycle in page]

    def runs(self, ids: Collection[str]) -> list[ForeignRun]:
        """As `Reader.runs`."""
        wanted = json.dumps(list(ids))
        among = "IN (SELECT value FROM json_each(?))"
        params: dict[str, dict[str, str]] = {}
        for run, key, value in self._file.rows(
            f"SELECT run_uuid, key, value FROM params WHERE run_uuid {among}", wanted
        ):
            params.setdefault(run, {})[key] = value
        tags: dict[str, dict[str, str]] = {}
        for run, key, value in self._file.rows(f"SELECT run_uuid, key, value FROM tags WHERE run_uuid {among}", wanted):
            tags.setdefault(run, {})[key] = value or ""
        inputs = self._inputs(wanted)
        found = {
            row[0]: row
            for row in self._file.rows(
                "SELECT run_uuid, CAST(experiment_id AS TEXT), name, status, start_time, end_time, user_id, "
                f"lifecycle_stage, source_version FROM runs WHERE run_uuid {among}",
                wanted,
            )
        }
        runs = []
        for run_id in ids:
            if run_id not in found:
                continue
            _, experiment, name, word, start, end, user, lifecycle, commit = found[run_id]
            own = tags.get(run_id, {})
            if commit:
                own.setdefault("mlflow.source.git.commit", commit)
            runs.append(
                words.run(
                    run_id=run_id,
                    experiment=experiment,
                    name=name,
                    word=word,
                    start_time=start,
                    end_time=end,
                    user=user,
                    lifecycle=lifecycle,
                    params=params.get(run_id, {}),
                    tags=own,
                    inputs=tuple(inputs.get(run_id, ())),
                )
            )
        return runs

    def _inputs(self, wanted: str) -> dict[str, list[ForeignInput]]:
        found: dict[str, list[ForeignInput]] = {}
        if "inputs" not in self._tables:
            return found
        for run, context, *data in self._file.rows(
            "SELECT i.destination_id, (SELECT t.value FROM input_tags t WHERE t.input_uuid = i.input_uuid "
            "AND t.name = 'mlflow.data.context'), d.name, d.digest, d.dataset_source_type, d.dataset_source, "
            "d.dataset_schema, d.dataset_profile FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "
            "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' "
            "AND i.destination_id IN (SELECT value FROM json_each(?)) ORDER BY i.rowid",
            wanted,
        ):
            found.setdefault(run, []).append(ForeignInput(ForeignData(*data), context))
        return found

    def series(self, ids: Collection[str]) -> Iterator[ForeignSeries]:
        """As `Reader.series`."""
        rows = self._file.rows(
            "SELECT run_uuid, key, step, timestamp, value, is_nan FROM metrics "
            "WHERE run_uuid IN (SELECT value FROM json_each(?)) ORDER BY run_uuid, key, step, timestamp, is_nan, value",
            json.dumps(list(ids)),
        )
        return in_parts(
            (run, key, Point(step, Micros(at * 1_000), words.measured(value, is_nan)))
            for run, key, step, at, value, is_nan in rows
        )

    def models(self) -> Iterator[ForeignModel]:
        """As `Reader.models`."""
        return self._models.models()

    def versions(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        """As `Reader.versions`."""
        return self._models.versions(model)
