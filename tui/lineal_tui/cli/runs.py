"""Listing experiments and runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import ROWS, dump, first, narrate, on_terminal, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, limit, now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lineal.records.base import RunId
    from lineal.records.runs import Run, RunDetail
    from lineal.registry import Registry


@click.command("experiments", cls=Command)
@limit
@as_json
@click.pass_context
def experiments_command(context: click.Context, *, limit: int | None, as_json: bool) -> None:
    """List the experiments, the one that ran last first.

    Examples:
      lineal experiments
    """
    with session(context).open() as registry:
        found = registry.experiments()
    if as_json:
        from lineal_tui.view import json  # noqa: PLC0415  start-up is measured

        dump([json.experiment(each) for each in found[:limit]])
        return
    if not found:
        narrate("no experiments yet; a script makes one with lineal.start_run")
        return
    from lineal_tui.view import listing  # noqa: PLC0415  as above

    show(listing.experiments(found[: first(found, limit)], now(), width()))


def lost_among(registry: Registry, runs: Iterable[Run]) -> frozenset[RunId]:
    """Those of some runs whose process is gone, though they are recorded as running."""
    running = {run.id for run in runs if run.status.value == "running"}
    return registry.lost_runs() & running if running else frozenset()


@click.command("runs", cls=Command)
@click.argument("experiment", type=ADDRESS, required=False, metavar="[exp:NAME]")
@click.option(
    "--sort",
    metavar="FIELD",
    help="started (the default), name, status, or the name of a metric; a leading - turns it around.",
)
@limit
@as_json
@click.pass_context
def runs_command(
    context: click.Context, *, experiment: str | None, sort: str | None, limit: int | None, as_json: bool
) -> None:
    """List runs, the latest first; one that is lost is recorded as running, but its process here is gone.

    Examples:
      lineal runs
      lineal runs exp:churn --sort auc --limit 5
    """
    name = None if experiment is None else _experiment(experiment)
    shortened = limit if limit is not None or as_json or not on_terminal() else ROWS
    with session(context).open() as registry:
        total = registry.run_count(name)
        details = registry.run_details(registry.runs(name, limit=shortened if sort is None else None))
        lost = lost_among(registry, [detail.run for detail in details])
    if sort is not None:
        details = _sorted(details, sort)[:shortened]
    if as_json:
        from lineal_tui.view import json, listing  # noqa: PLC0415  start-up is measured

        dump([{**json.run(detail), "status": listing.run_status(detail.run, lost)[0]} for detail in details])
        return
    if not details:
        narrate("no runs yet; a script starts one with lineal.start_run")
        return
    from lineal_tui.view import listing  # noqa: PLC0415  as above

    show(listing.runs(details, now(), width(), lost=lost))
    if limit is None and total > len(details):
        narrate(f"{total - len(details):,} more; --limit {total} shows all")


def _experiment(text: str) -> str:
    from lineal import refs  # noqa: PLC0415  start-up is measured

    ref = refs.parse(text if text.startswith("exp:") else f"exp:{text}")
    return ref.name if isinstance(ref, refs.ExperimentRef) else text


def _sorted(details: list[RunDetail], sort: str) -> list[RunDetail]:
    field, backwards = sort.removeprefix("-"), sort.startswith("-")
    match field:
        case "started" | "age":
            return sorted(details, key=lambda detail: detail.run.started_at, reverse=not backwards)
        case "name":
            return sorted(details, key=lambda detail: detail.run.name, reverse=backwards)
        case "status":
            return sorted(details, key=lambda detail: detail.run.status.value, reverse=backwards)
    name = field.removeprefix("metrics.")
    known = {series.name for detail in details for series in detail.metrics}
    if details and name not in known:
        from lineal.errors import BadValue  # noqa: PLC0415  only mistakes need it
        from lineal.refs import nearest  # noqa: PLC0415  as above

        near = nearest(name, ["started", "name", "status", *sorted(known)])
        hint = f"did you mean {' or '.join(near)}?" if near else None
        raise BadValue(field="sort field", value=name, why="no run here has a metric of this name", hint=hint)

    def figure(detail: RunDetail) -> tuple[bool, float]:
        value = next((series.last for series in detail.metrics if series.name == name), math.nan)
        # Runs without a figure stand last, whichever way.
        return (True, 0.0) if math.isnan(value) else (False, value if backwards else -value)

    return sorted(details, key=figure)
