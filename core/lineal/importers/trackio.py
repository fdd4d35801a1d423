"""Reads Trackio's databases, one for each project."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lineal.errors import Damaged
from lineal.importers.reading import PAGE, SqliteFile, identity, in_parts
from lineal.records.base import Micros
from lineal.records.imports import ForeignExperiment, ForeignRun, ForeignStore, Remark
from lineal.records.runs import Point, RunStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from lineal.importers.reading import Tell
    from lineal.records.imports import ForeignModel, ForeignSeries, ForeignVersion

_NEWEST = 2
"""The schema version of Trackio 0.43."""
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NOT_BROUGHT = {"traces": "traces", "alerts": "alerts", "artifact_versions": "artifacts"}


class Trackio:
    """A project of Trackio, opened for reading."""

    def __init__(self, path: Path, tell: Tell) -> None:
        """Open it.

        Raises:
            Damaged: it is no database of a Trackio that is known here.
            LinealError: it cannot be read.
        """
        self._file = SqliteFile(path)
        self._tell = tell
        self._told: set[tuple[str, str]] = set()
        self.near: tuple[Path, ...] = ()
        try:
            self._tables = self._file.tables()
            schema = self._check_schema(path)
            self._key = "run_id" if "run_id" in self._tables["metrics"] else "run_name"
            first = next(self._file.rows(f"SELECT {self._key} FROM metrics ORDER BY id LIMIT 1"), ("",))
            uid = identity("trackio", path.stem, first[0])
            self.store = ForeignStore("trackio", uid, str(path.absolute()), f"schema {schema}")
        except BaseException:
            self._file.close()
            raise
        self._project = path.stem

    def _check_schema(self, path: Path) -> int:
        if not {"run_name", "metrics", "step", "timestamp"} <= self._tables.get("metrics", frozenset()):
            raise Damaged(path=path, why="it is an SQLite database, but none of Trackio's")
        schema = int(next(self._file.rows("PRAGMA user_version"))[0])
        if "trackio_legacy_metrics" in self._tables:
            raise Damaged(path=path, why="a migration of it stopped half way; open it once with Trackio")
        if schema > _NEWEST:
            why = f"its schema is {schema}; those up to {_NEWEST}, of Trackio 0.43, are known here"
            raise Damaged(path=path, why=why)
        return schema

    def close(self) -> None:
        """As `Reader.close`."""
        self._file.close()

    def check(self) -> None:
        """As `Reader.check`."""
        self._file.check()

    def total(self) -> int:
        """As `Reader.total`."""
        return int(next(self._file.rows(f"SELECT count(DISTINCT {self._key}) FROM metrics"))[0])

    def experiments(self) -> Iterator[ForeignExperiment]:
        """As `Reader.experiments`: a project is one."""
        yield ForeignExperiment(self._project, self._project, None, None, {})
        for table, things in _NOT_BROUGHT.items():
            if table in self._tables:
                count = next(self._file.rows(f"SELECT count(*) FROM {table}"))[0]
                if count:
                    self._tell(Remark("store", self._project, f"{count:,} {things}: there is no place for them", True))

    def _our_id(self, key: str) -> str:
        is_ours = len(key) == 32 and not set(key) - set("0123456789abcdef")
        return key if is_ours else identity(self.store.uid, key).replace("-", "")

    def run_marks(self) -> Iterator[list[tuple[str, str | None]]]:
        """As `Reader.run_marks`; a run is over when nothing more was logged."""
        rows = list(
            self._file.rows(f"SELECT {self._key}, min(id), max(id), count(*) FROM metrics GROUP BY 1 ORDER BY 2")
        )
        self._keys = {self._our_id(key): key for key, *_ in rows}
        marks: list[tuple[str, str | None]] = [(self._our_id(key), f"{last} {count}") for key, _, last, count in rows]
        for start in range(0, len(marks), PAGE):
            yield marks[start : start + PAGE]

    def runs(self, ids: Collection[str]) -> list[ForeignRun]:
        """As `Reader.runs`."""
        runs = []
        for run in ids:
            if run not in self._keys:
                continue
            key = self._keys[run]
            name, first, last, newest, count = next(
                self._file.rows(
                    "SELECT max(run_name), min(timestamp), max(timestamp), max(id), count(*) FROM metrics "
                    f"WHERE {self._key} = ?",
                    key,
                )
            )
            config = self._config(key)
            own = {field: config.pop(field) for field in list(config) if field.startswith("_")}
            group = own.get("_Group")
            runs.append(
                ForeignRun(
                    id=run,
                    experiment=self._project,
                    name=str(name),
                    status=RunStatus.FINISHED,
                    started_at=_micros(own.get("_Created")) or _micros(first),
                    ended_at=_micros(last),
                    user=None if own.get("_Username") is None else str(own["_Username"]),
                    parent=None,
                    params=dict(_flat(config)),
                    tags={} if group is None else {"group": str(group)},
                    mark=f"{newest} {count}",
                )
            )
        return runs

    def _config(self, key: str) -> dict[str, object]:
        if "configs" not in self._tables:
            return {}
        row = next(self._file.rows(f"SELECT config FROM configs WHERE {self._key} = ?", key), None)
        found = _object(row[0]) if row else {}
        if found is None:
            self._tell(Remark("param", f"run {key}", "its configuration cannot be read", True))
        return found or {}

    def series(self, ids: Collection[str]) -> Iterator[ForeignSeries]:
        """As `Reader.series`."""
        for run in ids:
            found: dict[str, list[Point]] = {}
            key = self._keys[run]
            for step, at, text in self._file.rows(
                f"SELECT step, timestamp, metrics FROM metrics WHERE {self._key} = ? ORDER BY id",
                key,
            ):
                self._take(run, found, "", step, at, text)
            if "system_metrics" in self._tables:
                rows = self._file.rows(
                    f"SELECT timestamp, metrics FROM system_metrics WHERE {self._key} = ? ORDER BY id",
                    key,
                )
                for step, (at, text) in enumerate(rows):
                    self._take(run, found, "system/", step, at, text)
            yield from in_parts(
                (run, name, point)
                for name in sorted(found)
                for point in sorted(found[name], key=lambda each: (each.step, each.at, each.value))
            )

    def _take(
        self, run: str, found: dict[str, list[Point]], prefix: str, step: int, at: str, text: str | bytes
    ) -> None:
        fields = _object(text)
        if fields is None:
            self._say(run, "metrics", "a line of its metrics cannot be read")
            return
        for name, value in fields.items():
            number = _WORDS.get(value) if isinstance(value, str) else value
            if isinstance(number, bool | int | float):
                point = Point(step, _micros(at) or Micros(0), _float(number))
                found.setdefault(prefix + name, []).append(point)
            elif value is not None:
                self._say(run, name, "its values are no numbers")

    def _say(self, run: str, name: str, why: str) -> None:
        if (run, name) not in self._told:
            self._told.add((run, name))
            self._tell(Remark("metric", f"{name} of run {run}", why, True))

    def models(self) -> tuple[ForeignModel, ...]:
        """As `Reader.models`: Trackio has none."""
        return ()

    def versions(self, model: ForeignModel) -> Iterator[ForeignVersion]:
        """As `Reader.versions`."""
        del model
        return iter(())


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _object(text: str | bytes) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _flat(config: dict[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as dotted names; values as Python writes them, lists as JSON."""
    for name, value in config.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | dict):
            yield prefix + name, json.dumps(value, ensure_ascii=False)
        else:
            yield prefix + name, str(value)


def _micros(text: object) -> Micros | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Micros(round(moment.timestamp() * 1_000_000))
