"""A registry in which somebody evil filled in every field there is."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sqlite3
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from evil_texts import file_name, free, label, named
from safetensors.numpy import save_file

from lineal.errors import LinealError
from lineal.records.base import Digest, Micros
from lineal.records.data import Column, Measured
from lineal.records.observations import Observation
from lineal.records.runs import CodeState, Environment
from lineal.registry import create_registry
from lineal.rules import naming
from lineal.training import runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lineal.registry import Registry

_HOOK = """#!{python}
import sys
sys.stdout.buffer.write({text!r})
"""


@dataclass(frozen=True, slots=True)
class Names:
    """What there is to be asked for."""

    root: Path
    model: str
    labels: tuple[str, ...]
    stage: str
    """One that is bound to a directory."""
    runs: tuple[str, ...]
    experiment: str
    dataset: str
    metric: str
    automation: str
    refused: tuple[str, ...]
    """Fields whose text was refused."""

    @property
    def versions(self) -> tuple[str, ...]:
        """Addresses of all versions."""
        return tuple(f"{self.model}:{each}" for each in self.labels)

    @property
    def place(self) -> str:
        """The address of the stage."""
        return f"{self.model}@{self.stage}"


class Builder:
    """Fills a registry with texts."""

    def __init__(self, folder: Path, draw: Callable[[], str]) -> None:
        """`draw` gives another text each time."""
        self._folder = folder
        self._draw = draw
        self.refused: list[str] = []

    def text(self, longest: int = 900) -> str:
        """A text for a field that takes any."""
        return free(self._draw(), longest)

    def raw(self, field: str, does: Callable[[str], object]) -> None:
        """A field gets a text as it is, or refuses it in lineal's words."""
        try:
            does(self._draw())
        except LinealError:
            self.refused.append(field)

    def build(self) -> Names:
        """Make the registry; nobody has it open afterwards."""
        root = self._folder / "registry"
        with create_registry(root) as registry:
            return self._fill(registry, root)

    def _fill(self, registry: Registry, root: Path) -> Names:
        model = named(self._draw(), naming.check_model_name, "fraud")
        dataset = named(self._draw(), naming.check_dataset_name, "customers")
        experiment = named(self._draw(), naming.check_experiment_name, "search")
        metric = named(self._draw(), naming.check_metric_name, "loss")
        stage = named(self._draw(), naming.check_stage_name, "canary")
        table = self._folder / "rows.csv"
        table.write_text("age,amount\n31,10\n")
        self._data(registry, dataset)
        found = [self._run(registry, experiment, dataset, metric) for _ in range(3)]
        labels: list[str] = []
        for number in range(5):
            new = f"{label(self.text())}-{number}"
            run = found[number] if number < 2 else None
            registry.register(
                model, self._files(number), label=new, scheme="manual", run=run,
                parents=[f"{model}:{labels[-1]}=finetune"] if labels else [], owner=self.text(), purpose=self.text(),
                notes=self.text(2_000), datasets=[f"data:{dataset}=train"],
                tags={self._key(naming.check_tag_name): self.text(), "task": self.text()},
                params={self._key(naming.check_param_name): self.text(), "nested": {self.text(): [self.text()]}},
                metrics={metric: number / 7, self._key(naming.check_metric_name): 0.5},
                signature={self.text(): self.text()},
            )  # fmt: skip
            labels.append(new)
        self._describe(registry, model, labels)
        if stage not in {"staging", "production"}:
            registry.add_stage(model, stage)
        place = f"{model}@{stage}"
        hook = self._folder / "hook"
        hook.write_text(_HOOK.format(python=sys.executable, text=self._draw().encode(errors="surrogatepass") * 3))
        hook.chmod(0o755)
        registry.bind_stage(place, release=str(self._folder / "srv"), hook=(str(hook), self.text()), interval=0.01)
        for each in labels[:3]:
            registry.promote(f"{model}:{each}", stage, reason=self.text())
        registry.rollback(place, reason=self.text())
        registry.promote(f"{model}:{labels[3]}", "staging", reason=self.text())
        automation = self._automate(registry, place)
        self._demand(registry, place, metric, f"{model}:{labels[3]}", stage)
        self._observe(registry, place, metric)
        registry.retire(f"{model}:{labels[4]}", reason=f"so {self.text()}")
        self._refused_names(registry, model)
        return Names(
            root, model, tuple(labels), stage, tuple(f"run:{run.removeprefix('run:')}" for run in found), experiment,
            dataset, metric, automation, tuple(self.refused),
        )  # fmt: skip

    def _key(self, check: Callable[[str], str]) -> str:
        return named(self._draw(), check, "k")

    def _data(self, registry: Registry, dataset: str) -> None:
        for number in range(2):
            columns = (Column(self.text(), "string"), Column("b", self.text(30)))
            measured = Measured(Digest(f"sha256:{number:064x}"), 10, 5, columns)
            path = self._folder / file_name(self._draw(), "d")
            registry.add_dataset(
                dataset, path, label=f"{label(self.text())}-{number}", notes=self.text(), measured=measured
            )
        self._describe_all(registry, f"data:{dataset}", "dataset")

    def _run(self, registry: Registry, experiment: str, dataset: str, metric: str) -> str:
        with registry.context.read() as connection:
            known = connection.execute("SELECT id FROM runs ORDER BY n DESC LIMIT 1").fetchone()
        code = CodeState(
            "a" * 40, self.text(), dirty=True, repository=self.text(), remote=self.text(), folder=self.text(),
            patch_missing=self.text(), untracked=(self.text(), self.text()),
        )  # fmt: skip
        started = runs.start(
            registry.context,
            runs.NewRun(
                experiment=experiment, name=self.text(200), params={self._key(naming.check_param_name): self.text()},
                tags={self._key(naming.check_tag_name): self.text()}, command=(self.text(), self.text()), code=code,
                environment=self._environment(), parent=None if known is None else f"run:{known[0]}",
            ),
        )  # fmt: skip
        from lineal.training.recording import RunHandle

        run = RunHandle(registry.context, started, registry.register)
        for step in range(3):
            run.log_metric(metric, step / 3, step=step)
        self.raw("metric", lambda text: run.log_metric(text, 1.0))
        self.raw("role", lambda text: run.use_dataset(dataset, role=text))
        run.keep_output(self.text(3_000) * 3)
        run.finish("failed", error=self.text(2_000))
        return str(run.ref)

    def _environment(self) -> Environment:
        from lineal.training import environment

        known = environment.capture()
        return dataclasses.replace(
            known, platform=self.text(), packages=((self.text(), self.text()), *known.packages[:2]), gpus=(self.text(),)
        )

    def _files(self, number: int) -> Path:
        folder = self._folder / f"files{number}"
        folder.mkdir()
        save_file(
            {free(self._draw(), 50) or "w": np.full(3, number, np.float32)},
            folder / "model.safetensors",
            metadata={free(self._draw(), 50): self.text(200)},
        )
        for place in range(3):
            (folder / file_name(self._draw(), f"f{place}")).write_bytes(self._draw().encode(errors="surrogatepass"))
        np.save(folder / "a.npy", np.zeros(2))
        (folder / "config.json").write_text('{"a": 1}')
        return folder

    def _describe(self, registry: Registry, model: str, labels: list[str]) -> None:
        self._describe_all(registry, model, "model")
        self.raw("tag", lambda text: registry.set(f"{model}:{labels[0]}", {f"tag.{text}": text}))
        self.raw("mark", lambda text: registry.mark(f"{model}:{labels[3]}", "bad", reason=text))
        registry.mark(f"{model}:{labels[3]}", "active")
        self.raw("deprecate", lambda text: registry.deprecate(f"{model}:{labels[3]}", until=_LATER, reason=text))

    def _describe_all(self, registry: Registry, ref: str, kind: str) -> None:
        for field in ("owner", "purpose", "notes"):
            self.raw(f"{kind} {field}", partial(_set, registry, ref, field))

    def _automate(self, registry: Registry, place: str) -> str:
        known = registry.add_automation("promoted", place, ("/bin/echo", self.text()), name="page")
        self.raw("automation", lambda text: registry.add_automation("alert", None, ("/bin/echo", text), name=text))
        return known.name

    def _observe(self, registry: Registry, place: str, metric: str) -> None:
        registry.observe_all(place, [Observation(metric, 5.0), Observation(self._key(naming.check_metric_name), 1.0)])
        self.raw("observation", lambda text: registry.observe(place, {text: 1.0}))
        for text in (f"`{metric}` < 1", f"{metric} < 1"):
            with contextlib.suppress(LinealError):
                registry.set_alerts(place, text, command=("/bin/echo", self.text()))
        self.raw("alert", lambda text: registry.set_alerts(place, text))
        with contextlib.suppress(LinealError):
            registry.observe(place, {metric: 7.0})

    def _demand(self, registry: Registry, place: str, metric: str, version: str, stage: str) -> None:
        registry.set_gates(place, require=("owner",), approvals=1)
        self.raw("gate", lambda _: registry.set_gates(place, expressions=[f"metrics.`{metric}` >= 0"]))
        self.raw("gate", lambda text: registry.set_gates(place, expressions=[text]))
        self.raw("reason", lambda text: registry.reject(version, stage, reason=text))
        with contextlib.suppress(LinealError):
            registry.promote(version, stage, reason=self.text(), force=True)
        self.raw("policy", registry.apply_policy)
        registry.set_retention(place.partition("@")[0], keep_last=5)

    def _refused_names(self, registry: Registry, model: str) -> None:
        """Names that are evil as they are; most are refused."""
        self.raw("model", lambda text: registry.register(text, self._folder / "rows.csv"))
        self.raw("label", lambda text: registry.register(model, self._folder / "rows.csv", label=text))
        self.raw("stage", lambda text: registry.add_stage(model, text))
        self.raw("dataset", lambda text: registry.add_dataset(text, self._folder / "rows.csv"))
        self.raw("experiment", lambda text: registry.start_run(text).finish())


