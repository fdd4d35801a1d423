"""Reads registered and logged models out of MLflow's tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lineal.importers import mlflow_words as words
from lineal.records.base import Micros
from lineal.records.imports import ForeignData, ForeignMetric, ForeignModel, ForeignPointer, ForeignVersion, Remark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lineal.importers.reading import SqliteFile, Tell

_DEFAULT = "default"


def named(table: str, *, has_workspaces: bool) -> str:
    """SQL for the name of something with its workspace, where that is not the usual one."""
    if not has_workspaces:
        return f"{table}.name"
    return (
        f"CASE {table}.workspace WHEN '{_DEFAULT}' THEN {table}.name ELSE {table}.workspace || '.' || {table}.name END"
    )


class ModelTables:
    """The models of an MLflow database."""

    def __init__(
        self, file: SqliteFile, tables: Mapping[str, frozenset[str]], experiments: Mapping[str, str], tell: Tell
    ) -> None:
        """Read models.

        Args:
            file: the database.
            tables: the columns of its tables.
            experiments: the names of its experiments by id.
            tell: told what is left out, and why.
        """
        self._file = file
        self._tables = tables
        self._names = experiments
        self._tell = tell
        self._has_spaces = "workspace" in tables["registered_models"]

    def total(self) -> int:
        """How many versions there will be, but for those that only the tags of runs of MLflow 2 tell of."""
        registered = int(next(self._file.rows("SELECT count(*) FROM model_versions"))[0])
        if "logged_models" not in self._tables:
            return registered
        taken = self._registered_places()
        logged = self._file.rows("SELECT model_id FROM logged_models")
        return registered + sum(model not in taken for (model,) in logged)

    def models(self) -> Iterator[ForeignModel]:
        """As `Reader.models`."""
        our_name = named("r", has_workspaces=self._has_spaces)
        for model, name, space, created, description in list(
            self._file.rows(
                f"SELECT r.name, {our_name}, {self._space('r')}, r.creation_time, r.description "
                "FROM registered_models r ORDER BY r.creation_time, r.name"
            )
        ):
            where = "name = ? AND " + ("workspace = ?" if self._has_spaces else "? = ''")
            tags = {
                key: value or ""
                for key, value in self._file.rows(
                    f"SELECT key, value FROM registered_model_tags WHERE {where}", model, space
                )
            }
            if tags.get(words.PROMPT, "").lower() == "true":
                self._tell(Remark("model", name, "it is a prompt and no model", True))
                continue
            aliases = {}
            if "registered_model_aliases" in self._tables:
                aliases = dict(
                    self._file.rows(f"SELECT alias, version FROM registered_model_aliases WHERE {where}", model, space)
                )
            staged = [
                ForeignPointer(stage.lower(), int(number), False, words.micros(changed) or Micros(0))
                for number, stage, changed in self._file.rows(
                    f"SELECT version, current_stage, last_updated_time FROM model_versions WHERE {where} "
                    "AND current_stage IN ('Staging', 'Production')",
                    model,
                    space,
                )
            ]
            yield ForeignModel(
                f"{space}/{model}", name, words.micros(created), description or None, tags, True,
                words.pointers({alias: int(number) for alias, number in aliases.items()}, staged),
            )  # fmt: skip
        for experiment, name in list(
            self._file.rows("SELECT DISTINCT CAST(experiment_id AS TEXT), name FROM logged_models ORDER BY 1, 2")
            if "logged_models" in self._tables
            else ()
        ):
            yield words.logged_model("logged", experiment, self._names.get(experiment, experiment), name)
        for (experiment,) in list(
            self._file.rows(
                "SELECT DISTINCT CAST(r.experiment_id AS TEXT) FROM tags t JOIN runs r ON r.run_uuid = t.run_uuid "
                "WHERE t.key = ? ORDER BY 1",
                words.HISTORY,
            )
        ):
            yield words.logged_model("history", experiment, self._names.get(experiment, experiment), "logged")

    def _space(self, table: str) -> str:
        return f"{table}.workspace" if self._has_spaces else "''"

    def versions(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        """As `Reader.versions`."""
        if model.is_registered:
            return self._registered(model)
        return self._logged(model) if model.id.startswith("logged:") else self._from_history(model)

    def _from_history(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        experiment = int(model.id.split(":")[1])
        taken = self._registered_places()
        for run, folder, user, text in list(
            self._file.rows(
                "SELECT r.run_uuid, r.artifact_uri, r.user_id, t.value FROM tags t JOIN runs r "
                "ON r.run_uuid = t.run_uuid WHERE t.key = ? AND r.experiment_id = ? ORDER BY r.start_time, r.rowid",
                words.HISTORY,
                experiment,
            )
        ):
            yield from words.from_history(run, folder or "", user, text, taken)

    def _registered_places(self) -> set[str]:
        """What registered versions were made from, as `mlflow_words.place` tells it."""
        storage = "storage_location" if "storage_location" in self._tables["model_versions"] else "NULL"
        found = set()
        for addresses in self._file.rows(f"SELECT source, {storage} FROM model_versions"):
            found |= {words.place(address) for address in addresses if address}
        return {place for place in found if place is not None}

    def _registered(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        space, _, name = model.id.partition("/")
        where = "v.name = ? AND " + ("v.workspace = ?" if self._has_spaces else "? = ''")
        storage = "v.storage_location" if "storage_location" in self._tables["model_versions"] else "NULL"
        for number, created, changed, description, user, stage, source, run, location in list(
            self._file.rows(
                "SELECT v.version, v.creation_time, v.last_updated_time, v.description, v.user_id, v.current_stage, "
                f"v.source, v.run_id, {storage} FROM model_versions v WHERE {where} ORDER BY v.version",
                name,
                space,
            )
        ):
            tags = {
                key: value or ""
                for key, value in self._file.rows(
                    f"SELECT v.key, v.value FROM model_version_tags v WHERE {where} AND v.version = ?",
                    name,
                    space,
                    number,
                )
            }
            logged, folder, run_of_logged = self._logged_of(source, location)
            erased = run is None or run.startswith("REDACTED")
            yield words.version(
                version_id=f"{model.id}/{number}",
                number=int(number),
                created=created,
                changed=changed,
                user=user,
                description=description,
                tags=tags,
                run_id=run_of_logged if erased else run,
                files=words.source_address(
                    source, location, {} if logged is None else {logged: folder}, self._folder_of(source)
                ),
                stage=stage,
                params=self._logged_params(logged),
                metrics=self._logged_metrics(logged),
            )

    def _logged_of(self, source: str | None, location: str | None) -> tuple[str | None, str, str | None]:
        """(id, folder, run) of the logged model that a version was registered from."""
        if "logged_models" not in self._tables:
            return None, "", None
        places = [words.place(address) for address in (location, source) if address]
        for row in self._file.rows(
            "SELECT model_id, artifact_location, source_run_id FROM logged_models "
            "WHERE model_id IN (SELECT value FROM json_each(?)) LIMIT 1",
            json.dumps(places),
        ):
            return row[0], row[1], row[2]
        return None, "", None

    def _folder_of(self, source: str | None) -> dict[str, str]:
        if source is None or not source.startswith("runs:/"):
            return {}
        run = source.removeprefix("runs:/").strip("/").partition("/")[0]
        return dict(self._file.rows("SELECT run_uuid, artifact_uri FROM runs WHERE run_uuid = ?", run))

    def _logged(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        _, experiment, name = model.id.split(":", 2)
        taken = self._registered_places()
        for logged, folder, created, changed, lifecycle, run, status in list(
            self._file.rows(
                "SELECT l.model_id, l.artifact_location, l.creation_timestamp_ms, l.last_updated_timestamp_ms, "
                "l.lifecycle_stage, l.source_run_id, l.status FROM logged_models l WHERE l.experiment_id = ? "
                "AND l.name = ? ORDER BY l.creation_timestamp_ms, l.model_id",
                int(experiment),
                name,
            )
        ):
            if logged in taken:
                continue
            if status == 3:  # MLflow's LOGGED_MODEL_UPLOAD_FAILED
                self._tell(Remark("version", logged, "its upload failed there; its files may not be whole", False))
            tags = dict(self._file.rows("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?", logged))
            yield words.version(
                version_id=logged,
                number=None,
                created=created,
                changed=changed,
                user=tags.get("mlflow.user"),
                description=tags.pop(words.NOTE, None),
                tags=tags | {"mlflow.model_id": logged},
                run_id=run,
                files=folder,
                stage=None,
                params=self._logged_params(logged),
                metrics=self._logged_metrics(logged),
                is_deleted=lifecycle == "deleted",
            )

    def _logged_params(self, logged: str | None) -> dict[str, str]:
        if logged is None:
            return {}
        return dict(
            self._file.rows("SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?", logged)
        )

    def _logged_metrics(self, logged: str | None) -> tuple[ForeignMetric, ...]:
        """The last value of each metric of a logged model, with what it was measured on."""
        if logged is None:
            return ()
        last: dict[str, ForeignMetric] = {}
        for name, value, *data in self._file.rows(
            "SELECT m.metric_name, m.metric_value, m.dataset_name, m.dataset_digest, d.dataset_source_type, "
            "d.dataset_source, d.dataset_schema, d.dataset_profile FROM logged_model_metrics m "
            "LEFT JOIN datasets d ON d.dataset_uuid = m.dataset_uuid "
            "WHERE m.model_id = ? ORDER BY m.metric_step, m.metric_timestamp_ms",
            logged,
        ):
            known = data[0] is not None and data[2] is not None
            on = ForeignData(*data) if known else None
            last[name] = ForeignMetric(name, words.measured(value, value is None), on)
        return tuple(last.values())
