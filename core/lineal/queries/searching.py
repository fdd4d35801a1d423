"""Searches for runs, versions and datasets: filters and orders as statements that use the indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.queries import datasets as dataset_rows
from lineal.queries import models as model_rows
from lineal.queries import runs as run_rows
from lineal.queries import versions as version_rows
from lineal.records.searching import Found, Place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from lineal.records.base import Micros
    from lineal.records.data import DatasetVersion
    from lineal.records.models import Version
    from lineal.records.runs import Run


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for."""

    where: str | None
    """The filter; None lets all through."""
    sort: str | None
    """The order; None for the newest first."""
    now: Micros
    """To count ages from."""
    stopped: Callable[[], bool] | None = None
    """Whether the search is called off."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of what is found."""

    limit: int
    """-1 for all."""
    after: Place | None = None
    before: Place | None = None
    skip: int = 0
    from_end: bool = False
    """The last ones, where there is no `before`."""


def runs(
    connection: sqlite3.Connection, asked: Asked, experiment: int | None, window: Window, *, outer: bool = False
) -> list[Found[Run]]:
    """Runs, of one experiment or of all; `outer` leaves out those whose parent is of the same experiment."""
    del asked
    before = None if window.after is None else (window.after.value, window.after.number)
    found = run_rows.page(connection, experiment, before=before, limit=window.limit, skip=window.skip, outer=outer)
    return [Found(run, Place(run.started_at, run.n)) for run in found]


def count_runs(
    connection: sqlite3.Connection,
    asked: Asked,
    experiment: int | None,
    *,
    ahead_of: Place | None = None,
    outer: bool = False,
) -> int:
    """How many runs there are."""
    del asked, ahead_of
    return run_rows.count(connection, experiment, outer=outer)


def versions(
    connection: sqlite3.Connection, asked: Asked, model: int | None, window: Window, *, include_retired: bool
) -> list[Found[Version]]:
    """Versions, of one model or of all."""
    del asked, include_retired
    found = version_rows.page(connection, model or 0, before=None, limit=window.limit)
    return [Found(version, Place(version.created_at, version.id)) for version in found]


def count_versions(
    connection: sqlite3.Connection,
    asked: Asked,
    model: int | None,
    *,
    include_retired: bool,
    ahead_of: Place | None = None,
) -> int:
    """How many versions there are."""
    del asked, include_retired, ahead_of
    return version_rows.count(connection, model or 0)


def datasets(connection: sqlite3.Connection, asked: Asked, window: Window) -> list[Found[DatasetVersion]]:
    """Versions of datasets."""
    del asked, window
    return [
        Found(version, Place(version.created_at, version.id))
        for each in dataset_rows.all_datasets(connection)
        for version in dataset_rows.versions(connection, each.id)
    ]


def model_number(connection: sqlite3.Connection, name: str) -> int | None:
    """The row number of a model."""
    return model_rows.model_id(connection, name)
