"""Searches of many runs begin with an index: the one that finds the fewest, or the one that has them in their order."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Self

import pytest

from lineal.queries.names import intern
from lineal.registry import Registry, create_registry
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

RUNS = 5_000


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with create_registry(tmp_path_factory.mktemp("plans") / "registry") as made:
        with made.start_run("e"):
            pass
        with made.context.change(Permission.LOG, "many runs") as change:
            ids = intern(change.connection, ["auc", "f1", "lr", "optimizer", "team"])
            numbers = range(2, RUNS + 2)
            insert = change.connection.executemany
            insert(
                "INSERT INTO runs (n, id, experiment_id, name, kind, status, started_at, actor) "
                "VALUES (?1, printf('%032x', ?1), 1, 'try-' || ?1, 'train', ?2, ?1 * 1000000, 'ana')",
                [(n, "failed" if n % 500 == 0 else "finished") for n in numbers],
            )
            insert(
                "INSERT INTO params (run_n, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)",
                [(n, ids["lr"], "float", repr(n % 1_000 / 1_000), n % 1_000 / 1_000) for n in numbers]
                + [(n, ids["optimizer"], "str", "lion" if n % 700 == 0 else "adam", None) for n in numbers],
            )
            insert(
                "INSERT INTO series (run_n, name_id, count, last, last_step, last_at) VALUES (?, ?, 1, ?, 0, 0)",
                [
                    (n, ids[name], n * salt % 9_973 / 9_973)
                    for n in numbers
                    for name, salt in (("auc", 7_919), ("f1", 104_729))
                ],
            )
            insert(
                "INSERT INTO tags (kind, subject_id, name_id, value) VALUES ('run', ?, ?, ?)",
                [(n, ids["team"], f"team{n % 900}") for n in numbers],
            )
            change.record("generated", "runs")
        yield made


class Seen:
    """The statements that a connection was given, with the plans that SQLite has for them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.plans: list[str] = []

    def __enter__(self) -> Self:
        self._texts: list[str] = []
        self._connection.set_trace_callback(self._texts.append)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.set_trace_callback(None)
        for text in self._texts:
            if text.startswith(("SELECT", "WITH")) and "count(*) FROM (SELECT" not in text and "json_each" not in text:
                rows = self._connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
                self.plans.append("; ".join(row[3] for row in rows))


def plan(registry: Registry, where: str | None, sort: str | None = None) -> str:
    with Seen(registry.context.db.connection) as seen:
        registry.search_runs(where, sort=sort, limit=50)
    return "\n".join(seen.plans)


@pytest.mark.parametrize(
    ("where", "sort", "index"),
    [
        ("metrics.f1 > 0.999 AND params.optimizer = 'adam'", "metrics.auc", "series_by_last"),
        ("metrics.f1 > 0.1 AND params.lr = 0.5", "metrics.auc", "params_by_number"),
        ("metrics.f1 > 0.1 AND params.optimizer = 'lion'", "metrics.auc", "params_by_text"),
        ("tags.team = 'team7' AND metrics.f1 > 0.1", "metrics.auc", "tags_by_value"),
        ("name = 'try-77' AND metrics.f1 > 0", None, "runs_by_name"),
        ("status = 'failed'", "metrics.auc", "runs_unfinished"),
        ("team77", "metrics.auc", "run_words"),
        ("id = '00000000000000000000000000000abc'", None, "sqlite_autoindex_runs_1"),
    ],
)
def test_few_things_are_found_by_an_index(registry: Registry, where: str, sort: str | None, index: str) -> None:
    seen = plan(registry, where, sort)
    assert index in seen
    assert not re.search(r"SCAN (r|runs)\b", seen)


@pytest.mark.parametrize(
    ("where", "sort", "index"),
    [
        (
            "params.optimizer = 'adam' AND metrics.f1 > 0.2",
            "metrics.auc desc",
            "SEARCH k USING COVERING INDEX series_by_last",
        ),
        (None, "metrics.auc asc", "SEARCH k USING COVERING INDEX series_by_last"),
        ("metrics.auc > 0.3 AND metrics.auc < 0.9", "metrics.auc", "series_by_last (name_id=? AND last>? AND last<?)"),
        (None, "params.lr", "SEARCH k USING COVERING INDEX params_by_number"),
        (None, "params.optimizer", "SEARCH k USING COVERING INDEX params_by_text"),
        (None, "tags.team desc", "SEARCH k USING COVERING INDEX tags_by_value"),
        (None, None, "SCAN r USING COVERING INDEX runs_by_start"),
        ("metrics.f1 > 0.2", None, "SCAN r USING COVERING INDEX runs_by_start"),
        (None, "name", "SCAN r USING COVERING INDEX runs_by_name"),
    ],
)
def test_many_things_are_walked_in_their_order(
    registry: Registry, where: str | None, sort: str | None, index: str
) -> None:
    seen = plan(registry, where, sort)
    assert index in seen
    assert "ORDER BY" not in seen  # nothing was put in order


