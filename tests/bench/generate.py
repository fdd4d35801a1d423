"""Writes a registry of any size, so that what is promised of large ones can be measured.

    python tests/bench/generate.py DIR --versions N --runs N --points N [--metrics N] [--seed N]

The schema, its constraints and its triggers are the project's own, and hold for every row. What is few is made by the
library as a person would make it: the registry, the models with their first version and its files, the datasets, and
every promotion and rollback. What is many (runs, their params, metrics, tags and points; versions with their parents)
is inserted in batches, each one transaction with one event named `generated`, so the audit chain verifies, but does not
have an event for each run and version as a registry grown by hand would. The bytes of the model files are real and few:
every version has a manifest of its own (a file name of its own), over one of the objects of its model.

The same sizes and seed give the same content, the registry's uid and the uids and times that the library draws aside.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.queries.names import intern
from lineal.records.base import Digest, Micros
from lineal.registry import Registry, create_registry
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    from tests.bench.rows import (
        BATCH,
        END,
        EXPERIMENTS,
        METRICS,
        MODELS,
        MORE_METRICS,
        PARAMS,
        SECOND,
        SHARES,
        SPAN,
        Ground,
        Sizes,
        insert_runs,
        insert_versions,
        noise,
        run_time,
    )
else:
    from rows import (
        BATCH,
        END,
        EXPERIMENTS,
        METRICS,
        MODELS,
        MORE_METRICS,
        PARAMS,
        SECOND,
        SHARES,
        SPAN,
        Ground,
        Sizes,
        insert_runs,
        insert_versions,
        noise,
        run_time,
    )

OBJECTS = 8
"""Files of different content that a model's versions refer to."""


class Calendar:
    """The time as the library is told it."""

    def __init__(self) -> None:
        self.at = END - SPAN

    def __call__(self) -> Micros:
        self.at += SECOND
        return Micros(self.at)


def generate(root: Path, sizes: Sizes) -> None:
    """Make the registry in `root`, which must not have one."""
    clock = Calendar()
    with create_registry(root, clock=clock) as registry:
        connection = registry.context.db.connection
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("PRAGMA synchronous = OFF")  # after a power cut it is generated again
        ground = lay_ground(registry, sizes)
        for start in range(0, sizes.runs, BATCH):
            clock.at = run_time(start, sizes)
            insert_runs(registry, ground, sizes, range(start, min(start + BATCH, sizes.runs)))
        clock.at = END
        insert_versions(registry, ground, sizes)
        move_stages(registry, sizes, clock)
        connection.execute("PRAGMA optimize")


def lay_ground(registry: Registry, sizes: Sizes) -> Ground:
    """Models with their first version, experiments and datasets, made by the library."""
    with tempfile.TemporaryDirectory(prefix="lineal-generate-") as name:
        folder = Path(name)
        for number in range(6):
            table = folder / "rows.csv"
            table.write_text("id,amount\n" + "".join(f"{row},{row * number}\n" for row in range(50 + number)))
            registry.add_dataset("customers" if number % 2 else "transactions", table)
        for name_ in EXPERIMENTS:
            with registry.start_run(name_, params={"lr": 0.1}) as run:
                run.log_metric("loss", 1.0, step=0)
        objects: dict[str, list[tuple[int, Digest, int]]] = {}
        tensors: dict[int, tuple[str, str]] = {}
        for number, model in enumerate(MODELS):
            objects[model] = []
            for part in range(OBJECTS if number < len(SHARES) else 1):
                file = folder / f"{model}-{part}.safetensors"
                file.write_bytes(safetensors(number, part))
                label = "1.0.0" if part == 0 else f"1.0.0-rc.{part}"
                metrics = {"auc": 0.8 + part / 1_000, "loss": 0.5, "val_loss": 0.55}
                version = registry.register(model, file, label=label, metrics=metrics, params={"lr": 0.1}, owner="ana")
                row = registry.context.db.connection.execute(
                    "SELECT o.id, o.digest, o.size, a.tensors, a.metadata FROM versions v "
                    "JOIN artifacts a ON a.id = v.artifact_id JOIN artifact_files f ON f.artifact_id = a.id "
                    "JOIN objects o ON o.id = f.object_id WHERE v.id = ?",
                    (version.id,),
                ).fetchone()
                objects[model].append((row[0], Digest(row[1]), row[2]))
                tensors[row[0]] = (row[3], row[4])
    with registry.context.change(Permission.LOG, "generated names") as change:
        names = intern(change.connection, [*METRICS, *MORE_METRICS, *PARAMS, "team", "sweep"])
        change.record("generated", "registry", names=len(names), seed=sizes.seed)
        connection = change.connection
        models = dict(connection.execute("SELECT name, id FROM models").fetchall())
        first = dict(
            connection.execute(
                "SELECT m.name, min(v.id) FROM versions v JOIN models m ON m.id = v.model_id GROUP BY m.name"
            ).fetchall()
        )
        kinds = dict(
            connection.execute(
                "SELECT m.name, max(v.architecture_id) FROM versions v "
                "JOIN models m ON m.id = v.model_id GROUP BY m.name"
            ).fetchall()
        )
        experiments = [row[0] for row in connection.execute("SELECT id FROM experiments ORDER BY id").fetchall()]
        datasets = [row[0] for row in connection.execute("SELECT id FROM dataset_versions ORDER BY id").fetchall()]
    return Ground(names, models, first, kinds, objects, tensors, experiments, datasets)


