"""Reads MLflow's file store, a folder `mlruns` of small files; MLflow itself is not needed."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import Damaged, NotReadable
from lineal.importers import mlflow_words as words
from lineal.importers.reading import PAGE, identity, in_parts
from lineal.importers.small_files import Fields, files, folders, read_fields
from lineal.records.base import Micros
from lineal.records.imports import (
    ForeignData,
    ForeignExperiment,
    ForeignInput,
    ForeignMetric,
    ForeignModel,
    ForeignPointer,
    ForeignStore,
    Remark,
)
from lineal.records.runs import Point

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lineal.importers.reading import Tell
    from lineal.records.imports import ForeignRun, ForeignSeries, ForeignVersion

_META = "meta.yaml"
_RUN = re.compile(r"[0-9a-f]{32}")
_TRASH = ".trash"


class MlflowFiles:
    """An `mlruns` folder, opened for reading."""

    def __init__(self, root: Path, tell: Tell) -> None:
        """Open it.

        Args:
            root: the folder.
            tell: told what is left out, and why.

        Raises:
            Damaged: it is no file store of MLflow.
            LinealError: it cannot be read.
        """
        self._root = root
        self._tell = tell
        self._experiments = {
            fields.text("experiment_id") or "": (folder, fields) for folder, fields in self._find(root)
        }
        if not self._experiments:
            raise Damaged(path=root, why="it is no store of MLflow: no folder in it describes an experiment")
        self._runs = {
            entry.name: Path(entry.path)
            for folder, _ in self._experiments.values()
            for entry in folders(folder)
            if _RUN.fullmatch(entry.name)
        }
        self.store = ForeignStore("mlflow", self._identity(), str(root.absolute()), "file store")
        above = root.absolute().parent
        self.near: tuple[Path, ...] = (above, root.absolute(), above / "mlartifacts", above.parent)

    def _find(self, root: Path) -> Iterator[tuple[Path, Fields]]:
        for base in (root, root / _TRASH):
            for entry in folders(base):
                folder = Path(entry.path)
                if (folder / _META).is_file() and entry.name not in {"models", "traces"}:
                    fields = self._fields(folder / _META, "experiment")
                    if fields is not None and fields.text("experiment_id"):
                        yield folder, fields

    def _identity(self) -> str:
        first = min(
            (fields for _, fields in self._experiments.values()),
            key=lambda fields: (fields.number("creation_time") or 0, fields.text("experiment_id")),
        )
        return identity(
            "mlflow", first.text("experiment_id"), first.number("creation_time"), first.text("artifact_location")
        )

    def _fields(self, path: Path, kind: str) -> Fields | None:
        try:
            return read_fields(path)
        except (Damaged, NotReadable) as error:
            self._tell(Remark(kind, str(path.parent), str(error), True))
            return None

    def close(self) -> None:
        """As `Reader.close`."""

    def check(self) -> None:
        """As `Reader.check`: each file is read at once."""

    def total(self) -> int:
        """As `Reader.total`."""
        names = (entry.name for folder in self._model_folders() for entry in folders(folder))
        return len(self._runs) + sum(name.startswith("version-") for name in names)

    def experiments(self) -> Iterator[ForeignExperiment]:
        """As `Reader.experiments`."""
        for experiment, (folder, fields) in self._experiments.items():
            tags = self._texts(folder / "tags")
            is_deleted = fields.text("lifecycle_stage") == "deleted" or folder.parent.name == _TRASH
            yield ForeignExperiment(
                experiment,
                fields.text("name") or experiment,
                words.micros(fields.number("creation_time")),
                tags.pop(words.NOTE, None),
                tags | ({words.LIFECYCLE: "deleted"} if is_deleted else {}),
                is_deleted,
            )

    def run_marks(self) -> Iterator[list[tuple[str, str | None]]]:
        """As `Reader.run_marks`."""
        ids = iter(list(self._runs))
        while page := list(islice(ids, PAGE)):
            found = []
            for run in page:
                fields = self._fields(self._runs[run] / _META, "run")
                if fields is not None:
                    found.append((run, _mark(fields)))
            yield found

    def runs(self, ids: Collection[str]) -> list[ForeignRun]:
        """As `Reader.runs`."""
        runs = []
        for run in ids:
            folder = self._runs.get(run)
            fields = None if folder is None else self._fields(folder / _META, "run")
            if folder is None or fields is None:
                continue
            runs.append(
                words.run(
                    run_id=run,
                    experiment=fields.text("experiment_id") or folder.parent.name,
                    name=fields.text("run_name"),
                    word=fields.text("status"),
                    start_time=fields.number("start_time"),
                    end_time=fields.number("end_time"),
                    user=fields.text("user_id"),
                    lifecycle=fields.text("lifecycle_stage"),
                    params=self._texts(folder / "params"),
                    tags=self._texts(folder / "tags"),
                    inputs=tuple(self._inputs(folder)),
                )
            )
        return runs

    def _inputs(self, folder: Path) -> Iterator[ForeignInput]:
        for entry in folders(folder / "inputs"):
            fields = self._fields(Path(entry.path) / _META, "input")
            if fields is None or fields.text("source_type") != "DATASET":
                continue
            data = self._data(folder.parent, fields.text("source_id") or "")
            if data is not None:
                yield ForeignInput(data, fields.below("tags").text("mlflow.data.context"))

    def _data(self, experiment: Path, data: str) -> ForeignData | None:
        fields = self._fields(experiment / "datasets" / data / _META, "dataset") if _RUN.fullmatch(data) else None
        if fields is None:
            return None
        return ForeignData(
            fields.text("name") or data,
            fields.text("digest") or data,
            fields.text("source_type") or "",
            fields.text("source") or "",
            fields.text("schema"),
            fields.text("profile"),
        )

    def series(self, ids: Collection[str]) -> Iterator[ForeignSeries]:
        """As `Reader.series`."""
        return in_parts(
            (run, name, point)
            for run in ids
            for name, path in files(self._runs[run] / "metrics")
            for point in self._points(run, name, path)
        )

    def _points(self, run: str, name: str, path: Path) -> list[Point]:
        points, wrong = [], 0
        try:
            with path.open(encoding="utf-8", errors="surrogateescape") as file:
                for line in file:
                    parts = line.split()
                    try:
                        step = int(parts[2]) if len(parts) > 2 else 0
                        points.append(Point(step, Micros(int(parts[0]) * 1_000), float(parts[1])))
                    except (ValueError, IndexError):
                        wrong += bool(parts)
        except OSError as error:
            self._tell(Remark("metric", f"{name} of run {run}", str(error), True))
        if wrong:
            self._tell(Remark("metric", f"{name} of run {run}", f"{wrong} lines of its file cannot be read", True))
        return sorted(points, key=lambda point: (point.step, point.at, point.value))

    def _model_folders(self) -> list[Path]:
        return sorted(Path(entry.path) for entry in folders(self._root / "models"))

    def models(self) -> Iterator[ForeignModel]:
        """As `Reader.models`."""
        for folder in self._model_folders():
            fields = self._fields(folder / _META, "model")
            if fields is None:
                continue
            name = fields.text("name") or folder.name
            tags = self._texts(folder / "tags")
            if tags.get(words.PROMPT, "").lower() == "true":
                self._tell(Remark("model", name, "it is a prompt and no model", True))
                continue
            aliases = {
                alias: int(text) for alias, text in self._texts(folder / "aliases").items() if text.strip().isdigit()
            }
            staged = [
                ForeignPointer(
                    stage.lower(), number, False, words.micros(each.number("last_updated_timestamp")) or Micros(0)
                )
                for number, _, each in self._numbered(folder)
                if (stage := each.text("current_stage")) in words.POINTING
            ]
            yield ForeignModel(
                folder.name,
                name,
                words.micros(fields.number("creation_timestamp")),
                fields.text("description") or None,
                tags,
                True,
                words.pointers(aliases, staged),
            )
        for experiment, (folder, fields) in self._experiments.items():
            name = fields.text("name") or experiment
            for logged in sorted({each.text("name") or "model" for _, each in self._logged_in(folder)}):
                yield words.logged_model("logged", experiment, name, logged)
            if any((path / "tags" / words.HISTORY).is_file() for path in self._runs.values() if path.parent == folder):
                yield words.logged_model("history", experiment, name, "logged")

    def _numbered(self, folder: Path) -> list[tuple[int, Path, Fields]]:
        found = []
        for entry in folders(folder):
            number = entry.name.removeprefix("version-")
            fields = self._fields(Path(entry.path) / _META, "version") if number.isdigit() else None
            if fields is not None:
                found.append((int(number), Path(entry.path), fields))
        return sorted(found, key=lambda each: each[0])

    def _logged_in(self, experiment: Path) -> Iterator[tuple[Path, Fields]]:
        for entry in folders(experiment / "models"):
            fields = self._fields(Path(entry.path) / _META, "version")
            if fields is not None and fields.text("model_id"):
                yield Path(entry.path), fields

    def versions(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        """As `Reader.versions`."""
        if model.is_registered:
            yield from self._registered(model)
            return
        kind, experiment, name = model.id.split(":", 2)
        taken = self._registered_places()
        folder = self._experiments[experiment][0]
        if kind == "logged":
            for path, fields in sorted(
                self._logged_in(folder), key=lambda each: each[1].number("creation_timestamp") or 0
            ):
                if fields.text("model_id") not in taken and (fields.text("name") or "model") == name:
                    yield self._logged(path, fields)
            return
        found = []
        for run, path in self._runs.items():
            if path.parent == folder and (path / "tags" / words.HISTORY).is_file():
                meta = self._fields(path / _META, "run")
                if meta is not None:
                    found.append((meta.number("start_time") or 0, run, path, meta))
        for _, run, path, fields in sorted(found, key=lambda each: each[:2]):
            text = self._text(path / "tags" / words.HISTORY) or ""
            yield from words.from_history(run, fields.text("artifact_uri") or "", fields.text("user_id"), text, taken)

    def _registered(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        for number, path, fields in self._numbered(self._root / "models" / model.id):
            source = fields.text("source")
            logged = self._logged_folder(fields.text("model_id") or words.place(source or "") or "")
            folders: dict[str, str] = {}
            params: dict[str, str] = {}
            metrics: tuple[ForeignMetric, ...] = ()
            run = fields.text("run_id")
            if logged is not None:
                folders = {logged[1].text("model_id") or "": logged[1].text("artifact_location") or ""}
                params, metrics = self._texts(logged[0] / "params"), self._logged_metrics(logged[0])
                run = run or logged[1].text("source_run_id")
            yield words.version(
                version_id=f"{model.id}/{number}",
                number=number,
                created=fields.number("creation_timestamp"),
                changed=fields.number("last_updated_timestamp"),
                user=fields.text("user_id"),
                description=fields.text("description"),
                tags=self._texts(path / "tags"),
                run_id=run or None,
                files=words.source_address(source, fields.text("storage_location"), folders, self._folder_of(source)),
                stage=fields.text("current_stage"),
                params=params,
                metrics=metrics,
            )

    def _folder_of(self, source: str | None) -> dict[str, str]:
        run = (source or "").removeprefix("runs:/").strip("/").partition("/")[0]
        if not (source or "").startswith("runs:/") or run not in self._runs:
            return {}
        fields = self._fields(self._runs[run] / _META, "run")
        return {} if fields is None else {run: fields.text("artifact_uri") or ""}

    def _logged_folder(self, logged: str) -> tuple[Path, Fields] | None:
        if not logged.startswith("m-"):
            return None
        for folder, _ in self._experiments.values():
            path = folder / "models" / logged
            if (path / _META).is_file():
                fields = self._fields(path / _META, "version")
                return None if fields is None else (path, fields)
        return None

    def _logged(self, path: Path, fields: Fields) -> ForeignVersion:
        logged = fields.text("model_id") or path.name
        tags = self._texts(path / "tags")
        return words.version(
            version_id=logged,
            number=None,
            created=fields.number("creation_timestamp"),
            changed=fields.number("last_updated_timestamp"),
            user=tags.get("mlflow.user"),
            description=tags.pop(words.NOTE, None),
            tags=tags | {"mlflow.model_id": logged},
            run_id=fields.text("source_run_id") or None,
            files=fields.text("artifact_location"),
            stage=None,
            params=self._texts(path / "params"),
            metrics=self._logged_metrics(path),
            is_deleted=fields.text("lifecycle_stage") == "deleted",
        )

    def _logged_metrics(self, path: Path) -> tuple[ForeignMetric, ...]:
        found = []
        for name, file in files(path / "metrics"):
            points = self._points(path.name, name, file)
            if points:
                found.append(ForeignMetric(name, points[-1].value, None))
        return tuple(found)

    def _registered_places(self) -> set[str]:
        found = set()
        for folder in self._model_folders():
            for _, _, fields in self._numbered(folder):
                addresses = (fields.text("source"), fields.text("storage_location"), fields.text("model_id"))
                found |= {words.place(address) for address in addresses if address}
        return {place for place in found if place is not None}

    def _texts(self, folder: Path) -> dict[str, str]:
        """The files below a folder by name; each holds one value."""
        found = {}
        for name, path in files(folder):
            text = self._text(path)
            if text is not None:
                found[name] = text
        return found

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self._tell(Remark(path.parent.name.rstrip("s"), str(path), f"cannot be read: {error}", True))
            return None


def _mark(fields: Fields) -> str | None:
    return words.mark(fields.text("status"), fields.number("end_time"), fields.text("lifecycle_stage"))
