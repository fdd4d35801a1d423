"""Listing experiments and runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import at_most, dump, first, narrate, show, tell_rest, width
from lineal_tui.cli.parameters import ADDRESS, as_json, columns, go_on, limit, now, sort, where

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lineal.records.base import RunId
    from lineal.records.runs import Run
    from lineal.registry import Registry


@click.command("experiments", cls=Command)
@where
@sort("the one that ran last first")
@limit
@as_json
@click.pass_context
def experiments_command(
    context: click.Context, *, where: str | None, sort: str | None, limit: int | None, as_json: bool
) -> None:
    """List the experiments, the one that ran last first.

    Examples:
      lineal experiments
      lineal experiments --where "runs > 10 AND last_run > '7 days ago'"
    """
    with session(context).open() as registry:
        found = registry.search_experiments(where, sort=sort, stopped=go_on)
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump([json.experiment(each) for each in found[:limit]])
        return
    if not found:
        narrate("no such experiments" if where else "no experiments yet; a script makes one with lineal.start_run")
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.experiments(found[: first(found, limit)], now(), width()))


def lost_among(registry: Registry, runs: Iterable[Run]) -> frozenset[RunId]:
    """Those of some runs whose process is gone, though they are recorded as running."""
    running = {run.id for run in runs if run.status.value == "running"}
    return registry.lost_runs() & running if running else frozenset()


@click.command("runs", cls=Command)
@click.argument("experiment", type=ADDRESS, required=False, metavar="[exp:NAME]")
@where
@sort("the latest first")
@columns
@limit
@as_json
@click.pass_context
def runs_command(
    context: click.Context,
    *,
    experiment: str | None,
    where: str | None,
    sort: str | None,
    columns: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List runs, the latest first; one that is lost is recorded as running, but its process here is gone.

    Examples:
      lineal runs
      lineal runs exp:churn --sort auc --limit 5
      lineal runs --where "metrics.auc > 0.9 AND params.lr = 0.01" --columns name,metrics.auc,params.lr
    """
    name = None if experiment is None else _experiment(experiment)
    shortened = at_most(limit, as_json=as_json)
    with session(context).open() as registry:
        found = registry.search_runs(where, experiment=name, sort=sort, limit=shortened, stopped=go_on)
        total = len(found)
        if limit is None and shortened == total:
            total = registry.count_runs(where, experiment=name, stopped=go_on)
        details = registry.run_details(found)
        lost = lost_among(registry, found)
        if columns is not None:
            from lineal_tui.view.printed import chosen  # noqa: PLC0415  start-up is measured

            names = chosen.names(columns)
            known = chosen.scopes(names, partial(registry.scopes_of, of="run"))
    if columns is not None:
        if as_json:
            dump(chosen.runs_json(details, names, known))
            return
    elif as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above
        from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

        dump([{**json.run(detail), "status": listing.run_status(detail.run, lost)[0]} for detail in details])
        return
    if not details:
        narrate("no such runs" if where is not None else "no runs yet; a script starts one with lineal.start_run")
        return
    if columns is not None:
        show(chosen.runs(details, names, width(), known))
    else:
        from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

        show(listing.runs(details, now(), width(), lost=lost, experiment=name))
    if limit is None:
        tell_rest(len(details), total)


def _experiment(text: str) -> str:
    from lineal.rules import refs  # noqa: PLC0415  start-up is measured

    ref = refs.parse(text if text.startswith("exp:") else f"exp:{text}")
    return ref.name if isinstance(ref, refs.ExperimentRef) else text
