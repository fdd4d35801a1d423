"""Measures searches of a large registry: `python tests/bench/searching.py DIR`, made by `generate.py --metrics 10`.

The first 50 runs of filters on a metric and a param, ordered by a metric, for values that are common, rare and in
between; beside each a statement as somebody would write it by hand. The exit code is 1 when a target is missed: 5 ms up
to 50,000 runs, 50 ms past that.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lineal

if TYPE_CHECKING:
    import sqlite3

    from tests.bench.figures import Report, median_ms

    from lineal.registry import Registry
else:
    from figures import Report, median_ms

SEARCHES = (
    ("common, by the same metric", ("auc", ">", 0.93), ("batch_size", "=", 32), "auc"),
    ("common, by another metric", ("f1", ">", 0.5), ("optimizer", "=", "adam"), "recall"),
    ("one in 33 and one in 6", ("f1", ">", 0.97), ("batch_size", "=", 32), "latency_ms"),
    ("one in 20 and one in 33", ("f1", ">", 0.95), ("lr", "<", 0.000123), "latency_ms"),
    ("one in 1,000", ("f1", ">", 0.999), ("optimizer", "=", "adam"), "auc"),
    ("a metric that few have", ("drift", ">", 0.5), ("batch_size", "=", 64), "auc"),
    ("skewed: almost all, one in 30", ("accuracy", "=", 1.0), ("depth", "=", 7), "f1"),
    ("skewed: one in 20, one in 30", ("accuracy", "<", 1.0), ("depth", "=", 7), "f1"),
    ("a rare value of a param", ("auc", ">", 0.5), ("lr", "=", 0.000486), "auc"),
    ("nothing at all", ("f1", ">", 2.0), ("depth", "=", 7), "f1"),
)
BY_PARTS = (
    ("the greatest value, rare", "metrics.f1.max > 0.9995", "metrics.auc DESC"),
    ("the least value, common, by the best", "metrics.f1.min > 0.1", "metrics.f1.best DESC"),
    ("all, by the least value", None, "metrics.latency_ms.min ASC"),
)
"""Searches by other values of a metric than its last."""
BY_HAND = """
SELECT r.id FROM runs r
JOIN series a ON a.run_n = r.n AND a.name_id = (SELECT id FROM names WHERE name = ?)
JOIN params p ON p.run_n = r.n AND p.name_id = (SELECT id FROM names WHERE name = ?)
LEFT JOIN series s ON s.run_n = r.n AND s.name_id = (SELECT id FROM names WHERE name = ?)
WHERE a.last {} ? AND p.{} {} ? ORDER BY s.last DESC LIMIT 50"""


def by_hand(
    connection: sqlite3.Connection, metric: tuple[str, str, float], param: tuple[str, str, object], sort: str
) -> list[tuple[str]]:
    """The ids of the same runs, as SQLite finds them without help."""
    column = "text" if isinstance(param[2], str) else "number"
    statement = BY_HAND.format(metric[1], column, param[1])
    return connection.execute(statement, (metric[0], param[0], sort, metric[2], param[2])).fetchall()


def measure(report: Report, registry: Registry, times: int, *, with_hand: bool) -> None:
    """Tell what each search takes."""
    connection = registry.context.db.connection
    total = registry.run_count()
    target = 5.0 if total <= 60_000 else 50.0
    for what, metric, param, sort in SEARCHES:
        value = f"'{param[2]}'" if isinstance(param[2], str) else param[2]
        where = f"metrics.{metric[0]} {metric[1]} {metric[2]} AND params.{param[0]} {param[1]} {value}"

        def search(where: str = where, sort: str = sort) -> list[object]:
            return list(registry.search_runs(where, sort=f"metrics.{sort} DESC", limit=50))

        search()
        taken = median_ms(search, times)
        told = ""
        if with_hand:
            hand = median_ms(partial(by_hand, connection, metric, param, sort), 1)
            told = f"; by hand {hand:.1f} ms, {hand / taken:.1f} times as long"
        report.line(f"{total:,} runs: {what}", taken, target, "ms", f"found {len(search())}{told}")
    for what, wanted, order in BY_PARTS:

        def search_parts(wanted: str | None = wanted, order: str = order) -> list[object]:
            return list(registry.search_runs(wanted, sort=order, limit=50))

        search_parts()
        taken = median_ms(search_parts, times)
        report.line(f"{total:,} runs: {what}", taken, target, "ms", f"found {len(search_parts())}")


def main() -> int:
    """Measure a registry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--no-hand", action="store_true", help="leave out the statements written by hand")
    options = parser.parse_args()
    report = Report()
    with lineal.open_registry(options.root, read_only=True) as registry:
        measure(report, registry, options.times, with_hand=not options.no_hand)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
