"""Listing datasets, and recording their states."""

from __future__ import annotations

from pathlib import Path

import click

from lineal_tui.cli.app import Command, Group, session
from lineal_tui.cli.output import dump, first, narrate, say, show, width
from lineal_tui.cli.parameters import ADDRESS, as_json, columns, go_on, limit, now, sort, where


@click.command("datasets", cls=Command)
@click.argument("dataset", type=ADDRESS, required=False, metavar="[data:NAME]")
@where
@sort("the newest first")
@columns
@limit
@as_json
@click.pass_context
def datasets_command(
    context: click.Context,
    *,
    dataset: str | None,
    where: str | None,
    sort: str | None,
    columns: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List the datasets; the versions of one, newest first; with --where, --sort or --columns the versions of all.

    Examples:
      lineal datasets
      lineal datasets data:customers
      lineal datasets --where "rows > 1000 AND created > '30 days ago'"
      lineal show data:customers
    """
    if dataset is not None or where is not None or sort is not None or columns is not None:
        _versions(context, dataset, where, sort, columns, limit, as_json=as_json)
        return
    with session(context).open() as registry:
        found = registry.datasets()
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump([json.dataset(each) for each in found[:limit]])
        return
    if not found:
        narrate("no datasets yet; `lineal dataset add NAME PATH` records one")
        return
    from lineal_tui.view.versioning import listing  # noqa: PLC0415  as above

    show(listing.datasets(found[: first(found, limit)], now(), width()))


def _versions(
    context: click.Context,
    dataset: str | None,
    where: str | None,
    sort: str | None,
    columns: str | None,
    limit: int | None,
    *,
    as_json: bool,
) -> None:
    with session(context).open() as registry:
        found = registry.search_datasets(where, dataset=dataset, sort=sort, limit=limit, stopped=go_on)
    from lineal_tui.view.printed import chosen  # noqa: PLC0415  start-up is measured

    if as_json and columns is None:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  as above

        dump([json.dataset_version(each) for each in found])
        return
    names = chosen.names(columns or "rows,bytes,created,created_by,uri")
    if as_json:
        dump(chosen.datasets_json(found, names))
        return
    if not found:
        narrate("no such versions of datasets")
        return
    show(chosen.datasets(found[: first(found, limit)], names, width()))


@click.group("dataset", cls=Group)
def dataset_command() -> None:
    """Record data; `lineal datasets` lists it.

    Examples:
      lineal dataset add customers train.parquet --label 2026-11
    """


@dataset_command.command("add")
@click.argument("name", type=ADDRESS, metavar="NAME")
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@click.option("--label", metavar="LABEL", help="Such as 2026-11; else the next number.")
@click.option(
    "--parent", "parents", multiple=True, type=ADDRESS, metavar="REF", help="What it was made from; may be repeated."
)
@click.option("--notes", metavar="TEXT", help="Anything worth knowing.")
@as_json
@click.pass_context
def add(
    context: click.Context,
    *,
    name: str,
    path: Path,
    label: str | None,
    parents: tuple[str, ...],
    notes: str | None,
    as_json: bool,
) -> None:
    """Record a state of a dataset: digest, size, and for tables rows, columns and a profile.

    The data stays where it is. The same bytes are recorded once.

    Examples:
      lineal dataset add customers train.csv --label 2026-11 --parent data:customers:2026-10
    """
    with session(context).open() as registry:
        version = registry.add_dataset(name, path, label=label, parents=parents, notes=notes)
    if as_json:
        from lineal_tui.view.as_json import json  # noqa: PLC0415  start-up is measured

        dump(json.dataset_version(version))
        return
    say(version.ref)
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  as above

    rows = "" if version.rows is None else f", {counted(version.rows, 'row')}"
    narrate(f"{version.digest}, {size(version.bytes)}{rows}")