@pytest.mark.parametrize("sort", ["duration", "experiment desc", "status"])
def test_what_no_index_has_in_order_is_put_in_order_without_being_kept_whole(registry: Registry, sort: str) -> None:
    with Seen(registry.context.db.connection) as seen:
        found = registry.search_run_numbers(sort=sort)
        page = registry.search_runs_page(sort=sort, limit=50)
        place = registry.count_runs(sort=sort, ahead_of=page[-1].place)
    assert len(set(found)) == len(found) == registry.run_count()
    assert [each.item.n for each in page] == list(found[:50])
    assert place == 49
    assert len(seen.plans) >= 2
    for each in seen.plans:
        assert "MATERIALIZE" not in each


def test_row_numbers_of_any_size_are_found(tmp_path: Path) -> None:
    empty = create_registry(tmp_path / "registry")
    for _ in range(2):
        with empty.start_run("e"):
            pass
    with empty.context.change(Permission.LOG, "a high row number") as change:
        change.connection.execute(
            "INSERT INTO runs (n, id, experiment_id, name, kind, status, started_at, actor) "
            "VALUES (?, printf('%032x', 9), 1, 'far', 'train', 'finished', 1, 'ana')",
            (1 << 40,),
        )
        change.record("generated", "a run")
    assert 1 << 40 in empty.search_run_numbers(sort="started")
    assert len(empty.search_run_numbers(sort="duration")) == 3
    empty.close()


def test_looking_for_what_is_not_together_does_not_walk_far(registry: Registry) -> None:
    with registry.context.change(Permission.LOG, "a pair that excludes itself") as change:
        ids = intern(change.connection, ["high", "low"])
        change.connection.execute(
            "INSERT INTO series (run_n, name_id, count, last, last_step, last_at) "
            "SELECT n, ?, 1, n, 0, 0 FROM runs UNION ALL SELECT n, ?, 1, -n, 0, 0 FROM runs",
            (ids["high"], ids["low"]),
        )
        change.record("generated", "metrics")
    began = time.perf_counter()
    assert registry.search_runs(f"metrics.high > {RUNS - 1_500} AND metrics.low > -1500", sort="metrics.auc") == []
    assert time.perf_counter() - began < 0.5


def test_words_follow_what_they_describe(registry: Registry) -> None:
    with registry.start_run("e", name="Zürich-baseline 2.1", tags={"note": "kept for ever"}) as run:
        pass
    assert [each.id for each in registry.search_runs("zurich base")] == [run.id]
    assert [each.id for each in registry.search_runs("baseline-2")] == [run.id]
    registry.log_tags(run.ref, {"note": "thrown away", "other": "x"})
    assert registry.search_runs("kept") == []
    assert [each.id for each in registry.search_runs("thrown")] == [run.id]
    registry.log_tags(run.ref, {"note": None})
    assert registry.search_runs("thrown") == []
    made = registry.register("words", label="1.0.0", notes="longer warm-up", owner="ana")
    assert registry.search_versions("words", "warm-up ana") == [made]
    registry.set("words:1.0.0", {"notes": "other"})
    assert registry.search_versions("words", "warm-up") == []


HOSTILE = (
    '"', "''", "'; DROP TABLE runs; --", "a\0b", "NEAR(a b)", "name:*", "* OR 1=1", "a AND", "^a", "-a", "{a b}", "+ +",
    "\x1b[31mred", "\ud800", "😀" * 500, "name = '\x1b]52;c;aGk=\x07'", "(" * 5_000, "NOT " * 5_000 + "a", "a" * 99_999,
    "a " * 40_000, "name IN (" + "'x'," * 9_000 + "'x')", "metrics.auc > 1e999", "metrics.auc = " + "9" * 5_000,
    "name LIKE '" + "%_" * 400 + "'", " OR ".join(["metrics.auc > 0.5"] * 150), "+".join(["metrics.auc"] * 45) + " > 1",
    "(" * 19 + "metrics.auc > 0.5" + " AND name = 'x')" * 19, "started > '99999-01-01'", "started > '1e308 days ago'",
    "duration > '99999999999999999 y'", "id IN ('" + "','".join("abc" for _ in range(500)) + "')", "seed = -0",
    "\u202e", " AND ".join(f"({' OR '.join(['metrics.f1 > 0.5'] * 5)})" for _ in range(35)), "tags.`a``b` = 1",
    "metrics.`` > 1",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_filter_breaks_the_search(registry: Registry, text: str) -> None:
    from lineal.errors import BadFilter

    for where, sort in ((text, None), (None, text)):
        told: BadFilter | None = None
        try:
            registry.search_runs(where, sort=sort, limit=5)
        except BadFilter as error:
            told = error
        assert told is None or (len(told.pointer) == 2 and len(str(told)) < 1_000)
    assert registry.count_runs() >= RUNS
