"""Bringing what other programs, and other registries, recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineal_tui.cli.app import Group, session
from lineal_tui.cli.meter import Meter
from lineal_tui.cli.output import ROWS, dump, narrate, say, warn
from lineal_tui.cli.parameters import as_json

if TYPE_CHECKING:
    from lineal.records.imports import Imported


@click.group("import", cls=Group)
def import_command() -> None:
    """Bring what another program, or another registry, recorded.

    A store is only read, and the program that wrote it need not be installed. What is here already is not brought
    again, so the same import may be run as often as there is something new, and one that was interrupted goes on.

    Examples:
      lineal import mlflow mlflow.db
      lineal import trackio ~/.cache/huggingface/trackio/digits.db
    """


@import_command.command("mlflow")
@click.argument("source", metavar="SOURCE")
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    metavar="ROOT",
    help="Where the files are that the store names; else where it says, and beside it.",
)
@click.option("--no-artifacts", is_flag=True, help="Leave the files of versions; a later import may bring them.")
@click.option("--move", is_flag=True, help="Take the files of versions instead of copying them.")
@as_json
@click.pass_context
def mlflow(
    context: click.Context, *, source: str, artifacts: Path | None, no_artifacts: bool, move: bool, as_json: bool
) -> None:
    """Bring experiments, runs, models, versions and stages from MLflow 2 or 3.

    SOURCE is an SQLite database, a folder mlruns, or a folder with one of them. Versions keep their numbers; what was
    deleted there is retired here. Aliases and stages become stages; one that was moved here stays where it is.

    Examples:
      lineal import mlflow mlflow.db
      lineal import mlflow /mnt/backup/mlruns --artifacts /mnt/backup/artifacts
      lineal import mlflow mlflow.db --no-artifacts --json
    """
    if no_artifacts and (move or artifacts is not None):
        raise click.UsageError("--no-artifacts leaves the files, so --artifacts and --move say nothing", context)
    with session(context).open() as registry, Meter("importing", "runs and versions") as meter:
        made = registry.import_mlflow(
            source, artifacts=artifacts, files=not no_artifacts, move=move, progress=meter.show
        )
    _tell(made, as_json=as_json)


@import_command.command("trackio")
@click.argument("source", metavar="SOURCE")
@as_json
@click.pass_context
def trackio(context: click.Context, *, source: str, as_json: bool) -> None:
    """Bring the runs of a Trackio project.

    SOURCE is the project's database, or a folder with just one.

    Examples:
      lineal import trackio ~/.cache/huggingface/trackio/digits.db
    """
    with session(context).open() as registry, Meter("importing", "runs") as meter:
        made = registry.import_trackio(source, progress=meter.show)
    _tell(made, as_json=as_json)


@import_command.command("bundle")
@click.argument("file", metavar="FILE")
@click.pass_context
def bundle(context: click.Context, *, file: str) -> None:
    """Bring the version of a bundle with its lineage, as `lineal export --to bundle` wrote it.

    FILE may be - for standard input.

    Examples:
      lineal import bundle churn.bundle
      ssh trainer lineal export churn:2.4.0 --to bundle | lineal import bundle -
    """
    from lineal_tui.view.drawing.words import counted, size  # noqa: PLC0415  start-up is measured

    with session(context).open() as registry:
        if file == "-":
            brought = registry.import_bundle(sys.stdin.buffer, name="standard input")
        else:
            with click.open_file(file, "rb") as stream:
                brought = registry.import_bundle(stream, name=file)
    say(brought.ref)
    files = f"{counted(brought.objects, 'file')} ({size(brought.bytes)})"
    narrate(
        f"brought {counted(brought.versions, 'version')} and {files}" if brought.versions else "it was here already"
    )


def _tell(made: Imported, *, as_json: bool) -> None:
    if as_json:
        from lineal_tui.view.as_json import upkeep_json  # noqa: PLC0415  start-up is measured

        dump(upkeep_json.imported(made))
        return
    for count in made.counts:
        updated = f", {count.updated:,} updated" if count.updated else ""
        say(f"{count.kind:<12}  {count.found:>9,} found  {count.added:>9,} added{updated}")
    for remark in made.remarks[:ROWS]:
        (warn if remark.is_lost else narrate)(f"{remark.kind} {remark.name}: {remark.problem}")
    if len(made.remarks) > ROWS:
        narrate(f"{len(made.remarks) - ROWS:,} more of these; --json tells all")
    if not any(count.added or count.updated for count in made.counts):
        narrate("nothing is new")