_LATER = Micros(1_999_000_000_000_000)


def _set(registry: Registry, ref: str, field: str, text: str) -> None:
    registry.set(ref, {field: text})


def poison(root: Path, draw: Callable[[], str], *, against_rules: bool) -> int:
    """Write texts where no use case would let them be, as whoever can write the file may; returns how many.

    `against_rules`: also where a constraint forbids them.
    """
    done = 0
    connection = sqlite3.connect(root / "registry.db", isolation_level=None)
    try:
        connection.execute(f"PRAGMA ignore_check_constraints = {'ON' if against_rules else 'OFF'}")
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%STRICT%' AND name != 'registry'"
        for (table,) in connection.execute(tables).fetchall():
            for column in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
                if column[2] != "TEXT":
                    continue
                text = draw().encode(errors="ignore").decode()
                with contextlib.suppress(sqlite3.IntegrityError, sqlite3.OperationalError):
                    found = connection.execute(
                        f'UPDATE "{table}" SET "{column[1]}" = ? WHERE rowid IN '  # noqa: S608  names from the schema
                        f'(SELECT rowid FROM "{table}" ORDER BY random() LIMIT 1)',
                        (text,),
                    )
                    done += found.rowcount
    finally:
        connection.close()
    return done


def quoted(words: list[str]) -> str:
    """A command line, for a report."""
    return shlex.join(words)[:300]
