"""Measures an import from MLflow: a real database, multiplied, into a new registry, in a process of its own."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.figures import Report
else:
    from figures import Report

SAMPLE = Path(__file__).parents[1] / "data" / "mlflow-3-sqlite" / "mlflow.db"
METRICS = 20
POINTS = 1


def multiply(target: Path, runs: int, *, metrics: int = METRICS, points: int = POINTS) -> None:
    """Fill a copy of the sample with so many finished runs, each with params, tags and metric histories."""
    shutil.copyfile(SAMPLE, target)
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        experiment, user, like = connection.execute(
            "SELECT experiment_id, user_id, run_uuid FROM runs WHERE name = 'trial 0' LIMIT 1"
        ).fetchone()
        params = connection.execute("SELECT key, value FROM params WHERE run_uuid = ?", (like,)).fetchall()
        tags = connection.execute(
            "SELECT key, value FROM tags WHERE run_uuid = ? AND key <> 'mlflow.parentRunId'", (like,)
        ).fetchall()
        for number in range(runs):
            run = uuid.UUID(int=number + 1).hex
            began = 1_795_500_000_000 + number * 1_000
            connection.execute(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
                "start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
                "VALUES (?, ?, 'UNKNOWN', '', '', ?, 'FINISHED', ?, ?, '', 'active', ?, ?)",
                (run, f"run {number}", user, began, began + 900, f"/srv/mlflow/artifacts/{run}/artifacts", experiment),
            )
            connection.executemany("INSERT INTO params VALUES (?, ?, ?)", [(*param, run) for param in params])
            connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(*tag, run) for tag in tags])
            connection.executemany(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)",
                [
                    (f"metric_{metric}", number / (step + metric + 1), began + step, run, step)
                    for metric in range(metrics)
                    for step in range(points)
                ],
            )
        connection.commit()


def measure(database: Path, registry: Path) -> dict[str, float]:
    """Import twice, in this process: seconds of each, and the most memory that was used, in megabytes."""
    from lineal.registry import create_registry

    with create_registry(registry) as opened:
        began = time.perf_counter()
        opened.import_mlflow(database, files=False)
        first = time.perf_counter() - began
        began = time.perf_counter()
        opened.import_mlflow(database, files=False)
        again = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1_024)
    return {"seconds": first, "again": again, "megabytes": memory / (1_024 if sys.platform == "darwin" else 1)}


def main(runs: int, points: int) -> int:
    """Print the figures of an import of so many runs; returns the exit code."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        multiply(database, runs, points=points)
        done = subprocess.run(
            [sys.executable, __file__, "--in", str(database), str(Path(folder) / "registry")],
            check=True,
            capture_output=True,
            text=True,
        )
        figures = json.loads(done.stdout)
        what = f"{runs:,} runs of {METRICS} metrics from MLflow"
        note = f"{database.stat().st_size / 1e6:.0f} MB, {points} points a metric; again {figures['again']:.2f} s"
        report.line(what, figures["seconds"], 30 * runs / 10_000, "s", note)
        report.line(f"{what}: memory", figures["megabytes"], 200, "MB")
    return report.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in"]:
        print(json.dumps(measure(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        sys.exit(
            main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else POINTS)
        )
