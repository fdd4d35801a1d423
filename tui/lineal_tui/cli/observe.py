"""Recording what was measured on what is live, listing it, and how the alerts over it are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Command, session
from lineal_tui.cli.output import dump, narrate, say, show, warn, width
from lineal_tui.cli.parameters import ADDRESS, as_json, now
from lineal_tui.view.guidance.typed import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineal.records.base import Micros
    from lineal.records.observations import Observation, Observed
    from lineal.registry import Registry


@click.command("observe", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@click.argument("metrics", nargs=-1, metavar="NAME=VALUE...|-")
@click.option("--at", metavar="TIME", help="When; local unless it has an offset. Now without.")
@click.option("--version", metavar="REF", help="Which version it is about, if not the one that was live then.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), help="Of standard input; told by how it begins.")
@as_json
@click.pass_context
def observe_command(
    context: click.Context,
    *,
    stage: str,
    metrics: tuple[str, ...],
    at: str | None,
    version: str | None,
    form: str | None,
    as_json: bool,
) -> None:
    """Record what was measured on what is live at a stage.

    With `-` it comes from standard input: CSV with a header, or JSON lines. A column or key `time` (or `at`) says when:
    a date and time, or seconds since 1970; all others are metrics. All lines are recorded, or none. A value belongs to
    the version that was live at its time. The same value of the same time again changes nothing, another value is
    refused. Single values are kept for 14 days, their hours (count, mean, least, most, last) for ever.

    Examples:
      lineal observe fraud@production latency_p99=71 error_rate=0.004
      lineal observe fraud@production auc=0.93 --at '2026-03-01 03:00'
      lineal observe fraud@production - < yesterday.csv
      /opt/fraud/measure | lineal observe fraud@production -
    """
    when = None if at is None else moment(at)
    observations = _given(metrics, form, when)
    if not observations:
        narrate("nothing was observed")
        if as_json:
            dump({"ref": stage, "recorded": 0, "known": 0, "versions": [], "fired": [], "cleared": []})
        return
    with session(context).open() as registry:
        found = registry.observe_all(stage, observations, version=version)
    if as_json:
        from lineal_tui.view.as_json import observation_json  # noqa: PLC0415  start-up is measured

        dump(observation_json.observed(found))
    else:
        what = f"{found.recorded:,} recorded" + (f", {found.known:,} known already" if found.known else "")
        narrate(f"{', '.join(f'{found.model}:{label}' for label in found.labels)}: {what}")
    _tell_alerts(found)


def _given(metrics: Sequence[str], form: str | None, at: Micros | None) -> list[Observation]:
    if tuple(metrics) == ("-",):
        from lineal_tui.cli.observed_lines import from_stdin  # noqa: PLC0415  start-up is measured

        return from_stdin(form, at=at)
    if not metrics:
        raise click.UsageError("name what was measured, such as latency_p99=71, or - to read it from standard input")
    if "-" in metrics:
        raise click.UsageError("- stands alone: what was measured is on standard input then")
    if form is not None:
        raise click.UsageError("--format is of standard input; write - for that")
    from lineal.records.observations import Observation  # noqa: PLC0415  as above
    from lineal_tui.view.guidance.typed import figures  # noqa: PLC0415  as above

    pairs: list[tuple[str, str]] = []
    for each in metrics:
        name, equals, text = each.partition("=")
        if not equals or not name:
            why = "; what a file says is read with `- < FILE`" if os.path.isfile(each) else ""  # noqa: PTH113  start-up
            raise click.UsageError(f"{each!r} is not NAME=VALUE{why}")
        if name in {known for known, _ in pairs}:
            raise click.UsageError(f"{name!r} is there twice")
        pairs.append((name, text))
    return [Observation(name, value, at) for name, value in figures(pairs).items()]


def _tell_alerts(found: Observed) -> None:
    """What alerts did, on stderr."""
    place = f"{found.model}@{found.stage}"
    for text in found.cleared:
        narrate(f"alert cleared at {place}: {text}")
    for each in found.fired:
        warn(f"ALERT at {place}: {each.rule.text}; saw {each.saw}")
        if each.rolls_back and found.rolled_back_to is not None:
            doing = "rolling back" if found.pipeline is not None else "rolled back"
            more = f"; follow it with `lineal pipeline follow {place}`" if found.pipeline is not None else ""
            warn(f"{doing} {place} to {found.model}:{found.rolled_back_to}{more}")
        elif each.why_not is not None:
            warn(f"{place} is not rolled back: {each.why_not}")


@click.command("observations", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE")
@click.option("--version", metavar="REF", help="Of this version, if not of what is live.")
@click.option("--metric", "names", multiple=True, metavar="NAME", help="Only of this metric; may be repeated.")
@click.option("--since", metavar="TIME", help="From then on; local unless it has an offset.")
@click.option("--hours", is_flag=True, help="Hour by hour.")
@click.option("--values", is_flag=True, help="Single values; they are kept for 14 days.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@as_json
@click.pass_context
def observations_command(
    context: click.Context,
    *,
    stage: str,
    version: str | None,
    names: tuple[str, ...],
    since: str | None,
    hours: bool,
    values: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List what was observed of what is live at a stage: each metric's last value, mean, least and most.

    With --since it is listed hour by hour, as with --hours.

    Examples:
      lineal observations fraud@production
      lineal observations fraud@production --metric latency_p99 --since '2026-03-01' --csv
      lineal observations fraud@production --values --json
    """
    if hours and values:
        raise click.UsageError("--hours and --values are different lists; name one")
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are different forms; name one")
    start = None if since is None else moment(since)
    form = "csv" if as_csv else "json" if as_json else "text"
    with session(context).open() as registry:
        _list(registry, stage, version, names, start, "values" if values else "hours" if hours or since else "", form)


