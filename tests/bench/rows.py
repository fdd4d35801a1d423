"""The many rows of a generated registry: runs and versions, inserted in batches that each have one event."""

from __future__ import annotations

import math
import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineal.data.fingerprint import manifest_digest
from lineal.queries import blocks
from lineal.write_path.policy import Permission

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from lineal.records.base import Digest
    from lineal.registry import Registry

SECOND = 1_000_000
DAY = 86_400 * SECOND
END = 1_764_547_200 * SECOND
"""2025-12-01, when the newest version was registered."""
SPAN = 700 * DAY
"""How long it took until then."""

MODELS = ("fraud", "churn", "ranker", "forecast", *(f"segment-{number:02}" for number in range(1, 17)))
SHARES = (0.7, 0.12, 0.08, 0.05)
"""Of all versions, those of the first models; the others share what is left."""
EXPERIMENTS = tuple(f"{name}-{what}" for name in MODELS[:4] for what in ("search", "nightly", "ablation"))
METRICS = ("auc", "loss", "val_loss")
MORE_METRICS = ("f1", "precision", "recall", "accuracy", "latency_ms", "gpu_hours", "drift")
"""Logged once in a run: even, in a hundred steps, skewed, almost always 1, without bound, by the hour, and seldom."""
PARAMS = ("lr", "batch_size", "optimizer", "depth", "warmup")
OPTIMIZERS = ("adam", "adamw", "sgd", "lion")
TEAMS = ("risk", "growth", "search", "platform")
NOTES = ("longer warm-up", "mixup 0.4", "distilled", "cleaner labels", "fewer layers", "fine-tuned", None, None, None)
BATCH = 20_000
LONG_EVERY = 200
"""One run in so many was followed step by step; these runs share half of all points."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much to make."""

    versions: int
    runs: int
    points: int
    seed: int = 1
    metrics: int = 3
    """Of a run, up to ten; those past the third have one point each, which `points` does not count."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Rows that the many rows refer to, by the names they have."""

    names: dict[str, int]
    models: dict[str, int]
    first: dict[str, int]
    """Each model's first version."""
    architectures: dict[str, int]
    objects: dict[str, list[tuple[int, Digest, int]]]
    """Of each model: row, digest and size."""
    tensors: dict[int, tuple[str, str]]
    """What is recorded of an object's tensors and metadata."""
    experiments: list[int]
    datasets: list[int]


def noise(number: int, salt: int) -> float:
    """A fraction that looks random and is always the same for the same two numbers."""
    mixed = (number * 0x9E3779B1 + salt * 0x85EBCA77) & 0xFFFFFFFF
    mixed ^= mixed >> 15
    mixed = (mixed * 0x2C1B3C6D) & 0xFFFFFFFF
    return (mixed ^ mixed >> 13) / 0x100000000


def run_time(number: int, sizes: Sizes) -> int:
    """When a run started."""
    return END - SPAN + DAY + (SPAN - 2 * DAY) * number // max(1, sizes.runs)


def quality(number: int, total: int) -> tuple[float, float, float]:
    """The metrics that a run ended with, in the order of METRICS: they get better over the years, with luck."""
    auc = 0.82 + 0.12 * (1 - math.exp(-3 * number / max(1, total))) + 0.02 * (noise(number, 1) - 0.5)
    loss = 1.1 - auc + 0.02 * noise(number, 2)
    return round(auc, 6), round(loss, 6), round(loss + 0.03 * noise(number, 3), 6)


def more_metrics(number: int, sizes: Sizes) -> list[tuple[str, float]]:
    """The metrics of a run past the third."""
    drawn = [noise(number, 20 + place) for place in range(len(MORE_METRICS))]
    values = [
        drawn[0],
        round(drawn[1], 2),
        drawn[2] ** 8,
        1.0 if drawn[3] < 0.95 else drawn[3],
        -100 * math.log(1 - drawn[4]),
        float(int(24 * drawn[5])),
        drawn[6],
    ]
    wanted = list(zip(MORE_METRICS, values, strict=True))[: max(0, sizes.metrics - len(METRICS))]
    return [each for each in wanted if each[0] != "drift" or number % 500 == 3]