def safetensors(model: int, part: int) -> bytes:
    """A small model file; its structure is the model's, its values the part's."""
    width = 4 + model
    values = struct.pack(f"<{width * 2}f", *(noise(part * 100 + place, model) for place in range(width * 2)))
    half = width * 4
    header = json.dumps(
        {
            "dense.weight": {"dtype": "F32", "shape": [width], "data_offsets": [0, half]},
            "head.weight": {"dtype": "F32", "shape": [width], "data_offsets": [half, half * 2]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + values


def move_stages(registry: Registry, sizes: Sizes, clock: Calendar) -> None:
    """Promote and roll back through the years, as the library does it."""
    draw = random.Random(f"{sizes.seed} stages")  # noqa: S311  a history that comes again, no secrets
    connection = registry.context.db.connection
    moves: list[tuple[int, str, str]] = []
    for place, model in enumerate(MODELS):
        seqs = connection.execute(
            "SELECT v.seq, v.created_at FROM versions v JOIN models m ON m.id = v.model_id WHERE m.name = ? "
            "AND v.label NOT LIKE '%-rc.%' ORDER BY v.seq",
            (model,),
        ).fetchall()
        wanted = min(len(seqs), max(4, 60 // (place + 1)), 4 + sizes.versions // 500)
        # the newest are promoted last, so that what is live is in sight of the newest
        steps = [max(0, len(seqs) - 13 - round(number * len(seqs) / wanted)) for number in range(wanted)][::-1]
        for step in sorted(set(steps)):
            seq, at = seqs[step]
            moves.append((at + SECOND, f"{model}:#{seq}", "staging"))
            moves.append((at + 3_600 * SECOND, f"{model}:#{seq}", "production"))
            if draw.random() < 0.15:
                moves.append((at + 7_200 * SECOND, f"{model}@production", "rollback"))
        seq, at = seqs[-min(5, len(seqs))]
        moves.append((at + SECOND, f"{model}:#{seq}", "staging"))
    counts: dict[str, int] = {}
    for at, address, what in sorted(moves):
        clock.at = at
        if what != "rollback":
            registry.promote(address, what, reason="better on the holdout")
        elif counts.get(address, 0) > 1:
            registry.rollback(address, reason="alerts on the live traffic")
            counts[address] -= 1
        key = f"{address.partition(':')[0]}@{what}"
        counts[key] = counts.get(key, 0) + 1


def main() -> int:
    """Make a registry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR", help="the registry's directory; made if it is missing")
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--metrics", type=int, default=3, choices=range(3, 11), help="of a run, 3 to 10")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    generate(options.root, Sizes(options.versions, options.runs, options.points, options.seed, options.metrics))
    size = (options.root / "registry.db").stat().st_size
    print(f"{options.root}: {size / 1e6:,.0f} MB in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
