"""Follows a recipe as a run: trains, writes the file, and measures what the file says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from lineal_tui.demo.measuring import measure
from lineal_tui.demo.predict import Output, Weights, load, save
from lineal_tui.demo.training import make

if TYPE_CHECKING:
    from pathlib import Path

    from lineal.records.base import Scalar
    from lineal.records.data import DatasetVersion
    from lineal.training.recording import RunHandle
    from lineal_tui.demo.data import Table
    from lineal_tui.demo.recipes import Recipe

FILE = "model.safetensors"


@dataclasses.dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a run, and the dataset versions that they are."""

    table: Table
    """To train on, with the columns that the model is given."""
    state: DatasetVersion
    hold_out: Table
    """All columns of the rows to measure on."""
    held: DatasetVersion


def follow(
    run: RunHandle, recipe: Recipe, rows: Slice, parents: tuple[Weights, ...], path: Path
) -> tuple[Weights, dict[str, float]]:
    """Train as a run and write the model to `path`; returns what was read back, and the last figure of each metric."""
    run.use_dataset(rows.state)
    run.use_dataset(rows.held, role="test")
    figures: dict[str, float] = {}

    def on_step(step: int, point: dict[str, float]) -> None:
        figures.update(point)
        run.log_metrics(point, step=step, dataset=rows.state)

    save(make(recipe, rows.table, parents, on_step), path)
    # Measured is what the file says, not what is in memory: the file is what will be served.
    weights = load(path)
    compared = measure(weights, rows.hold_out.only(rows.table.features))
    run.log_metrics(compared, dataset=rows.held)
    return weights, figures | compared


def params_of(recipe: Recipe, table: Table) -> dict[str, Scalar]:
    """What a run records of its recipe."""
    params: dict[str, Scalar] = {"recipe": type(recipe).__name__.lower(), "features": len(table.features)}
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        params[field.name] = ("x".join(map(str, value)) or "none") if isinstance(value, tuple) else value
    return params


def signature_of(table: Table) -> dict[str, object]:
    """Inputs and outputs of a model of some rows."""
    shape = [-1, 10] if table.output is Output.PROBABILITIES else [-1]
    return {
        "inputs": [{"name": name, "type": "float64"} for name in table.features],
        "outputs": [{"name": f"{table.target}_{table.output}", "type": "float32", "shape": shape}],
    }