def _list(
    registry: Registry,
    stage: str,
    version: str | None,
    names: Sequence[str],
    since: Micros | None,
    which: str,
    form: str,
) -> None:
    from lineal_tui.view.as_json import json, observation_json  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.staging import observations  # noqa: PLC0415  start-up is measured

    series = registry.observed_at(stage, version=version)
    if names:
        _check_names(stage, names, {each.name for each in series})
        series = [each for each in series if each.name in names]
    if which == "values":
        found = registry.observed_values(series, since=since)
        records = [observation_json.value(each, stage) for each in found]
        lines = observations.values(found, width())
    elif which == "hours":
        rolled = registry.observed_hours(series, since=since)
        records = [observation_json.hour(each, stage) for each in rolled]
        lines = observations.hours(rolled, width())
    else:
        records = [json.observed(each) for each in series]
        latest = {each.id: registry.observed_latest(each) for each in series} if form == "text" else {}
        lines = observations.summary(series, latest, now(), width())
    if form == "json":
        dump(records)
    elif form == "csv":
        say_csv(records)
    elif records:
        show(lines)
    if not records and form == "text":
        narrate(f"nothing was observed at {stage}" + ("" if version else " of what is live there"))


def _check_names(stage: str, wanted: Sequence[str], known: set[str]) -> None:
    from lineal.errors import NotFound  # noqa: PLC0415  as above
    from lineal.rules.refs import nearest  # noqa: PLC0415  as above

    for name in wanted:
        if name not in known:
            where = f" observed of what is live at {stage}"
            raise NotFound(kind="metric", name=name, where=where, nearest=tuple(nearest(name, sorted(known))))


def say_csv(records: Sequence[Mapping[str, object]]) -> None:
    """Print records as CSV with a header."""
    import csv  # noqa: PLC0415  start-up is measured
    import io  # noqa: PLC0415  as above

    from lineal_tui.view.diffs.diff_files import cell  # noqa: PLC0415  as above
    from lineal_tui.view.drawing.clean import one_line  # noqa: PLC0415  as above

    if not records:
        return
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(records[0]), lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow(
            {name: cell(one_line(each)) if isinstance(each, str) else each for name, each in record.items()}
        )
    for line in buffer.getvalue().splitlines():
        say(line)


@click.command("alerts", cls=Command)
@click.argument("stage", type=ADDRESS, metavar="MODEL@STAGE", required=False)
@click.option("--log", is_flag=True, help="When they fired, newest first, and what their commands printed.")
@as_json
@click.pass_context
def alerts_command(context: click.Context, *, stage: str | None, log: bool, as_json: bool) -> None:
    """How the alerts over what is observed stand: ok, pending, or firing.

    They are set with `lineal stage set MODEL@STAGE --alert`, and judged when observations arrive.

    Examples:
      lineal alerts
      lineal alerts fraud@production --json
      lineal alerts fraud@production --log
    """
    from lineal_tui.view.as_json import observation_json  # noqa: PLC0415  start-up is measured
    from lineal_tui.view.staging import observations  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        if log:
            past = registry.alert_episodes(stage)
            records = [observation_json.episode(each) for each in past]
            lines = observations.episodes(past, now(), width())
        else:
            found = registry.alerts(stage)
            records = [observation_json.alert(each) for each in found]
            lines = observations.alerts(found, now(), width())
    if as_json:
        dump(records)
    elif records:
        show(lines)
    elif log:
        narrate("no alert ever fired")
    else:
        place = stage or "MODEL@STAGE"
        narrate(f"no alerts are set; `lineal stage set {place} --alert 'latency_p99 < 80 for 10m'` sets one")
