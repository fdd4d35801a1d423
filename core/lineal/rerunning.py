"""Doing a run again in a folder that was prepared for it, and putting what came out beside the original."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from lineal.records.reproduction import Reproduced
from lineal.rules import refs
from lineal.training.surroundings import REPRODUCES
from lineal.training.wrapped import run_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lineal.records.reproduction import Prepared, Recipe
    from lineal.records.runs import RunDetail
    from lineal.registry import Registry

TAG = "reproduces"
"""The tag of a run that does another one again: what it reproduces."""


def run_again(
    registry: Registry, wanted: Recipe, prepared: Prepared, *, output: IO[bytes], environment: Mapping[str, str]
) -> Reproduced:
    """Do a run again, as `lineal run` does any command.

    The figures are those of the last run that the command itself recorded, else those that it logged to the run
    around it, which then also takes over the original's params. A version that it registers of the original's model,
    and without a parent of its own choice, is a retraining of the original.

    Args:
        registry: where both runs are.
        wanted: the original.
        prepared: made of it.
        output: where what the command prints is shown.
        environment: of the command.

    Raises:
        NoSource, MachineError: the command's program is not there, or cannot be run.
        LinealError: the run cannot be recorded.
    """
    started = registry.start_run(
        wanted.experiment,
        kind=wanted.kind,
        tags={TAG: wanted.ref},
        seed=wanted.seed,
        command=prepared.command,
        folder=prepared.working,
    )
    with started as run:
        for data in wanted.data:
            if data.ref in prepared.data:
                run.use_dataset(data.ref, role=data.role)
        told = dict(environment) if wanted.version is None else {**environment, REPRODUCES: wanted.version}
        code = run_command(
            run,
            prepared.command,
            root=str(registry.root.absolute()),
            output=output,
            environment=told,
            folder=prepared.working,
        )
    around = registry.run_detail(run.ref)
    inner = registry.run_details([registry.run(f"run:{child}") for child in around.children])
    figures = next((detail for detail in reversed(inner) if detail.metrics), around)
    version = _version(wanted, [*inner, around])
    if code:
        return Reproduced(f"run:{figures.run.id}", version, code, None)
    if figures is around:
        missing = {name: value for name, value in wanted.params.items() if name not in around.params}
        registry.log_params(run.ref, missing)
    if version is not None and wanted.version is not None:
        diff = registry.diff(wanted.version, version)
    else:
        diff = registry.diff(f"run:{wanted.run}", f"run:{figures.run.id}")
    return Reproduced(f"run:{figures.run.id}", version, code, diff)


def _version(wanted: Recipe, details: list[RunDetail]) -> str | None:
    """The version of the original's model that was registered; of several the last."""
    if wanted.version is None:
        return None
    original = refs.parse(wanted.version)
    found = None
    for detail in details:
        for output in detail.outputs:
            ref = refs.parse(output)
            if isinstance(ref, refs.LabelRef) and isinstance(original, refs.LabelRef) and ref.model == original.model:
                found = output
    return found
