"""Searches for runs, versions, datasets, models and experiments by filters, in any order, a page at a time."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lineal.queries import datasets as dataset_rows
from lineal.queries import models as model_rows
from lineal.queries import plans
from lineal.queries import runs as run_rows
from lineal.queries import versions as version_rows
from lineal.queries.known import KnownNames
from lineal.queries.plans import Search, Walk
from lineal.records.searching import Found, Part, Place
from lineal.search import compiling, fields
from lineal.search.pieces import Condition, Order, Sql

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Mapping, Sequence

    from lineal.queries.plans import Row
    from lineal.records.base import Micros
    from lineal.records.data import DatasetVersion
    from lineal.records.models import Model, Version
    from lineal.records.runs import Experiment, Run
    from lineal.search.fields import Subject

Item = TypeVar("Item")
Window = Part
_TOGETHER = 10_000
"""Things that are fetched with one statement."""


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


# runs


def runs(
    connection: sqlite3.Connection, asked: Asked, experiment: int | None, window: Part, *, outer: bool = False
) -> list[Found[Run]]:
    """Runs, of one experiment or of all; `outer` leaves out those whose parent is of the same experiment."""
    search = _of_runs(connection, asked, experiment, outer=outer)
    return _found(plans.rows(connection, search, window), lambda numbers: run_rows.by_numbers(connection, numbers))


def run_numbers(connection: sqlite3.Connection, asked: Asked, experiment: int | None) -> array[int]:
    """The row numbers of the runs that are found, in their order."""
    search = _of_runs(connection, asked, experiment, outer=False)
    # where there is no index, SQLite sorts: in memory that takes a hundred megabytes for a million runs
    connection.execute("PRAGMA temp_store = FILE")
    try:
        return plans.numbers(connection, search)
    except sqlite3.OperationalError:
        # no directory for temporary files, or no room in it
        connection.execute("PRAGMA temp_store = MEMORY")
        return plans.numbers(connection, search)
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")


def count_runs(
    connection: sqlite3.Connection,
    asked: Asked,
    experiment: int | None,
    *,
    ahead_of: Place | None = None,
    outer: bool = False,
) -> int:
    """How many runs are found, or stand ahead of a place."""
    return plans.count(connection, _of_runs(connection, asked, experiment, outer=outer), ahead_of)


def _of_runs(connection: sqlite3.Connection, asked: Asked, experiment: int | None, *, outer: bool) -> Search:
    names = KnownNames(connection, fields.RUNS)
    given = []
    if experiment is not None:
        finder = Sql("SELECT n FROM runs WHERE experiment_id = ?", (experiment,))
        given.append(Condition(Sql("r.experiment_id = ?", (experiment,)), finder, is_exact=True))
    if outer:
        given.append(Condition(Sql("r.nested = 0")))
    order = compiling.order(fields.RUNS.newest if asked.sort is None else asked.sort, fields.RUNS, names, asked.now)
    return _search(asked, fields.RUNS, names, given, order, _walks_of_runs(order, experiment, outer=outer))


def _walks_of_runs(order: Order, experiment: int | None, *, outer: bool) -> list[Walk]:
    if order.attribute is not None:
        if order.attribute.name == "started":
            index = f"runs{'_outer' if outer else ''}_by_{'start' if experiment is None else 'experiment'}"
            return [Walk(f"runs r INDEXED BY {index}", "r.started_at", "r.n")]
        if order.attribute.walk:
            return [Walk(f"runs r INDEXED BY {order.attribute.walk}", order.attribute.sql, "r.n")]
        return []
    name = order.name_id
    if name is None:
        return [Walk("runs r", "NULL", "r.n", is_missing=True)]
    missing = Walk("runs r", "NULL", "r.n", Sql(f"{order.key.text} IS NULL", order.key.values), is_missing=True)
    match order.scope:
        case "metrics":
            source, key = f"series k INDEXED BY series_by_{order.column}", f"k.{order.column}"
            where = Sql(f"k.name_id = ? AND {key} IS NOT NULL", (name,))
            nan = Sql(f"k.name_id = ? AND {key} IS NULL", (name,))
            bound = name if order.column == "last" else None  # bounds of a metric are of its last value
            walks = [
                Walk(source, key, "k.run_n", where, metric=bound),
                Walk(source, key, "k.run_n", nan, metric=bound, is_nan=True),
            ]
            missing = Walk("runs r", "NULL", "r.n", missing.where, metric=bound, is_missing=True)
        case "tags":
            where = Sql("k.kind = 'run' AND k.name_id = ?", (name,))
            walks = [Walk("tags k INDEXED BY tags_by_value", "k.value", "k.subject_id", where)]
        case _:
            where = Sql("k.name_id = ? AND k.number IS NOT NULL", (name,))
            walks = [Walk("params k INDEXED BY params_by_number", "k.number", "k.run_n", where, texts=False)]
            where = Sql("k.name_id = ? AND k.number IS NULL", (name,))
            walks.append(Walk("params k INDEXED BY params_by_text", "k.text", "k.run_n", where, texts=True))
            if order.descending:
                walks.reverse()
    return [*walks, missing]


# versions


def versions(
    connection: sqlite3.Connection, asked: Asked, model: int | None, window: Part, *, include_retired: bool
) -> list[Found[Version]]:
    """Versions, of one model or of all; retired ones if the filter asks for a status, or with `include_retired`."""
    search = _of_versions(connection, asked, model, include_retired=include_retired)
    return _found(plans.rows(connection, search, window), lambda numbers: version_rows.by_ids(connection, numbers))


def count_versions(
    connection: sqlite3.Connection,
    asked: Asked,
    model: int | None,
    *,
    include_retired: bool,
    ahead_of: Place | None = None,
) -> int:
    """How many versions are found, or stand ahead of a place."""
    search = _of_versions(connection, asked, model, include_retired=include_retired)
    return plans.count(connection, search, ahead_of)


def _of_versions(connection: sqlite3.Connection, asked: Asked, model: int | None, *, include_retired: bool) -> Search:
    _know_natural_order(connection)
    subject = fields.VERSIONS
    names = KnownNames(connection, subject)
    given = []
    if model is not None:
        finder = Sql("SELECT id FROM versions WHERE model_id = ?", (model,))
        given.append(Condition(Sql("v.model_id = ?", (model,)), finder, is_exact=True))
    if not include_retired and not (asked.where and compiling.asks_for(asked.where, subject, "status")):
        given.append(Condition(Sql("v.status <> 'retired'")))
    if asked.sort is None:
        # Row numbers are given in the order of registration.
        order = Order(None, "attributes", None, Sql("$n"), descending=True)
        return _search(asked, subject, names, given, order, [Walk("versions v", "v.id", "v.id")])
    order = compiling.order(asked.sort, subject, names, asked.now)
    walks = []
    name = order.name_id
    if order.attribute is None and order.scope == "metrics" and name is not None and not names.evaluated(name):
        where = Sql("k.name_id = ? AND k.value IS NOT NULL", (name,))
        source = "version_metrics k INDEXED BY version_metrics_by_value"
        missing = Sql(f"{order.key.text} IS NULL", order.key.values)
        walks = [
            Walk(source, "k.value", "k.version_id", where),
            Walk(source, "k.value", "k.version_id", Sql("k.name_id = ? AND k.value IS NULL", (name,)), is_nan=True),
            Walk("versions v", "NULL", "v.id", missing, is_missing=True),
        ]
    return _search(asked, subject, names, given, order, walks)


# what is few


def datasets(
    connection: sqlite3.Connection, asked: Asked, window: Part, *, dataset: int | None = None
) -> list[Found[DatasetVersion]]:
    """Versions of datasets, of one or of all."""
    given = [] if dataset is None else [Condition(Sql("v.dataset_id = ?", (dataset,)))]
    found = _few(connection, asked, fields.DATASETS, window, given)
    return _found(found, lambda numbers: dataset_rows.by_ids(connection, numbers))


def models(connection: sqlite3.Connection, asked: Asked, window: Part) -> list[Found[Model]]:
    """Models, those with only retired versions, too."""
    found = _few(connection, asked, fields.MODELS, window)
    return _found(found, lambda numbers: model_rows.by_ids(connection, numbers))


def experiments(connection: sqlite3.Connection, asked: Asked, window: Part) -> list[Found[Experiment]]:
    """Experiments."""
    found = _few(connection, asked, fields.EXPERIMENTS, window)
    return _found(found, lambda numbers: run_rows.experiments_by_ids(connection, numbers))


def _few(
    connection: sqlite3.Connection, asked: Asked, subject: Subject, window: Part, given: Sequence[Condition] = ()
) -> list[Row]:
    _know_natural_order(connection)
    names = KnownNames(connection, subject)
    order = compiling.order(subject.newest if asked.sort is None else asked.sort, subject, names, asked.now)
    return plans.rows(connection, _search(asked, subject, names, given, order, []), window)


# all of them


def _search(
    asked: Asked,
    subject: Subject,
    names: KnownNames,
    given: Sequence[Condition],
    order: Order,
    walks: Sequence[Walk],
) -> Search:
    wanted = [] if asked.where is None else compiling.conditions(asked.where, subject, names, asked.now)
    return Search(subject, [*given, *wanted], order.key, order.descending, walks, asked.now, asked.stopped)


def _found(rows: list[Row], fetch: Callable[[Sequence[int]], Mapping[int, Item]]) -> list[Found[Item]]:
    found = []
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        items = fetch([number for _, number in some])
        found += [Found(items[number], Place(key, number)) for key, number in some]
    return found


def _know_natural_order(connection: sqlite3.Connection) -> None:
    """Let labels be sorted as people count: 1.10 after 1.9."""
    connection.create_function("counted", 1, _natural, deterministic=True)


def _natural(label: str) -> str:
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0").rjust(20, "0"), label)