def params_of(number: int) -> list[tuple[str, str, str, float | None]]:
    """(name, kind, text, number) of a run's params."""
    rate = round(10 ** (-4 + 3 * noise(number, 4)), 6)
    batch = 2 ** (4 + int(6 * noise(number, 5)))
    depth = 2 + int(30 * noise(number, 6))
    return [
        ("lr", "float", repr(rate), rate),
        ("batch_size", "int", str(batch), float(batch)),
        ("optimizer", "str", OPTIMIZERS[int(4 * noise(number, 7))], None),
        ("depth", "int", str(depth), float(depth)),
        ("warmup", "bool", "true" if number % 3 else "false", float(number % 3 > 0)),
    ]


def points_of(number: int, sizes: Sizes) -> tuple[int, int, int]:
    """How many points a run has of each metric, in the order of METRICS."""
    half = sizes.points // 2 if sizes.runs >= LONG_EVERY else 0
    even = sizes.points - half
    own = even * (number + 1) // sizes.runs - even * number // sizes.runs
    long = half // (sizes.runs // LONG_EVERY) if half and number % LONG_EVERY == LONG_EVERY - 1 else 0
    return own // 3, (own + 2) // 3 + long, (own + 1) // 3


def insert_runs(registry: Registry, ground: Ground, sizes: Sizes, numbers: range) -> None:
    """Insert some runs with all that belongs to them."""
    draw = random.Random(f"{sizes.seed} runs {numbers.start}")  # noqa: S311  ids that come again, no secrets
    metrics = [ground.names[name] for name in METRICS]
    runs, params, series, points, inputs, tags = [], [], [], [], [], []
    with registry.context.change(Permission.LOG, "generated runs") as change:
        user = change.actor.user
        connection = change.connection
        offset = connection.execute("SELECT coalesce(max(n), 0) + 1 FROM runs").fetchone()[0]
        identity = connection.execute("SELECT coalesce(max(id), 0) FROM series").fetchone()[0]
        for place, number in enumerate(numbers):
            n, start, lasted = offset + place, run_time(number, sizes), int(60 + 3_000 * noise(number, 8)) * SECOND
            status = "failed" if number % 37 == 5 else "killed" if number % 211 == 7 else "finished"
            experiment = ground.experiments[int(len(ground.experiments) * noise(number, 9) ** 2)]
            data = ground.datasets[number * len(ground.datasets) // sizes.runs]
            identifier = f"{draw.getrandbits(128):032x}"
            runs.append((n, identifier, experiment, f"try-{number}", status, start, start + lasted, user, number))
            params += [(n, ground.names[name], kind, text, value) for name, kind, text, value in params_of(number)]
            inputs.append((n, data))
            tags.append((n, ground.names["team"], TEAMS[number % 4]))
            if number % 2:
                tags.append((n, ground.names["sweep"], f"s{number // 50}"))
            for metric, last, count in zip(metrics, quality(number, sizes.runs), points_of(number, sizes), strict=True):
                if not count:
                    continue
                identity += 1
                rising = metric == metrics[0]
                away = -0.2 if rising else 0.6
                pace = lasted // count
                values = [last + away * (1 - step / count) for step in range(1, count)]
                values.append(last)
                points += [(identity, step, start + step * pace, value) for step, value in enumerate(values)]
                least, most = min(values), max(values)
                ended = start + (count - 1) * pace
                best = most if rising else least
                series.append(
                    (identity, n, metric, data if rising else None, count, last, count - 1, ended, least, most, best)
                )
            for name, value in more_metrics(number, sizes):
                identity += 1
                points.append((identity, 0, start + lasted, value))
                series.append((identity, n, ground.names[name], None, 1, value, 0, start + lasted, value, value, value))
        insert = connection.executemany
        insert(
            "INSERT INTO runs (n, id, experiment_id, name, kind, status, started_at, ended_at, actor, seed) "
            "VALUES (?, ?, ?, ?, 'train', ?, ?, ?, ?, ?)",
            runs,
        )
        insert("INSERT INTO params (run_n, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)", params)
        insert(
            "INSERT INTO series (id, run_n, name_id, dataset_version_id, count, last, last_step, last_at, min, max, "
            "best) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            series,
        )
        insert("INSERT INTO points (series_id, step, at, value) VALUES (?, ?, ?, ?)", points)
        for each in series:
            blocks.build(connection, each[0], each[4])
        insert("INSERT INTO run_inputs (run_n, dataset_version_id, role) VALUES (?, ?, 'train')", inputs)
        insert("INSERT INTO tags (kind, subject_id, name_id, value) VALUES ('run', ?, ?, ?)", tags)
        change.record("generated", "runs", runs=len(runs), points=len(points))


@dataclass(slots=True)
class Growth:
    """A model's tree while it grows."""

    model: str
    trunk: int
    """The newest version of the main line."""
    branches: list[int]
    seq: int


def insert_versions(registry: Registry, ground: Ground, sizes: Sizes) -> None:
    """Insert versions up to the number wanted, batch by batch, in the order of their registration."""
    draw = random.Random(f"{sizes.seed} versions")  # noqa: S311  a tree that comes again, no secrets
    connection = registry.context.db.connection
    run_offset = connection.execute("SELECT coalesce(max(n), 0) + 1 FROM runs").fetchone()[0] - sizes.runs
    known = dict(connection.execute("SELECT model_id, max(seq) FROM versions GROUP BY model_id").fetchall())
    trees = {model: Growth(model, ground.first[model], [], known[number]) for model, number in ground.models.items()}
    missing = max(0, sizes.versions - sum(known.values()))
    rest = (1 - sum(SHARES)) / (len(MODELS) - len(SHARES))
    weights = [*SHARES, *(rest for _ in MODELS[len(SHARES) :])]
    for start in range(0, missing, BATCH):
        numbers = range(start, min(start + BATCH, missing))
        chosen = draw.choices(MODELS, weights, k=len(numbers))
        with registry.context.change(Permission.REGISTER, "generated versions") as change:
            rows = VersionRows(change.connection, ground, sizes, change.actor.user)
            for number, model in zip(numbers, chosen, strict=True):
                run = number * sizes.runs // missing if sizes.runs else None
                fresh = run is not None and (number == 0 or run != (number - 1) * sizes.runs // missing)
                produced = run if fresh else None
                rows.add(trees[model], number, produced, None if produced is None else run_offset + produced, draw)
            for statement, values in rows.inserts():
                change.connection.executemany(statement, values)
            change.record("generated", "versions", versions=len(numbers))


class VersionRows:
    """The rows of a batch of versions, in the order in which they may be inserted."""

    def __init__(self, connection: sqlite3.Connection, ground: Ground, sizes: Sizes, user: str) -> None:
        self._ground, self._sizes, self._user = ground, sizes, user
        self._version = connection.execute("SELECT max(id) FROM versions").fetchone()[0]
        self._artifact = connection.execute("SELECT max(id) FROM artifacts").fetchone()[0]
        self._artifacts: list[tuple[object, ...]] = []
        self._files: list[tuple[object, ...]] = []
        self._versions: list[tuple[object, ...]] = []
        self._parents: list[tuple[object, ...]] = []
        self._params: list[tuple[object, ...]] = []
        self._metrics: list[tuple[object, ...]] = []
        self._datasets: list[tuple[object, ...]] = []

    def add(self, tree: Growth, number: int, run: int | None, run_n: int | None, draw: random.Random) -> None:
        """Add one version to its model's tree."""
        ground, model = self._ground, tree.model
        self._version += 1
        self._artifact += 1
        tree.seq += 1
        version, seq = self._version, tree.seq
        at = END - SPAN + DAY + (SPAN - DAY) * (number + 1) // max(1, self._sizes.versions)
        object_row, digest, size = ground.objects[model][number % len(ground.objects[model])]
        path = f"{model}-{seq:06}.safetensors"
        self._artifacts.append(
            (self._artifact, manifest_digest([(path, digest, size)]), size, *ground.tensors[object_row])
        )
        self._files.append((self._artifact, path, object_row))
        label = f"{2 + seq // 1_000}.{seq // 20 % 50}.{seq % 20}"
        note = NOTES[int(len(NOTES) * noise(number, 10))]
        uid = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        owner = ("ana", "ben", "chi")[number % 3]
        self._versions.append(
            (
                uid,
                version,
                ground.models[model],
                seq,
                label,
                run_n,
                self._artifact,
                ground.architectures[model],
                owner,
                note,
                at,
                self._user,
            )
        )
        for position, (parent, relation) in enumerate(self._grow(tree, draw)):
            self._parents.append((version, position, parent, relation))
        place = number if run is None else run
        total = self._sizes.runs if run is not None else self._sizes.versions
        data = ground.datasets[number * len(ground.datasets) // max(number + 1, self._sizes.versions)]
        for name, kind, text, value in params_of(place):
            self._params.append((version, ground.names[name], kind, text, value))
        for position, (name, value) in enumerate(zip(METRICS, quality(place, total), strict=True)):
            self._metrics.append((version, ground.names[name], position, value, data))
        self._datasets.append((version, data))

    def _grow(self, tree: Growth, draw: random.Random) -> list[tuple[int, str]]:
        """The parents of the version that comes now; the tree's tips move on to it."""
        version, luck = self._version, draw.random()
        if tree.branches and luck < 0.03:
            merged = tree.branches.pop(draw.randrange(len(tree.branches)))
            parents = [(tree.trunk, "merge"), (merged, "merge")]
            tree.trunk = version
        elif tree.branches and luck < 0.4:
            at = draw.randrange(len(tree.branches))
            parents = [(tree.branches[at], "finetune")]
            tree.branches[at] = version
        elif len(tree.branches) < 5 and luck < 0.47:
            parents = [(tree.trunk, draw.choice(("finetune", "distill", "quantize", "prune")))]
            tree.branches.append(version)
        else:
            if tree.branches and luck > 0.97:
                tree.branches.pop(0)
            parents = [(tree.trunk, "retrain")]
            tree.trunk = version
        return parents

    def inserts(self) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
        """Statements and their rows."""
        yield "INSERT INTO artifacts (id, digest, size, tensors, metadata) VALUES (?, ?, ?, ?, ?)", self._artifacts
        yield (
            "INSERT INTO artifact_files (artifact_id, path, object_id, format) VALUES (?, ?, ?, 'safetensors')",
            self._files,
        )
        yield (
            (
                "INSERT INTO versions (uid, id, model_id, seq, label, label_reason, run_n, artifact_id, "
                "architecture_id, owner, notes, created_at, created_by) "
                "VALUES (?, ?, ?, ?, ?, 'generated', ?, ?, ?, ?, ?, ?, ?)"
            ),
            self._versions,
        )
        yield (
            "INSERT INTO version_parents (version_id, position, parent_id, relation) VALUES (?, ?, ?, ?)",
            self._parents,
        )
        yield (
            "INSERT INTO version_params (version_id, name_id, kind, text, number) VALUES (?, ?, ?, ?, ?)",
            self._params,
        )
        yield (
            (
                "INSERT INTO version_metrics (version_id, name_id, position, value, dataset_version_id) "
                "VALUES (?, ?, ?, ?, ?)"
            ),
            self._metrics,
        )
        yield (
            "INSERT INTO version_datasets (version_id, dataset_version_id, role) VALUES (?, ?, 'train')",
            self._datasets,
        )
