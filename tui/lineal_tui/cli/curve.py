"""Curves of runs over each other, and a metric across the versions of a model, as a drawing or as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, on_terminal, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lineal.records.curves import Curves
    from lineal.registry import Registry
    from lineal_tui.view.drawing.lines import Line

_MOST = 26
"""Curves over each other: as many as there are letters."""
_WIDTH = 80
_COLUMNS = 1000
"""Dots of a curve as data."""


@click.command("curve", cls=Command)
@click.argument("refs", type=ADDRESS, nargs=-1, required=True, metavar="REF...")
@click.option("--metric", metavar="NAME", help="Which; else a model's primary one, or what most of the runs have.")
@click.option(
    "--by",
    type=click.Choice(["step", "time", "clock", "epoch", "version"]),
    help="What curves go by: step (of runs), time since the start, the clock, the metric epoch; version (of a model).",
)
@click.option("--from", "first", type=float, metavar="X", help="Begin here: a step, seconds, an epoch, a number.")
@click.option("--until", "last", type=float, metavar="X", help="End here.")
@click.option("--log", "logarithmic", is_flag=True, help="A logarithmic axis.")
@click.option(
    "--smooth",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="W",
    help="Smooth by an exponential moving average, such as 0.6.",
)
@click.option("--stage", metavar="STAGE", help="Of a model: whose spells are shown; else the last stage's.")
@click.option("--observed", is_flag=True, help="Of MODEL@STAGE: what was observed of what is live there, over time.")
@click.option("--across", is_flag=True, help="With --observed: of all versions that were live there.")
@click.option("--width", "cells", type=click.IntRange(30, 1000), metavar="N", help="Cells across.")
@click.option("--height", type=click.IntRange(5, 200), metavar="N", help="Rows of the drawing.")
@click.option("--ascii", "in_ascii", is_flag=True, help="Draw in ASCII.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@as_json
@click.pass_context
def curve_command(
    context: click.Context,
    *,
    refs: tuple[str, ...],
    metric: str | None,
    by: str | None,
    first: float | None,
    last: float | None,
    logarithmic: bool,
    smooth: float,
    stage: str | None,
    observed: bool,
    across: bool,
    cells: int | None,
    height: int | None,
    in_ascii: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Draw a metric of runs over each other, or across all versions of a model with the spells they were live.

    A REF is a run, a version (for the run that produced it), an experiment (its latest runs that have the
    metric), or one model. Histories of any length are summed up: least and greatest values, NaN and infinities always
    show. With --observed it is one stage, with what its alerts ask for and when they fired.

    Examples:
      lineal curve run:3f9c2a run:81d0c4 --metric loss --log
      lineal curve exp:churn --metric val_auc --by epoch --smooth 0.6
      lineal curve fraud --metric auc
      lineal curve fraud@production --metric loss --csv
      lineal curve fraud@production --observed --metric latency_p99
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways to print it; choose one", context)
    if across and not observed:
        raise click.UsageError("--across is of what was observed; add --observed", context)
    wide = cells or width() or _WIDTH
    from lineal_tui.view.training import curves as drawing  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.training.curve_words import legend_lines  # noqa: PLC0415  as above

    columns = _COLUMNS if as_csv or as_json else drawing.plot_columns(wide)
    with session(context).open() as registry:
        if observed:
            found = _read_observed(registry, refs, metric, by, (first, last), columns, whole=across)
        else:
            found = _read(registry, refs, metric, by, stage, (first, last), columns)
    if as_json or as_csv:
        _print_data(found, as_json=as_json)
        return
    rows = height or _height()
    look = drawing.PlotLook(wide, rows, logarithmic, smooth)
    lines = [
        drawing.plot_title(found, look, wide),
        *drawing.plot_lines(found, look),
        *legend_lines(found, wide),
    ]
    show(_in_ascii(lines) if in_ascii or _knows_only_ascii() else lines)


def _height() -> int:
    if not on_terminal():
        return 20
    from shutil import get_terminal_size  # noqa: PLC0415  only a terminal has a size

    return max(8, min(24, get_terminal_size().lines - 8))


def _read(
    registry: Registry,
    refs: Sequence[str],
    metric: str | None,
    by: str | None,
    stage: str | None,
    ends: tuple[float | None, float | None],
    columns: int,
) -> Curves:
    from lineal.errors import BadAddress, BadValue, NotFound  # noqa: PLC0415  as above
    from lineal.rules import refs as grammar  # noqa: PLC0415  as above

    parsed = [grammar.parse(text) for text in refs]
    seconds = 1_000_000 if by in {"time", "clock"} else 1
    first, last = (None if end is None else end * seconds for end in ends)
    if isinstance(parsed[0], grammar.ModelRef) and len(parsed) == 1:
        model = parsed[0].name
        names = registry.metrics_across(model)
        metric = _chosen(metric, names)
        found = registry.metric_across(
            model, metric, stage=stage, by=by or "version", columns=columns, first=first, last=last
        )
    else:
        if stage is not None:
            raise BadValue(field="stage", value=stage, why="spells are shown of one model, such as fraud")
        models = [text for text, ref in zip(refs, parsed, strict=True) if isinstance(ref, grammar.ModelRef)]
        if models:
            raise BadAddress(text=models[0], why="a model is drawn alone: a metric across its versions")
        wanted = _expanded(registry, refs, metric)
        names = registry.curve_metrics(wanted)
        if metric is None:
            metric = _chosen(metric, names)
            wanted = _expanded(registry, refs, metric) or wanted
        found = registry.curves(wanted, metric, by=by or "step", columns=columns, first=first, last=last)
    if all(curve.missing is not None for curve in found.curves):
        why = found.curves[0].missing
        if metric in names:  # it has none only to go by
            raise BadValue(field="axis", value=by or "step", why=why or "there is nothing to go by")
        near = grammar.nearest(metric, names)
        listed = f"there are: {', '.join(names[:10])}" if names else why
        raise NotFound(kind="metric", name=metric, nearest=tuple(near), hint=None if near else listed)
    return found


def _read_observed(
    registry: Registry,
    refs: Sequence[str],
    metric: str | None,
    by: str | None,
    ends: tuple[float | None, float | None],
    columns: int,
    *,
    whole: bool,
) -> Curves:
    from lineal.errors import BadValue, NotFound  # noqa: PLC0415  as above
    from lineal.rules.refs import nearest  # noqa: PLC0415  as above

    if len(refs) > 1:
        raise BadValue(field="curves", value=len(refs), why="what was observed is drawn of one stage")
    if by not in {None, "clock"}:
        raise BadValue(field="axis", value=by, why="what was observed goes by the clock")
    place = refs[0]
    names = registry.observed_metrics(place, whole=whole)
    if not names:
        hint = f"`lineal observe {place} NAME=VALUE` records it" if whole else "--across draws what was observed before"
        raise NotFound(kind="observation of what is live at", name=place, hint=hint)
    metric = _chosen(metric, names)
    if metric not in names:
        near = tuple(nearest(metric, names))
        listed = None if near else f"there are: {', '.join(names[:10])}"
        where = f" observed of what is live at {place}"
        raise NotFound(kind="metric", name=metric, where=where, nearest=near, hint=listed)
    first, last = (None if end is None else end * 1_000_000 for end in ends)
    return registry.observed_curve(place, metric, whole=whole, columns=columns, first=first, last=last)


def _chosen(metric: str | None, names: Sequence[str]) -> str:
    if metric is not None:
        return metric
    if not names:
        from lineal.errors import NotFound  # noqa: PLC0415  as above

        raise NotFound(kind="metric", name="", hint="nothing was measured there")
    if len(names) > 1:
        narrate(f"metric {names[0]}; --metric names another of {len(names)}: {', '.join(names[1:9])}")
    return names[0]


def _expanded(registry: Registry, refs: Sequence[str], metric: str | None) -> list[str]:
    """The runs and versions that are meant: of an experiment the latest runs that have the metric, if any has it."""
    from lineal.errors import NotFound  # noqa: PLC0415  as above

    having = None if metric is None or "`" in metric else f"metrics.`{metric}` IS NOT NULL OR metrics.`{metric}` = nan"
    wanted: list[str] = []
    for text in refs:
        if not text.startswith("exp:"):
            wanted.append(text)
            continue
        name = text.removeprefix("exp:")
        total = registry.run_count(name)
        if not total:
            raise NotFound(kind="run", name=text, hint="the experiment has none yet")
        is_known = having is not None and metric is not None and "metrics" in registry.scopes_of(metric)
        where = having if is_known and registry.search_runs(having, experiment=name, limit=1) else None
        runs = registry.search_runs(where, experiment=name, limit=_MOST)
        if metric is not None:
            more = registry.count_runs(where, experiment=name) - len(runs)
            if more > 0:
                narrate(f"the latest {len(runs)} runs of {text}; {more:,} more are left out")
            if where is not None and total > len(runs) + more:
                from lineal_tui.view.drawing.words import counted  # noqa: PLC0415  as above

                narrate(f"left out: {counted(total - len(runs) - more, 'run')} of {text} without metric {metric}")
        wanted.extend(f"run:{run.id}" for run in runs)
    if len(wanted) > _MOST:
        from lineal.errors import BadValue  # noqa: PLC0415  as above

        raise BadValue(field="curves", value=len(wanted), why=f"{_MOST} over each other are the most")
    return wanted


def _print_data(found: Curves, *, as_json: bool) -> None:
    from lineal_tui.view.as_json import curves_data as data  # noqa: PLC0415  as above

    if as_json:
        dump(data.curves_json(found))
        return
    import csv  # noqa: PLC0415  as above
    import sys  # noqa: PLC0415  as above

    from lineal_tui.view.diffs.diff_files import cell  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.clean import one_line  # noqa: PLC0415  as above

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(data.TITLES)
    writer.writerows(
        [cell(one_line(value)) if isinstance(value, str) else value for value in row] for row in data.curves_rows(found)
    )


def _knows_only_ascii() -> bool:
    from lineal_tui.terminal import here  # noqa: PLC0415  as above

    return here().is_ascii


def _in_ascii(lines: Sequence[Line]) -> list[Line]:
    from lineal_tui.view.drawing.ascii import to_ascii  # noqa: PLC0415  as above

    return [tuple((to_ascii(text), tone) for text, tone in line) for line in lines]
